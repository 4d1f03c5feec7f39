-- What users let others see; who never settled anything has no row. `last_seen` is 1 everyone, 2 friends, 3 nobody.
CREATE TABLE settings (
    user          TEXT PRIMARY KEY,
    last_seen     INTEGER NOT NULL,
    invisible     INTEGER NOT NULL,
    read_receipts INTEGER NOT NULL,
    changed_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
