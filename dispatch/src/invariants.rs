//! The promises, as code: checked by properties, simulations, chaos tests and production alike.
//!
//! The numbers are those of the design. Some hold by construction and are tested where they live (I11 in the cores);
//! those here can be checked from outside, from what was stored and from what people were told: at the end by [`audit`]
//! and [`nothing_lost`], as it happens by [`Running`].

use std::collections::BTreeMap;

pub use running::{ENDED_MAX, Running};
use sharing::Hosts;
pub use sharing::guests_agree;

use crate::{
    DriverId, Epoch, Event, Generation, OfferId, RequestKey, SessionId, ShardId, Stage, StageName, Timestamp, Trip,
    TripId,
};

mod running;

mod sharing;

/// One line of the journal.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Whose journal.
    pub shard: ShardId,
    /// Which owner wrote it.
    pub epoch: Epoch,
    /// Its number within the epoch, from 1.
    pub seq: u64,
    /// Which trip.
    pub trip: TripId,
    /// The version of the trip after the event.
    pub version: u32,
    /// What happened.
    pub event: Event,
    /// When.
    pub at: Timestamp,
}

/// A promise that was broken.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Violation {
    /// I1: a driver is in at most one active trip.
    #[error("I1: driver {driver} is on {first} and on {second}")]
    TwoTrips {
        /// Who.
        driver: DriverId,
        /// On which trip.
        first: TripId,
        /// And on which other.
        second: TripId,
    },
    /// I2: an acknowledged transition is in the journal.
    #[error("I2: trip {trip} was acknowledged in version {version}, the journal knows version {journal}")]
    Lost {
        /// Which trip.
        trip: TripId,
        /// The version someone was told.
        version: u32,
        /// The latest version in the journal; 0 for none.
        journal: u32,
    },
    /// I3: the driver's row and the trip's row agree.
    #[error("I3: the row of driver {driver} says {driver_row:?}, the trips say {trip_rows:?}")]
    RowsDisagree {
        /// Who.
        driver: DriverId,
        /// The trip in the driver's row.
        driver_row: Option<TripId>,
        /// The trip whose row holds the driver.
        trip_rows: Option<TripId>,
    },
    /// I4: within a shard epochs never go back and numbers have no gap.
    #[error("I4: journal of {shard}: epoch {epoch:?} number {seq} follows epoch {after:?} number {after_seq}")]
    Gap {
        /// Whose journal.
        shard: ShardId,
        /// The entry that does not fit.
        epoch: Epoch,
        /// Its number.
        seq: u64,
        /// The entry before it.
        after: Epoch,
        /// Its number.
        after_seq: u64,
    },
    /// I16: a rider who shares a car is told nothing that the record of the car does not say.
    #[error("I16: trip {trip} is {event}, and its host {host} has not said so")]
    AheadOfHost {
        /// Which trip.
        trip: TripId,
        /// Whose car it shares.
        host: TripId,
        /// What it says.
        event: &'static str,
    },
    /// I16: once nothing is on its way, a guest and his host say the same.
    #[error("I16: guest {guest} and host {host} do not say the same of each other")]
    GuestsDisagree {
        /// The guest.
        guest: TripId,
        /// The host.
        host: TripId,
    },
    /// I5: at most one live offer is shown per driver session.
    #[error("I5: session {} of driver {driver} shows offer {second} beside {first}", session.0)]
    TwoOffers {
        /// Who.
        driver: DriverId,
        /// Over which session.
        session: SessionId,
        /// The offer that was not taken back.
        first: OfferId,
        /// The offer that came on top.
        second: OfferId,
    },
    /// I7: at most one effective actor per driver: generations grow, and each has one home.
    #[error(
        "I7: driver {driver} is at home in {home} as generation {}, and in {before_home} as {}",
        generation.0,
        before.0
    )]
    TwoHomes {
        /// Who.
        driver: DriverId,
        /// The generation that does not fit.
        generation: Generation,
        /// Its home.
        home: ShardId,
        /// The generation known before.
        before: Generation,
        /// Its home.
        before_home: ShardId,
    },
    /// I8: an idempotency key takes effect once.
    #[error("I8: the key {:?} of rider {} made trip {first} and trip {second}", key.key, key.rider)]
    TwoAnswers {
        /// Whose key, and which.
        key: RequestKey,
        /// The trip it made first.
        first: TripId,
        /// And the other.
        second: TripId,
    },
    /// I9: nobody is stranded after the last fault.
    #[error("I9: driver {driver} is stranded: {what}")]
    Stranded {
        /// Who.
        driver: DriverId,
        /// How.
        what: String,
    },
    /// I15: every trip ends within its deadlines.
    #[error("I15: trip {trip} is still {stage}")]
    Endless {
        /// Which.
        trip: TripId,
        /// How it stands.
        stage: StageName,
    },
    /// I14: only legal transitions: replaying the journal gives the record.
    #[error("I14: trip {trip} version {version}: {what}")]
    Illegal {
        /// Which trip.
        trip: TripId,
        /// At which version.
        version: u32,
        /// What is wrong.
        what: String,
    },
}

impl Violation {
    /// The names of the drivers and trips it is about, as text: for whoever looks for them in a log.
    #[must_use]
    pub fn about(&self) -> Vec<String> {
        match self {
            Violation::TwoTrips { driver, first, second } => {
                vec![driver.to_string(), first.to_string(), second.to_string()]
            }
            Violation::Lost { trip, .. } | Violation::Illegal { trip, .. } | Violation::Endless { trip, .. } => {
                vec![trip.to_string()]
            }
            Violation::RowsDisagree { driver, driver_row, trip_rows } => {
                let trips = driver_row.iter().chain(trip_rows).map(ToString::to_string);
                std::iter::once(driver.to_string()).chain(trips).collect()
            }
            Violation::AheadOfHost { trip, host, .. } => vec![trip.to_string(), host.to_string()],
            Violation::GuestsDisagree { guest, host } => vec![guest.to_string(), host.to_string()],
            Violation::Gap { shard, .. } => vec![shard.to_string()],
            Violation::TwoOffers { driver, first, second, .. } => {
                vec![driver.to_string(), first.trip.to_string(), second.trip.to_string()]
            }
            Violation::TwoHomes { driver, .. } | Violation::Stranded { driver, .. } => vec![driver.to_string()],
            Violation::TwoAnswers { first, second, .. } => vec![first.to_string(), second.to_string()],
        }
    }
}

/// Replays a whole journal, in the order it was committed, and compares it with the rows.
/// Checks I1, I3, I4, I14 and, of I16, that no guest is ahead of his host.
#[must_use]
pub fn audit(journal: &[Entry], trips: &[Trip], drivers: &[(DriverId, Option<TripId>)]) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut last: BTreeMap<ShardId, (Epoch, u64)> = BTreeMap::new();
    let mut replayed: BTreeMap<TripId, Trip> = BTreeMap::new();
    let mut committed: BTreeMap<DriverId, TripId> = BTreeMap::new();
    let mut hosts = Hosts::default();
    for entry in journal {
        hosts.check(entry, replayed.get(&entry.trip), &mut found);
        check_order(entry, &mut last, &mut found);
        let before = replayed.get(&entry.trip).map(|trip| trip.stage.clone());
        match replay(entry, replayed.get(&entry.trip)) {
            Ok(trip) => {
                commit(entry.trip, before.as_ref(), &trip.stage, &mut committed, &mut found);
                replayed.insert(entry.trip, trip);
            }
            Err(what) => found.push(Violation::Illegal { trip: entry.trip, version: entry.version, what }),
        }
    }
    for trip in trips {
        if replayed.remove(&trip.id).as_ref() != Some(trip) {
            let what = "the record is not what the journal gives".to_owned();
            found.push(Violation::Illegal { trip: trip.id, version: trip.version, what });
        }
    }
    for (id, trip) in replayed {
        let what = "the journal knows it, the records do not".to_owned();
        found.push(Violation::Illegal { trip: id, version: trip.version, what });
    }
    for (driver, row) in drivers {
        let trip_rows = committed.remove(driver);
        if *row != trip_rows {
            found.push(Violation::RowsDisagree { driver: driver.clone(), driver_row: *row, trip_rows });
        }
    }
    for (driver, trip) in committed {
        found.push(Violation::RowsDisagree { driver, driver_row: None, trip_rows: Some(trip) });
    }
    found
}

/// Checks I2: everything that people were told, given as the highest version of each trip, is in the journal.
#[must_use]
pub fn nothing_lost(told: &BTreeMap<TripId, u32>, journal: &[Entry]) -> Vec<Violation> {
    let mut known: BTreeMap<TripId, u32> = BTreeMap::new();
    for entry in journal {
        let version = known.entry(entry.trip).or_default();
        *version = entry.version.max(*version);
    }
    let lost = |(&trip, &version): (&TripId, &u32)| {
        let journal = known.get(&trip).copied().unwrap_or(0);
        (journal < version).then_some(Violation::Lost { trip, version, journal })
    };
    told.iter().filter_map(lost).collect()
}

fn check_order(entry: &Entry, last: &mut BTreeMap<ShardId, (Epoch, u64)>, found: &mut Vec<Violation>) {
    let (after, after_seq) = last.get(&entry.shard).copied().unwrap_or((Epoch(0), 0));
    let next = entry.epoch == after && entry.seq == after_seq + 1;
    let first_of_next_owner = entry.epoch > after && entry.seq == 1;
    if !next && !first_of_next_owner {
        let Entry { shard, epoch, seq, .. } = *entry;
        found.push(Violation::Gap { shard, epoch, seq, after, after_seq });
    }
    last.insert(entry.shard, (entry.epoch, entry.seq));
}

fn replay(entry: &Entry, before: Option<&Trip>) -> Result<Trip, String> {
    let after = match before {
        None => Trip::begin(entry.trip, &entry.event, entry.at),
        Some(trip) => trip.apply(&entry.event, entry.at),
    };
    let after = after.map_err(|illegal| illegal.to_string())?;
    if after.version == entry.version { Ok(after) } else { Err(format!("follows version {}", after.version - 1)) }
}

fn commit(
    trip: TripId,
    before: Option<&Stage>,
    after: &Stage,
    committed: &mut BTreeMap<DriverId, TripId>,
    found: &mut Vec<Violation>,
) {
    if let Some(driver) = before.and_then(Stage::committed_driver)
        && committed.get(driver) == Some(&trip)
    {
        committed.remove(driver);
    }
    if let Some(driver) = after.committed_driver()
        && let Some(first) = committed.insert(driver.clone(), trip)
    {
        found.push(Violation::TwoTrips { driver: driver.clone(), first, second: trip });
    }
}
