-- The connection that sent a message, where it has a name that outlives it.
ALTER TABLE messages ADD COLUMN origin TEXT;
