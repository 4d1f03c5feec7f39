//! Takes away what is kept of a person, a few rows at a time, for which a send waits some milliseconds at most.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};

use super::background::put_off;
use super::{Admin, ChatEngine, Inner};
use crate::error::{Error, ErrorKind, Result};
use crate::id::{RoomId, UserId};
use crate::model::{Body, InviteCode, LastSeen, Message, Profile, RelationKind, SettingsUpdate, SystemKind};
use crate::store::{Batch, Erased, Notice, Op, Queue, Record, RecordPage, RelationOp, RoomItem, RoomRecord};

/// How many rows are taken away at once.
const ROWS: u32 = 50;

/// How many rooms are read at once.
const ROOMS: u32 = 250;

/// How often it is looked for what another node, or one before this, has begun.
const PAUSE: Duration = Duration::from_secs(10 * 60);

/// After each step as many times as long as it took belong to the others.
const YIELDED: u32 = 4;

impl Admin {
    /// Takes away what is kept of a user. When it returns their name, picture and last seen are gone, they are logged out
    /// everywhere, and that the rest is to go is as durable as a message: it goes in the background, also after a crash,
    /// until [`erasures`](Self::erasures) names them no more.
    ///
    /// They leave all rooms, as by [`Actor::leave`](crate::Actor::leave). Their messages become deleted ones, told as any
    /// deletion and noted in no audit trail; the server's words about them name their id alone. Their reactions,
    /// friendships, requests, blocks, invitations and reports go, and so do messages of theirs that are held, their
    /// requests to come into a room, what they have hidden, which threads they follow, what they have settled, and at once
    /// the notices that wait for them. Their id stays where it stood, what others have passed on
    /// of their words too, and so do bans and acts of moderators.
    ///
    /// Whoever still gives them tokens lets them come back, as somebody new.
    ///
    /// # Errors
    /// Only those of [every call](Admin).
    pub async fn erase_user(&self, user: &UserId) -> Result<()> {
        self.engine.check_running()?;
        let (logouts, erased) = (vec![(user.clone(), self.engine.now())], vec![(user.clone(), true)]);
        self.engine.inner.last_seen.forget(user);
        let beside = Batch { logouts, erased, ..Batch::default() };
        self.engine.inner.committer.commit_beside(beside).await?;
        self.engine.inner.profiles.forget_one(user);
        self.disconnect(user);
        self.engine.level_others().await;
        self.engine.inner.erasing.notify_one();
        Ok(())
    }

    /// Users of whom something is still to be taken away, at most 100, by their ids.
    ///
    /// # Errors
    /// Only those of [every call](Admin).
    pub async fn erasures(&self) -> Result<Vec<UserId>> {
        self.engine.store().erasures(100).await
    }
}

/// What comes next.
#[derive(Debug, Clone)]
enum Part {
    /// The rooms beyond this one.
    Rooms(Option<RoomId>),
    Room(RoomId),
    Messages(RoomId, u64),
    Reactions(RoomId),
    Held,
    JoinRequests,
    Relations(RelationKind),
    Invitations,
    Reports,
    End,
}

/// An erasure that goes on; begun anew, it finds less to do.
#[derive(Debug)]
struct Erasure {
    user: UserId,
    part: Part,
    rooms: VecDeque<RoomId>,
}

/// Runs until the engine is gone.
pub(super) async fn run(engine: Weak<Inner>, wake: Arc<Notify>) {
    // At once, for what was begun before this engine was.
    let mut interval = tokio::time::interval(PAUSE);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = interval.tick() => {}
            () = wake.notified() => {}
        }
        let mut going_on = None;
        loop {
            // Held for one step only, so that it keeps no engine that everybody has let go.
            let Some(inner) = engine.upgrade() else { return };
            let begun = tokio::time::Instant::now();
            match (ChatEngine { inner }).erase_step(&mut going_on).await {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    put_off(&error, "an erasure waits");
                    break;
                }
            }
            tokio::time::sleep(begun.elapsed() * YIELDED).await;
        }
    }
}

impl ChatEngine {
    /// `false` when nobody is to be erased.
    async fn erase_step(&self, going_on: &mut Option<Erasure>) -> Result<bool> {
        self.check_running()?;
        if going_on.is_none() {
            let user = self.store().erasures(1).await?.pop();
            *going_on = user.map(|user| Erasure { user, part: Part::Rooms(None), rooms: VecDeque::new() });
        }
        let Some(erasure) = going_on else { return Ok(false) };
        if self.erase_part(erasure).await? {
            *going_on = None;
        }
        Ok(true)
    }

    /// `true` when all is done.
    async fn erase_part(&self, erasure: &mut Erasure) -> Result<bool> {
        let user = erasure.user.clone();
        erasure.part = match erasure.part.clone() {
            Part::Rooms(after) => self.next_rooms(erasure, after).await?,
            Part::Room(room) => {
                self.take_out_of(room, &user).await?;
                Part::Messages(room, 0)
            }
            Part::Messages(room, after) => match self.erase_messages(room, &user, after).await? {
                Some(last) => Part::Messages(room, last),
                None => Part::Reactions(room),
            },
            Part::Reactions(room) => match self.erase_reactions(room, &user).await? {
                true => Part::Reactions(room),
                false => erasure.rooms.pop_front().map_or(Part::Rooms(Some(room)), Part::Room),
            },
            Part::Held => match self.let_go_page(Queue::Sender(user.clone())).await? {
                true => Part::Held,
                false => Part::JoinRequests,
            },
            Part::JoinRequests => match self.let_joins_go_page(Queue::Sender(user.clone())).await? {
                true => Part::JoinRequests,
                false => Part::Relations(RelationKind::Friend),
            },
            Part::Relations(kind) => match self.end_relations(&user, kind).await? {
                true => Part::Relations(kind),
                false => kind.next().map_or(Part::Invitations, Part::Relations),
            },
            Part::Invitations => match self.end_invitations(&user).await? {
                true => Part::Invitations,
                false => Part::Reports,
            },
            Part::Reports => match self.erase_reports(&user).await? {
                true => Part::Reports,
                false => Part::End,
            },
            Part::End => {
                // As if they had never settled anything.
                let shown = SettingsUpdate {
                    last_seen: Some(LastSeen::Everyone),
                    invisible: Some(false),
                    read_receipts: Some(true),
                };
                self.admin().set_settings(&user, shown).await?;
                let (erased, do_not_disturb) = (vec![(user.clone(), false)], vec![(user.clone(), None)]);
                let beside = Batch { erased, do_not_disturb, ..Batch::default() };
                self.inner.committer.commit_beside(beside).await?;
                self.inner.profiles.forget_one(&user);
                return Ok(true);
            }
        };
        Ok(false)
    }

    async fn next_rooms(&self, erasure: &mut Erasure, after: Option<RoomId>) -> Result<Part> {
        let found = self.stays(&erasure.user, after, ROOMS).await?;
        let last = found.last().map(|(room, _)| room.id);
        let kept = found.into_iter().filter(|(room, _)| !room.is_deleted()).map(|(room, _)| room.id);
        erasure.rooms = kept.collect();
        Ok(match (erasure.rooms.pop_front(), last) {
            (Some(room), _) => Part::Room(room),
            (None, Some(last)) => Part::Rooms(Some(last)),
            (None, None) => Part::Held,
        })
    }

    async fn take_out_of(&self, room: RoomId, user: &UserId) -> Result<()> {
        let about = Profile::unknown(user.clone());
        let body = self.config().phrases.about(SystemKind::Left, &about.nickname, "");
        let notice = Notice { id: crate::id::MessageId::generate(), about, body };
        let by = Some(user.clone());
        let item = RoomItem { room, at: self.now(), by, op: Op::Part { notice } };
        match self.inner.committer.commit(item.into()).await {
            Err(error) if !is_gone(&error) => return Err(error),
            _ => {}
        }
        self.erase_all(user, vec![(room, Erased::Stay)]).await?;
        for link in self.store().invites(room).await? {
            if link.by.as_ref() == Some(user) || link.user.as_ref() == Some(user) {
                self.revoke(room, link.code).await?;
            }
        }
        Ok(())
    }

    async fn revoke(&self, room: RoomId, code: InviteCode) -> Result<()> {
        match self.admin().revoke_invite(room, code).await {
            Err(error) if !is_gone(&error) => Err(error),
            _ => Ok(()),
        }
    }

    /// Gives the number of the last one, if there was any.
    async fn erase_messages(&self, room: RoomId, user: &UserId, after: u64) -> Result<Option<u64>> {
        let page = RecordPage::MessagesBy { room, user: user.clone(), after };
        let messages: Vec<Message> = self
            .store()
            .records(page, ROWS)
            .await?
            .into_iter()
            .filter_map(|record| match record {
                Record::Room(RoomRecord::Message(message, _)) => Some(message),
                _ => None,
            })
            .collect();
        let last = messages.last().map(|message| message.seq);
        let left = messages.into_iter().filter(|message| !message.body.is_deleted());
        let erased =
            left.map(|message| (room, Erased::Message { id: message.id, words: self.words(&message) }));
        self.erase_all(user, erased.collect()).await?;
        Ok(last)
    }

    /// The server's words about somebody, by their id; a name that they gave is not repeated.
    fn words(&self, message: &Message) -> Option<Arc<str>> {
        let Body::System { kind, .. } = &message.body else { return None };
        match self.config().phrases.about(*kind, message.sender.user.as_str(), "…") {
            Body::System { text, .. } => Some(text),
            _ => None,
        }
    }

    /// `true` when there may be more.
    async fn erase_reactions(&self, room: RoomId, user: &UserId) -> Result<bool> {
        let page = RecordPage::ReactionsBy { room, user: user.clone(), after: None };
        let found = self.store().records(page, ROWS).await?;
        let erased = found.into_iter().filter_map(|record| match record {
            Record::Room(RoomRecord::Reaction(key, id)) => Some((room, Erased::Reaction(id, key.reaction))),
            _ => None,
        });
        self.erase_all(user, erased.collect()).await
    }

    async fn erase_reports(&self, user: &UserId) -> Result<bool> {
        let found = self.store().reports_by(user, None, ROWS).await?;
        let erased = found.into_iter().map(|report| (report.room, Erased::Report(report.id)));
        self.erase_all(user, erased.collect()).await
    }

    /// Hands all of them in before it waits for any, so that they are committed together. `true`: there were some.
    async fn erase_all(&self, user: &UserId, all: Vec<(RoomId, Erased)>) -> Result<bool> {
        let mut waits = Vec::with_capacity(all.len());
        for (room, what) in all {
            let (tell, told) = oneshot::channel();
            let op = Op::Erase { user: user.clone(), what };
            let item = RoomItem { room, at: self.now(), by: None, op };
            let answered = move |answer| drop(tell.send(answer));
            self.inner.committer.submit(item.into(), None, answered).await;
            waits.push(told);
        }
        let are_some = !waits.is_empty();
        for told in waits {
            match told.await.map_err(Error::unavailable)? {
                Err(error) if !is_gone(&error) => return Err(error),
                _ => {}
            }
        }
        Ok(are_some)
    }

    async fn end_relations(&self, user: &UserId, kind: RelationKind) -> Result<bool> {
        let found = self.store().relations(user, kind, None, ROWS).await?;
        let op = match kind {
            RelationKind::Friend => RelationOp::Remove,
            RelationKind::RequestSent => RelationOp::Withdraw,
            RelationKind::RequestReceived => RelationOp::Decline,
            RelationKind::Blocked => RelationOp::Unblock,
        };
        for (relation, _) in &found {
            match self.as_user(user.clone()).relate_unlimited(&relation.other, op).await {
                Err(error) if !matches!(error.kind(), ErrorKind::FriendRequestNotFound(_)) => {
                    return Err(error);
                }
                _ => {}
            }
        }
        Ok(!found.is_empty())
    }

    async fn end_invitations(&self, user: &UserId) -> Result<bool> {
        let found = self.store().invitations(user, None, ROWS).await?;
        for (invite, _) in &found {
            self.revoke(invite.room, invite.code).await?;
        }
        Ok(!found.is_empty())
    }
}

/// Whether what was to go had gone.
fn is_gone(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::RoomNotFound(_)
            | ErrorKind::NotAParticipant(_)
            | ErrorKind::MessageNotFound(_)
            | ErrorKind::InviteNotFound
    )
}
