-- What the app keeps of its own with a message, also while that waits: an object of JSON. NULL: nothing.
ALTER TABLE chat.messages ADD COLUMN custom text;
ALTER TABLE chat.held ADD COLUMN custom text;
ALTER TABLE chat.outbox ADD COLUMN custom text;

INSERT INTO chat.migrations (version) VALUES (37);
