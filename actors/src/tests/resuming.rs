//! Connections that break and come back: what was missed is said again.

use super::*;
use crate::{Cursor, News, Told};

/// The next thing told, whatever it is.
async fn next(session: &mut DriverSession) -> Told {
    let told = tokio::time::timeout(Duration::from_secs(20), session.next()).await;
    told.expect("it comes in time").expect("the session lives")
}

/// The cursor of the offer, and its name.
async fn cursor_of_the_offer(session: &mut DriverSession) -> (Cursor, OfferId) {
    loop {
        if let Told { cursor: Some(cursor), news: News::Notice(Notice::Offer(offer)) } = next(session).await {
            return (cursor, offer.id);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offer_outlives_the_connection_and_can_be_accepted_over_the_next() {
    let scene = scene().await;
    let mut ann = scene.driver().await;
    let asked = scene.request("one").await.unwrap().view.trip.id;
    let (heard, shown) = cursor_of_the_offer(&mut ann).await;
    drop(ann);
    let mut ann = scene.city.resume_session(DriverId::new("ann").unwrap(), heard).await.unwrap();
    assert_eq!(next(&mut ann).await.news, News::Resumed { complete: true, again: 0 });
    assert_eq!(offer(&mut ann).await, shown, "the same offer, shown again");
    ann.answer(shown, true, Some(2)).await.unwrap();
    trip(&mut ann, StageName::EnRoute).await;
    assert_eq!(shown.trip, asked);
    scene.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happened_while_the_line_was_lost_is_told_first_and_only_to_who_asks() {
    let scene = scene().await;
    let mut ann = scene.driver().await;
    let asked = scene.request("one").await.unwrap().view.trip.id;
    let (heard, shown) = cursor_of_the_offer(&mut ann).await;
    drop(ann);
    scene.city.cancel(asked, Party::Rider, CancelReason::ChangedMind).await.unwrap();
    // The word of it may still be on its way to the driver's actor.
    let missed = loop {
        let mut ann = scene.city.resume_session(DriverId::new("ann").unwrap(), heard).await.unwrap();
        let News::Resumed { complete, again } = next(&mut ann).await.news else { panic!("that comes first") };
        assert!(complete);
        if again == 1 {
            break next(&mut ann).await;
        }
        drop(ann);
    };
    assert!(matches!(missed.news, News::Notice(Notice::Withdrawn { offer, .. }) if offer == shown), "{missed:?}");

    let mut ann = scene.city.open_session(DriverId::new("ann").unwrap()).await.unwrap();
    let first = next(&mut ann).await;
    assert!(matches!(first.news, News::Notice(Notice::Standing { .. })), "who does not ask is told how things stand");
    ann.farewell();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_says_farewell_is_not_waited_for() {
    let scene = scene().await;
    let mut ann = scene.driver().await;
    scene.request("one").await.unwrap();
    let (heard, _) = cursor_of_the_offer(&mut ann).await;
    ann.farewell();
    drop(ann);
    let mut ann = scene.city.resume_session(DriverId::new("ann").unwrap(), heard).await.unwrap();
    let availability = hear(&mut ann, |notice| match notice {
        Notice::Standing { availability, .. } => Some(*availability),
        _ => None,
    });
    assert_eq!(availability.await, Availability::Offline);
}
