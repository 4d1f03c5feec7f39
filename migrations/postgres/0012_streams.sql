-- Until when a message is being written, unless more comes. NULL: it is written.
ALTER TABLE chat.messages ADD COLUMN writing_until int8;

INSERT INTO chat.migrations (version) VALUES (12);
