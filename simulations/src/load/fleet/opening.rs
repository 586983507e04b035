//! How a driver comes on line, is lost, and comes back.
//!
//! Lives here: dialling at the plan's pace and no more at once than a server can greet, from addresses with free ports.
//! Stays out: what drivers do once they are on line.

use std::cmp::Reverse;
use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;

use rand::RngExt;
use rustix::event::epoll;

use super::super::person::Person;
use super::super::wire::{Sent, Wire, handshake};
use super::{Dialect, Fleet, Stage, Timer};

/// So many sockets are between the first packet and a driver on line at the same time.
const OPENING_MAX: usize = 256;

/// One source address is used for so many sockets. Linux has some 28,000 ports for each, but looks for a free one the longer
/// the fewer there are.
const SOCKETS_A_SOURCE: usize = 4_000;

impl Fleet {
    pub(super) fn dial(&mut self, place: usize, due: Duration) {
        if self.opening >= OPENING_MAX {
            let turn = self.seats[place].turn;
            return self.timers.push(Reverse((
                due.max(self.elapsed()) + Duration::from_millis(5),
                place,
                turn,
                Timer::Dial,
            )));
        }
        let now = self.elapsed();
        let from = self.source(place);
        let seat = &mut self.seats[place];
        (seat.dialled_at, seat.stage) = (now, Stage::Connecting);
        self.opening += 1;
        let dialled = Wire::dial(self.orders.server, from).and_then(|wire| {
            let data = epoll::EventData::new_u64(place as u64 | u64::from(seat.turn) << 32);
            epoll::add(&self.epoll, wire.fd(), data, epoll::EventFlags::IN | epoll::EventFlags::OUT)?;
            seat.wire = Some(wire);
            Ok(())
        });
        if let Err(error) = dialled {
            self.lost(place, &format!("connect: {}", error.kind()));
        }
    }

    /// One port range does not hold everybody: on this machine there are more addresses to come from.
    fn source(&self, place: usize) -> Option<Ipv4Addr> {
        let near = self.orders.server.is_ipv4() && self.orders.server.ip().is_loopback();
        near.then(|| Ipv4Addr::new(127, 0, 0, (1 + place / SOCKETS_A_SOURCE % 250) as u8))
    }

    /// A socket is gone, for this reason; it comes back.
    pub(super) fn lost(&mut self, place: usize, why: &str) {
        self.tally.error(why);
        self.leave(place);
        let seat = &mut self.seats[place];
        if seat.stage == Stage::Dismissed {
            return;
        }
        seat.stage = Stage::Away;
        let usual = Duration::from_millis(200 + self.dice.random_range(0..200));
        let wait = self.seats[place].again_after.take().unwrap_or(usual);
        self.timers.push(Reverse((self.elapsed() + wait, place, self.seats[place].turn, Timer::Dial)));
    }

    pub(super) fn leave(&mut self, place: usize) {
        let seat = &mut self.seats[place];
        match seat.stage {
            Stage::Connecting | Stage::Upgrading | Stage::Greeting => self.opening -= 1,
            Stage::OnLine => self.on_line -= 1,
            Stage::Away | Stage::Dismissed => {}
        }
        seat.wire = None;
        seat.timed = None;
        seat.turn = seat.turn.wrapping_add(1);
        seat.person.hung_up();
    }

    pub(super) fn connected(&mut self, place: usize) -> io::Result<()> {
        let request = handshake(&self.orders.host, &self.orders.path, &(self.orders.token)(place));
        let seat = &mut self.seats[place];
        let Some(wire) = &mut seat.wire else { return Ok(()) };
        wire.connected()?;
        seat.stage = Stage::Upgrading;
        let waits = wire.send(request.as_bytes())? == Sent::Waits;
        self.watch(place, waits);
        Ok(())
    }

    pub(super) fn upgraded(&mut self, place: usize) {
        self.seats[place].stage = Stage::Greeting;
        match self.orders.dialect {
            Dialect::Hansom => self.say(place, Person::hello),
            Dialect::Sink => {
                self.seats[place].person.sets_its_own_clock();
                self.on_line_now(place);
            }
        }
    }

    pub(super) fn on_line_now(&mut self, place: usize) {
        let now = self.elapsed();
        let seat = &mut self.seats[place];
        if seat.stage != Stage::Greeting {
            return;
        }
        seat.stage = Stage::OnLine;
        self.tally.opening.note(now, now.saturating_sub(seat.dialled_at));
        self.tally.reopened += u64::from(seat.turn > 0);
        self.opening -= 1;
        self.on_line += 1;
        // One position each, so that whatever a server makes for a position is there in an idle socket, too.
        self.send_pings(place, now, 1);
        if self.rate > 0.0 {
            let at = now + self.period(1.0).mul_f64(self.dice.random_range(0.0..1.0));
            self.timers.push(Reverse((at, place, self.seats[place].turn, Timer::Ping)));
        }
    }
}
