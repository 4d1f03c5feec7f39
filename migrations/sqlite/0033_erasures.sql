-- Whose data is being taken away, a few rows at a time; what is here still is when the server starts goes on.
CREATE TABLE erasures (
    user TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;
