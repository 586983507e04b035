use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::*;

/// Enough for a second or two of all, and so small enough for every change.
const CASES: u32 = 40_000;

/// What is done to a good message.
#[derive(Clone, Debug)]
enum Change {
    Set(usize, u8),
    Insert(usize, Vec<u8>),
    Cut(usize, usize),
    Repeat(usize, usize),
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        let at = |place: &usize| place % (bytes.len() + 1);
        match self {
            Change::Set(place, byte) => {
                let place = at(place);
                if let Some(old) = bytes.get_mut(place) {
                    *old = *byte;
                }
            }
            Change::Insert(place, piece) => {
                let place = at(place);
                bytes.splice(place..place, piece.iter().copied());
            }
            Change::Cut(from, length) => {
                let from = at(from);
                bytes.drain(from..bytes.len().min(from + length));
            }
            Change::Repeat(from, length) => {
                let from = at(from);
                let piece = bytes[from..bytes.len().min(from + length)].to_vec();
                bytes.splice(from..from, piece);
            }
        }
    }
}

/// Pieces that have broken decoders before.
const PIECES: &[&str] = &[
    "1e999",
    "-0",
    "null",
    "\"\"",
    "[[[[[[[[",
    "{}",
    "\u{0}",
    "\u{10ffff}",
    "99999999999999999999",
    "=",
    ",",
    "\n",
    "NaN",
    "\\u0000",
];

fn piece() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![proptest::sample::select(PIECES).prop_map(|text| text.as_bytes().to_vec()), vec(any::<u8>(), 0..8)]
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        (any::<usize>(), any::<u8>()).prop_map(|(place, byte)| Change::Set(place, byte)),
        (any::<usize>(), piece()).prop_map(|(place, piece)| Change::Insert(place, piece)),
        (any::<usize>(), 1..20usize).prop_map(|(from, length)| Change::Cut(from, length)),
        (any::<usize>(), 1..60usize).prop_map(|(from, length)| Change::Repeat(from, length)),
    ]
}

fn attack(target: &Target) {
    let seeds = (target.seeds)();
    for seed in &seeds {
        assert!((target.run)(seed), "{} takes {}", target.name, String::from_utf8_lossy(seed));
    }
    let changed = (proptest::sample::select(seeds), vec(change(), 1..6)).prop_map(|(mut bytes, changes)| {
        changes.iter().for_each(|change| change.apply(&mut bytes));
        bytes
    });
    let input = prop_oneof![3 => changed, 1 => vec(any::<u8>(), 0..600)];
    let mut runner = TestRunner::new(Config { cases: CASES, failure_persistence: None, ..Config::default() });
    let held = runner.run(&input, |bytes| {
        (target.run)(&bytes);
        Ok(())
    });
    assert!(held.is_ok(), "{}: {held:?}", target.name);
}

/// One test for each decoder, so that they run beside each other and are named when they fail.
macro_rules! whatever_the_bytes_are_there_is_an_answer {
    ($($target:ident),+) => {
        $(
            #[test]
            fn $target() {
                attack(TARGETS.iter().find(|target| target.name == stringify!($target)).unwrap());
            }
        )+

        #[test]
        fn no_decoder_is_left_out() {
            assert_eq!(TARGETS.map(|target| target.name), [$(stringify!($target)),+]);
            let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/fuzz_targets");
            for target in TARGETS {
                let text = std::fs::read_to_string(folder.join(format!("{}.rs", target.name))).unwrap();
                assert!(text.contains(&format!("fuzzing::{}(bytes)", target.name)), "{text}");
            }
        }
    };
}

whatever_the_bytes_are_there_is_an_answer!(
    from_driver,
    binary,
    order,
    token,
    quote,
    public_keys,
    settings,
    worth,
    cursor,
    traceparent,
    frames,
    forwarded
);
