// Made by `npm run generate`; not to be changed by hand.

export type DriverSays = (DriverSaysHello | DriverSaysOnline | DriverSaysGoHome | DriverSaysOffline | DriverSaysBreak | DriverSaysPing | DriverSaysPings | DriverSaysAck | DriverSaysAccept | DriverSaysDecline | DriverSaysArrived | DriverSaysPickedUp | DriverSaysStopReached | DriverSaysDroppedOff | DriverSaysGiveBack)
export type DriverHears = (DriverHearsWelcome | DriverHearsResumed | DriverHearsStanding | DriverHearsCadence | DriverHearsOffer | DriverHearsWithdrawn | DriverHearsPromised | DriverHearsDeclined | DriverHearsTrip | DriverHearsAreYouComing | DriverHearsTakenBack | DriverHearsPutOnBreak | DriverHearsSuggestion | DriverHearsRefused | DriverHearsAck | DriverHearsError | DriverHearsSuperseded | DriverHearsClosing)
export type RiderHears = (RiderHearsTrip | RiderHearsError | RiderHearsClosing)

export interface Messages {
DriverSays?: DriverSays
DriverHears?: DriverHears
RiderHears?: RiderHears
}
/**
 * Who speaks. Answered by `welcome`, from which a phone sets its clock.
 */
export interface DriverSaysHello {
type: "hello"
/**
 * The app's own number for this command. The answer carries it as `re`.
 */
id?: number
app?: string
/**
 * What the phone's clock shows; `welcome` brings it back.
 */
sent_at_ms?: number
}
/**
 * Wants work, from here, with this vehicle. Answered by `standing`.
 */
export interface DriverSaysOnline {
type: "online"
/**
 * The app's own number for this command. The answer carries it as `re`.
 */
id?: number
/**
 * Degrees, WGS84.
 */
lat: number
/**
 * Degrees, WGS84.
 */
lon: number
vehicle?: Vehicle
home?: Place
}
/**
 * What a driver drives. Whatever is left out: an economy car of four seats.
 */
export interface Vehicle {
class?: ("economy" | "comfort" | "xl" | "premium")
seats?: number
wheelchair?: boolean
pets?: boolean
}
export interface Place {
/**
 * Degrees, WGS84.
 */
lat: number
/**
 * Degrees, WGS84.
 */
lon: number
}
/**
 * Wants only rides that lead home; without `home` any again. Answered by `standing`.
 */
export interface DriverSaysGoHome {
type: "go_home"
/**
 * The app's own number for this command. The answer carries it as `re`.
 */
id?: number
home?: Place
}
/**
 * Wants no more work; on a trip, after it. Answered by `standing`.
 */
export interface DriverSaysOffline {
type: "offline"
/**
 * The app's own number for this command. The answer carries it as `re`.
 */
id?: number
}
/**
 * Wants no work for a moment. Answered by `standing`.
 */
export interface DriverSaysBreak {
type: "break"
/**
 * The app's own number for this command. The answer carries it as `re`.
 */
id?: number
}
/**
 * Is here. Acknowledged by `ack` with the latest `seq`, at most one a second.
 */
export interface DriverSaysPing {
type: "ping"
/**
 * The phone's own number, growing.
 */
seq: number
/**
 * Degrees, WGS84.
 */
lat: number
/**
 * Degrees, WGS84.
 */
lon: number
/**
 * When it was measured, in milliseconds since 1970 on the city's clock. Without it: now.
 */
at_ms?: number
/**
 * Degrees clockwise from north.
 */
heading?: number
/**
 * Metres.
 */
accuracy_m?: number
}
/**
 * Where the driver was while nobody could be told, the oldest first. The latest says where the driver is; all are acknowledged.
 */
export interface DriverSaysPings {
type: "pings"
/**
 * @minItems 1
 * @maxItems 100
 */
pings: Position[]
}
export interface Position {
/**
 * The phone's own number, growing.
 */
seq: number
/**
 * Degrees, WGS84.
 */
lat: number
/**
 * Degrees, WGS84.
 */
lon: number
/**
 * When it was measured, in milliseconds since 1970 on the city's clock. Without it: now.
 */
at_ms?: number
/**
 * Degrees clockwise from north.
 */
heading?: number
/**
 * Metres.
 */
accuracy_m?: number
}
/**
 * Has everything up to this cursor: none of it is said again.
 */
export interface DriverSaysAck {
type: "ack"
/**
 * As the server gave it.
 */
cursor: string
}
/**
 * Says yes to an offer. Answered by `trip` once it is durable, by `promised` for a next ride, or by `refused`.
 */
export interface DriverSaysAccept {
type: "accept"
/**
 * The app's own number for this command. The answer carries it as `re`.
 */
id?: number
offer: string
}
/**
 * Says no to an offer. Answered by `declined`.
 */
export interface DriverSaysDecline {
type: "decline"
/**
 * The app's own number for this command. The answer carries it as `re`.
 */
id?: number
offer: string
}
/**
 * Is at the pickup. Answered by `trip` once it is durable.
 */
export interface DriverSaysArrived {
type: "arrived"
/**
 * The app's own number for this command. The answer carries it as `re`.
 */
id?: number
trip: string
}
/**
 * Has the rider in the car. Answered by `trip` once it is durable.
 */
export interface DriverSaysPickedUp {
type: "picked_up"
/**
 * The app's own number for this command. The answer carries it as `re`.
 */
id?: number
trip: string
}
/**
 * Halts at a stop on the way. Answered by `trip` once it is durable.
 */
export interface DriverSaysStopReached {
type: "stop_reached"
/**
 * The app's own number for this command. The answer carries it as `re`.
 */
id?: number
trip: string
/**
 * The number of the stop, from 1.
 */
stop: number
/**
 * The `rerouted` of the trip as the driver saw it, 0 when it had none: the rider may replace a stop while the car halts at it. Without it the stop is of the way as it is when this arrives. Refused as `outdated` when the trip has another by now.
 */
rerouted?: number
}
/**
 * Has let the rider out. Answered by `trip` once it is durable.
 */
export interface DriverSaysDroppedOff {
type: "dropped_off"
/**
 * The app's own number for this command. The answer carries it as `re`.
 */
id?: number
trip: string
}
/**
 * Gives the trip back, before the rider is in the car. Answered by `trip` once it is durable.
 */
export interface DriverSaysGiveBack {
type: "give_back"
/**
 * The app's own number for this command. The answer carries it as `re`.
 */
id?: number
trip: string
reason?: ("too_far" | "vehicle_problem" | "unsafe" | "rider_no_show" | "other")
}
/**
 * The socket is open. Also the answer to `hello`.
 */
export interface DriverHearsWelcome {
type: "welcome"
/**
 * The number of the command this answers.
 */
re?: number
driver: string
session: number
server_time_ms: number
sent_at_ms?: number
ping_every_ms: number
time_scale: number
}
/**
 * The answer to `?resume=`: so many messages were missed and follow. If not `complete`, some are lost, and what follows is how things stand.
 */
export interface DriverHearsResumed {
type: "resumed"
complete: boolean
again: number
}
/**
 * How the driver stands: after connecting, and as an answer.
 */
export interface DriverHearsStanding {
type: "standing"
/**
 * The number of the command this answers.
 */
re?: number
/**
 * How far the app has heard with this. Kept, and given back as `?resume=` after a lost line.
 */
cursor?: string
availability: ("offline" | "on_break" | "available" | "reserved" | "offered" | "en_route" | "arrived" | "on_trip")
trip?: DriverTrip
/**
 * Off line when the trip ends.
 */
last_trip: boolean
/**
 * Only rides that lead home, for so long.
 */
home_for_ms?: number
}
/**
 * A trip, as its driver sees it.
 */
export interface DriverTrip {
id: string
state: ("scheduled" | "searching" | "en_route" | "arrived" | "in_progress" | "driving_on" | "completed" | "cancelled" | "expired")
/**
 * Grows by 1 with every durable step.
 */
version: number
rider: string
pickup: Place
dropoff: Place
needs?: Needs
/**
 * A ride for later: when.
 */
pickup_at_ms?: number
/**
 * Others may ride along.
 */
shared?: boolean
fare?: Fare
/**
 * While others share the car, or the ride halts on its way: what is to be done for whom, first things first.
 */
stops?: Stop[]
/**
 * Since when it is in this state.
 */
since_ms: number
cancelled_by?: ("rider" | "driver" | "system")
cancel_reason?: string
cancellation_fee_stage?: ("free" | "late" | "no_show")
/**
 * How often the rider has changed the way.
 */
rerouted?: number
}
/**
 * What the vehicle must have.
 */
export interface Needs {
class?: ("economy" | "comfort" | "xl" | "premium")
seats: number
wheelchair: boolean
pets: boolean
}
export interface Fare {
/**
 * Minor units: cents of dollars, whole yen. Surge is in it.
 */
amount_minor: number
/**
 * ISO 4217.
 */
currency: string
/**
 * 1 is none.
 */
surge: number
}
export interface Stop {
trip: string
kind: ("pickup" | "stop" | "dropoff")
leg: ("waiting" | "arrived" | "aboard")
rider: string
place: Place
seats: number
/**
 * The number of a stop on the way, from 1.
 */
stop?: number
}
/**
 * Say where you are so often from now on.
 */
export interface DriverHearsCadence {
type: "cadence"
ping_every_ms: number
pace: ("off" | "idle" | "near_demand" | "en_route" | "on_trip")
/**
 * How many times less often than usual, because the city is sent too much.
 */
slowdown: number
}
/**
 * A ride is offered: answer in time. At most one is open in a session.
 */
export interface DriverHearsOffer {
type: "offer"
/**
 * How far the app has heard with this. Kept, and given back as `?resume=` after a lost line.
 */
cursor?: string
offer: string
trip: string
pickup: Place
dropoff: Place
needs?: Needs
/**
 * A ride for later: when.
 */
pickup_at_ms?: number
/**
 * Others may ride along.
 */
shared?: boolean
fare?: Fare
pickup_eta_ms: number
expires_in_ms: number
/**
 * The ride begins when this trip of the driver's has ended.
 */
after?: string
/**
 * Where the ride halts on its way.
 */
stops?: Place[]
}
/**
 * Forget the offer. It may come while an `accept` is on its way.
 */
export interface DriverHearsWithdrawn {
type: "withdrawn"
/**
 * How far the app has heard with this. Kept, and given back as `?resume=` after a lost line.
 */
cursor?: string
offer: string
why: ("expired" | "taken" | "trip_ended" | "not_committed" | "changed")
}
/**
 * The yes to a next ride was understood: it is the driver's when the present one has ended.
 */
export interface DriverHearsPromised {
type: "promised"
/**
 * The number of the command this answers.
 */
re?: number
/**
 * How far the app has heard with this. Kept, and given back as `?resume=` after a lost line.
 */
cursor?: string
offer: string
}
/**
 * The no was understood.
 */
export interface DriverHearsDeclined {
type: "declined"
/**
 * The number of the command this answers.
 */
re?: number
/**
 * How far the app has heard with this. Kept, and given back as `?resume=` after a lost line.
 */
cursor?: string
offer: string
}
/**
 * The trip is the driver's, or has moved on. It is durable.
 */
export interface DriverHearsTrip {
type: "trip"
/**
 * The number of the command this answers.
 */
re?: number
/**
 * How far the app has heard with this. Kept, and given back as `?resume=` after a lost line.
 */
cursor?: string
trip: DriverTrip
}
/**
 * The car does not come nearer to the pickup: send positions, and come nearer.
 */
export interface DriverHearsAreYouComing {
type: "are_you_coming"
/**
 * How far the app has heard with this. Kept, and given back as `?resume=` after a lost line.
 */
cursor?: string
trip: string
why: ("stalled" | "drove_away" | "went_dark")
}
/**
 * The trip is another driver's; `trip` follows.
 */
export interface DriverHearsTakenBack {
type: "taken_back"
/**
 * How far the app has heard with this. Kept, and given back as `?resume=` after a lost line.
 */
cursor?: string
trip: string
why: ("stalled" | "drove_away" | "went_dark")
}
/**
 * So many offers in a row were not answered; `standing` follows.
 */
export interface DriverHearsPutOnBreak {
type: "put_on_break"
/**
 * How far the app has heard with this. Kept, and given back as `?resume=` after a lost line.
 */
cursor?: string
unanswered: number
}
/**
 * Work is to be expected there. Go, or do not.
 */
export interface DriverHearsSuggestion {
type: "suggestion"
/**
 * How far the app has heard with this. Kept, and given back as `?resume=` after a lost line.
 */
cursor?: string
suggestion: number
to: Place
drive_ms: number
/**
 * Requests within the next quarter of an hour.
 */
expected: number
cars: number
expires_in_ms: number
}
/**
 * Understood and not done.
 */
export interface DriverHearsRefused {
type: "refused"
/**
 * The number of the command this answers.
 */
re?: number
/**
 * How far the app has heard with this. Kept, and given back as `?resume=` after a lost line.
 */
cursor?: string
/**
 * One of the stable codes of `/docs`.
 */
code: string
message: string
offer?: string
trip?: string
state?: ("scheduled" | "searching" | "en_route" | "arrived" | "in_progress" | "driving_on" | "completed" | "cancelled" | "expired")
seq?: number
retry_after_ms?: number
}
/**
 * Positions arrived, up to this one: the phone may forget them.
 */
export interface DriverHearsAck {
type: "ack"
seq: number
}
/**
 * Not understood. The socket stays open.
 */
export interface DriverHearsError {
type: "error"
/**
 * The number of the command this answers.
 */
re?: number
code: string
field?: string
value?: string
allowed?: string
message: string
}
/**
 * A newer connection of the same driver took over: do not come back. Close code 4001 follows.
 */
export interface DriverHearsSuperseded {
type: "superseded"
}
/**
 * Come back after that. Close code 1012 or 1013 follows.
 */
export interface DriverHearsClosing {
type: "closing"
/**
 * Spread over four seconds, so that not everybody comes at once.
 */
retry_after_ms: number
}
/**
 * The trip as it stands, at every change of state and whenever the car moves. The latest position wins on a slow line.
 */
export interface RiderHearsTrip {
type: "trip"
cancellation_fee?: Fee
id: string
state: ("scheduled" | "searching" | "en_route" | "arrived" | "in_progress" | "driving_on" | "completed" | "cancelled" | "expired")
version: number
rider: string
driver?: string
pickup: Place
dropoff: Place
needs?: Needs
/**
 * A ride for later: when.
 */
pickup_at_ms?: number
/**
 * Others may ride along.
 */
shared?: boolean
fare?: Fare
requested_at_ms: number
since_ms: number
cancelled_by?: ("rider" | "driver" | "system")
cancel_reason?: string
cancellation_fee_stage?: ("free" | "late" | "no_show")
car?: Car
/**
 * To the pickup; during the ride to the drop-off, by way of the stops.
 */
eta_ms?: number
eta_source?: ("roads" | "zones" | "straight_line")
eta_instead_of?: string
promised_by?: string
shared_with?: number
promise?: {
pickup_by_ms?: number
ride_max_ms?: number
}
offers: number
history: {
version?: number
state?: ("scheduled" | "searching" | "en_route" | "arrived" | "in_progress" | "driving_on" | "completed" | "cancelled" | "expired")
at_ms?: number
}[]
/**
 * Where the ride halts on its way.
 */
stops?: {
lat: number
lon: number
reached: boolean
}[]
/**
 * How often the way was changed.
 */
rerouted?: number
/**
 * During the ride: the number of the stop that comes next, from 1.
 */
next_stop?: number
next_stop_eta_ms?: number
}
export interface Fee {
amount_minor: number
currency: string
}
export interface Car {
/**
 * Degrees, WGS84.
 */
lat: number
/**
 * Degrees, WGS84.
 */
lon: number
heading?: number
accuracy_m?: number
/**
 * How old the position is.
 */
age_ms: number
/**
 * The car is within so many metres of it by now.
 */
uncertainty_m: number
}
/**
 * This socket tells: whatever is said to it is a mistake.
 */
export interface RiderHearsError {
type: "error"
/**
 * The number of the command this answers.
 */
re?: number
code: string
field?: string
value?: string
allowed?: string
message: string
}
/**
 * Come back after that.
 */
export interface RiderHearsClosing {
type: "closing"
retry_after_ms: number
}
