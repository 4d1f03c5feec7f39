-- Whom messages mention: with the message, as it is told, and by whom, so that the unread ones are counted.
ALTER TABLE messages ADD COLUMN mentioned BLOB;  -- NULL: nobody

CREATE TABLE mentions (
    room   BLOB NOT NULL REFERENCES rooms (id),
    user   TEXT NOT NULL,     -- '': everybody
    seq    INTEGER NOT NULL,
    sender TEXT NOT NULL,
    PRIMARY KEY (room, user, seq)
) STRICT, WITHOUT ROWID;
