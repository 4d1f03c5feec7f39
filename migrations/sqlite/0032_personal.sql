-- What is kept of one person, found by them.
CREATE INDEX bans_by_user ON bans (user, room);
CREATE INDEX reports_by_maker ON reports (made_by, id);
