//! One driver of a load: where it drives, what it says, what it makes of what it hears.
//!
//! Lives here: messages of the protocol, as text; the next step of a ride.
//! Stays out: sockets and timers ([`super::fleet`]).
//! Touch with care: a position is written as often as the load asks for, and is not allowed to cost much.

use std::io::Write as _;
use std::time::Duration;

use rand::RngExt;
use rand_pcg::Pcg64Mcg;
use serde_json::Value;

/// The square that everybody drives in: its middle, and how far it reaches from there, in degrees.
pub(crate) const MIDDLE: (f64, f64) = (40.75, -73.98);
pub(crate) const REACH: f64 = 0.04;

/// How fast everybody drives, in degrees of latitude a second: about 11 m/s.
const SPEED: f64 = 1e-4;

/// What a driver reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Hello,
    Online,
    Accept,
    Deed,
}

/// Something that was asked and not answered yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asking {
    pub(crate) id: u64,
    pub(crate) what: Asked,
    pub(crate) since: Duration,
}

/// One driver.
#[derive(Debug)]
pub(crate) struct Person {
    lat: f64,
    lon: f64,
    /// Degrees clockwise from north: everybody drives along the axes.
    heading: u16,
    moved_at: Duration,
    pub(crate) seq: u64,
    next_id: u64,
    pub(crate) asking: Option<Asking>,
    /// The ride under way, and the step that is reported next.
    pub(crate) ride: Option<(String, &'static str)>,
    /// The city's clock, in milliseconds, when the run began.
    epoch_ms: Option<u64>,
}

/// What a driver heard, as far as it matters here.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Heard {
    /// Positions arrived, up to this one.
    Ack(u64),
    /// Say this.
    Welcome,
    /// What was asked is answered.
    Answered(Asked, Duration),
    /// An offer for this trip; say yes to it.
    Offer { offer: String, trip: String },
    /// The server closes, and is to be dialled again after this.
    Closing { retry_after_ms: u64 },
    /// Positions are wanted this often, in milliseconds, and why.
    Cadence { every_ms: u64 },
    /// Something was refused or not understood: the code.
    Wrong(String),
    /// A newer session took over.
    Superseded,
    /// Nothing that matters here.
    Other,
}

impl Person {
    pub(crate) fn new(dice: &mut Pcg64Mcg) -> Person {
        let mut within = |middle: f64| middle + dice.random_range(-REACH..REACH);
        let (lat, lon) = (within(MIDDLE.0), within(MIDDLE.1));
        let heading = 90 * dice.random_range(0..4_u16);
        Person {
            lat,
            lon,
            heading,
            moved_at: Duration::ZERO,
            seq: 0,
            next_id: 1,
            asking: None,
            ride: None,
            epoch_ms: None,
        }
    }

    /// Forgets the socket that is gone, and what was said over it.
    pub(crate) fn hung_up(&mut self) {
        (self.asking, self.ride) = (None, None);
    }

    /// Nobody says what time it is: positions are as long as if somebody had.
    pub(crate) fn sets_its_own_clock(&mut self) {
        self.epoch_ms = Some(1_764_000_000_000);
    }

    fn drive(&mut self, now: Duration) {
        let way = SPEED * now.saturating_sub(self.moved_at).as_secs_f64().min(30.0);
        self.moved_at = now;
        let (along, middle) = match self.heading {
            0 | 180 => (&mut self.lat, MIDDLE.0),
            _ => (&mut self.lon, MIDDLE.1),
        };
        *along += if self.heading < 180 { way } else { -way };
        if (*along - middle).abs() > REACH {
            *along = along.clamp(middle - REACH, middle + REACH);
            self.heading = (self.heading + 180) % 360;
        }
    }

    /// Writes the next position; its sequence number.
    pub(crate) fn ping(&mut self, now: Duration, text: &mut Vec<u8>) -> u64 {
        self.drive(now);
        self.seq += 1;
        // Writing into memory cannot fail.
        let _ = write!(
            text,
            r#"{{"type":"ping","seq":{},"lat":{:.6},"lon":{:.6},"heading":{},"accuracy_m":8"#,
            self.seq, self.lat, self.lon, self.heading
        );
        if let Some(epoch_ms) = self.epoch_ms {
            let _ = write!(text, r#","at_ms":{}"#, epoch_ms + now.as_millis() as u64);
        }
        text.push(b'}');
        self.seq
    }

    fn ask(&mut self, what: Asked, now: Duration) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        self.asking = Some(Asking { id, what, since: now });
        id
    }

    /// Writes the first message of a socket.
    pub(crate) fn hello(&mut self, now: Duration, text: &mut Vec<u8>) {
        let id = self.ask(Asked::Hello, now);
        let _ = write!(text, r#"{{"type":"hello","id":{id},"app":"hansom-sim load"}}"#);
    }

    /// Writes that work is wanted.
    pub(crate) fn online(&mut self, now: Duration, text: &mut Vec<u8>) {
        let id = self.ask(Asked::Online, now);
        let _ = write!(text, r#"{{"type":"online","id":{id},"lat":{:.6},"lon":{:.6}}}"#, self.lat, self.lon);
    }

    /// Writes yes to an offer.
    pub(crate) fn accept(&mut self, offer: &str, now: Duration, text: &mut Vec<u8>) {
        let id = self.ask(Asked::Accept, now);
        let _ = write!(text, r#"{{"type":"accept","id":{id},"offer":"{offer}"}}"#);
    }

    /// Writes the next step of the ride. Whether there is one.
    pub(crate) fn report(&mut self, now: Duration, text: &mut Vec<u8>) -> bool {
        let Some((trip, step)) = self.ride.clone() else { return false };
        let id = self.ask(Asked::Deed, now);
        let _ = write!(text, r#"{{"type":"{step}","id":{id},"trip":"{trip}"}}"#);
        true
    }

    /// Reads one message.
    pub(crate) fn hear(&mut self, text: &[u8], now: Duration) -> Heard {
        // By far the most frequent.
        if let Some(rest) = text.strip_prefix(br#"{"type":"ack","seq":"#) {
            let digits = rest.iter().take_while(|byte| byte.is_ascii_digit());
            return Heard::Ack(digits.fold(0, |seq, digit| seq * 10 + u64::from(digit - b'0')));
        }
        let Ok(said) = serde_json::from_slice::<Value>(text) else { return Heard::Wrong("not JSON".to_owned()) };
        let word = |key: &str| said[key].as_str().unwrap_or_default().to_owned();
        let answered = self.answered(said["re"].as_u64(), now);
        match said["type"].as_str().unwrap_or_default() {
            "welcome" => {
                let server_ms = said["server_time_ms"].as_u64();
                self.epoch_ms = server_ms.map(|ms| ms.saturating_sub(now.as_millis() as u64));
                if answered.is_some() { Heard::Welcome } else { Heard::Other }
            }
            "offer" => Heard::Offer { offer: word("offer"), trip: word("trip") },
            "trip" => {
                self.rides(&said["trip"]);
                answered.unwrap_or(Heard::Other)
            }
            "withdrawn" => Heard::Other,
            "refused" | "error" => {
                self.ride = None;
                Heard::Wrong(word("code"))
            }
            "closing" => Heard::Closing { retry_after_ms: said["retry_after_ms"].as_u64().unwrap_or(1_000) },
            "superseded" => Heard::Superseded,
            _ => match (answered, said["ping_every_ms"].as_u64()) {
                (Some(answered), _) => answered,
                (None, Some(every_ms)) => Heard::Cadence { every_ms },
                (None, None) => Heard::Other,
            },
        }
    }

    fn answered(&mut self, re: Option<u64>, now: Duration) -> Option<Heard> {
        let asking = self.asking.filter(|asking| re == Some(asking.id))?;
        self.asking = None;
        Some(Heard::Answered(asking.what, now.saturating_sub(asking.since)))
    }

    fn rides(&mut self, trip: &Value) {
        let step = match trip["state"].as_str() {
            Some("en_route") => "arrived",
            Some("arrived") => "picked_up",
            Some("in_progress") => "dropped_off",
            _ => return self.ride = None,
        };
        self.ride = trip["id"].as_str().map(|id| (id.to_owned(), step));
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    fn person() -> Person {
        Person::new(&mut Pcg64Mcg::seed_from_u64(7))
    }

    const AT: Duration = Duration::from_secs(10);

    #[test]
    fn positions_go_on_at_the_speed_of_a_car() {
        let mut person = person();
        let read = |text: &[u8]| -> Value { serde_json::from_slice(text).unwrap() };
        let (mut first, mut second) = (Vec::new(), Vec::new());
        assert_eq!(person.ping(AT, &mut first), 1);
        assert_eq!(person.ping(AT + Duration::from_secs(4), &mut second), 2);
        let (first, second) = (read(&first), read(&second));
        let way = |key: &str| (second[key].as_f64().unwrap() - first[key].as_f64().unwrap()).abs();
        assert!((way("lat") + way("lon") - 4.0 * SPEED).abs() < 2e-6, "{first} {second}");
    }

    #[test]
    fn a_ride_is_reported_step_by_step() {
        let mut person = person();
        let mut said = Vec::new();
        person.accept("o1", AT, &mut said);
        let mut steps = Vec::new();
        for (id, state) in [(1, "en_route"), (2, "arrived"), (3, "in_progress"), (4, "completed")] {
            let told = format!(r#"{{"type":"trip","re":{id},"trip":{{"id":"t1","state":"{state}"}}}}"#);
            let heard = person.hear(told.as_bytes(), AT + Duration::from_millis(5));
            let what = if id == 1 { Asked::Accept } else { Asked::Deed };
            assert_eq!(heard, Heard::Answered(what, Duration::from_millis(5)));
            steps.extend(person.ride.clone().map(|(_, step)| step));
            let more = person.report(AT, &mut said);
            assert_eq!(more, state != "completed");
        }
        assert_eq!(steps, ["arrived", "picked_up", "dropped_off"]);
    }

    #[test]
    fn what_the_server_says_is_understood() {
        let mut person = person();
        let mut hear = |text: &str| person.hear(text.as_bytes(), AT);
        assert_eq!(hear(r#"{"type":"ack","seq":4711}"#), Heard::Ack(4_711));
        assert_eq!(hear(r#"{"type":"closing","retry_after_ms":2472}"#), Heard::Closing { retry_after_ms: 2_472 });
        let offer = Heard::Offer { offer: "o".to_owned(), trip: "t".to_owned() };
        assert_eq!(hear(r#"{"type":"offer","offer":"o","trip":"t","expires_in_ms":12000}"#), offer);
        assert_eq!(hear(r#"{"type":"refused","re":9,"code":"offer_gone"}"#), Heard::Wrong("offer_gone".to_owned()));
        assert_eq!(hear(r#"{"type":"cadence","ping_every_ms":8000}"#), Heard::Cadence { every_ms: 8_000 });
        assert_eq!(hear(r#"{"type":"welcome","ping_every_ms":4000,"server_time_ms":5}"#), Heard::Other);
    }
}
