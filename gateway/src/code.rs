//! Every way a door says no, with its name on the wire, its HTTP status and its title.
//!
//! Lives here: the codes, and the one match from a code to a status.
//! Stays out: what exactly was wrong; see [`crate::problem::Problem`] and [`crate::fields::Mistake`].
//! Touch with care: clients switch on the names. A name that was sent once keeps its meaning.

use axum::http::StatusCode;

/// What a client's program can switch on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// The text is not JSON, or ends in the middle.
    MalformedJson,
    /// A field that this message does not have.
    UnknownField,
    /// A field that this message must have.
    MissingField,
    /// A field that is there twice.
    RepeatedField,
    /// A field holds what it may not.
    BadValue,
    /// A message of a type this socket does not know.
    UnknownType,
    /// A binary frame on a socket that speaks JSON text.
    BinaryFrame,
    /// A message to a socket that only listens.
    UnexpectedMessage,
    /// A frame larger than the limit.
    FrameTooLarge,
    /// A body larger than the limit.
    BodyTooLarge,
    /// A body that took too long to arrive.
    BodyTooSlow,
    /// A body that is not JSON by its own header.
    UnsupportedMediaType,
    /// A plain request where a WebSocket was due.
    UpgradeRequired,
    /// No such address.
    NotFound,
    /// The address exists, but not for this method.
    MethodNotAllowed,
    /// No token was given.
    TokenMissing,
    /// The token is not a JWT.
    TokenMalformed,
    /// The token is longer than the limit.
    TokenTooLarge,
    /// The token is signed with an algorithm that is not taken here, or not at all.
    TokenAlgorithm,
    /// The token is signed with a key that nobody here knows.
    TokenKeyUnknown,
    /// The signature is not ours.
    TokenForged,
    /// The token's time is over.
    TokenExpired,
    /// The token's time has not come.
    TokenNotYetValid,
    /// The token was issued by someone else, or for someone else.
    TokenIssuer,
    /// The token lacks a claim, or holds one that makes no sense.
    TokenClaims,
    /// The keys that tokens are checked with cannot be had.
    KeysUnavailable,
    /// The token is good, but not for this door.
    WrongRole,
    /// The idempotency key was used for another request.
    KeyReused,
    /// The quote is none of ours, or was changed.
    QuoteInvalid,
    /// The quote was made for something else, or someone else.
    QuoteMismatch,
    /// The quote's time is over.
    QuoteExpired,
    /// The rider has as many rides for later as one may have.
    TooManyBooked,
    /// The offer is no longer open.
    OfferGone,
    /// The driver is not on that trip.
    NotYourTrip,
    /// Nobody knows that trip, or not this rider.
    UnknownTrip,
    /// The trip stands so that this cannot happen to it.
    IllegalStep,
    /// Others may ride along: the way cannot be changed.
    SharedRide,
    /// What is to be changed has changed since it was looked at.
    Outdated,
    /// The way was changed as often as it may be.
    TooManyChanges,
    /// The ride would have more stops than it may have.
    TooManyStops,
    /// It is too early for that.
    TooEarly,
    /// The rider has as many trips as one may have.
    TooManyTrips,
    /// The rider has called off too often.
    TooManyCancellations,
    /// The driver has gone home as often as one may in a day.
    GoHomeUsedUp,
    /// The driver must be on line for that.
    NotOnline,
    /// More than one person, or one address, may ask for in a while.
    RateLimited,
    /// Too much at once.
    Busy,
    /// The store does not answer.
    StoreUnavailable,
    /// The server is not ready yet.
    Starting,
    /// The server takes nobody new.
    Draining,
    /// The server is going away.
    Stopping,
    /// The server did not answer in time; whether it was done is unknown.
    TimedOut,
    /// Something that should not happen did.
    Internal,
}

impl Code {
    /// Every code, for documentation and tests.
    pub const ALL: [Code; 53] = [
        Code::MalformedJson,
        Code::UnknownField,
        Code::MissingField,
        Code::RepeatedField,
        Code::BadValue,
        Code::UnknownType,
        Code::BinaryFrame,
        Code::UnexpectedMessage,
        Code::FrameTooLarge,
        Code::BodyTooLarge,
        Code::BodyTooSlow,
        Code::UnsupportedMediaType,
        Code::UpgradeRequired,
        Code::NotFound,
        Code::MethodNotAllowed,
        Code::TokenMissing,
        Code::TokenMalformed,
        Code::TokenTooLarge,
        Code::TokenAlgorithm,
        Code::TokenKeyUnknown,
        Code::TokenForged,
        Code::TokenExpired,
        Code::TokenNotYetValid,
        Code::TokenIssuer,
        Code::TokenClaims,
        Code::KeysUnavailable,
        Code::WrongRole,
        Code::KeyReused,
        Code::QuoteInvalid,
        Code::QuoteMismatch,
        Code::QuoteExpired,
        Code::TooManyBooked,
        Code::OfferGone,
        Code::NotYourTrip,
        Code::UnknownTrip,
        Code::IllegalStep,
        Code::SharedRide,
        Code::Outdated,
        Code::TooManyChanges,
        Code::TooManyStops,
        Code::TooEarly,
        Code::TooManyTrips,
        Code::TooManyCancellations,
        Code::GoHomeUsedUp,
        Code::NotOnline,
        Code::RateLimited,
        Code::Busy,
        Code::StoreUnavailable,
        Code::Starting,
        Code::Draining,
        Code::Stopping,
        Code::TimedOut,
        Code::Internal,
    ];

    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Code::MalformedJson => "malformed_json",
            Code::UnknownField => "unknown_field",
            Code::MissingField => "missing_field",
            Code::RepeatedField => "repeated_field",
            Code::BadValue => "bad_value",
            Code::UnknownType => "unknown_type",
            Code::BinaryFrame => "binary_frame",
            Code::UnexpectedMessage => "unexpected_message",
            Code::FrameTooLarge => "frame_too_large",
            Code::BodyTooLarge => "body_too_large",
            Code::BodyTooSlow => "body_too_slow",
            Code::UnsupportedMediaType => "unsupported_media_type",
            Code::UpgradeRequired => "upgrade_required",
            Code::NotFound => "not_found",
            Code::MethodNotAllowed => "method_not_allowed",
            Code::TokenMissing => "token_missing",
            Code::TokenMalformed => "token_malformed",
            Code::TokenTooLarge => "token_too_large",
            Code::TokenAlgorithm => "token_algorithm",
            Code::TokenKeyUnknown => "token_key_unknown",
            Code::TokenForged => "token_forged",
            Code::TokenExpired => "token_expired",
            Code::TokenNotYetValid => "token_not_yet_valid",
            Code::TokenIssuer => "token_issuer",
            Code::TokenClaims => "token_claims",
            Code::KeysUnavailable => "keys_unavailable",
            Code::WrongRole => "wrong_role",
            Code::KeyReused => "key_reused",
            Code::QuoteInvalid => "quote_invalid",
            Code::QuoteMismatch => "quote_mismatch",
            Code::QuoteExpired => "quote_expired",
            Code::TooManyBooked => "too_many_booked",
            Code::OfferGone => "offer_gone",
            Code::NotYourTrip => "not_your_trip",
            Code::UnknownTrip => "unknown_trip",
            Code::IllegalStep => "illegal_step",
            Code::SharedRide => "shared_ride",
            Code::Outdated => "outdated",
            Code::TooManyChanges => "too_many_changes",
            Code::TooManyStops => "too_many_stops",
            Code::TooEarly => "too_early",
            Code::TooManyTrips => "too_many_trips",
            Code::TooManyCancellations => "too_many_cancellations",
            Code::GoHomeUsedUp => "go_home_used_up",
            Code::NotOnline => "not_online",
            Code::RateLimited => "rate_limited",
            Code::Busy => "busy",
            Code::StoreUnavailable => "store_unavailable",
            Code::Starting => "starting",
            Code::Draining => "draining",
            Code::Stopping => "stopping",
            Code::TimedOut => "timed_out",
            Code::Internal => "internal",
        }
    }

    /// The HTTP status. The only place that knows it.
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Code::MalformedJson | Code::UnknownField | Code::MissingField | Code::RepeatedField => {
                StatusCode::BAD_REQUEST
            }
            Code::BadValue | Code::UnknownType | Code::BinaryFrame | Code::UnexpectedMessage => StatusCode::BAD_REQUEST,
            Code::FrameTooLarge | Code::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Code::BodyTooSlow => StatusCode::REQUEST_TIMEOUT,
            Code::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Code::UpgradeRequired => StatusCode::UPGRADE_REQUIRED,
            Code::NotFound | Code::UnknownTrip => StatusCode::NOT_FOUND,
            Code::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Code::TokenMissing | Code::TokenMalformed | Code::TokenTooLarge => StatusCode::UNAUTHORIZED,
            Code::TokenAlgorithm | Code::TokenForged | Code::TokenExpired => StatusCode::UNAUTHORIZED,
            Code::TokenNotYetValid | Code::TokenIssuer | Code::TokenClaims | Code::TokenKeyUnknown => {
                StatusCode::UNAUTHORIZED
            }
            Code::WrongRole | Code::NotYourTrip => StatusCode::FORBIDDEN,
            Code::KeyReused | Code::QuoteInvalid | Code::QuoteMismatch => StatusCode::UNPROCESSABLE_ENTITY,
            Code::QuoteExpired | Code::TooManyBooked => StatusCode::CONFLICT,
            Code::SharedRide | Code::TooManyChanges | Code::TooManyStops => StatusCode::CONFLICT,
            Code::Outdated => StatusCode::PRECONDITION_FAILED,
            Code::OfferGone | Code::IllegalStep | Code::NotOnline | Code::TooEarly => StatusCode::CONFLICT,
            Code::TooManyTrips | Code::TooManyCancellations | Code::GoHomeUsedUp => StatusCode::TOO_MANY_REQUESTS,
            Code::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            Code::KeysUnavailable => StatusCode::SERVICE_UNAVAILABLE,
            Code::Busy | Code::StoreUnavailable | Code::Starting => StatusCode::SERVICE_UNAVAILABLE,
            Code::Draining | Code::Stopping => StatusCode::SERVICE_UNAVAILABLE,
            Code::TimedOut => StatusCode::GATEWAY_TIMEOUT,
            Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The same in a few words for people.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Code::MalformedJson => "The text is not JSON",
            Code::UnknownField => "A field is unknown",
            Code::MissingField => "A field is missing",
            Code::RepeatedField => "A field is there twice",
            Code::BadValue => "A field holds what it may not",
            Code::UnknownType => "The type of the message is unknown",
            Code::BinaryFrame => "This socket speaks JSON text",
            Code::UnexpectedMessage => "This socket only tells",
            Code::FrameTooLarge => "The frame is too large",
            Code::BodyTooLarge => "The body is too large",
            Code::BodyTooSlow => "The body came too slowly",
            Code::UnsupportedMediaType => "The body must be application/json",
            Code::UpgradeRequired => "This address is a WebSocket",
            Code::NotFound => "There is nothing here",
            Code::MethodNotAllowed => "The method is not for this address",
            Code::TokenMissing => "A token is needed",
            Code::TokenMalformed => "The token is not a JWT",
            Code::TokenTooLarge => "The token is too long",
            Code::TokenAlgorithm => "The token's algorithm is not taken here",
            Code::TokenKeyUnknown => "The token's key is not known here",
            Code::TokenForged => "The token's signature is wrong",
            Code::TokenExpired => "The token has expired",
            Code::TokenNotYetValid => "The token is not valid yet",
            Code::TokenIssuer => "The token was made by or for someone else",
            Code::TokenClaims => "The token's claims make no sense",
            Code::KeysUnavailable => "No token can be checked at the moment",
            Code::WrongRole => "The token is not for this door",
            Code::KeyReused => "The idempotency key was used for another request",
            Code::QuoteInvalid => "The quote is not one of this server",
            Code::QuoteMismatch => "The quote was made for something else",
            Code::QuoteExpired => "The quote has expired",
            Code::TooManyBooked => "Too many rides for later",
            Code::OfferGone => "The offer is no longer open",
            Code::NotYourTrip => "The trip is not yours",
            Code::UnknownTrip => "The trip is unknown",
            Code::IllegalStep => "The trip stands so that this cannot happen",
            Code::SharedRide => "The way of a shared ride cannot be changed",
            Code::Outdated => "It has changed since it was looked at",
            Code::TooManyChanges => "The way was changed as often as it may be",
            Code::TooManyStops => "The ride would have too many stops",
            Code::TooEarly => "It is too early for that",
            Code::TooManyTrips => "The rider has as many trips as one may have",
            Code::TooManyCancellations => "The rider has called off too often",
            Code::GoHomeUsedUp => "The driver has gone home often enough today",
            Code::NotOnline => "The driver is not on line",
            Code::RateLimited => "Too many requests",
            Code::Busy => "Too busy",
            Code::StoreUnavailable => "The store does not answer",
            Code::Starting => "The server is starting",
            Code::Draining => "The server takes nobody new",
            Code::Stopping => "The server is stopping",
            Code::TimedOut => "No answer in time",
            Code::Internal => "Something went wrong here",
        }
    }
}
