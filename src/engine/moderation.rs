//! Who keeps a room in order: mutes, bans, and what was done.

use super::drafts::{check_expiry, check_text};
use super::{Actor, Admin, ChatEngine};
use crate::clock::Timestamp;
use crate::error::{Error, ErrorKind, Result};
use crate::id::{RoomId, UserId};
use crate::model::{AuditPage, Ban, BanPage, Limit, Member, Profile, Room, Sanction, SystemKind, Verb};
use crate::store::Op;

impl Actor {
    /// Mutes somebody of a lesser role for a time or for good, which [`Verb::Moderate`] takes: they neither send, edit,
    /// react nor upload, and nobody sees them type. Another mute takes the place of the one before it; leaving and coming
    /// back ends none. Gives its end, [`NEVER`](Timestamp::NEVER) for good.
    ///
    /// # Errors
    /// [`Invalid`](ErrorKind::Invalid) beyond the bounds of [`Sanction`], or when they are no participant;
    /// [`Forbidden`](ErrorKind::Forbidden), in a direct room always; [`RoomClosed`](ErrorKind::RoomClosed); the
    /// policy's.
    pub async fn mute(&self, room: RoomId, user: &UserId, sanction: Sanction) -> Result<Timestamp> {
        let (until, reason) = self.engine.terms(sanction)?;
        self.check_policy(Verb::Moderate, room, std::slice::from_ref(user)).await?;
        let op = self.engine.mute_op(user, Some(until), reason).await?;
        self.commit(room, op).await?;
        Ok(until)
    }

    /// Lets somebody of a lesser role speak again, which [`Verb::Moderate`] takes.
    ///
    /// # Errors
    /// Those of [`mute`](Self::mute).
    pub async fn unmute(&self, room: RoomId, user: &UserId) -> Result<()> {
        self.check_policy(Verb::Moderate, room, std::slice::from_ref(user)).await?;
        let op = self.engine.mute_op(user, None, None).await?;
        self.commit(room, op).await.map(drop)
    }

    /// Keeps somebody out of a room, which [`Verb::Moderate`] takes. Who is in it, and of a lesser role, is taken
    /// out, as by [`remove`](Self::remove); who is not never comes in, neither by themselves nor by an invite link nor
    /// added by somebody, until the ban is over or taken back. Another ban takes the place of the one before it.
    ///
    /// # Errors
    /// [`Invalid`](ErrorKind::Invalid) beyond the bounds of [`Sanction`], or for the actor themselves;
    /// [`Forbidden`](ErrorKind::Forbidden), in a direct room always; the policy's.
    pub async fn ban(&self, room: RoomId, user: &UserId, sanction: Sanction) -> Result<Ban> {
        let (ban, op) = self.engine.ban_op(room, Some(&self.user), user, sanction).await?;
        self.check_policy(Verb::Moderate, room, std::slice::from_ref(user)).await?;
        self.commit(room, op).await?;
        self.engine.level_others().await;
        Ok(ban)
    }

    /// Takes a ban back, which [`Verb::Moderate`] takes. Who is not banned stays so.
    ///
    /// # Errors
    /// [`Forbidden`](ErrorKind::Forbidden), in a direct room always; the policy's.
    pub async fn unban(&self, room: RoomId, user: &UserId) -> Result<()> {
        self.check_policy(Verb::Moderate, room, std::slice::from_ref(user)).await?;
        self.commit(room, Op::Unban(user.clone())).await.map(drop)
    }

    /// The bans of a room that hold, which [`Verb::Moderate`] takes, in the order of the users' ids, beyond `after`:
    /// at most `limit`.
    ///
    /// # Errors
    /// [`Forbidden`](ErrorKind::Forbidden), in a direct room always.
    pub async fn bans(&self, room: RoomId, after: Option<&UserId>, limit: Limit) -> Result<BanPage> {
        self.check_moderator(room).await?;
        self.engine.bans(room, after, limit).await
    }

    /// What those who look after a room have done, and the host, the newest first, below the position `before`: at most
    /// `limit`. It takes [`Verb::Moderate`]. Mutes, bans and their ends, who was taken out, whose message was deleted by
    /// somebody else, roles, slow mode: each was written with what it did, in the same transaction. No message's words
    /// are in it.
    ///
    /// # Errors
    /// [`Forbidden`](ErrorKind::Forbidden), in a direct room always.
    pub async fn audit(&self, room: RoomId, before: Option<u64>, limit: Limit) -> Result<AuditPage> {
        self.check_moderator(room).await?;
        self.engine.audit(room, before, limit).await
    }

    /// What is for moderators alone to see.
    pub(super) async fn check_moderator(&self, room: RoomId) -> Result<(Room, Member)> {
        let (found, member) = self.membership(room).await?;
        if found.lets(member.role, Verb::Moderate) {
            return Ok((found, member));
        }
        Err(ErrorKind::Forbidden("only those who moderate the room may see this".into()).into())
    }
}

impl Admin {
    /// Mutes somebody, whatever their role: see [`Actor::mute`](crate::Actor::mute). In a direct room too.
    ///
    /// # Errors
    /// [`Invalid`](ErrorKind::Invalid) beyond the bounds of [`Sanction`], or when they are no participant;
    /// [`RoomClosed`](ErrorKind::RoomClosed).
    pub async fn mute(&self, room: RoomId, user: &UserId, sanction: Sanction) -> Result<Timestamp> {
        let (until, reason) = self.engine.terms(sanction)?;
        let op = self.engine.mute_op(user, Some(until), reason).await?;
        self.commit(room, op).await?;
        Ok(until)
    }

    /// Lets somebody speak again.
    ///
    /// # Errors
    /// Those of [`mute`](Self::mute).
    pub async fn unmute(&self, room: RoomId, user: &UserId) -> Result<()> {
        let op = self.engine.mute_op(user, None, None).await?;
        self.commit(room, op).await.map(drop)
    }

    /// Keeps somebody out of a room, whatever their role: see [`Actor::ban`](crate::Actor::ban).
    ///
    /// # Errors
    /// [`Invalid`](ErrorKind::Invalid) beyond the bounds of [`Sanction`]; [`Forbidden`](ErrorKind::Forbidden) in a
    /// direct room.
    pub async fn ban(&self, room: RoomId, user: &UserId, sanction: Sanction) -> Result<Ban> {
        let (ban, op) = self.engine.ban_op(room, None, user, sanction).await?;
        self.commit(room, op).await?;
        self.engine.level_others().await;
        Ok(ban)
    }

    /// Takes a ban back. Who is not banned stays so.
    ///
    /// # Errors
    /// [`RoomNotFound`](ErrorKind::RoomNotFound).
    pub async fn unban(&self, room: RoomId, user: &UserId) -> Result<()> {
        self.commit(room, Op::Unban(user.clone())).await.map(drop)
    }

    /// What was done in a room: see [`Actor::audit`](crate::Actor::audit). One that does not exist has no such trail.
    ///
    /// # Errors
    /// [`Unavailable`](ErrorKind::Unavailable).
    pub async fn audit(&self, room: RoomId, before: Option<u64>, limit: Limit) -> Result<AuditPage> {
        self.engine.audit(room, before, limit).await
    }

    /// The bans of a room that hold: see [`Actor::bans`](crate::Actor::bans). A room that does not exist has none.
    ///
    /// # Errors
    /// [`Unavailable`](ErrorKind::Unavailable).
    pub async fn bans(&self, room: RoomId, after: Option<&UserId>, limit: Limit) -> Result<BanPage> {
        self.engine.bans(room, after, limit).await
    }
}

impl ChatEngine {
    /// Until when, and why.
    fn terms(&self, sanction: Sanction) -> Result<(Timestamp, Option<String>)> {
        let Sanction { expires_in, reason } = sanction;
        let until = check_expiry(expires_in)?.map_or(Timestamp::NEVER, |after| self.now().plus(after));
        Ok((until, reason.map(check_reason).transpose()?.flatten()))
    }

    async fn mute_op(&self, user: &UserId, until: Option<Timestamp>, reason: Option<String>) -> Result<Op> {
        let about = Profile::clone(&*self.profile(user).await?);
        Ok(Op::Mute { about, until, reason })
    }

    async fn ban_op(
        &self,
        room: RoomId,
        by: Option<&UserId>,
        user: &UserId,
        sanction: Sanction,
    ) -> Result<(Ban, Op)> {
        let (until, reason) = self.terms(sanction)?;
        let ban = Ban { room, user: user.clone(), by: by.cloned(), at: self.now(), until, reason };
        let notice = self.notice(SystemKind::Removed, user, "").await?;
        Ok((ban.clone(), Op::Ban { ban, notice }))
    }

    async fn audit(&self, room: RoomId, before: Option<u64>, limit: Limit) -> Result<AuditPage> {
        let entries = self.store().audit(room, before, limit.count() + 1).await?;
        let (entries, next) = limit.page(entries, |entry| entry.pos);
        Ok(AuditPage { entries, next })
    }

    async fn bans(&self, room: RoomId, after: Option<&UserId>, limit: Limit) -> Result<BanPage> {
        let bans = self.store().bans(room, self.now(), after, limit.count() + 1).await?;
        let (bans, next) = limit.page(bans, |(ban, _)| ban.user.clone());
        Ok(BanPage { bans, next })
    }
}

/// Why something was done; a blank text is none.
pub(super) fn check_reason(reason: String) -> Result<Option<String>> {
    check_text("reason", &reason)?;
    if reason.len() > Ban::MAX_REASON_BYTES {
        return Err(Error::invalid("reason", format!("must have at most {} bytes", Ban::MAX_REASON_BYTES)));
    }
    Ok(Some(reason).filter(|reason| !reason.trim().is_empty()))
}
