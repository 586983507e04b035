use proptest::prelude::*;

use super::*;

#[test]
fn nothing_happens_before_its_time() {
    let mut agenda = Agenda::default();
    agenda.plan(Timestamp::from_millis(5), "late");
    assert_eq!(agenda.take(Timestamp::from_millis(4)), None);
    assert_eq!(agenda.next_at(), Some(Timestamp::from_millis(5)));
    assert_eq!(agenda.take(Timestamp::from_millis(5)), Some((Timestamp::from_millis(5), "late")));
    assert_eq!(agenda.next_at(), None);
}

proptest! {
    #[test]
    fn things_happen_in_the_order_of_time_and_of_one_moment_in_the_order_they_were_planned(
        steps in prop::collection::vec(prop::option::weighted(0.7, 0u64..20), 0..200),
    ) {
        let (mut agenda, mut expected, mut now) = (Agenda::default(), Vec::new(), 0);
        for (number, step) in steps.into_iter().enumerate() {
            match step {
                Some(after) => {
                    agenda.plan(Timestamp::from_millis(now + after), number);
                    expected.push((now + after, number));
                }
                None => {
                    let first = expected.iter().copied().min();
                    expected.retain(|planned| Some(*planned) != first);
                    let taken = agenda.take(Timestamp::from_millis(u64::MAX));
                    prop_assert_eq!(taken.map(|(at, number)| (at.millis(), number)), first);
                    now = first.map_or(now, |(at, _)| at);
                }
            }
        }
        expected.sort_unstable();
        prop_assert_eq!(agenda.take_all(), expected.into_iter().map(|(_, number)| number).collect::<Vec<_>>());
        prop_assert_eq!(agenda.next_at(), None);
    }
}
