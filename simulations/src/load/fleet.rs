//! All drivers of a load, in one thread: whose socket can be read, whose time has come.
//!
//! Lives here: the sockets, the timers, the loop over both.
//! Stays out: what is said ([`super::person`]); how bytes become messages ([`super::wire`], [`super::frames`]).
//! Touch with care: this thread shares a machine with the server it measures. It waits in one system call, and a position
//! costs it one more.

mod opening;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};

use super::frames::{self, Kind};
use super::person::{Asked, Heard, Person};
use super::tally::{Meetings, Tally};
use super::wire::{Answer, Sent, Wire, read_answer, text};

/// The server acknowledges at most one position a second: only one is timed that is sent later than this after the last receipt,
/// when no other waits for one.
const RECEIPT_REST: Duration = Duration::from_millis(1_050);

/// Later than this after its time a position is not sent: the next one says more.
const LATE_MAX: Duration = Duration::from_secs(1);

/// How long a ride stays in each of its states.
const STEP_LASTS: Duration = Duration::from_secs(1);

/// Who is at the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// A Hansom: it is said hello, and answers.
    Hansom,
    /// A receiver that only reads.
    Sink,
}

/// What a fleet is to do.
pub(crate) struct Orders {
    pub(crate) server: SocketAddr,
    pub(crate) host: String,
    pub(crate) path: String,
    pub(crate) dialect: Dialect,
    pub(crate) drivers: usize,
    /// Sockets that are opened a second.
    pub(crate) opening_rate: f64,
    /// Positions that a driver sends at once.
    pub(crate) burst: u32,
    /// Whether drivers send as often as the server says.
    pub(crate) steered: bool,
    pub(crate) seed: u64,
    /// A token for the driver of this number.
    pub(crate) token: Box<dyn Fn(usize) -> String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Not connected; dials when its time comes.
    Away,
    Connecting,
    Upgrading,
    /// Says hello and wants work.
    Greeting,
    OnLine,
    /// Told not to come back.
    Dismissed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    Dial,
    Ping,
    Report,
}

struct Seat {
    stage: Stage,
    /// Numbers the sockets of this seat, so that timers of an older one are passed over.
    turn: u32,
    wire: Option<Wire>,
    person: Person,
    dialled_at: Duration,
    acked_at: Duration,
    acked: u64,
    /// The position whose receipt is waited for, and since when.
    timed: Option<(u64, Duration)>,
    /// When the server says to come again, instead of the usual wait.
    again_after: Option<Duration>,
    /// How many times as long as planned the server lets this driver wait between two positions.
    slowed: f32,
}

/// All drivers of a load.
pub(crate) struct Fleet {
    orders: Orders,
    pub(crate) tally: Tally,
    meetings: Arc<Meetings>,
    seats: Vec<Seat>,
    timers: BinaryHeap<Reverse<(Duration, usize, u32, Timer)>>,
    epoll: OwnedFd,
    began: Instant,
    dice: Pcg64Mcg,
    opening: usize,
    on_line: usize,
    /// Positions a second of all together; none while it is 0.
    rate: f64,
    scratch: Vec<u8>,
    line: Vec<u8>,
    frames: Vec<u8>,
}

impl Fleet {
    pub(crate) fn new(orders: Orders, meetings: Arc<Meetings>, began: Instant) -> io::Result<Fleet> {
        let mut dice = Pcg64Mcg::seed_from_u64(orders.seed);
        let apart = Duration::from_secs(1).div_f64(orders.opening_rate.max(1.0));
        let from = began.elapsed();
        let seat = |_| Seat {
            stage: Stage::Away,
            turn: 0,
            wire: None,
            person: Person::new(&mut dice),
            dialled_at: Duration::ZERO,
            acked_at: Duration::ZERO,
            acked: 0,
            timed: None,
            again_after: None,
            slowed: 1.0,
        };
        let seats: Vec<Seat> = (0..orders.drivers).map(seat).collect();
        let timers = (0..seats.len())
            .map(|place| Reverse((from + apart.mul_f64(place as f64), place, 0, Timer::Dial)))
            .collect();
        Ok(Fleet {
            tally: Tally::default(),
            meetings,
            seats,
            timers,
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?,
            began,
            dice,
            opening: 0,
            on_line: 0,
            rate: 0.0,
            scratch: Vec::new(),
            line: Vec::new(),
            frames: Vec::new(),
            orders,
        })
    }

    /// How many drivers are on line.
    pub(crate) fn on_line(&self) -> usize {
        self.on_line
    }

    /// How long the run has lasted.
    pub(crate) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// From now on all together send so many positions a second. Everybody's first comes at some moment of the period.
    pub(crate) fn set_rate(&mut self, rate: f64) {
        let was = std::mem::replace(&mut self.rate, rate);
        if was == 0.0 && rate > 0.0 {
            let (now, period) = (self.elapsed(), self.period(1.0));
            for place in 0..self.seats.len() {
                if self.seats[place].stage == Stage::OnLine {
                    let at = now + period.mul_f64(self.dice.random_range(0.0..1.0));
                    self.timers.push(Reverse((at, place, self.seats[place].turn, Timer::Ping)));
                }
            }
        }
    }

    /// How long one driver waits between two bursts of positions.
    fn period(&self, slowed: f32) -> Duration {
        let each = self.seats.len() as f64 * f64::from(self.orders.burst) / self.rate;
        Duration::from_secs_f64((each * f64::from(slowed)).clamp(1e-6, 3_600.0))
    }

    /// Lives until this moment of the run, or until everybody is on line if that is waited for.
    pub(crate) fn live(&mut self, until: Duration, or_all_on_line: bool) -> io::Result<()> {
        let mut events = Vec::with_capacity(1_024);
        while !(or_all_on_line && self.on_line == self.seats.len()) {
            let now = self.elapsed();
            if now >= until {
                break;
            }
            let due = self.timers.peek().map_or(until, |Reverse((due, ..))| (*due).min(until));
            // Not for each timer by itself: what is due within a millisecond goes together.
            let wait = due.saturating_sub(now).max(Duration::from_millis(1));
            let wait = Timespec { tv_sec: wait.as_secs() as i64, tv_nsec: i64::from(wait.subsec_nanos()) };
            events.clear();
            match epoll::wait(&self.epoll, spare_capacity(&mut events), Some(&wait)) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(why) => return Err(why.into()),
            }
            for event in &events {
                let (place, turn) = (event.data.u64() as u32 as usize, (event.data.u64() >> 32) as u32);
                if self.seats[place].turn == turn {
                    self.happens(place, event.flags);
                }
            }
            self.ring();
        }
        Ok(())
    }

    fn ring(&mut self) {
        let now = self.elapsed();
        while let Some(Reverse((due, place, turn, timer))) = self.timers.peek().copied() {
            if due > now {
                return;
            }
            self.timers.pop();
            if self.seats[place].turn != turn {
                continue;
            }
            match timer {
                Timer::Dial => self.dial(place, due),
                Timer::Ping => self.ping(place, due),
                Timer::Report => self.say(place, |person, now, line| {
                    person.report(now, line);
                }),
            }
        }
    }

    fn watch(&mut self, place: usize, also_out: bool) {
        let seat = &self.seats[place];
        let Some(wire) = &seat.wire else { return };
        let data = epoll::EventData::new_u64(place as u64 | u64::from(seat.turn) << 32);
        let flags = if also_out { epoll::EventFlags::IN | epoll::EventFlags::OUT } else { epoll::EventFlags::IN };
        // It was added when it was dialled, and leaves when it is closed.
        let _ = epoll::modify(&self.epoll, wire.fd(), data, flags);
    }

    fn happens(&mut self, place: usize, flags: epoll::EventFlags) {
        if flags.contains(epoll::EventFlags::OUT) {
            let done = match self.seats[place].stage {
                Stage::Connecting => self.connected(place),
                _ => self.flush(place),
            };
            if let Err(error) = done {
                return self.lost(place, &format!("socket: {}", error.kind()));
            }
        }
        if flags.intersects(epoll::EventFlags::IN | epoll::EventFlags::HUP | epoll::EventFlags::ERR) {
            self.read(place);
        }
    }

    fn flush(&mut self, place: usize) -> io::Result<()> {
        let Some(wire) = &mut self.seats[place].wire else { return Ok(()) };
        if wire.flush()? {
            self.watch(place, false);
        }
        Ok(())
    }

    fn read(&mut self, place: usize) {
        let mut bytes = std::mem::take(&mut self.scratch);
        let received = self.seats[place].wire.as_mut().map(|wire| wire.receive(&mut bytes));
        match received {
            Some(Ok(Some(_))) => self.understand(place, &mut bytes),
            Some(Ok(None)) => self.lost(place, "socket: closed without a word"),
            Some(Err(error)) => self.lost(place, &format!("socket: {}", error.kind())),
            None => {}
        }
        self.scratch = bytes;
    }

    fn understand(&mut self, place: usize, bytes: &mut [u8]) {
        let (mut at, turn) = (0, self.seats[place].turn);
        if self.seats[place].stage == Stage::Upgrading {
            match read_answer(bytes) {
                (Answer::NotYet, _) => {}
                (Answer::Upgraded, taken) => {
                    at = taken;
                    self.upgraded(place);
                }
                (Answer::Refused { status, code, retry_after_ms }, _) => {
                    self.tally.put_off += u64::from(retry_after_ms.is_some());
                    self.seats[place].again_after = retry_after_ms.map(Duration::from_millis);
                    return self.lost(place, &format!("handshake: {status} {code}"));
                }
            }
        }
        let talking = matches!(self.seats[place].stage, Stage::Greeting | Stage::OnLine);
        while talking && self.seats[place].turn == turn {
            match frames::read(&mut bytes[at..]) {
                Ok(None) => break,
                Ok(Some((kind, content, taken))) => {
                    at += taken;
                    self.tally.frames_heard += 1;
                    self.heard(place, kind, content);
                }
                Err(error) => return self.lost(place, &error.to_string()),
            }
        }
        if self.seats[place].turn == turn
            && let Some(wire) = &mut self.seats[place].wire
        {
            wire.keep(&bytes[at..]);
        }
    }

    fn heard(&mut self, place: usize, kind: Kind, content: &[u8]) {
        let now = self.elapsed();
        match kind {
            Kind::Text => {}
            Kind::Ping => {
                self.frames.clear();
                frames::write(&mut self.frames, Kind::Pong, content, 0x37fa_213d);
                return self.send(place);
            }
            Kind::Close => {
                let code = content.first_chunk::<2>().map_or(1_005, |code| u16::from_be_bytes(*code));
                return self.lost(place, &format!("closed: {code}"));
            }
            Kind::Binary | Kind::Pong => return,
        }
        let seat = &mut self.seats[place];
        match seat.person.hear(content, now) {
            Heard::Ack(seq) => {
                (seat.acked_at, seat.acked) = (now, seq);
                if let Some((timed, since)) = seat.timed
                    && seq >= timed
                {
                    seat.timed = None;
                    self.tally.ping_to_ack.note(now, now.saturating_sub(since));
                }
            }
            Heard::Welcome => self.say(place, Person::online),
            Heard::Answered(what, took) => self.answered(place, what, now, took),
            Heard::Offer { offer, trip } => {
                self.tally.offers += 1;
                self.meetings.offered(trip, now);
                self.say(place, |person, now, line| person.accept(&offer, now, line));
            }
            Heard::Closing { retry_after_ms } => seat.again_after = Some(Duration::from_millis(retry_after_ms)),
            Heard::Cadence { every_ms } => {
                if self.orders.steered && self.rate > 0.0 {
                    let planned = self.period(1.0).as_secs_f32();
                    self.seats[place].slowed = (every_ms as f32 / 1e3 / planned).max(1.0);
                }
            }
            Heard::Wrong(code) => self.tally.error(format!("refused: {code}")),
            Heard::Superseded => {
                self.tally.error("superseded");
                self.leave(place);
                self.seats[place].stage = Stage::Dismissed;
            }
            Heard::Other => {}
        }
    }

    fn answered(&mut self, place: usize, what: Asked, now: Duration, took: Duration) {
        match what {
            Asked::Hello => {}
            Asked::Online => return self.on_line_now(place),
            Asked::Accept => {
                self.tally.rides += 1;
                self.tally.accept_to_trip.note(now, took);
            }
            Asked::Deed => self.tally.deed_to_trip.note(now, took),
        }
        if self.seats[place].person.ride.is_some() {
            self.timers.push(Reverse((now + STEP_LASTS, place, self.seats[place].turn, Timer::Report)));
        }
    }

    fn ping(&mut self, place: usize, due: Duration) {
        if self.rate <= 0.0 || self.seats[place].stage != Stage::OnLine {
            return;
        }
        let (now, burst) = (self.elapsed(), self.orders.burst);
        let lateness = now.saturating_sub(due);
        if self.tally.pings.is_multiple_of(64) {
            self.tally.lateness.note(now, lateness);
        }
        let period = self.period(self.seats[place].slowed);
        let mut next = due + period;
        if lateness > LATE_MAX {
            self.tally.late += u64::from(burst);
            next = now + period;
        } else if self.seats[place].wire.as_ref().is_some_and(Wire::is_clear) {
            self.send_pings(place, now, burst);
        } else {
            self.tally.unsent += u64::from(burst);
        }
        self.timers.push(Reverse((next, place, self.seats[place].turn, Timer::Ping)));
    }

    fn send_pings(&mut self, place: usize, now: Duration, burst: u32) {
        self.frames.clear();
        let seat = &mut self.seats[place];
        for nth in 0..burst {
            self.line.clear();
            // Measured one after the other, the last of them now.
            let measured = now.saturating_sub(Duration::from_millis(u64::from(burst - 1 - nth)));
            let none_waits = seat.acked == seat.person.seq;
            let seq = seat.person.ping(measured, &mut self.line);
            text(&mut self.frames, &self.line);
            if seat.timed.is_none() && none_waits && now.saturating_sub(seat.acked_at) > RECEIPT_REST {
                seat.timed = Some((seq, now));
            }
        }
        self.tally.pings += u64::from(burst);
        self.send(place);
    }

    fn say(&mut self, place: usize, what: impl FnOnce(&mut Person, Duration, &mut Vec<u8>)) {
        let now = self.elapsed();
        self.line.clear();
        what(&mut self.seats[place].person, now, &mut self.line);
        if self.line.is_empty() {
            return;
        }
        self.frames.clear();
        text(&mut self.frames, &self.line);
        self.send(place);
    }

    /// Sends what is in `frames`.
    fn send(&mut self, place: usize) {
        let Some(wire) = &mut self.seats[place].wire else { return };
        match wire.send(&self.frames) {
            Ok(Sent::Whole) => {}
            Ok(Sent::Waits) => self.watch(place, true),
            Ok(Sent::Dropped) => self.tally.error("client: too much waits for the server"),
            Err(error) => self.lost(place, &format!("socket: {}", error.kind())),
        }
    }
}
