-- The journal's way out. An outlet is somebody who is told of every line, such as a webhook; `line` is the last that it has
-- taken. A dead letter is a line that it would not take: the line itself stays in the journal, here is only what became of
-- it. `due` is set when an operator wants it tried again.
CREATE TABLE event_cursor (
    outlet text COLLATE "C" PRIMARY KEY CHECK (length(outlet) BETWEEN 1 AND 64),
    line bigint NOT NULL CHECK (line >= 0)
) WITH (fillfactor = 50);

CREATE TABLE dead_letter (
    outlet text COLLATE "C" NOT NULL CHECK (length(outlet) BETWEEN 1 AND 64),
    line bigint NOT NULL CHECK (line >= 1),
    event text NOT NULL,
    attempts bigint NOT NULL CHECK (attempts BETWEEN 1 AND 4294967295),
    reason text NOT NULL,
    at bigint NOT NULL CHECK (at BETWEEN 0 AND 281474976710655),
    due bigint NOT NULL CHECK (due IN (0, 1)),
    PRIMARY KEY (outlet, line)
);

CREATE INDEX due_letters ON dead_letter (outlet, line) WHERE due = 1;
