-- What people who are away are told of besides messages: one a user, kind and subject.
CREATE TABLE chat.push_alerts (
    user_id text COLLATE "C" NOT NULL,
    kind    smallint NOT NULL,          -- 1: added to a room, 2: invited to one, 3: let into one, 4: asked for friendship, 5: accepted
    subject text COLLATE "C" NOT NULL,  -- the id of the room, or of the other user
    made_by text COLLATE "C",           -- who has added them
    code    uuid,                       -- of the invitation
    at      bigint NOT NULL,
    tries   bigint NOT NULL,
    due     bigint NOT NULL,
    PRIMARY KEY (user_id, kind, subject)
);

CREATE INDEX push_alerts_due ON chat.push_alerts (due, user_id, kind, subject);
CREATE INDEX push_alerts_of_room ON chat.push_alerts (subject) WHERE kind <= 3;

INSERT INTO chat.migrations (version) VALUES (35);
