-- What was changed about the policy while servers were at work: who, when, what, and everything that counts before the file
-- of settings from then on. Rows are added, never changed: this is also the audit trail. JSON, because settings come and go,
-- and because nobody asks for a part of it.
CREATE TABLE policy_revision (
    revision INTEGER PRIMARY KEY CHECK (revision >= 1),
    at INTEGER NOT NULL CHECK (at BETWEEN 0 AND 281474976710655),
    changed_by TEXT NOT NULL CHECK (length(changed_by) BETWEEN 1 AND 200),
    reason TEXT NOT NULL CHECK (length(reason) <= 500),
    diff TEXT NOT NULL CHECK (json_valid(diff)),
    overrides TEXT NOT NULL CHECK (json_valid(overrides))
) STRICT
