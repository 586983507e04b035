-- The processes that serve on this database. Each opening of the store is an incarnation of its own, numbered here, so that
-- two that call themselves by one name are told apart; `beat` and `beaten_at` say that it lives, by this server's clock
-- alone. Half of each page stays free, so that a beat touches no index.
CREATE SEQUENCE incarnation AS bigint;

CREATE TABLE node (
    incarnation bigint PRIMARY KEY CHECK (incarnation >= 1),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    beat bigint NOT NULL CHECK (beat >= 1),
    beaten_at timestamptz NOT NULL
) WITH (fillfactor = 50);

-- What only one of them does at a time, such as telling events. Whoever takes it over from another counts the epoch on; who
-- held it before finds that out in the statement that would rely on it.
CREATE TABLE lease (
    name text COLLATE "C" PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 64),
    holder bigint NOT NULL CHECK (holder >= 1),
    epoch bigint NOT NULL CHECK (epoch >= 1)
) WITH (fillfactor = 50);

-- Who claimed a shard last, for people: what a write may do is what its epoch says.
ALTER TABLE shard ADD COLUMN owner bigint CHECK (owner >= 1);
