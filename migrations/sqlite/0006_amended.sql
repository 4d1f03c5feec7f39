-- What becomes of a message after it was sent. A deleted one keeps its row: kind 3 was TEXT, 4 was IMAGE.
ALTER TABLE messages ADD COLUMN changed_pos INTEGER;  -- NULL: nothing has changed it
ALTER TABLE messages ADD COLUMN edited_at INTEGER;    -- when what it says last changed
ALTER TABLE messages ADD COLUMN reactions TEXT;       -- NULL: none; a line for each: the reaction and its count

CREATE INDEX messages_by_change ON messages (room, changed_pos) WHERE changed_pos IS NOT NULL;

CREATE TABLE reactions (
    room     BLOB NOT NULL REFERENCES rooms (id),
    seq      INTEGER NOT NULL,  -- the message's
    reaction TEXT NOT NULL,
    user     TEXT NOT NULL,     -- who left it
    PRIMARY KEY (room, seq, reaction, user)
) STRICT, WITHOUT ROWID;

-- What a user left on a page of messages, however many reactions these have.
CREATE INDEX reactions_by_user ON reactions (room, user, seq, reaction);
