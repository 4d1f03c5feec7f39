-- How a user stands to another one, from the user's own side: a friendship is two rows.
CREATE TABLE relations (
    user  TEXT NOT NULL,
    other TEXT NOT NULL,
    kind  INTEGER NOT NULL,  -- 1 friend, 2 request sent, 3 request received, 4 blocked by the user
    since INTEGER NOT NULL,
    PRIMARY KEY (user, other)
) STRICT, WITHOUT ROWID;

CREATE INDEX relations_by_kind ON relations (user, kind, other);
