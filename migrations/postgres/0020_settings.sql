-- What users let others see; who never settled anything has no row. `last_seen` is 1 everyone, 2 friends, 3 nobody.
CREATE TABLE chat.settings (
    user_id       text COLLATE "C" PRIMARY KEY,
    last_seen     smallint NOT NULL,
    invisible     boolean NOT NULL,
    read_receipts boolean NOT NULL,
    changed_at    bigint NOT NULL
);

INSERT INTO chat.migrations (version) VALUES (20);
