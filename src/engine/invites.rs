//! Invite links and invitations: made, listed, taken back, declined, and come in by.

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use super::drafts::check_expiry;
use super::{Actor, Admin, ChatEngine};
use crate::error::{Error, ErrorKind, Result};
use crate::event::Notification;
use crate::id::{RoomId, UserId};
use crate::model::{
    Invitation, InvitationPage, Invite, InviteCode, InvitePreview, Limit, NewInvite, Profile, Room, RoomView,
    Verb,
};
use crate::store::Op;

impl Actor {
    /// Makes an invite link, which [`Verb::Invite`] takes. Whoever has its code comes in, for as long as it
    /// holds; also who was taken out before, so revoke what they know.
    ///
    /// With a [user](NewInvite::user) it is an invitation: it lets in nobody else, they are told of it, and it
    /// takes the place of an earlier one of theirs.
    ///
    /// # Errors
    /// [`Invalid`](ErrorKind::Invalid) beyond the bounds of [`NewInvite`], or for whoever is in the room;
    /// [`Forbidden`](ErrorKind::Forbidden) in a direct room; [`LimitReached`](ErrorKind::LimitReached) beyond
    /// [`Config::max_invites`](crate::Config::max_invites), where those that hold no more are not counted;
    /// [`Unreachable`](ErrorKind::Unreachable) by a block; [`RoomClosed`](ErrorKind::RoomClosed); the policy's.
    pub async fn create_invite(&self, room: RoomId, new: NewInvite) -> Result<Invite> {
        let invite = self.engine.new_invite(room, Some(&self.user), new)?;
        self.check_policy(Verb::Invite, room, invite.user.as_slice()).await?;
        let most = self.engine.config().max_invites;
        self.commit(room, Op::MakeInvite { invite: invite.clone(), most }).await?;
        self.engine.tell_invited(&invite).await?;
        Ok(invite)
    }

    /// The invitations of the actor that hold and that they have not answered yet: at most `limit`, in the order
    /// of their codes, beyond `after`.
    ///
    /// # Errors
    /// Only those of [every call](Actor).
    pub async fn invitations(&self, after: Option<InviteCode>, limit: Limit) -> Result<InvitationPage> {
        self.engine.check_running()?;
        let found = self.engine.store().invitations(&self.user, after, limit.count() + 1).await?;
        let (mut found, next) = limit.page(found, |(invite, _)| invite.code);
        let now = self.engine.now();
        found.retain(|(invite, room)| invite.holds(now) && room.active);
        let inviters: BTreeSet<UserId> = found.iter().filter_map(|(invite, _)| invite.by.clone()).collect();
        let inviters: Vec<UserId> = inviters.into_iter().collect();
        let known = self.engine.store().profiles(&inviters).await?;
        let inviter = |user: &UserId| {
            let known = known.iter().find(|profile| profile.user == *user).cloned();
            known.unwrap_or_else(|| Profile::unknown(user.clone()))
        };
        let seen =
            |(invite, room): &(Invite, Room)| Invitation::new(invite, room, invite.by.as_ref().map(inviter));
        Ok(InvitationPage { invitations: found.iter().map(seen).collect(), next })
    }

    /// What an invite link or an invitation leads to, before one comes in by it: the room, how many are in it, who
    /// invites, and what would keep the actor out now. Whoever has the code may know so much; of one that holds no
    /// more, nothing is told. The rate limit counts it as a change, as it does coming in.
    ///
    /// # Errors
    /// [`InviteNotFound`](ErrorKind::InviteNotFound) where the link holds no more, or invites somebody else.
    pub async fn invite_preview(&self, code: InviteCode) -> Result<InvitePreview> {
        self.engine.check_running()?;
        self.engine.inner.limits.change(&self.user)?;
        let (store, now) = (self.engine.store(), self.engine.now());
        let is_theirs = |invite: &Invite| invite.user.as_ref().is_none_or(|user| *user == self.user);
        let invite = store.invite(code).await?.filter(|invite| invite.holds(now) && is_theirs(invite));
        let invite = invite.ok_or(ErrorKind::InviteNotFound)?;
        let found = store.membership(invite.room, &self.user).await?.filter(|(room, _)| !room.is_deleted());
        let (room, member) = found.ok_or(ErrorKind::InviteNotFound)?;
        let is_participant = member.is_some_and(|member| member.active);
        let refusal = if is_participant { None } else { self.refusal(&room).await? };
        let by = match &invite.by {
            Some(by) => Some(Profile::clone(&*self.engine.profile(by).await?)),
            None => None,
        };
        Ok(InvitePreview { code, room, by, expires_at: invite.expires_at, is_participant, refusal })
    }

    /// What keeps the actor out of a room to which they have a key, in the order in which they would learn it.
    async fn refusal(&self, room: &Room) -> Result<Option<ErrorKind>> {
        if let Err(error) = self.check_join(room.id).await {
            return if error.kind().is_retryable() { Err(error) } else { Ok(Some(error.kind().clone())) };
        }
        if !room.active {
            return Ok(Some(ErrorKind::RoomClosed(room.id)));
        }
        let ban = self.engine.store().ban(room.id, &self.user).await?;
        if let Some(ban) = ban.filter(|ban| ban.holds(self.engine.now())) {
            return Ok(Some(ErrorKind::Banned { user: ban.user, until: ban.until }));
        }
        let most = self.engine.config().max_room_members;
        Ok((room.members >= most).then_some(ErrorKind::RoomFull(most)))
    }

    /// Declines an invitation, and says to which room. Whoever has made it is told.
    ///
    /// # Errors
    /// [`InviteNotFound`](ErrorKind::InviteNotFound), also for one of somebody else's.
    pub async fn decline_invite(&self, code: InviteCode) -> Result<RoomId> {
        let invite = self.engine.store().invite(code).await?;
        let invite = invite.filter(|invite| invite.user.as_ref() == Some(&self.user));
        let invite = invite.ok_or(ErrorKind::InviteNotFound)?;
        self.commit(invite.room, Op::RevokeInvite(code)).await?;
        let who = Profile::clone(&*self.profile().await?);
        if let Some(by) = &invite.by {
            self.engine.tell_of_invite(by, Notification::InviteDeclined(invite.room, who));
        }
        self.engine.tell_of_invite(&self.user, Notification::InviteEnded(invite.room, code));
        Ok(invite.room)
    }

    /// The invite links of a room that hold, the newest first: all of them for whoever may take people out,
    /// one's own for others. At most [`Config::max_invites`](crate::Config::max_invites).
    ///
    /// # Errors
    /// Only those of [every call](Actor).
    pub async fn invites(&self, room: RoomId) -> Result<Vec<Invite>> {
        let (found, member) = self.membership(room).await?;
        let sees_all = found.lets(member.role, Verb::Remove);
        let mut links = self.engine.invites(room).await?;
        links.retain(|link| sees_all || link.by.as_ref() == Some(&self.user));
        Ok(links)
    }

    /// Takes an invite link back: one's own, or any, for whoever may take people out.
    ///
    /// # Errors
    /// [`InviteNotFound`](ErrorKind::InviteNotFound), also for one of another room;
    /// [`Forbidden`](ErrorKind::Forbidden) for somebody else's.
    pub async fn revoke_invite(&self, room: RoomId, code: InviteCode) -> Result<()> {
        let invite = self.engine.store().invite(code).await?;
        self.commit(room, Op::RevokeInvite(code)).await?;
        self.engine.tell_uninvited(invite);
        Ok(())
    }

    /// Comes into a room by an invite link or an invitation, with a SYSTEM message; who is in it already uses
    /// none up. Whom the host's [`Hooks`](crate::policy::Hooks) hold waits, as in [`join`](Self::join), and uses none up
    /// before they are let in.
    ///
    /// # Errors
    /// [`InviteNotFound`](ErrorKind::InviteNotFound) where the link holds no more, or invites somebody else;
    /// [`Banned`](ErrorKind::Banned);
    /// [`RoomClosed`](ErrorKind::RoomClosed); [`RoomFull`](ErrorKind::RoomFull) beyond
    /// [`Config::max_room_members`](crate::Config::max_room_members); the policy's.
    pub async fn accept_invite(&self, code: InviteCode) -> Result<RoomView> {
        let link = self.engine.store().invite(code).await?.ok_or(ErrorKind::InviteNotFound)?;
        self.enter(link.room, Some(code)).await
    }
}

impl Admin {
    /// Makes an invite link, or an invitation. See [`Actor::create_invite`].
    ///
    /// # Errors
    /// [`Invalid`](ErrorKind::Invalid) beyond the bounds of [`NewInvite`], or for whoever is in the room;
    /// [`Forbidden`](ErrorKind::Forbidden) in a direct room; [`LimitReached`](ErrorKind::LimitReached) beyond
    /// [`Config::max_invites`](crate::Config::max_invites); [`RoomClosed`](ErrorKind::RoomClosed).
    pub async fn create_invite(&self, room: RoomId, new: NewInvite) -> Result<Invite> {
        let invite = self.engine.new_invite(room, None, new)?;
        let most = self.engine.config().max_invites;
        self.commit(room, Op::MakeInvite { invite: invite.clone(), most }).await?;
        self.engine.tell_invited(&invite).await?;
        Ok(invite)
    }

    /// Takes an invite link or an invitation back.
    ///
    /// # Errors
    /// [`InviteNotFound`](ErrorKind::InviteNotFound).
    pub async fn revoke_invite(&self, room: RoomId, code: InviteCode) -> Result<()> {
        let invite = self.engine.store().invite(code).await?;
        self.commit(room, Op::RevokeInvite(code)).await?;
        self.engine.tell_uninvited(invite);
        Ok(())
    }
}

impl ChatEngine {
    fn new_invite(&self, room: RoomId, by: Option<&UserId>, new: NewInvite) -> Result<Invite> {
        let NewInvite { expires_in, max_uses, user } = new;
        let expires_after = check_expiry(expires_in)?;
        let created_at = self.now();
        let at_least_one =
            |most| NonZeroU32::new(most).ok_or(Error::invalid("maxUses", "must be at least 1"));
        let max_uses = max_uses.map(at_least_one).transpose()?;
        Ok(Invite {
            code: InviteCode::generate(),
            room,
            by: by.cloned(),
            created_at,
            expires_at: expires_after.map(|after| created_at.plus(after)),
            max_uses: if user.is_some() { Some(NonZeroU32::MIN) } else { max_uses },
            uses: 0,
            user,
        })
    }

    /// Tells whoever is invited, as they would find it in their list.
    async fn tell_invited(&self, invite: &Invite) -> Result<()> {
        let Some(user) = &invite.user else { return Ok(()) };
        let Some(room) = self.store().rooms(&[invite.room]).await?.pop() else { return Ok(()) };
        let by = match &invite.by {
            Some(by) => Some(Profile::clone(&*self.profile(by).await?)),
            None => None,
        };
        self.tell_of_invite(user, Notification::Invited(Invitation::new(invite, &room, by)));
        Ok(())
    }

    fn tell_of_invite(&self, user: &UserId, notification: Notification) {
        self.inner.outlet.lock().tell_of_invite(user, notification);
    }

    fn tell_uninvited(&self, invite: Option<Invite>) {
        if let Some(Invite { user: Some(user), room, code, .. }) = invite {
            self.tell_of_invite(&user, Notification::InviteEnded(room, code));
        }
    }

    /// Those that hold, the newest first.
    async fn invites(&self, room: RoomId) -> Result<Vec<Invite>> {
        let (mut links, now) = (self.store().invites(room).await?, self.now());
        links.retain(|link| link.holds(now));
        links.sort_by_key(|link| std::cmp::Reverse((link.created_at, link.code)));
        Ok(links)
    }
}
