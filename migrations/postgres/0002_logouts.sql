-- When the user last logged out: tokens issued before hold no more.
ALTER TABLE chat.profiles ADD COLUMN logged_out bigint;

INSERT INTO chat.migrations (version) VALUES (2);
