-- What the app keeps of its own with a room: an object of JSON. NULL: nothing.
ALTER TABLE rooms ADD COLUMN custom TEXT;
