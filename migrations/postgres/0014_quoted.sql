-- Replies. What is shown of the other message is read where that one is.
ALTER TABLE chat.messages ADD COLUMN quoted bigint;  -- the number of the message that it answers

INSERT INTO chat.migrations (version) VALUES (14);
