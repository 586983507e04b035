//! What a driver's app was told, numbered, and kept until the app has it: said again over the next connection.
//!
//! Lives here: cursors, the few messages that are kept, what a returning app has missed.
//! Stays out: the driver's standing and an open offer. Whoever connects is told those as they are now.
//! Touch with care: [`KEPT_MAX`] is paid for by every driver whose app confirms nothing.

use std::collections::VecDeque;
use std::fmt;
use std::str::FromStr;

use dispatch::{Generation, Notice, SessionId};

/// How many messages are kept for an app that confirms none. A driver hears about ten a ride.
const KEPT_MAX: usize = 8;

/// One count of messages: begun by a connection, carried on by those that resume it, ended with the actor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stream {
    session: SessionId,
    generation: Generation,
}

/// How far an app has heard. Apps send it back as they got it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    stream: Stream,
    number: u64,
}

impl Cursor {
    /// The number, if it is of the same count as `latest` and was told by then.
    pub(crate) fn within(self, latest: Cursor) -> Option<u64> {
        (self.stream == latest.stream && self.number <= latest.number).then_some(self.number)
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Cursor { stream: Stream { session, generation }, number } = self;
        write!(f, "{}-{}.{number}", session.0, generation.0)
    }
}

/// A text that is no cursor of this server's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor")]
pub struct NotACursor;

impl FromStr for Cursor {
    type Err = NotACursor;

    fn from_str(text: &str) -> Result<Cursor, NotACursor> {
        let (stream, number) = text.split_once('.').ok_or(NotACursor)?;
        let (session, generation) = stream.split_once('-').ok_or(NotACursor)?;
        let whole = |text: &str| match text.bytes().all(|byte| byte.is_ascii_digit()) {
            true => text.parse::<u64>().map_err(|_| NotACursor),
            false => Err(NotACursor),
        };
        let (session, generation) = (SessionId(whole(session)?), Generation(whole(generation)?));
        Ok(Cursor { stream: Stream { session, generation }, number: whole(number)? })
    }
}

/// What comes out of a session.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// Where in the count it is; `None` for what is no news.
    pub cursor: Option<Cursor>,
    /// What it is.
    pub news: News,
}

/// What a session tells.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "it travels in a box, and the large one is nearly always the one")]
pub enum News {
    /// What the city has to say.
    Notice(Notice),
    /// The answer to a cursor, before anything else: so many messages were missed and follow now. If not `complete`, some
    /// are lost, and what follows is only how things stand.
    Resumed {
        /// Whether nothing is missing.
        complete: bool,
        /// How many follow.
        again: usize,
    },
}

/// The count of one driver's messages, and those that are kept.
#[derive(Debug, Default)]
pub(crate) struct Log {
    stream: Option<Stream>,
    number: u64,
    kept: VecDeque<(u64, Notice)>,
    /// The latest that was let go unconfirmed.
    lost: u64,
}

impl Log {
    /// A connection is there: the count begins, unless it has begun before.
    pub(crate) fn open(&mut self, session: SessionId, generation: Generation) {
        self.stream.get_or_insert(Stream { session, generation });
    }

    /// Numbers a message, and keeps it if nobody would say it again. `confirmed` is how far the app has heard.
    pub(crate) fn write(&mut self, notice: &Notice, confirmed: u64) -> Option<Cursor> {
        if matches!(notice, Notice::Home { .. } | Notice::Demand { .. } | Notice::Superseded) {
            return None;
        }
        let stream = self.stream?;
        self.number += 1;
        self.kept.retain(|(number, _)| *number > confirmed);
        if is_kept(notice) {
            if self.kept.len() >= KEPT_MAX
                && let Some((number, _)) = self.kept.pop_front()
            {
                self.lost = number;
            }
            self.kept.push_back((self.number, notice.clone()));
        }
        Some(Cursor { stream, number: self.number })
    }

    /// What an app that has heard so far has missed.
    pub(crate) fn since(&mut self, heard: Cursor) -> Vec<Told> {
        let complete = self.stream == Some(heard.stream) && (self.lost..=self.number).contains(&heard.number);
        let missed = |(number, notice): (u64, Notice)| Told {
            cursor: Some(Cursor { stream: heard.stream, number }),
            news: News::Notice(notice),
        };
        let mut told = vec![Told { cursor: None, news: News::Resumed { complete, again: 0 } }];
        if complete {
            self.kept.retain(|(number, _)| *number > heard.number);
            told.extend(self.kept.iter().cloned().map(missed));
        }
        let again = told.len() - 1;
        told[0].news = News::Resumed { complete, again };
        told
    }
}

/// Whether a message is lost if it is missed. How a driver stands, an open offer and a suggestion are said to whoever
/// connects.
fn is_kept(notice: &Notice) -> bool {
    match notice {
        Notice::Standing { .. } | Notice::Offer(_) | Notice::Suggestion(_) => false,
        Notice::Home { .. } | Notice::Demand { .. } | Notice::Superseded => false,
        Notice::Withdrawn { .. } | Notice::Promised { .. } | Notice::Declined { .. } | Notice::Trip { .. } => true,
        Notice::AreYouComing { .. } | Notice::TakenBack { .. } | Notice::PutOnBreak { .. } => true,
        Notice::Refused { .. } => true,
    }
}

#[cfg(test)]
mod tests;
