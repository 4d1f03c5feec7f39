-- An index of words, which follows behind what is committed: lost, it could be made anew.

-- How far it has come in each room.
CREATE TABLE chat.search_rooms (
    room uuid PRIMARY KEY,
    seq  bigint NOT NULL,  -- its messages up to this one are in the index,
    pos  bigint NOT NULL   -- as they were at this position
);

-- Which message is where in it, and the grams of its words. Places are in the order of time, 4,096 of them a
-- millisecond. Where grams stand in a text is not kept: the messages themselves decide.
CREATE TABLE chat.search_places (
    place bigint PRIMARY KEY,
    room  uuid NOT NULL,
    seq   bigint NOT NULL,
    terms tsvector NOT NULL
);

CREATE UNIQUE INDEX search_places_by_message ON chat.search_places (room, seq);

-- What waits to be sorted in is read by every search, so not much may.
CREATE INDEX search_places_by_terms ON chat.search_places USING gin (terms) WITH (gin_pending_list_limit = 512);

INSERT INTO chat.migrations (version) VALUES (13);
