//! Who comes into a room by themselves: at once, or after a wait, looked through, approved, rejected, withdrawn, and in
//! time let go.

use super::held::PAGE;
use super::moderation::check_reason;
use super::{Actor, Admin, ChatEngine};
use crate::error::{Error, ErrorKind, Result};
use crate::event::Notification;
use crate::id::{JoinRequestId, RoomId};
use crate::model::{
    InviteCode, JoinRequest, JoinRequestPage, Limit, OwnJoinRequest, OwnJoinRequestPage, RoomView,
    SystemKind, Verb,
};
use crate::policy::Question;
use crate::store::{Answer, JoinSettlement, Op, Queue};

impl Actor {
    /// Comes into a public room, or into any by an invite link, where the policy and the host's hooks let the actor.
    pub(super) async fn enter(&self, room: RoomId, by_invite: Option<InviteCode>) -> Result<RoomView> {
        self.check_join(room).await?;
        let admission = self.rule_on_join(room).await?;
        let notice = self.engine.notice(SystemKind::Joined, &self.user, "").await?;
        let max_members = self.engine.config().max_room_members;
        let op = Op::Enter { notice, max_members, by_invite, admission };
        let Answer::JoinHeld(id) = self.commit(room, op).await? else { return self.room(room).await };
        Err(ErrorKind::JoinHeld(id).into())
    }

    /// What the policy says about a room to which the actor does not belong yet.
    pub(super) async fn check_join(&self, room: RoomId) -> Result<()> {
        let policy = &self.engine.inner.policy;
        if !policy.asks_about(Verb::Join) {
            return Ok(());
        }
        let found = self.engine.store().rooms(&[room]).await?.pop();
        let found = found.ok_or(ErrorKind::RoomNotFound(room))?;
        policy.check(Question { actor: &self.user, verb: Verb::Join, room: &found.kind, others: &[] }).await
    }

    /// Who waits to come into a room since the host's [`Hooks`](crate::policy::Hooks) hold them, the oldest request first,
    /// beyond `after`: at most `limit`. It takes [`Verb::Moderate`].
    ///
    /// # Errors
    /// [`Forbidden`](ErrorKind::Forbidden), in a direct room always.
    pub async fn join_requests(
        &self,
        room: RoomId,
        after: Option<JoinRequestId>,
        limit: Limit,
    ) -> Result<JoinRequestPage> {
        let (found, member) = self.check_moderator(room).await?;
        let mut page = self.engine.join_requests(Queue::Room(room), after, limit).await?;
        // A code is as good as a key.
        if !found.lets(member.role, Verb::Remove) {
            page.requests.iter_mut().for_each(|(request, _)| request.invite = None);
        }
        Ok(page)
    }

    /// The actor's own requests that wait, to come into whatever room, the oldest first, beyond `after`: at most `limit`.
    /// Each tells what its room is called, as an invitation does; why they wait, is not told.
    ///
    /// # Errors
    /// Only those of [every call](Actor).
    pub async fn own_join_requests(
        &self,
        after: Option<JoinRequestId>,
        limit: Limit,
    ) -> Result<OwnJoinRequestPage> {
        self.engine.check_running()?;
        let page = self.engine.join_requests(Queue::Sender(self.user.clone()), after, limit).await?;
        let ids: Vec<RoomId> = page.requests.iter().map(|(request, _)| request.room).collect();
        let rooms = self.engine.store().rooms(&ids).await?;
        // A room may have been deleted in between.
        let shown = |(request, _): &(JoinRequest, _)| {
            let room = rooms.iter().find(|room| room.id == request.room)?;
            Some(OwnJoinRequest::new(request, room))
        };
        Ok(OwnJoinRequestPage { requests: page.requests.iter().filter_map(shown).collect(), next: page.next })
    }

    /// Lets somebody in who waits, which [`Verb::Moderate`] takes: now, as if they had just come in the way they have
    /// asked to, by every rule of that but the host's hooks, which have had their say. They are told, and it is in the
    /// [audit trail](Self::audit). Nobody approves their own, for it takes a participant.
    ///
    /// # Errors
    /// [`JoinRequestNotFound`](ErrorKind::JoinRequestNotFound) where it does not wait any more;
    /// [`Forbidden`](ErrorKind::Forbidden), also where they may not come in now, for the room is private by now, say;
    /// [`RoomFull`](ErrorKind::RoomFull); [`InviteNotFound`](ErrorKind::InviteNotFound) where the link that they have asked by holds no more: who is
    /// meant to come in all the same can be [added](Self::invite); [`RoomClosed`](ErrorKind::RoomClosed); the policy's. They
    /// wait on then.
    pub async fn approve_join(&self, room: RoomId, id: JoinRequestId) -> Result<()> {
        self.check_moderator(room).await?;
        let request = self.engine.join_request(room, id).await?;
        self.check_policy(Verb::Moderate, room, std::slice::from_ref(&request.user)).await?;
        let op = self.engine.approve_join_op(&request).await?;
        self.commit(room, op).await?;
        self.engine.tell_of_held(&request.user, Notification::JoinApproved(room, id));
        Ok(())
    }

    /// Does not let somebody in who waits, which [`Verb::Moderate`] takes. They are told, with the reason where there is
    /// one, of at most [`Ban::MAX_REASON_BYTES`](crate::model::Ban::MAX_REASON_BYTES), and may ask again; and it is in the
    /// [audit trail](Self::audit).
    ///
    /// # Errors
    /// [`Invalid`](ErrorKind::Invalid) for another reason;
    /// [`JoinRequestNotFound`](ErrorKind::JoinRequestNotFound) where it does not wait any more;
    /// [`Forbidden`](ErrorKind::Forbidden); the policy's.
    pub async fn reject_join(&self, room: RoomId, id: JoinRequestId, reason: Option<String>) -> Result<()> {
        let reason = reason.map(check_reason).transpose()?.flatten();
        self.check_moderator(room).await?;
        let request = self.engine.join_request(room, id).await?;
        self.check_policy(Verb::Moderate, room, std::slice::from_ref(&request.user)).await?;
        let how = JoinSettlement::Reject(reason.clone());
        self.commit(room, Op::SettleJoin { request: Box::new(request.clone()), how }).await?;
        self.engine.tell_of_held(&request.user, Notification::JoinRejected(room, id, reason));
        Ok(())
    }

    /// Takes a request of the actor's own back.
    ///
    /// # Errors
    /// [`JoinRequestNotFound`](ErrorKind::JoinRequestNotFound) where it does not wait any more, and for somebody else's.
    pub async fn withdraw_join(&self, room: RoomId, id: JoinRequestId) -> Result<()> {
        let request = Box::new(self.engine.join_request(room, id).await?);
        self.commit(room, Op::SettleJoin { request, how: JoinSettlement::Withdraw }).await.map(drop)
    }
}

impl Admin {
    /// Who waits to come into a room, or into any, the oldest request first, beyond `after`: at most `limit`.
    ///
    /// # Errors
    /// [`Unavailable`](ErrorKind::Unavailable).
    pub async fn join_requests(
        &self,
        room: Option<RoomId>,
        after: Option<JoinRequestId>,
        limit: Limit,
    ) -> Result<JoinRequestPage> {
        self.engine.join_requests(room.map_or(Queue::All, Queue::Room), after, limit).await
    }

    /// Lets somebody in who waits: see [`Actor::approve_join`](crate::Actor::approve_join).
    ///
    /// # Errors
    /// Those of [`Actor::approve_join`](crate::Actor::approve_join), but for what takes a permission.
    pub async fn approve_join(&self, room: RoomId, id: JoinRequestId) -> Result<()> {
        let request = self.engine.join_request(room, id).await?;
        let op = self.engine.approve_join_op(&request).await?;
        self.commit(room, op).await?;
        self.engine.tell_of_held(&request.user, Notification::JoinApproved(room, id));
        Ok(())
    }

    /// Does not let somebody in who waits: see [`Actor::reject_join`](crate::Actor::reject_join).
    ///
    /// # Errors
    /// [`Invalid`](ErrorKind::Invalid); [`JoinRequestNotFound`](ErrorKind::JoinRequestNotFound).
    pub async fn reject_join(&self, room: RoomId, id: JoinRequestId, reason: Option<String>) -> Result<()> {
        let reason = reason.map(check_reason).transpose()?.flatten();
        let request = self.engine.join_request(room, id).await?;
        let how = JoinSettlement::Reject(reason.clone());
        self.commit(room, Op::SettleJoin { request: Box::new(request.clone()), how }).await?;
        self.engine.tell_of_held(&request.user, Notification::JoinRejected(room, id, reason));
        Ok(())
    }
}

impl ChatEngine {
    async fn join_requests(
        &self,
        queue: Queue,
        after: Option<JoinRequestId>,
        limit: Limit,
    ) -> Result<JoinRequestPage> {
        let requests = self.store().join_requests(queue, after, limit.count() + 1).await?;
        let (requests, next) = limit.page(requests, |(request, _)| request.id);
        Ok(JoinRequestPage { requests, next })
    }

    async fn join_request(&self, room: RoomId, id: JoinRequestId) -> Result<JoinRequest> {
        self.check_running()?;
        let request = self.store().join_request(room, id).await?;
        request.ok_or_else(|| ErrorKind::JoinRequestNotFound(id).into())
    }

    /// What lets them in, if the policy does now.
    async fn approve_join_op(&self, request: &JoinRequest) -> Result<Op> {
        let may_not = |error: Error| match error.kind().is_retryable() {
            true => error,
            false => {
                let kind = ErrorKind::Forbidden("they may not come into this room now".into());
                Error::with_source(kind, error)
            }
        };
        self.as_user(request.user.clone()).check_join(request.room).await.map_err(may_not)?;
        let notice = self.notice(SystemKind::Joined, &request.user, "").await?;
        let how = JoinSettlement::Approve { notice, max_members: self.config().max_room_members };
        Ok(Op::SettleJoin { request: Box::new(request.clone()), how })
    }

    /// Lets the oldest requests go that have waited too long. `true` when there may be more.
    pub(super) async fn expire_joins(&self) -> Result<bool> {
        let before = self.now().minus(self.config().held_keep);
        let mut requests = self.oldest_joins(Queue::All).await?;
        requests.retain(|request| request.at <= before);
        let is_page = requests.len() == PAGE as usize;
        for request in requests {
            let (user, expired) = (request.user.clone(), Notification::JoinExpired(request.room, request.id));
            if self.let_join_go(request).await? {
                self.tell_of_held(&user, expired);
            }
        }
        Ok(is_page)
    }

    /// Lets a page of those that wait go, whatever waits of them. `true` when there may be more.
    pub(super) async fn let_joins_go_page(&self, queue: Queue) -> Result<bool> {
        let requests = self.oldest_joins(queue).await?;
        let is_page = requests.len() == PAGE as usize;
        for request in requests {
            self.let_join_go(request).await?;
        }
        Ok(is_page)
    }

    async fn oldest_joins(&self, queue: Queue) -> Result<Vec<JoinRequest>> {
        let found = self.store().join_requests(queue, None, PAGE).await?;
        Ok(found.into_iter().map(|(request, _)| request).collect())
    }

    async fn let_join_go(&self, request: JoinRequest) -> Result<bool> {
        let room = request.room;
        let how = JoinSettlement::Withdraw;
        self.let_go(room, Op::SettleJoin { request: Box::new(request), how }).await
    }
}
