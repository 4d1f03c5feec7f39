//! How a record stands in columns: a row as it is moved from one store to another.

use super::{ReadRow, audit_entry, ban, do_not_disturb, profile_of, report, settings};
use crate::id::{MessageId, UserId};
use crate::store::{KeptEdit, ReactionKey, Record, RoomRecord};

/// Reads the columns of a record from left to right.
pub(in crate::store) trait ReadRecord<'r>: ReadRow<'r> + Sized {
    /// Reads what is known of a user, who may have no more than a time when they were last seen.
    fn profile_record(&mut self) -> Result<Record, Self::Error> {
        let user: UserId = self.parsed()?;
        let (nickname, image) = (self.maybe_text()?, self.maybe_text()?);
        let profile = nickname.map(|nickname| profile_of(user.clone(), Some(nickname), image));
        let (last_seen, logged_out) = (self.maybe_time()?, self.maybe_time()?);
        Ok(Record::Profile { user, profile, last_seen, logged_out })
    }

    /// Reads a message and its hash.
    fn message_record(&mut self) -> Result<Record, Self::Error> {
        Ok(Record::Room(RoomRecord::Message(self.message()?, self.maybe_hash()?)))
    }

    /// Reads a reaction and its message's id.
    fn reaction_record(&mut self) -> Result<Record, Self::Error> {
        let (room, seq) = (self.room_id()?, self.number()?);
        let key = ReactionKey { room, seq, reaction: self.reaction()?, user: self.parsed()? };
        Ok(Record::Room(RoomRecord::Reaction(key, MessageId::from_bytes(self.bytes()?))))
    }

    /// Reads a former state, and of which message it is.
    fn edit_record(&mut self) -> Result<Record, Self::Error> {
        Ok(Record::Room(RoomRecord::Edit(KeptEdit {
            room: self.room_id()?,
            seq: self.number()?,
            message: MessageId::from_bytes(self.bytes()?),
            edited_at: self.time()?,
            n: self.number()?,
            edit: self.edit()?,
        })))
    }

    fn quiet_record(&mut self) -> Result<Record, Self::Error> {
        Ok(Record::DoNotDisturb(self.parsed()?, do_not_disturb(self)?))
    }

    fn settings_record(&mut self) -> Result<Record, Self::Error> {
        Ok(Record::Settings(self.parsed()?, settings(self)?))
    }

    fn room_record(&mut self) -> Result<Record, Self::Error> {
        Ok(Record::Room(RoomRecord::Room(self.room()?)))
    }

    fn member_record(&mut self) -> Result<Record, Self::Error> {
        Ok(Record::Room(RoomRecord::Member(self.member()?)))
    }

    fn report_record(&mut self) -> Result<Record, Self::Error> {
        Ok(Record::Room(RoomRecord::Report(report(self)?)))
    }

    fn follow_record(&mut self) -> Result<Record, Self::Error> {
        Ok(Record::Room(RoomRecord::Follow(self.follow()?)))
    }

    fn act_record(&mut self) -> Result<Record, Self::Error> {
        Ok(Record::Room(RoomRecord::Act(audit_entry(self)?)))
    }

    fn invite_record(&mut self) -> Result<Record, Self::Error> {
        Ok(Record::Room(RoomRecord::Invite(self.invite()?)))
    }

    fn hidden_record(&mut self) -> Result<Record, Self::Error> {
        Ok(Record::Room(RoomRecord::Hidden(self.hidden()?)))
    }

    fn ban_record(&mut self) -> Result<Record, Self::Error> {
        Ok(Record::Room(RoomRecord::Ban(ban(self)?)))
    }
}

impl<'r, R: ReadRow<'r>> ReadRecord<'r> for R {}
