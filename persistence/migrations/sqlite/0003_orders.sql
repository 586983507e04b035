-- What else a rider asks for, and what it costs, written out so that a person with a shell can ask for it: the wished
-- moment of the pickup (NULL: now), whether the car may be shared, and the agreed fare in minor units of an ISO 4217
-- currency with the surge it was priced at, in percent. Trips from before this step were for now, for the rider alone,
-- and nobody said what they cost: those are the defaults.
--
-- A trip for later waits in the stage `scheduled` until it is `activated`. The lists of stages and kinds are CHECKs, and
-- SQLite has no statement that changes one. So the text of the schema is edited, as its manual describes for changes
-- that touch no row ("Making Other Kinds Of Table Schema Changes"): the journal may hold years, and copying it into a new
-- table would keep the city closed for as long.
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql, '''searching''', '''scheduled'', ''searching''')
    WHERE type = 'table' AND name = 'trip';
UPDATE sqlite_schema SET sql = replace(sql, '''requested'', ', '''requested'', ''activated'', ')
    WHERE type = 'table' AND name = 'trip_event';
PRAGMA writable_schema = RESET;
ALTER TABLE trip ADD COLUMN pickup_at INTEGER CHECK (pickup_at BETWEEN 0 AND 281474976710655);
ALTER TABLE trip ADD COLUMN shared INTEGER NOT NULL DEFAULT 0 CHECK (shared IN (0, 1));
ALTER TABLE trip ADD COLUMN fare INTEGER CHECK (fare BETWEEN 0 AND 1000000000000);
ALTER TABLE trip ADD COLUMN currency TEXT CHECK (length(currency) = 3 AND (currency IS NULL) = (fare IS NULL));
ALTER TABLE trip ADD COLUMN surge INTEGER CHECK (surge BETWEEN 100 AND 1000 AND (surge IS NULL) = (fare IS NULL));

-- How many rides for later a rider has, without reading those of the past.
CREATE INDEX scheduled_by_rider ON trip (rider) WHERE stage = 'scheduled'
