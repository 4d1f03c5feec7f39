//! Notices to people who are away: what the host sends them by APNs, FCM, Web Push or mail.

use std::fmt;
use std::fmt::Write as _;
use std::sync::Arc;

use async_trait::async_trait;
use sha2::{Digest, Sha256};

use crate::clock::Timestamp;
use crate::error::Result;
use crate::id::{RoomId, UserId};
use crate::model::{Invitation, Message, Profile, Room};

/// What somebody who is away is told.
///
/// `{:?}` shows no words, no names and no codes.
#[derive(Clone)]
#[non_exhaustive]
pub struct Notice {
    /// For whom it is: all their devices.
    pub user: UserId,
    /// Of what it tells.
    pub about: About,
    /// When that was.
    pub at: Timestamp,
    /// How often it was tried before.
    pub tries: u32,
}

/// Of what a [`Notice`] tells.
#[derive(Clone)]
#[non_exhaustive]
pub enum About {
    /// There is something new in a room.
    Messages(NewMessages),
    /// They were made a member of a room.
    Added {
        /// The room. One without a name of its own is known by who is in it.
        room: Arc<Room>,
        /// Who has added them; `None` is the host.
        by: Option<Profile>,
    },
    /// They are invited to a room, and have not answered.
    Invited(Invitation),
    /// They had asked to come into this room, and were let in.
    JoinApproved(Arc<Room>),
    /// This user asks them for friendship, and has no answer yet.
    FriendRequest(Profile),
    /// This user has accepted their request for friendship.
    FriendAccepted(Profile),
}

/// What is new in a room.
#[derive(Clone)]
#[non_exhaustive]
pub struct NewMessages {
    /// The room. One without a name of its own is known by who writes in it.
    pub room: Arc<Room>,
    /// The newest message that they want to know of, one that mentions them before others. Its words are for them to
    /// see: whoever hands them on to a third party decides that.
    pub message: Arc<Message>,
    /// How many messages of the room they have not read. A later notice of the room says it anew.
    pub unread: u64,
    /// How many of these mention them.
    pub mention_count: u64,
    /// Whether the message mentions them.
    pub is_mention: bool,
}

impl About {
    /// Its kind by a name that never changes, for an app that opens what belongs to it: `messages`, `added`, `invited`,
    /// `joinApproved`, `friendRequest` or `friendAccepted`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Messages(_) => "messages",
            Self::Added { .. } => "added",
            Self::Invited(_) => "invited",
            Self::JoinApproved(_) => "joinApproved",
            Self::FriendRequest(_) => "friendRequest",
            Self::FriendAccepted(_) => "friendAccepted",
        }
    }

    /// The room that it is of.
    pub fn room(&self) -> Option<RoomId> {
        match self {
            Self::Messages(NewMessages { room, .. })
            | Self::Added { room, .. }
            | Self::JoinApproved(room) => Some(room.id),
            Self::Invited(invitation) => Some(invitation.room),
            Self::FriendRequest(_) | Self::FriendAccepted(_) => None,
        }
    }

    /// Whoever has done what it tells of, where that is one person whom they know of.
    pub fn by(&self) -> Option<&Profile> {
        match self {
            Self::Messages(new) => Some(&new.message.sender),
            Self::Added { by, .. } => by.as_ref(),
            Self::Invited(invitation) => invitation.by.as_ref(),
            Self::JoinApproved(_) => None,
            Self::FriendRequest(other) | Self::FriendAccepted(other) => Some(other),
        }
    }

    /// The id of the room, or else of the person.
    fn subject(&self) -> String {
        match (self.room(), self.by()) {
            (Some(room), _) => room.to_string(),
            (None, by) => by.map(|by| by.user.to_string()).unwrap_or_default(),
        }
    }
}

impl Notice {
    /// Names the notice: the same whenever it is sent again, and of no other one.
    pub fn id(&self) -> String {
        match &self.about {
            About::Messages(new) => format!("{}:{}", new.message.id, self.user),
            about => format!("{}:{}:{}:{}", about.kind(), about.subject(), self.at.as_millis(), self.user),
        }
    }

    /// What takes the place of what: a later notice of the same kind, and of the same room or person, says all that an
    /// earlier one did. 32 hexadecimal digits, as many as fit: it is APNs' `apns-collapse-id`, FCM's `collapse_key`, the
    /// `Topic` of Web Push.
    pub fn collapse_key(&self) -> String {
        let mut hash = Sha256::new();
        for part in [self.about.kind(), &self.about.subject(), self.user.as_str()] {
            // Length first, so that no two are written alike.
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        hash.finalize()[..16].iter().fold(String::with_capacity(32), |mut key, byte| {
            // Text takes any amount.
            let _ = write!(key, "{byte:02x}");
            key
        })
    }
}

impl fmt::Debug for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notice")
            .field("user", &self.user)
            .field("about", &self.about)
            .field("at", &self.at)
            .field("tries", &self.tries)
            .finish()
    }
}

impl fmt::Debug for About {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct(self.kind());
        if let Some(room) = self.room() {
            shown.field("room", &room);
        }
        if let Some(by) = self.by() {
            shown.field("by", &by.user);
        }
        if let Self::Messages(new) = self {
            shown.field("message", &new.message.id).field("seq", &new.message.seq);
            shown.field("unread", &new.unread).field("mention_count", &new.mention_count);
            shown.field("is_mention", &new.is_mention);
        }
        shown.finish_non_exhaustive()
    }
}

impl fmt::Debug for NewMessages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        About::Messages(self.clone()).fmt(f)
    }
}

/// Hands notices over to whatever brings them to people's devices.
///
/// # Of messages
///
/// **Who gets one.** Whoever is in the room, has not read the message some
/// [`Config::push_delay`](crate::Config::push_delay) after it was committed, and wants to know of it: by the
/// [level](crate::Actor::set_notifications) that they chose for the room, outside of the time in which they
/// [want none](crate::Actor::set_do_not_disturb), of nobody whom they have blocked. Nobody is told of what they sent
/// themselves, of SYSTEM messages, or of what was deleted meanwhile. A reply that is meant for its thread alone is told to
/// those who [follow](crate::Actor::follow_thread) it and have not read it there, and to those whom it mentions. To whoever is connected, on whichever node, it goes
/// only where none of their devices has said that [it has the message](crate::Actor::mark_delivered): a connection may be
/// dead and not known to be.
///
/// **Once a room.** Several messages within the delay are one notice, with counts. A room tells of new ones some delay
/// later at the earliest.
///
/// **For certain.** A message waits for no notice. The store remembers up to which message a room's notices were
/// considered, and that moves on only after each was taken here, or is kept to be tried again: so none is lost in a
/// crash. A crash at the wrong moment sends some again: [`Notice::id`] tells that they are the same. Among nodes on one
/// store, one at a time sees to a room.
///
/// # Of everything else
///
/// **Who gets one.** Whoever somebody else, or the host, has added to a room, by making it with them in it too; who is
/// [invited](crate::Actor::create_invite) to one; who had to wait to come into one, and was let in; who is asked for
/// friendship; and who had asked for it, and was accepted. It is looked at as it stands some
/// [`Config::push_delay`](crate::Config::push_delay) later: nobody is told of a room that they have left meanwhile or that
/// is closed, of what they have answered, or of what was taken back. Nor is anybody of what somebody has done whom they have
/// blocked; while they [want no notices](crate::Actor::set_do_not_disturb), in which it is dropped as a notice of a message
/// is; and of having come into a room of which they [chose](crate::Actor::set_notifications) to be told nothing. A room of
/// two tells of nothing but what is said in it.
///
/// **Whoever is connected** is told by that, and gets no notice: who has a connection, on any node, when it is due, and still
/// or again two [heartbeats](crate::Config::heartbeat) after it happened, when a connection that was dead then is gone.
/// Who has none any more by then is sent it. Where [presence](crate::Config::presence_max_members) is told to nobody, and of
/// those who are [invisible](crate::model::Settings::invisible), a node knows its own connections alone.
///
/// **Once each.** Of one kind, and one room or person, a user is told of the last time it happened. At most
/// [`Config::push_alerts`](crate::Config::push_alerts) wait for one user.
///
/// **For certain.** It is committed together with what it tells of, and is gone once it was taken here or is needed no more.
/// It is left behind by whichever node commits that: so give all nodes of a store a `Push`, or the changes of those without
/// one tell nobody. A crash at the wrong moment sends some again, with the same [`Notice::id`]. Among nodes on one store,
/// one at a time sees to it.
///
/// # Failures
///
/// An error, a panic, and more than [`Config::push_timeout`](crate::Config::push_timeout) are a failure.
/// The notice is tried again after a growing pause, [`Config::push_tries`](crate::Config::push_tries) times in all, unless
/// its message is read meanwhile, or it is needed no more for another reason; and then dropped, which is counted and
/// logged. Nobody else waits for it. Of a token that holds no more, say `Ok`.
///
/// At most [`Config::pushes_at_once`](crate::Config::pushes_at_once) calls go on at the same time.
///
/// ```
/// use async_trait::async_trait;
/// use chat_core::push::{About, Notice, Push};
///
/// #[derive(Debug)]
/// struct Printed;
///
/// #[async_trait]
/// impl Push for Printed {
///     async fn notify(&self, notice: Notice) -> chat_core::Result<()> {
///         match &notice.about {
///             About::Messages(new) => {
///                 println!("{}: {} new from {}", notice.user, new.unread, new.message.sender.nickname);
///             }
///             About::FriendRequest(other) => println!("{}: {} asks to be friends", notice.user, other.nickname),
///             about => println!("{}: {}", notice.user, about.kind()),
///         }
///         Ok(())
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> chat_core::Result<()> {
/// let engine = chat_core::ChatEngine::builder().push(Printed).build().await?;
/// # Ok(()) }
/// ```
#[async_trait]
pub trait Push: Send + Sync + fmt::Debug + 'static {
    /// Hands one notice over. When it returns `Ok`, it is done.
    ///
    /// # Errors
    /// Any: it is tried again.
    async fn notify(&self, notice: Notice) -> Result<()>;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(user: &str, about: About, at: i64) -> Notice {
        Notice { user: user.parse().unwrap(), about, at: Timestamp::from_millis(at), tries: 0 }
    }

    fn friend(name: &str) -> Profile {
        Profile { nickname: "Secret".into(), ..Profile::unknown(name.parse().unwrap()) }
    }

    #[test]
    fn what_happens_again_has_another_id_and_takes_the_place_of_the_first() {
        let first = notice("ana", About::FriendRequest(friend("ben")), 7);
        let again = notice("ana", About::FriendRequest(friend("ben")), 9);
        let retried = Notice { tries: 3, ..first.clone() };
        assert_eq!((first.id(), first.collapse_key()), (retried.id(), retried.collapse_key()));
        assert_ne!(first.id(), again.id());
        assert_eq!(first.collapse_key(), again.collapse_key());
        let others = [
            notice("ana", About::FriendAccepted(friend("ben")), 7),
            notice("ana", About::FriendRequest(friend("cho")), 7),
            notice("ben", About::FriendRequest(friend("ben")), 7),
        ];
        for other in others {
            assert_ne!(first.id(), other.id());
            assert_ne!(first.collapse_key(), other.collapse_key());
        }
        // Web Push takes so many, of these alone.
        let key = notice(&"x".repeat(128), About::FriendRequest(friend(&"…".repeat(128))), 7).collapse_key();
        assert!(key.len() == 32 && key.bytes().all(|byte| byte.is_ascii_hexdigit()), "{key}");
    }

    #[test]
    fn nobodys_name_is_shown_for_debugging() {
        let shown = format!("{:?}", notice("ana", About::FriendAccepted(friend("ben")), 7));
        assert!(
            shown.contains("friendAccepted") && shown.contains("ben") && !shown.contains("Secret"),
            "{shown}"
        );
    }
}
