-- Messages that wait until somebody says whether they are said. A row never changes, and is written under the lock of
-- the room's row.
CREATE TABLE chat.held (
    id          uuid PRIMARY KEY,        -- the message's
    room        uuid NOT NULL,
    sender      text COLLATE "C" NOT NULL,
    kind        smallint NOT NULL,       -- 1 TEXT, 2 IMAGE
    content     text,
    image_url   text,
    client_id   text COLLATE "C",
    attachments bytea,
    refers      text,                    -- what it quotes or passes on, as JSON
    body_hash   bytea NOT NULL,
    reason      text,                    -- why it is held
    at          bigint NOT NULL
);

CREATE INDEX held_in_room ON chat.held (room, id);
CREATE INDEX held_by_sender ON chat.held (sender, id);
CREATE UNIQUE INDEX held_as ON chat.held (room, sender, client_id);

-- A file of such a message has `message` and is not `whole`: it is neither sent nor collected.
INSERT INTO chat.migrations (version) VALUES (26);
