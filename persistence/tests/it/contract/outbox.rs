//! The journal's way out.

use std::sync::Arc;

use dispatch::Epoch;
use persistence::{DeadLetter, LetterId, Store};

use crate::street::{NOON, Owner, shard};

fn id(outlet: &str, line: u64) -> LetterId {
    LetterId { outlet: outlet.to_owned(), line }
}

fn letter(outlet: &str, line: u64) -> DeadLetter {
    let event = format!("0198c0de-0000-7000-8000-000000000000.{line}");
    DeadLetter { id: id(outlet, line), event, attempts: 3, reason: "500: no, \"thanks\"".into(), at: NOON, due: false }
}

async fn all(store: &Arc<dyn Store>) -> Vec<DeadLetter> {
    store.dead_letters(None, u32::MAX).await.unwrap()
}

/// Tells events: a store that has not been told of another process gives the right to the one that asks.
async fn held(store: &Arc<dyn Store>) -> Epoch {
    store.hold_events().await.unwrap().unwrap()
}

pub(crate) async fn who_is_alone_holds_the_right_to_tell_events(store: Arc<dyn Store>) {
    let first = held(&store).await;
    store.beat("the only one").await.unwrap();
    assert_eq!(held(&store).await, first);
    assert_eq!(store.advance("billing", 1, first).await.unwrap(), 1);
    store.leave().await.unwrap();
    assert_eq!(held(&store).await, first, "nobody has taken it");
}

pub(crate) async fn a_cursor_never_goes_back(store: Arc<dyn Store>) {
    let held = held(&store).await;
    assert_eq!(store.cursor("billing").await.unwrap(), 0, "nobody has taken anything");
    for (line, reached) in [(7, 7), (3, 7), (7, 7), (0, 7), (8, 8), (1 << 40, 1 << 40), (9, 1 << 40)] {
        assert_eq!(store.advance("billing", line, held).await.unwrap(), reached);
        assert_eq!(store.cursor("billing").await.unwrap(), reached);
    }
}

pub(crate) async fn of_many_who_advance_a_cursor_the_farthest_counts(store: Arc<dyn Store>) {
    let held = held(&store).await;
    let many = (1..=32_u64).map(|number| {
        let store = Arc::clone(&store);
        tokio::spawn(async move { store.advance("billing", number * 11 % 32, held).await.unwrap() })
    });
    for one in many.collect::<Vec<_>>() {
        one.await.unwrap();
    }
    assert_eq!(store.cursor("billing").await.unwrap(), 31);
}

pub(crate) async fn each_outlet_has_a_cursor_of_its_own(store: Arc<dyn Store>) {
    let held = held(&store).await;
    for (outlet, line) in [("billing", 5), ("Billing", 6), ("billing-2", 7)] {
        store.advance(outlet, line, held).await.unwrap();
    }
    for (outlet, line) in [("billing", 5), ("Billing", 6), ("billing-2", 7), ("other", 0)] {
        assert_eq!(store.cursor(outlet).await.unwrap(), line);
    }
}

pub(crate) async fn lines_behind_a_cursor_are_counted_up_to_a_limit(store: Arc<dyn Store>) {
    assert_eq!(store.behind(0, 100).await.unwrap(), 0);
    let owner = Owner::of(&store, shard(0)).await;
    for _ in 0..5 {
        owner.requested().await;
    }
    let lines: Vec<u64> = store.read(0, 100).await.unwrap().into_iter().map(|(line, _)| line).collect();
    assert_eq!(store.behind(0, 100).await.unwrap(), 5);
    assert_eq!(store.behind(0, 3).await.unwrap(), 3);
    assert_eq!(store.behind(lines[1], 100).await.unwrap(), 3);
    assert_eq!(store.behind(lines[4], 100).await.unwrap(), 0);
    assert_eq!(store.behind(u64::MAX, 100).await.unwrap(), 0);
}

pub(crate) async fn a_dead_letter_is_kept_until_it_is_delivered(store: Arc<dyn Store>) {
    assert_eq!(all(&store).await, []);
    let letters = [letter("app", 9), letter("billing", 2), letter("billing", 10)];
    for letter in letters.iter().rev() {
        store.bury(letter.clone()).await.unwrap();
    }
    assert_eq!(all(&store).await, letters, "in the order of their ids");
    assert_eq!(store.dead_letters(None, 2).await.unwrap(), letters[..2]);
    assert_eq!(store.dead_letters(Some(id("app", 9)), 9).await.unwrap(), letters[1..]);
    assert_eq!(store.dead_letters(Some(id("billing", 2)), 9).await.unwrap(), letters[2..]);
    assert_eq!(store.dead_letters(Some(id("billing", 10)), 9).await.unwrap(), []);
    let again = DeadLetter { attempts: 9, reason: "410".into(), ..letters[1].clone() };
    store.bury(again.clone()).await.unwrap();
    assert_eq!(all(&store).await, [letters[0].clone(), again, letters[2].clone()]);
    store.unbury(id("billing", 2)).await.unwrap();
    store.unbury(id("billing", 3)).await.unwrap();
    assert_eq!(all(&store).await, [letters[0].clone(), letters[2].clone()]);
}

pub(crate) async fn a_dead_letter_is_tried_again_when_it_is_due(store: Arc<dyn Store>) {
    assert_eq!(store.redeliver(None).await.unwrap(), 0);
    for letter in [letter("billing", 2), letter("billing", 10), letter("app", 9)] {
        store.bury(letter).await.unwrap();
    }
    assert_eq!(store.due_letter("billing").await.unwrap(), None);
    assert_eq!(store.redeliver(Some(id("billing", 3))).await.unwrap(), 0, "there is none");
    assert_eq!(store.redeliver(Some(id("billing", 10))).await.unwrap(), 1);
    let due = DeadLetter { due: true, ..letter("billing", 10) };
    assert_eq!(store.due_letter("billing").await.unwrap(), Some(due.clone()));
    assert_eq!(store.due_letter("app").await.unwrap(), None);
    assert_eq!(store.redeliver(None).await.unwrap(), 3);
    assert_eq!(store.due_letter("billing").await.unwrap().map(|letter| letter.id), Some(id("billing", 2)));
    assert_eq!(store.due_letter("app").await.unwrap().map(|letter| letter.id), Some(id("app", 9)));
    // Tried in vain, and buried again: it waits for the next order.
    store.bury(letter("billing", 2)).await.unwrap();
    assert_eq!(store.due_letter("billing").await.unwrap(), Some(due));
}
