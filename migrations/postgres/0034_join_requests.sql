-- People who wait to come into a room until somebody says whether they do. A row never changes, and is written under the
-- lock of the room's row.
CREATE TABLE chat.join_requests (
    id      uuid PRIMARY KEY,
    room    uuid NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    invite  uuid,                       -- the code of the link that they have asked by
    reason  text,                       -- why they wait
    at      bigint NOT NULL
);

CREATE UNIQUE INDEX join_requests_as ON chat.join_requests (room, user_id);
CREATE INDEX join_requests_in_room ON chat.join_requests (room, id);
CREATE INDEX join_requests_by_user ON chat.join_requests (user_id, id);

INSERT INTO chat.migrations (version) VALUES (34);
