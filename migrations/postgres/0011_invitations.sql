-- Whom alone an invite link lets in. NULL: whoever has its code.
ALTER TABLE chat.invites ADD COLUMN invited text COLLATE "C";

CREATE INDEX invites_by_user ON chat.invites (invited, code) WHERE invited IS NOT NULL;

INSERT INTO chat.migrations (version) VALUES (11);
