-- What takes which role in a room, where its owner has changed it: `invite=admin,send=owner`. In `members`, role is
-- 1 owner, 2 member, 3 admin, 4 read-only.
ALTER TABLE rooms ADD COLUMN permissions TEXT;
