-- What a rider needs of the vehicle, written out so that a person with a shell can ask for it. Trips from before this step
-- needed one seat in any vehicle, and so does whoever says nothing: those are the defaults. No class is any class.
--
-- What a driver drives is not here: the app says it whenever the driver goes on line, and is newer than any row.
ALTER TABLE trip ADD COLUMN class TEXT CHECK (class IN ('economy', 'comfort', 'xl', 'premium'));
ALTER TABLE trip ADD COLUMN seats INTEGER NOT NULL DEFAULT 1 CHECK (seats BETWEEN 1 AND 8);
ALTER TABLE trip ADD COLUMN wheelchair INTEGER NOT NULL DEFAULT 0 CHECK (wheelchair IN (0, 1));
ALTER TABLE trip ADD COLUMN pets INTEGER NOT NULL DEFAULT 0 CHECK (pets IN (0, 1))
