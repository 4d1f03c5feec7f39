-- Messages that somebody has reported; `outcome` is 1 dismissed, 2 deleted, 3 muted, 4 banned, and NULL while it waits.
CREATE TABLE reports (
    id          BLOB PRIMARY KEY,
    room        BLOB NOT NULL REFERENCES rooms (id),
    message     BLOB NOT NULL,
    sender      TEXT NOT NULL,
    made_by     TEXT NOT NULL,
    at          INTEGER NOT NULL,
    reason      TEXT,
    resolved_at INTEGER,
    resolved_by TEXT,              -- NULL: the host
    outcome     INTEGER,
    UNIQUE (room, message, made_by)
) STRICT, WITHOUT ROWID;

CREATE INDEX reports_waiting ON reports (id) WHERE outcome IS NULL;
CREATE INDEX reports_waiting_in ON reports (room, id) WHERE outcome IS NULL;
