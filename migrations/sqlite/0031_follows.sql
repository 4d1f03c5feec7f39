-- Who follows which threads, and how far they have read them. A few that were left off are kept too.
CREATE TABLE follows (
    room      BLOB NOT NULL REFERENCES rooms (id),
    root      INTEGER NOT NULL,  -- the number of the thread's root
    user      TEXT NOT NULL,
    following INTEGER NOT NULL,  -- 0: not any more
    since     INTEGER NOT NULL,
    read_seq  INTEGER NOT NULL,
    pos       INTEGER NOT NULL,  -- that last changed it
    PRIMARY KEY (room, root, user)
) STRICT, WITHOUT ROWID;

CREATE INDEX follows_by_user ON follows (user, room, root);
CREATE INDEX follows_by_pos ON follows (room, pos);

ALTER TABLE rooms ADD COLUMN threads_pos INTEGER NOT NULL DEFAULT 0;  -- that last changed one of these rows
