-- People who wait to come into a room until somebody says whether they do. A row never changes.
CREATE TABLE join_requests (
    id     BLOB PRIMARY KEY,
    room   BLOB NOT NULL REFERENCES rooms (id),
    user   TEXT NOT NULL,
    invite BLOB,              -- the code of the link that they have asked by
    reason TEXT,              -- why they wait
    at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX join_requests_as ON join_requests (room, user);
CREATE INDEX join_requests_in_room ON join_requests (room, id);
CREATE INDEX join_requests_by_user ON join_requests (user, id);
