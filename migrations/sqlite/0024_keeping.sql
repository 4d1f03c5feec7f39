-- How much of a room is kept: `days=30,messages=1000,seq=51,pos=204,n=48,oldest=1790000000000`. The first two are its own
-- rule; the rest is where its messages begin that are kept, by their number, the last position that touched any below,
-- how many countable ones are below, and a moment that none that is kept is older than; and `deleted=1790000000000` is
-- when it was deleted. NULL: none of that.
ALTER TABLE rooms ADD COLUMN keeping TEXT;

CREATE INDEX rooms_keeping ON rooms (id) WHERE keeping IS NOT NULL;
