-- Messages that a transaction of the host's own has written, until they are sent. Writing a row waits for
-- nothing that anybody else holds, and nothing waits for a transaction that dawdles over it. The host's
-- role needs INSERT on the table and USAGE of the schema.
INSERT INTO chat.migrations (version) VALUES (3);

CREATE TABLE chat.outbox (
    n          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,  -- in the order of writing
    id         uuid NOT NULL,      -- the message's
    room       uuid NOT NULL,
    author     text COLLATE "C" NOT NULL,
    kind       smallint NOT NULL,  -- 1 TEXT, 2 IMAGE
    content    text,               -- the words, or the caption of an IMAGE
    image_url  text,
    client_id  text COLLATE "C" NOT NULL,
    created_at bigint NOT NULL     -- when it was written
);
