//! Rooms: made, listed, joined, left.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::drafts::{CheckedRoom, check_name};
use super::{Actor, ChatEngine};
use crate::error::{Error, Result};
use crate::event::Participants;
use crate::id::{MessageId, RoomId, UserId};
use crate::model::{
    Limit, NewRoom, Page, PageQuery, Participant, Profile, RoomKind, RoomView, SystemKind, Verb,
};
use crate::store::{Answer, MemberEntry, Notice, Op, RoomEntry};

/// The most nicknames that make a room's name.
const NAMES_SHOWN: usize = 5;

/// A room that was asked for.
#[derive(Debug, Clone)]
pub struct CreatedRoom {
    /// The room.
    pub view: RoomView,
    /// Whether it was made now. The same two people get their standing direct room instead.
    pub is_new: bool,
}

impl CreatedRoom {
    /// The room's id.
    pub fn id(&self) -> RoomId {
        self.view.room.id
    }
}

impl Actor {
    /// Makes a room with the actor in it, who owns it. Two people who have an open direct room get that
    /// one. Stores no message.
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid) for what [`NewRoom`] does not allow;
    /// [`Unreachable`](crate::ErrorKind::Unreachable) where the actor has blocked one of the others, or is blocked;
    /// [`ChallengeRoomExists`](crate::ErrorKind::ChallengeRoomExists), with the room that stands; the policy's.
    pub async fn create_room(&self, new: NewRoom) -> Result<CreatedRoom> {
        let CheckedRoom { kind, name, members, about } = new.check(Some(&self.user), self.engine.config())?;
        let others: Vec<_> = members.iter().filter(|user| **user != self.user).cloned().collect();
        self.check_create(&kind, &others).await?;
        let id = RoomId::generate();
        let members = members.into_iter().collect();
        let (id, is_new) = match self.commit(id, Op::Create { kind, name, members, about }).await? {
            Answer::Standing(standing) => (standing, false),
            _ => (id, true),
        };
        Ok(CreatedRoom { view: self.room(id).await?, is_new })
    }

    /// One room.
    ///
    /// # Errors
    /// Only those of [every call](Actor).
    pub async fn room(&self, room: RoomId) -> Result<RoomView> {
        let listed = self.engine.config().max_listed;
        let entry = self.engine.store().room_entry(room, &self.user, listed).await?;
        if let Some(view) = self.room_views(entry.into_iter().collect()).await?.pop() {
            return Ok(RoomView { online: self.engine.hub().online_count(room), ..view });
        }
        self.membership(room).await?;
        Err(crate::ErrorKind::RoomNotFound(room).into())
    }

    /// The actor's rooms, newest activity first.
    ///
    /// # Errors
    /// Only those of [every call](Actor).
    pub async fn rooms(&self, query: PageQuery) -> Result<Page<RoomView>> {
        let (limit, listed) = (query.limit().count(), self.engine.config().max_listed);
        let store = self.engine.store();
        let (entries, total) = store.rooms_of(&self.user, query.skip(), limit, listed).await?;
        Ok(Page { items: self.room_views(entries).await?, query, total })
    }

    /// Everybody in a room, in the order of their ids, beyond `after`: at most `limit`.
    ///
    /// # Errors
    /// Only those of [every call](Actor).
    pub async fn participants(
        &self,
        room: RoomId,
        after: Option<&UserId>,
        limit: Limit,
    ) -> Result<Participants> {
        self.membership(room).await?;
        let mut page = self.engine.participants(room, after, limit).await?;
        self.veil(&mut page.participants).await?;
        Ok(page)
    }

    /// Adds people; who is in already stays as they are. Each joins with a SYSTEM message.
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid) for nobody, or more than
    /// [`Config::max_participants`](crate::Config::max_participants);
    /// [`Forbidden`](crate::ErrorKind::Forbidden) in a direct room, for whoever may not [`Verb::Invite`];
    /// [`RoomFull`](crate::ErrorKind::RoomFull) beyond [`Config::max_room_members`](crate::Config::max_room_members);
    /// [`Unreachable`](crate::ErrorKind::Unreachable) where the actor has blocked one of them, or is blocked;
    /// [`Banned`](crate::ErrorKind::Banned); [`RoomClosed`](crate::ErrorKind::RoomClosed); the policy's. After any of these nobody is added.
    pub async fn invite(&self, room: RoomId, users: &[UserId]) -> Result<RoomView> {
        let op = self.engine.join_op(users).await?;
        self.check_policy(Verb::Invite, room, users).await?;
        self.commit(room, op).await?;
        self.room(room).await
    }

    /// Takes somebody of a lesser role out, which [`Verb::Remove`] takes. With a SYSTEM message. They may come back as
    /// anybody may: [`ban`](Self::ban) keeps them out.
    ///
    /// # Errors
    /// [`Forbidden`](crate::ErrorKind::Forbidden), in a direct room always;
    /// [`Invalid`](crate::ErrorKind::Invalid) when they are no participant, or are the actor; the policy's.
    pub async fn remove(&self, room: RoomId, user: &UserId) -> Result<()> {
        if *user == self.user {
            return Err(Error::invalid("userUuid", "is the caller's own: leave instead"));
        }
        self.check_policy(Verb::Remove, room, std::slice::from_ref(user)).await?;
        let notice = self.engine.notice(SystemKind::Removed, user, "").await?;
        self.commit(room, Op::Part { notice }).await?;
        self.engine.level_others().await;
        Ok(())
    }

    /// Leaves a room for good, with a SYSTEM message for those who stay. A direct room closes with it, and
    /// so does a room that its last participant leaves. When the owner leaves, an admin owns the room from
    /// then on; without one a member, or else somebody who only reads: who has been in longest.
    ///
    /// # Errors
    /// Only those of [every call](Actor).
    pub async fn leave(&self, room: RoomId) -> Result<()> {
        let notice = self.engine.notice(SystemKind::Left, &self.user, "").await?;
        self.commit(room, Op::Part { notice }).await?;
        self.engine.level_others().await;
        Ok(())
    }

    /// Gives a room another name, which [`Verb::Rename`] takes, with a SYSTEM message; a blank one has a name made
    /// from nicknames. The name that it has already changes nothing.
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid) for control characters, or beyond
    /// [`Config::max_name_chars`](crate::Config::max_name_chars);
    /// [`Forbidden`](crate::ErrorKind::Forbidden), in a direct room always;
    /// [`RoomClosed`](crate::ErrorKind::RoomClosed); the policy's.
    pub async fn rename(&self, room: RoomId, name: &str) -> Result<RoomView> {
        let name = check_name(name, self.engine.config())?;
        self.check_policy(Verb::Rename, room, &[]).await?;
        let shown = name.clone().unwrap_or_default();
        let notice = self.engine.notice(SystemKind::Renamed, &self.user, &shown).await?;
        self.commit(room, Op::Rename { name, notice }).await?;
        self.room(room).await
    }

    /// Closes a room for everybody, which [`Verb::Close`] takes: it can be read, not written. Once more is no
    /// error.
    ///
    /// # Errors
    /// [`Forbidden`](crate::ErrorKind::Forbidden), in a direct room always; the policy's.
    pub async fn close(&self, room: RoomId) -> Result<()> {
        self.check_policy(Verb::Close, room, &[]).await?;
        self.commit(room, Op::Close).await.map(drop)
    }

    /// Rooms as the actor sees them. Who has read their last messages is asked at once.
    async fn room_views(&self, entries: Vec<RoomEntry>) -> Result<Vec<RoomView>> {
        let spoken_in = entries.iter().filter(|entry| entry.last_message.is_some());
        let rooms: Vec<RoomId> = spoken_in.map(|entry| entry.room.id).collect();
        let marks =
            if rooms.is_empty() { HashMap::new() } else { self.engine.store().read_marks(&rooms).await? };
        let view = |entry: RoomEntry| {
            let marks = marks.get(&entry.room.id).map(Vec::as_slice).unwrap_or_default();
            self.room_view(entry, marks)
        };
        Ok(entries.into_iter().map(view).collect())
    }

    fn room_view(&self, entry: RoomEntry, marks: &[(UserId, u64, u64)]) -> RoomView {
        let RoomEntry { room, member, last_message, participants, mentions } = entry;
        let last_message = last_message.map(|message| self.message_view(&room, message, marks));
        let name = room.name.clone().unwrap_or_else(|| self.made_name(&participants));
        let mut users: Vec<_> = participants.into_iter().map(|profile| profile.user).collect();
        if let (RoomKind::Direct(_), false) = (&room.kind, room.active) {
            // Both are known for the name's sake; who left takes part no more.
            users.retain(|user| *user == self.user || room.members > 1);
        }
        let unread = member.unread_in(&room);
        let muted_until = member.muted_at(self.engine.now());
        let (role, notify) = (member.role, member.notify_at(self.engine.now()));
        RoomView {
            name,
            participants: users,
            unread,
            last_message,
            room: Arc::new(room),
            role,
            muted_until,
            mentions,
            notify,
            online: None,
        }
    }

    /// A name from the others' nicknames, as the actor sees them.
    fn made_name(&self, participants: &[Profile]) -> Arc<str> {
        let others: Vec<_> = participants.iter().filter(|profile| profile.user != self.user).collect();
        if others.is_empty() {
            return participants.first().map_or_else(|| "".into(), |own| own.nickname.clone());
        }
        let mut names: Vec<&str> = others.iter().take(NAMES_SHOWN).map(|other| &*other.nickname).collect();
        if others.len() > NAMES_SHOWN {
            names.push("…");
        }
        names.join(", ").into()
    }
}

impl ChatEngine {
    pub(super) async fn participants(
        &self,
        room: RoomId,
        after: Option<&UserId>,
        limit: Limit,
    ) -> Result<Participants> {
        let entries = self.store().members(room, after, limit.count() + 1).await?;
        let (entries, next) = limit.page(entries, |entry| entry.member.user.clone());
        let participants = entries.into_iter().map(|entry| self.participant(entry)).collect();
        Ok(Participants { participants, next })
    }

    /// What adds these people.
    pub(super) async fn join_op(&self, users: &[UserId]) -> Result<Op> {
        const FIELD: &str = "participantUuids";
        let config = self.config();
        if users.is_empty() || users.len() > config.max_participants {
            let reason = format!("must name 1 to {} people", config.max_participants);
            return Err(Error::invalid(FIELD, reason));
        }
        let mut notices = Vec::with_capacity(users.len());
        for user in users.iter().collect::<BTreeSet<_>>() {
            notices.push(self.notice(SystemKind::Joined, user, "").await?);
        }
        Ok(Op::Join { users: notices, max_members: config.max_room_members })
    }

    /// The SYSTEM message that tells of it.
    pub(super) async fn notice(&self, kind: SystemKind, user: &UserId, room: &str) -> Result<Notice> {
        let about = Profile::clone(&*self.profile(user).await?);
        let body = self.config().phrases.about(kind, &about.nickname, room);
        Ok(Notice { id: MessageId::generate(), about, body })
    }

    fn participant(&self, entry: MemberEntry) -> Participant {
        let online = self.is_online(&entry.member.user);
        let seen = self.inner.last_seen.of(&entry.member.user);
        Participant {
            profile: entry.profile,
            role: entry.member.role,
            online,
            last_seen: seen.max(entry.last_seen),
            muted_until: entry.member.muted_at(self.now()),
        }
    }
}
