-- Threads. A root keeps what is told of its thread, and a reply what it answers.
ALTER TABLE chat.messages
    ADD COLUMN thread bytea,  -- NULL: it is in none
    ADD COLUMN root bigint;   -- the number of a reply's root

CREATE INDEX messages_in_thread ON chat.messages (room, root, seq) WHERE root IS NOT NULL;

INSERT INTO chat.migrations (version) VALUES (28);
