//! Who governs a room, and what is said of it.

use super::drafts::check_name;
use super::{Actor, Admin, ChatEngine};
use crate::error::{Error, Result};
use crate::id::{RoomId, UserId};
use crate::model::{Permissions, Profile, Role, RoomUpdate, RoomView, SystemKind, Verb};
use crate::store::{Op, Update};

impl Actor {
    /// Gives somebody in the room another role, which [`Verb::SetRole`] takes; nobody a greater one than the
    /// actor's own, and nobody of as great a one. An admin may step down. The owner who makes somebody else
    /// the owner is an admin from then on.
    ///
    /// # Errors
    /// [`Forbidden`](crate::ErrorKind::Forbidden); [`Invalid`](crate::ErrorKind::Invalid) when they are no
    /// participant; [`RoomClosed`](crate::ErrorKind::RoomClosed).
    pub async fn set_role(&self, room: RoomId, user: &UserId, role: Role) -> Result<()> {
        self.check_policy(Verb::SetRole, room, std::slice::from_ref(user)).await?;
        let op = self.engine.role_op(user, role).await?;
        self.commit(room, op).await.map(drop)
    }

    /// Changes what is said of a room, all of it or nothing: its name takes [`Verb::Rename`], what takes which
    /// role its owner.
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid), [`Forbidden`](crate::ErrorKind::Forbidden),
    /// [`RoomClosed`](crate::ErrorKind::RoomClosed).
    pub async fn update_room(&self, room: RoomId, update: RoomUpdate) -> Result<RoomView> {
        let (renames, permits) = (update.name.is_some(), update.permissions.is_some());
        let op = self.engine.update_op(&self.user, update).await?;
        if renames {
            self.check_policy(Verb::Rename, room, &[]).await?;
        }
        if permits {
            self.check_policy(Verb::SetPermissions, room, &[]).await?;
        }
        self.commit(room, op).await?;
        self.room(room).await
    }
}

impl Admin {
    /// Gives somebody in a room another role. Whoever owned it when somebody else is made the owner is an
    /// admin from then on.
    ///
    /// # Errors
    /// [`Forbidden`](crate::ErrorKind::Forbidden) in a direct room, and for a lesser role of the owner's own;
    /// [`Invalid`](crate::ErrorKind::Invalid) when they are no participant;
    /// [`RoomClosed`](crate::ErrorKind::RoomClosed).
    pub async fn set_role(&self, room: RoomId, user: &UserId, role: Role) -> Result<()> {
        let op = self.engine.role_op(user, role).await?;
        self.commit(room, op).await.map(drop)
    }

    /// Changes what is said of a room, all of it or nothing; the words for another name are about `user`.
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid); [`Forbidden`](crate::ErrorKind::Forbidden) for permissions of a
    /// direct room; [`RoomClosed`](crate::ErrorKind::RoomClosed).
    pub async fn update_room(&self, room: RoomId, user: &UserId, update: RoomUpdate) -> Result<()> {
        let op = self.engine.update_op(user, update).await?;
        self.commit(room, op).await.map(drop)
    }
}

impl ChatEngine {
    async fn role_op(&self, user: &UserId, role: Role) -> Result<Op> {
        let about = Profile::clone(&*self.profile(user).await?);
        Ok(Op::SetRole { about, role })
    }

    /// What changes all of it at once.
    async fn update_op(&self, by: &UserId, update: RoomUpdate) -> Result<Op> {
        let RoomUpdate { name, permissions } = update;
        if name.is_none() && permissions.is_none() {
            return Err(Error::invalid("name", "is missing, and so is whatever else can be changed"));
        }
        let name = match name {
            Some(name) => {
                let name = check_name(&name, self.config())?;
                let shown = name.clone().unwrap_or_default();
                Some((name, self.notice(SystemKind::Renamed, by, &shown).await?))
            }
            None => None,
        };
        let permit = |(word, least): (String, Role)| match Permissions::verb(&word) {
            Some(verb) => Ok((verb, least)),
            None => Err(Error::invalid("permissions", "names what cannot be given")),
        };
        let permissions = permissions.unwrap_or_default().into_iter().map(permit);
        let permissions = permissions.collect::<Result<_>>()?;
        Ok(Op::Update(Box::new(Update { name, permissions })))
    }
}
