-- Invite links: 16 random bytes are as good as a key. Written under the lock of the room's row.
CREATE TABLE chat.invites (
    code       uuid PRIMARY KEY,
    room       uuid NOT NULL,
    made_by    text COLLATE "C",  -- NULL: the host
    created_at bigint NOT NULL,
    expires_at bigint,            -- NULL: never
    max_uses   bigint,            -- NULL: any number
    uses       bigint NOT NULL    -- how many have come in by it
);

CREATE INDEX invites_by_room ON chat.invites (room);

INSERT INTO chat.migrations (version) VALUES (8);
