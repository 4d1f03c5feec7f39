-- How many commits have changed anything in each lane. Where it is what it was, so is all that they write, and what was
-- read without a lock still holds.
ALTER TABLE chat.lanes ADD COLUMN turn bigint NOT NULL DEFAULT 0;

INSERT INTO chat.migrations (version) VALUES (38);
