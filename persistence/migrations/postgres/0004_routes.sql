-- Rides that halt on their way, and riders who change it: as in SQLite's 0008.
ALTER TABLE trip ADD COLUMN route json;
