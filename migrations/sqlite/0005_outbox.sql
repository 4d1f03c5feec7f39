-- Messages that a transaction of the host's own has written, until they are sent. Nothing refers to
-- anything here, so that writing a row waits for no room. Named for the host, whose tables stand beside it.
CREATE TABLE chat_outbox (
    n          INTEGER PRIMARY KEY AUTOINCREMENT,  -- in the order of writing; never given twice
    id         BLOB NOT NULL,      -- the message's
    room       BLOB NOT NULL,
    author     TEXT NOT NULL,
    kind       INTEGER NOT NULL,   -- 1 TEXT, 2 IMAGE
    content    TEXT,               -- the words, or the caption of an IMAGE
    image_url  TEXT,
    client_id  TEXT NOT NULL,
    created_at INTEGER NOT NULL    -- when it was written
) STRICT;
