-- Threads. A root keeps what is told of its thread, and a reply what it answers.
ALTER TABLE messages ADD COLUMN thread BLOB;    -- NULL: it is in none
ALTER TABLE messages ADD COLUMN root INTEGER;   -- the number of a reply's root

CREATE INDEX messages_in_thread ON messages (room, root, seq) WHERE root IS NOT NULL;
