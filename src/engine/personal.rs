//! What is kept of one person, handed out to them.

use std::collections::VecDeque;

use bytes::{BufMut, Bytes, BytesMut};
use serde::Serialize;

use super::{Actor, Admin, ChatEngine};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::id::{AttachmentId, ClientId, MessageId, ReportId, RoomId, UserId};
use crate::model::{
    Attachment, Ban, Body, DailyHours, Edit, Follow, Hidden, Invite, InviteCode, LastSeen, Member, Message,
    MessageType, Position, Reaction, Relation, RelationKind, Report, ReportOutcome, Role, Room, RoomType,
    Settings,
};
use crate::store::{Held, Queue, Record, RecordPage, RoomRecord};

/// Rows that are in memory at once.
const ROWS: u32 = 250;

impl Actor {
    /// All that is kept of the actor, as lines of JSON: the profile; settings; when no notices are wanted; friends, requests
    /// and blocks, from the actor's side; invitations; bans; reports that the actor made; messages that are held; threads that
    /// the actor follows or has left off; and of each room that the actor is or was in the membership, the actor's own
    /// messages with the names of their files and what they said before, the actor's reactions, and what the actor has
    /// hidden. Nothing that others have said, and no file itself.
    ///
    /// The first line is a `header`, the last one a `footer` that counts the others; without it something is missing.
    /// What changes meanwhile may be in it or not.
    ///
    /// # Errors
    /// [`RateLimited`](crate::ErrorKind::RateLimited).
    pub fn export(&self) -> Result<PersonalExport> {
        self.engine.inner.limits.change(&self.user)?;
        Ok(PersonalExport::new(&self.engine, &self.user))
    }
}

impl Admin {
    /// All that is kept of a user: see [`Actor::export`]. Of whom nothing is known there is nothing but the first line
    /// and the last.
    pub fn export_user(&self, user: &UserId) -> PersonalExport {
        PersonalExport::new(&self.engine, user)
    }
}

/// An export of one person's data that goes on. It is read anew from where it stands each time, so that it takes as
/// little memory however long it is.
#[derive(Debug)]
pub struct PersonalExport {
    engine: ChatEngine,
    user: UserId,
    part: Part,
    /// Rooms that are still to be told of.
    rooms: VecDeque<(Room, Member)>,
    lines: u64,
}

/// What comes next.
#[derive(Debug, Clone)]
enum Part {
    Profile,
    Relations(RelationKind, Option<UserId>),
    Invitations(Option<InviteCode>),
    Bans(Option<RoomId>),
    Reports(Option<ReportId>),
    Held(Option<MessageId>),
    Follows(Option<(RoomId, u64)>),
    /// The rooms beyond this one.
    Rooms(Option<RoomId>),
    Messages(RoomId, u64),
    Reactions(RoomId, Option<(u64, Reaction)>),
    /// What was hidden at later positions.
    Hidden(RoomId, u64),
    Footer,
    End,
}

/// A line.
#[derive(Debug, Serialize)]
#[serde(tag = "record", rename_all = "camelCase", rename_all_fields = "camelCase")]
enum Line {
    Header {
        format: u32,
        user_uuid: UserId,
        exported_at: Timestamp,
    },
    Profile {
        #[serde(skip_serializing_if = "Option::is_none")]
        nickname: Option<std::sync::Arc<str>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        profile_image: Option<std::sync::Arc<str>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        last_seen_at: Option<Timestamp>,
        #[serde(skip_serializing_if = "Option::is_none")]
        logged_out_at: Option<Timestamp>,
    },
    Settings {
        last_seen: LastSeen,
        invisible: bool,
        read_receipts: bool,
        changed_at: Timestamp,
    },
    DoNotDisturb {
        #[serde(skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
        #[serde(skip_serializing_if = "Option::is_none")]
        daily: Option<DailyLine>,
    },
    Relation {
        user_uuid: UserId,
        kind: &'static str,
        since: Timestamp,
    },
    Invitation {
        room_uuid: RoomId,
        #[serde(skip_serializing_if = "Option::is_none")]
        expires_at: Option<Timestamp>,
        created_at: Timestamp,
    },
    Ban {
        room_uuid: RoomId,
        created_at: Timestamp,
        until: Timestamp,
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    Report {
        report_uuid: ReportId,
        room_uuid: RoomId,
        message_uuid: MessageId,
        created_at: Timestamp,
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        outcome: Option<ReportOutcome>,
    },
    Held {
        room_uuid: RoomId,
        message_uuid: MessageId,
        r#type: MessageType,
        #[serde(skip_serializing_if = "Option::is_none")]
        content: Option<std::sync::Arc<str>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        image_url: Option<std::sync::Arc<str>>,
        created_at: Timestamp,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        files: Vec<FileLine>,
    },
    Thread {
        room_uuid: RoomId,
        parent_message_uuid: MessageId,
        following: bool,
        since: Timestamp,
        read_seq: u64,
    },
    Membership {
        room_uuid: RoomId,
        r#type: RoomType,
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<std::sync::Arc<str>>,
        role: Role,
        is_active: bool,
        joined_at: Timestamp,
        read_seq: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        muted_until: Option<Timestamp>,
        #[serde(skip_serializing_if = "Option::is_none")]
        notifications: Option<&'static str>,
    },
    Message(Box<MessageLine>),
    Reaction {
        room_uuid: RoomId,
        message_uuid: MessageId,
        reaction: Reaction,
    },
    Hidden {
        room_uuid: RoomId,
        message_uuid: MessageId,
    },
    Footer {
        lines: u64,
    },
}

/// Hours of each day.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct DailyLine {
    from: String,
    to: String,
    utc_offset: i16,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct MessageLine {
    room_uuid: RoomId,
    message_uuid: MessageId,
    seq: u64,
    r#type: MessageType,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<std::sync::Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image_url: Option<std::sync::Arc<str>>,
    created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    edited_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_deleted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<ClientId>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    files: Vec<FileLine>,
    /// What it said before, the newest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    edits: Vec<EditLine>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct EditLine {
    content: Option<std::sync::Arc<str>>,
    since: Timestamp,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct FileLine {
    attachment_uuid: AttachmentId,
    name: std::sync::Arc<str>,
    media_type: std::sync::Arc<str>,
    size: u64,
}

impl PersonalExport {
    /// The shape of the lines.
    const FORMAT: u32 = 1;

    fn new(engine: &ChatEngine, user: &UserId) -> Self {
        let (engine, user) = (engine.clone(), user.clone());
        Self { engine, user, part: Part::Profile, rooms: VecDeque::new(), lines: 0 }
    }

    /// The next lines, each whole and with its end: at most 250; `None` when all have come.
    ///
    /// # Errors
    /// The store's: [`Unavailable`](crate::ErrorKind::Unavailable). The same lines can be asked for again.
    pub async fn next(&mut self) -> Result<Option<Bytes>> {
        loop {
            if matches!(self.part, Part::End) {
                return Ok(None);
            }
            let lines = self.lines_of(self.part.clone()).await?;
            if lines.is_empty() {
                continue;
            }
            let mut bytes = BytesMut::new().writer();
            for line in &lines {
                serde_json::to_writer(&mut bytes, line).map_err(Error::unavailable)?;
                bytes.get_mut().put_u8(b'\n');
            }
            self.lines += lines.len() as u64;
            return Ok(Some(bytes.into_inner().freeze()));
        }
    }

    /// Some lines, perhaps none, of what comes next; and what comes after them.
    async fn lines_of(&mut self, part: Part) -> Result<Vec<Line>> {
        let (engine, user) = (self.engine.clone(), self.user.clone());
        let store = engine.store();
        let (lines, next) = match part {
            Part::Profile => (self.first().await?, Part::Relations(RelationKind::Friend, None)),
            Part::Relations(kind, after) => {
                let found = store.relations(&user, kind, after.as_ref(), ROWS).await?;
                let last = last_of_page(&found, |(relation, _)| relation.other.clone());
                let next = match last {
                    Some(last) => Part::Relations(kind, Some(last)),
                    None => {
                        kind_after(kind).map_or(Part::Invitations(None), |kind| Part::Relations(kind, None))
                    }
                };
                (found.into_iter().map(|(relation, _)| Line::from(relation)).collect(), next)
            }
            Part::Invitations(after) => {
                let found = store.invitations(&user, after, ROWS).await?;
                let last = last_of_page(&found, |(invite, _)| invite.code);
                let next = last.map_or(Part::Bans(None), |last| Part::Invitations(Some(last)));
                (found.into_iter().map(|(invite, _)| Line::from(invite)).collect(), next)
            }
            Part::Bans(after) => {
                let found = store.records(RecordPage::BansOf { user, after }, ROWS).await?;
                let bans: Vec<Ban> = found.into_iter().filter_map(ban_of).collect();
                let next = bans.last().map_or(Part::Reports(None), |last| Part::Bans(Some(last.room)));
                (bans.into_iter().map(Line::from).collect(), next)
            }
            Part::Reports(after) => {
                let found = store.reports_by(&user, after, ROWS).await?;
                let last = last_of_page(&found, |report| report.id);
                let next = last.map_or(Part::Held(None), |last| Part::Reports(Some(last)));
                (found.into_iter().map(Line::from).collect(), next)
            }
            Part::Held(after) => {
                let found = store.held(Queue::Sender(user), after, ROWS).await?;
                let last = last_of_page(&found, |held| held.id);
                let next = last.map_or(Part::Follows(None), |last| Part::Held(Some(last)));
                (found.into_iter().map(Line::from).collect(), next)
            }
            Part::Follows(after) => {
                let found = store.follows(&user, after, ROWS).await?;
                let last = last_of_page(&found, |follow| (follow.room, follow.root_seq));
                let next = last.map_or(Part::Rooms(None), |last| Part::Follows(Some(last)));
                (found.into_iter().map(Line::from).collect(), next)
            }
            Part::Rooms(after) => self.next_room(after).await?,
            Part::Messages(room, after) => {
                let found = store.records(RecordPage::MessagesBy { room, user, after }, ROWS).await?;
                let messages: Vec<Message> = found.into_iter().filter_map(message_of).collect();
                let next = messages
                    .last()
                    .map_or(Part::Reactions(room, None), |last| Part::Messages(room, last.seq));
                let mut own = Vec::new();
                for message in messages.into_iter().filter(|message| message.body.is_countable()) {
                    let edits = match message.state.edited_at {
                        Some(_) => store.edits(room, message.seq, None, ROWS).await?,
                        None => Vec::new(),
                    };
                    let edits =
                        edits.into_iter().map(|Edit { content, since, .. }| EditLine { content, since });
                    let line = MessageLine { edits: edits.collect(), ..message.into() };
                    own.push(Line::Message(Box::new(line)));
                }
                (own, next)
            }
            Part::Reactions(room, after) => {
                let found = store.records(RecordPage::ReactionsBy { room, user, after }, ROWS).await?;
                let last = found.last().and_then(|record| match record {
                    Record::Room(RoomRecord::Reaction(key, _)) => Some((key.seq, key.reaction.clone())),
                    _ => None,
                });
                let next = match last {
                    Some(last) => Part::Reactions(room, Some(last)),
                    None => Part::Hidden(room, 0),
                };
                (found.into_iter().filter_map(reaction_line).collect(), next)
            }
            Part::Hidden(room, after) => {
                let found = store.hidden_since(room, Some(&user), after, u64::MAX, ROWS).await?;
                let last = last_of_page(&found, |hidden| hidden.pos);
                let next = last.map_or(Part::Rooms(Some(room)), |last| Part::Hidden(room, last));
                (found.into_iter().map(Line::from).collect(), next)
            }
            Part::Footer => (vec![Line::Footer { lines: self.lines }], Part::End),
            Part::End => (Vec::new(), Part::End),
        };
        self.part = next;
        Ok(lines)
    }

    async fn first(&self) -> Result<Vec<Line>> {
        let (user, store) = (&self.user, self.engine.store());
        let known = store.records(RecordPage::ProfileOf(user.clone()), 1).await?.pop();
        let header =
            Line::Header { format: Self::FORMAT, user_uuid: user.clone(), exported_at: self.engine.now() };
        let mut lines = vec![header];
        if let Some(Record::Profile { profile, last_seen, logged_out, .. }) = known {
            let (nickname, profile_image) =
                profile.map_or((None, None), |shown| (Some(shown.nickname), shown.image));
            let (last_seen_at, logged_out_at) = (last_seen, logged_out);
            lines.push(Line::Profile { nickname, profile_image, last_seen_at, logged_out_at });
        }
        if let Some((_, settings)) = store.settings(std::slice::from_ref(user)).await?.pop() {
            let Settings { last_seen, invisible, read_receipts, changed_at } = settings;
            lines.push(Line::Settings { last_seen, invisible, read_receipts, changed_at });
        }
        if let Some((_, quiet)) = store.do_not_disturb(std::slice::from_ref(user)).await?.pop() {
            lines.push(Line::DoNotDisturb { until: quiet.until, daily: quiet.daily.map(DailyLine::from) });
        }
        Ok(lines)
    }

    /// The membership of the next room, and what the user has left in it.
    async fn next_room(&mut self, after: Option<RoomId>) -> Result<(Vec<Line>, Part)> {
        if self.rooms.is_empty() {
            let store = self.engine.store();
            let lanes = store.position().await?.position.lanes();
            // Since the beginning all rooms have changed.
            let found = store.changed_rooms(&self.user, &Position::start(lanes), after, ROWS).await?;
            self.rooms = found.into();
        }
        let Some((room, member)) = self.rooms.pop_front() else { return Ok((Vec::new(), Part::Footer)) };
        let id = room.id;
        Ok((vec![Line::of_stay(room, member)], Part::Messages(id, 0)))
    }
}

/// The key of a full page's last row, beyond which there may be more.
fn last_of_page<T, K>(rows: &[T], key: impl FnOnce(&T) -> K) -> Option<K> {
    rows.last().filter(|_| rows.len() == ROWS as usize).map(key)
}

fn kind_after(kind: RelationKind) -> Option<RelationKind> {
    match kind {
        RelationKind::Friend => Some(RelationKind::RequestSent),
        RelationKind::RequestSent => Some(RelationKind::RequestReceived),
        RelationKind::RequestReceived => Some(RelationKind::Blocked),
        RelationKind::Blocked => None,
    }
}

fn ban_of(record: Record) -> Option<Ban> {
    match record {
        Record::Room(RoomRecord::Ban(ban)) => Some(ban),
        _ => None,
    }
}

fn message_of(record: Record) -> Option<Message> {
    match record {
        Record::Room(RoomRecord::Message(message, _)) => Some(message),
        _ => None,
    }
}

fn reaction_line(record: Record) -> Option<Line> {
    match record {
        Record::Room(RoomRecord::Reaction(key, message_uuid)) => {
            Some(Line::Reaction { room_uuid: key.room, message_uuid, reaction: key.reaction })
        }
        _ => None,
    }
}

impl Line {
    fn of_stay(room: Room, member: Member) -> Self {
        Self::Membership {
            room_uuid: room.id,
            r#type: room.kind.room_type(),
            name: room.name,
            role: member.role,
            is_active: member.active,
            joined_at: member.joined_at,
            read_seq: member.read_seq,
            muted_until: member.muted_until,
            notifications: member.notify.and_then(|chosen| chosen.setting).map(|chosen| chosen.level.name()),
        }
    }
}

impl From<DailyHours> for DailyLine {
    fn from(hours: DailyHours) -> Self {
        let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
        Self { from: clock(hours.from()), to: clock(hours.to()), utc_offset: hours.utc_offset() }
    }
}

impl From<Relation> for Line {
    fn from(Relation { other, kind, since, .. }: Relation) -> Self {
        let kind = match kind {
            RelationKind::Friend => "friend",
            RelationKind::RequestSent => "requestSent",
            RelationKind::RequestReceived => "requestReceived",
            RelationKind::Blocked => "blocked",
        };
        Self::Relation { user_uuid: other, kind, since }
    }
}

impl From<Invite> for Line {
    fn from(invite: Invite) -> Self {
        let Invite { room: room_uuid, expires_at, created_at, .. } = invite;
        Self::Invitation { room_uuid, expires_at, created_at }
    }
}

impl From<Ban> for Line {
    fn from(Ban { room, at, until, reason, .. }: Ban) -> Self {
        Self::Ban { room_uuid: room, created_at: at, until, reason }
    }
}

impl From<Report> for Line {
    fn from(report: Report) -> Self {
        let Report { id, room, message, at, reason, resolution, .. } = report;
        let outcome = resolution.map(|resolution| resolution.outcome);
        let (report_uuid, room_uuid, message_uuid) = (id, room, message);
        Self::Report { report_uuid, room_uuid, message_uuid, created_at: at, reason, outcome }
    }
}

impl From<Held> for Line {
    fn from(Held { id, room, body, attachments, at, .. }: Held) -> Self {
        let r#type = body.message_type();
        let (content, image_url) = words(body);
        let (room_uuid, message_uuid, created_at, files) = (room, id, at, files(&attachments));
        Self::Held { room_uuid, message_uuid, r#type, content, image_url, created_at, files }
    }
}

impl From<Follow> for Line {
    fn from(Follow { room, root, following, since, read_seq, .. }: Follow) -> Self {
        let (room_uuid, parent_message_uuid) = (room, root);
        Self::Thread { room_uuid, parent_message_uuid, following, since, read_seq }
    }
}

impl From<Hidden> for Line {
    fn from(Hidden { room, message, .. }: Hidden) -> Self {
        Self::Hidden { room_uuid: room, message_uuid: message }
    }
}

/// What a message says: its words, and the address of its picture.
fn words(body: Body) -> (Option<std::sync::Arc<str>>, Option<std::sync::Arc<str>>) {
    match body {
        Body::Text(words) => (Some(words), None),
        Body::Image { url, caption } => (caption, Some(url)),
        _ => (None, None),
    }
}

fn files(attachments: &[Attachment]) -> Vec<FileLine> {
    let file = |file: &Attachment| FileLine {
        attachment_uuid: file.id,
        name: file.name.clone(),
        media_type: file.media_type.clone(),
        size: file.size,
    };
    attachments.iter().map(file).collect()
}

impl From<Message> for MessageLine {
    fn from(message: Message) -> Self {
        let Message { id, room, seq, body, created_at, client_id, state, attachments, .. } = message;
        let (r#type, is_deleted) = (body.message_type(), body.is_deleted());
        let (content, image_url) = words(body);
        Self {
            room_uuid: room,
            message_uuid: id,
            seq,
            r#type,
            content,
            image_url,
            created_at,
            edited_at: state.edited_at,
            is_deleted,
            client_id,
            files: files(&attachments),
            edits: Vec::new(),
        }
    }
}
