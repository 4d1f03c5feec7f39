-- What people who are away are told of besides messages: one a user, kind and subject.
CREATE TABLE push_alerts (
    user    TEXT NOT NULL,
    kind    INTEGER NOT NULL,  -- 1: added to a room, 2: invited to one, 3: let into one, 4: asked for friendship, 5: accepted
    subject TEXT NOT NULL,     -- the id of the room, or of the other user
    made_by TEXT,              -- who has added them
    code    BLOB,              -- of the invitation
    at      INTEGER NOT NULL,
    tries   INTEGER NOT NULL,
    due     INTEGER NOT NULL,
    PRIMARY KEY (user, kind, subject)
) STRICT, WITHOUT ROWID;

CREATE INDEX push_alerts_due ON push_alerts (due, user, kind, subject);
CREATE INDEX push_alerts_of_room ON push_alerts (subject) WHERE kind <= 3;
