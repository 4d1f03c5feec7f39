-- How many seconds have to pass between two messages of a member.
ALTER TABLE rooms ADD COLUMN slow_mode INTEGER NOT NULL DEFAULT 0;

-- Until when somebody is muted, the end of the year 9999 being for good; NULL: they are not.
ALTER TABLE members ADD COLUMN muted_until INTEGER;

-- When they last sent a message while the room was slow.
ALTER TABLE members ADD COLUMN slowed_at INTEGER;

-- Who is kept out of a room, some of them no longer.
CREATE TABLE bans (
    room    BLOB NOT NULL REFERENCES rooms (id),
    user    TEXT NOT NULL,
    made_by TEXT,               -- NULL: the host
    made_at INTEGER NOT NULL,
    until   INTEGER NOT NULL,   -- the end of the year 9999 is for good
    reason  TEXT,
    PRIMARY KEY (room, user)
) STRICT, WITHOUT ROWID;
