//! What somebody wants notices of while they are away, a room and at all.

use super::drafts::check_expiry;
use super::{Actor, ChatEngine};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::id::{RoomId, UserId};
use crate::model::{DoNotDisturb, NotifyLevel, NotifySetting, Quiet, RoomView};
use crate::store::{Batch, Op};

impl Actor {
    /// Chooses of which messages of a room the actor wants notices, for so many seconds or for good; `None` is the
    /// [default](crate::config::NotifyDefaults) again, and so is what is over. Nobody else learns of it; the actor's
    /// other devices do. It outlasts the stay.
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid) for a time that is not between 1 second and a year.
    pub async fn set_notifications(
        &self,
        room: RoomId,
        level: Option<NotifyLevel>,
        expires_in: Option<u64>,
    ) -> Result<RoomView> {
        let until = check_expiry(expires_in)?.map(|after| self.engine.now().plus(after));
        let setting = level.map(|level| NotifySetting { level, until });
        self.commit(room, Op::SetNotify(setting)).await?;
        self.room(room).await
    }

    /// When the actor wants no notices at all.
    ///
    /// # Errors
    /// Only those of [every call](Actor).
    pub async fn do_not_disturb(&self) -> Result<DoNotDisturb> {
        let found = self.engine.store().do_not_disturb(std::slice::from_ref(&self.user)).await?.pop();
        Ok(found.map(|(_, quiet)| quiet).unwrap_or_default())
    }

    /// Wants no notices for a time, each day at some hours, or for good; it takes the place of what stood there. `None`
    /// ends it. What comes meanwhile is never sent: the counts of unread messages tell of it. The actor's other devices
    /// are told.
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid) for a time that is not between 1 second and a year.
    pub async fn set_do_not_disturb(&self, quiet: Option<Quiet>) -> Result<DoNotDisturb> {
        self.engine.check_running()?;
        let quiet = match quiet {
            Some(Quiet { expires_in, daily }) => {
                let until = check_expiry(expires_in)?.map(|after| self.engine.now().plus(after));
                let until = until.or_else(|| daily.is_none().then_some(Timestamp::NEVER));
                Some(DoNotDisturb { until, daily })
            }
            None => None,
        };
        self.engine.inner.limits.change(&self.user)?;
        let do_not_disturb = vec![(self.user.clone(), quiet)];
        self.engine.inner.committer.commit_beside(Batch { do_not_disturb, ..Batch::default() }).await?;
        let now = quiet.unwrap_or_default();
        self.engine.tell_do_not_disturb(&self.user, now);
        Ok(now)
    }
}

impl ChatEngine {
    fn tell_do_not_disturb(&self, user: &UserId, now: DoNotDisturb) {
        self.inner.outlet.lock().tell_do_not_disturb(user, now);
    }
}
