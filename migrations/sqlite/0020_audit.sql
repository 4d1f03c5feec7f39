-- What those who look after a room have done, by the position at which it was committed. `act` is 1 mute, 2 unmute,
-- 3 ban, 4 unban, 5 remove, 6 delete, 7 role, 8 slow mode; `value` the end of a mute or a ban, the role, the seconds.
CREATE TABLE audit (
    room    BLOB NOT NULL REFERENCES rooms (id),
    pos     INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    made_by TEXT,              -- NULL: the host
    act     INTEGER NOT NULL,
    value   INTEGER,
    message BLOB,
    whom    TEXT,
    reason  TEXT,
    PRIMARY KEY (room, pos)
) STRICT, WITHOUT ROWID;
