-- When users last logged out: tokens issued before hold no more.
CREATE TABLE chat.logouts (
    user_id text COLLATE "C" PRIMARY KEY,
    at      bigint NOT NULL
);

INSERT INTO chat.migrations (version) VALUES (2);
