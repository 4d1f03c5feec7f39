-- Whom messages mention: with the message, as it is told, and by whom, so that the unread ones are counted. Written
-- under the lock of the room's row.
ALTER TABLE chat.messages ADD COLUMN mentioned bytea;  -- NULL: nobody

CREATE TABLE chat.mentions (
    room    uuid NOT NULL,
    user_id text COLLATE "C" NOT NULL,  -- '': everybody
    seq     bigint NOT NULL,
    sender  text COLLATE "C" NOT NULL,
    PRIMARY KEY (room, user_id, seq) INCLUDE (sender)
);

INSERT INTO chat.migrations (version) VALUES (21);
