-- Whom alone an invite link lets in. NULL: whoever has its code.
ALTER TABLE invites ADD COLUMN invited TEXT;

CREATE INDEX invites_by_user ON invites (invited, code) WHERE invited IS NOT NULL;
