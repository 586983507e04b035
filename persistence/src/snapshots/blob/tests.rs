use dispatch::{LEARNED_CELLS_MAX, LearnedCell, LearnedPrice, Surge};
use geo::{Cell, Resolution};
use proptest::prelude::*;

use super::*;

const TAKEN: Timestamp = Timestamp::from_millis(1_790_000_000_000);

fn shard() -> ShardId {
    ShardId::of(Point::new(40.758, -73.985).unwrap(), Resolution::SHARD)
}

fn hint(number: u64) -> Hint {
    let last = Ping {
        driver: DriverId::new(&format!("driver-{number}")).unwrap(),
        point: Point::new(40.758 + number as f64 * 1e-5, -73.985).unwrap(),
        measured_at: Timestamp::from_millis(TAKEN.millis() - 1_000 - number),
        heading: number.is_multiple_of(2).then_some(271.0),
        accuracy: number.is_multiple_of(3).then_some(Meters::whole(12)),
    };
    let vehicle =
        Vehicle::new(Class::ALL[number as usize % 4], 1 + (number % 8) as u8, number.is_multiple_of(5), true).unwrap();
    let memory = Memory {
        generation: Generation(number),
        wish: [Wish::Work, Wish::Rest, Wish::Break][number as usize % 3],
        vehicle: (!number.is_multiple_of(7)).then_some(vehicle),
        acceptance: 1_000 - number as u16 % 1_001,
    };
    Hint { memory, last, seen_at: Timestamp::from_millis(TAKEN.millis() - number) }
}

/// Two hundred slots of so many cells.
fn learned(cells: u64) -> Learned {
    let cell = |number: u64| {
        let at = Point::new(40.0 + number as f64 * 0.01, -73.985).unwrap();
        let cell = Cell::at(at, Resolution::new(8).unwrap());
        let usual = (0..200_u16).map(|slot| f32::from((slot + number as u16) % 50) / 16.0).collect();
        LearnedCell { cell, usual, recent: number as f64 / 16.0, heart: Some(cell.centre()) }
    };
    let cells: Vec<LearnedCell> = (0..cells).map(cell).collect();
    let price = |known: &LearnedCell| LearnedPrice {
        cell: known.cell,
        demand: known.recent,
        supply: 2.5,
        surge: Surge::percent(150).unwrap(),
    };
    let prices = cells.iter().map(price).collect();
    let at = Timestamp::from_millis(TAKEN.millis() - 5);
    Learned { at, days: vec![1.5; 200], recent_watched: 1.0, cells, prices }
}

fn snapshot(drivers: u64) -> Snapshot {
    Snapshot {
        shard: shard(),
        epoch: Epoch(7),
        taken_at: TAKEN,
        hints: (0..drivers).map(hint).collect(),
        learned: learned(drivers),
    }
}

#[test]
fn what_is_kept_comes_back() {
    let before = snapshot(100);
    let after = Snapshot::from_bytes(&before.to_bytes()).unwrap();
    assert_eq!((after.shard, after.epoch, after.taken_at), (before.shard, before.epoch, before.taken_at));
    for (before, after) in before.hints.iter().zip(&after.hints) {
        let off = geo::distance(before.last.point, after.last.point).get();
        assert!(off < 0.02, "a position is {off} m off");
        let point = before.last.point;
        assert_eq!(*before, Hint { last: Ping { point, ..after.last.clone() }, ..after.clone() });
    }
    assert_eq!(after.hints.len(), 100);
    for (before, after) in before.learned.cells.iter().zip(&after.learned.cells) {
        let off = geo::distance(before.heart.unwrap(), after.heart.unwrap()).get();
        assert!(off < 0.02, "a place is {off} m off");
        assert_eq!(*before, LearnedCell { heart: before.heart, ..after.clone() });
    }
    assert_eq!((&after.learned.days, after.learned.at), (&before.learned.days, before.learned.at));
    assert_eq!(after.learned.prices, before.learned.prices);
    assert_eq!(after.learned.cells.len(), 100);
}

#[test]
fn an_empty_shard_has_a_snapshot_too() {
    assert_eq!(Snapshot::from_bytes(&snapshot(0).to_bytes()), Ok(snapshot(0)));
}

#[test]
fn every_byte_that_is_changed_or_missing_is_noticed() {
    let whole = snapshot(20).to_bytes();
    for place in 0..whole.len() {
        let mut changed = whole.clone();
        changed[place] ^= 0x10;
        assert!(Snapshot::from_bytes(&changed).is_err(), "byte {place} was changed");
        assert!(Snapshot::from_bytes(&whole[..place]).is_err(), "cut off at {place}");
    }
    let mut longer = whole;
    longer.push(0);
    assert_eq!(Snapshot::from_bytes(&longer), Err(BadSnapshot::Torn));
}

#[test]
fn another_version_is_left_to_the_program_that_wrote_it() {
    let mut future = snapshot(3).to_bytes();
    future[4] += 1;
    assert_eq!(Snapshot::from_bytes(&future), Err(BadSnapshot::Version(VERSION + 1)));
}

#[test]
fn a_text_is_no_snapshot() {
    assert_eq!(Snapshot::from_bytes(b"some text that somebody left under the key"), Err(BadSnapshot::Foreign));
    assert_eq!(Snapshot::from_bytes(b""), Err(BadSnapshot::Torn));
}

/// Bytes behind a sound header, with the right checksum: only the packing is wrong.
fn sealed(body: &[u8]) -> Vec<u8> {
    let mut bytes = snapshot(1).to_bytes();
    bytes.truncate(HEADER);
    bytes.extend_from_slice(body);
    let sum = checksum(&bytes).to_le_bytes();
    bytes[CHECKSUM].copy_from_slice(&sum);
    bytes
}

proptest! {
    #[test]
    fn whatever_lies_under_the_key_nothing_panics(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        body in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let _ = Snapshot::from_bytes(&bytes);
        let _ = Snapshot::from_bytes(&sealed(&body));
    }
}

#[test]
fn what_was_learned_is_bounded_and_more_of_it_is_not_believed() {
    let all = learned(LEARNED_CELLS_MAX as u64 + 100);
    let full = Snapshot { learned: all, ..snapshot(0) }.to_bytes();
    assert!(full.len() < LEARNED_CELLS_MAX * 300, "{} bytes", full.len());
    assert_eq!(Snapshot::from_bytes(&full).unwrap().learned.cells.len(), LEARNED_CELLS_MAX);
    let endless = Learned { days: vec![1.0; 3_000], ..Learned::default() };
    let endless = Snapshot { learned: endless, ..snapshot(0) }.to_bytes();
    assert_eq!(Snapshot::from_bytes(&endless), Err(BadSnapshot::Foreign));
}
