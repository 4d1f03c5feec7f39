-- Messages that wait until somebody says whether they are said. A row never changes.
CREATE TABLE held (
    id          BLOB PRIMARY KEY,  -- the message's
    room        BLOB NOT NULL REFERENCES rooms (id),
    sender      TEXT NOT NULL,
    kind        INTEGER NOT NULL,  -- 1 TEXT, 2 IMAGE
    content     TEXT,
    image_url   TEXT,
    client_id   TEXT,
    attachments BLOB,
    refers      TEXT,              -- what it quotes or passes on, as JSON
    body_hash   BLOB NOT NULL,
    reason      TEXT,              -- why it is held
    at          INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX held_in_room ON held (room, id);
CREATE INDEX held_by_sender ON held (sender, id);
CREATE UNIQUE INDEX held_as ON held (room, sender, client_id);

-- A file of such a message has `message` and is not `whole`: it is neither sent nor collected.
