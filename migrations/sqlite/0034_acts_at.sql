-- An act that comes from another store is looked for by its moment.
CREATE INDEX audit_at ON audit (room, at);
