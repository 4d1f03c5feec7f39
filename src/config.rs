//! The engine's bounds and times.

use std::borrow::Cow;
use std::num::NonZeroU32;
use std::time::Duration;

use crate::model::{NotifyLevel, Phrases, Retention, RoomKind};

/// Every bound and time that the engine keeps. `Config::default()` suits one server; nothing is read from
/// the environment. Each holds for one node; text is counted in UTF-8 where it is counted in bytes, and
/// characters are Unicode scalar values.
///
/// ```
/// use chat_core::Config;
/// let mut config = Config::default();
/// config.max_content_bytes = 4 * 1024;
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Config {
    /// The most bytes of a message's text or caption; more is [`TooLarge`](crate::ErrorKind::TooLarge). Default
    /// 16 KiB.
    pub max_content_bytes: usize,
    /// The most characters of a room's name, of what is looked for in names, and of a nickname that the host
    /// [sets](crate::Admin::set_profile); more is [`Invalid`](crate::ErrorKind::Invalid). Default 200.
    pub max_name_chars: usize,
    /// The most characters of a room's topic; more is [`Invalid`](crate::ErrorKind::Invalid). Default 1,000.
    pub max_topic_chars: usize,
    /// The most bytes of what an app keeps of its own with a room, written as short as can be; more is
    /// [`Invalid`](crate::ErrorKind::Invalid). Default 4 KiB.
    pub max_custom_bytes: usize,
    /// The same of a message. Default 4 KiB.
    pub max_message_custom_bytes: usize,
    /// The most people named when a room is made, or in one invitation; more are
    /// [`Invalid`](crate::ErrorKind::Invalid). Default 1,000.
    pub max_participants: usize,
    /// The most active participants of a room; for whoever would come beyond it the room is
    /// [full](crate::ErrorKind::RoomFull). Those with whom a room is made are bound by
    /// [`max_participants`](Self::max_participants) alone. Default 100,000.
    pub max_room_members: u32,
    /// For how long after it was sent a message may be edited by its sender; then it is
    /// [`Forbidden`](crate::ErrorKind::Forbidden). Default `None`: for ever.
    pub edit_window: Option<Duration>,
    /// How many former states of a message's words are [kept](crate::Actor::edits) when it is edited, the newest of them.
    /// Default 0: none.
    pub kept_edits: u32,
    /// For how long after it was sent a message may be deleted by its sender, likewise. Default `None`: for
    /// ever.
    pub delete_window: Option<Duration>,
    /// How many different reactions a message may bear; one more is [`LimitReached`](crate::ErrorKind::LimitReached).
    /// Default 20.
    pub max_reaction_kinds: usize,
    /// The most pinned messages of a room; one more is [`LimitReached`](crate::ErrorKind::LimitReached). Default 100.
    pub max_pins: u32,
    /// The most messages of a room that a participant may [hide](crate::Actor::hide) from themselves; one more is
    /// [`LimitReached`](crate::ErrorKind::LimitReached). Default 1,000.
    pub max_hidden: u32,
    /// Of how many threads it is kept whether a user [follows](crate::Actor::follow_thread) them, in all their rooms; with one
    /// more the oldest choice is forgotten, and that thread is not followed any more. 0: nobody follows any. Default 1,000.
    pub max_followed_threads: u32,
    /// How long the host's [`Hooks`](crate::policy::Hooks) may take for an answer, waiting for a turn included. Default
    /// 500 ms.
    pub hook_timeout: Duration,
    /// How many questions the host's [`Hooks`](crate::policy::Hooks) are asked at once, at least 1; others wait. Default
    /// 64.
    pub hooks_at_once: usize,
    /// What becomes of what the host's [`Hooks`](crate::policy::Hooks) could not tell of. Default
    /// [`HookFailure::Refuse`].
    pub hook_failure: HookFailure,
    /// The most invite links of a room that hold, and as many invitations; one more is
    /// [`LimitReached`](crate::ErrorKind::LimitReached). Default 100.
    pub max_invites: u32,
    /// How many characters of a message are shown with one that [quotes](crate::model::References::quoted) it; the
    /// rest is left out. Default 200.
    pub max_quoted_chars: usize,
    /// The most people whom a message mentions by name; with more it is [`Invalid`](crate::ErrorKind::Invalid).
    /// Default 50.
    pub max_mentions: usize,
    /// The most users named in a list within an answer; counts beside it are exact. Default 100.
    pub max_listed: usize,
    /// The most bytes of one frame from a client. A larger one ends the connection as
    /// [`FrameTooLarge`](crate::event::CloseReason::FrameTooLarge). Socket.IO has
    /// [bounds and times of its own](crate::transport::socketio::SocketIoOptions) instead of this one,
    /// [`hello_timeout`](Self::hello_timeout) and [`heartbeat`](Self::heartbeat). Default 64 KiB.
    pub max_frame_bytes: usize,
    /// The most bytes of a REST request's body, but for an upload's; more is
    /// [`TooLarge`](crate::ErrorKind::TooLarge). Default 1 MiB, which holds 1,000 long ids.
    pub max_body_bytes: usize,

    /// The most entries that wait for one connection. When they are too many, what may be lost is dropped
    /// first; then it is closed as [`Lagged`](crate::event::CloseReason::Lagged), to come back and resume.
    /// Default 1,024.
    pub mailbox_events: usize,
    /// The most bytes that wait for one connection, likewise; a single entry may be larger. In process an
    /// entry counts for 64. Default 1 MiB.
    pub mailbox_bytes: usize,
    /// The most changes that wait to be committed in a lane of the store; whoever comes then waits. At least
    /// 1. Default 1,024.
    pub commit_queue: usize,
    /// The most changes in one transaction; the rest go into the next. At least 1. Default 256.
    pub commit_batch: usize,
    /// The most changes of one connection that wait for their commit at once; it is not read from
    /// meanwhile. At least 1. Default 64.
    pub max_in_flight: usize,
    /// The most delivered marks that wait to be written, which they are once a second; beyond that they are
    /// written at once. Default 50,000.
    pub delivered_waiting: usize,
    /// The most profiles kept in memory, and as many settings; the oldest half is forgotten beyond it. Default 50,000.
    pub profile_cache: usize,

    /// How long a connection may take to authenticate, before it is closed as
    /// [`Unauthenticated`](crate::event::CloseReason::Unauthenticated); and the body of a REST request, but an
    /// upload's, to arrive. Default 9 s, so that a connection is gone after 10.
    pub hello_timeout: Duration,
    /// How long a connection may take no byte of what waits for it. Then it is ended. Default 10 s.
    pub write_timeout: Duration,
    /// After so long without a word from a client it is pinged; after twice that it is gone. Default 30 s.
    pub heartbeat: Duration,
    /// After so long without a word about it, typing has ended. Default 6 s.
    pub typing_timeout: Duration,
    /// How often what is [appended](crate::Actor::append_stream) to messages is told. At least 10 ms. Default 100 ms.
    pub stream_interval: Duration,
    /// How often it is kept, as a change of the message. Default 2 s.
    pub stream_save: Duration,
    /// After so long without a word more, a message is written. Default 30 s.
    pub stream_timeout: Duration,
    /// The most messages that are written on one node at once; one more is
    /// [`RateLimited`](crate::ErrorKind::RateLimited). Default 10,000.
    pub max_streams: usize,
    /// Presence is told in rooms of at most so many participants; of greater ones how many are here, at most every five
    /// seconds. Default 100. With 0 neither is told,
    /// and between several nodes, none knows who is connected to another.
    pub presence_max_members: u32,
    /// Who types is told in rooms of at most so many participants; of greater ones how many type, at most every second.
    /// Default 100.
    pub typing_max_members: u32,
    /// How far somebody has read, and what has arrived, is told live, and to whoever was away, in rooms of at most so many
    /// participants; in greater ones to other devices of theirs alone. Default 100.
    pub receipts_max_members: u32,
    /// When the server stops, clients come back after a random delay of at most this. Default 5 s.
    pub reconnect_spread: Duration,

    /// The most bytes of a file that goes with a message; more is [`TooLarge`](crate::ErrorKind::TooLarge).
    /// Default 25 MiB.
    pub max_attachment_bytes: usize,
    /// The most bytes of files that are kept of one user, in all rooms together, small pictures of them not counted; more
    /// is [`QuotaExceeded`](crate::ErrorKind::QuotaExceeded). What is deleted counts until its bytes are gone too: when
    /// [`attachment_keep`](Self::attachment_keep) is over since its upload, or once its user
    /// [discards](crate::Actor::discard) it. Whatever an import brings is taken,
    /// and counts. Default 10 GiB.
    pub max_attachment_bytes_per_user: u64,
    /// The most files of one message; more are [`Invalid`](crate::ErrorKind::Invalid). Default 10.
    pub max_attachments: usize,
    /// The most pixels of a picture, its width times its height, so that none fills the memory of whoever shows
    /// it; a larger one is [`Invalid`](crate::ErrorKind::Invalid). Default 50 million.
    pub max_image_pixels: u64,
    /// Media types of files that are taken, as their bytes tell and not as they are called; others are
    /// [`TypeNotAllowed`](crate::ErrorKind::TypeNotAllowed). `audio/*` stands for all that begin so,
    /// `application/octet-stream` for what cannot be told. By default pictures that browsers or phones show,
    /// sound, films, PDF, archives, office documents, and what cannot be told.
    pub attachment_types: Vec<Cow<'static, str>>,
    /// The most uploads at once, of all users together. One more is
    /// [`RateLimited`](crate::ErrorKind::RateLimited), to come back after a second. Default 32.
    pub max_uploads: usize,
    /// The most uploads of one user at once, likewise. Default 4.
    pub max_uploads_per_user: usize,
    /// How long the bytes of an upload may take to arrive; then it is [`Invalid`](crate::ErrorKind::Invalid).
    /// Default 10 min.
    pub upload_timeout: Duration,
    /// How long nothing may come of an upload, likewise. Default 15 s.
    pub upload_pause: Duration,
    /// How long after its upload began an attachment waits for its message before it is deleted: then within
    /// some ten minutes. Default 24 h.
    pub attachment_keep: Duration,
    /// How long a [link](crate::Actor::link) to a file holds; at most an hour, whatever is said. Default
    /// 10 min.
    pub link_time: Duration,
    /// Where clients reach the REST routes, without a slash at its end. It stands in front of links to files,
    /// and of the address by which clients that know no attachments find the picture of an IMAGE: give it whole
    /// where they are not pages of the same origin, such as `https://chat.example.org/api`. Default `/api`.
    pub public_url: String,

    /// Of which messages people want notices where they have not chosen. All by default.
    pub notify: NotifyDefaults,
    /// How long after it was committed a message has to be unread before people who are away are sent a
    /// [notice](crate::push::Push), and how far apart the notices of a room are; and how long after it happened they are
    /// sent one of anything else. Default 5 s.
    pub push_delay: Duration,
    /// How long handing over a notice may take. Default 10 s.
    pub push_timeout: Duration,
    /// How many notices are handed over at once, at least 1. Default 64.
    pub pushes_at_once: usize,
    /// How often a notice is tried, with pauses from 5 s that double up to 10 min, before it is dropped. Default 16, which
    /// is some hour and a half.
    pub push_tries: u32,
    /// The most notices of messages that wait to be tried again; others are dropped at their first failure. Default 10,000.
    pub push_retries: u64,
    /// The most notices of what is no message that wait for one user; with one more the oldest is dropped. Default 100.
    pub push_alerts: u32,
    /// How old a message, or what else there is to tell of, may be of which people are still told, after a time without a
    /// server. Default 24 h.
    pub push_keep: Duration,

    /// How much one user and one connection may do. Nothing is limited by default.
    pub rate_limits: RateLimits,

    /// The words of SYSTEM messages. English by default.
    pub phrases: Phrases,

    /// Whether people [search](crate::Actor::search) in their rooms, for which the store keeps an index of words. It is
    /// made in the background, also of what was there before. Without it a search is
    /// [`NotFound`](crate::ErrorKind::NotFound). Default true.
    pub search: bool,
    /// The most characters of what is searched for; more is [`Invalid`](crate::ErrorKind::Invalid). Default 200.
    pub max_search_chars: usize,

    /// How long messages are kept, in rooms that do not say otherwise. Whatever is older, or beyond the count, is cut
    /// away for good, pinned or not, within [`retention_interval`](Self::retention_interval). Default `None`: for ever.
    pub retention: Option<Retention>,
    /// Whatever a rule says, no message is cut away before it is so old: a retry under its client id finds it until
    /// then. Default 1 h.
    pub retention_grace: Duration,
    /// How often it is looked for what is to be cut away. Default 10 min.
    pub retention_interval: Duration,
    /// The most messages of a room that wait because the host's [`Hooks`](crate::policy::Hooks) hold them; one more is
    /// [`RateLimited`](crate::ErrorKind::RateLimited). Default 1,000.
    pub max_held: u32,
    /// The most of those of one user, likewise. Default 20.
    pub max_held_per_user: u32,
    /// The most people who wait to come into a room because the host's [`Hooks`](crate::policy::Hooks) hold them; one more
    /// is [`RateLimited`](crate::ErrorKind::RateLimited). Default 1,000.
    pub max_join_requests: u32,
    /// How long such a message waits before it is let go, unsent, and such a request to come in: then within some ten
    /// minutes, and who waited is told. Default 7 days.
    pub held_keep: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_content_bytes: 16 * 1024,
            max_name_chars: 200,
            max_topic_chars: 1000,
            max_custom_bytes: 4 * 1024,
            max_message_custom_bytes: 4 * 1024,
            max_participants: 1000,
            max_room_members: 100_000,
            edit_window: None,
            kept_edits: 0,
            delete_window: None,
            max_reaction_kinds: 20,
            max_pins: 100,
            max_hidden: 1_000,
            max_followed_threads: 1_000,
            hook_timeout: Duration::from_millis(500),
            hooks_at_once: 64,
            hook_failure: HookFailure::Refuse,
            max_invites: 100,
            max_quoted_chars: 200,
            max_mentions: 50,
            max_listed: 100,
            max_frame_bytes: 64 * 1024,
            max_body_bytes: 1024 * 1024,
            mailbox_events: 1024,
            mailbox_bytes: 1024 * 1024,
            commit_queue: 1024,
            commit_batch: 256,
            max_in_flight: 64,
            delivered_waiting: 50_000,
            profile_cache: 50_000,
            hello_timeout: Duration::from_secs(9),
            write_timeout: Duration::from_secs(10),
            heartbeat: Duration::from_secs(30),
            typing_timeout: Duration::from_secs(6),
            stream_interval: Duration::from_millis(100),
            stream_save: Duration::from_secs(2),
            stream_timeout: Duration::from_secs(30),
            max_streams: 10_000,
            presence_max_members: 100,
            typing_max_members: 100,
            receipts_max_members: 100,
            reconnect_spread: Duration::from_secs(5),
            max_attachment_bytes: 25 * 1024 * 1024,
            max_attachment_bytes_per_user: 10 * 1024 * 1024 * 1024,
            max_attachments: 10,
            max_image_pixels: 50_000_000,
            attachment_types: ATTACHMENT_TYPES.map(Cow::Borrowed).into(),
            max_uploads: 32,
            max_uploads_per_user: 4,
            upload_timeout: Duration::from_secs(10 * 60),
            upload_pause: Duration::from_secs(15),
            attachment_keep: Duration::from_secs(24 * 60 * 60),
            link_time: Duration::from_secs(10 * 60),
            public_url: "/api".into(),
            notify: NotifyDefaults::default(),
            push_delay: Duration::from_secs(5),
            push_timeout: Duration::from_secs(10),
            pushes_at_once: 64,
            push_tries: 16,
            push_retries: 10_000,
            push_alerts: 100,
            push_keep: Duration::from_secs(24 * 60 * 60),
            rate_limits: RateLimits::default(),
            phrases: Phrases::english(),
            search: true,
            max_search_chars: 200,
            max_held: 1000,
            max_held_per_user: 20,
            max_join_requests: 1000,
            held_keep: Duration::from_secs(7 * 24 * 60 * 60),
            retention: None,
            retention_grace: Duration::from_secs(60 * 60),
            retention_interval: Duration::from_secs(10 * 60),
        }
    }
}

/// Of which messages people want notices where they have not [chosen](crate::Actor::set_notifications), by the room's
/// kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_structs, reason = "there is one for each kind of room")]
pub struct NotifyDefaults {
    /// In rooms of two.
    pub direct: NotifyLevel,
    /// In groups.
    pub group: NotifyLevel,
    /// In rooms of challenges.
    pub challenge: NotifyLevel,
}

impl Default for NotifyDefaults {
    fn default() -> Self {
        Self { direct: NotifyLevel::All, group: NotifyLevel::All, challenge: NotifyLevel::All }
    }
}

impl NotifyDefaults {
    /// That of a room of this kind.
    pub fn of(&self, kind: &RoomKind) -> NotifyLevel {
        match kind {
            RoomKind::Direct(_) => self.direct,
            RoomKind::Group => self.group,
            RoomKind::Challenge(_) => self.challenge,
        }
    }
}

/// What becomes of a message, an edit or a join of which the host's [`Hooks`](crate::policy::Hooks) could not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_enums, reason = "a host names one")]
pub enum HookFailure {
    /// It is [`Unavailable`](crate::ErrorKind::Unavailable), to be tried again.
    Refuse,
    /// It is let through.
    Allow,
    /// A message is [held](crate::policy::Verdict::Hold), and so is a [join](crate::policy::Welcome::Hold). What cannot
    /// be, an edit, and what is seen while it is written, is [`Unavailable`](crate::ErrorKind::Unavailable).
    Hold,
}

/// What is taken by default: nothing that a browser would run.
const ATTACHMENT_TYPES: [&str; 18] = [
    "image/jpeg",
    "image/png",
    "image/gif",
    "image/webp",
    "image/avif",
    "image/heif",
    "audio/*",
    "video/*",
    "application/pdf",
    "application/zip",
    "application/gzip",
    "application/x-7z-compressed",
    "application/vnd.openxmlformats-officedocument.*",
    "application/vnd.oasis.opendocument.*",
    "application/msword",
    "application/vnd.ms-excel",
    "application/vnd.ms-powerpoint",
    "application/octet-stream",
];

/// How often something may happen: `burst` times at once, and `per_second` in the long run.
///
/// ```
/// use chat_core::config::Rate;
/// let rate = Rate::per_second(20).with_burst(60);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rate {
    /// How many a second in the long run.
    pub per_second: NonZeroU32,
    /// How many at once after a quiet time.
    pub burst: NonZeroU32,
}

impl Rate {
    /// So many a second, and as many at once; 0 counts as 1.
    #[must_use]
    pub const fn per_second(count: u32) -> Self {
        let count = at_least_one(count);
        Self { per_second: count, burst: count }
    }

    /// So many at once; 0 counts as 1.
    #[must_use]
    pub const fn with_burst(self, count: u32) -> Self {
        Self { burst: at_least_one(count), ..self }
    }
}

const fn at_least_one(count: u32) -> NonZeroU32 {
    match NonZeroU32::new(count) {
        Some(count) => count,
        None => NonZeroU32::MIN,
    }
}

/// How much one user and one connection may do, on one node; what is `None` is not limited. Whoever does more
/// is refused with
/// [`RateLimited`](crate::ErrorKind::RateLimited), which says when to come back. What
/// [`admin`](crate::ChatEngine::admin) does is never limited.
///
/// Time is counted by a clock that runs on when the wall clock is set. Users and connections are kept
/// while they have used up a part of a rate, which ends with the burst's time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimits {
    /// Messages of one user, from all their devices together: sent, passed on, edited, deleted, reacted to, pinned.
    pub messages: Option<Rate>,
    /// Changes of rooms and friendships by one user: made, joined, left, renamed, asked, blocked; and logouts.
    pub changes: Option<Rate>,
    /// REST calls of one user, those over sockets too.
    pub calls: Option<Rate>,
    /// Commands of one connection of a transport, malformed ones too.
    pub commands: Option<Rate>,
    /// How often one connection may be refused for its rate: beyond that it is closed, with
    /// [`TooManyRequests`](crate::event::CloseReason::TooManyRequests).
    pub refusals: Option<Rate>,
    /// [Searches](crate::Actor::search) of one user.
    pub searches: Option<Rate>,
}

impl RateLimits {
    /// What suits people who write by hand, on a server that anybody reaches: 20 messages a second,
    /// 5 changes, 50 calls, 50 commands, 5 searches, each with some burst; 10 refusals a second end a connection.
    #[must_use]
    pub const fn for_people() -> Self {
        Self {
            messages: Some(Rate::per_second(20).with_burst(60)),
            changes: Some(Rate::per_second(5).with_burst(60)),
            calls: Some(Rate::per_second(50).with_burst(200)),
            commands: Some(Rate::per_second(50).with_burst(200)),
            refusals: Some(Rate::per_second(10).with_burst(100)),
            searches: Some(Rate::per_second(5).with_burst(20)),
        }
    }
}
