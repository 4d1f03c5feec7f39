//! What people who are away are told of besides messages, as it stands when it is due.

use std::sync::Arc;

use super::telling::Came;
use crate::clock::Timestamp;
use crate::engine::ChatEngine;
use crate::engine::background::put_off;
use crate::error::Result;
use crate::id::{RoomId, UserId};
use crate::model::{Invitation, NotifyLevel, Profile, RelationKind, Room};
use crate::push::{About, Notice};
use crate::store::{Alert, Occasion, PushBatch};

/// What becomes of an alert that is due.
enum Fate {
    Told(Box<About>),
    /// A connection may be dead, and not known to be until then.
    Later(Timestamp),
    /// It is needed no more.
    Over,
}

impl ChatEngine {
    /// Sees to those that are due, which are taken from all others for a while.
    pub(super) async fn tell_alerts(&self, due: Vec<Alert>) {
        let (mut batch, mut notices) = (PushBatch::default(), Vec::new());
        for alert in due {
            match self.fate(&alert).await {
                Ok(Fate::Told(about)) => {
                    let (user, at, tries) = (alert.user.clone(), alert.at, alert.tries);
                    notices.push((alert, Notice { user, about: *about, at, tries }));
                }
                Ok(Fate::Later(due)) => batch.put_off.push(Alert { due, ..alert }),
                Ok(Fate::Over) => batch.told.push(alert),
                // It is taken up again when it is due the next time.
                Err(error) => put_off(&error, "a notice waits"),
            }
        }
        for (alert, came) in self.tell_all(notices).await {
            match came {
                Came::Ended => batch.told.push(alert),
                Came::Failed { tries, due } => batch.put_off.push(Alert { tries, due, ..alert }),
            }
        }
        if let Err(error) = self.write_pushes(batch).await {
            put_off(&error, "notices are sent once more");
        }
    }

    async fn fate(&self, alert: &Alert) -> Result<Fate> {
        let now = self.now();
        if alert.at < now.minus(self.config().push_keep) {
            return Ok(Fate::Over);
        }
        let Some(about) = self.about(alert).await? else { return Ok(Fate::Over) };
        if self.is_unwanted(&alert.user, about.by(), now).await? {
            return Ok(Fate::Over);
        }
        if self.is_connected(&alert.user) {
            let is_sure = alert.at.plus(self.config().heartbeat * 2);
            return Ok(if now < is_sure { Fate::Later(is_sure) } else { Fate::Over });
        }
        Ok(Fate::Told(Box::new(about)))
    }

    /// What there is to tell of it by now, if anything.
    async fn about(&self, alert: &Alert) -> Result<Option<About>> {
        let user = &alert.user;
        Ok(match &alert.occasion {
            Occasion::Added { room, by } => match self.begun_stay(alert, *room).await? {
                Some(room) => Some(About::Added { room, by: self.maybe_profile(by.as_ref()).await? }),
                None => None,
            },
            Occasion::JoinApproved(room) => self.begun_stay(alert, *room).await?.map(About::JoinApproved),
            Occasion::Invited { room, code } => {
                let invite = self.store().invite(*code).await?;
                let holds = invite.filter(|it| it.user.as_ref() == Some(user) && it.holds(self.now()));
                let room = self.store().rooms(&[*room]).await?.pop().filter(|room| room.active);
                let (Some(invite), Some(room)) = (holds, room) else { return Ok(None) };
                let by = self.maybe_profile(invite.by.as_ref()).await?;
                Some(About::Invited(Invitation::new(&invite, &room, by)))
            }
            Occasion::FriendRequest(other) => {
                let asks = self.stands(user, other, RelationKind::RequestReceived).await?;
                asks.map(About::FriendRequest)
            }
            Occasion::FriendAccepted(other) => {
                self.stands(user, other, RelationKind::Friend).await?.map(About::FriendAccepted)
            }
        })
    }

    /// The room, where the stay that began then goes on, and they want to know of the room at all.
    async fn begun_stay(&self, alert: &Alert, room: RoomId) -> Result<Option<Arc<Room>>> {
        let Some((room, Some(member))) = self.store().membership(room, &alert.user).await? else {
            return Ok(None);
        };
        let default = self.config().notify.of(&room.kind);
        let level = member.notify_at(self.now()).map_or(default, |setting| setting.level);
        let goes_on = room.active && member.active && member.joined_at == alert.at;
        Ok((goes_on && level != NotifyLevel::None).then(|| Arc::new(room)))
    }

    /// The other one, where they are this to the user.
    async fn stands(&self, user: &UserId, other: &UserId, kind: RelationKind) -> Result<Option<Profile>> {
        match self.store().relation(user, other).await? {
            Some(relation) if relation.kind == kind => self.maybe_profile(Some(other)).await,
            _ => Ok(None),
        }
    }

    async fn maybe_profile(&self, user: Option<&UserId>) -> Result<Option<Profile>> {
        Ok(match user {
            Some(user) => Some(Profile::clone(&*self.profile(user).await?)),
            None => None,
        })
    }

    /// Whether they want no notices just now, or none of this person.
    async fn is_unwanted(&self, user: &UserId, by: Option<&Profile>, now: Timestamp) -> Result<bool> {
        let quiet = self.store().do_not_disturb(std::slice::from_ref(user)).await?;
        if quiet.iter().any(|(_, quiet)| quiet.holds(now)) {
            return Ok(true);
        }
        let Some(by) = by else { return Ok(false) };
        Ok(!self.store().blocks(&[(user.clone(), by.user.clone())]).await?.is_empty())
    }
}
