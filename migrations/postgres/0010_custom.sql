-- What the app keeps of its own with a room: an object of JSON. NULL: nothing.
ALTER TABLE chat.rooms ADD COLUMN custom text;

INSERT INTO chat.migrations (version) VALUES (10);
