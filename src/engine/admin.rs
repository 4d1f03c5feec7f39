//! What the host itself does.

use super::ChatEngine;
use super::drafts::{CheckedRoom, check_name, check_text};
use crate::error::{Error, Result};
use crate::event::{CloseReason, Participants};
use crate::id::{RoomId, UserId};
use crate::model::{Limit, NewRoom, Profile, SystemKind};
use crate::store::{Answer, Op, RelationOp, RoomItem};

/// What the host does, bound by no policy and no room's rule.
///
/// Every method can fail with [`Unavailable`](crate::ErrorKind::Unavailable) or
/// [`Corrupt`](crate::ErrorKind::Corrupt), as an [`Actor`](crate::Actor)'s, and with
/// [`RoomNotFound`](crate::ErrorKind::RoomNotFound) for a room that does not exist. None is ever
/// [`RateLimited`](crate::ErrorKind::RateLimited).
#[derive(Debug, Clone)]
pub struct Admin {
    pub(super) engine: ChatEngine,
}

impl Admin {
    pub(super) fn new(engine: ChatEngine) -> Self {
        Self { engine }
    }

    pub(super) async fn commit(&self, room: RoomId, op: Op) -> Result<Answer> {
        self.engine.check_running()?;
        let item = RoomItem { room, at: self.engine.now(), by: None, op };
        self.engine.inner.committer.commit(item.into()).await
    }

    /// Makes a room that nobody owns. Two people who have an open direct room keep that one.
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid), as for [`Actor::create_room`](crate::Actor::create_room), and for a
    /// room of nobody; [`ChallengeRoomExists`](crate::ErrorKind::ChallengeRoomExists), with the room that stands.
    pub async fn create_room(&self, new: NewRoom) -> Result<RoomId> {
        let CheckedRoom { kind, name, members, about } = new.check(None, self.engine.config())?;
        let id = RoomId::generate();
        let members = members.into_iter().collect();
        match self.commit(id, Op::Create { kind, name, members, about }).await? {
            Answer::Standing(standing) => Ok(standing),
            _ => Ok(id),
        }
    }

    /// Adds people to a room; who is in already stays as they are. Each joins with a SYSTEM message.
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid) for nobody, or more than
    /// [`Config::max_participants`](crate::Config::max_participants);
    /// [`Forbidden`](crate::ErrorKind::Forbidden) in a direct room; [`RoomFull`](crate::ErrorKind::RoomFull) beyond
    /// [`Config::max_room_members`](crate::Config::max_room_members); [`Banned`](crate::ErrorKind::Banned), also
    /// for the host; and then nobody is added;
    /// [`RoomClosed`](crate::ErrorKind::RoomClosed).
    pub async fn invite(&self, room: RoomId, users: &[UserId]) -> Result<()> {
        let op = self.engine.join_op(users).await?;
        self.commit(room, op).await.map(drop)
    }

    /// Takes somebody out of a room, whatever their role, with a SYSTEM message: see
    /// [`Actor::leave`](crate::Actor::leave) for what becomes of the room.
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid) when they are no participant.
    pub async fn remove(&self, room: RoomId, user: &UserId) -> Result<()> {
        let notice = self.engine.notice(SystemKind::Removed, user, "").await?;
        self.commit(room, Op::Part { notice }).await?;
        self.engine.level_others().await;
        Ok(())
    }

    /// Closes a room: it can be read, not written. Once more is no error.
    ///
    /// # Errors
    /// [`RoomNotFound`](crate::ErrorKind::RoomNotFound).
    pub async fn close(&self, room: RoomId) -> Result<()> {
        self.commit(room, Op::Close).await.map(drop)
    }

    /// Keeps what is shown of a user, as a token would.
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid) for a nickname that is blank or longer than
    /// [`Config::max_name_chars`](crate::Config::max_name_chars), or control characters in either text. The length
    /// of the picture's address is the host's to bound.
    pub async fn set_profile(&self, profile: Profile) -> Result<()> {
        if check_name(&profile.nickname, self.engine.config())?.is_none() {
            return Err(Error::invalid("nickname", "must not be blank"));
        }
        if let Some(image) = &profile.image {
            check_text("profileImage", image)?;
        }
        self.engine.put_profile(profile).await
    }

    /// Has `user` block `other`, or takes that block back: for a host that keeps friends and blocks in a
    /// table of its own. What a block forbids, it forbids from the commit on.
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid) where both are the same.
    pub async fn set_blocked(&self, user: &UserId, other: &UserId, blocked: bool) -> Result<()> {
        let op = if blocked { RelationOp::Block } else { RelationOp::Unblock };
        self.engine.as_user(user.clone()).relate_unlimited(other, op).await.map(drop)
    }

    /// Whether the user has a connection, on any node that this one hears of.
    pub fn is_online(&self, user: &UserId) -> bool {
        self.engine.is_online(user)
    }

    /// A room's participants, in the order of their ids, beyond `after`. A room that does not exist has none.
    ///
    /// # Errors
    /// [`Unavailable`](crate::ErrorKind::Unavailable).
    pub async fn participants(
        &self,
        room: RoomId,
        after: Option<&UserId>,
        limit: Limit,
    ) -> Result<Participants> {
        self.engine.participants(room, after, limit).await
    }

    /// Ends all connections of a user on this node, as
    /// [`Unauthenticated`](crate::event::CloseReason::Unauthenticated). Whoever has a token that holds may come
    /// back at once: [`Actor::log_out`](crate::Actor::log_out) prevents that.
    pub fn disconnect(&self, user: &UserId) {
        self.engine.hub().close_user(user, CloseReason::Unauthenticated);
    }

    /// Declares every position given out so far void, as after a restore or an import: clients that come
    /// with one are told to reload.
    ///
    /// # Errors
    /// The store's: [`Unavailable`](crate::ErrorKind::Unavailable).
    pub async fn rotate_epoch(&self) -> Result<()> {
        let epoch = self.engine.store().rotate_epoch().await?;
        self.engine.inner.committer.start_epoch(epoch).await;
        Ok(())
    }
}
