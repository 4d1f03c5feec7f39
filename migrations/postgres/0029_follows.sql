-- Who follows which threads, and how far they have read them. A few that were left off are kept too. Written under the
-- lock of the room's row, but for those of a user that are forgotten.
CREATE TABLE chat.follows (
    room      uuid NOT NULL,
    root      bigint NOT NULL,  -- the number of the thread's root
    user_id   text COLLATE "C" NOT NULL,
    following boolean NOT NULL,  -- false: not any more
    since     bigint NOT NULL,
    read_seq  bigint NOT NULL,
    pos       bigint NOT NULL,  -- that last changed it
    PRIMARY KEY (room, root, user_id)
);

CREATE INDEX follows_by_user ON chat.follows (user_id, room, root);
CREATE INDEX follows_by_pos ON chat.follows (room, pos);

ALTER TABLE chat.rooms ADD COLUMN threads_pos bigint NOT NULL DEFAULT 0;  -- that last changed one of these rows

INSERT INTO chat.migrations (version) VALUES (29);
