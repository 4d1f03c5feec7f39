-- What those who look after a room have done, by the position at which it was committed. `act` is 1 mute, 2 unmute,
-- 3 ban, 4 unban, 5 remove, 6 delete, 7 role, 8 slow mode; `value` the end of a mute or a ban, the role, the seconds.
CREATE TABLE chat.audit (
    room    uuid NOT NULL,
    pos     bigint NOT NULL,
    at      bigint NOT NULL,
    made_by text COLLATE "C",  -- NULL: the host
    act     smallint NOT NULL,
    value   bigint,
    message uuid,
    whom    text COLLATE "C",
    reason  text,
    PRIMARY KEY (room, pos)
);

INSERT INTO chat.migrations (version) VALUES (18);
