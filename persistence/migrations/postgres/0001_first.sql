-- The schema of a city on Postgres: the same tables as SQLite's, with what several writers at once need beyond them.
--
-- Columns mean what they mean there (migrations/sqlite): shards are H3 indexes, times milliseconds since 1970, a
-- stage owns what is true in it. Names are compared byte by byte (COLLATE "C"), as everywhere in Hansom. JSON is `json`, not
-- `jsonb`: it comes back as it was written, to the last digit.

-- Who may write for a shard: only the last epoch issued. The row is locked FOR SHARE by every write of its owner and
-- updated by whoever claims it, so a claim waits for writes under way, and what comes after it finds another epoch. Half
-- of each page stays free, so that a claim touches no index.
CREATE TABLE shard (
    shard bigint PRIMARY KEY CHECK (shard > 0),
    epoch bigint NOT NULL CHECK (epoch >= 1)
) WITH (fillfactor = 50);

CREATE TABLE driver (
    id text COLLATE "C" PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 64),
    home bigint CHECK (home > 0),
    generation bigint NOT NULL CHECK (generation >= 0),
    session bigint NOT NULL CHECK (session >= 0),
    trip uuid,
    CHECK ((home IS NULL) = (generation = 0))
) WITH (fillfactor = 80);

CREATE INDEX committed_at_home ON driver (home) WHERE trip IS NOT NULL;

-- I3: a trip is in at most one driver's row.
CREATE UNIQUE INDEX one_driver ON driver (trip) WHERE trip IS NOT NULL;

CREATE TABLE trip (
    id uuid PRIMARY KEY,
    shard bigint NOT NULL CHECK (shard > 0),
    rider text COLLATE "C" NOT NULL CHECK (length(rider) BETWEEN 1 AND 64),
    pickup_lat double precision NOT NULL CHECK (pickup_lat BETWEEN -90 AND 90),
    pickup_lon double precision NOT NULL CHECK (pickup_lon BETWEEN -180 AND 180),
    dropoff_lat double precision NOT NULL CHECK (dropoff_lat BETWEEN -90 AND 90),
    dropoff_lon double precision NOT NULL CHECK (dropoff_lon BETWEEN -180 AND 180),
    stage text NOT NULL CHECK (stage IN (
        'scheduled', 'searching', 'en_route', 'arrived', 'in_progress', 'driving_on', 'completed', 'cancelled', 'expired'
    )),
    driver text COLLATE "C" CHECK (length(driver) BETWEEN 1 AND 64),
    cancelled_by text CHECK (cancelled_by IN ('rider', 'driver', 'system')),
    cancel_reason text CHECK (length(cancel_reason) BETWEEN 1 AND 32),
    cancel_fee text CHECK (cancel_fee IN ('free', 'late', 'no_show')),
    since bigint NOT NULL CHECK (since BETWEEN 0 AND 281474976710655),
    requested_at bigint NOT NULL CHECK (requested_at BETWEEN 0 AND 281474976710655),
    version bigint NOT NULL CHECK (version BETWEEN 1 AND 4294967295),
    class text CHECK (class IN ('economy', 'comfort', 'xl', 'premium')),
    seats smallint NOT NULL CHECK (seats BETWEEN 1 AND 8),
    wheelchair boolean NOT NULL,
    pets boolean NOT NULL,
    pickup_at bigint CHECK (pickup_at BETWEEN 0 AND 281474976710655),
    shared boolean NOT NULL,
    fare bigint CHECK (fare BETWEEN 0 AND 1000000000000),
    currency text CHECK (length(currency) = 3),
    surge smallint CHECK (surge BETWEEN 100 AND 1000),
    host uuid,
    car json,
    CHECK (CASE
        WHEN stage IN ('scheduled', 'searching', 'expired') THEN driver IS NULL
        WHEN stage = 'cancelled' THEN TRUE
        ELSE driver IS NOT NULL
    END),
    CHECK (stage = 'driving_on' OR (stage = 'cancelled') = (cancelled_by IS NOT NULL)),
    CHECK (cancel_reason IS NULL OR cancelled_by IS NOT NULL),
    CHECK ((cancel_fee IS NULL) = (cancel_reason IS NULL)),
    CHECK ((currency IS NULL) = (fare IS NULL) AND (surge IS NULL) = (fare IS NULL)),
    CHECK (host IS NULL OR stage IN ('en_route', 'arrived', 'in_progress'))
) WITH (fillfactor = 80);

-- I1: a driver is in at most one active trip, whatever the code above it does. A guest's trip names the driver, and does
-- not hold him.
CREATE UNIQUE INDEX one_active ON trip (driver)
    WHERE host IS NULL AND stage IN ('en_route', 'arrived', 'in_progress', 'driving_on');

CREATE INDEX trip_by_stage ON trip (stage, shard);
CREATE INDEX scheduled_by_rider ON trip (rider) WHERE stage = 'scheduled';
CREATE INDEX active_of_rider ON trip (rider) WHERE stage NOT IN ('completed', 'cancelled', 'expired');
CREATE INDEX called_off_by_rider ON trip (rider, since) WHERE cancelled_by = 'rider';

-- How many requests of a rider were allowed by the caps: two shards that ask at the same moment must not both find room
-- for one. Whoever writes a request counts on from what he found, and only one can.
CREATE TABLE rider (
    id text COLLATE "C" PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 64),
    requests bigint NOT NULL CHECK (requests >= 1)
) WITH (fillfactor = 80);

-- The journal. `line` is the transaction's number, twenty bits up, and the place in its batch: no sequence, because a
-- number drawn early may be committed late, and a reader who was past it would never see it. Every row a batch depends on
-- was read before its transaction began, so numbers follow causes. Readers stop below the oldest transaction that still
-- runs.
CREATE TABLE trip_event (
    line bigint NOT NULL UNIQUE,
    shard bigint NOT NULL,
    epoch bigint NOT NULL CHECK (epoch >= 1),
    seq bigint NOT NULL CHECK (seq >= 1),
    trip uuid NOT NULL,
    version bigint NOT NULL CHECK (version BETWEEN 1 AND 4294967295),
    kind text NOT NULL,
    payload json NOT NULL,
    at bigint NOT NULL CHECK (at BETWEEN 0 AND 281474976710655),
    PRIMARY KEY (shard, epoch, seq),
    UNIQUE (trip, version)
);

-- What is added to the numbers of transactions. A database that was restored from a dump lives in a server whose
-- transactions count from the beginning: lines go on where they ended (see the store's opening).
CREATE TABLE journal (
    one boolean PRIMARY KEY DEFAULT TRUE CHECK (one),
    base bigint NOT NULL
);
INSERT INTO journal (base) VALUES (0);

-- I8: a rider's key takes effect once, for ever. Bytes, because a text of Postgres's cannot hold every text: a NUL is none.
CREATE TABLE idempotency (
    rider text COLLATE "C" NOT NULL CHECK (length(rider) BETWEEN 1 AND 64),
    key bytea NOT NULL,
    trip uuid NOT NULL,
    PRIMARY KEY (rider, key)
);

-- Ends a statement that found other rows than it was decided on: all of it is undone, and the client knows that.
CREATE FUNCTION hansom_refuse() RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows have changed since they were looked at' USING ERRCODE = 'HN001';
END $$;
