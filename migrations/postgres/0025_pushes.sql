-- How far the notices of each room have come and until when a node holds it, the notices that are to be tried again,
-- and since when there are any.
ALTER TABLE chat.meta ADD COLUMN pushed_since bigint;

CREATE TABLE chat.pushed (
    room uuid PRIMARY KEY,
    seq  bigint NOT NULL,
    held bigint NOT NULL
);

CREATE TABLE chat.push_retries (
    room    uuid NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    seq     bigint NOT NULL,
    tries   bigint NOT NULL,
    due     bigint NOT NULL,
    PRIMARY KEY (room, user_id)
);

CREATE INDEX push_retries_due ON chat.push_retries (due, room, user_id);

INSERT INTO chat.migrations (version) VALUES (25);
