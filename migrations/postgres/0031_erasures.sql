-- Whose data is being taken away, a few rows at a time; what is here still is when the server starts goes on.
CREATE TABLE chat.erasures (
    user_id text COLLATE "C" PRIMARY KEY
);

INSERT INTO chat.migrations (version) VALUES (31);
