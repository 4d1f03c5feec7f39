//! A line: its JSON shape, and the record that it stands for. The table in the docs of the module names
//! every field; what is not in it is refused, for it would be lost.

mod act;
mod edit;
mod held;
mod invite;
mod join;
mod member;
mod message;
mod moderation;
mod people;
mod personal;
mod room;

use serde::{Deserialize, Serialize};

use self::act::ActLine;
use self::edit::EditLine;
use self::held::HeldLine;
use self::invite::InviteLine;
use self::join::JoinRequestLine;
use self::member::MemberLine;
use self::message::MessageLine;
use self::moderation::{BanLine, ReportLine};
use self::people::{ProfileLine, QuietLine, RelationLine, SettingsLine};
use self::personal::{FollowLine, HiddenLine, ReactionLine};
use self::room::RoomLine;
use super::Counts;
use crate::store::{Record, RoomRecord};

/// What a number may be: every store keeps it.
const MAX_NUMBER: u64 = i64::MAX.unsigned_abs();

/// The first line. Read by itself, for another format may have other fields.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Header {
    record: HeaderTag,
    pub(super) format: u64,
}

#[derive(Debug, Serialize, Deserialize)]
enum HeaderTag {
    #[serde(rename = "header")]
    Header,
}

impl Header {
    pub(super) const FORMAT: u64 = 1;

    pub(super) fn new() -> Self {
        Self { record: HeaderTag::Header, format: Self::FORMAT }
    }
}

/// Any other line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "camelCase")]
pub(super) enum Line {
    Header { format: u64 },
    Profile(ProfileLine),
    Relation(RelationLine),
    Settings(SettingsLine),
    DoNotDisturb(QuietLine),
    Room(RoomLine),
    Held(HeldLine),
    JoinRequest(JoinRequestLine),
    Message(MessageLine),
    Edit(EditLine),
    Reaction(ReactionLine),
    Member(MemberLine),
    Ban(BanLine),
    Report(ReportLine),
    Hidden(HiddenLine),
    Follow(FollowLine),
    Invite(InviteLine),
    Act(ActLine),
    Footer(Counts),
}

impl From<Record> for Line {
    fn from(record: Record) -> Self {
        match record {
            Record::Profile { user, profile, last_seen, logged_out } => {
                Self::Profile(ProfileLine::of(user, profile, last_seen, logged_out))
            }
            Record::Relation(relation) => Self::Relation(relation.into()),
            Record::Settings(user, settings) => Self::Settings(SettingsLine::of(user, settings)),
            Record::DoNotDisturb(user, quiet) => Self::DoNotDisturb(QuietLine::of(user, quiet)),
            Record::Room(record) => record.into(),
        }
    }
}

impl From<RoomRecord> for Line {
    fn from(record: RoomRecord) -> Self {
        match record {
            RoomRecord::Room(room) => Self::Room(room.into()),
            RoomRecord::Held(held) => Self::Held(held.into()),
            RoomRecord::JoinRequest(request) => Self::JoinRequest(request.into()),
            RoomRecord::Message(message, hash) => Self::Message(MessageLine::of(message, hash)),
            RoomRecord::Edit(state) => Self::Edit(state.into()),
            RoomRecord::Reaction(key, message) => Self::Reaction(ReactionLine::of(key, message)),
            RoomRecord::Member(member) => Self::Member(member.into()),
            RoomRecord::Ban(ban) => Self::Ban(ban.into()),
            RoomRecord::Report(report) => Self::Report(report.into()),
            RoomRecord::Hidden(hidden) => Self::Hidden(hidden.into()),
            RoomRecord::Follow(follow) => Self::Follow(follow.into()),
            RoomRecord::Invite(invite) => Self::Invite(invite.into()),
            RoomRecord::Act(entry) => Self::Act(entry.into()),
        }
    }
}

/// Why the fields of a line make no record.
#[derive(Debug, thiserror::Error)]
pub(super) enum FieldError {
    #[error("the field {0} is missing, or does not go with the others")]
    Unfit(&'static str),
    #[error("the field {0} holds a NUL, which no store keeps")]
    Nul(&'static str),
    #[error("the field {0} is larger than {MAX_NUMBER}")]
    Number(&'static str),
}

fn check_texts(texts: &[(&'static str, Option<&str>)]) -> Result<(), FieldError> {
    match texts.iter().find(|(_, text)| text.is_some_and(|text| text.contains('\0'))) {
        Some((field, _)) => Err(FieldError::Nul(field)),
        None => Ok(()),
    }
}

fn check_numbers(numbers: &[(&'static str, u64)]) -> Result<(), FieldError> {
    match numbers.iter().find(|(_, number)| *number > MAX_NUMBER) {
        Some((field, _)) => Err(FieldError::Number(field)),
        None => Ok(()),
    }
}
