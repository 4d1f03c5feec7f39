//! The rules of a change, decided inside the store's transaction. Pure: rows in, rows out.
//!
//! Each function checks every guard first and changes rows only after the last one, so that an item
//! which is refused leaves nothing behind.

pub(super) mod attach;
mod cut;
mod delete;
mod erase;
mod held;
mod joins;
mod members;
mod refer;

pub(super) use members::{admit, take_out};

use std::collections::BTreeSet;
use std::sync::Arc;

use super::amend::amend;
use super::follow;
use super::govern;
use super::hide::hide;
use super::import::import;
use super::invites;
use super::moderate;
use super::notify;
use super::relate::relate;
use super::report;
use super::settings::settle;
use super::{
    Answer, Batch, BodyHash, Change, Item, Notice, Op, Ordinals, Outcome, Refers, RoomItem, Rows, Ruling,
    Sent, Update, What,
};
use crate::clock::Timestamp;
use crate::error::{Error, ErrorKind, Result};
use crate::id::{AttachmentId, ClientId, MessageId, OriginId, RoomId, UserId};
use crate::model::{
    About, Act, Attachment, Body, Custom, Mark, Member, Message, MessageState, Permissions, Pos, Profile,
    References, Role, Room, RoomKind, Verb,
};

/// Decides the items of a batch in their order on the rows that [`Needs::of`](super::Needs::of) named, and
/// answers each at its place. It reads and writes nothing else, and leaves the other fields of the batch to
/// the store.
///
/// # Errors
/// An item that is refused leaves the rows as they were. In a room:
/// [`RoomNotFound`](ErrorKind::RoomNotFound), [`RoomClosed`](ErrorKind::RoomClosed), [`RoomFull`](ErrorKind::RoomFull),
/// [`NotAParticipant`](ErrorKind::NotAParticipant) where whoever asks, or sends, is no active member,
/// [`Muted`](ErrorKind::Muted) and [`Banned`](ErrorKind::Banned) by those who look after it,
/// [`Forbidden`](ErrorKind::Forbidden) by the room's rules or a time that is over,
/// [`LimitReached`](ErrorKind::LimitReached) by a bound of the item, [`Unreachable`](ErrorKind::Unreachable) by a block, and [`Invalid`](ErrorKind::Invalid) for what contradicts
/// itself or the room. Each [`Op`] and [`RelationOp`](super::RelationOp) names those of its own.
pub fn apply(batch: Batch, rows: &mut Rows) -> Vec<Result<Outcome>> {
    rows.alert_terms = batch.alerts;
    let outcomes = batch.items.into_iter().map(|item| apply_item(item, rows)).collect();
    rows.settle_alerts();
    outcomes
}

fn apply_item(item: Item, rows: &mut Rows) -> Result<Outcome> {
    match item {
        Item::Room(item) => apply_to_room(item, rows),
        Item::Relation(item) => relate(*item, rows),
        Item::Settings(item) => Ok(settle(item, rows)),
    }
}

fn apply_to_room(item: Box<RoomItem>, rows: &mut Rows) -> Result<Outcome> {
    let RoomItem { room, at, by, op } = *item;
    let ctx = Ctx { id: room, at, by };
    match op {
        Op::Create { kind, name, members, about } => create(&ctx, kind, (name, about), &members, rows),
        Op::Send {
            id,
            sender,
            body,
            client_id,
            origin,
            attachments,
            writing_until,
            refers,
            custom,
            ruling,
        } => {
            let new =
                NewMessage { client_id, origin, writing_until, custom, ..NewMessage::of(id, sender, body) };
            send(&ctx, new, (&attachments, &refers), ruling, rows)
        }
        Op::Join { users, max_members } => members::join(&ctx, users, max_members, rows),
        Op::Enter { notice, max_members, by_invite, admission } => {
            joins::enter(&ctx, joins::Entry { notice, max_members, by_invite }, admission, rows)
        }
        Op::SettleJoin { request, how } => joins::settle(&ctx, *request, how, rows),
        Op::MakeInvite { invite, most } => invites::make(&ctx, invite, most, rows),
        Op::RevokeInvite(code) => invites::revoke(&ctx, code, rows),
        Op::Part { notice } => members::part(&ctx, notice, rows),
        Op::Rename { name, notice } => {
            let update = Update { name: Some((name, notice)), ..Update::default() };
            govern::update(&ctx, update, rows)
        }
        Op::Close => close(&ctx, rows),
        Op::Reopen { kind } => govern::reopen(&ctx, &kind, rows),
        Op::Mark { mark, to } => move_mark(&ctx, mark, to, rows),
        Op::Amend { message, change } => amend(&ctx, message, change, rows),
        Op::SetRole { about, role } => govern::set_role(&ctx, about, role, rows),
        Op::Mute { about, until, reason } => moderate::mute(&ctx, about, until, reason, rows),
        Op::Ban { ban, notice } => moderate::ban(&ctx, ban, notice, rows),
        Op::Unban(user) => moderate::unban(&ctx, &user, rows),
        Op::Report { id, message, reason } => report::report(&ctx, id, message, reason, rows),
        Op::Resolve { id, outcome } => report::resolve(&ctx, id, outcome, rows),
        Op::Settle { held, how } => held::settle(&ctx, *held, how, rows),
        Op::Update(update) => govern::update(&ctx, *update, rows),
        Op::Delete => delete::delete(&ctx, rows),
        Op::Erase { user, what } => erase::erase(&ctx, &user, what, rows),
        Op::Cut { retention, grace, limit: _ } => cut::cut(&ctx, retention, grace, rows),
        Op::Import(record) if record.room() == ctx.id => import(*record, rows),
        Op::Hide { message, seq, max_hidden } => hide(&ctx, message, seq, max_hidden, rows),
        Op::Attach(op) => attach::attach(&ctx, op, rows),
        Op::SetNotify(setting) => notify::set(&ctx, setting, rows),
        Op::Follow { message, on, most } => follow::follow(&ctx, message, on, most, rows),
        Op::ReadThread { message, to } => follow::read(&ctx, message, to, rows),
        Op::Import(_) => Err(Error::invalid("room", "is not the record's")),
    }
}

/// Which room, when, and who asks.
pub(super) struct Ctx {
    pub(super) id: RoomId,
    pub(super) at: Timestamp,
    pub(super) by: Option<UserId>,
}

impl Ctx {
    pub(super) fn room(&self, rows: &Rows) -> Result<Room> {
        let room = rows.rooms.get(&self.id).filter(|room| !room.is_deleted());
        room.map(|room| Room::clone(room)).ok_or_else(|| ErrorKind::RoomNotFound(self.id).into())
    }

    pub(super) fn active_member(&self, user: &UserId, rows: &Rows) -> Result<Member> {
        let member = rows.members.get(&(self.id, user.clone())).filter(|member| member.active);
        member.map(|member| Member::clone(member)).ok_or_else(|| ErrorKind::NotAParticipant(self.id).into())
    }

    /// The room's own rule for the verb; the host is bound by none but the room's kind.
    pub(super) fn check_may(&self, verb: Verb, room: &Room, rows: &Rows) -> Result<()> {
        let role = match &self.by {
            Some(user) => self.active_member(user, rows)?.role,
            None if matches!(room.kind, RoomKind::Direct(_)) && verb == Verb::Invite => Role::Member,
            None => return Ok(()),
        };
        self.check_role(role, verb, room)
    }

    /// The same, of a member who is known already.
    fn check_role(&self, role: Role, verb: Verb, room: &Room) -> Result<()> {
        if room.lets(role, verb) {
            return Ok(());
        }
        let reason = match (verb, &room.kind) {
            (Verb::Invite, _) => "nobody can be added to a direct room",
            (_, RoomKind::Direct(_)) => "this cannot be done in a direct room",
            _ => govern::refusal(room.permissions.least(verb)),
        };
        Err(ErrorKind::Forbidden(reason.into()).into())
    }

    /// Nobody has to do with whom they have blocked, or who has blocked them. Which of the two it was is not
    /// told.
    pub(super) fn check_reachable<'a>(
        &self,
        others: impl IntoIterator<Item = &'a UserId>,
        rows: &Rows,
    ) -> Result<()> {
        let Some(by) = &self.by else { return Ok(()) };
        match others.into_iter().find(|other| rows.is_blocked(by, other)) {
            Some(other) => Err(ErrorKind::Unreachable(other.clone()).into()),
            None => Ok(()),
        }
    }

    pub(super) fn check_open(&self, room: &Room) -> Result<()> {
        if room.active { Ok(()) } else { Err(ErrorKind::RoomClosed(self.id).into()) }
    }
}

pub(super) fn done(changes: Vec<Change>) -> Result<Outcome> {
    answered(changes, Answer::Done)
}

pub(super) fn answered(changes: Vec<Change>, answer: Answer) -> Result<Outcome> {
    Ok(Outcome { changes, relation: None, answer })
}

fn create(
    ctx: &Ctx,
    kind: RoomKind,
    (name, about): (Option<Arc<str>>, About),
    users: &[UserId],
    rows: &mut Rows,
) -> Result<Outcome> {
    ctx.check_reachable(users, rows)?;
    let key = kind.key();
    if let Some(standing) = key.as_ref().and_then(|key| rows.more.keys.get(key)) {
        return match kind {
            RoomKind::Challenge(_) => Err(ErrorKind::ChallengeRoomExists(*standing).into()),
            _ => answered(Vec::new(), Answer::Standing(*standing)),
        };
    }
    let users: BTreeSet<&UserId> = users.iter().collect();
    let mut room = Room {
        id: ctx.id,
        kind,
        name,
        active: true,
        created_at: ctx.at,
        seq: 0,
        countable: 0,
        members: u32::try_from(users.len()).unwrap_or(u32::MAX),
        last_message_at: None,
        created_pos: 0,
        changed_pos: 0,
        last_pos: 0,
        marks_pos: 0,
        permissions: Permissions::default(),
        about,
        slow_mode: 0,
        keeping: None,
        threads_pos: 0,
    };
    let (pos, prev) = rows.next_pos(&mut room);
    (room.created_pos, room.changed_pos) = (pos.at, pos.at);
    for user in &users {
        let role = if ctx.by.as_ref() == Some(*user) { Role::Owner } else { Role::Member };
        rows.put_member(members::begin_stay(ctx, None, user, role, &room, pos));
    }
    if let Some(key) = key {
        rows.more.keys.insert(key.clone(), ctx.id);
        rows.more.new_keys.insert(key, ctx.id);
    }
    // What a direct room has to tell of is what is said in it.
    if !matches!(room.kind, RoomKind::Direct(_)) {
        for user in &users {
            members::alert_added(ctx, user, rows);
        }
    }
    let what = What::Created(Arc::new(room.clone()), users.into_iter().cloned().collect());
    rows.put_room(room);
    done(vec![Change { pos, prev, what }])
}

/// A message on its way into a room.
struct NewMessage {
    id: MessageId,
    sender: Profile,
    body: Body,
    client_id: Option<ClientId>,
    origin: Option<OriginId>,
    attachments: Arc<[Attachment]>,
    writing_until: Option<Timestamp>,
    references: References,
    custom: Custom,
}

impl NewMessage {
    fn of(id: MessageId, sender: Profile, body: Body) -> Self {
        Self {
            id,
            sender,
            body,
            client_id: None,
            origin: None,
            attachments: Arc::default(),
            writing_until: None,
            references: References::default(),
            custom: Custom::default(),
        }
    }

    /// As [`Message::is_countable`].
    fn is_countable(&self) -> bool {
        self.body.is_countable() && !self.references.is_aside()
    }
}

fn send(
    ctx: &Ctx,
    mut new: NewMessage,
    (attachments, refers): (&[AttachmentId], &Refers),
    ruling: Ruling,
    rows: &mut Rows,
) -> Result<Outcome> {
    let mut room = ctx.room(rows)?;
    let mut member = ctx.active_member(&new.sender.user, rows)?;
    let sent_as = new.client_id.clone().map(|client| (ctx.id, new.sender.user.clone(), client));
    let hash = sent_as.is_some().then(|| match ruling {
        Ruling::Rewritten(said) => said,
        _ => BodyHash::sent(&new.body, attachments, refers, &new.custom),
    });
    if let Some(first) = sent_as.as_ref().and_then(|key| rows.sent.get(key)) {
        if Some(first.hash) != hash {
            return Err(ErrorKind::ClientIdConflict.into());
        }
        return answered(Vec::new(), Answer::Message(first.message.clone()));
    }
    if let Some(waiting) = held::standing(sent_as.as_ref(), hash, rows)? {
        return Ok(waiting);
    }
    let hold = match ruling {
        Ruling::Refused(kind) => return Err((*kind).into()),
        Ruling::Held(hold) => Some(hold),
        _ => None,
    };
    ctx.check_open(&room)?;
    if ctx.by.is_some() {
        ctx.check_role(member.role, Verb::Send, &room)?;
        ctx.check_unmuted(&member)?;
        ctx.check_pace(&room, &member)?;
    }
    ctx.check_reachable(room.kind.peer_of(&new.sender.user), rows)?;
    new.references = refer::references(ctx, refers, &room, &member, rows)?;
    new.attachments = attach::sendable(ctx, (&new.sender.user, new.id), &new.body, attachments, rows)?;
    if let Some(hold) = hold {
        let files = new.attachments.clone();
        return held::hold(ctx, new, (files, refers), *hold, (&room, member), rows);
    }
    attach::put_sent(ctx.id, new.id, &new.attachments, rows);
    if new.is_countable() {
        member.own_n += 1;
    }
    if room.slow_mode > 0 {
        member.slowed_at = Some(ctx.at);
    }
    let own_n = member.own_n;
    let (message, change) = add_message(ctx, &mut room, own_n, new, hash, rows);
    if let (Some(key), Some(hash)) = (sent_as, hash) {
        rows.sent.insert(key, Sent { message: message.clone(), hash });
    }
    let changes = match &refers.thread {
        Some(asked) => follow::reply_came(ctx, &mut room, (change, &message), asked.max_followed, rows),
        None => vec![change],
    };
    rows.put_member(member);
    rows.put_room(room);
    answered(changes, Answer::Message(message))
}

fn add_message(
    ctx: &Ctx,
    room: &mut Room,
    own_n: u64,
    new: NewMessage,
    hash: Option<BodyHash>,
    rows: &mut Rows,
) -> (Arc<Message>, Change) {
    let (pos, prev) = rows.next_pos(room);
    room.seq += 1;
    room.countable += u64::from(new.is_countable());
    room.last_message_at = Some(ctx.at);
    let message = Arc::new(Message {
        id: new.id,
        room: ctx.id,
        seq: room.seq,
        sender: new.sender,
        body: new.body,
        client_id: new.client_id,
        origin: new.origin,
        created_at: ctx.at,
        pos: pos.at,
        n: room.countable,
        own_n,
        state: MessageState { writing_until: new.writing_until, ..MessageState::default() },
        attachments: new.attachments,
        references: new.references,
        custom: new.custom,
    });
    rows.new_messages.push((message.clone(), hash));
    let change = Change { pos, prev, what: What::Message(message.clone()) };
    (message, change)
}

pub(super) fn add_notice(ctx: &Ctx, room: &mut Room, notice: Notice, rows: &mut Rows) -> Change {
    let own_n = rows.members.get(&(ctx.id, notice.about.user.clone())).map_or(0, |member| member.own_n);
    let Notice { id, about, body } = notice;
    let (_, change) = add_message(ctx, room, own_n, NewMessage::of(id, about, body), None, rows);
    change
}

/// Closes an open room and frees its key for another one.
pub(super) fn close_room(room: &mut Room, rows: &mut Rows) -> Change {
    room.active = false;
    free_key(room, rows);
    change_room(room, rows)
}

/// From now on another room may have it.
fn free_key(room: &Room, rows: &mut Rows) {
    if let Some(key) = room.kind.key() {
        rows.more.keys.remove(&key);
        rows.more.new_keys.remove(&key);
        rows.more.freed_keys.push(key);
    }
}

pub(super) fn change_room(room: &mut Room, rows: &mut Rows) -> Change {
    let (pos, prev) = rows.next_pos(room);
    room.changed_pos = pos.at;
    Change { pos, prev, what: What::Changed(Arc::new(room.clone())) }
}

fn close(ctx: &Ctx, rows: &mut Rows) -> Result<Outcome> {
    let mut room = ctx.room(rows)?;
    ctx.check_may(Verb::Close, &room, rows)?;
    if !room.active {
        return done(Vec::new());
    }
    let change = close_room(&mut room, rows);
    moderate::note(ctx, &change, Act::CloseRoom, None, None, rows);
    rows.put_room(room);
    done(vec![change])
}

/// Marks merge by maximum, so an older or doubled one does nothing.
pub(super) fn move_mark(ctx: &Ctx, mark: Mark, to: Option<u64>, rows: &mut Rows) -> Result<Outcome> {
    let mut room = ctx.room(rows)?;
    let user = ctx.by.as_ref().ok_or(ErrorKind::NotAParticipant(ctx.id))?;
    let mut member = ctx.active_member(user, rows)?;
    let to = to.map_or(room.seq, |to| to.min(room.seq));
    let moves = match mark {
        Mark::Read => to > member.read_seq,
        Mark::Delivered => to > member.delivered_seq,
    };
    let mut changes = Vec::new();
    if moves {
        if mark == Mark::Read {
            let floor = room.floor();
            // Below the floor there is nothing to count.
            let at = if to < floor.seq {
                Ordinals { n: floor.n, own_n: member.read_own_n }
            } else {
                rows.ordinals_at(&room, &member, to)
            };
            // All of the user's own may have been cut away.
            (member.read_seq, member.read_n) = (to, at.n);
            member.read_own_n = at.own_n.max(member.read_own_n);
        }
        member.delivered_seq = member.delivered_seq.max(to);
        member.marked_at = ctx.at;
        // A mark takes no position of its own: it is found again by the one at its commit.
        let lane = rows.position.lane_of(room.id);
        let pos = Pos { lane, at: rows.position.of_room(room.id) };
        (member.marks_pos, room.marks_pos) = (pos.at, pos.at);
        let prev = room.last_pos;
        let is_blocked = room.kind.peer_of(user).is_some_and(|peer| rows.is_blocked(user, peer));
        let is_shared = !is_blocked && rows.settings_of(user).read_receipts;
        let what = What::Marked { member: Arc::new(member.clone()), mark, is_shared };
        changes.push(Change { pos, prev, what });
        rows.put_member(member.clone());
        rows.put_room(room.clone());
    }
    let unread = member.unread_in(&room);
    answered(changes, Answer::Marked { member: Arc::new(member), unread })
}
