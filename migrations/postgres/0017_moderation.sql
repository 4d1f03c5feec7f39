-- How many seconds have to pass between two messages of a member.
ALTER TABLE chat.rooms ADD COLUMN slow_mode bigint NOT NULL DEFAULT 0;

-- Until when somebody is muted, the end of the year 9999 being for good; NULL: they are not. And when they last
-- sent a message while the room was slow.
ALTER TABLE chat.members ADD COLUMN muted_until bigint, ADD COLUMN slowed_at bigint;

-- Who is kept out of a room, some of them no longer. Written under the lock of the room's row.
CREATE TABLE chat.bans (
    room    uuid NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    made_by text COLLATE "C",  -- NULL: the host
    made_at bigint NOT NULL,
    until   bigint NOT NULL,   -- the end of the year 9999 is for good
    reason  text,
    PRIMARY KEY (room, user_id)
);

INSERT INTO chat.migrations (version) VALUES (17);
