-- What members want notices of: the level or '-', its position, that of the last change before it that others are told
-- of, and the moment of its end, if it has one. NULL where nothing was ever chosen.
ALTER TABLE chat.members ADD COLUMN notify text;

-- When users want no notices at all.
CREATE TABLE chat.do_not_disturb (
    user_id    text COLLATE "C" PRIMARY KEY,
    until      bigint,
    daily_from bigint,             -- Minutes of the day.
    daily_to   bigint,
    utc_offset bigint
);

INSERT INTO chat.migrations (version) VALUES (24);
