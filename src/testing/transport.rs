//! The suite that every [`Transport`](crate::transport::Transport) passes: what a client sees is the same
//! whatever carries it.
//!
//! One line in a file of tests makes a `#[tokio::test]` of each case. The factory gives a [`Dial`]: an
//! engine whose tokens are user ids ([`NameTokens`](super::NameTokens)), and a way to reach it.

use std::time::Duration;

use async_trait::async_trait;

use crate::engine::ChatEngine;
use crate::event::{Command, EventKind, Frame, Reply};
use crate::id::{RoomId, UserId};
use crate::model::{Draft, Mark, NewRoom, Token};

/// How long a test waits for what should come at once.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a test waits to see that nothing comes.
const SILENCE: Duration = Duration::from_millis(150);

/// Reaches an engine.
#[async_trait]
pub trait Dial: Send + Sync {
    /// The engine.
    fn engine(&self) -> &ChatEngine;
    /// A new connection that has not said who it is.
    async fn dial(&self) -> Box<dyn Client>;
}

/// A client's end of a connection.
#[async_trait]
pub trait Client: Send {
    /// Says who it is, and the position that it has seen everything up to.
    async fn hello(&mut self, token: &str, since: Option<Token>);
    /// Asks for something. The answer is named by `id`.
    async fn command(&mut self, id: u64, command: Command);
    /// What comes next; [`Seen::Closed`] at the end. Most cases wait for 10 s at most.
    async fn next(&mut self) -> Seen;
}

/// What a client sees.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Seen {
    /// The connection has joined its rooms: the position, and whether all that was missed can be told.
    Ready(Token, bool),
    /// All that was missed is told: the position, and whether it was all.
    CaughtUp(Option<Token>, bool),
    /// A message: its room, `seq` and text.
    Message(RoomId, u64, String),
    /// A SYSTEM message: its room and `seq`.
    System(RoomId, u64),
    /// Somebody types (`true`), or has stopped.
    Typing(UserId, bool),
    /// Whose mark moved, which, and to which `seq`.
    Marked(UserId, Mark, u64),
    /// Another event, by its name on the wire.
    Other(String),
    /// The command of this id was done; a send with this `seq`.
    Done(u64, Option<u64>),
    /// The command of this id was refused with this code; 0 where it had no id.
    Refused(u64, String),
    /// The end.
    Closed,
}

impl Seen {
    /// What a client in process sees of a frame.
    pub fn of(frame: &Frame) -> Self {
        match frame {
            Frame::Event(event) => match &event.kind {
                EventKind::Ready(ready) => match event.token {
                    Some(token) => Self::Ready(token, ready.recovered),
                    None => Self::Other("ready".into()),
                },
                EventKind::Opened(_) => Self::Other("opened".into()),
                EventKind::CaughtUp { recovered } => Self::CaughtUp(event.token, *recovered),
                EventKind::Delta(_) => Self::Other("messageDelta".into()),
                EventKind::Thread { .. } => Self::Other("threadRead".into()),
                EventKind::Hidden { .. } => Self::Other("messageHidden".into()),
                EventKind::Message(message) => {
                    let text = message.body.content().unwrap_or_default();
                    Self::Message(message.room, message.seq, text.into())
                }
                EventKind::System(message) => Self::System(message.room, message.seq),
                EventKind::Amended(amended) if amended.message.body.is_deleted() => {
                    Self::Other("messageDeleted".into())
                }
                EventKind::Amended(_) => Self::Other("messageUpdated".into()),
                EventKind::Typing(profile, is_typing) => Self::Typing(profile.user.clone(), *is_typing),
                EventKind::Marked(user, mark, at) => {
                    let seq = if *mark == Mark::Read { at.read_seq } else { at.delivered_seq };
                    Self::Marked(user.clone(), *mark, seq)
                }
                EventKind::Presence { .. } => Self::Other("presence".into()),
                EventKind::TypingCount(_) => Self::Other("typingCount".into()),
                EventKind::OnlineCount(_) => Self::Other("onlineCount".into()),
                EventKind::Room(..) => Self::Other("room".into()),
                EventKind::Participant(..) | EventKind::Role(..) => Self::Other("participant".into()),
                EventKind::Notification(_) => Self::Other("notification".into()),
            },
            Frame::Reply(id, reply) => match &**reply {
                Ok(Reply::Message(message)) => Self::Done(id.unwrap_or(0), Some(message.seq)),
                Ok(_) => Self::Done(id.unwrap_or(0), None),
                Err(error) => Self::Refused(id.unwrap_or(0), error.code().into()),
            },
            Frame::Close(_) | Frame::Bytes(_) => Self::Closed,
        }
    }
}

/// Makes a module of tests, one for each case. The first argument names the module; the second is a
/// closure whose future yields a [`Dial`](crate::testing::transport::Dial).
#[macro_export]
macro_rules! transport_suite {
    (@cases $($case:ident)*) => {
        $(
            #[::tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                $crate::testing::transport::$case(&fresh().await).await;
            }
        )*
    };
    ($name:ident, $factory:expr) => {
        mod $name {
            #[allow(unused_imports, reason = "whatever the factory names")]
            use super::*;

            async fn fresh() -> impl $crate::testing::transport::Dial {
                ($factory)().await
            }

            $crate::transport_suite! { @cases
                the_first_word_is_ready
                a_bad_token_is_refused_and_closed
                a_command_before_hello_is_refused_and_closed
                others_get_a_message_and_the_sending_connection_its_answer
                the_senders_other_devices_get_the_message_too
                whoever_comes_to_follow_a_thread_by_a_reply_is_told_so_and_then_answered
                a_burst_of_sends_keeps_its_order
                three_senders_at_once_make_one_order_everywhere
                all_rooms_are_joined_and_later_ones_followed
                whoever_is_removed_hears_nothing_more_and_sends_nothing
                a_muted_room_is_silent_and_catches_up_when_it_is_wanted_again
                typing_is_told_to_the_others
                marks_are_told_to_everybody
                what_was_missed_comes_once_and_then_the_live
                a_token_of_another_history_recovers_nothing
                a_fault_is_answered_and_ends_nothing
                a_drain_answers_what_it_took_and_closes
                a_token_that_expires_ends_its_connection
            }
        }
    };
}

fn user(name: &str) -> UserId {
    name.parse().expect("a good id")
}

async fn group(dial: &impl Dial, users: &[&str]) -> RoomId {
    let owner = dial.engine().as_user(user(users[0]));
    let new = NewRoom::group("room").with(users[1..].iter().copied());
    owner.create_room(new).await.expect("a room").id()
}

/// A client that has said who it is, and the position at which it began.
struct Live {
    client: Box<dyn Client>,
    began: Token,
}

impl Live {
    async fn start(dial: &impl Dial, name: &str) -> Self {
        Self::since(dial, name, None).await
    }

    async fn since(dial: &impl Dial, name: &str, since: Option<Token>) -> Self {
        let mut client = dial.dial().await;
        client.hello(name, since).await;
        match next(&mut *client).await {
            Seen::Ready(began, _) => Self { client, began },
            other => panic!("not ready but {other:?}"),
        }
    }

    async fn send(&mut self, id: u64, room: RoomId, text: impl Into<String>) {
        self.client.command(id, Command::Send(room, Draft::text(text))).await;
    }

    /// What comes next, presence and the like left out.
    async fn next(&mut self) -> Seen {
        loop {
            match next(&mut *self.client).await {
                Seen::Other(_) => {}
                seen => return seen,
            }
        }
    }

    async fn is_silent(&mut self) -> bool {
        let end = tokio::time::Instant::now() + SILENCE;
        while let Ok(seen) = tokio::time::timeout_at(end, self.client.next()).await {
            if !matches!(seen, Seen::Other(_)) {
                return false;
            }
        }
        true
    }
}

async fn next(client: &mut dyn Client) -> Seen {
    tokio::time::timeout(PATIENCE, client.next()).await.expect("something comes")
}

#[allow(missing_docs, reason = "a case says what it shows in its name")]
mod cases {
    use super::{Command, Dial, Draft, Duration, Live, Mark, RoomId, Seen, group, next, user};

    pub async fn the_first_word_is_ready(dial: &impl Dial) {
        Live::start(dial, "ana").await;
    }

    pub async fn a_bad_token_is_refused_and_closed(dial: &impl Dial) {
        let mut client = dial.dial().await;
        client.hello("", None).await;
        assert!(matches!(next(&mut *client).await, Seen::Refused(_, code) if code == "UNAUTHENTICATED"));
        assert_eq!(next(&mut *client).await, Seen::Closed);
    }

    pub async fn a_command_before_hello_is_refused_and_closed(dial: &impl Dial) {
        let mut client = dial.dial().await;
        client.command(1, Command::Ping).await;
        assert!(matches!(next(&mut *client).await, Seen::Refused(1, code) if code == "UNAUTHENTICATED"));
        assert_eq!(next(&mut *client).await, Seen::Closed);
    }

    pub async fn others_get_a_message_and_the_sending_connection_its_answer(dial: &impl Dial) {
        let room = group(dial, &["ana", "ben"]).await;
        let (mut ana, mut ben) = (Live::start(dial, "ana").await, Live::start(dial, "ben").await);
        ana.send(7, room, "hi").await;
        assert_eq!(ana.next().await, Seen::Done(7, Some(1)));
        assert_eq!(ben.next().await, Seen::Message(room, 1, "hi".into()));
        assert!(ana.is_silent().await);
    }

    pub async fn the_senders_other_devices_get_the_message_too(dial: &impl Dial) {
        let room = group(dial, &["ana"]).await;
        let (mut phone, mut desk) = (Live::start(dial, "ana").await, Live::start(dial, "ana").await);
        phone.send(1, room, "hi").await;
        assert_eq!(desk.next().await, Seen::Message(room, 1, "hi".into()));
    }

    pub async fn whoever_comes_to_follow_a_thread_by_a_reply_is_told_so_and_then_answered(dial: &impl Dial) {
        let room = group(dial, &["ana", "ben"]).await;
        let root = dial.engine().as_user(user("ana")).send(room, Draft::text("who runs?")).await;
        let root = root.expect("a message").id;
        let mut ben = Live::start(dial, "ben").await;
        for (id, expected) in [(1, 1), (2, 0)] {
            ben.client.command(id, Command::Send(room, Draft::text("me").replying(root))).await;
            let mut told = 0;
            loop {
                match next(&mut *ben.client).await {
                    Seen::Other(name) => told += u64::from(name == "threadRead"),
                    seen => break assert_eq!(seen, Seen::Done(id, Some(id + 1))),
                }
            }
            assert_eq!(told, expected, "by the first one");
        }
    }

    pub async fn a_burst_of_sends_keeps_its_order(dial: &impl Dial) {
        const BURST: u64 = 200;
        let room = group(dial, &["ana", "ben"]).await;
        let (mut ana, mut ben) = (Live::start(dial, "ana").await, Live::start(dial, "ben").await);
        let sending = async {
            for id in 1..=BURST {
                ana.send(id, room, format!("m{id}")).await;
                if id % 32 == 0 {
                    // A client that reads nothing is no healthy one.
                    tokio::task::yield_now().await;
                }
            }
            for id in 1..=BURST {
                assert_eq!(ana.next().await, Seen::Done(id, Some(id)));
            }
        };
        let hearing = async {
            for id in 1..=BURST {
                assert_eq!(ben.next().await, Seen::Message(room, id, format!("m{id}")));
            }
        };
        tokio::join!(sending, hearing);
    }

    pub async fn three_senders_at_once_make_one_order_everywhere(dial: &impl Dial) {
        const EACH: u64 = 30;
        let room = group(dial, &["ana", "ben", "cho", "dee", "eve"]).await;
        let mut dee = Live::start(dial, "dee").await;
        let mut eve = Live::start(dial, "eve").await;
        let send = async |name: &'static str| {
            let mut live = Live::start(dial, name).await;
            for id in 1..=EACH {
                live.send(id, room, format!("{name}{id}")).await;
            }
            let mut answers = 0;
            while answers < EACH {
                answers += u64::from(matches!(live.next().await, Seen::Done(..)));
            }
        };
        let hear = async |live: &mut Live| {
            let mut heard = Vec::new();
            while heard.len() < 3 * EACH as usize {
                match live.next().await {
                    Seen::Message(_, seq, text) => heard.push((seq, text)),
                    other => panic!("no message but {other:?}"),
                }
            }
            heard
        };
        let (_, _, _, one, other) =
            tokio::join!(send("ana"), send("ben"), send("cho"), hear(&mut dee), hear(&mut eve));
        assert_eq!(one, other);
        assert!(one.iter().map(|(seq, _)| *seq).eq(1..=3 * EACH), "numbered without a gap");
    }

    pub async fn all_rooms_are_joined_and_later_ones_followed(dial: &impl Dial) {
        let mut rooms = Vec::new();
        for _ in 0..30 {
            rooms.push(group(dial, &["ana", "ben"]).await);
        }
        let mut ben = Live::start(dial, "ben").await;
        rooms.push(group(dial, &["ana", "ben"]).await);
        let late = group(dial, &["ana"]).await;
        let ana = dial.engine().as_user(user("ana"));
        ana.invite(late, &[user("ben")]).await.expect("an invitation");
        rooms.push(late);
        for room in &rooms {
            ana.send(*room, Draft::text("hi")).await.expect("a message");
        }
        let mut heard = Vec::new();
        while heard.len() < rooms.len() {
            if let Seen::Message(room, ..) = ben.next().await {
                heard.push(room);
            }
        }
        assert_eq!(heard, rooms);
    }

    pub async fn whoever_is_removed_hears_nothing_more_and_sends_nothing(dial: &impl Dial) {
        let room = group(dial, &["ana", "ben"]).await;
        let mut ben = Live::start(dial, "ben").await;
        let ana = dial.engine().as_user(user("ana"));
        ana.remove(room, &user("ben")).await.expect("a removal");
        ana.send(room, Draft::text("without ben")).await.expect("a message");
        ben.send(1, room, "still here").await;
        assert_eq!(ben.next().await, Seen::Refused(1, "NOT_A_PARTICIPANT".into()));
        assert!(ben.is_silent().await);
    }

    pub async fn a_muted_room_is_silent_and_catches_up_when_it_is_wanted_again(dial: &impl Dial) {
        let room = group(dial, &["ana", "ben"]).await;
        let mut ben = Live::start(dial, "ben").await;
        let since = ben.began;
        let ana = dial.engine().as_user(user("ana"));
        ben.client.command(1, Command::Unsubscribe(room)).await;
        assert_eq!(ben.next().await, Seen::Done(1, None));
        ana.send(room, Draft::text("one")).await.expect("a message");
        assert!(ben.is_silent().await);
        ben.send(2, room, "two").await;
        assert_eq!(ben.next().await, Seen::Done(2, Some(2)), "the membership stays");
        ben.client.command(3, Command::Subscribe(room, Some(since))).await;
        let mut heard = Vec::new();
        loop {
            match ben.next().await {
                Seen::CaughtUp(_, recovered) => break assert!(recovered),
                Seen::Message(_, seq, _) => heard.push(seq),
                _ => {}
            }
        }
        assert_eq!(heard, [1, 2]);
        ana.send(room, Draft::text("three")).await.expect("a message");
        assert_eq!(ben.next().await, Seen::Message(room, 3, "three".into()));
    }

    pub async fn typing_is_told_to_the_others(dial: &impl Dial) {
        let room = group(dial, &["ana", "ben"]).await;
        let (mut ana, mut ben) = (Live::start(dial, "ana").await, Live::start(dial, "ben").await);
        ana.client.command(1, Command::Typing(room, true)).await;
        assert_eq!(ana.next().await, Seen::Done(1, None));
        assert_eq!(ben.next().await, Seen::Typing(user("ana"), true));
        ana.client.command(2, Command::Typing(room, false)).await;
        assert_eq!(ben.next().await, Seen::Typing(user("ana"), false));
    }

    pub async fn marks_are_told_to_everybody(dial: &impl Dial) {
        let room = group(dial, &["ana", "ben"]).await;
        let (mut ana, mut ben) = (Live::start(dial, "ana").await, Live::start(dial, "ben").await);
        ana.send(1, room, "hi").await;
        assert_eq!(ben.next().await, Seen::Message(room, 1, "hi".into()));
        ben.client.command(2, Command::Mark(room, Mark::Read, None)).await;
        let told = Seen::Marked(user("ben"), Mark::Read, 1);
        assert_eq!(ben.next().await, told, "the reader too");
        assert_eq!(ben.next().await, Seen::Done(2, None));
        assert_eq!(ana.next().await, Seen::Done(1, Some(1)));
        assert_eq!(ana.next().await, told);
    }

    pub async fn what_was_missed_comes_once_and_then_the_live(dial: &impl Dial) {
        let rooms = [group(dial, &["ana", "ben"]).await, group(dial, &["ana", "ben", "cho"]).await];
        let since = Live::start(dial, "ben").await.began;
        let ana = dial.engine().as_user(user("ana"));
        for number in 1..=150 {
            for room in rooms {
                ana.send(room, Draft::text(format!("m{number}"))).await.expect("a message");
            }
        }
        dial.engine().as_user(user("cho")).leave(rooms[1]).await.expect("a leave");
        let mut ben = Live::since(dial, "ben", Some(since)).await;
        assert_eq!(ben.began, since, "until it is caught up, the client keeps its own position");
        let mut heard: Vec<(RoomId, u64)> = Vec::new();
        let now = loop {
            match ben.next().await {
                Seen::CaughtUp(now, recovered) => {
                    assert!(recovered);
                    break now.expect("a position");
                }
                Seen::Message(room, seq, _) | Seen::System(room, seq) => heard.push((room, seq)),
                _ => {}
            }
        };
        for (room, last) in [(rooms[0], 150), (rooms[1], 151)] {
            let seqs = heard.iter().filter(|(heard, _)| *heard == room).map(|(_, seq)| *seq);
            assert!(seqs.eq(1..=last), "each once, in order");
        }
        ana.send(rooms[0], Draft::text("live")).await.expect("a message");
        assert_eq!(ben.next().await, Seen::Message(rooms[0], 151, "live".into()));
        let mut again = Live::since(dial, "ben", Some(now)).await;
        assert_eq!(again.next().await, Seen::Message(rooms[0], 151, "live".into()));
        assert!(matches!(again.next().await, Seen::CaughtUp(_, true)));
    }

    pub async fn a_token_of_another_history_recovers_nothing(dial: &impl Dial) {
        let room = group(dial, &["ana", "ben"]).await;
        let since = Live::start(dial, "ben").await.began;
        dial.engine().as_user(user("ana")).send(room, Draft::text("hi")).await.expect("a message");
        dial.engine().admin().rotate_epoch().await.expect("another epoch");
        let mut ben = Live::since(dial, "ben", Some(since)).await;
        assert!(matches!(ben.next().await, Seen::CaughtUp(Some(now), false) if now.epoch != since.epoch));
    }

    pub async fn a_fault_is_answered_and_ends_nothing(dial: &impl Dial) {
        let mut ana = Live::start(dial, "ana").await;
        ana.send(1, RoomId::generate(), "hi").await;
        assert_eq!(ana.next().await, Seen::Refused(1, "ROOM_NOT_FOUND".into()));
        let room = group(dial, &["ana"]).await;
        ana.send(2, room, " ").await;
        assert_eq!(ana.next().await, Seen::Refused(2, "INVALID_INPUT".into()));
        ana.client.command(3, Command::Ping).await;
        assert_eq!(ana.next().await, Seen::Done(3, None));
    }

    pub async fn a_drain_answers_what_it_took_and_closes(dial: &impl Dial) {
        let room = group(dial, &["ana"]).await;
        let mut ana = Live::start(dial, "ana").await;
        for id in 1..=50 {
            ana.send(id, room, "hi").await;
        }
        // Some are taken before the drain begins, and some may come after it.
        let first = ana.next().await;
        let drain = dial.engine().drain(Duration::from_secs(5));
        let listen = async {
            let mut answered = u64::from(matches!(first, Seen::Done(..)));
            loop {
                match ana.next().await {
                    Seen::Done(id, _) => {
                        answered += 1;
                        assert_eq!(id, answered, "none silent");
                    }
                    Seen::Refused(_, code) => assert_eq!(code, "UNAVAILABLE"),
                    Seen::Closed => break answered,
                    _ => {}
                }
            }
        };
        let (_, answered) = tokio::join!(drain, listen);
        assert!(answered > 0);
    }

    pub async fn a_token_that_expires_ends_its_connection(dial: &impl Dial) {
        let soon = crate::Clock::now(&**dial.engine().clock()).plus(Duration::from_millis(300));
        let began = std::time::Instant::now();
        let mut ana = Live::start(dial, &format!("ana@{}", soon.as_millis())).await;
        assert_eq!(ana.next().await, Seen::Closed);
        assert!(began.elapsed() < Duration::from_millis(1300), "within a second");
    }
}

pub use cases::*;
