//! A live session: commands in, events out, with no server at all. Every transport is bytes around one.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::{Semaphore, oneshot};
use tracing::Instrument as _;

use super::catch_up::{self, Resume};
use super::messages::sent;
use super::nodes::Nodes;
use super::receipts::marked_answer;
use super::settings::Appearance;
use super::{Actor, ChatEngine};
use crate::auth::Identity;
use crate::error::{Error, ErrorKind, Result};
use crate::event::{Called, CloseReason, Command, Event, EventKind, Format, Frame, Reply};
use crate::hub::Connection;
use crate::id::{MessageId, OriginId, RoomId, UserId};
use crate::model::{Draft, Mark, Message, Profile, ThreadState, Token, Verb};
use crate::store::{Answer, Item, Op};

/// When to ask again for a catch-up while another one goes on.
const CATCH_UP_PAUSE: Duration = Duration::from_secs(1);
/// How many memberships are read at once.
const MEMBERSHIPS: u32 = 500;

/// A user's live connection. It joins all of the user's rooms by itself, and follows joins, leaves and
/// removals made elsewhere. Dropping it ends it.
///
/// Events wait until they are [taken](Self::next): beyond
/// [`Config::mailbox_events`](crate::Config::mailbox_events) of them, or
/// [`Config::mailbox_bytes`](crate::Config::mailbox_bytes), it ends as [`Lagged`](CloseReason::Lagged).
///
/// ```
/// # use chat_core::{ChatEngine, model::{Draft, NewRoom}, event::EventKind};
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let engine = ChatEngine::builder().build().await?;
/// let (ana, ben) = (engine.as_user("ana".parse()?), engine.as_user("ben".parse()?));
/// let room = ana.create_room(NewRoom::direct("ben")).await?.id();
/// let mut session = ben.connect().await?;
/// ana.send(room, Draft::text("Hello, Ben")).await?;
/// while let Some(event) = session.next().await {
///     if let EventKind::Message(message) = &event.kind {
///         assert_eq!(message.body.content(), Some("Hello, Ben"));
///         break;
///     }
/// }
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Session {
    actor: Actor,
    profile: Arc<Profile>,
    connection: Arc<Connection>,
    /// Made when it is first used: an idle connection has none.
    turns: OnceLock<Box<Turns>>,
    /// What its messages are kept under, so that they are not told it again.
    origin: Option<OriginId>,
}

/// What a connection may do at once.
#[derive(Debug)]
struct Turns {
    /// Bounds its changes that wait for their commit.
    in_flight: Arc<Semaphore>,
    /// One catch-up at a time.
    catching_up: Arc<Semaphore>,
}

/// How a session begins.
#[derive(Debug, Default)]
pub(crate) struct Start {
    /// It first tells what was missed since.
    pub(crate) since: Option<Token>,
    /// The name that it had before, or should have.
    pub(crate) origin: Option<OriginId>,
}

impl Actor {
    /// Opens a live session. Its first event is [`Ready`](crate::event::EventKind::Ready).
    ///
    /// # Errors
    /// [`Unavailable`](ErrorKind::Unavailable); [`Unauthenticated`](ErrorKind::Unauthenticated) when the user
    /// [logs out](Self::log_out) at this very moment.
    pub async fn connect(&self) -> Result<Session> {
        self.open(None).await
    }

    /// Opens a live session that first tells what was missed since this token: every state once, in
    /// [`EventKind`](crate::event::EventKind)s like those of live events, then
    /// [`CaughtUp`](crate::event::EventKind::CaughtUp), then live ones. Where it cannot be told,
    /// `recovered` is `false`: reload.
    ///
    /// # Errors
    /// As for [`Self::connect`].
    pub async fn connect_since(&self, since: Token) -> Result<Session> {
        self.open(Some(since)).await
    }

    async fn open(&self, since: Option<Token>) -> Result<Session> {
        // The host vouches for the user now.
        let identity = Identity::new(self.user.clone()).with_issued(self.engine.now());
        let mut session = self.engine.open(&identity, Format::InProcess).await?;
        session.begin(Start { since, origin: None }).await?;
        Ok(session)
    }
}

impl ChatEngine {
    /// Opens a session that has joined its rooms and holds their events back until [`Session::begin`].
    pub(crate) async fn open(&self, identity: &Identity, format: Format) -> Result<Session> {
        self.check_running()?;
        let actor = self.as_user(identity.user.clone());
        let profile = actor.profile().await?;
        let (connection, is_first) =
            self.hub().connect(&identity.user, format, identity.expires, identity.issued);
        // From here on, dropping the session cleans up.
        let session = Session { profile, connection, turns: OnceLock::new(), origin: None, actor };
        self.check_logged_in(identity).await?;
        self.learn_settings(&identity.user).await?;
        session.join_rooms().await?;
        if is_first {
            let rooms = self.hub().rooms_of(&session.connection);
            self.appear(&session.connection, Appearance { rooms, online: true, last_seen: None });
        }
        // A drain that began meanwhile may have missed it.
        self.check_running()?;
        session.connection.span().in_scope(|| tracing::debug!("a session opened"));
        Ok(session)
    }
}

impl ChatEngine {
    /// Tells those in the same rooms, and the other nodes, that the connection's user came to this node or went. Nobody
    /// is told of whoever is invisible; under the lock under which that changes.
    fn appear(&self, connection: &Connection, appearance: Appearance) {
        let mut outlet = self.inner.outlet.lock();
        let Some(settings) = connection.settings().filter(|settings| !settings.invisible) else { return };
        let user = connection.user();
        let last_seen = appearance.last_seen.and_then(|at| {
            self.inner.last_seen.put(user.clone(), at);
            settings.last_seen_to_all(at)
        });
        outlet.appear(user, &Appearance { last_seen, ..appearance });
    }

    /// Whether the user has a connection, on any node, and lets others know it.
    pub(super) fn is_online(&self, user: &UserId) -> bool {
        self.hub().is_visible(user) || self.among_nodes(|nodes, _| nodes.is_online(user)).unwrap_or(false)
    }
}

impl Session {
    async fn join_rooms(&self) -> Result<()> {
        let (hub, store) = (self.actor.engine.hub(), self.actor.engine.store());
        let mut after = None;
        loop {
            let page = store.memberships(&self.actor.user, after, MEMBERSHIPS).await?;
            for (room, _) in &page.rooms {
                hub.join_as_of(&self.connection, room.id, room.members, &page.position);
            }
            // What comes before it began is none of its business.
            self.actor.engine.reach(&page.position).await?;
            if page.rooms.len() < MEMBERSHIPS as usize {
                break;
            }
            after = page.rooms.last().map(|(room, _)| room.id);
        }
        hub.end_joining(&self.connection);
        Ok(())
    }

    /// Tells that the session is ready, and what was missed; then lets the live events go. A catch-up goes
    /// on in a task of its own, since it waits for whoever takes its events.
    pub(crate) async fn begin(&mut self, start: Start) -> Result<()> {
        let recovered = match start.since {
            // Whoever comes back by name is promised all before anything is told.
            Some(since) => {
                self.actor.engine.can_recover(since).await?
                    && (start.origin.is_none()
                        || catch_up::is_above_floors(&self.actor, &since.position).await?)
            }
            None => false,
        };
        let is_known = start.since.is_none() || recovered;
        self.origin = start.origin.map(|origin| if is_known { origin } else { OriginId::generate() });
        if let Some(origin) = &self.origin {
            let kind = EventKind::Opened(origin.clone());
            self.connection.push_own(Event { room: None, token: None, kind });
        }
        match start.since {
            None => catch_up::start(&self.actor, &self.connection).await,
            Some(since) => {
                let origin = self.origin.clone();
                self.resume(Resume { since, recovered, is_start: true, origin })
            }
        }
    }

    fn resume(&self, resume: Resume) -> Result<()> {
        self.spawn_catch_up(
            |actor, connection| async move { catch_up::resume(&actor, &connection, resume).await },
        )
    }

    fn subscribe(&self, room: RoomId, members: u32, since: Option<Token>) -> Result<()> {
        let hub = self.actor.engine.hub();
        let Some(since) = since else {
            hub.unmute(&self.connection, room, members);
            return Ok(());
        };
        self.spawn_catch_up(|actor, connection| {
            hub.unmute(&connection, room, members);
            async move { catch_up::resume_room(&actor, &connection, room, since).await }
        })
    }

    /// Holds the live events back while a task of its own tells what was missed.
    fn spawn_catch_up<F>(&self, tell: impl FnOnce(Actor, Arc<Connection>) -> F) -> Result<()>
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        let busy = |_| Error::from(ErrorKind::RateLimited(CATCH_UP_PAUSE));
        let permit = self.turns().catching_up.clone().try_acquire_owned().map_err(busy)?;
        let connection = self.connection.clone();
        connection.mailbox.hold();
        let telling = tell(self.actor.clone(), connection.clone());
        let span = connection.span();
        let told = async move {
            if let Err(error) = telling.await {
                tracing::warn!(error = &error as &dyn std::error::Error, "a catch-up failed");
                // The client comes back with the token that it has.
                connection.close(CloseReason::Lagged, true);
            }
            drop(permit);
        };
        tokio::spawn(told.instrument(span));
        Ok(())
    }

    /// The session's user, for everything that is no matter of this one connection.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    pub(crate) fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }

    /// The next event; `None` when the session has ended, for [`Self::close_reason`].
    ///
    /// Nothing is lost when the call is cancelled: the next one gives that event.
    pub async fn next(&mut self) -> Option<Arc<Event>> {
        let mut frames = Vec::with_capacity(1);
        // One at a time: what is taken out of the mailbox is purged no more.
        while self.connection.mailbox.pull(1, &mut frames).await {
            if let Some(Frame::Event(event)) = frames.pop() {
                return Some(event);
            }
        }
        None
    }

    /// Why the session has ended, if it has.
    pub fn close_reason(&self) -> Option<CloseReason> {
        self.connection.mailbox.close_reason()
    }

    /// Sends a message; this session gets no event of it, the user's other ones do.
    ///
    /// # Errors
    /// As for [`Actor::send`].
    pub async fn send(&self, room: RoomId, draft: Draft) -> Result<Arc<Message>> {
        match self.execute(Command::Send(room, draft)).await? {
            Reply::Message(message) => Ok(message),
            other => Err(ErrorKind::Corrupt(format!("a send was answered with {other:?}").into()).into()),
        }
    }

    /// Executes a command. While [`Config::max_in_flight`](crate::Config::max_in_flight) changes of the session
    /// wait for their commit, it waits too.
    ///
    /// # Errors
    /// Those of the method of [`Actor`] that does it; once the user was
    /// logged out, or their token has expired, that [reason](CloseReason::error);
    /// [`RateLimited`](ErrorKind::RateLimited), by a second, for a
    /// [`Command::Resume`], or a [`Command::Subscribe`] with a token, while another catch-up goes on.
    pub async fn execute(&self, command: Command) -> Result<Reply> {
        let (tell, told) = oneshot::channel();
        let answer = move |reply| drop(tell.send(reply));
        self.run(command, answer).await;
        told.await.map_err(Error::unavailable)?
    }

    /// Executes a command and puts its answer into the mailbox, among the events. Returns once the next
    /// command may come: a change is in the queue by then, in the order of the calls.
    pub(crate) async fn dispatch(&self, id: Option<u64>, command: Result<Command>) {
        let answer = self.answer(id);
        match self.actor.engine.inner.limits.command(self.connection.id).and(command) {
            Ok(command) => self.run(command, answer).await,
            Err(error) => answer(Err(error)),
        }
    }

    /// Has a call made, where the session may ask for something, and puts its answer among the events like a command's.
    /// Returns once it is answered.
    pub(crate) async fn dispatch_call(
        &self,
        id: Option<u64>,
        calling: impl Future<Output = Result<Called>> + Send,
    ) {
        let _entering = self.actor.engine.inner.entering.read().await;
        let allowed = self.actor.engine.inner.limits.command(self.connection.id);
        let reply = match allowed.and_then(|()| self.check_open()) {
            Ok(()) => calling.await.map(Reply::Called),
            Err(error) => Err(error),
        };
        self.answer(id)(reply);
    }

    /// Puts an answer into the mailbox. Whoever is refused too often for asking too much is closed.
    fn answer(&self, id: Option<u64>) -> impl FnOnce(Result<Reply>) + Send + use<> {
        let (engine, connection) = (self.actor.engine.clone(), self.connection.clone());
        move |reply: Result<Reply>| {
            let is_limited =
                matches!(&reply, Err(error) if matches!(error.kind(), ErrorKind::RateLimited(_)));
            connection.reply(id, reply);
            if is_limited && !engine.inner.limits.bears_refusal(connection.id) {
                connection.close(CloseReason::TooManyRequests, false);
            }
        }
    }

    /// Whoever was logged out acts no more by what they opened before. Who only reads too slowly may.
    fn check_open(&self) -> Result<()> {
        match self.close_reason() {
            Some(reason @ (CloseReason::Unauthenticated | CloseReason::TokenExpired)) => {
                Err(reason.error().unwrap_or_else(|| ErrorKind::Unauthenticated.into()))
            }
            _ => Ok(()),
        }
    }

    async fn run(&self, command: Command, answer: impl FnOnce(Result<Reply>) + Send + 'static) {
        let _entering = self.actor.engine.inner.entering.read().await;
        if let Err(error) = self.check_open() {
            return answer(Err(error));
        }
        let reply = match command {
            Command::Send(room, draft) => {
                let item = self.actor.draft_item(room, draft, self.origin.clone(), None).await;
                return self.send_item(item, answer).await;
            }
            Command::Forward { from, message, to, client_id } => {
                let (client_id, origin) = (client_id.as_deref(), self.origin.clone());
                let item = self.actor.forward_item((from, message), to, client_id, origin).await;
                return self.send_item(item, answer).await;
            }
            Command::StartStream(room, draft) => {
                match self.actor.stream_item(room, draft, self.origin.clone()).await {
                    Err(error) => Err(error),
                    Ok(item) => {
                        let (engine, origin) = (self.actor.engine.clone(), self.connection.id);
                        let answered = move |outcome| {
                            let message = sent(outcome, engine.config().max_quoted_chars);
                            message.iter().for_each(|message| engine.begin_stream(message, Some(origin)));
                            answer(message.map(Reply::Message));
                        };
                        return self.submit(item, true, answered).await;
                    }
                }
            }
            Command::AppendStream(room, message, text) => {
                let origin = Some(self.connection.id);
                self.actor.append_from(origin, room, message, &text).await.map(|()| Reply::Done)
            }
            Command::StopStream(room, message) => match self.actor.stop_item(room, message) {
                Err(error) => Err(error),
                Ok(item) => {
                    let actor = self.actor.clone();
                    let answered = move |outcome| {
                        let stopped = actor.engine.stopped(message, actor.user(), outcome);
                        answer(stopped.map(Reply::Amended));
                    };
                    return self.submit(item, true, answered).await;
                }
            },
            Command::Edit(room, message, to) => {
                return self.amend(self.actor.edit_item(room, message, to).await, answer).await;
            }
            Command::Delete(room, message) => {
                return self.amend(self.actor.delete_item(room, message).await, answer).await;
            }
            Command::React(room, message, reaction, on) => {
                let item = self.actor.reaction_item(room, message, reaction, on).await;
                return self.amend(item, answer).await;
            }
            Command::Pin(room, message, on) => {
                return self.amend(self.actor.pin_item(room, message, on).await, answer).await;
            }
            Command::Hide(room, message) => match self.actor.hide_item(room, message).await {
                Err(error) => Err(error),
                Ok(item) => {
                    let answered = move |outcome: Result<Answer>| answer(outcome.map(|_| Reply::Done));
                    return self.submit(item, true, answered).await;
                }
            },
            Command::Mark(room, Mark::Delivered, to) => {
                self.actor.mark_delivered(room, to).await.map(Reply::Marked)
            }
            Command::Mark(room, mark, to) => match self.mark_item(room, mark, to).await {
                Err(error) => Err(error),
                Ok(item) => {
                    let answered = move |outcome| answer(marked_answer(outcome).map(Reply::Marked));
                    return self.submit(item, false, answered).await;
                }
            },
            Command::FollowThread(room, root, on) => {
                let op = Ok(self.actor.follow_op(root, on));
                self.change_thread(room, root, op).await.map(Reply::Thread)
            }
            Command::ReadThread(room, root, to) => {
                let op = self.actor.read_thread_op(room, root, to).await;
                self.change_thread(room, root, op).await.map(Reply::Thread)
            }
            Command::SetNotifications(room, level, expires_in) => {
                let set = self.actor.set_notifications(room, level, expires_in).await;
                set.map(|view| Reply::Room(Box::new(view)))
            }
            Command::SetDoNotDisturb(quiet) => {
                self.actor.set_do_not_disturb(quiet).await.map(Reply::DoNotDisturb)
            }
            Command::SetSettings(update) => self.actor.set_settings(update).await.map(Reply::Settings),
            Command::History(room, query) => self.actor.history(room, query).await.map(Reply::History),
            Command::Search(query) => self.actor.search(*query).await.map(Reply::Found),
            other => self.live(other).await,
        };
        answer(reply);
    }

    /// Queues a message, if it may be sent.
    async fn send_item(&self, item: Result<Item>, answer: impl FnOnce(Result<Reply>) + Send + 'static) {
        match item {
            Err(error) => answer(Err(error)),
            Ok(item) => {
                let chars = self.actor.engine.config().max_quoted_chars;
                let answered = move |outcome| answer(sent(outcome, chars).map(Reply::Message));
                self.submit(item, true, answered).await;
            }
        }
    }

    /// Queues the change of a message, if it may be made.
    async fn amend(&self, item: Result<Item>, answer: impl FnOnce(Result<Reply>) + Send + 'static) {
        match item {
            Err(error) => answer(Err(error)),
            Ok(item) => {
                let engine = self.actor.engine.clone();
                let answered = move |outcome| answer(engine.amended(outcome).map(Reply::Amended));
                self.submit(item, true, answered).await;
            }
        }
    }

    /// Changes where the user stands in a thread, and waits for it: the answer counts what is unread then.
    async fn change_thread(&self, room: RoomId, root: MessageId, op: Result<Op>) -> Result<ThreadState> {
        let op = op?;
        self.actor.engine.check_running()?;
        if matches!(op, Op::Follow { .. }) {
            self.actor.engine.inner.limits.change(self.actor.user())?;
        }
        let (tell, told) = oneshot::channel();
        let answered = move |outcome| {
            // Whoever asked may have gone; the change stands all the same.
            let _ = tell.send(outcome);
        };
        self.submit(self.actor.item(room, op), true, answered).await;
        let answer = told.await.map_err(Error::unavailable)?;
        self.actor.thread_answer(room, root, answer).await
    }

    fn turns(&self) -> &Turns {
        self.turns.get_or_init(|| {
            let most = self.actor.engine.config().max_in_flight.max(1);
            let [in_flight, catching_up] = [most, 1].map(|turns| Arc::new(Semaphore::new(turns)));
            Box::new(Turns { in_flight, catching_up })
        })
    }

    async fn mark_item(&self, room: RoomId, mark: Mark, to: Option<crate::model::Cursor>) -> Result<Item> {
        self.actor.engine.check_running()?;
        let op = self.actor.mark_op(room, mark, to).await?;
        Ok(self.actor.item(room, op))
    }

    /// Queues a change. Its batch goes on while the session takes more commands, up to a bound.
    async fn submit(
        &self,
        item: Item,
        is_told_apart: bool,
        answered: impl FnOnce(Result<Answer>) + Send + 'static,
    ) {
        let permit = self.turns().in_flight.clone().acquire_owned().await;
        let answered = move |outcome| {
            answered(outcome);
            drop(permit);
        };
        let origin = is_told_apart.then_some(self.connection.id);
        self.actor.engine.inner.committer.submit(item, origin, answered).await;
    }

    /// What concerns this connection and no store.
    async fn live(&self, command: Command) -> Result<Reply> {
        self.actor.engine.check_running()?;
        let hub = self.actor.engine.hub();
        match command {
            Command::Typing(room, is_typing) => {
                let (found, member) = self.actor.membership(room).await?;
                let is_seen = self.connection.settings().is_some_and(|settings| !settings.invisible);
                let is_heard = is_seen && member.muted_at(self.actor.engine.now()).is_none();
                let may_send = is_heard && found.lets(member.role, Verb::Send);
                if is_typing && (!may_send || self.actor.is_cut_off_in(&found).await?) {
                    return Ok(Reply::Done);
                }
                let now = tokio::time::Instant::now().into_std();
                if hub.typing(self.connection.id, room, &self.profile, is_typing, now) {
                    let tell = |nodes: &mut Nodes, _: &mut _| nodes.typing(room, &self.profile, is_typing);
                    self.actor.engine.among_nodes(tell);
                }
            }
            Command::Unsubscribe(room) => {
                if !hub.mute(&self.connection, room) {
                    self.actor.membership(room).await?;
                }
                return Ok(Reply::Unsubscribed(room));
            }
            Command::Subscribe(room, since) => {
                let (found, _) = self.actor.membership(room).await?;
                self.subscribe(room, found.members, since)?;
                return Ok(Reply::Subscribed(room));
            }
            Command::Resume(since) => {
                let recovered = self.actor.engine.can_recover(since).await?;
                self.resume(Resume { since, recovered, is_start: false, origin: None })?;
            }
            _ => {}
        }
        Ok(Reply::Done)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let engine = &self.actor.engine;
        let reason = self.close_reason();
        self.connection.span().in_scope(|| tracing::debug!(?reason, "a session ends"));
        let (rooms, was_last) = engine.hub().disconnect(&self.connection);
        if was_last {
            engine
                .appear(&self.connection, Appearance { rooms, online: false, last_seen: Some(engine.now()) });
        }
    }
}
