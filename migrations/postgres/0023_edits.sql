-- What edited messages said before, where that is kept. `version` is the position at which they came to say it, 0 the
-- first. Written under the lock of the room's row.
CREATE TABLE chat.edits (
    room    uuid NOT NULL,
    seq     bigint NOT NULL,
    version bigint NOT NULL,
    content text,                  -- NULL: an IMAGE without a caption
    since   bigint NOT NULL,
    PRIMARY KEY (room, seq, version)
);

INSERT INTO chat.migrations (version) VALUES (23);
