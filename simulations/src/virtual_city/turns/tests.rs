use proptest::prelude::*;

use super::*;

fn turn() -> impl Strategy<Value = Turn> {
    prop_oneof![Just(Turn::Ask), (0usize..6).prop_map(Turn::Ping), (0usize..3).prop_map(Turn::Driver)]
}

#[test]
fn a_driver_has_one_turn_at_a_moment_however_often_it_is_planned() {
    let mut turns = Turns::default();
    let at = Timestamp::from_millis(7);
    for _ in 0..3 {
        turns.plan(at, Turn::Driver(2));
    }
    assert_eq!(turns.take(), Some(Turn::Driver(2)));
    assert_eq!(turns.take(), None);
    turns.plan(at, Turn::Driver(2));
    assert_eq!(turns.next_at(), Some(at));
}

proptest! {
    #[test]
    fn turns_come_in_the_order_of_time_and_of_one_moment_as_they_were_planned(
        steps in prop::collection::vec(prop::option::weighted(0.6, (0u64..12, turn())), 0..300),
    ) {
        let (mut turns, mut expected) = (Turns::default(), Vec::new());
        for (number, step) in steps.into_iter().enumerate() {
            if let Some((at, turn)) = step {
                turns.plan(Timestamp::from_millis(at), turn);
                let known = expected.iter().any(|&(planned, _, other)| planned == at && other == turn);
                if !(known && matches!(turn, Turn::Driver(_))) {
                    expected.push((at, number, turn));
                }
            } else {
                let next = expected.iter().copied().min_by_key(|&(at, number, _)| (at, number));
                expected.retain(|planned| Some(*planned) != next);
                prop_assert_eq!(turns.next_at(), next.map(|(at, _, _)| Timestamp::from_millis(at)));
                prop_assert_eq!(turns.take(), next.map(|(_, _, turn)| turn));
            }
        }
    }
}
