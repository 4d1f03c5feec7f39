-- An act that comes from another store is looked for by its moment.
CREATE INDEX audit_at ON chat.audit (room, at);

INSERT INTO chat.migrations (version) VALUES (33);
