use super::*;

fn log() -> Log {
    let mut log = Log::default();
    log.open(SessionId(3), Generation(7));
    log
}

fn break_after(unanswered: u32) -> Notice {
    Notice::PutOnBreak { unanswered }
}

fn texts(told: &[Told]) -> Vec<String> {
    let text = |told: &Told| match (&told.cursor, &told.news) {
        (Some(cursor), News::Notice(Notice::PutOnBreak { unanswered })) => format!("{cursor}: {unanswered}"),
        (None, News::Resumed { complete, again }) => format!("{complete}, {again}"),
        other => panic!("{other:?}"),
    };
    told.iter().map(text).collect()
}

#[test]
fn whoever_comes_back_hears_what_was_missed_in_order() {
    let mut log = log();
    let heard = log.write(&break_after(1), 0).unwrap();
    log.write(&break_after(2), 0);
    log.write(&break_after(3), 0);
    assert_eq!(texts(&log.since(heard)), ["true, 2", "3-7.2: 2", "3-7.3: 3"]);
}

#[test]
fn what_is_confirmed_is_not_kept() {
    let mut log = log();
    log.write(&break_after(1), 0);
    log.write(&break_after(2), 1);
    assert_eq!(log.kept.len(), 1);
}

#[test]
fn an_app_that_confirms_nothing_costs_little_and_is_told_that_something_is_missing() {
    let mut log = log();
    let heard = log.write(&break_after(0), 0).unwrap();
    for number in 1..100 {
        log.write(&break_after(number), 0);
    }
    assert_eq!(log.kept.len(), KEPT_MAX);
    assert_eq!(texts(&log.since(heard)), ["false, 0"]);
}

#[test]
fn a_cursor_of_another_count_resumes_nothing() {
    let mut log = log();
    log.write(&break_after(1), 0);
    assert_eq!(texts(&log.since("2-7.1".parse().unwrap())), ["false, 0"]);
    assert_eq!(texts(&log.since("3-7.2".parse().unwrap())), ["false, 0"], "a number that was never given");
    assert_eq!(texts(&Log::default().since("3-7.1".parse().unwrap())), ["false, 0"], "nothing was ever told");
}

#[test]
fn a_cursor_is_read_as_it_was_written_and_nothing_else_is_one() {
    let cursor = log().write(&break_after(1), 0).unwrap();
    assert_eq!(cursor.to_string().parse(), Ok(cursor));
    for text in ["", "3", "3-7", "3.1", "3-7.", "-7.1", "3-7.-1", "3-7.+1", "3-7.1.1", "99999999999999999999-1.1"] {
        assert_eq!(text.parse::<Cursor>(), Err(NotACursor), "{text}");
    }
}
