-- How far the notices of each room have come, those that are to be tried again, and since when there are any.
ALTER TABLE meta ADD COLUMN pushed_since INTEGER;

CREATE TABLE pushed (
    room BLOB PRIMARY KEY,
    seq  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE push_retries (
    room  BLOB NOT NULL,
    user  TEXT NOT NULL,
    seq   INTEGER NOT NULL,
    tries INTEGER NOT NULL,
    due   INTEGER NOT NULL,
    PRIMARY KEY (room, user)
) STRICT, WITHOUT ROWID;

CREATE INDEX push_retries_due ON push_retries (due, room, user);
