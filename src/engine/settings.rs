//! What users let others see of themselves.

use std::collections::{HashMap, HashSet};

use super::{Actor, Admin, ChatEngine};
use crate::clock::Timestamp;
use crate::error::{ErrorKind, Result};
use crate::hub::{Hub, Turn};
use crate::id::{RoomId, UserId};
use crate::model::{LastSeen, Participant, RelationKind, Settings, SettingsUpdate};
use crate::store::{Answer, SettingsItem, SettingsOp, Store};

impl Actor {
    /// What others see of the actor.
    ///
    /// # Errors
    /// Only those of [every call](Actor).
    pub async fn settings(&self) -> Result<Settings> {
        self.engine.settings(&self.user).await
    }

    /// Changes what others see of the actor; what is left out stays. When it returns, it holds on every node that can be
    /// reached: whoever is invisible has gone for everybody, and no mark of whoever hides theirs is told any more.
    /// Marks that were told before stay with those who were told, and whoever shows theirs again shows where they stand
    /// then. Other devices of the actor are told by a
    /// [notification](crate::event::Notification::Settings).
    ///
    /// # Errors
    /// Only those of [every call](Actor).
    pub async fn set_settings(&self, update: SettingsUpdate) -> Result<Settings> {
        self.engine.inner.limits.change(&self.user)?;
        self.engine.set_settings(&self.user, update).await
    }

    /// Leaves out when people were last seen who do not let the actor see it.
    pub(super) async fn veil(&self, people: &mut [Participant]) -> Result<()> {
        let others = people.iter().filter(|one| one.last_seen.is_some() && one.profile.user != self.user);
        let others: Vec<UserId> = others.map(|one| one.profile.user.clone()).collect();
        let settled: HashMap<UserId, Settings> =
            self.engine.store().settings(&others).await?.into_iter().collect();
        for one in people.iter_mut() {
            let user = &one.profile.user;
            let is_shown = match settled.get(user).map_or(LastSeen::Everyone, |settings| settings.last_seen) {
                LastSeen::Everyone => true,
                LastSeen::Friends => self.is_friend_of(user).await?,
                LastSeen::Nobody => false,
            };
            one.last_seen = one.last_seen.filter(|_| is_shown);
        }
        Ok(())
    }

    async fn is_friend_of(&self, user: &UserId) -> Result<bool> {
        let relation = self.engine.store().relation(user, &self.user).await?;
        Ok(relation.is_some_and(|relation| relation.kind == RelationKind::Friend))
    }
}

impl Admin {
    /// What others see of a user.
    ///
    /// # Errors
    /// [`Unavailable`](ErrorKind::Unavailable).
    pub async fn settings(&self, user: &UserId) -> Result<Settings> {
        self.engine.settings(user).await
    }

    /// Changes what others see of a user: see [`Actor::set_settings`].
    ///
    /// # Errors
    /// [`Unavailable`](ErrorKind::Unavailable).
    pub async fn set_settings(&self, user: &UserId, update: SettingsUpdate) -> Result<Settings> {
        self.engine.set_settings(user, update).await
    }
}

impl ChatEngine {
    async fn settings(&self, user: &UserId) -> Result<Settings> {
        let found = self.store().settings(std::slice::from_ref(user)).await?.pop();
        Ok(found.map(|(_, settings)| settings).unwrap_or_default())
    }

    async fn set_settings(&self, user: &UserId, update: SettingsUpdate) -> Result<Settings> {
        self.check_running()?;
        let was_seen = self.is_online(user);
        let op = SettingsOp::Update(update, self.now());
        let item = SettingsItem { user: user.clone(), op };
        match self.inner.committer.commit(item.into()).await? {
            Answer::Settings { now, is_new, .. } => {
                if is_new && now.invisible && was_seen {
                    self.inner.last_seen.put(user.clone(), now.changed_at);
                }
                self.level_others().await;
                Ok(now)
            }
            other => Err(ErrorKind::Corrupt(format!("settings were answered with {other:?}").into()).into()),
        }
    }

    /// Lets the node know what a user lets others see who has a connection now.
    pub(super) async fn learn_settings(&self, user: &UserId) -> Result<()> {
        if self.hub().settings(user).is_none() {
            let settings = match self.hub().settled(user) {
                Some(settings) => settings,
                None => self.settings(user).await?,
            };
            self.hub().settle(user, settings);
        }
        Ok(())
    }
}

/// Those of these users who hide how far they have read.
pub(super) async fn private_among(
    store: &dyn Store,
    users: impl Iterator<Item = &UserId>,
) -> Result<HashSet<UserId>> {
    let users: Vec<UserId> = users.cloned().collect();
    if users.is_empty() {
        return Ok(HashSet::new());
    }
    let settled = store.settings(&users).await?.into_iter();
    Ok(settled.filter(|(_, settings)| !settings.read_receipts).map(|(user, _)| user).collect())
}

/// Somebody who has come for others, or gone.
#[derive(Debug)]
pub(super) struct Appearance {
    pub(super) rooms: Vec<RoomId>,
    pub(super) online: bool,
    pub(super) last_seen: Option<Timestamp>,
}

/// Has the hub know what a user lets others see now; gives whether they come or go by that.
pub(super) fn settle(hub: &Hub, user: &UserId, settings: Settings) -> Option<Appearance> {
    match hub.settle(user, settings) {
        Turn::Same => None,
        Turn::Shown(rooms) => Some(Appearance { rooms, online: true, last_seen: None }),
        Turn::Hidden(rooms) => {
            let last_seen = settings.last_seen_to_all(settings.changed_at);
            Some(Appearance { rooms, online: false, last_seen })
        }
    }
}
