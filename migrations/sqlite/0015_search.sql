-- An index of words, which follows behind what is committed: lost, it could be made anew.

-- How far it has come in each room.
CREATE TABLE search_rooms (
    n    INTEGER PRIMARY KEY,
    room BLOB NOT NULL UNIQUE REFERENCES rooms (id),
    seq  INTEGER NOT NULL,  -- its messages up to this one are in the index,
    pos  INTEGER NOT NULL   -- as they were at this position
) STRICT;

-- Which message is where in it. Places are in the order of time, 4,096 of them a millisecond.
CREATE TABLE search_places (
    place INTEGER PRIMARY KEY,
    room  INTEGER NOT NULL REFERENCES search_rooms (n),
    seq   INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX search_places_by_message ON search_places (room, seq);

-- Grams of the words, written in letters and digits. Neither where they stand in a text nor the texts are kept: the
-- messages themselves decide.
CREATE VIRTUAL TABLE search_terms USING fts5 (
    terms, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii'
);
