-- Whether everybody may find and join a room.
ALTER TABLE rooms ADD COLUMN public INTEGER NOT NULL DEFAULT 0;

CREATE INDEX rooms_public ON rooms (id) WHERE public = 1 AND active = 1;
