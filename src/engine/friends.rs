//! Friends, requests and blocks, kept in the engine's own store.

use super::Actor;
use crate::error::{ErrorKind, Result};
use crate::id::UserId;
use crate::model::{Limit, Profile, Relation, RelationKind, RelationPage, RelationView};
use crate::store::{Answer, RelationItem, RelationOp};

/// A request for friendship that was made.
#[derive(Debug, Clone)]
pub struct FriendRequest {
    /// How the two stand now: friends, where the other had asked already.
    pub view: RelationView,
    /// Whether it changed anything; `false` for one that stood already.
    pub is_new: bool,
}

/// Friends, requests and blocks. They are there under any policy;
/// [`FriendsOnly`](crate::policy::FriendsOnly) makes friendship a condition of direct rooms, and a block
/// holds under all of them.
///
/// Every one of these that names an `other` can fail with [`Invalid`](ErrorKind::Invalid) where that is the actor.
/// What stands already is no error, and changes nothing.
impl Actor {
    /// The actor's friends, in the order of their ids, beyond `after`: at most `limit`.
    ///
    /// # Errors
    /// Only those of [every call](Actor).
    pub async fn friends(&self, after: Option<&UserId>, limit: Limit) -> Result<RelationPage> {
        self.people(&[RelationKind::Friend], after, limit).await
    }

    /// The requests for friendship that wait for an answer, received and sent, likewise.
    ///
    /// # Errors
    /// Only those of [every call](Actor).
    pub async fn friend_requests(&self, after: Option<&UserId>, limit: Limit) -> Result<RelationPage> {
        self.people(&[RelationKind::RequestReceived, RelationKind::RequestSent], after, limit).await
    }

    /// Whom the actor has blocked, likewise.
    ///
    /// # Errors
    /// Only those of [every call](Actor).
    pub async fn blocked(&self, after: Option<&UserId>, limit: Limit) -> Result<RelationPage> {
        self.people(&[RelationKind::Blocked], after, limit).await
    }

    /// Asks for friendship. Two who ask each other are friends. To whoever has blocked the actor it goes
    /// as to anybody, and never arrives.
    ///
    /// # Errors
    /// [`Forbidden`](ErrorKind::Forbidden) to somebody whom the actor has blocked.
    pub async fn request_friend(&self, other: &UserId) -> Result<FriendRequest> {
        self.engine.inner.limits.change(&self.user)?;
        let (view, is_new) = self.relate_unlimited(other, RelationOp::Request).await?;
        Ok(FriendRequest { view, is_new })
    }

    /// Accepts a request. Once more is no error.
    ///
    /// # Errors
    /// [`FriendRequestNotFound`](ErrorKind::FriendRequestNotFound) where the two are no friends and `other` has
    /// not asked, or does so no more.
    pub async fn accept_friend(&self, other: &UserId) -> Result<RelationView> {
        self.relate(other, RelationOp::Accept).await
    }

    /// Declines a request.
    ///
    /// # Errors
    /// [`FriendRequestNotFound`](ErrorKind::FriendRequestNotFound) where there is none, also once it was declined.
    pub async fn decline_friend(&self, other: &UserId) -> Result<RelationView> {
        self.relate(other, RelationOp::Decline).await
    }

    /// Takes the actor's own request back.
    ///
    /// # Errors
    /// Only those of [every call](Actor).
    pub async fn withdraw_request(&self, other: &UserId) -> Result<RelationView> {
        self.relate(other, RelationOp::Withdraw).await
    }

    /// Ends a friendship, or takes the actor's own request back. A standing direct room stays.
    ///
    /// # Errors
    /// Only those of [every call](Actor).
    pub async fn remove_friend(&self, other: &UserId) -> Result<RelationView> {
        self.relate(other, RelationOp::Remove).await
    }

    /// Blocks somebody, which ends friendship and requests between the two. From its commit on, neither
    /// of them opens a direct room with the other, sends, edits or reacts in a standing one, or adds the other
    /// to a room: that is [`Unreachable`](ErrorKind::Unreachable). The other one is not told.
    ///
    /// # Errors
    /// Only those of [every call](Actor).
    pub async fn block(&self, other: &UserId) -> Result<RelationView> {
        self.relate(other, RelationOp::Block).await
    }

    /// Takes the actor's block back. The two are strangers then, unless the other has blocked the actor.
    ///
    /// # Errors
    /// Only those of [every call](Actor).
    pub async fn unblock(&self, other: &UserId) -> Result<RelationView> {
        self.relate(other, RelationOp::Unblock).await
    }

    async fn relate(&self, other: &UserId, op: RelationOp) -> Result<RelationView> {
        self.engine.inner.limits.change(&self.user)?;
        self.relate_unlimited(other, op).await.map(|(view, _)| view)
    }

    /// How the two stand then, and whether it is new.
    pub(super) async fn relate_unlimited(
        &self,
        other: &UserId,
        op: RelationOp,
    ) -> Result<(RelationView, bool)> {
        self.engine.check_running()?;
        let user = Profile::clone(&*self.profile().await?);
        let other = Profile::clone(&*self.engine.profile(other).await?);
        let item = RelationItem { at: self.engine.now(), user, other: other.clone(), op };
        match self.engine.inner.committer.commit(item.into()).await? {
            Answer::Relation { now, is_new } => {
                if is_new && op == RelationOp::Block {
                    self.engine.level_others().await;
                }
                let relation = now.map(|relation| (relation.kind, relation.since));
                Ok((self.relation_view(other, relation), is_new))
            }
            unlike => {
                Err(ErrorKind::Corrupt(format!("a relation was answered with {unlike:?}").into()).into())
            }
        }
    }

    async fn people(
        &self,
        kinds: &[RelationKind],
        after: Option<&UserId>,
        limit: Limit,
    ) -> Result<RelationPage> {
        let mut found = Vec::new();
        for kind in kinds {
            found.extend(self.engine.store().relations(&self.user, *kind, after, limit.count() + 1).await?);
        }
        found.sort_by(|(one, _), (other, _)| one.other.cmp(&other.other));
        let (found, next) = limit.page(found, |(relation, _)| relation.other.clone());
        let view = |(relation, other): (Relation, Profile)| {
            self.relation_view(other, Some((relation.kind, relation.since)))
        };
        Ok(RelationPage { people: found.into_iter().map(view).collect(), next })
    }

    fn relation_view(
        &self,
        other: Profile,
        relation: Option<(RelationKind, crate::Timestamp)>,
    ) -> RelationView {
        let is_friend = matches!(relation, Some((RelationKind::Friend, _)));
        let online = is_friend && self.engine.is_online(&other.user);
        RelationView { other, relation, online }
    }
}
