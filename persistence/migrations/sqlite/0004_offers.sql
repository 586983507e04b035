-- Why a trip was called off, and what stage of the fee that was, written out so that a person with a shell can ask for it.
-- Trips that were called off before this step have neither: nobody asked for a reason, and nothing was charged.
ALTER TABLE trip ADD COLUMN cancel_reason TEXT
    CHECK (length(cancel_reason) BETWEEN 1 AND 32 AND (cancel_reason IS NULL OR stage = 'cancelled'));
ALTER TABLE trip ADD COLUMN cancel_fee TEXT
    CHECK (cancel_fee IN ('free', 'late', 'no_show') AND (cancel_fee IS NULL) = (cancel_reason IS NULL));

-- How many trips a rider has under way, and how often a rider has called off of late: asked in the transaction that
-- writes a request, whichever shard it is in. Partial: nearly all trips have ended, and not by their rider.
CREATE INDEX active_of_rider ON trip (rider) WHERE stage NOT IN ('completed', 'cancelled', 'expired');
CREATE INDEX called_off_by_rider ON trip (rider, since) WHERE cancelled_by = 'rider'
