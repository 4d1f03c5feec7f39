-- Messages that a room holds up.
ALTER TABLE messages ADD COLUMN pinned_at INTEGER;  -- NULL: it is not pinned
ALTER TABLE messages ADD COLUMN pinned_by TEXT;     -- NULL: the host has pinned it

CREATE INDEX messages_pinned ON messages (room, pinned_at, seq) WHERE pinned_at IS NOT NULL;
