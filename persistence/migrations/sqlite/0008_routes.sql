-- Rides that halt on their way, and riders who change it. `route` is where a ride halts, how many of those stops were made,
-- how often the way was changed, and what was asked for at first, as JSON with a version of its own: it is read and
-- written with the trip, and nobody asks for a part of it. Trips that go straight to where they were to go have NULL.
-- The list of kinds is a CHECK, and is edited as 0003 does.
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql, '''dropped_off'', ', '''stop_reached'', ''rerouted'', ''dropped_off'', ')
    WHERE type = 'table' AND name = 'trip_event';
PRAGMA writable_schema = RESET;
ALTER TABLE trip ADD COLUMN route TEXT CHECK (route IS NULL OR json_valid(route))
