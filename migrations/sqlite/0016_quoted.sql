-- Replies. What is shown of the other message is read where that one is.
ALTER TABLE messages ADD COLUMN quoted INTEGER;  -- the number of the message that it answers
