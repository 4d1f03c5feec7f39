//! Notices to people who are away: what the host sends them by APNs, FCM, Web Push or mail.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use crate::error::Result;
use crate::id::{RoomId, UserId};
use crate::model::{Message, Room};

/// What somebody who is away is told: that there is something new in a room.
///
/// `{:?}` shows none of its words.
#[derive(Clone)]
#[non_exhaustive]
pub struct Notice {
    /// For whom it is: all their devices.
    pub user: UserId,
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
    /// How often it was tried before.
    pub tries: u32,
}

impl Notice {
    /// Names the notice: the same whenever it is sent again, and of no other one.
    pub fn id(&self) -> String {
        format!("{}:{}", self.message.id, self.user)
    }

    /// What takes the place of what: a later notice of the room says all that an earlier one did. It is APNs'
    /// `apns-collapse-id`, FCM's `collapse_key`, the `Topic` of Web Push.
    pub fn collapse_key(&self) -> RoomId {
        self.room.id
    }
}

impl fmt::Debug for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notice")
            .field("user", &self.user)
            .field("room", &self.room.id)
            .field("message", &self.message.id)
            .field("seq", &self.message.seq)
            .field("unread", &self.unread)
            .field("mention_count", &self.mention_count)
            .field("is_mention", &self.is_mention)
            .field("tries", &self.tries)
            .finish_non_exhaustive()
    }
}

/// Hands notices over to whatever brings them to people's devices.
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
/// **Failures.** An error, a panic, and more than [`Config::push_timeout`](crate::Config::push_timeout) are a failure.
/// The notice is tried again after a growing pause, [`Config::push_tries`](crate::Config::push_tries) times in all, unless
/// its message is read meanwhile; and then dropped, which is counted and logged. Nobody else waits for it. Of a token that
/// holds no more, say `Ok`.
///
/// At most [`Config::pushes_at_once`](crate::Config::pushes_at_once) calls go on at the same time.
///
/// ```
/// use async_trait::async_trait;
/// use chat_core::push::{Notice, Push};
///
/// #[derive(Debug)]
/// struct Printed;
///
/// #[async_trait]
/// impl Push for Printed {
///     async fn notify(&self, notice: Notice) -> chat_core::Result<()> {
///         println!("{}: {} new from {}", notice.user, notice.unread, notice.message.sender.nickname);
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
