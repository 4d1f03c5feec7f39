-- What members want notices of: the level or '-', its position, that of the last change before it that others are told
-- of, and the moment of its end, if it has one. NULL where nothing was ever chosen.
ALTER TABLE members ADD COLUMN notify TEXT;

-- When users want no notices at all.
CREATE TABLE do_not_disturb (
    user       TEXT PRIMARY KEY,
    until      INTEGER,
    daily_from INTEGER,            -- Minutes of the day.
    daily_to   INTEGER,
    utc_offset INTEGER
) STRICT, WITHOUT ROWID;
