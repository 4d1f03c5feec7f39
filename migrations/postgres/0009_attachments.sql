-- Files that go with messages; their bytes are in the blob store. What is in no message is collected.

CREATE TABLE chat.attachments (
    id            uuid NOT NULL,
    room          uuid NOT NULL,
    uploader      text COLLATE "C" NOT NULL,
    name          text NOT NULL,
    media_type    text NOT NULL,     -- as the bytes tell
    size          bigint NOT NULL,   -- in bytes
    width         bigint,            -- of a picture, in pixels
    height        bigint,
    has_thumbnail boolean NOT NULL,
    created_at    bigint NOT NULL,
    whole         boolean NOT NULL,  -- false: its bytes are not all there, yet or any more
    message       uuid,              -- the one that has it
    PRIMARY KEY (room, id)
);

CREATE INDEX attachments_unsent ON chat.attachments (created_at, room, id) WHERE message IS NULL;

-- A message's attachments whole, since they never change: reading it reads nothing besides.
ALTER TABLE chat.messages ADD COLUMN attachments bytea;

INSERT INTO chat.migrations (version) VALUES (9);
