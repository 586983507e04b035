-- What was changed about the policy while servers were at work: as in SQLite's 0009. Rows are added, never changed.
CREATE TABLE policy_revision (
    revision bigint PRIMARY KEY CHECK (revision >= 1),
    at bigint NOT NULL CHECK (at BETWEEN 0 AND 281474976710655),
    changed_by text NOT NULL CHECK (length(changed_by) BETWEEN 1 AND 200),
    reason text NOT NULL CHECK (length(reason) <= 500),
    diff json NOT NULL,
    overrides json NOT NULL
);
