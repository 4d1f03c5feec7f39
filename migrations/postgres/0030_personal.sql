-- What is kept of one person, found by them.
CREATE INDEX bans_by_user ON chat.bans (user_id, room);
CREATE INDEX reports_by_maker ON chat.reports (made_by, id);

INSERT INTO chat.migrations (version) VALUES (30);
