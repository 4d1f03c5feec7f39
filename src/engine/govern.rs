//! Who governs a room, and what is said of it.

use super::drafts::{check_custom, check_name, check_picture, check_topic};
use super::{Actor, Admin, ChatEngine};
use crate::error::{Error, ErrorKind, Result};
use crate::id::{RoomId, UserId};
use crate::model::{Permissions, Profile, Role, RoomUpdate, RoomView, SystemKind, Verb};
use crate::store::{Op, Update};

impl Actor {
    /// Gives somebody in the room another role, which [`Verb::SetRole`] takes; nobody a greater one than the
    /// actor's own, and nobody of as great a one. An admin may step down. The owner who makes somebody else
    /// the owner is an admin from then on.
    ///
    /// # Errors
    /// [`Forbidden`](crate::ErrorKind::Forbidden), also in a direct room and for a lesser role of the owner's own;
    /// [`Invalid`](crate::ErrorKind::Invalid) when they are no participant;
    /// [`RoomClosed`](crate::ErrorKind::RoomClosed); the policy's.
    pub async fn set_role(&self, room: RoomId, user: &UserId, role: Role) -> Result<()> {
        self.check_policy(Verb::SetRole, room, std::slice::from_ref(user)).await?;
        let op = self.engine.role_op(user, role).await?;
        self.commit(room, op).await.map(drop)
    }

    /// Changes what is said of a room, all of it or nothing: its name, topic, picture and what the app keeps with it take
    /// [`Verb::Rename`], its slow mode [`Verb::Moderate`], what takes which role, who may find it and how long its messages
    /// are kept its owner. Another name is told with a SYSTEM message.
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid) for an update of nothing, a name beyond
    /// [`Config::max_name_chars`](crate::Config::max_name_chars), a topic beyond
    /// [`Config::max_topic_chars`](crate::Config::max_topic_chars), a picture that is no address, more of the app's own
    /// than [`Config::max_custom_bytes`](crate::Config::max_custom_bytes), a permission that
    /// [cannot be given](Permissions::set), or a slow mode beyond [`MAX_SLOW_MODE`](crate::model::MAX_SLOW_MODE);
    /// [`Forbidden`](crate::ErrorKind::Forbidden), in a direct room
    /// always; [`RoomClosed`](crate::ErrorKind::RoomClosed); the policy's.
    pub async fn update_room(&self, room: RoomId, update: RoomUpdate) -> Result<RoomView> {
        let renames = update.describes();
        let (permits, shows) = (update.permissions.is_some(), update.visibility.is_some());
        let (slows, keeps) = (update.slow_mode.is_some(), update.retention.is_some());
        let op = self.engine.update_op(&self.user, update).await?;
        if renames {
            self.check_policy(Verb::Rename, room, &[]).await?;
        }
        if permits {
            self.check_policy(Verb::SetPermissions, room, &[]).await?;
        }
        if shows {
            self.check_policy(Verb::SetVisibility, room, &[]).await?;
        }
        if slows {
            self.check_policy(Verb::Moderate, room, &[]).await?;
        }
        if keeps {
            self.check_policy(Verb::SetRetention, room, &[]).await?;
        }
        self.commit(room, op).await?;
        self.room(room).await
    }

    /// Opens a closed room again, which [`Verb::Close`] takes. An open one stays as it is.
    ///
    /// # Errors
    /// [`ChallengeRoomExists`](crate::ErrorKind::ChallengeRoomExists) when the challenge has another open room
    /// by now; [`Forbidden`](crate::ErrorKind::Forbidden), in a direct room always; the policy's.
    pub async fn reopen(&self, room: RoomId) -> Result<RoomView> {
        self.check_policy(Verb::Reopen, room, &[]).await?;
        let (found, _) = self.membership(room).await?;
        self.commit(room, Op::Reopen { kind: found.kind }).await?;
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
    /// [`Invalid`](crate::ErrorKind::Invalid), as for [`Actor::update_room`];
    /// [`Forbidden`](crate::ErrorKind::Forbidden) for permissions, visibility and slow mode of a direct room;
    /// [`RoomClosed`](crate::ErrorKind::RoomClosed).
    pub async fn update_room(&self, room: RoomId, user: &UserId, update: RoomUpdate) -> Result<()> {
        let op = self.engine.update_op(user, update).await?;
        self.commit(room, op).await.map(drop)
    }

    /// Opens a closed room again, also a direct one where both are still in it.
    ///
    /// # Errors
    /// [`RoomNotFound`](crate::ErrorKind::RoomNotFound);
    /// [`ChallengeRoomExists`](crate::ErrorKind::ChallengeRoomExists) when the challenge has another open room
    /// by now; [`Forbidden`](crate::ErrorKind::Forbidden) when the two of a direct room have, when one of them
    /// has left, or when nobody is in the room.
    pub async fn reopen(&self, room: RoomId) -> Result<()> {
        let found = self.engine.store().rooms(&[room]).await?.pop();
        let kind = found.ok_or(ErrorKind::RoomNotFound(room))?.kind;
        self.commit(room, Op::Reopen { kind }).await.map(drop)
    }
}

impl ChatEngine {
    async fn role_op(&self, user: &UserId, role: Role) -> Result<Op> {
        let about = Profile::clone(&*self.profile(user).await?);
        Ok(Op::SetRole { about, role })
    }

    /// What changes all of it at once.
    async fn update_op(&self, by: &UserId, update: RoomUpdate) -> Result<Op> {
        let describes = update.describes();
        let RoomUpdate { name, topic, picture, permissions, visibility, custom, slow_mode, retention } =
            update;
        let says_more =
            permissions.is_some() || visibility.is_some() || slow_mode.is_some() || retention.is_some();
        if !describes && !says_more {
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
        let topic = topic.map(|topic| check_topic(&topic, self.config())).transpose()?;
        let picture = picture.map(check_picture).transpose()?;
        let custom = custom.map(|custom| check_custom(custom, self.config().max_custom_bytes)).transpose()?;
        let permit = |(word, least): (String, Role)| match Permissions::verb(&word) {
            Some(verb) => Ok((verb, least)),
            None => Err(Error::invalid("permissions", "names what cannot be given")),
        };
        let permissions = permissions.unwrap_or_default().into_iter().map(permit);
        let permissions = permissions.collect::<Result<_>>()?;
        let update = Update { name, topic, picture, permissions, visibility, custom, slow_mode, retention };
        Ok(Op::Update(Box::new(update)))
    }
}
