-- What the app keeps of its own with a message, also while that waits: an object of JSON. NULL: nothing.
ALTER TABLE messages ADD COLUMN custom TEXT;
ALTER TABLE held ADD COLUMN custom TEXT;
ALTER TABLE chat_outbox ADD COLUMN custom TEXT;
