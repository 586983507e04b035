-- The first schema: what one process keeps so that a crash loses nothing anyone was told.
--
-- Every table is STRICT: a column holds its type or NULL, so a row that was written can be read. The CHECKs repeat what
-- the types of `dispatch` promise. They are the last line, for hands that edit the file; the store asks its questions
-- before it writes. Tables whose key is text are WITHOUT ROWID: the key is the row's place, and there is no second tree.
--
-- Numbers and names: a shard is its H3 index, 64 bits with the highest never set, so it fits an INTEGER
-- (`printf('%x', shard)` writes it as H3 tools do). A trip is its UUID as text: it begins with the time, so new rows go
-- to the end of the tree, and a person with a shell can read it. Times are milliseconds since 1970; the CHECK is the
-- 48 bits that a trip's name has room for.

-- 'HANS': tells this file from the databases of other programs.
PRAGMA application_id = 1212239443;

-- Who may write for a shard: only the last epoch issued. One process owns the file, so there is no owner's name here;
-- the epoch still counts the owners, because an actor of an earlier one may have a write under way.
CREATE TABLE shard (
    shard INTEGER PRIMARY KEY CHECK (shard > 0),
    epoch INTEGER NOT NULL CHECK (epoch >= 1)
) STRICT;

-- What must survive about a driver: the home and how often it changed, how many sessions there were, and the trip. A
-- position is not here: the next ping is newer than any row. Home is NULL until the driver goes on line for the first
-- time, and a driver who never had a home has had no homes.
CREATE TABLE driver (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 64),
    home INTEGER CHECK (home > 0),
    generation INTEGER NOT NULL CHECK (generation >= 0),
    session INTEGER NOT NULL CHECK (session >= 0),
    trip TEXT REFERENCES trip (id),
    CHECK ((home IS NULL) = (generation = 0))
) STRICT, WITHOUT ROWID;

-- Finds the committed drivers of a shard that gets a new owner. Partial: most drivers are free most of the time.
CREATE INDEX committed_at_home ON driver (home) WHERE trip IS NOT NULL;

-- I3: a trip is in at most one driver's row.
CREATE UNIQUE INDEX one_driver ON driver (trip) WHERE trip IS NOT NULL;

-- The trips as they stand, also after their end: riders ask for them later. `shard` is the home that the id carries,
-- written out so that an index can find it. Stages are text: a journal outlives the order of an enum. A stage owns what
-- is true in it: a driver while one is on the trip (and after a ride, or after a cancellation of one who was), and who
-- cancelled only when someone did. The driver is no foreign key: who is taken is asked before, and a driver's row may one
-- day be forgotten while the trips of the past stay.
CREATE TABLE trip (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    shard INTEGER NOT NULL CHECK (shard > 0),
    rider TEXT NOT NULL CHECK (length(rider) BETWEEN 1 AND 64),
    pickup_lat REAL NOT NULL CHECK (pickup_lat BETWEEN -90 AND 90),
    pickup_lon REAL NOT NULL CHECK (pickup_lon BETWEEN -180 AND 180),
    dropoff_lat REAL NOT NULL CHECK (dropoff_lat BETWEEN -90 AND 90),
    dropoff_lon REAL NOT NULL CHECK (dropoff_lon BETWEEN -180 AND 180),
    stage TEXT NOT NULL
        CHECK (stage IN ('searching', 'en_route', 'arrived', 'in_progress', 'completed', 'cancelled', 'expired')),
    driver TEXT CHECK (length(driver) BETWEEN 1 AND 64),
    cancelled_by TEXT CHECK (cancelled_by IN ('rider', 'driver', 'system')),
    since INTEGER NOT NULL CHECK (since BETWEEN 0 AND 281474976710655),
    requested_at INTEGER NOT NULL CHECK (requested_at BETWEEN 0 AND 281474976710655),
    version INTEGER NOT NULL CHECK (version BETWEEN 1 AND 4294967295),
    CHECK (CASE
        WHEN stage IN ('searching', 'expired') THEN driver IS NULL
        WHEN stage = 'cancelled' THEN TRUE
        ELSE driver IS NOT NULL
    END),
    CHECK ((stage = 'cancelled') = (cancelled_by IS NOT NULL))
) STRICT, WITHOUT ROWID;

-- I1: a driver is in at most one active trip, whatever the code above it does.
CREATE UNIQUE INDEX one_active ON trip (driver) WHERE stage IN ('en_route', 'arrived', 'in_progress');

-- Finds the active trips of a shard, the shards with active trips, and how many trips are in each stage, all without
-- touching the rows.
CREATE INDEX trip_by_stage ON trip (stage, shard);

-- The journal: every step of every trip, in the order it was committed. `line` is what readers page by; AUTOINCREMENT,
-- so that a number is not given out again when old lines are one day moved away. (shard, epoch, seq) is the order within
-- one owner's time and has no gap; its UNIQUE index also answers "what is the last number" without a counter that could
-- go wrong. (trip, version) twice would be two histories of one trip.
-- What happened is a kind and a JSON payload with its own version `v`: the journal is also what leaves the process as
-- events, and a new kind of event must not need new columns in the largest table.
CREATE TABLE trip_event (
    line INTEGER PRIMARY KEY AUTOINCREMENT,
    shard INTEGER NOT NULL REFERENCES shard (shard),
    epoch INTEGER NOT NULL CHECK (epoch >= 1),
    seq INTEGER NOT NULL CHECK (seq >= 1),
    trip TEXT NOT NULL REFERENCES trip (id),
    version INTEGER NOT NULL CHECK (version BETWEEN 1 AND 4294967295),
    kind TEXT NOT NULL CHECK (kind IN (
        'requested', 'assigned', 'driver_arrived', 'picked_up', 'dropped_off', 'given_back', 'cancelled', 'expired'
    )),
    payload TEXT NOT NULL CHECK (json_valid(payload)),
    at INTEGER NOT NULL CHECK (at BETWEEN 0 AND 281474976710655),
    UNIQUE (shard, epoch, seq),
    UNIQUE (trip, version)
) STRICT;

-- I8: a rider's key takes effect once, for ever. Not a column of the journal, because keys must stay when old lines are
-- moved away. The trip is written in the same transaction. It is no foreign key: for each new trip SQLite would look for
-- its children here, by reading the whole table, or in one more index that nobody else needs.
CREATE TABLE idempotency (
    rider TEXT NOT NULL CHECK (length(rider) BETWEEN 1 AND 64),
    key TEXT NOT NULL,
    trip TEXT NOT NULL CHECK (length(trip) = 36),
    PRIMARY KEY (rider, key)
) STRICT, WITHOUT ROWID;
