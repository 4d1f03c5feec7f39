-- What is said of a room beside its name: what it is about, and the address of a picture.
ALTER TABLE chat.rooms ADD COLUMN topic text, ADD COLUMN picture text;

INSERT INTO chat.migrations (version) VALUES (6);
