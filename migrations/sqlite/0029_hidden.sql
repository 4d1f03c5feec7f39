-- Messages that users have taken out of their own sight.
CREATE TABLE hidden (
    room BLOB NOT NULL REFERENCES rooms (id),
    user TEXT NOT NULL,
    seq  INTEGER NOT NULL,
    pos  INTEGER NOT NULL,  -- that hid it
    PRIMARY KEY (room, user, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX hidden_by_pos ON hidden (room, pos);

ALTER TABLE members ADD COLUMN hidden INTEGER NOT NULL DEFAULT 0;  -- how many rows there are
