-- What becomes of a message after it was sent. A deleted one keeps its row: kind 3 was TEXT, 4 was IMAGE.
ALTER TABLE chat.messages
    ADD COLUMN changed_pos bigint,  -- NULL: nothing has changed it
    ADD COLUMN edited_at   bigint,  -- when what it says last changed
    ADD COLUMN reactions   text;    -- NULL: none; a line for each: the reaction and its count

CREATE INDEX messages_by_change ON chat.messages (room, changed_pos) WHERE changed_pos IS NOT NULL;

CREATE TABLE chat.reactions (
    room     uuid NOT NULL,
    seq      bigint NOT NULL,            -- the message's
    reaction text COLLATE "C" NOT NULL,
    user_id  text COLLATE "C" NOT NULL,  -- who left it
    PRIMARY KEY (room, seq, reaction, user_id)
);

-- What a user left on a page of messages, however many reactions these have.
CREATE INDEX reactions_by_user ON chat.reactions (room, user_id, seq, reaction);

INSERT INTO chat.migrations (version) VALUES (4);
