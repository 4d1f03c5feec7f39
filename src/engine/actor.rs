//! A user who acts.

use std::sync::Arc;

use super::ChatEngine;
use crate::error::{ErrorKind, Result};
use crate::id::{RoomId, UserId};
use crate::model::{Member, Profile, RelationKind, Room, RoomKind, Verb};
use crate::policy::Question;
use crate::store::{Answer, Item, Op, RoomItem};

/// What one user does. Everything is checked against their memberships and the policy.
///
/// Every method can fail with [`Unavailable`](ErrorKind::Unavailable): the store or the engine cannot
/// answer now, and the same call may succeed later; or with [`Corrupt`](ErrorKind::Corrupt): what is stored
/// makes no sense. A room that does not exist is [`RoomNotFound`](ErrorKind::RoomNotFound), one that the user
/// does not belong to [`NotAParticipant`](ErrorKind::NotAParticipant). Where the host sets
/// [`RateLimits`](crate::config::RateLimits), whatever sends or changes something, but for marks and uploads,
/// can be [`RateLimited`](ErrorKind::RateLimited), which says when to come back.
///
/// The policy's errors are those of [`Policy::check`](crate::policy::Policy::check):
/// [`Forbidden`](ErrorKind::Forbidden) mostly, [`NotFriends`](ErrorKind::NotFriends) under
/// [`FriendsOnly`](crate::policy::FriendsOnly).
#[derive(Debug, Clone)]
pub struct Actor {
    pub(super) engine: ChatEngine,
    pub(super) user: UserId,
}

impl Actor {
    pub(super) fn new(engine: ChatEngine, user: UserId) -> Self {
        Self { engine, user }
    }

    /// Who acts.
    pub fn user(&self) -> &UserId {
        &self.user
    }

    pub(super) async fn profile(&self) -> Result<Arc<Profile>> {
        self.engine.profile(&self.user).await
    }

    pub(super) fn item(&self, room: RoomId, op: Op) -> Item {
        RoomItem { room, at: self.engine.now(), by: Some(self.user.clone()), op }.into()
    }

    pub(super) async fn commit(&self, room: RoomId, op: Op) -> Result<Answer> {
        self.engine.check_running()?;
        if !matches!(op, Op::Mark { .. } | Op::ReadThread { .. }) {
            self.engine.inner.limits.change(&self.user)?;
        }
        self.engine.inner.committer.commit(self.item(room, op)).await
    }

    /// The room and the actor's membership, which must be active.
    pub(super) async fn membership(&self, room: RoomId) -> Result<(Room, Member)> {
        match self.engine.store().membership(room, &self.user).await? {
            None => Err(ErrorKind::RoomNotFound(room).into()),
            Some((found, _)) if found.is_deleted() => Err(ErrorKind::RoomNotFound(room).into()),
            Some((found, Some(member))) if member.active => Ok((found, member)),
            Some(_) => Err(ErrorKind::NotAParticipant(room).into()),
        }
    }

    /// Whether it is a direct room of two of whom one has blocked the other.
    pub(super) async fn is_cut_off_in(&self, room: &Room) -> Result<bool> {
        let Some(peer) = room.kind.peer_of(&self.user) else { return Ok(false) };
        for (one, other) in [(&self.user, peer), (peer, &self.user)] {
            let relation = self.engine.store().relation(one, other).await?;
            if relation.is_some_and(|relation| relation.kind == RelationKind::Blocked) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Asks the policy about a new room.
    pub(super) async fn check_create(&self, kind: &RoomKind, others: &[UserId]) -> Result<()> {
        let policy = &self.engine.inner.policy;
        if !policy.asks_about(Verb::Create) {
            return Ok(());
        }
        policy.check(Question { actor: &self.user, verb: Verb::Create, room: kind, others }).await
    }

    /// Asks the policy about a room that stands.
    pub(super) async fn check_policy(&self, verb: Verb, room: RoomId, others: &[UserId]) -> Result<()> {
        let policy = &self.engine.inner.policy;
        if !policy.asks_about(verb) {
            return Ok(());
        }
        let (room, _) = self.membership(room).await?;
        let others = match (others, room.kind.peer_of(&self.user)) {
            ([], Some(peer)) => std::slice::from_ref(peer),
            _ => others,
        };
        policy.check(Question { actor: &self.user, verb, room: &room.kind, others }).await
    }
}
