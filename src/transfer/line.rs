//! A line: its JSON shape, and the record that it stands for. The table in the docs of the module names
//! every field; what is not in it is refused, for it would be lost.

mod message;

use std::num::NonZeroU32;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use self::message::MessageLine;
use super::Counts;
use crate::clock::Timestamp;
use crate::id::{ChallengeId, MessageId, ReportId, RoomId, UserId};
use crate::model::{
    About, Ban, Custom, Floor, Follow, Hidden, LastSeen, MAX_SLOW_MODE, Member, Notify, NotifySetting,
    Profile, Reaction, Relation, RelationKind, Report, ReportOutcome, Resolution, Retention, Role, Room,
    RoomKind, RoomType, Settings, Visibility,
};
use crate::store::{ReactionKey, Record, RoomRecord};

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
    Room(RoomLine),
    Message(MessageLine),
    Reaction(ReactionLine),
    Member(MemberLine),
    Ban(BanLine),
    Report(ReportLine),
    Hidden(HiddenLine),
    Follow(FollowLine),
    Footer(Counts),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ProfileLine {
    user: UserId,
    #[serde(skip_serializing_if = "Option::is_none")]
    nickname: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_seen: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logged_out: Option<Timestamp>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RelationLine {
    user: UserId,
    other: UserId,
    kind: KindLine,
    since: Timestamp,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SettingsLine {
    user: UserId,
    last_seen: LastSeen,
    invisible: bool,
    read_receipts: bool,
    changed_at: Timestamp,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum KindLine {
    Friend,
    RequestSent,
    RequestReceived,
    Blocked,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RoomLine {
    id: RoomId,
    r#type: RoomType,
    #[serde(skip_serializing_if = "Option::is_none")]
    pair: Option<[UserId; 2]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    challenge: Option<ChallengeId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<Arc<str>>,
    active: bool,
    created_at: Timestamp,
    seq: u64,
    countable: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    permissions: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    topic: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    picture: Option<Arc<str>>,
    #[serde(default, skip_serializing_if = "is_private")]
    visibility: Visibility,
    #[serde(default, skip_serializing_if = "Custom::is_empty")]
    custom: Custom,
    #[serde(skip_serializing_if = "Option::is_none")]
    slow_mode: Option<NonZeroU32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retention: Option<Retention>,
    #[serde(skip_serializing_if = "Option::is_none")]
    floor: Option<FloorLine>,
}

/// Where the messages of a room begin that are kept.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct FloorLine {
    seq: u64,
    n: u64,
}

fn is_private(visibility: &Visibility) -> bool {
    *visibility == Visibility::Private
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ReactionLine {
    room: RoomId,
    seq: u64,
    message: MessageId,
    reaction: Reaction,
    user: UserId,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct MemberLine {
    room: RoomId,
    user: UserId,
    role: RoleLine,
    active: bool,
    joined_at: Timestamp,
    joined_seq: u64,
    marked_at: Timestamp,
    read_seq: u64,
    delivered_seq: u64,
    read_n: u64,
    read_own_n: u64,
    own_n: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    muted_until: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    notifications: Option<NotifySetting>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct BanLine {
    room: RoomId,
    user: UserId,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<UserId>,
    at: Timestamp,
    until: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ReportLine {
    room: RoomId,
    id: ReportId,
    message: MessageId,
    sender: UserId,
    by: UserId,
    at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resolved_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resolved_by: Option<UserId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<ReportOutcome>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct HiddenLine {
    room: RoomId,
    user: UserId,
    seq: u64,
    message: MessageId,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct FollowLine {
    room: RoomId,
    seq: u64,
    message: MessageId,
    user: UserId,
    following: bool,
    since: Timestamp,
    read_seq: u64,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum RoleLine {
    Owner,
    Member,
    Admin,
    ReadOnly,
}

impl From<Record> for Line {
    fn from(record: Record) -> Self {
        match record {
            Record::Profile { user, profile, last_seen, logged_out } => {
                let (nickname, image) =
                    profile.map_or((None, None), |shown| (Some(shown.nickname), shown.image));
                Self::Profile(ProfileLine { user, nickname, image, last_seen, logged_out })
            }
            Record::Relation(Relation { user, other, kind, since }) => {
                let kind = match kind {
                    RelationKind::Friend => KindLine::Friend,
                    RelationKind::RequestSent => KindLine::RequestSent,
                    RelationKind::RequestReceived => KindLine::RequestReceived,
                    RelationKind::Blocked => KindLine::Blocked,
                };
                Self::Relation(RelationLine { user, other, kind, since })
            }
            Record::Settings(user, settings) => {
                let Settings { last_seen, invisible, read_receipts, changed_at } = settings;
                Self::Settings(SettingsLine { user, last_seen, invisible, read_receipts, changed_at })
            }
            Record::Room(RoomRecord::Room(room)) => Self::Room(room.into()),
            Record::Room(RoomRecord::Message(message, hash)) => Self::Message(MessageLine::of(message, hash)),
            Record::Room(RoomRecord::Reaction(key, message)) => {
                let ReactionKey { room, seq, reaction, user } = key;
                Self::Reaction(ReactionLine { room, seq, message, reaction, user })
            }
            Record::Room(RoomRecord::Member(member)) => Self::Member(member.into()),
            Record::Room(RoomRecord::Ban(Ban { room, user, by, at, until, reason })) => {
                Self::Ban(BanLine { room, user, by, at, until, reason })
            }
            Record::Room(RoomRecord::Report(report)) => Self::Report(report.into()),
            Record::Room(RoomRecord::Hidden(Hidden { room, user, seq, message, .. })) => {
                Self::Hidden(HiddenLine { room, user, seq, message })
            }
            Record::Room(RoomRecord::Follow(follow)) => {
                let Follow { room, user, root, root_seq, following, since, read_seq, pos: _ } = follow;
                let (seq, message) = (root_seq, root);
                Self::Follow(FollowLine { room, seq, message, user, following, since, read_seq })
            }
        }
    }
}

impl From<Room> for RoomLine {
    fn from(room: Room) -> Self {
        let (id, r#type, challenge) = (room.id, room.kind.room_type(), room.kind.challenge().cloned());
        let (retention, floor) = (room.retention(), room.floor());
        let pair = match room.kind {
            RoomKind::Direct(pair) => Some(pair),
            _ => None,
        };
        let permissions = (!room.permissions.is_default()).then(|| room.permissions.to_string());
        let floor = (floor.seq > 1).then_some(FloorLine { seq: floor.seq, n: floor.n });
        let Room { name, active, created_at, seq, countable, about, slow_mode, .. } = room;
        let About { topic, picture, visibility, custom } = about;
        Self {
            id,
            r#type,
            pair,
            challenge,
            name,
            active,
            created_at,
            seq,
            countable,
            permissions,
            topic,
            picture,
            visibility,
            custom,
            slow_mode: NonZeroU32::new(slow_mode),
            retention,
            floor,
        }
    }
}

impl From<Member> for MemberLine {
    fn from(member: Member) -> Self {
        let role = match member.role {
            Role::Owner => RoleLine::Owner,
            Role::Admin => RoleLine::Admin,
            Role::Member => RoleLine::Member,
            Role::ReadOnly => RoleLine::ReadOnly,
        };
        let Member { room, user, active, joined_at, joined_seq, marked_at, .. } = member;
        let Member { read_seq, delivered_seq, read_n, read_own_n, own_n, muted_until, .. } = member;
        Self {
            room,
            user,
            role,
            active,
            joined_at,
            joined_seq,
            marked_at,
            read_seq,
            delivered_seq,
            read_n,
            read_own_n,
            own_n,
            muted_until,
            notifications: member.notify.and_then(|notify| notify.setting),
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

impl ProfileLine {
    pub(super) fn record(self) -> Result<Record, FieldError> {
        let Self { user, nickname, image, last_seen, logged_out } = self;
        check_texts(&[("nickname", nickname.as_deref()), ("image", image.as_deref())])?;
        let profile = match (nickname, image) {
            (Some(nickname), image) => Some(Profile { user: user.clone(), nickname, image }),
            (None, None) => None,
            (None, Some(_)) => return Err(FieldError::Unfit("nickname")),
        };
        Ok(Record::Profile { user, profile, last_seen, logged_out })
    }
}

impl RelationLine {
    pub(super) fn record(self) -> Result<Relation, FieldError> {
        let Self { user, other, kind, since } = self;
        if user == other {
            return Err(FieldError::Unfit("other"));
        }
        let kind = match kind {
            KindLine::Friend => RelationKind::Friend,
            KindLine::RequestSent => RelationKind::RequestSent,
            KindLine::RequestReceived => RelationKind::RequestReceived,
            KindLine::Blocked => RelationKind::Blocked,
        };
        Ok(Relation { user, other, kind, since })
    }
}

impl SettingsLine {
    pub(super) fn record(self) -> Record {
        let Self { user, last_seen, invisible, read_receipts, changed_at } = self;
        Record::Settings(user, Settings { last_seen, invisible, read_receipts, changed_at })
    }
}

impl RoomLine {
    pub(super) fn record(self) -> Result<Room, FieldError> {
        let Self { id, r#type, pair, challenge, name, active, created_at, seq, countable, .. } = self;
        let Self { permissions, topic, picture, visibility, custom, slow_mode, retention, floor, .. } = self;
        let texts = [("name", &name), ("topic", &topic), ("picture", &picture)];
        check_texts(&texts.map(|(field, text)| (field, text.as_deref())))?;
        check_numbers(&[("seq", seq), ("countable", countable)])?;
        let kind = match (r#type, pair, challenge) {
            (RoomType::Direct, Some([one, other]), None) => RoomKind::direct(one, other),
            (RoomType::Group, None, None) => RoomKind::Group,
            (RoomType::Challenge, None, Some(challenge)) => RoomKind::Challenge(challenge),
            _ => return Err(FieldError::Unfit("type")),
        };
        if matches!(kind, RoomKind::Direct(_)) && visibility == Visibility::Public {
            return Err(FieldError::Unfit("visibility"));
        }
        let slow_mode = slow_mode.map_or(0, NonZeroU32::get);
        let is_direct = matches!(kind, RoomKind::Direct(_));
        if slow_mode > MAX_SLOW_MODE || is_direct && slow_mode > 0 {
            return Err(FieldError::Unfit("slowMode"));
        }
        let floor = match floor {
            None => Floor::default(),
            Some(FloorLine { seq: first, n }) if first > 1 && first - 1 <= seq && n <= countable => {
                Floor { seq: first, n, ..Floor::default() }
            }
            Some(_) => return Err(FieldError::Unfit("floor")),
        };
        let permissions = permissions.map(|text| text.parse()).transpose();
        let permissions = permissions.map_err(|_| FieldError::Unfit("permissions"))?.unwrap_or_default();
        // What is counted in it comes with its rows.
        let (members, last_message_at) = (0, None);
        let (created_pos, changed_pos, last_pos, marks_pos) = (0, 0, 0, 0);
        let mut room = Room {
            id,
            kind,
            name,
            active,
            created_at,
            seq,
            countable,
            members,
            last_message_at,
            created_pos,
            changed_pos,
            last_pos,
            marks_pos,
            permissions,
            about: About { topic, picture, visibility, custom },
            slow_mode,
            keeping: None,
            threads_pos: 0,
        };
        room.keep(|keeping| (keeping.retention, keeping.floor) = (retention, floor));
        Ok(room)
    }
}

impl ReactionLine {
    pub(super) fn record(self) -> Result<(ReactionKey, MessageId), FieldError> {
        let Self { room, seq, message, reaction, user } = self;
        check_numbers(&[("seq", seq)])?;
        Ok((ReactionKey { room, seq, reaction, user }, message))
    }
}

impl MemberLine {
    pub(super) fn record(self) -> Result<Member, FieldError> {
        let Self { room, user, role, active, joined_at, joined_seq, marked_at, notifications, .. } = self;
        let Self { read_seq, delivered_seq, read_n, read_own_n, own_n, muted_until, .. } = self;
        let role = match role {
            RoleLine::Owner => Role::Owner,
            RoleLine::Admin => Role::Admin,
            RoleLine::Member => Role::Member,
            RoleLine::ReadOnly => Role::ReadOnly,
        };
        // The others are smaller, or the store refuses them.
        check_numbers(&[("deliveredSeq", delivered_seq), ("joinedSeq", joined_seq), ("ownN", own_n)])?;
        let (joined_pos, changed_pos, marks_pos) = (0, 0, 0);
        Ok(Member {
            room,
            user,
            role,
            active,
            joined_at,
            joined_seq,
            joined_pos,
            changed_pos,
            marks_pos,
            marked_at,
            read_seq,
            delivered_seq,
            read_n,
            read_own_n,
            own_n,
            muted_until,
            // Of seconds ago, if at all.
            slowed_at: None,
            notify: notifications
                .map(|setting| Box::new(Notify { setting: Some(setting), pos: 0, told_pos: 0 })),
            // It is counted as it comes.
            hidden: 0,
        })
    }
}

impl From<Report> for ReportLine {
    fn from(report: Report) -> Self {
        let Report { id, room, message, sender, by, at, reason, resolution } = report;
        let resolved_at = resolution.as_ref().map(|one| one.at);
        let outcome = resolution.as_ref().map(|one| one.outcome);
        let resolved_by = resolution.and_then(|one| one.by);
        Self { room, id, message, sender, by, at, reason, resolved_at, resolved_by, outcome }
    }
}

impl ReportLine {
    pub(super) fn record(self) -> Result<Report, FieldError> {
        let Self { room, id, message, sender, by, at, reason, resolved_at, resolved_by, outcome } = self;
        check_texts(&[("reason", reason.as_deref())])?;
        let resolution = match (resolved_at, outcome) {
            (Some(at), Some(outcome)) => Some(Resolution { at, by: resolved_by, outcome }),
            (None, None) if resolved_by.is_none() => None,
            _ => return Err(FieldError::Unfit("outcome")),
        };
        Ok(Report { id, room, message, sender, by, at, reason, resolution })
    }
}

impl HiddenLine {
    pub(super) fn record(self) -> Result<Hidden, FieldError> {
        let Self { room, user, seq, message } = self;
        check_numbers(&[("seq", seq)])?;
        Ok(Hidden { room, user, seq, message, pos: 0 })
    }
}

impl FollowLine {
    pub(super) fn record(self) -> Result<Follow, FieldError> {
        let Self { room, seq, message, user, following, since, read_seq } = self;
        check_numbers(&[("seq", seq), ("readSeq", read_seq)])?;
        Ok(Follow { room, user, root: message, root_seq: seq, following, since, read_seq, pos: 0 })
    }
}

impl BanLine {
    pub(super) fn record(self) -> Result<Ban, FieldError> {
        let Self { room, user, by, at, until, reason } = self;
        check_texts(&[("reason", reason.as_deref())])?;
        Ok(Ban { room, user, by, at, until, reason })
    }
}
