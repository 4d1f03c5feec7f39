//! What is kept of one person, handed out to them.

mod line;

use std::collections::VecDeque;

use bytes::{BufMut, Bytes, BytesMut};

use self::line::{DailyLine, Line};
use super::{Actor, Admin, ChatEngine};
use crate::error::{Error, Result};
use crate::id::{JoinRequestId, MessageId, ReportId, RoomId, UserId};
use crate::model::{Ban, InviteCode, Member, Message, Position, Reaction, RelationKind, Room, Settings};
use crate::store::{Queue, Record, RecordPage, RoomRecord};

/// Rows that are in memory at once.
const ROWS: u32 = 250;

impl Actor {
    /// All that is kept of the actor, as lines of JSON: the profile; settings; when no notices are wanted; friends, requests
    /// and blocks, from the actor's side; invitations; bans; reports that the actor made; messages that are held; requests to come into a room that wait; threads that
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
    JoinRequests(Option<JoinRequestId>),
    Follows(Option<(RoomId, u64)>),
    /// The rooms beyond this one.
    Rooms(Option<RoomId>),
    Messages(RoomId, u64),
    /// What a message said below this version.
    Edits {
        room: RoomId,
        message: MessageId,
        seq: u64,
        before: Option<u64>,
    },
    Reactions(RoomId, Option<(u64, Reaction)>),
    /// What was hidden at later positions.
    Hidden(RoomId, u64),
    Footer,
    End,
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
                    None => kind.next().map_or(Part::Invitations(None), |kind| Part::Relations(kind, None)),
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
                let next = last.map_or(Part::JoinRequests(None), |last| Part::Held(Some(last)));
                (found.into_iter().map(Line::from).collect(), next)
            }
            Part::JoinRequests(after) => {
                let found = store.join_requests(Queue::Sender(user), after, ROWS).await?;
                let last = last_of_page(&found, |(request, _)| request.id);
                let next = last.map_or(Part::Follows(None), |last| Part::JoinRequests(Some(last)));
                (found.into_iter().map(|(request, _)| Line::from(request)).collect(), next)
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
                let mut messages: Vec<Message> = found.into_iter().filter_map(message_of).collect();
                // What one said before comes behind it.
                let edited = messages.iter().position(has_edits);
                messages.truncate(edited.map_or(messages.len(), |at| at + 1));
                let next = match messages.last() {
                    None => Part::Reactions(room, None),
                    Some(last) if has_edits(last) => {
                        Part::Edits { room, message: last.id, seq: last.seq, before: None }
                    }
                    Some(last) => Part::Messages(room, last.seq),
                };
                let own = messages.into_iter().filter(|message| message.body.is_countable());
                (own.map(|message| Line::Message(message.into())).collect(), next)
            }
            Part::Edits { room, message, seq, before } => {
                let found = store.edits(room, seq, before, ROWS).await?;
                let next = match last_of_page(&found, |edit| edit.version) {
                    Some(last) => Part::Edits { room, message, seq, before: Some(last) },
                    None => Part::Messages(room, seq),
                };
                (found.into_iter().map(|edit| Line::of_edit(room, message, edit)).collect(), next)
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
            let found = self.engine.stays(&self.user, after, ROWS).await?;
            self.rooms = found.into();
        }
        let Some((room, member)) = self.rooms.pop_front() else { return Ok((Vec::new(), Part::Footer)) };
        let id = room.id;
        Ok((vec![Line::of_stay(room, member)], Part::Messages(id, 0)))
    }
}

impl ChatEngine {
    /// The rooms that a user is or ever was in, beyond `after`, by their ids.
    pub(super) async fn stays(
        &self,
        user: &UserId,
        after: Option<RoomId>,
        limit: u32,
    ) -> Result<Vec<(Room, Member)>> {
        let lanes = self.store().position().await?.position.lanes();
        // Since the beginning all rooms have changed.
        self.store().changed_rooms(user, &Position::start(lanes), after, limit).await
    }
}

/// The key of a full page's last row, beyond which there may be more.
fn last_of_page<T, K>(rows: &[T], key: impl FnOnce(&T) -> K) -> Option<K> {
    rows.last().filter(|_| rows.len() == ROWS as usize).map(key)
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

/// Whether something may be kept of what it said before: of a deleted one nothing is.
fn has_edits(message: &Message) -> bool {
    message.state.edited_at.is_some() && !message.body.is_deleted()
}

fn reaction_line(record: Record) -> Option<Line> {
    match record {
        Record::Room(RoomRecord::Reaction(key, message_uuid)) => {
            Some(Line::Reaction { room_uuid: key.room, message_uuid, reaction: key.reaction })
        }
        _ => None,
    }
}
