//! The document that apps are generated from says what the code says, and every example in it is true.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::*;

fn document() -> Value {
    serde_json::from_str(crate::doors::ASYNCAPI).expect("asyncapi.json is JSON")
}

/// The messages of one speaker, by type: the schema of each as a document of its own, and its examples.
fn messages(document: &Value, speaker: &str) -> BTreeMap<String, (Value, Vec<Value>)> {
    let all = document["components"]["messages"].as_object().expect("messages");
    let of_speaker = all.iter().filter_map(|(key, message)| Some((key.strip_prefix(speaker)?, message)));
    let in_json = of_speaker.filter(|(_, message)| message["contentType"] == "application/json");
    let described = in_json.map(|(kind, message)| {
        let mut schema = message["payload"].clone();
        // References lead into the components: they come along.
        schema["components"] = document["components"].clone();
        let examples = message["examples"].as_array().expect("examples").iter();
        (kind.to_owned(), (schema, examples.map(|example| example["payload"].clone()).collect()))
    });
    described.collect()
}

fn must_fit(schema: &Value, message: &Value) {
    let schema = jsonschema::validator_for(schema).expect("a schema");
    let wrong: Vec<String> =
        schema.iter_errors(message).map(|wrong| format!("{}: {wrong}", wrong.instance_path())).collect();
    assert_eq!(wrong, Vec::<String>::new(), "{message}");
}

/// Whether the document knows every field that is said.
fn must_be_declared(schema: &Value, message: &Value) {
    let declared = schema["properties"].as_object().expect("properties");
    for field in message.as_object().expect("an object").keys() {
        assert!(declared.contains_key(field), "{field} of {message} is not in the document");
    }
}

fn kind(message: &Value) -> String {
    message["type"].as_str().expect("a type").to_owned()
}

#[test]
fn whatever_the_document_lets_a_driver_say_is_understood() {
    let document = document();
    let messages = messages(&document, "driver.says.");
    for (schema, examples) in messages.values() {
        assert!(!examples.is_empty());
        for example in examples {
            must_fit(schema, example);
            FromDriver::read(&example.to_string()).unwrap_or_else(|wrong| panic!("{example}: {}", wrong.mistake));
        }
    }
    let Mistake { allowed, .. } = FromDriver::read(r#"{"type":"?"}"#).unwrap_err().mistake;
    let understood: BTreeSet<String> =
        allowed.unwrap().trim_start_matches("one of ").split(", ").map(str::to_owned).collect();
    assert_eq!(messages.into_keys().collect::<BTreeSet<_>>(), understood);
}

/// One of each message to a driver, with everything in it that there may be.
fn said_to_drivers() -> Vec<Value> {
    let ask = DriverAsk { session: SessionId(3), number: Some(5) };
    let mut order = Order::new(here(), there());
    order.needs = Needs::new(Some(Class::Xl), 6, true, false).unwrap();
    (order.pickup_at, order.shared) = (Some(at(9_000)), true);
    order.stops = Stops::new([here()]).unwrap();
    let cancelled = Stage::Cancelled {
        by: dispatch::Party::Rider,
        driver: Some(ann()),
        reason: dispatch::CancelReason::ChangedMind,
        fee: dispatch::FeeStage::Free,
    };
    let mut off = trip(cancelled, 3);
    off.order = order;
    off.route = dispatch::Route { changes: 1, ..dispatch::Route::default() };
    let standing = Notice::Standing {
        ask: Some(ask),
        availability: Availability::EnRoute,
        trip: Some(off.clone()),
        last_trip: true,
        homeward_until: Some(at(9_000)),
    };
    let offer =
        Offer { id: offer_id(), order, pickup_eta: Duration::from_secs(60), until: at(9_000), after: Some(trip_id()) };
    let suggested =
        Suggested { id: 7, to: there(), drive: Duration::from_secs(60), expected: 2.4, cars: 1, until: at(9) };
    let reason = GiveBackReason::WentDark;
    let notices = [
        standing,
        Notice::Offer(offer),
        Notice::Withdrawn { offer: offer_id(), why: Withdrawal::Taken },
        Notice::Promised { offer: offer_id(), ask },
        Notice::Declined { offer: offer_id(), ask },
        Notice::Trip { trip: off, ask: Some(ask) },
        Notice::AreYouComing { trip: trip_id(), reason },
        Notice::TakenBack { trip: trip_id(), reason },
        Notice::PutOnBreak { unanswered: 3 },
        Notice::Suggestion(suggested),
        Notice::Refused { ask, why: Refusal::IllegalStep { from: StageName::EnRoute, wanted: "dropped_off" } },
    ];
    let cursor: actors::Cursor = "3-7.12".parse().unwrap();
    let counted = |notice: &Notice| {
        let message = ToDriver::notice(notice, at(1)).expect("it is for the app");
        json(&Counted { message, cursor: Some(cursor.to_string()) })
    };
    let mut said: Vec<Value> = notices.iter().map(counted).collect();
    let bad = FromDriver::read(r#"{"type":"accept","id":5,"offer":"x"}"#).unwrap_err();
    let ann = ann();
    said.extend(
        [
            ToDriver::Welcome {
                re: Some(1),
                driver: &ann,
                session: 3,
                server_time_ms: 5,
                sent_at_ms: Some(4),
                ping_every_ms: 10_000,
                time_scale: 1.0,
            },
            ToDriver::Resumed { complete: true, again: 2 },
            ToDriver::Cadence { ping_every_ms: 10_000, pace: "idle", slowdown: 1 },
            ToDriver::refused(Some(5), &Refusal::Busy { retry_after: Duration::from_secs(1) }),
            ToDriver::ping_dropped(7),
            ToDriver::Ack { seq: 7 },
            ToDriver::error(bad),
            ToDriver::Superseded,
            ToDriver::Closing { retry_after_ms: 2_472 },
        ]
        .iter()
        .map(json),
    );
    said
}

#[test]
fn whatever_a_driver_is_told_is_in_the_document() {
    let document = document();
    let messages = messages(&document, "driver.hears.");
    let said = said_to_drivers();
    for message in &said {
        let (schema, _) = messages.get(&kind(message)).unwrap_or_else(|| panic!("{message} is not in the document"));
        must_fit(schema, message);
        must_be_declared(schema, message);
    }
    let told: BTreeSet<String> = said.iter().map(kind).collect();
    assert_eq!(told, messages.keys().cloned().collect());
    for (schema, examples) in messages.values() {
        for example in examples {
            must_fit(schema, example);
            must_be_declared(schema, example);
        }
    }
}

#[test]
fn whatever_a_watcher_is_told_is_in_the_document() {
    let document = document();
    let messages = messages(&document, "rider.hears.");
    let car = CarPosition { point: here(), at: at(1_000), heading: Some(90.0), accuracy: Some(geo::Meters::whole(8)) };
    let eta = Eta { time: Duration::from_secs(60), by: "roads", instead_of: Some("zones") };
    let mut view = TripView {
        eta: Some(eta),
        next_stop_eta: Some(eta),
        promised: Some(ann()),
        shared_with: 1,
        ..view(Stage::EnRoute { driver: ann() }, 2, Some(car))
    };
    view.trip.stage = Stage::InProgress { driver: ann() };
    view.trip.order.stops = Stops::new([here()]).unwrap();
    view.trip.route = dispatch::Route { changes: 1, ..dispatch::Route::default() };
    let told = json(&News::Trip(TripBody::now(&view, at(3_000), &dispatch::Policy::default().fares)));
    let (schema, _) = &messages["trip"];
    must_fit(schema, &told);
    must_be_declared(schema, &told);
    assert_eq!(told["car"]["uncertainty_m"], json!(36), "8 m, and 2 s at 14 m/s");
    for (kind, (schema, examples)) in &messages {
        assert_eq!(examples.len(), 1, "{kind}");
        must_fit(schema, &examples[0]);
        must_be_declared(schema, &examples[0]);
    }
}

#[test]
fn the_protocol_in_words_knows_every_message() {
    let (document, words) = (document(), include_str!("../../../PROTOCOL.md"));
    for message in document["components"]["messages"].as_object().unwrap().keys() {
        let kind = message.rsplit('.').next().unwrap();
        assert!(words.contains(&format!("`{kind}`")) || words.contains(&format!("\"type\":\"{kind}\"")), "{kind}");
    }
}
