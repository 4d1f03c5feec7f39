-- How many bytes the files of a user have together is read from here alone.
CREATE INDEX attachments_of ON attachments (uploader, size);
