-- The journal's way out. An outlet is somebody who is told of every line, such as a webhook; `line` is the last that it has
-- taken. A dead letter is a line that it would not take: the line itself stays in the journal, here is only what became of
-- it. `due` is set when an operator wants it tried again.
CREATE TABLE event_cursor (
    outlet TEXT PRIMARY KEY CHECK (length(outlet) BETWEEN 1 AND 64),
    line INTEGER NOT NULL CHECK (line >= 0)
) STRICT, WITHOUT ROWID;

CREATE TABLE dead_letter (
    outlet TEXT NOT NULL CHECK (length(outlet) BETWEEN 1 AND 64),
    line INTEGER NOT NULL CHECK (line >= 1),
    event TEXT NOT NULL,
    attempts INTEGER NOT NULL CHECK (attempts BETWEEN 1 AND 4294967295),
    reason TEXT NOT NULL,
    at INTEGER NOT NULL CHECK (at BETWEEN 0 AND 281474976710655),
    due INTEGER NOT NULL CHECK (due IN (0, 1)),
    PRIMARY KEY (outlet, line)
) STRICT, WITHOUT ROWID;

CREATE INDEX due_letters ON dead_letter (outlet, line) WHERE due = 1
