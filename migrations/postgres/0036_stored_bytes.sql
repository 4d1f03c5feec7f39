-- How many bytes the files of a user have together is read from here alone.
CREATE INDEX attachments_of ON chat.attachments (uploader, size);

INSERT INTO chat.migrations (version) VALUES (36);
