-- Files that go with messages; their bytes are in the blob store. What is in no message is collected.
CREATE TABLE attachments (
    id            BLOB NOT NULL,
    room          BLOB NOT NULL REFERENCES rooms (id),
    uploader      TEXT NOT NULL,
    name          TEXT NOT NULL,
    media_type    TEXT NOT NULL,     -- as the bytes tell
    size          INTEGER NOT NULL,  -- in bytes
    width         INTEGER,           -- of a picture, in pixels
    height        INTEGER,
    has_thumbnail INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    whole         INTEGER NOT NULL,  -- 0: its bytes are not all there, yet or any more
    message       BLOB,              -- the one that has it
    PRIMARY KEY (room, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX attachments_unsent ON attachments (created_at, room, id) WHERE message IS NULL;

-- A message's attachments whole, since they never change: reading it reads nothing besides.
ALTER TABLE messages ADD COLUMN attachments BLOB;
