//! Who gets which ride. Decides, never acts: state, input and time go in, effects come out.
//!
//! Lives here: the state machines of trips and drivers, the shard that holds positions and plans matches, the
//! protocol between them, the policy, the invariants.
//! Stays out: sockets, stores, clocks, randomness, threads, serialized forms.
//! Touch with care: [`Trip::apply`] is what every replay of a journal depends on; the order of steps in
//! [`LiveTrip`] and [`LiveDriver`] is what keeps a driver on one trip.

mod absent;
mod cancellation;
mod cap;
mod cost;
mod driver;
mod explain;
mod fare;
mod forecast;
mod hint;
mod ids;
pub mod invariants;
mod learned;
mod live_shard;
mod live_trip;
mod order;
mod pace;
mod places;
mod plan;
mod policy;
pub mod pool;
mod protocol;
mod quote;
mod reposition;
mod slots;
mod stops;
mod surge;
mod time;
mod track;
mod trip;
mod value;
mod vehicle;

pub use absent::{Absent, to_absent_driver, to_absent_shard, to_absent_trip, to_rebuilding_trip};
pub use cancellation::{CancelReason, FeeStage, GiveBackReason, NotACancelReason, NotAGiveBackReason, fee_stage};
pub use cap::{Cap, RiderCaps, RiderHas, is_under_way};
pub use cost::Factors;
pub use driver::LiveDriver;
pub use explain::{Chronicle, Considered, Decision, Explanation, Fate, Reason, Rule};
pub use fare::{AMOUNT_MAX, BadAmount, Currency, Fare, NotACurrency, NotATariff, PRICE_MAX, Surge, Tariff};
pub use forecast::{Forecast, Rates};
pub use hint::{HINT_LIVES, Hint, Memory, Wish};
pub use ids::{
    DriverId, Epoch, Generation, ID_LENGTH_MAX, NotAnId, OfferId, RiderId, SHARD_RESOLUTION_MAX, SessionId, ShardId,
    TripId,
};
pub use learned::{LEARNED_CELLS_MAX, Learned, LearnedCell, LearnedPrice};
pub use live_shard::{CarNearby, DriverFilter, DriverSeen, Estimate, LiveShard, Present, ShardCounts};
pub use live_trip::{LiveTrip, answer_for_ended, answer_from_record, answer_reroute_of_ended};
pub use order::Order;
pub use pace::{Heard, Pace};
pub use plan::{COST_MAX, Edge, Plan, Prices, Problem, Solver, plan};
pub use policy::{
    BadPickupTime, BadPolicy, BookingPolicy, CadencePolicy, CancellationPolicy, Explaining, FarePolicy, Forward,
    HomewardPolicy, Matching, Method, OfferPolicy, Policy, PoolingPolicy, ProgressPolicy, RepositionPolicy,
    RiderPolicy, StopPolicy, SurgePolicy, WAVE_MAX, Weights,
};
pub use protocol::{
    AskId, Availability, Candidate, CarPosition, Deed, DriverAsk, DriverChange, DriverInput, Effect, Eta, Free,
    HostSays, Notice, Offer, OfferFate, Outcome, Passing, Ping, Proposal, RETRY_AFTER, Refusal, RequestKey, Reroute,
    Seeker, ShardInput, Sharing, Standing, Suggested, TripInput, TripView, TripWrite, Withdrawal, Write, WriteError,
};
pub use quote::{Bound, NotHonoured, Quote};
pub use reposition::{CarNow, Idle, Move, RepositionProblem, Suggestion, Way, Why, reposition, suggest, worth_of_next};
pub use slots::{DayKinds, NotDayKinds, Slots};
pub use stops::{STOPS_MAX, Stops, TooManyStops};
pub use surge::SurgeMap;
pub use time::Timestamp;
pub use track::PLAUSIBLE;
pub use trip::{
    Asked, CallOff, CarStop, DueStop, Event, GUESTS_MOST, Guest, GuestStep, Illegal, Party, Promise, RiderLeg, Route,
    SharedCar, Stage, StageName, StopKind, Trip,
};
pub use value::{ValueTable, Values};
pub use vehicle::{BadSeats, Class, Needs, NotAClass, SEATS_MAX, Vehicle};
