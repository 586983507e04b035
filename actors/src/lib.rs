//! When: mailboxes, order, deadlines and shards. Acts as the cores of `dispatch` decide.
//!
//! Lives here: `DriverActor`, `TripActor`, `ShardActor`, `NodeActor`, the post office between them, the fast road of
//! positions, and [`City`], the handle the doors hold.
//! Stays out: JSON, SQL, why a driver was chosen.
//! Touch with care: an actor asks the clock once, asks its core, does as told and sets its alarm. A handler with an
//! `if` about rides is a decision in the wrong crate.

mod alarm;
mod clock;
mod driver;
mod falls;
mod handle;
mod letters;
mod lists;
mod load;
mod metrics;
mod node;
mod notices;
mod office;
mod pings;
mod recovery;
mod routes;
mod rules;
mod session;
mod settings;
mod shard;
mod snapshots;
mod told;
mod trip;
mod why;

pub use clock::Clock;
pub use handle::{City, CityError, CityStatus, NewTrip, Requested, ShardStatus, Stores};
pub use lists::{Listed, TripFilter};
pub use recovery::Recovery;
pub use session::DriverSession;
pub use settings::CitySettings;
pub use told::{Cursor, News, NotACursor, Told};
pub use why::WhyNot;

#[cfg(test)]
mod tests;
