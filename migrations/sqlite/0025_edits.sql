-- What edited messages said before, where that is kept. `version` is the position at which they came to say it, 0 the
-- first.
CREATE TABLE edits (
    room    BLOB NOT NULL REFERENCES rooms (id),
    seq     INTEGER NOT NULL,
    version INTEGER NOT NULL,
    content TEXT,                  -- NULL: an IMAGE without a caption
    since   INTEGER NOT NULL,
    PRIMARY KEY (room, seq, version)
) STRICT, WITHOUT ROWID;
