-- Run by `PostgresStore::connect`, or by hand and in order: psql -1 -v ON_ERROR_STOP=1 -f FILE.
-- The first start then writes the rows of `meta` and `lanes`.
--
-- Everything stands in a schema of its own, beside what else the database holds. Times are milliseconds
-- since 1970 (UTC). A position (*_pos) is the number of a change in its lane. Ids are ordered by bytes.
--
-- Keys are led by what a row is found by: the room, or the user. So the tables can be distributed by it.
-- There are no foreign keys: rows of a room are only ever written under the lock of the room's row.

CREATE SCHEMA IF NOT EXISTS chat;

CREATE TABLE chat.migrations (
    version    integer PRIMARY KEY,  -- the number that a file's name begins with
    applied_at timestamptz NOT NULL DEFAULT now()
);

INSERT INTO chat.migrations (version) VALUES (1);

CREATE TABLE chat.meta (
    one   smallint PRIMARY KEY CHECK (one = 1),
    epoch bigint NOT NULL  -- 64 random bits; others when positions given out before no longer hold
);

-- Locked from the beginning of a commit to its end, so that positions commit in their order.
CREATE TABLE chat.lanes (
    lane smallint PRIMARY KEY,  -- from 0 without a gap
    pos  bigint NOT NULL        -- its newest change
) WITH (fillfactor = 10);

-- Room to write a row's next version beside it: what is written most, `seq` and the like, is in no index.
CREATE TABLE chat.rooms (
    id              uuid PRIMARY KEY,
    kind            smallint NOT NULL,  -- 1 DIRECT, 2 GROUP, 3 CHALLENGE
    one             text COLLATE "C",   -- DIRECT: the pair, in the order of their ids
    other           text COLLATE "C",
    challenge       text COLLATE "C",   -- CHALLENGE: which
    name            text,
    active          boolean NOT NULL,   -- false is closed
    created_at      bigint NOT NULL,
    seq             bigint NOT NULL,    -- the number of its newest message
    countable       bigint NOT NULL,    -- how many of its messages are TEXT or IMAGE
    members         bigint NOT NULL,    -- how many are active
    last_message_at bigint,
    created_pos     bigint NOT NULL,
    changed_pos     bigint NOT NULL,    -- its name or state
    last_pos        bigint NOT NULL,    -- anything in it
    marks_pos       bigint NOT NULL     -- any mark in it
) WITH (fillfactor = 70);

-- What at most one open room may hold: a pair of people, or a challenge.
CREATE TABLE chat.room_keys (
    key  text COLLATE "C" PRIMARY KEY,
    room uuid NOT NULL
);

-- A membership stays when its stay ends, so that whoever catches up learns of it. A message sent writes
-- to the row of its sender alone, however many members there are.
CREATE TABLE chat.members (
    room          uuid NOT NULL,
    user_id       text COLLATE "C" NOT NULL,
    role          smallint NOT NULL,  -- 1 owner, 2 member
    active        boolean NOT NULL,
    joined_at     bigint NOT NULL,
    joined_seq    bigint NOT NULL,
    joined_pos    bigint NOT NULL,
    changed_pos   bigint NOT NULL,
    marks_pos     bigint NOT NULL,
    marked_at     bigint NOT NULL,
    read_seq      bigint NOT NULL,
    delivered_seq bigint NOT NULL,
    read_n        bigint NOT NULL,  -- countable messages up to read_seq
    read_own_n    bigint NOT NULL,  -- those of them that are the user's own
    own_n         bigint NOT NULL,  -- all countable messages of the user's own
    PRIMARY KEY (room, user_id)
) WITH (fillfactor = 80);

-- Not `user_id` itself: a room's people must never be sought among all the people there are.
CREATE INDEX members_by_user ON chat.members ((user_id || ''), room, active);
CREATE INDEX members_by_change ON chat.members (room, changed_pos, user_id);
CREATE INDEX members_by_mark ON chat.members (room, marks_pos);

CREATE TABLE chat.messages (
    room       uuid NOT NULL,
    seq        bigint NOT NULL,    -- 1, 2, 3 … without a gap
    id         uuid NOT NULL,
    sender     text COLLATE "C" NOT NULL,  -- SYSTEM: whom it is about
    kind       smallint NOT NULL,  -- 1 TEXT, 2 IMAGE; SYSTEM: 11 joined, 12 left, 13 removed, 14 renamed
    content    text,               -- the words, or the caption of an IMAGE
    image_url  text,
    client_id  text COLLATE "C",
    body_hash  bytea,              -- with a client_id: what was sent first under it
    created_at bigint NOT NULL,
    pos        bigint NOT NULL,
    n          bigint NOT NULL,    -- countable messages of the room up to this one
    own_n      bigint NOT NULL,    -- those of them that are the sender's
    origin     text COLLATE "C",   -- the connection that sent it, where it has a name that outlives it
    PRIMARY KEY (room, seq)
);

CREATE UNIQUE INDEX messages_by_id ON chat.messages (room, id);
CREATE INDEX messages_by_pos ON chat.messages (room, pos);
-- Not `sender` itself: the look-up by client id must never be tempted to walk all that somebody has sent.
CREATE INDEX messages_by_sender ON chat.messages (room, (sender || ''), seq);
CREATE UNIQUE INDEX messages_by_client_id ON chat.messages (room, sender, client_id)
    WHERE client_id IS NOT NULL;

CREATE TABLE chat.profiles (
    user_id   text COLLATE "C" PRIMARY KEY,
    nickname  text,   -- NULL: no more is known than when they were last seen
    image     text,
    last_seen bigint  -- when their last connection ended
);

-- How a user stands to another one, from the user's own side: a friendship is two rows.
CREATE TABLE chat.relations (
    user_id text COLLATE "C" NOT NULL,
    other   text COLLATE "C" NOT NULL,
    kind    smallint NOT NULL,  -- 1 friend, 2 request sent, 3 request received, 4 blocked by the user
    since   bigint NOT NULL,
    PRIMARY KEY (user_id, other)
);

CREATE INDEX relations_by_kind ON chat.relations (user_id, kind, other);

-- What the planner is to think, whatever the tables hold: rooms and people are few and have much, so that
-- it takes the index with all that is asked for, and not one that also begins with the room; and no room
-- has two of a number or a name. It believes so from the first row on, for it has seen such tables once.
ALTER TABLE chat.members ALTER room SET (n_distinct = 10), ALTER user_id SET (n_distinct = 10);
ALTER TABLE chat.messages ALTER room SET (n_distinct = 10), ALTER sender SET (n_distinct = 10),
    ALTER seq SET (n_distinct = -1), ALTER id SET (n_distinct = -1), ALTER pos SET (n_distinct = -1),
    ALTER client_id SET (n_distinct = -1);
ALTER TABLE chat.relations ALTER user_id SET (n_distinct = 10), ALTER other SET (n_distinct = -1);

INSERT INTO chat.members SELECT md5(n::text)::uuid, n::text, 2, true, n, n, n, n, n, n, n, n, n, n, n
    FROM generate_series(1, 500) n;
INSERT INTO chat.messages SELECT md5(n::text)::uuid, n, md5(n::text)::uuid, n::text, 1, '', NULL, n::text,
    '', n, n, n, n FROM generate_series(1, 500) n;
INSERT INTO chat.relations SELECT n::text, n::text, 1, n FROM generate_series(1, 500) n;
ANALYZE chat.members, chat.messages, chat.relations;
-- Only in a transaction within the transaction, which an EXCEPTION makes, does this have them look new, of
-- which the planner thinks the best, and not empty.
DO $$ BEGIN
    TRUNCATE chat.members, chat.messages, chat.relations;
EXCEPTION WHEN raise_exception THEN RAISE;
END $$;
