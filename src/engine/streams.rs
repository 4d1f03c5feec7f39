//! Messages that are seen while they are written, as bots and agents write them.
//!
//! What comes is told at once, in words that may be lost, and kept now and then, as a change of the message: so the
//! log grows by the time that the writing takes, not by its steps. Whoever comes late, or has lost a step, has all
//! of it with the next change.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;

use super::amend::amended;
use super::drafts::check_text;
use super::messages::sent;
use super::{Actor, ChatEngine, Inner};
use crate::clock::Timestamp;
use crate::config::Config;
use crate::error::{Error, ErrorKind, Result};
use crate::hub::ConnectionId;
use crate::id::{MessageId, OriginId, RoomId, UserId};
use crate::model::{Delta, Draft, Message, MessageType, Verb};
use crate::store::{Amend, Answer, Item, Op};

/// A writer that is silent is given up by its node; only if that is gone too, its message says so itself, some
/// time later.
const GRACE: Duration = Duration::from_secs(5);

/// The shortest time between two looks at what is written.
const SHORTEST: Duration = Duration::from_millis(10);

/// What this node is writing.
#[derive(Debug, Default)]
pub(super) struct Streams(Mutex<HashMap<MessageId, Stream>>);

/// A message on its way.
#[derive(Debug)]
struct Stream {
    room: RoomId,
    user: UserId,
    /// The connection that writes it, which needs to be told nothing of it.
    origin: Option<ConnectionId>,
    seq: u64,
    text: String,
    /// How much of it was told: in bytes, and in UTF-16 code units.
    told: (usize, u64),
    /// How much of it is kept, in bytes.
    kept: usize,
    keep_at: Timestamp,
    /// From then on nobody writes it any more.
    end_at: Timestamp,
    /// Its end is on its way to the store. It is forgotten once that is there, so that nothing is lost where it is not.
    is_ending: bool,
}

/// Where a message is, and who writes it.
#[derive(Debug)]
struct Whose {
    room: RoomId,
    user: UserId,
    origin: Option<ConnectionId>,
}

/// What is to be done for a message.
#[derive(Debug, Default, PartialEq)]
struct Due {
    tell: Option<Delta>,
    /// All of the words, and until when more may come; `None`: no more does.
    keep: Option<(Arc<str>, Option<Timestamp>)>,
}

impl Stream {
    fn new(message: &Message, origin: Option<ConnectionId>, now: Timestamp, config: &Config) -> Self {
        let text = message.body.content().unwrap_or_default().to_owned();
        let whole = text.len();
        Self {
            room: message.room,
            user: message.sender.user.clone(),
            origin,
            seq: message.seq,
            told: (whole, units(&text)),
            kept: whole,
            text,
            keep_at: now,
            end_at: now.plus(config.stream_timeout),
            is_ending: false,
        }
    }

    fn append(&mut self, text: &str, now: Timestamp, config: &Config) -> Result<()> {
        if self.is_ending {
            return Err(ErrorKind::Forbidden("this message is written".into()).into());
        }
        if self.text.len() + text.len() > config.max_content_bytes {
            let limit = config.max_content_bytes;
            return Err(ErrorKind::TooLarge { what: "content".into(), limit }.into());
        }
        self.text.push_str(text);
        self.end_at = now.plus(config.stream_timeout);
        Ok(())
    }

    fn due(&mut self, message: MessageId, now: Timestamp, config: &Config) -> Due {
        if now >= self.end_at {
            // Tried again after as long, where nothing comes of it.
            (self.is_ending, self.end_at) = (true, now.plus(config.stream_timeout));
            return Due { tell: None, keep: Some((self.text.as_str().into(), None)) };
        }
        let mut due = Due::default();
        if self.is_ending {
            return due;
        }
        let (from, offset) = self.told;
        if from < self.text.len() {
            let text: Arc<str> = self.text[from..].into();
            self.told = (self.text.len(), offset + units(&text));
            due.tell = Some(Delta { message, seq: self.seq, user: self.user.clone(), offset, text });
        }
        if self.kept < self.text.len() && now >= self.keep_at {
            self.kept = self.text.len();
            self.keep_at = now.plus(config.stream_save);
            due.keep = Some((self.text.as_str().into(), Some(lease(now, config))));
        }
        due
    }
}

fn units(text: &str) -> u64 {
    text.encode_utf16().count() as u64
}

/// Until when a message is being written, if nothing more is heard of it.
fn lease(now: Timestamp, config: &Config) -> Timestamp {
    now.plus(config.stream_timeout + config.stream_save + GRACE)
}

impl Actor {
    /// Sends a TEXT that is yet to be written; it needs no words. It is a message like any other, at once: it has its
    /// place in the room and counts as unread. What is [appended](Self::append_stream) is told the room's others as
    /// [`EventKind::Delta`](crate::event::EventKind::Delta), within
    /// [`Config::stream_interval`](crate::Config::stream_interval), and kept every
    /// [`Config::stream_save`](crate::Config::stream_save), when all devices get the words so far. It is
    /// written once it is [stopped](Self::stop_stream), or after
    /// [`Config::stream_timeout`](crate::Config::stream_timeout) without a word more. To give it up,
    /// [delete](Self::delete) it.
    ///
    /// # Errors
    /// Those of [`send`](Self::send), but for blank words; [`Invalid`](ErrorKind::Invalid) for an IMAGE;
    /// [`RateLimited`](ErrorKind::RateLimited) beyond [`Config::max_streams`](crate::Config::max_streams).
    pub async fn start_stream(&self, room: RoomId, draft: Draft) -> Result<Arc<Message>> {
        let message = self.start_stream_anywhere(room, draft).await?;
        self.engine.begin_stream(&message, None);
        Ok(message)
    }

    /// The same, for a caller who may go on at another node with each call.
    pub(crate) async fn start_stream_anywhere(&self, room: RoomId, draft: Draft) -> Result<Arc<Message>> {
        let item = self.stream_item(room, draft, None).await?;
        sent(self.engine.inner.committer.commit(item).await, self.engine.config().max_quoted_chars)
    }

    /// Writes more of a message that the actor has [started](Self::start_stream). What is answered with `Ok` is kept
    /// within [`Config::stream_save`](crate::Config::stream_save), and lost if the node ends before. One node writes a
    /// message at a time: another goes on from what is kept, and what the first has not kept by then is refused.
    ///
    /// # Errors
    /// [`Invalid`](ErrorKind::Invalid) for control characters; [`TooLarge`](ErrorKind::TooLarge) where the whole would be
    /// beyond [`Config::max_content_bytes`](crate::Config::max_content_bytes);
    /// [`Forbidden`](ErrorKind::Forbidden) for a message that is written already, or somebody else's, or for whoever may
    /// not [send](Verb::Send) any more; [`Muted`](ErrorKind::Muted); [`Unreachable`](ErrorKind::Unreachable) by a block;
    /// [`MessageNotFound`](ErrorKind::MessageNotFound); [`MessageDeleted`](ErrorKind::MessageDeleted);
    /// [`RoomClosed`](ErrorKind::RoomClosed); [`RateLimited`](ErrorKind::RateLimited) as for starting one.
    pub async fn append_stream(&self, room: RoomId, message: MessageId, text: &str) -> Result<()> {
        self.append_from(None, room, message, text).await
    }

    pub(super) async fn append_from(
        &self,
        origin: Option<ConnectionId>,
        room: RoomId,
        message: MessageId,
        text: &str,
    ) -> Result<()> {
        self.engine.check_running()?;
        check_text("text", text)?;
        let (found, member) = self.membership(room).await?;
        if !found.active {
            return Err(ErrorKind::RoomClosed(room).into());
        }
        if !found.lets(member.role, Verb::Send) {
            return Err(ErrorKind::Forbidden("you may only read in this room".into()).into());
        }
        if let Some(until) = member.muted_at(self.engine.now()) {
            return Err(ErrorKind::Muted(until).into());
        }
        if let Some(peer) = found.kind.peer_of(&self.user)
            && self.is_cut_off_in(&found).await?
        {
            return Err(ErrorKind::Unreachable(peer.clone()).into());
        }
        self.rule_on_more(&found, message, text).await?;
        let (now, config) = (self.engine.now(), self.engine.config());
        let streams = &self.engine.inner.streams;
        if let Some(appended) = streams.append((room, message), &self.user, text, now, config) {
            return appended;
        }
        // Begun on another node, or before this one began: from here on it is written here.
        let message = self.append_now(room, message, text).await?;
        self.engine.begin_stream(&message, origin);
        Ok(())
    }

    /// Writes more, as a change of its own: durable once it is answered, and right on whichever node it comes to.
    #[cfg_attr(not(feature = "rest"), allow(dead_code, reason = "only REST has no session"))]
    pub(crate) async fn append_anywhere(
        &self,
        room: RoomId,
        message: MessageId,
        text: &str,
    ) -> Result<Arc<Message>> {
        self.engine.check_running()?;
        check_text("text", text)?;
        let (found, _) = self.membership(room).await?;
        self.rule_on_more(&found, message, text).await?;
        self.append_now(room, message, text).await
    }

    async fn append_now(&self, room: RoomId, message: MessageId, text: &str) -> Result<Arc<Message>> {
        self.engine.inner.limits.message(&self.user)?;
        let until = lease(self.engine.now(), self.engine.config());
        let item = self.append_item(room, message, text, Some(until));
        amended(self.engine.inner.committer.commit(item).await)
    }

    fn append_item(&self, room: RoomId, message: MessageId, text: &str, until: Option<Timestamp>) -> Item {
        let max_bytes = self.engine.config().max_content_bytes;
        let change = Amend::Append { text: text.into(), max_bytes, until };
        self.item(room, Op::Amend { message, change })
    }

    /// Ends the writing of a message, with all that was appended.
    ///
    /// # Errors
    /// As for [`append_stream`](Self::append_stream); [`Forbidden`](ErrorKind::Forbidden) too where it has no words.
    pub async fn stop_stream(&self, room: RoomId, message: MessageId) -> Result<Arc<Message>> {
        let item = self.stop_item(room, message)?;
        self.engine.stopped(message, &self.user, self.engine.inner.committer.commit(item).await)
    }

    pub(super) async fn stream_item(
        &self,
        room: RoomId,
        draft: Draft,
        origin: Option<OriginId>,
    ) -> Result<Item> {
        if draft.r#type != MessageType::Text {
            return Err(Error::invalid("type", "must be TEXT"));
        }
        self.engine.inner.streams.check_room(self.engine.config())?;
        let until = lease(self.engine.now(), self.engine.config());
        self.draft_item(room, draft, origin, Some(until)).await
    }

    pub(super) fn stop_item(&self, room: RoomId, message: MessageId) -> Result<Item> {
        self.engine.check_running()?;
        Ok(match self.engine.inner.streams.end((room, message), &self.user) {
            Some(content) => {
                self.item(room, Op::Amend { message, change: Amend::Write { content, until: None } })
            }
            None => self.append_item(room, message, "", None),
        })
    }
}

impl Streams {
    /// Whether one more may be begun.
    fn check_room(&self, config: &Config) -> Result<()> {
        if self.0.lock().len() >= config.max_streams {
            return Err(ErrorKind::RateLimited(config.stream_timeout).into());
        }
        Ok(())
    }

    /// Beyond the bound nothing is begun, and what is appended is a change of its own.
    fn begin(&self, message: &Message, origin: Option<ConnectionId>, now: Timestamp, config: &Config) {
        let mut streams = self.0.lock();
        if streams.len() < config.max_streams || streams.contains_key(&message.id) {
            streams.entry(message.id).or_insert_with(|| Stream::new(message, origin, now, config));
        }
    }

    /// `None` for what is not being written here, by them.
    fn append(
        &self,
        (room, message): (RoomId, MessageId),
        user: &UserId,
        text: &str,
        now: Timestamp,
        config: &Config,
    ) -> Option<Result<()>> {
        let mut streams = self.0.lock();
        let stream =
            streams.get_mut(&message).filter(|stream| stream.room == room && stream.user == *user)?;
        Some(stream.append(text, now, config))
    }

    /// The words so far of what is being written here.
    pub(super) fn words(&self, message: MessageId) -> Option<String> {
        self.0.lock().get(&message).map(|stream| stream.text.clone())
    }

    /// All of the words of what is being written here, by them; nothing more is, unless they cannot be kept.
    fn end(&self, (room, message): (RoomId, MessageId), user: &UserId) -> Option<Arc<str>> {
        let mut streams = self.0.lock();
        let stream =
            streams.get_mut(&message).filter(|stream| stream.room == room && stream.user == *user)?;
        stream.is_ending = true;
        Some(stream.text.as_str().into())
    }

    /// What came of keeping all of its words so far, or to the end, for whoever writes it. Of anybody else nothing comes.
    fn settle(&self, message: MessageId, user: &UserId, is_end: bool, error: Option<&Error>) {
        let mut streams = self.0.lock();
        let Some(stream) = streams.get_mut(&message).filter(|stream| stream.user == *user) else { return };
        match error {
            None if !is_end => {}
            Some(error) if error.kind().is_retryable() => (stream.kept, stream.is_ending) = (0, false),
            // It is written; or they may not any more, or have deleted it.
            _ => {
                streams.remove(&message);
            }
        }
    }

    pub(super) fn forget(&self, message: MessageId) {
        self.0.lock().remove(&message);
    }

    /// What is to be done now, and for whom.
    fn due(&self, now: Timestamp, config: &Config) -> Vec<(MessageId, Whose, Due)> {
        let mut streams = self.0.lock();
        let mut all = Vec::new();
        for (id, stream) in streams.iter_mut() {
            let due = stream.due(*id, now, config);
            if due != Due::default() {
                let whose = Whose { room: stream.room, user: stream.user.clone(), origin: stream.origin };
                all.push((*id, whose, due));
            }
        }
        all
    }

    /// What is not kept yet of any.
    fn unkept(&self, now: Timestamp, config: &Config) -> Vec<(MessageId, Whose, Due)> {
        let mut streams = self.0.lock();
        streams.values_mut().for_each(|stream| stream.keep_at = now);
        drop(streams);
        self.due(now, config)
    }
}

impl ChatEngine {
    /// From now on what is appended to it is gathered here.
    pub(super) fn begin_stream(&self, message: &Message, origin: Option<ConnectionId>) {
        // A retry of what was sent before may find it written.
        if message.state.writing_until.is_some() {
            self.inner.streams.begin(message, origin, self.now(), self.config());
        }
    }

    /// The message in the answer to its end.
    pub(super) fn stopped(
        &self,
        id: MessageId,
        user: &UserId,
        answer: Result<Answer>,
    ) -> Result<Arc<Message>> {
        let message = amended(answer);
        self.inner.streams.settle(id, user, true, message.as_ref().err());
        message
    }

    /// Tells and keeps what is due.
    async fn write_streams(&self, all: Vec<(MessageId, Whose, Due)>) {
        for (message, Whose { room, user, origin }, Due { tell, keep }) in all {
            if let Some(delta) = tell {
                self.inner.outlet.lock().tell_delta(room, delta);
            }
            let Some((content, until)) = keep else { continue };
            let is_end = until.is_none();
            let change = match until {
                // Given up before the first word.
                None if content.trim().is_empty() => Amend::Delete { within: None },
                until => Amend::Write { content, until },
            };
            let op = Op::Amend { message, change };
            let (engine, by) = (Arc::downgrade(&self.inner), user.clone());
            let answered = move |answer: Result<_>| {
                if let Some(inner) = engine.upgrade() {
                    inner.streams.settle(message, &by, is_end, answer.err().as_ref());
                }
            };
            self.inner.committer.submit(self.as_user(user).item(room, op), origin, answered).await;
        }
    }

    /// Keeps what was written so far, before the engine stops: another one may go on.
    pub(super) async fn keep_streams(&self) {
        let all = self.inner.streams.unkept(self.now(), self.config());
        self.write_streams(all).await;
    }
}

/// Runs until the engine is gone.
pub(super) async fn run(engine: Weak<Inner>, interval: Duration) {
    let mut interval = tokio::time::interval(interval.max(SHORTEST));
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        interval.tick().await;
        let Some(inner) = engine.upgrade() else { return };
        let engine = ChatEngine { inner };
        let due = engine.inner.streams.due(engine.now(), engine.config());
        if !due.is_empty() {
            engine.write_streams(due).await;
        }
    }
}
