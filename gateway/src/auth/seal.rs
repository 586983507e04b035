//! Quotes as riders carry them: signed, so that they come back as they left, also to a server that was restarted.
//!
//! Lives here: the text of a [`Quote`], both ways.
//! Stays out: whether it is honoured ([`Quote::honours`]).
//! Touch with care: quotes are signed with a key of their own, made of the secret and a word. A quote is no token, and a
//! token is no quote, whatever they say of themselves. Times are the city's, so the library checks none.

use dispatch::{Class, Fare, Needs, Order, Quote, RiderId, Stops, Surge, Timestamp};
use geo::Point;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use super::Secret;

/// The longest quote that is looked at; ours have about 400 bytes.
pub(crate) const QUOTE_BYTES_MAX: usize = 1_024;

/// Parts the key of quotes from that of tokens, and from that of another form of quotes.
const WORD: &[u8] = b"hansom quote 1\0";

/// What a quote says.
#[derive(Debug, Serialize, Deserialize)]
struct Said {
    rider: String,
    pickup: [f64; 2],
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    stops: Vec<[f64; 2]>,
    dropoff: [f64; 2],
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<String>,
    seats: u8,
    wheelchair: bool,
    pets: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pickup_at: Option<u64>,
    shared: bool,
    minor: i64,
    currency: String,
    surge: u16,
    until: u64,
}

/// The keys that sign and check quotes.
#[derive(Clone)]
pub(super) struct Seal {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
}

impl Seal {
    pub(super) fn new(secret: &Secret) -> Seal {
        let key = [WORD, secret.bytes()].concat();
        let mut validation = Validation::new(Algorithm::HS256);
        validation.required_spec_claims.clear();
        (validation.validate_exp, validation.validate_aud) = (false, false);
        Seal { encoding: EncodingKey::from_secret(&key), decoding: DecodingKey::from_secret(&key), validation }
    }

    /// The text of a quote; `None` when it has no fare.
    pub(super) fn sign(&self, quote: &Quote) -> Option<String> {
        let Order { pickup, stops, dropoff, needs, pickup_at, shared, fare } = &quote.order;
        let fare = fare.as_ref()?;
        let said = Said {
            rider: quote.rider.to_string(),
            pickup: [pickup.lat(), pickup.lon()],
            stops: stops.iter().map(|stop| [stop.lat(), stop.lon()]).collect(),
            dropoff: [dropoff.lat(), dropoff.lon()],
            class: needs.class().map(|class| class.to_string()),
            seats: needs.seats(),
            wheelchair: needs.wheelchair(),
            pets: needs.pets(),
            pickup_at: pickup_at.map(Timestamp::millis),
            shared: *shared,
            minor: fare.minor(),
            currency: fare.currency().to_string(),
            surge: fare.surge().get(),
            until: quote.until.millis(),
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &said, &self.encoding).ok()
    }

    #[cfg(any(test, feature = "fuzzing"))]
    pub(super) fn sign_anything(&self, said: &serde_json::Value) -> Option<String> {
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), said, &self.encoding).ok()
    }

    /// Reads a quote; `None` when it is not one that was signed here.
    pub(super) fn read(&self, text: &str) -> Option<Quote> {
        if text.len() > QUOTE_BYTES_MAX {
            return None;
        }
        let said = jsonwebtoken::decode::<Said>(text, &self.decoding, &self.validation).ok()?.claims;
        let point = |[lat, lon]: [f64; 2]| Point::new(lat, lon).ok();
        let class = said.class.map(|class| class.parse::<Class>()).transpose().ok()?;
        let order = Order {
            pickup: point(said.pickup)?,
            stops: Stops::new(said.stops.into_iter().map(point).collect::<Option<Vec<Point>>>()?).ok()?,
            dropoff: point(said.dropoff)?,
            needs: Needs::new(class, said.seats, said.wheelchair, said.pets).ok()?,
            pickup_at: said.pickup_at.map(Timestamp::from_millis),
            shared: said.shared,
            fare: Fare::new(said.minor, said.currency.parse().ok()?, Surge::percent(said.surge)?).ok(),
        };
        Some(Quote { rider: RiderId::new(&said.rider).ok()?, order, until: Timestamp::from_millis(said.until) })
    }
}
