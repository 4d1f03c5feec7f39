-- Whether everybody may find and join a room.
ALTER TABLE chat.rooms ADD COLUMN public boolean NOT NULL DEFAULT false;

CREATE INDEX rooms_public ON chat.rooms (id) WHERE public AND active;

INSERT INTO chat.migrations (version) VALUES (7);
