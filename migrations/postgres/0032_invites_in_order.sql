-- A room's invite links come in the order of their codes, page by page.
DROP INDEX chat.invites_by_room;
CREATE INDEX invites_by_room ON chat.invites (room, code);

INSERT INTO chat.migrations (version) VALUES (32);
