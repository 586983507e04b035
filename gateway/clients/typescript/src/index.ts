export { Hansom } from './http.ts';
export type { Asked, CancelReason, Nearby, NewTrip, Options, Quote, Reroute, Trip } from './http.ts';
export { DriverSession, Refused, SessionEnded } from './driver.ts';
export type { Command, DriverHears, DriverOptions, DriverSays, Position, SocketLike } from './driver.ts';
export { HansomError } from './problem.ts';
export type { Problem } from './problem.ts';
export type { components, operations, paths } from './generated/http.ts';
