//! The trace a request belongs to: W3C Trace Context.
//!
//! Lives here: reading `traceparent`, what is sent back of it, and the traces of events.
//! Stays out: sending spans anywhere. Log lines name the trace, and that is all that is done with it.
//! Touch with care: what cannot be read is as if it were not there; a trace is never a reason to refuse a request.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest, Sha256};

/// The one that a request or an event belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TraceParent {
    trace: u128,
    flags: u8,
}

impl TraceParent {
    /// Reads the header (Trace Context, 3.2.2): version, trace, parent and flags, in lower-case hexadecimal digits.
    pub(crate) fn read(text: &[u8]) -> Option<TraceParent> {
        let (known, rest) = text.split_at_checked(55)?;
        let well_divided = [2, 35, 52].into_iter().all(|dash| known[dash] == b'-');
        let version = hexadecimal(&known[..2])?;
        let trace = hexadecimal(&known[3..35])?;
        let parent = hexadecimal(&known[36..52])?;
        let flags = u8::try_from(hexadecimal(&known[53..])?).ok()?;
        // A later version may have more to say, behind another dash.
        let ends_well = match version {
            0xff => false,
            0 => rest.is_empty(),
            _ => rest.is_empty() || rest[0] == b'-',
        };
        (well_divided && ends_well && trace != 0 && parent != 0).then_some(TraceParent { trace, flags })
    }

    /// The one of an event, by its name: whoever tells it, however often, tells the same. Its first flag is set, for with
    /// the usual samplers a receiver would otherwise drop spans of its own.
    pub(crate) fn of_event(id: &str) -> TraceParent {
        let digest = Sha256::digest(id.as_bytes());
        let trace = digest.iter().take(16).fold(0, |trace: u128, byte| trace << 8 | u128::from(*byte));
        TraceParent { trace: trace.max(1), flags: 1 }
    }

    /// What is passed on, in `traceresponse` or with an event: the same trace, and what was done for it here.
    pub(crate) fn passed_on(self) -> String {
        // Only the first flag, "sampled", is known to us. Nothing here is sampled, so its word is passed on.
        format!("00-{:032x}-{:016x}-{:02x}", self.trace, span(), self.flags & 1)
    }
}

impl fmt::Display for TraceParent {
    /// The name of the trace.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.trace)
    }
}

fn hexadecimal(digits: &[u8]) -> Option<u128> {
    let digit = |byte: &u8| match byte {
        b'0'..=b'9' => Some(u128::from(byte - b'0')),
        b'a'..=b'f' => Some(u128::from(byte - b'a' + 10)),
        _ => None,
    };
    digits.iter().try_fold(0u128, |value, byte| Some(value << 4 | digit(byte)?))
}

/// The name of what is done for one request: they only have to differ, also between processes.
fn span() -> u64 {
    static PROCESS: OnceLock<RandomState> = OnceLock::new();
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let nth = COUNT.fetch_add(1, Ordering::Relaxed);
    PROCESS.get_or_init(RandomState::new).hash_one(nth).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

    #[test]
    fn a_trace_comes_back_with_a_span_of_our_own() {
        let read = TraceParent::read(format!("00-{TRACE}-b7ad6b7169203331-01").as_bytes()).unwrap();
        assert_eq!(read.to_string(), TRACE);
        let (one, two) = (read.passed_on(), read.passed_on());
        assert!(one.starts_with(&format!("00-{TRACE}-")) && one.ends_with("-01") && one.len() == 55, "{one}");
        assert!(!one.contains("b7ad6b7169203331") && one != two);
        assert!(TraceParent::read(one.as_bytes()).is_some());
        let later = format!("cc-{TRACE}-b7ad6b7169203331-00-what-comes-next");
        assert_eq!(TraceParent::read(later.as_bytes()).unwrap().to_string(), TRACE, "of a later version what is known");
    }

    /// The digits are those of `printf 01a0c450-6c7b-852a-8403-fc0000000001.1 | sha256sum`.
    #[test]
    fn an_event_has_the_trace_that_its_name_says() {
        let event = TraceParent::of_event("01a0c450-6c7b-852a-8403-fc0000000001.1");
        assert_eq!(event.to_string(), "e38fe9c4ece77296dbcc0f1890121504");
        let (one, two) = (event.passed_on(), event.passed_on());
        assert!(one.ends_with("-01") && one != two, "each telling is a span of its own: {one}");
        assert_eq!(TraceParent::read(one.as_bytes()), Some(event));
    }

    #[test]
    fn what_is_no_trace_is_ignored() {
        let zeros = "0".repeat(32);
        for text in [
            String::new(),
            "00".to_owned(),
            format!("00-{TRACE}-b7ad6b7169203331"),
            format!("00-{TRACE}-b7ad6b7169203331-01-more"),
            format!("cc-{TRACE}-b7ad6b7169203331-01.more"),
            format!("ff-{TRACE}-b7ad6b7169203331-01"),
            format!("00-{zeros}-b7ad6b7169203331-01"),
            format!("00-{TRACE}-0000000000000000-01"),
            format!("00-{}-b7ad6b7169203331-01", TRACE.to_uppercase()),
            format!("00_{TRACE}-b7ad6b7169203331-01"),
            format!("00-{TRACE}-b7ad6b716920333x-01"),
            "\u{e9}".repeat(28),
        ] {
            assert_eq!(TraceParent::read(text.as_bytes()), None, "{text}");
        }
    }
}
