-- Invite links: 16 random bytes are as good as a key.
CREATE TABLE invites (
    code       BLOB PRIMARY KEY,
    room       BLOB NOT NULL REFERENCES rooms (id),
    made_by    TEXT,               -- NULL: the host
    created_at INTEGER NOT NULL,
    expires_at INTEGER,            -- NULL: never
    max_uses   INTEGER,            -- NULL: any number
    uses       INTEGER NOT NULL    -- how many have come in by it
) STRICT, WITHOUT ROWID;

CREATE INDEX invites_by_room ON invites (room);
