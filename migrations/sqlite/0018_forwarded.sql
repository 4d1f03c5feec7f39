-- Who sent a message first that was passed on.
ALTER TABLE messages ADD COLUMN forwarded TEXT;
