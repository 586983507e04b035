// Made by `npm run generate`; not to be changed by hand.
export interface paths {
    "/livez": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether the process does anything at all. Asks nobody else: a store that is away is no reason to be restarted. */
        get: operations["live"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Everything that is counted, as Prometheus reads it. */
        get: operations["metrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether guests may be sent here. */
        get: operations["ready"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/driver": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Opens the socket of a driver.
         * @description A WebSocket, subprotocol `hansom.v1.json` or `hansom.v1.bin`; what is said over it is in /asyncapi.json.
         */
        get: operations["driver"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/drivers/{id}/why-not": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Why a driver had no work since then, or had. */
        get: operations["whyNot"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/nearby": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows free cars. */
        get: operations["nearby"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/ops/dead-letters": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists dead letters, a page at a time. */
        get: operations["deadLetters"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/ops/dead-letters/{outlet}/{line}/redeliver": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Has a dead letter tried once more. */
        post: operations["redeliver"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/ops/dead-letters/redeliver": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Has every dead letter tried once more. */
        post: operations["redeliverAll"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/ops/drain": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How far the server is. */
        get: operations["drainState"];
        put?: never;
        /** Begins to drain; once more begins anew, with another window if one is given. */
        post: operations["drain"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/ops/drivers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The drivers at home on this server, by name. */
        get: operations["drivers"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/ops/policy": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows the policy in force, and who says so. */
        get: operations["policy"];
        /** Says all that is to count before the settings; whatever else was changed is the settings' again. */
        put: operations["replacePolicy"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /** Changes some settings, and leaves the others. */
        patch: operations["changePolicy"];
        trace?: never;
    };
    "/v1/ops/policy/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who changed what, the latest first. */
        get: operations["policyHistory"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/ops/shards": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The shards of this server, by cell. */
        get: operations["shards"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/ops/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How the city stands: its shards, and how many trips are in each state. */
        get: operations["status"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/ops/trips": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The live trips of this server, in the order in which they were requested. */
        get: operations["trips"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/ops/undrain": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Takes guests again. */
        post: operations["undrain"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/quotes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Says what a ride would cost, and promises it for a while. */
        post: operations["quote"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/trips": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Asks for a trip. */
        post: operations["requestTrip"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/trips/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows a trip. */
        get: operations["trip"];
        put?: never;
        post?: never;
        /** Calls a trip off: a rider its own, ops any, in the name of the city. */
        delete: operations["cancelTrip"];
        options?: never;
        head?: never;
        /** Changes the way of the rest of a trip. Only its rider may. */
        patch: operations["rerouteTrip"];
        trace?: never;
    };
    "/v1/trips/{id}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Follows a trip.
         * @description The same as the WebSocket tells, as server-sent events: `trip` with the trip as it stands, `end`, `closing`.
         */
        get: operations["tripEvents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/trips/{id}/explain": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How a trip was matched. */
        get: operations["explainTrip"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/trips/{id}/watch": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Opens the window on a trip.
         * @description A WebSocket; what is said over it is in /asyncapi.json.
         */
        get: operations["watchTrip"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description A ride, to be priced. */
        Asked: {
            dropoff: components["schemas"]["AskedPlace"];
            needs?: null | components["schemas"]["AskedNeeds"];
            pickup: components["schemas"]["AskedPlace"];
            /**
             * Format: int64
             * @description When the rider wants to be picked up, 5 minutes to 30 days ahead; none: as soon as possible.
             */
            pickup_at_ms?: number | null;
            /** @description Whether others may ride along. */
            shared?: boolean | null;
            /** @description Where the ride halts on its way, in this order; nowhere in a ride that is shared. */
            stops?: components["schemas"]["AskedPlace"][] | null;
        };
        /** @description How a server is drained. */
        AskedDrain: {
            /**
             * Format: int64
             * @description Over how long drivers are sent away; none: 30 s.
             */
            window_ms?: number | null;
        };
        /** @description What the vehicle must have; who leaves something out does not mind. */
        AskedNeeds: {
            /** @enum {string|null} */
            class?: "economy" | "comfort" | "xl" | "premium" | null;
            pets?: boolean | null;
            /** Format: int32 */
            seats?: number | null;
            wheelchair?: boolean | null;
        };
        /** @description Where someone is or wants to go. */
        AskedPlace: {
            /** Format: double */
            lat: number;
            /** Format: double */
            lon: number;
        };
        /** @description A change of the policy. */
        AskedPolicy: {
            /** @description Settings by name, each with a text, a number, or null: then it is the file's again. */
            changes: {
                [key: string]: unknown;
            };
            /** @description Only say what would be changed. */
            dry_run?: boolean | null;
            /** @description Why, for the history. */
            reason?: string | null;
        };
        /** @description The rest of the way, changed: one of the two at least. */
        AskedReroute: {
            dropoff?: null | components["schemas"]["AskedPlace"];
            /** @description The stops that are still to be made, in this order. */
            stops?: components["schemas"]["AskedPlace"][] | null;
        };
        Attempt: {
            /** Format: int64 */
            at_ms: number;
            driver: string;
            fate: string;
            offer: string;
            /** Format: int32 */
            wave: number;
        };
        /** @description Where the car is. */
        Car: {
            /** Format: double */
            accuracy_m?: number | null;
            /** Format: int64 */
            age_ms: number;
            /** Format: double */
            heading?: number | null;
            /** Format: double */
            lat: number;
            /** Format: double */
            lon: number;
            /**
             * Format: int64
             * @description The car is within so many metres of it by now.
             */
            uncertainty_m: number;
        };
        CarNearby: components["schemas"]["Place"] & {
            /** Format: int64 */
            age_ms: number;
            car: string;
            /**
             * Format: int64
             * @description The car is, most likely, within so many metres of it.
             */
            uncertainty_m: number;
        };
        Considered: {
            /** Format: int64 */
            cost_ms: number;
            driver: string;
            /** @description What each factor adds to the cost, those that add nothing left out. */
            factors_ms: {
                [key: string]: number;
            };
            fate: string;
            taken_by?: string | null;
        };
        DeadLetter: {
            /** Format: int64 */
            at_ms: number;
            /** Format: int32 */
            attempts: number;
            due: boolean;
            event: string;
            id: string;
            reason: string;
        };
        DeadLetters: {
            dead_letters: components["schemas"]["DeadLetter"][];
            /** @description The last one here, when there are more: what comes after it is asked for with `?after=`. */
            next?: string | null;
        };
        Decision: {
            /** Format: int64 */
            at_ms: number;
            /** Format: int32 */
            candidates: number;
            chosen?: string | null;
            considered: components["schemas"]["Considered"][];
            passed_over: components["schemas"]["PassedOver"][];
            policy: string;
            /** Format: int32 */
            riders: number;
            /** Format: int32 */
            rounds: number;
            /** @description In words, for people. */
            summary: string;
        };
        Drained: {
            draining: boolean;
            /** Format: int64 */
            driver_sockets: number;
            /**
             * Format: int64
             * @description How long until everybody has had a turn to leave; drivers on a trip stay until it has ended.
             */
            left_ms?: number | null;
            /** Format: int64 */
            rider_sockets: number;
            /** @description Live trips this server holds. */
            trips: number;
            /** Format: int64 */
            window_ms?: number | null;
        };
        /** @description A driver, as a list shows one. */
        DriverRow: {
            /** @enum {string} */
            availability: "offline" | "on_break" | "available" | "reserved" | "offered" | "en_route" | "arrived" | "on_trip";
            /** @enum {string} */
            class?: "economy" | "comfort" | "xl" | "premium";
            driver: string;
            /** @description Whether the next round may match the driver. */
            matchable: boolean;
            /** Format: int32 */
            plausibility: number;
            position?: null | components["schemas"]["Place"];
            /** Format: int64 */
            position_age_ms?: number | null;
            /** Format: int32 */
            seats?: number | null;
            shard: string;
            /**
             * Format: int64
             * @description Since when the driver is at home in the shard.
             */
            since_ms: number;
            trip?: string | null;
        };
        DriversPage: components["schemas"]["PageEnd"] & {
            drivers: components["schemas"]["DriverRow"][];
        };
        Due: {
            /** Format: int64 */
            due: number;
        };
        /** @description How a trip was matched. */
        Explanation: {
            /** @description What became of each attempt to win a driver. */
            attempts: components["schemas"]["Attempt"][];
            /** @description What each round decided; rounds in a row that found nobody are one. */
            decisions: components["schemas"]["Decision"][];
            /** @enum {string} */
            state: "scheduled" | "searching" | "en_route" | "arrived" | "in_progress" | "driving_on" | "completed" | "cancelled" | "expired";
            trip: string;
        };
        /** @description What a ride costs. */
        Fare: {
            /**
             * Format: int64
             * @description In minor units: cents of dollars, whole yen.
             */
            amount_minor: number;
            currency: string;
            /**
             * Format: double
             * @description The amount contains it already.
             */
            surge: number;
        };
        /** @description What calling off costs the rider. */
        Fee: {
            /**
             * Format: int64
             * @description In minor units, 0 where it is free.
             */
            amount_minor: number;
            currency: string;
        };
        /** @description A stop on the way of a trip. */
        Halt: components["schemas"]["Place"] & {
            /** @description Whether the car has been there. */
            reached: boolean;
        };
        Nearby: {
            cars: components["schemas"]["CarNearby"][];
            /**
             * Format: int64
             * @description Until when names and places of these cars stay as they are.
             */
            refresh_after_ms: number;
        };
        /** @description What a rider needs, as offers and trips tell it. */
        Needs: {
            /** @enum {string} */
            class?: "economy" | "comfort" | "xl" | "premium";
            pets: boolean;
            /** Format: int32 */
            seats: number;
            wheelchair: boolean;
        };
        /** @description A ride, asked for. */
        NewTrip: {
            dropoff: components["schemas"]["AskedPlace"];
            needs?: null | components["schemas"]["AskedNeeds"];
            pickup: components["schemas"]["AskedPlace"];
            /**
             * Format: int64
             * @description When the rider wants to be picked up, 5 minutes to 30 days ahead; none: as soon as possible.
             */
            pickup_at_ms?: number | null;
            /** @description As `POST /v1/quotes` gave it: the ride costs what it says. */
            quote?: string | null;
            /** @description Whether others may ride along. */
            shared?: boolean | null;
            /** @description Where the ride halts on its way, in this order; nowhere in a ride that is shared. */
            stops?: components["schemas"]["AskedPlace"][] | null;
        };
        Node: {
            /** Format: int64 */
            beats: number;
            /** Format: int64 */
            incarnation: number;
            name: string;
            /** Format: int64 */
            silent_ms: number;
            tells_events: boolean;
            this: boolean;
        };
        /** @description What is not told is not so: as soon as possible, alone, at no agreed price. */
        OrderBody: {
            fare?: null | components["schemas"]["Fare"];
            /** Format: int64 */
            pickup_at_ms?: number | null;
            shared?: boolean;
        };
        /** @description How a page ends. */
        PageEnd: {
            /** @description The last one here, when there are more: what comes after it is asked for with `?after=`. */
            next?: string | null;
            /** @description Shards whose part is missing: they did not answer in time, or have too much to do to be asked. */
            silent?: string[];
        };
        PassedOver: {
            driver: string;
            rule: string;
        };
        /** @description A place in WGS84 degrees. */
        Place: {
            /** Format: double */
            lat: number;
            /** Format: double */
            lon: number;
        };
        Policy: {
            /** Format: int64 */
            revision: number;
            values: components["schemas"]["PolicyValue"][];
            /** @description What decisions made under it say. */
            version: string;
        };
        PolicyChange: {
            from: string;
            name: string;
            to: string;
        };
        PolicyHistory: {
            /**
             * Format: int64
             * @description The last one here, when there are more: what was before it is asked for with `?after=`.
             */
            next?: number | null;
            revisions: components["schemas"]["PolicyRevision"][];
        };
        /** @description A change, as it is told. */
        PolicyRevision: {
            /** Format: int64 */
            at_ms: number;
            by: string;
            changed: components["schemas"]["PolicyChange"][];
            /** @description Whether this is only what would be done. */
            dry_run?: boolean;
            reason?: string;
            /** Format: int64 */
            revision: number;
        };
        PolicyValue: {
            allowed: string;
            /** @description Whether it may be changed without a restart. */
            live: boolean;
            name: string;
            origin: string;
            value: string;
        };
        Present: {
            availability: string;
            matchable: boolean;
            /** Format: int32 */
            plausibility: number;
            /** Format: int64 */
            position_age_ms?: number | null;
            shard: string;
        };
        /** @description What went wrong, as RFC 9457 has it. */
        Problem: {
            /** @description What may be given instead. */
            allowed?: string | null;
            /** @enum {string} */
            code: "malformed_json" | "unknown_field" | "missing_field" | "repeated_field" | "bad_value" | "unknown_type" | "binary_frame" | "unexpected_message" | "frame_too_large" | "body_too_large" | "body_too_slow" | "unsupported_media_type" | "upgrade_required" | "not_found" | "method_not_allowed" | "token_missing" | "token_malformed" | "token_too_large" | "token_algorithm" | "token_forged" | "token_expired" | "token_not_yet_valid" | "token_issuer" | "token_claims" | "wrong_role" | "key_reused" | "quote_invalid" | "quote_mismatch" | "quote_expired" | "too_many_booked" | "offer_gone" | "not_your_trip" | "unknown_trip" | "illegal_step" | "shared_ride" | "outdated" | "too_many_changes" | "too_many_stops" | "too_early" | "too_many_trips" | "too_many_cancellations" | "go_home_used_up" | "not_online" | "busy" | "store_unavailable" | "starting" | "draining" | "stopping" | "timed_out" | "internal";
            /** @description What exactly, for people. */
            detail: string;
            /** @description The field, parameter or header that is to blame. */
            field?: string | null;
            /** Format: int64 */
            retry_after_ms?: number | null;
            /** Format: int32 */
            status: number;
            title: string;
            trip?: string | null;
            /** @description Where it is explained. */
            type: string;
            value?: string | null;
        };
        /** @description What was promised to a rider who shares a car. */
        Promise: {
            /**
             * Format: int64
             * @description The car is at the pickup by then.
             */
            pickup_by_ms: number;
            /**
             * Format: int64
             * @description The ride takes no longer, detours included.
             */
            ride_max_ms: number;
        };
        /** @description What a ride would cost, and how soon it could begin. */
        Quote: {
            /** Format: int64 */
            expires_at_ms: number;
            fare: components["schemas"]["Fare"];
            /**
             * Format: int64
             * @description How soon a car could be at the pickup; nothing when there is none now, or the ride is for later.
             */
            pickup_eta_ms?: number | null;
            pickup_eta_source?: string | null;
            /** @description Comes back with the request. */
            quote: string;
            /** Format: int64 */
            ride_m: number;
            /** Format: int64 */
            ride_ms: number;
        };
        Reason: components["schemas"]["What"] & {
            /** Format: int64 */
            at_ms: number;
        };
        /** @description How a shard is doing. */
        Shard: {
            drivers: number;
            drivers_free: number;
            /** Format: int64 */
            epoch: number;
            /** Format: int64 */
            etas_fallback: number;
            /** Format: int64 */
            matches: number;
            /** Format: int64 */
            pings: number;
            /** Format: int64 */
            pings_doubled: number;
            /** Format: int64 */
            pings_implausible: number;
            /** Format: int64 */
            pings_late: number;
            /** Format: int64 */
            pings_stray: number;
            /** @description The version of the policy it goes by. */
            policy: string;
            /** Format: int64 */
            rounds: number;
            /** Format: int64 */
            rounds_without_neighbours: number;
            shard: string;
            /** Format: int64 */
            suggestions: number;
            /**
             * Format: int64
             * @description In how many cells rides cost more, and how much more in the dearest.
             */
            surge_cells: number;
            /** Format: double */
            surge_max: number;
            trips: number;
            trips_waiting: number;
        };
        ShardsPage: components["schemas"]["PageEnd"] & {
            shards: components["schemas"]["Shard"][];
        };
        Status: {
            /** @description Who serves on the same store, if there can be others. */
            nodes: components["schemas"]["Node"][];
            /** Format: int32 */
            shard_resolution: number;
            shards: components["schemas"]["Shard"][];
            /** Format: int64 */
            time_ms: number;
            /** Format: double */
            time_scale: number;
            trips: {
                [key: string]: number;
            };
        };
        /** @description A state a trip has been through. */
        Step: {
            /** Format: int64 */
            at_ms: number;
            /** @enum {string} */
            state: "scheduled" | "searching" | "en_route" | "arrived" | "in_progress" | "driving_on" | "completed" | "cancelled" | "expired";
            /** Format: int32 */
            version: number;
        };
        /** @description A trip, as its rider and ops see it. */
        Trip: components["schemas"]["OrderBody"] & {
            /** @enum {string} */
            cancel_reason?: "changed_mind" | "driver_too_far" | "wrong_pickup" | "waited_too_long" | "found_another_ride" | "price_too_high" | "driver_asked" | "rider_no_show" | "pickup_too_late" | "ride_too_long" | "ops" | "other";
            cancellation_fee?: null | components["schemas"]["Fee"];
            /** @enum {string} */
            cancellation_fee_stage?: "free" | "late" | "no_show";
            /** @enum {string} */
            cancelled_by?: "rider" | "driver" | "system";
            car?: null | components["schemas"]["Car"];
            driver?: string | null;
            dropoff: components["schemas"]["Place"];
            /** @description Who was to say so, and could not. */
            eta_instead_of?: string | null;
            /** Format: int64 */
            eta_ms?: number | null;
            /** @description Who says so. */
            eta_source?: string | null;
            history: components["schemas"]["Step"][];
            id: string;
            needs?: null | components["schemas"]["Needs"];
            /**
             * Format: int32
             * @description The number of the stop that comes next, from 1, during the ride.
             */
            next_stop?: number | null;
            /** Format: int64 */
            next_stop_eta_ms?: number | null;
            /**
             * Format: int32
             * @description How many drivers were asked.
             */
            offers: number;
            pickup: components["schemas"]["Place"];
            promise?: null | components["schemas"]["Promise"];
            /** @description The driver who will come when the rider in the car has got out. */
            promised_by?: string | null;
            /** Format: int64 */
            requested_at_ms: number;
            /**
             * Format: int32
             * @description How often the way was changed.
             */
            rerouted?: number | null;
            rider: string;
            /**
             * Format: int32
             * @description With how many others the car is shared.
             */
            shared_with?: number | null;
            /**
             * Format: int64
             * @description When it came to this state.
             */
            since_ms: number;
            /** @enum {string} */
            state: "scheduled" | "searching" | "en_route" | "arrived" | "in_progress" | "driving_on" | "completed" | "cancelled" | "expired";
            /** @description Where the ride halts on its way. */
            stops?: components["schemas"]["Halt"][];
            /**
             * Format: int32
             * @description Grows by one with each step.
             */
            version: number;
        };
        /** @description Something that is told of a trip, one after another. */
        TripEvent: {
            /** @description JSON: of `trip` the trip as it stands, of `closing` `retry_after_ms`. */
            data?: string | null;
            /** @description `trip`, `end` or `closing`. */
            event?: string | null;
            /** @description Of `trip`: the trip's version. */
            id?: string | null;
            /**
             * Format: int64
             * @description When to come again, in milliseconds.
             */
            retry?: number | null;
        };
        /** @description A trip, as a list shows one. */
        TripRow: {
            driver?: string | null;
            /** Format: int64 */
            eta_ms?: number | null;
            host?: string | null;
            /**
             * Format: int32
             * @description How many drivers were asked since this server took it over.
             */
            offers: number;
            /** Format: int64 */
            requested_at_ms: number;
            rider: string;
            shard: string;
            /**
             * Format: int64
             * @description Since when it is in this state.
             */
            since_ms: number;
            /** @enum {string} */
            state: "scheduled" | "searching" | "en_route" | "arrived" | "in_progress" | "driving_on" | "completed" | "cancelled" | "expired";
            trip: string;
            /** Format: int32 */
            version: number;
        };
        TripsPage: components["schemas"]["PageEnd"] & {
            trips: components["schemas"]["TripRow"][];
        };
        What: {
            availability: string;
            /** @enum {string} */
            what: "stood";
        } | {
            trip: string;
            /** @enum {string} */
            what: "chosen";
        } | {
            /** Format: int64 */
            dearer_ms: number;
            to?: string | null;
            trip: string;
            /** @enum {string} */
            what: "lost";
        } | {
            rule: string;
            trip: string;
            /** @enum {string} */
            what: "passed_over";
        } | {
            fate: string;
            trip: string;
            /** Format: int32 */
            wave: number;
            /** @enum {string} */
            what: "attempt";
        };
        /** @description Why a driver had no work, or had. */
        WhyNot: {
            driver: string;
            now?: null | components["schemas"]["Present"];
            reasons: components["schemas"]["Reason"][];
            /** Format: int64 */
            since_ms: number;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    live: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It does */
            200: {
                headers: {
                    /** @description The name of this request in the server's log: the client's own, if it sent one */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
        };
    };
    metrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Prometheus' text format */
            200: {
                headers: {
                    /** @description The name of this request in the server's log: the client's own, if it sent one */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
        };
    };
    ready: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description They may */
            200: {
                headers: {
                    /** @description The name of this request in the server's log: the client's own, if it sent one */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
            /** @description The server is starting, drained or stopping */
            503: {
                headers: {
                    /** @description The name of this request in the server's log: the client's own, if it sent one */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    driver: {
        parameters: {
            query?: {
                /** @description The cursor of the last message that was heard */
                resume?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A WebSocket */
            101: {
                headers: {
                    /** @description The name of this request in the server's log: the client's own, if it sent one */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description This address is a WebSocket */
            426: {
                headers: {
                    /** @description The name of this request in the server's log: the client's own, if it sent one */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Another error: `code` says which, `retry_after_ms` whether and when to come again */
            default: {
                headers: {
                    /** @description In how many seconds to come again */
                    "Retry-After"?: number;
                    /** @description The name of this request in the server's log: the client's own, if it sent one */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    whyNot: {
        parameters: {
            query?: {
                /** @description Milliseconds since 1970; none: the last hour */
                since?: number;
            };
            header?: never;
            path: {
                /** @description The driver's name */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Reasons in the order of time */
            200: {
                headers: {
                    /** @description The name of this request in the server's log: the client's own, if it sent one */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WhyNot"];
                };
            };
            /** @description Another error: `code` says which, `retry_after_ms` whether and when to come again */
            default: {
                headers: {
                    /** @description In how many seconds to come again */
                    "Retry-After"?: number;
                    /** @description The name of this request in the server's log: the client's own, if it sent one */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    nearby: {
        parameters: {
            query: {
                /** @description Degrees */
                lat: number;
                /** @description Degrees */
                lng: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Free cars, about where they are */
            200: {
                headers: {
                    /** @description The name of this request in the server's log: the client's own, if it sent one */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Nearby"];
                };
            };
            /** @description Another error: `code` says which, `retry_after_ms` whether and when to come again */
            default: {
                headers: {
                    /** @description In how many seconds to come again */
                    "Retry-After"?: number;
                    /** @description The name of this request in the server's log: the client's own, if it sent one */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    deadLetters: {
        parameters: {
            query?: {
                /** @description The `next` of the page before */
                after?: string;
                /** @description How many at most; none: 100 */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of them */
            200: {
                headers: {
                    /** @description The name of this request in the server's log: the client's own, if it sent one */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeadLetters"];
                };
            };
            /** @description Another error: `code` says which, `retry_after_ms` whether and when to come again */
            default: {
                headers: {
                    /** @description In how many seconds to come again */
                    "Retry-After"?: number;
                    /** @description The name of this request in the server's log: the client's own, if it sent one */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    redeliver: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The journal's line */
                line: number;
                /** @description The outlet's name */
                outlet: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is due */
            202: {
                headers: {
                    /** @description The name of this request in the server's log: the client's own, if it sent one */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Due"];
                };
            };
            /** @description Another error: `code` says which, `retry_after_ms` whether and when to come again */
            default: {
                headers: {
                    /** @description In how many seconds to come again */
                    "Retry-After"?: number;
                    /** @description The name of this request in the server's log: the client's own, if it sent one */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    redeliverAll: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description How many are due */
            202: {
                headers: {
                    /** @description The name of this request in the server's log: the client's own, if it sent one */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Due"];
                };
            };
            /** @description Another error: `code` says which, `retry_after_ms` whether and when to come again */
            default: {
                headers: {
                    /** @description In how many seconds to come again */
                    "Retry-After"?: number;
                    /** @description The name of this request in the server's log: the client's own, if it sent one */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    drainState: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description How far the server is */
            200: {
                headers: {
                    /** @description The name of this request in the server's log: the client's own, if it sent one */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Drained"];
                };
            };
            /** @description Another error: `code` says which, `retry_after_ms` whether and when to come again */
            default: {
                headers: {
                    /** @description In how many seconds to come again */
                    "Retry-After"?: number;
                    /** @description The name of this request in the server's log: the client's own, if it sent one */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    drain: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": null | components["schemas"]["AskedDrain"];
            };
        };
        responses: {
            /** @description How far the server is */
            200: {
                headers: {
                    /** @description The name of this request in the server's log: the client's own, if it sent one */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Drained"];
                };
            };
            /** @description Another error: `code` says which, `retry_after_ms` whether and when to come again */
            default: {
                headers: {
                    /** @description In how many seconds to come again */
                    "Retry-After"?: number;
                    /** @description The name of this request in the server's log: the client's own, if it sent one */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    drivers: {
        parameters: {
            query?: {
                /** @description The `next` of the page before */
                after?: string;
                /** @description Only who stands so */
                availability?: "offline" | "on_break" | "available" | "reserved" | "offered" | "en_route" | "arrived" | "on_trip";
                /** @description Only in this H3 cell, of any size */
                cell?: string;
                /** @description How many at most; none: 100 */
                limit?: number;
                /** @description Only of this shard */
                shard?: string;
                /** @description Only who has sent no position for so long */
                stale_ms?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of them, by name */
            200: {
                headers: {
                    /** @description The name of this request in the server's log: the client's own, if it sent one */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DriversPage"];
                };
            };
            /** @description Another error: `code` says which, `retry_after_ms` whether and when to come again */
            default: {
                headers: {
                    /** @description In how many seconds to come again */
                    "Retry-After"?: number;
                    /** @description The name of this request in the server's log: the client's own, if it sent one */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    policy: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Every setting of the policy, and who says so */
            200: {
                headers: {
                    /** @description The revision, for If-Match */
                    ETag?: string;
                    /** @description The name of this request in the server's log: the client's own, if it sent one */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Policy"];
                };
            };
            /** @description Another error: `code` says which, `retry_after_ms` whether and when to come again */
            default: {
                headers: {
                    /** @description In how many seconds to come again */
                    "Retry-After"?: number;
                    /** @description The name of this request in the server's log: the client's own, if it sent one */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    replacePolicy: {
        parameters: {
            query?: never;
            header: {
                /** @description The revision in quotes, or * */
                "If-Match": string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AskedPolicy"];
            };
        };
        responses: {
            /** @description What was changed */
            200: {
                headers: {
                    /** @description The name of this request in the server's log: the client's own, if it sent one */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PolicyRevision"];
                };
            };
            /** @description Somebody else has changed it */
            412: {
                headers: {
                    /** @description The name of this request in the server's log: the client's own, if it sent one */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Another error: `code` says which, `retry_after_ms` whether and when to come again */
            default: {
                headers: {
                    /** @description In how many seconds to come again */
                    "Retry-After"?: number;
                    /** @description The name of this request in the server's log: the client's own, if it sent one */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    changePolicy: {
        parameters: {
            query?: never;
            header: {
                /** @description The revision in quotes, or * */
                "If-Match": string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AskedPolicy"];
            };
        };
        responses: {
            /** @description What was changed */
            200: {
                headers: {
                    /** @description The name of this request in the server's log: the client's own, if it sent one */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PolicyRevision"];
                };
            };
            /** @description Somebody else has changed it */
            412: {
                headers: {
                    /** @description The name of this request in the server's log: the client's own, if it sent one */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Another error: `code` says which, `retry_after_ms` whether and when to come again */
            default: {
                headers: {
                    /** @description In how many seconds to come again */
                    "Retry-After"?: number;
                    /** @description The name of this request in the server's log: the client's own, if it sent one */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    policyHistory: {
        parameters: {
            query?: {
                /** @description The `next` of the page before */
                after?: number;
                /** @description How many at most; none: 100 */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Who changed what, the latest first */
            200: {
                headers: {
                    /** @description The name of this request in the server's log: the client's own, if it sent one */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PolicyHistory"];
                };
            };
            /** @description Another error: `code` says which, `retry_after_ms` whether and when to come again */
            default: {
                headers: {
                    /** @description In how many seconds to come again */
                    "Retry-After"?: number;
                    /** @description The name of this request in the server's log: the client's own, if it sent one */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    shards: {
        parameters: {
            query?: {
                /** @description The `next` of the page before */
                after?: string;
                /** @description How many at most; none: 100 */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of them, by cell */
            200: {
                headers: {
                    /** @description The name of this request in the server's log: the client's own, if it sent one */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ShardsPage"];
                };
            };
            /** @description Another error: `code` says which, `retry_after_ms` whether and when to come again */
            default: {
                headers: {
                    /** @description In how many seconds to come again */
                    "Retry-After"?: number;
                    /** @description The name of this request in the server's log: the client's own, if it sent one */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    status: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Shards, trips by state, servers */
            200: {
                headers: {
                    /** @description The name of this request in the server's log: the client's own, if it sent one */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Status"];
                };
            };
            /** @description Another error: `code` says which, `retry_after_ms` whether and when to come again */
            default: {
                headers: {
                    /** @description In how many seconds to come again */
                    "Retry-After"?: number;
                    /** @description The name of this request in the server's log: the client's own, if it sent one */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    trips: {
        parameters: {
            query?: {
                /** @description The `next` of the page before */
                after?: string;
                /** @description Only in this H3 cell, of any size */
                cell?: string;
                /** @description Only this driver's */
                driver?: string;
                /** @description How many at most; none: 100 */
                limit?: number;
                /** @description Only this rider's */
                rider?: string;
                /** @description Only of this shard */
                shard?: string;
                /** @description Only what has been in its state for so long */
                stale_ms?: number;
                /** @description Only in this state */
                state?: "scheduled" | "searching" | "en_route" | "arrived" | "in_progress" | "driving_on" | "completed" | "cancelled" | "expired";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of live trips, as they were requested */
            200: {
                headers: {
                    /** @description The name of this request in the server's log: the client's own, if it sent one */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TripsPage"];
                };
            };
            /** @description Another error: `code` says which, `retry_after_ms` whether and when to come again */
            default: {
                headers: {
                    /** @description In how many seconds to come again */
                    "Retry-After"?: number;
                    /** @description The name of this request in the server's log: the client's own, if it sent one */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    undrain: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description How far the server is */
            200: {
                headers: {
                    /** @description The name of this request in the server's log: the client's own, if it sent one */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Drained"];
                };
            };
            /** @description Another error: `code` says which, `retry_after_ms` whether and when to come again */
            default: {
                headers: {
                    /** @description In how many seconds to come again */
                    "Retry-After"?: number;
                    /** @description The name of this request in the server's log: the client's own, if it sent one */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    quote: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Asked"];
            };
        };
        responses: {
            /** @description The price, and until when it is good */
            200: {
                headers: {
                    /** @description The name of this request in the server's log: the client's own, if it sent one */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Quote"];
                };
            };
            /** @description Another error: `code` says which, `retry_after_ms` whether and when to come again */
            default: {
                headers: {
                    /** @description In how many seconds to come again */
                    "Retry-After"?: number;
                    /** @description The name of this request in the server's log: the client's own, if it sent one */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    requestTrip: {
        parameters: {
            query?: never;
            header: {
                /** @description The same key asks for the same trip again, not for another one */
                "Idempotency-Key": string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewTrip"];
            };
        };
        responses: {
            /** @description The trip that this request asked for before, as it stands */
            200: {
                headers: {
                    /** @description true */
                    "Idempotency-Replayed"?: string;
                    /** @description The name of this request in the server's log: the client's own, if it sent one */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Trip"];
                };
            };
            /** @description The trip */
            201: {
                headers: {
                    /** @description Where it is */
                    Location?: string;
                    /** @description The name of this request in the server's log: the client's own, if it sent one */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Trip"];
                };
            };
            /** @description The quote has expired, or the rider has too many rides for later */
            409: {
                headers: {
                    /** @description The name of this request in the server's log: the client's own, if it sent one */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key was used for another request, or the quote for something else */
            422: {
                headers: {
                    /** @description The name of this request in the server's log: the client's own, if it sent one */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The rider has too many trips, or has called off too often */
            429: {
                headers: {
                    /** @description The name of this request in the server's log: the client's own, if it sent one */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Another error: `code` says which, `retry_after_ms` whether and when to come again */
            default: {
                headers: {
                    /** @description In how many seconds to come again */
                    "Retry-After"?: number;
                    /** @description The name of this request in the server's log: the client's own, if it sent one */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    trip: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The trip's name */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The trip as it stands */
            200: {
                headers: {
                    /** @description The name of this request in the server's log: the client's own, if it sent one */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Trip"];
                };
            };
            /** @description Another error: `code` says which, `retry_after_ms` whether and when to come again */
            default: {
                headers: {
                    /** @description In how many seconds to come again */
                    "Retry-After"?: number;
                    /** @description The name of this request in the server's log: the client's own, if it sent one */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    cancelTrip: {
        parameters: {
            query?: {
                /** @description Why, as riders have it; ops say `ops` or `other` */
                reason?: "changed_mind" | "driver_too_far" | "wrong_pickup" | "waited_too_long" | "found_another_ride" | "price_too_high" | "driver_asked" | "other";
            };
            header?: never;
            path: {
                /** @description The trip's name */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The trip, called off */
            200: {
                headers: {
                    /** @description The name of this request in the server's log: the client's own, if it sent one */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Trip"];
                };
            };
            /** @description It stands so that it cannot be called off */
            409: {
                headers: {
                    /** @description The name of this request in the server's log: the client's own, if it sent one */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Another error: `code` says which, `retry_after_ms` whether and when to come again */
            default: {
                headers: {
                    /** @description In how many seconds to come again */
                    "Retry-After"?: number;
                    /** @description The name of this request in the server's log: the client's own, if it sent one */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    rerouteTrip: {
        parameters: {
            query?: never;
            header?: {
                /** @description The version of the trip in quotes, if the change is only meant for that */
                "If-Match"?: string;
            };
            path: {
                /** @description The trip's name */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AskedReroute"];
            };
        };
        responses: {
            /** @description The trip, on its new way */
            200: {
                headers: {
                    /** @description The trip's version */
                    ETag?: string;
                    /** @description The name of this request in the server's log: the client's own, if it sent one */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Trip"];
                };
            };
            /** @description The trip has ended, is shared, or was changed too often */
            409: {
                headers: {
                    /** @description The name of this request in the server's log: the client's own, if it sent one */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The trip has another version by now */
            412: {
                headers: {
                    /** @description The name of this request in the server's log: the client's own, if it sent one */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Another error: `code` says which, `retry_after_ms` whether and when to come again */
            default: {
                headers: {
                    /** @description In how many seconds to come again */
                    "Retry-After"?: number;
                    /** @description The name of this request in the server's log: the client's own, if it sent one */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    tripEvents: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The trip's name */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Events until the trip is over */
            200: {
                headers: {
                    /** @description The name of this request in the server's log: the client's own, if it sent one */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": components["schemas"]["TripEvent"];
                };
            };
            /** @description Another error: `code` says which, `retry_after_ms` whether and when to come again */
            default: {
                headers: {
                    /** @description In how many seconds to come again */
                    "Retry-After"?: number;
                    /** @description The name of this request in the server's log: the client's own, if it sent one */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    explainTrip: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The trip's name */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Each round that thought of the trip, and what became of it */
            200: {
                headers: {
                    /** @description The name of this request in the server's log: the client's own, if it sent one */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Explanation"];
                };
            };
            /** @description Another error: `code` says which, `retry_after_ms` whether and when to come again */
            default: {
                headers: {
                    /** @description In how many seconds to come again */
                    "Retry-After"?: number;
                    /** @description The name of this request in the server's log: the client's own, if it sent one */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    watchTrip: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The trip's name */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A WebSocket */
            101: {
                headers: {
                    /** @description The name of this request in the server's log: the client's own, if it sent one */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description This address is a WebSocket */
            426: {
                headers: {
                    /** @description The name of this request in the server's log: the client's own, if it sent one */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Another error: `code` says which, `retry_after_ms` whether and when to come again */
            default: {
                headers: {
                    /** @description In how many seconds to come again */
                    "Retry-After"?: number;
                    /** @description The name of this request in the server's log: the client's own, if it sent one */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
}
