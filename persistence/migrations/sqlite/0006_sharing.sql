-- Riders who share a car. `host` is the trip whose car this rider rides along in: such a trip names the driver, for whoever
-- asks, but does not hold him, so the index that keeps a driver to one active trip leaves it out. `car` is who rides along
-- in this trip's car and in which order it stops, as JSON with a version of its own: it is read and written with the trip,
-- and nobody asks for a part of it. Trips from before this step share nothing: NULL, twice.
--
-- A trip whose own rider is done, while its driver drives the others on, waits in the stage `driving_on`; `cancelled_by`
-- then says who called the rider's own ride off, if anybody did. The lists are CHECKs, and are edited as 0003 does.
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(
        replace(sql, '''in_progress'', ''completed''', '''in_progress'', ''driving_on'', ''completed'''),
        'CHECK ((stage = ''cancelled'') = (cancelled_by IS NOT NULL))',
        'CHECK (stage = ''driving_on'' OR (stage = ''cancelled'') = (cancelled_by IS NOT NULL))'
    )
    WHERE type = 'table' AND name = 'trip';
UPDATE sqlite_schema SET sql = replace(sql, 'OR stage = ''cancelled''', 'OR stage IN (''cancelled'', ''driving_on'')')
    WHERE type = 'table' AND name = 'trip';
UPDATE sqlite_schema SET sql = replace(sql, '''given_back'', ', '''given_back'', ''shared'', ''guest_joined'', '
        || '''guest_arrived'', ''guest_picked_up'', ''guest_dropped_off'', ''guest_left'', ')
    WHERE type = 'table' AND name = 'trip_event';
PRAGMA writable_schema = RESET;
ALTER TABLE trip ADD COLUMN host TEXT
    CHECK (host IS NULL OR (length(host) = 36 AND stage IN ('en_route', 'arrived', 'in_progress')));
ALTER TABLE trip ADD COLUMN car TEXT CHECK (car IS NULL OR json_valid(car));
DROP INDEX one_active;
CREATE UNIQUE INDEX one_active ON trip (driver)
    WHERE host IS NULL AND stage IN ('en_route', 'arrived', 'in_progress', 'driving_on')
