//! Messages that are seen while they are written.

use std::time::Duration;

use chat_core::event::{Command, Event, EventKind, Reply};
use chat_core::model::{Delta, Draft, Message, NewRoom};
use chat_core::store::{MemoryStore, MessageReads, SqliteStore, Store};
use chat_core::testing::{FaultyStore, ManualClock};
use chat_core::{ChatEngine, Config, ErrorKind, MessageId, RoomId, Session, UserId};

const SECOND: Duration = Duration::from_secs(1);

fn id(name: &str) -> UserId {
    name.parse().unwrap()
}

fn code<T: std::fmt::Debug>(result: chat_core::Result<T>) -> &'static str {
    result.map_or_else(|error| error.code(), |_| "OK")
}

/// An engine whose clock stands unless it is moved, so that nothing is kept or ended by itself meanwhile.
struct Chat {
    engine: ChatEngine,
    clock: ManualClock,
    store: FaultyStore,
    room: RoomId,
}

impl Chat {
    async fn new() -> Self {
        Self::on(MemoryStore::new(), Config::default()).await
    }

    async fn on(store: impl Store, mut config: Config) -> Self {
        config.stream_interval = Duration::from_millis(10);
        let (store, clock) = (FaultyStore::on(store), ManualClock::default());
        let builder = ChatEngine::builder().store(store.clone()).clock(clock.clone()).config(config);
        let engine = builder.build().await.unwrap();
        let new = NewRoom::group("Answers").with(["ana", "ben"]);
        let room = engine.as_user(id("bot")).create_room(new).await.unwrap().id();
        Self { engine, clock, store, room }
    }

    async fn begin(&self) -> MessageId {
        self.engine.as_user(id("bot")).start_stream(self.room, Draft::begun(None, None)).await.unwrap().id
    }

    async fn append(&self, message: MessageId, text: &str) -> chat_core::Result<()> {
        self.engine.as_user(id("bot")).append_stream(self.room, message, text).await
    }

    async fn stop(&self, message: MessageId) -> chat_core::Result<std::sync::Arc<Message>> {
        self.engine.as_user(id("bot")).stop_stream(self.room, message).await
    }

    /// What is stored of it.
    async fn kept(&self, message: MessageId) -> (String, bool) {
        let message = self.store.message(self.room, message).await.unwrap().unwrap();
        (message.body.content().unwrap_or_default().to_owned(), message.state.writing_until.is_some())
    }

    /// Waits until that is stored.
    async fn is_kept(&self, message: MessageId, words: &str, is_written: bool) {
        while self.kept(message).await != (words.to_owned(), !is_written) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

async fn next<T>(session: &mut Session, wanted: impl Fn(&Event) -> Option<T>) -> T {
    loop {
        let event = session.next().await.unwrap();
        if let Some(found) = wanted(&event) {
            return found;
        }
    }
}

fn delta(event: &Event) -> Option<Delta> {
    match &event.kind {
        EventKind::Delta(delta) => Some(delta.clone()),
        _ => None,
    }
}

fn state(event: &Event) -> Option<(String, bool)> {
    match &event.kind {
        EventKind::Amended(amended) => {
            let message = &amended.message;
            let words = message.body.content().unwrap_or_default().to_owned();
            Some((words, message.state.writing_until.is_some()))
        }
        _ => None,
    }
}

/// What a client shows that follows the rule of [`Delta`].
fn shown(words: &mut Vec<u16>, delta: &Delta) {
    let offset = usize::try_from(delta.offset).unwrap();
    if offset <= words.len() {
        words.truncate(offset);
        words.extend(delta.text.encode_utf16());
    }
}

#[tokio::test]
async fn others_see_the_words_as_they_come_and_then_all_of_them() {
    let chat = Chat::new().await;
    let mut ben = chat.engine.as_user(id("ben")).connect().await.unwrap();
    let message = chat.begin().await;
    let begun = next(&mut ben, |event| match &event.kind {
        EventKind::Message(message) => Some(message.clone()),
        _ => None,
    });
    let begun = begun.await;
    assert_eq!((begun.id, begun.body.content(), begun.seq), (message, Some(""), 1));
    assert!(begun.state.writing_until.is_some());
    let mut words = Vec::new();
    for part in ["Let ", "us 🏃", "‍♀️ at ", "한강"] {
        chat.append(message, part).await.unwrap();
        shown(&mut words, &next(&mut ben, delta).await);
    }
    assert_eq!(String::from_utf16(&words).unwrap(), "Let us 🏃‍♀️ at 한강");
    assert_eq!(chat.stop(message).await.unwrap().body.content(), Some("Let us 🏃‍♀️ at 한강"));
    assert_eq!(next(&mut ben, state).await.0, "Let us 🏃‍♀️ at 한강");
    assert_eq!(chat.kept(message).await, ("Let us 🏃‍♀️ at 한강".into(), false));
    assert_eq!(code(chat.append(message, "more").await), "FORBIDDEN");
    assert_eq!(code(chat.stop(message).await), "FORBIDDEN");
}

#[tokio::test]
async fn many_steps_are_few_events_and_fewer_changes() {
    let chat = Chat::new().await;
    let mut ben = chat.engine.as_user(id("ben")).connect().await.unwrap();
    let message = chat.begin().await;
    let before = chat.store.position().await.unwrap().position.of_room(chat.room);
    for _ in 0..2000 {
        chat.append(message, "x").await.unwrap();
    }
    chat.stop(message).await.unwrap();
    let (mut deltas, mut words) = (0, Vec::new());
    loop {
        let event = ben.next().await.unwrap();
        if let Some(delta) = delta(&event) {
            deltas += 1;
            shown(&mut words, &delta);
        }
        if let Some((all, false)) = state(&event) {
            assert_eq!(all.len(), 2000);
            break;
        }
    }
    let after = chat.store.position().await.unwrap().position.of_room(chat.room);
    assert!(after - before <= 2, "{} changes of the log", after - before);
    assert!(deltas < 1000, "{deltas} events for 2,000 steps");
}

#[tokio::test]
async fn who_comes_late_or_comes_back_has_the_words_so_far() {
    let chat = Chat::new().await;
    let mut ben = chat.engine.as_user(id("ben")).connect().await.unwrap();
    let message = chat.begin().await;
    let is_begun = |event: &Event| event.token.filter(|_| matches!(event.kind, EventKind::Message(_)));
    let token = next(&mut ben, is_begun).await;
    drop(ben);
    chat.append(message, "Half of").await.unwrap();
    chat.is_kept(message, "Half of", false).await;
    let ana = chat.engine.as_user(id("ana"));
    let view = ana.message(chat.room, message).await.unwrap();
    assert_eq!(view.message.body.content(), Some("Half of"));
    let ben = chat.engine.as_user(id("ben"));
    let mut back = ben.connect().await.unwrap();
    back.execute(Command::Resume(token)).await.unwrap();
    assert_eq!(next(&mut back, state).await, ("Half of".into(), true), "what was missed");
    chat.append(message, " it").await.unwrap();
    let more = next(&mut back, delta).await;
    assert_eq!((more.offset, &*more.text), (7, " it"));
    chat.stop(message).await.unwrap();
    assert_eq!(next(&mut back, state).await, ("Half of it".into(), false));
}

#[tokio::test]
async fn what_is_written_is_kept_now_and_then() {
    let chat = Chat::new().await;
    let message = chat.begin().await;
    chat.append(message, "one").await.unwrap();
    chat.is_kept(message, "one", false).await;
    chat.append(message, " two").await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(chat.kept(message).await.0, "one", "the clock stands");
    chat.clock.advance(2 * SECOND);
    chat.is_kept(message, "one two", false).await;
    // What cannot be kept now is kept later.
    chat.store.refuse(true);
    chat.append(message, " three").await.unwrap();
    chat.clock.advance(2 * SECOND);
    tokio::time::sleep(Duration::from_millis(50)).await;
    chat.store.refuse(false);
    chat.clock.advance(2 * SECOND);
    chat.is_kept(message, "one two three", false).await;
}

#[tokio::test]
async fn a_silent_writer_has_written_and_one_without_a_word_has_not() {
    let chat = Chat::new().await;
    let (said, silent) = (chat.begin().await, chat.begin().await);
    chat.append(said, "That is").await.unwrap();
    chat.is_kept(said, "That is", false).await;
    chat.clock.advance(29 * SECOND);
    chat.append(said, " all").await.unwrap();
    chat.is_kept(said, "That is all", false).await;
    chat.clock.advance(30 * SECOND);
    chat.is_kept(said, "That is all", true).await;
    while !chat.store.message(chat.room, silent).await.unwrap().unwrap().body.is_deleted() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(code(chat.append(said, "!").await), "FORBIDDEN");
    assert_eq!(code(chat.append(silent, "!").await), "MESSAGE_DELETED");
}

#[tokio::test]
async fn it_is_given_up_by_deleting_it_and_ends_with_the_membership() {
    let chat = Chat::new().await;
    let bot = chat.engine.as_user(id("bot"));
    let message = chat.begin().await;
    chat.append(message, "never mi").await.unwrap();
    bot.delete(chat.room, message).await.unwrap();
    assert_eq!(code(chat.append(message, "nd").await), "MESSAGE_DELETED");
    let message = chat.begin().await;
    chat.append(message, "bye").await.unwrap();
    chat.engine.admin().remove(chat.room, &id("bot")).await.unwrap();
    assert_eq!(code(chat.append(message, "bye").await), "NOT_A_PARTICIPANT");
    assert_eq!(code(chat.stop(message).await), "NOT_A_PARTICIPANT");
}

#[tokio::test]
async fn its_bounds_are_those_of_a_message_and_of_the_node() {
    let mut config = Config::default();
    (config.max_content_bytes, config.max_streams) = (10, 2);
    let chat = Chat::on(MemoryStore::new(), config).await;
    let bot = chat.engine.as_user(id("bot"));
    let message = chat.begin().await;
    chat.append(message, "12345678").await.unwrap();
    assert_eq!(code(chat.append(message, "한").await), "PAYLOAD_TOO_LARGE");
    chat.append(message, "90").await.unwrap();
    assert_eq!(code(chat.append(message, "a\0").await), "INVALID_INPUT");
    let ben = chat.engine.as_user(id("ben"));
    assert_eq!(code(ben.append_stream(chat.room, message, "").await), "FORBIDDEN");
    assert_eq!(code(ben.stop_stream(chat.room, message).await), "FORBIDDEN");
    assert_eq!(code(bot.start_stream(chat.room, Draft::image("https://a")).await), "INVALID_INPUT");
    assert_eq!(code(bot.append_stream(RoomId::generate(), message, "x").await), "ROOM_NOT_FOUND");
    // Whoever tries to end another's ends nothing.
    let second = chat.begin().await;
    assert_eq!(code(bot.start_stream(chat.room, Draft::begun(None, None)).await), "RATE_LIMITED");
    assert_eq!(code(chat.stop(second).await), "FORBIDDEN", "without a word");
    bot.delete(chat.room, second).await.unwrap();
    assert_eq!(chat.stop(message).await.unwrap().body.content(), Some("1234567890"));
    chat.begin().await;
}

#[tokio::test]
async fn a_retry_begins_no_second_message() {
    let chat = Chat::new().await;
    let bot = chat.engine.as_user(id("bot"));
    let draft = || Draft::begun(None, Some("answer-1".into()));
    let first = bot.start_stream(chat.room, draft()).await.unwrap();
    chat.append(first.id, "once").await.unwrap();
    let again = bot.start_stream(chat.room, draft()).await.unwrap();
    assert_eq!(again.id, first.id);
    chat.append(first.id, " and all").await.unwrap();
    assert_eq!(chat.stop(first.id).await.unwrap().body.content(), Some("once and all"));
    assert_eq!(bot.start_stream(chat.room, draft()).await.unwrap().body.content(), Some("once and all"));
    assert_eq!(code(chat.append(first.id, "!").await), "FORBIDDEN");
}

#[tokio::test]
async fn another_engine_goes_on_where_one_has_stopped() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("chat.db");
    let chat = Chat::on(SqliteStore::open(&path).await.unwrap(), Config::default()).await;
    let message = chat.begin().await;
    chat.append(message, "one").await.unwrap();
    chat.is_kept(message, "one", false).await;
    chat.append(message, " two").await.unwrap();
    let (clock, room) = (chat.clock.clone(), chat.room);
    chat.engine.drain(5 * SECOND).await;
    assert_eq!(chat.kept(message).await.0, "one two", "a stop keeps it");
    drop(chat);
    let store = SqliteStore::open(&path).await.unwrap();
    let engine = ChatEngine::builder().store(store).clock(clock).build().await.unwrap();
    let bot = engine.as_user(id("bot"));
    bot.append_stream(room, message, " three").await.unwrap();
    assert_eq!(bot.stop_stream(room, message).await.unwrap().body.content(), Some("one two three"));
}

#[tokio::test]
async fn a_session_writes_too_and_hears_nothing_of_its_own() {
    let chat = Chat::new().await;
    let bot = chat.engine.as_user(id("bot")).connect().await.unwrap();
    let mut ben = chat.engine.as_user(id("ben")).connect().await.unwrap();
    let Reply::Message(message) =
        bot.execute(Command::StartStream(chat.room, Draft::begun(Some("Hm".into()), None))).await.unwrap()
    else {
        panic!("no message")
    };
    let more = Command::AppendStream(chat.room, message.id, ", yes".into());
    assert!(matches!(bot.execute(more).await, Ok(Reply::Done)));
    let told = next(&mut ben, delta).await;
    assert_eq!((told.message, told.offset, &*told.text), (message.id, 2, ", yes"));
    let stop = Command::StopStream(chat.room, message.id);
    let Reply::Amended(whole) = bot.execute(stop).await.unwrap() else { panic!("no message") };
    assert_eq!((whole.body.content(), whole.state.writing_until), (Some("Hm, yes"), None));
    let mut bot = bot;
    bot.execute(Command::Ping).await.unwrap();
    chat.engine.as_user(id("ana")).send(chat.room, Draft::text("thanks")).await.unwrap();
    let first = next(&mut bot, |event| match &event.kind {
        EventKind::Ready(_) | EventKind::Presence { .. } => None,
        other => Some(format!("{other:?}")),
    });
    let first = first.await;
    assert!(first.contains("thanks"), "something of its own came before: {first}");
    let error = bot.execute(Command::AppendStream(chat.room, message.id, "!".into())).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Forbidden(_)));
}

#[tokio::test]
async fn an_end_that_cannot_be_kept_loses_no_words_and_is_tried_again() {
    let chat = Chat::new().await;
    let session = chat.engine.as_user(id("bot")).connect().await.unwrap();
    let message = chat.begin().await;
    chat.append(message, "one").await.unwrap();
    chat.is_kept(message, "one", false).await;
    chat.append(message, " two").await.unwrap();
    chat.store.refuse(true);
    assert_eq!(code(chat.stop(message).await), "UNAVAILABLE");
    assert_eq!(code(session.execute(Command::StopStream(chat.room, message)).await), "UNAVAILABLE");
    chat.store.refuse(false);
    chat.append(message, " three").await.unwrap();
    assert_eq!(chat.stop(message).await.unwrap().body.content(), Some("one two three"));

    let silent = chat.begin().await;
    chat.append(silent, "four").await.unwrap();
    chat.is_kept(silent, "four", false).await;
    chat.append(silent, " five").await.unwrap();
    chat.store.refuse(true);
    chat.clock.advance(30 * SECOND);
    tokio::time::sleep(Duration::from_millis(50)).await;
    chat.store.refuse(false);
    chat.clock.advance(30 * SECOND);
    chat.is_kept(silent, "four five", true).await;
    assert_eq!(code(chat.append(silent, "!").await), "FORBIDDEN");
}
