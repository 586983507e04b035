use super::*;

#[test]
fn a_receipt_is_given_at_once_and_then_once_a_second_for_the_latest() {
    let start = Instant::now();
    let at = |millis| start + Duration::from_millis(millis);
    let mut receipts = Receipts::default();
    assert_eq!(receipts.due(), None);
    receipts.owe(1, true, at(0));
    assert_eq!(receipts.give(at(0)).map(|receipt| receipt.seq), Some(1));
    for (seq, millis) in [(2, 100), (3, 900)] {
        receipts.owe(seq, true, at(millis));
        assert!(receipts.give(at(millis)).is_none());
    }
    assert_eq!(receipts.due(), Some(at(1_000)));
    assert_eq!(receipts.give(at(1_000)).map(|receipt| receipt.seq), Some(3));
    assert_eq!(receipts.due(), None, "nothing is owed");
    receipts.owe(4, true, at(9_000));
    assert_eq!(receipts.give(at(9_000)).map(|receipt| receipt.seq), Some(4));
}
