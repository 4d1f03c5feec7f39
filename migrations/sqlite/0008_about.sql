-- What is said of a room beside its name: what it is about, and the address of a picture.
ALTER TABLE rooms ADD COLUMN topic TEXT;
ALTER TABLE rooms ADD COLUMN picture TEXT;
