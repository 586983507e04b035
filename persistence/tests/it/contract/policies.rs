//! What a store keeps of changes of the policy.

use std::collections::BTreeMap;
use std::sync::Arc;

use dispatch::Timestamp;
use persistence::{PolicyDiff, PolicyRevision, Store};

fn revision(number: u64, to: &str) -> PolicyRevision {
    let diff = PolicyDiff { from: "2".to_owned(), to: to.to_owned() };
    PolicyRevision {
        revision: number,
        at: Timestamp::from_millis(1_000 * number),
        by: format!("kim \"{number}\""),
        reason: "it rains \u{1f327}".to_owned(),
        diff: BTreeMap::from([("policy.match_every".to_owned(), diff)]),
        overrides: BTreeMap::from([("policy.match_every".to_owned(), to.to_owned())]),
    }
}

pub(crate) async fn a_change_of_the_policy_comes_back_as_it_was_made(store: Arc<dyn Store>) {
    assert_eq!(store.policy_latest().await.unwrap(), None);
    assert_eq!(store.policy_history(None, 10).await.unwrap(), []);
    let all: Vec<PolicyRevision> = (1..=5).map(|number| revision(number, &number.to_string())).collect();
    for next in &all {
        assert!(store.policy_change(next.clone()).await.unwrap());
        assert_eq!(store.policy_latest().await.unwrap().as_ref(), Some(next));
    }
    let history = store.policy_history(None, 2).await.unwrap();
    assert_eq!(history, [all[4].clone(), all[3].clone()], "the latest first");
    let rest = store.policy_history(Some(4), 100).await.unwrap();
    assert_eq!(rest, [all[2].clone(), all[1].clone(), all[0].clone()]);
    assert_eq!(store.policy_history(Some(1), 100).await.unwrap(), []);
}

pub(crate) async fn of_many_who_change_the_policy_one_is_first(store: Arc<dyn Store>) {
    for wrong in [0, 2] {
        let refused = store.policy_change(revision(wrong.max(2), "x")).await.unwrap();
        assert!(!refused, "there is no revision before {wrong}");
    }
    for number in 1..=3 {
        let asked = (0..8).map(|who| {
            let (store, next) = (Arc::clone(&store), revision(number, &who.to_string()));
            tokio::spawn(async move { store.policy_change(next).await.unwrap() })
        });
        let mut first = 0;
        for done in asked.collect::<Vec<_>>() {
            first += usize::from(done.await.unwrap());
        }
        assert_eq!(first, 1);
    }
    assert_eq!(store.policy_history(None, 100).await.unwrap().len(), 3);
}
