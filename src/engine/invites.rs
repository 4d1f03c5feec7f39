//! Invite links: made, listed, taken back, and come in by.

use std::num::NonZeroU32;
use std::time::Duration;

use super::{Actor, Admin, ChatEngine};
use crate::error::{Error, ErrorKind, Result};
use crate::id::{RoomId, UserId};
use crate::model::{Invite, InviteCode, NewInvite, RoomView, SystemKind, Verb};
use crate::store::Op;

/// The longest that a link may hold, in seconds: a year.
const MAX_SECONDS: u64 = 365 * 24 * 60 * 60;

impl Actor {
    /// Makes an invite link, which [`Verb::Invite`] takes. Whoever has its code comes in, for as long as it
    /// holds; also who was taken out before, so revoke what they know.
    ///
    /// # Errors
    /// [`Invalid`](ErrorKind::Invalid) beyond the bounds of [`NewInvite`]; [`Forbidden`](ErrorKind::Forbidden) in a
    /// direct room, or beyond [`Config::max_invites`](crate::Config::max_invites), where those that hold no more
    /// are not counted; [`RoomClosed`](ErrorKind::RoomClosed); the policy's.
    pub async fn create_invite(&self, room: RoomId, new: NewInvite) -> Result<Invite> {
        let invite = self.engine.new_invite(room, Some(&self.user), new)?;
        self.check_policy(Verb::Invite, room, &[]).await?;
        let most = self.engine.config().max_invites;
        self.commit(room, Op::MakeInvite { invite: invite.clone(), most }).await?;
        Ok(invite)
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
        self.commit(room, Op::RevokeInvite(code)).await.map(drop)
    }

    /// Comes into a room by an invite link, with a SYSTEM message; who is in it already uses none up.
    ///
    /// # Errors
    /// [`InviteNotFound`](ErrorKind::InviteNotFound) where the link holds no more; [`Banned`](ErrorKind::Banned);
    /// [`RoomClosed`](ErrorKind::RoomClosed); [`Forbidden`](ErrorKind::Forbidden) beyond
    /// [`Config::max_room_members`](crate::Config::max_room_members); the policy's.
    pub async fn accept_invite(&self, code: InviteCode) -> Result<RoomView> {
        let link = self.engine.store().invite(code).await?.ok_or(ErrorKind::InviteNotFound)?;
        self.check_join(link.room).await?;
        let notice = self.engine.notice(SystemKind::Joined, &self.user, "").await?;
        let max_members = self.engine.config().max_room_members;
        self.commit(link.room, Op::Enter { notice, max_members, by_invite: Some(code) }).await?;
        self.room(link.room).await
    }
}

impl Admin {
    /// Makes an invite link.
    ///
    /// # Errors
    /// [`Invalid`](ErrorKind::Invalid) beyond the bounds of [`NewInvite`]; [`Forbidden`](ErrorKind::Forbidden) in a
    /// direct room or beyond [`Config::max_invites`](crate::Config::max_invites);
    /// [`RoomClosed`](ErrorKind::RoomClosed).
    pub async fn create_invite(&self, room: RoomId, new: NewInvite) -> Result<Invite> {
        let invite = self.engine.new_invite(room, None, new)?;
        let most = self.engine.config().max_invites;
        self.commit(room, Op::MakeInvite { invite: invite.clone(), most }).await?;
        Ok(invite)
    }

    /// Takes an invite link back.
    ///
    /// # Errors
    /// [`InviteNotFound`](ErrorKind::InviteNotFound).
    pub async fn revoke_invite(&self, room: RoomId, code: InviteCode) -> Result<()> {
        self.commit(room, Op::RevokeInvite(code)).await.map(drop)
    }
}

impl ChatEngine {
    fn new_invite(&self, room: RoomId, by: Option<&UserId>, new: NewInvite) -> Result<Invite> {
        let NewInvite { expires_in, max_uses } = new;
        if expires_in.is_some_and(|seconds| !(1..=MAX_SECONDS).contains(&seconds)) {
            return Err(Error::invalid("expiresIn", format!("must be between 1 and {MAX_SECONDS} seconds")));
        }
        let created_at = self.now();
        let at_least_one =
            |most| NonZeroU32::new(most).ok_or(Error::invalid("maxUses", "must be at least 1"));
        Ok(Invite {
            code: InviteCode::generate(),
            room,
            by: by.cloned(),
            created_at,
            expires_at: expires_in.map(|seconds| created_at.plus(Duration::from_secs(seconds))),
            max_uses: max_uses.map(at_least_one).transpose()?,
            uses: 0,
        })
    }

    /// Those that hold, the newest first.
    async fn invites(&self, room: RoomId) -> Result<Vec<Invite>> {
        let (mut links, now) = (self.store().invites(room).await?, self.now());
        links.retain(|link| link.holds(now));
        links.sort_by_key(|link| std::cmp::Reverse((link.created_at, link.code)));
        Ok(links)
    }
}
