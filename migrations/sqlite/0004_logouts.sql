-- When users last logged out: tokens issued before hold no more.
CREATE TABLE logouts (
    user TEXT PRIMARY KEY,
    at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
