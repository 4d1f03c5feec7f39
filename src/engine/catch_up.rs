//! Catching up: what a client missed since its token is told as states, each once, and the live events
//! join on without a seam.
//!
//! The connection listens to its rooms and holds their events back. Everything up to a position `R`, behind
//! which no later event stands, is read and told; then what was held back beyond `R` follows. When more came
//! meanwhile than could be held back, it is dropped, and reading goes on from `R` to a newer position.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use super::publish::{marked, message_event, thread_event};
use super::settings::private_among;
use super::{Actor, ChatEngine};
use crate::error::Result;
use crate::event::{
    Amended, CloseReason, Event, EventKind, Notification, Ready, ReadyRoom, RoomChange, View,
};
use crate::hub::Connection;
use crate::id::{OriginId, RoomId, UserId};
use crate::metrics;
use crate::model::{Hidden, Mark, Member, Message, Position, Reaction, Role, Room, Token};

/// How many rows are read at once.
const ROWS: u32 = 100;

/// A token from the future voids all tokens, but not more often than this: it may be forged.
const ROTATION_PAUSE: Duration = Duration::from_secs(600);

/// Tells a fresh connection where it stands, and lets its live events go.
pub(super) async fn start(actor: &Actor, connection: &Connection) -> Result<()> {
    let token = actor.engine.level().await?;
    push_ready(actor, connection, token, false).await?;
    if !connection.release(&token.position, None, None) {
        // More came in that moment than the mailbox holds.
        connection.close(CloseReason::Lagged, true);
    }
    Ok(())
}

/// What a connection wants to be told.
pub(super) struct Resume {
    /// The client's token.
    pub(super) since: Token,
    /// Whether it belongs to the store's history.
    pub(super) recovered: bool,
    /// With [`Ready`]: before it, or for a connection with a name at its end.
    pub(super) is_start: bool,
    /// The connection's name. It was told that all can be recovered, and knows what it sent itself.
    pub(super) origin: Option<OriginId>,
}

/// Tells a connection what was missed since its token.
pub(super) async fn resume(actor: &Actor, connection: &Arc<Connection>, resume: Resume) -> Result<()> {
    let Resume { since, recovered, is_start, origin } = resume;
    metrics::caught_up(recovered);
    if is_start && origin.is_none() {
        push_ready(actor, connection, since, recovered).await?;
    }
    let muted: HashSet<RoomId> = actor.engine.hub().muted(connection).into_iter().collect();
    let mut missed = Missed { actor, connection, since, from: since.position, muted, origin };
    if recovered {
        actor.engine.reach(&since.position).await?;
    }
    let mut is_whole = true;
    loop {
        let until = actor.engine.level().await?;
        let still_recovered = recovered && until.epoch == since.epoch;
        if still_recovered {
            is_whole &= missed.tell(&until.position).await?;
        }
        let recovers_all = still_recovered && is_whole;
        let end = match &missed.origin {
            Some(_) if recovered && !recovers_all => {
                // It was promised all. It comes back, and is told the truth.
                connection.close(CloseReason::Lagged, true);
                return Ok(());
            }
            Some(_) => ready(actor, until, recovered).await?,
            None => {
                let kind = EventKind::CaughtUp { recovered: recovers_all };
                Event { room: None, token: Some(until), kind }
            }
        };
        // Whoever reads slowly must not be closed for what was held back.
        connection.mailbox.space().await;
        // Before any live event: its token is older than theirs.
        if connection.release(&until.position, None, Some(end)) || connection.mailbox.close_reason().is_some()
        {
            return Ok(());
        }
        missed.from = until.position;
    }
}

/// Tells a connection what it missed in one room that it had muted.
pub(super) async fn resume_room(
    actor: &Actor,
    connection: &Arc<Connection>,
    room: RoomId,
    since: Token,
) -> Result<()> {
    let mut recovered = actor.engine.can_recover(since).await?;
    metrics::caught_up(recovered);
    let muted = HashSet::new();
    let mut missed = Missed { actor, connection, since, from: since.position, muted, origin: None };
    if recovered {
        actor.engine.reach(&since.position).await?;
    }
    loop {
        let until = actor.engine.level().await?;
        // Whoever is out of it by then is told so otherwise, and whoever is taken out later still gets what was said before.
        if recovered
            && let Some((found, Some(member))) = actor.engine.store().membership(room, &actor.user).await?
            && (member.active || member.changed_pos > until.position.of_room(room))
        {
            let is_in = member.active;
            recovered = missed.room(found, member, &until.position).await?;
            if is_in {
                missed.threads(Some(room), &until.position).await?;
            }
        }
        // What is committed up to there but not yet published must be held back, not come after.
        actor.engine.inner.committer.barrier().await;
        connection.mailbox.space().await;
        let end = Event { room: Some(room), token: None, kind: EventKind::CaughtUp { recovered } };
        if connection.release(&until.position, Some(room), Some(end))
            || connection.mailbox.close_reason().is_some()
        {
            return Ok(());
        }
        missed.from = until.position;
    }
}

async fn push_ready(actor: &Actor, connection: &Connection, token: Token, recovered: bool) -> Result<()> {
    connection.push_own(ready(actor, token, recovered).await?);
    Ok(())
}

async fn ready(actor: &Actor, token: Token, recovered: bool) -> Result<Event> {
    let listed = u32::try_from(actor.engine.config().max_listed).unwrap_or(u32::MAX);
    let (entries, _) = actor.engine.store().rooms_of(&actor.user, 0, listed, 0).await?;
    let rooms = entries.into_iter().map(|entry| ReadyRoom {
        unread: entry.member.unread_in(&entry.room),
        mentions: entry.mentions,
        room: Arc::new(entry.room),
    });
    let ready = Ready { user: actor.user.clone(), recovered, rooms: rooms.collect() };
    Ok(Event { room: None, token: Some(token), kind: EventKind::Ready(ready) })
}

/// Whether nothing that the user has not seen was cut away from their rooms since.
pub(super) async fn is_above_floors(actor: &Actor, since: &Position) -> Result<bool> {
    let mut after = None;
    loop {
        let rooms = actor.engine.store().changed_rooms(&actor.user, since, after, ROWS).await?;
        if rooms.iter().any(|(room, member)| misses(room, member, since.of_room(room.id))) {
            return Ok(false);
        }
        if rooms.len() < ROWS as usize {
            return Ok(true);
        }
        after = rooms.last().map(|(room, _)| room.id);
    }
}

/// Whether something was cut away that a member who has seen everything up to there has not.
fn misses(room: &Room, member: &Member, from: u64) -> bool {
    member.active && member.joined_pos <= from && room.floor().pos > from
}

impl ChatEngine {
    /// Whether the token belongs to the store's history as it is.
    pub(super) async fn can_recover(&self, since: Token) -> Result<bool> {
        let now = self.store().position().await?;
        self.hear_of(now);
        if now.epoch != since.epoch {
            return Ok(false);
        }
        let is_ahead = since.position.is_ahead_of(&now.position);
        if is_ahead && self.inner.may_rotate() {
            tracing::warn!("a token is ahead of the store: all tokens are void from now on");
            self.admin().rotate_epoch().await?;
        }
        Ok(!is_ahead)
    }
}

impl super::Inner {
    fn may_rotate(&self) -> bool {
        let now = tokio::time::Instant::now();
        let mut last = self.rotated.lock();
        let may = last.is_none_or(|last| now.duration_since(last) >= ROTATION_PAUSE);
        if may {
            *last = Some(now);
        }
        may
    }
}

/// What a connection missed between two positions.
struct Missed<'a> {
    actor: &'a Actor,
    connection: &'a Arc<Connection>,
    /// The client's own token, which every event of the catch-up carries: a cut in the middle loses
    /// nothing.
    since: Token,
    from: Position,
    muted: HashSet<RoomId>,
    origin: Option<OriginId>,
}

impl Missed<'_> {
    /// All rooms that changed, page by page. `false`: of some of them not all, which are told as reset.
    async fn tell(&self, until: &Position) -> Result<bool> {
        let store = self.actor.engine.store();
        let (mut after, mut is_whole, mut has_threads) = (None, true, false);
        loop {
            let rooms = store.changed_rooms(&self.actor.user, &self.from, after, ROWS).await?;
            let is_last = rooms.len() < ROWS as usize;
            after = rooms.last().map(|(room, _)| room.id);
            for (room, member) in rooms {
                has_threads |= room.threads_pos > self.from.of_room(room.id);
                is_whole &= self.room(room, member, until).await?;
                if self.connection.mailbox.close_reason().is_some() {
                    return Ok(is_whole);
                }
            }
            if is_last {
                if has_threads {
                    self.threads(None, until).await?;
                }
                return Ok(is_whole);
            }
        }
    }

    /// `false`: something of it was cut away, and it is told as reset.
    async fn room(&self, room: Room, member: Member, until: &Position) -> Result<bool> {
        // Also where one event is all that is told of it: of thousands of rooms these are thousands.
        self.connection.mailbox.space().await;
        let (from, to) = (self.from.of_room(room.id), until.of_room(room.id));
        let id = room.id;
        let is_new = |pos: u64| pos > from && pos <= to;
        if !member.active {
            if is_new(member.changed_pos) {
                // Nothing of the room itself is told: only that it is gone. Also to who came back meanwhile and left
                // again, who may know it from before.
                let kind = EventKind::Room(RoomChange::Left, Arc::new(room));
                self.connection.push_own(self.event(id, kind));
            } else if member.changed_pos > to && member.joined_pos <= from && !self.muted.contains(&id) {
                // Gone only after all this, of which they are told next: with what was said until then.
                self.messages(id, from, to).await?;
            }
            return Ok(true);
        }
        if member.joined_pos > from || self.muted.contains(&id) {
            if member.joined_pos <= to {
                self.push(id, EventKind::Room(RoomChange::Reset, Arc::new(room)));
            }
            return Ok(true);
        }
        if misses(&room, &member, from) {
            self.push(id, EventKind::Room(RoomChange::Reset, Arc::new(room)));
            return Ok(false);
        }
        if let Some(notify) = member.notify.as_ref().filter(|notify| is_new(notify.pos)) {
            let kind = EventKind::Notification(Notification::Notifications(id, notify.setting));
            self.push(id, kind);
        }
        if room.last_pos > from {
            self.messages(id, from, to).await?;
            self.amended(id, from).await?;
            if member.hidden > 0 {
                self.hidden(id, from, to).await?;
            }
            self.members(id, from, to).await?;
            if is_new(room.changed_pos) {
                self.push(id, EventKind::Room(RoomChange::Updated, Arc::new(room.clone())));
            }
        }
        if room.members > self.actor.engine.config().receipts_max_members {
            if member.marks_pos >= from {
                self.marked(member.clone());
            }
        } else if room.marks_pos >= from {
            self.marks(&room, from).await?;
        }
        // What was cut away meanwhile was perhaps not read any more.
        if room.keeping.is_some() || self.actor.engine.config().retention.is_some() {
            let now = self.actor.engine.store().rooms(&[id]).await?.pop();
            if let Some(now) = now.filter(|now| misses(now, &member, from)) {
                self.push(id, EventKind::Room(RoomChange::Reset, Arc::new(now)));
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn messages(&self, room: RoomId, mut from: u64, to: u64) -> Result<()> {
        loop {
            let messages = self.actor.engine.store().messages_since(room, from, to, ROWS).await?;
            let is_last = messages.len() < ROWS as usize;
            for message in messages {
                from = message.pos;
                if self.origin.is_some() && message.origin == self.origin {
                    continue;
                }
                let is_own = message.body.is_countable() && message.sender.user == self.actor.user;
                let message = Arc::new(message);
                let chars = self.actor.engine.config().max_quoted_chars;
                let event = message_event(message.clone(), self.since, chars);
                let view = if is_own { View::Sender } else { View::Others };
                // Before each: a page of long ones is more than a mailbox holds.
                self.connection.mailbox.space().await;
                self.connection.push_missed(room, event, view);
                // Frames of messages are shared, and say nothing of the user's own.
                let own = self.actor.reactions_on(&message).await?;
                if !own.is_empty() {
                    self.push_amended(message, own);
                }
            }
            if is_last || !self.connection.is_in(room) {
                return Ok(());
            }
        }
    }

    /// Those that were there before and have changed since, without an end: what changes again meanwhile comes live
    /// too, but without what the user has left on it.
    async fn amended(&self, room: RoomId, since: u64) -> Result<()> {
        let store = self.actor.engine.store();
        let mut from = since;
        loop {
            let messages = store.amended_since(room, since, from, u64::MAX, ROWS).await?;
            let is_last = messages.len() < ROWS as usize;
            for message in messages {
                from = message.state.changed_pos;
                let own = self.actor.reactions_on(&message).await?;
                self.connection.mailbox.space().await;
                self.push_amended(Arc::new(message), own);
            }
            if is_last || !self.connection.is_in(room) {
                return Ok(());
            }
        }
    }

    /// What the user has taken out of their own sight elsewhere.
    async fn hidden(&self, room: RoomId, mut from: u64, to: u64) -> Result<()> {
        let (store, user) = (self.actor.engine.store(), Some(&self.actor.user));
        loop {
            let hidden = store.hidden_since(room, user, from, to, ROWS).await?;
            let is_last = hidden.len() < ROWS as usize;
            for Hidden { message, seq, pos, .. } in hidden {
                from = pos;
                self.connection.mailbox.space().await;
                self.push(room, EventKind::Hidden { message, seq });
            }
            if is_last || !self.connection.is_in(room) {
                return Ok(());
            }
        }
    }

    /// Where the user stands in the threads of a room, or of all, read at once: they are bounded, and most rooms have none.
    async fn threads(&self, only: Option<RoomId>, until: &Position) -> Result<()> {
        // Those of one room stand together.
        let mut after = only.map(|room| (room, 0));
        loop {
            let follows = self.actor.engine.store().follows(&self.actor.user, after, ROWS).await?;
            let is_last = follows.len() < ROWS as usize;
            after = follows.last().map(|follow| (follow.room, follow.root_seq));
            for follow in follows {
                let room = follow.room;
                if only.is_some_and(|only| only != room) {
                    return Ok(());
                }
                let is_new = follow.pos > self.from.of_room(room) && follow.pos <= until.of_room(room);
                if is_new && !self.muted.contains(&room) {
                    self.connection.mailbox.space().await;
                    self.push(room, thread_event(&follow));
                }
            }
            if is_last || self.connection.mailbox.close_reason().is_some() {
                return Ok(());
            }
        }
    }

    fn push_amended(&self, message: Arc<Message>, own_reactions: Vec<Reaction>) {
        let (room, own_reactions) = (message.room, Some(own_reactions));
        self.push(room, EventKind::Amended(Amended { message, by: None, how: None, own_reactions }));
    }

    async fn members(&self, room: RoomId, mut from: u64, to: u64) -> Result<()> {
        loop {
            self.connection.mailbox.space().await;
            let members = self.actor.engine.store().members_since(room, from, to, ROWS).await?;
            let is_last = members.len() < ROWS as usize;
            for (member, profile) in members {
                from = member.changed_pos;
                if member.told_pos() <= self.from.of_room(room) {
                    continue;
                }
                let has_come = member.joined_pos > self.from.of_room(room);
                let has_other_role = !has_come || member.role != Role::Member || member.muted_until.is_some();
                if !member.active || has_come {
                    self.push(room, EventKind::Participant(profile.clone(), member.active));
                }
                if member.active && has_other_role {
                    self.push(room, EventKind::Role(profile, member.role, member.muted_until));
                }
            }
            if is_last || !self.connection.is_in(room) {
                return Ok(());
            }
        }
    }

    async fn marks(&self, room: &Room, from: u64) -> Result<()> {
        let untold =
            if self.actor.is_cut_off_in(room).await? { room.kind.peer_of(&self.actor.user) } else { None };
        let mut after: Option<UserId> = None;
        loop {
            self.connection.mailbox.space().await;
            let store = self.actor.engine.store();
            let members = store.marks_since(room.id, from, after.as_ref(), ROWS).await?;
            let is_last = members.len() < ROWS as usize;
            after = members.last().map(|member| member.user.clone());
            let others = members.iter().map(|member| &member.user).filter(|user| **user != self.actor.user);
            let private = private_among(store, others).await?;
            let is_told = |member: &Member| Some(&member.user) != untold && !private.contains(&member.user);
            for member in members.into_iter().filter(is_told) {
                self.marked(member);
            }
            if is_last || !self.connection.is_in(room.id) {
                return Ok(());
            }
        }
    }

    /// Tells where a member's marks stand.
    fn marked(&self, member: Member) {
        let (room, at) = (member.room, marked(&member, None));
        if member.read_seq > member.joined_seq {
            self.push(room, EventKind::Marked(member.user.clone(), Mark::Read, at));
        }
        if member.delivered_seq > member.read_seq {
            self.push(room, EventKind::Marked(member.user, Mark::Delivered, at));
        }
    }

    fn push(&self, room: RoomId, kind: EventKind) {
        self.connection.push_missed(room, self.event(room, kind), View::Others);
    }

    fn event(&self, room: RoomId, kind: EventKind) -> Event {
        Event { room: Some(room), token: Some(self.since), kind }
    }
}
