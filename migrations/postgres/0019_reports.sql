-- Messages that somebody has reported; `outcome` is 1 dismissed, 2 deleted, 3 muted, 4 banned, and NULL while it waits.
-- Written under the lock of the room's row.
CREATE TABLE chat.reports (
    id          uuid PRIMARY KEY,
    room        uuid NOT NULL,
    message     uuid NOT NULL,
    sender      text COLLATE "C" NOT NULL,
    made_by     text COLLATE "C" NOT NULL,
    at          bigint NOT NULL,
    reason      text,
    resolved_at bigint,
    resolved_by text COLLATE "C",  -- NULL: the host
    outcome     bigint
);

CREATE UNIQUE INDEX reports_made ON chat.reports (room, message, made_by);
CREATE INDEX reports_waiting ON chat.reports (id) WHERE outcome IS NULL;
CREATE INDEX reports_waiting_in ON chat.reports (room, id) WHERE outcome IS NULL;

INSERT INTO chat.migrations (version) VALUES (19);
