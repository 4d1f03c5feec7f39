-- Messages that users have taken out of their own sight. Written under the lock of the room's row.
CREATE TABLE chat.hidden (
    room    uuid NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    seq     bigint NOT NULL,
    pos     bigint NOT NULL,  -- that hid it
    PRIMARY KEY (room, user_id, seq)
);

CREATE INDEX hidden_by_pos ON chat.hidden (room, pos);

ALTER TABLE chat.members ADD COLUMN hidden bigint NOT NULL DEFAULT 0;  -- how many rows there are

INSERT INTO chat.migrations (version) VALUES (27);
