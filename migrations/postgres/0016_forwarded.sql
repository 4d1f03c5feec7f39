-- Who sent a message first that was passed on.
ALTER TABLE chat.messages ADD COLUMN forwarded text COLLATE "C";

INSERT INTO chat.migrations (version) VALUES (16);
