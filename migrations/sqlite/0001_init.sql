-- Ids of rooms and messages are 16 bytes, times are milliseconds since 1970 (UTC), flags are 0 or 1.
-- A position (*_pos) is the number of a change in its lane.

CREATE TABLE meta (
    one   INTEGER PRIMARY KEY CHECK (one = 1),
    epoch INTEGER NOT NULL  -- 64 random bits; others when positions given out before no longer hold
) STRICT;

INSERT INTO meta VALUES (1, random());

CREATE TABLE lanes (
    lane INTEGER PRIMARY KEY,  -- from 0 without a gap
    pos  INTEGER NOT NULL      -- its newest change
) STRICT;

INSERT INTO lanes VALUES (0, 0);

CREATE TABLE rooms (
    id              BLOB PRIMARY KEY,
    kind            INTEGER NOT NULL,  -- 1 DIRECT, 2 GROUP, 3 CHALLENGE
    one             TEXT,              -- DIRECT: the pair, in the order of their ids
    other           TEXT,
    challenge       TEXT,              -- CHALLENGE: which
    name            TEXT,
    active          INTEGER NOT NULL,  -- 0 is closed
    created_at      INTEGER NOT NULL,
    seq             INTEGER NOT NULL,  -- the number of its newest message
    countable       INTEGER NOT NULL,  -- how many of its messages are TEXT or IMAGE
    members         INTEGER NOT NULL,  -- how many are active
    last_message_at INTEGER,
    created_pos     INTEGER NOT NULL,
    changed_pos     INTEGER NOT NULL,  -- its name or state
    last_pos        INTEGER NOT NULL,  -- anything in it
    marks_pos       INTEGER NOT NULL   -- any mark in it
) STRICT, WITHOUT ROWID;

-- What at most one open room may hold: a pair of people, or a challenge.
CREATE TABLE room_keys (
    key  TEXT PRIMARY KEY,
    room BLOB NOT NULL REFERENCES rooms (id)
) STRICT, WITHOUT ROWID;

-- A membership stays when its stay ends, so that whoever catches up learns of it. A message sent writes
-- to the row of its sender alone, however many members there are.
CREATE TABLE members (
    room          BLOB NOT NULL REFERENCES rooms (id),
    user          TEXT NOT NULL,
    role          INTEGER NOT NULL,  -- 1 owner, 2 member
    active        INTEGER NOT NULL,
    joined_at     INTEGER NOT NULL,
    joined_seq    INTEGER NOT NULL,
    joined_pos    INTEGER NOT NULL,
    changed_pos   INTEGER NOT NULL,
    marks_pos     INTEGER NOT NULL,
    marked_at     INTEGER NOT NULL,
    read_seq      INTEGER NOT NULL,
    delivered_seq INTEGER NOT NULL,
    read_n        INTEGER NOT NULL,  -- countable messages up to read_seq
    read_own_n    INTEGER NOT NULL,  -- those of them that are the user's own
    own_n         INTEGER NOT NULL,  -- all countable messages of the user's own
    PRIMARY KEY (room, user)
) STRICT, WITHOUT ROWID;

CREATE INDEX members_by_user ON members (user, room, active);
CREATE INDEX members_by_change ON members (room, changed_pos);
CREATE INDEX members_by_mark ON members (room, marks_pos);

-- Without a rowid, so that the messages of a room lie side by side however many rooms are written to at
-- once: a page of history is a few pages of the file.
CREATE TABLE messages (
    room       BLOB NOT NULL REFERENCES rooms (id),
    seq        INTEGER NOT NULL,  -- 1, 2, 3 … without a gap
    id         BLOB NOT NULL,
    sender     TEXT NOT NULL,     -- SYSTEM: whom it is about
    kind       INTEGER NOT NULL,  -- 1 TEXT, 2 IMAGE; SYSTEM: 11 joined, 12 left, 13 removed, 14 renamed
    content    TEXT,              -- the words, or the caption of an IMAGE
    image_url  TEXT,
    client_id  TEXT,
    body_hash  BLOB,              -- with a client_id: what was sent first under it
    created_at INTEGER NOT NULL,
    pos        INTEGER NOT NULL,
    n          INTEGER NOT NULL,  -- countable messages of the room up to this one
    own_n      INTEGER NOT NULL,  -- those of them that are the sender's
    PRIMARY KEY (room, seq)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX messages_by_id ON messages (id);
CREATE INDEX messages_by_pos ON messages (room, pos);
CREATE INDEX messages_by_sender ON messages (room, sender, seq);
CREATE UNIQUE INDEX messages_by_client_id ON messages (room, sender, client_id) WHERE client_id IS NOT NULL;

CREATE TABLE profiles (
    user      TEXT PRIMARY KEY,
    nickname  TEXT,     -- NULL: no more is known than when they were last seen
    image     TEXT,
    last_seen INTEGER   -- when their last connection ended
) STRICT, WITHOUT ROWID;
