-- Messages that a room holds up.
ALTER TABLE chat.messages
    ADD COLUMN pinned_at bigint,            -- NULL: it is not pinned
    ADD COLUMN pinned_by text COLLATE "C";  -- NULL: the host has pinned it

CREATE INDEX messages_pinned ON chat.messages (room, pinned_at, seq) WHERE pinned_at IS NOT NULL;

INSERT INTO chat.migrations (version) VALUES (15);
