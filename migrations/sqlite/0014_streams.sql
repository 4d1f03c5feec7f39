-- Until when a message is being written, unless more comes. NULL: it is written.
ALTER TABLE messages ADD COLUMN writing_until INTEGER;
