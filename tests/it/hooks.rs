//! The host's own rules: what they make of messages, edits and joins, and what becomes of it when they fail.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use chat_core::config::HookFailure;
use chat_core::event::Command;
use chat_core::model::{Body, Custom, Draft, HistoryQuery, Limit, NewInvite, NewRoom, Revision, Verb};
use chat_core::policy::{Editing, Hooks, Joining, Sending, Verdict, Welcome};
use chat_core::store::{MemoryStore, SqliteStore, Store};
use chat_core::{Actor, ChatEngine, Config, ErrorKind, Result, RoomId, UserId};
use tokio::sync::mpsc;

fn id(name: &str) -> UserId {
    name.parse().unwrap()
}

fn code<T: std::fmt::Debug>(result: Result<T>) -> &'static str {
    result.map_or_else(|error| error.code(), |_| "OK")
}

/// Does what the words say. Of whom it was asked about is counted.
#[derive(Debug, Clone, Default)]
struct Obedient(Arc<Seen>);

#[derive(Debug, Default)]
struct Seen {
    /// For whoever wants to hear of those alone who come in.
    only_joins: AtomicBool,
    asked: AtomicUsize,
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Obedient {
    fn asked(&self) -> usize {
        self.0.asked.load(Ordering::SeqCst)
    }

    async fn verdict(&self, words: &str) -> Result<Verdict> {
        self.0.asked.fetch_add(1, Ordering::SeqCst);
        match words {
            "hang" => std::future::pending().await,
            "fail" => Err(ErrorKind::Forbidden("the classifier's own words".into()).into()),
            "damn" => Ok(Verdict::Rewrite("d***".into())),
            "blank" => Ok(Verdict::Rewrite(" ".into())),
            "reject" => Ok(Verdict::Reject("mind your words".into())),
            "slow" => {
                let now = self.0.now.fetch_add(1, Ordering::SeqCst) + 1;
                self.0.most.fetch_max(now, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(10)).await;
                self.0.now.fetch_sub(1, Ordering::SeqCst);
                Ok(Verdict::Allow)
            }
            _ => Ok(Verdict::Allow),
        }
    }
}

impl Obedient {
    /// Marks a card as seen, with words that it brings along; a secret one is not sent.
    fn of_card(&self, custom: &Custom) -> Verdict {
        self.0.asked.fetch_add(1, Ordering::SeqCst);
        let mut card = custom.to_map().unwrap();
        let words = card.remove("words").map(|words| words.as_str().unwrap().to_owned());
        if card.contains_key("secret") {
            return Verdict::Reject("mind your cards".into());
        }
        let more = card.remove("more").map(|_| "x".repeat(5000)).unwrap_or_default();
        card.insert("seen".to_owned(), more.into());
        Verdict::Recast { words, custom: Custom::from(&card) }
    }
}

#[async_trait::async_trait]
impl Hooks for Obedient {
    fn asks_about(&self, verb: Verb) -> bool {
        verb == Verb::Join || !self.0.only_joins.load(Ordering::SeqCst)
    }

    async fn before_send(&self, sending: Sending<'_>) -> Result<Verdict> {
        assert!(sending.room.active);
        if !sending.custom.is_empty() {
            return Ok(self.of_card(sending.custom));
        }
        self.verdict(sending.body.content().unwrap_or_default()).await
    }

    async fn before_edit(&self, editing: Editing<'_>) -> Result<Verdict> {
        if let Some(custom) = editing.custom {
            assert_eq!(editing.content, None);
            return Ok(self.of_card(custom));
        }
        self.verdict(editing.content.unwrap_or_default()).await
    }

    async fn before_join(&self, joining: Joining<'_>) -> Result<Welcome> {
        self.0.asked.fetch_add(1, Ordering::SeqCst);
        match joining.actor.as_str() {
            "eve" => Ok(Welcome::Reject("not you".into())),
            "hal" => std::future::pending().await,
            _ => Ok(Welcome::Allow),
        }
    }
}

async fn engine_on(store: impl Store, config: Config) -> (ChatEngine, Obedient, RoomId, [Actor; 2]) {
    let hooks = Obedient::default();
    let engine =
        ChatEngine::builder().store(store).config(config).hooks(hooks.clone()).build().await.unwrap();
    let people = ["ana", "ben"].map(|name| engine.as_user(id(name)));
    let new = NewRoom::group("club").with(["ben"]).public();
    let room = people[0].create_room(new).await.unwrap().id();
    (engine, hooks, room, people)
}

async fn engine() -> (ChatEngine, Obedient, RoomId, [Actor; 2]) {
    engine_on(MemoryStore::new(), Config::default()).await
}

#[tokio::test]
async fn what_is_worth_no_question_is_let_through() {
    let (engine, hooks, room, [ana, _]) = engine().await;
    hooks.0.only_joins.store(true, Ordering::SeqCst);
    let sent = ana.send(room, Draft::text("reject")).await.unwrap();
    ana.edit(room, sent.id, Some("damn")).await.unwrap();
    assert_eq!(hooks.asked(), 0);
    assert_eq!(code(engine.as_user(id("eve")).join(room).await), "FORBIDDEN");
    assert_eq!(hooks.asked(), 1);
}

#[tokio::test]
async fn what_an_app_keeps_with_a_message_is_looked_at_too_and_may_be_something_else() {
    let (_engine, _, room, [ana, _]) = engine().await;
    let custom = |text: &str| text.parse::<Custom>().unwrap();
    let draft = |text: &str| Draft::text("hi").with_custom(custom(text)).with_client_id("c1");
    let sent = ana.send(room, draft("{\"a\":1}")).await.unwrap();
    assert_eq!((sent.body.content(), sent.custom.as_str()), (Some("hi"), "{\"a\":1,\"seen\":\"\"}"));
    assert_eq!(ana.send(room, draft("{\"a\":1}")).await.unwrap(), sent, "a retry is known by what was said");
    assert_eq!(code(ana.send(room, draft("{\"a\":2}")).await), "CLIENT_ID_CONFLICT");
    let both = Draft::text("hi").with_custom(custom("{\"words\":\"ho\"}"));
    let both = ana.send(room, both).await.unwrap();
    assert_eq!((both.body.content(), both.custom.as_str()), (Some("ho"), "{\"seen\":\"\"}"));
    for (text, expected) in [("{\"secret\":1}", "FORBIDDEN"), ("{\"more\":1}", "UNAVAILABLE")] {
        assert_eq!(code(ana.send(room, Draft::text("hi").with_custom(custom(text))).await), expected);
        let to = Revision::custom(custom(text));
        assert_eq!(code(ana.revise(room, sent.id, to).await), expected);
    }
    let edited = ana.revise(room, sent.id, Revision::custom(custom("{\"a\":3}"))).await.unwrap();
    assert_eq!((edited.body.content(), edited.custom.as_str()), (Some("hi"), "{\"a\":3,\"seen\":\"\"}"));
}

#[tokio::test]
async fn a_message_is_sent_as_it_is_with_other_words_or_not_at_all() {
    let (_engine, hooks, room, [ana, ben]) = engine().await;
    assert_eq!(ana.send(room, Draft::text("hello")).await.unwrap().body, Body::Text("hello".into()));
    assert_eq!(ana.send(room, Draft::text("damn")).await.unwrap().body, Body::Text("d***".into()));
    let picture = Draft { content: Some("damn".into()), ..Draft::image("https://example.org/x.png") };
    let picture = ana.send(room, picture).await.unwrap();
    assert_eq!(
        (picture.body.content(), picture.body.image_url()),
        (Some("d***"), Some("https://example.org/x.png"))
    );
    let refused = ana.send(room, Draft::text("reject")).await.unwrap_err();
    assert_eq!((refused.code(), refused.to_string()), ("FORBIDDEN", "mind your words".to_owned()));
    let session = ben.connect().await.unwrap();
    assert_eq!(session.send(room, Draft::text("damn")).await.unwrap().body, Body::Text("d***".into()));
    assert_eq!(code(session.send(room, Draft::text("reject")).await), "FORBIDDEN");
    assert_eq!(ben.history(room, HistoryQuery::newest(Limit::MESSAGES)).await.unwrap().messages.len(), 4);
    let asked = hooks.asked();
    assert_eq!(code(ana.send(RoomId::generate(), Draft::text("x")).await), "ROOM_NOT_FOUND");
    assert_eq!(code(ana.send(room, Draft::text(" ")).await), "INVALID_INPUT");
    assert_eq!(hooks.asked(), asked, "of what cannot be sent at all nobody asks");
}

#[tokio::test(start_paused = true)]
async fn a_retry_gets_the_first_message_whatever_the_host_says_by_then() {
    let (_engine, _hooks, room, [ana, _]) = engine().await;
    let draft = |words: &str| Draft::text(words).with_client_id("c1");
    let first = ana.send(room, draft("damn")).await.unwrap();
    assert_eq!(ana.send(room, draft("damn")).await.unwrap().id, first.id);
    assert_eq!(code(ana.send(room, draft("d***")).await), "CLIENT_ID_CONFLICT", "that was not said");
    for (client, words) in [("c2", "reject"), ("c3", "hang")] {
        let (engine, hooks) = (ChatEngine::builder(), Obedient::default());
        let store = Arc::new(MemoryStore::new());
        let plain = engine.shared_store(store.clone()).build().await.unwrap();
        let room = plain.as_user(id("ana")).create_room(NewRoom::group("club")).await.unwrap().id();
        let draft = || Draft::text(words).with_client_id(client);
        let first = plain.as_user(id("ana")).send(room, draft()).await.unwrap();
        let strict = ChatEngine::builder().shared_store(store).hooks(hooks).build().await.unwrap();
        assert_eq!(strict.as_user(id("ana")).send(room, draft()).await.unwrap().id, first.id, "{words}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_host_cannot_tell_is_refused_or_let_through_as_configured() {
    for (failure, expected) in [(HookFailure::Refuse, "UNAVAILABLE"), (HookFailure::Allow, "OK")] {
        let mut config = Config::default();
        (config.hook_failure, config.hook_timeout) = (failure, Duration::from_millis(300));
        let (engine, _hooks, room, [ana, _]) = engine_on(MemoryStore::new(), config).await;
        let sent = ana.send(room, Draft::text("hello")).await.unwrap();
        for words in ["hang", "fail", "blank"] {
            let began = tokio::time::Instant::now();
            let result = ana.send(room, Draft::text(words)).await;
            assert!(began.elapsed() < Duration::from_secs(1), "{words}");
            if let Ok(message) = &result {
                assert_eq!(message.body, Body::Text(words.into()), "as it was said");
            }
            assert_eq!(code(result), expected, "{words}");
            assert_eq!(code(ana.edit(room, sent.id, Some(words)).await), expected, "{words}");
        }
        assert_eq!(code(engine.as_user(id("hal")).join(room).await.map(|_| ())), expected);
    }
}

#[tokio::test]
async fn so_many_questions_are_asked_at_once_and_no_more() {
    let mut config = Config::default();
    (config.hooks_at_once, config.hook_timeout) = (3, Duration::from_secs(20));
    let (_engine, hooks, room, [ana, _]) = engine_on(MemoryStore::new(), config).await;
    let mut sends = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let ana = ana.clone();
        sends.spawn(async move { ana.send(room, Draft::text("slow")).await.map(drop) });
    }
    while let Some(sent) = sends.join_next().await {
        sent.unwrap().unwrap();
    }
    assert_eq!((hooks.asked(), hooks.0.most.load(Ordering::SeqCst)), (20, 3));
}

#[tokio::test]
async fn edits_and_joins_are_asked_about_and_the_hosts_own_acts_are_not() {
    let (engine, hooks, room, [ana, _]) = engine().await;
    let sent = ana.send(room, Draft::text("hello")).await.unwrap();
    let edited = ana.edit(room, sent.id, Some("damn")).await.unwrap();
    assert_eq!(edited.body, Body::Text("d***".into()));
    assert_eq!(code(ana.edit(room, sent.id, Some("reject")).await), "FORBIDDEN");
    let link = ana.create_invite(room, NewInvite::default()).await.unwrap().code;
    let eve = engine.as_user(id("eve"));
    for refused in [eve.join(room).await.unwrap_err(), eve.accept_invite(link).await.unwrap_err()] {
        assert_eq!((refused.code(), refused.to_string()), ("FORBIDDEN", "not you".to_owned()));
    }
    engine.as_user(id("dee")).join(room).await.unwrap();
    let asked = hooks.asked();
    let admin = engine.admin();
    assert_eq!(admin.edit(room, sent.id, Some("reject")).await.unwrap().body, Body::Text("reject".into()));
    admin.invite(room, &[id("eve")]).await.unwrap();
    ana.delete(room, sent.id).await.unwrap();
    assert_eq!(hooks.asked(), asked);
}

#[tokio::test]
async fn what_waits_in_the_outbox_is_asked_about_when_it_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chat.db");
    let (tell, mut told) = mpsc::unbounded_channel();
    let (hooks, store) = (Obedient::default(), SqliteStore::open(&path).await.unwrap());
    let builder = ChatEngine::builder().store(store).hooks(hooks.clone());
    let builder = builder.on_refused_send(move |refused| drop(tell.send(refused)));
    let engine = builder.build().await.unwrap();
    let ana = engine.as_user(id("ana"));
    let room = ana.create_room(NewRoom::group("club")).await.unwrap().id();
    let mut own = rusqlite::Connection::open(&path).unwrap();
    let mut ids = Vec::new();
    for words in ["hello", "damn", "reject"] {
        let mut tx = own.transaction().unwrap();
        let outgoing = ana.send_in(&mut tx, room, Draft::text(words)).await.unwrap();
        assert_eq!(hooks.asked(), ids.len().min(hooks.asked()), "not when it is written");
        ids.push(outgoing.id());
        tx.commit().unwrap();
        outgoing.committed();
    }
    let refused = told.recv().await.unwrap();
    assert_eq!((refused.message, refused.error.code()), (ids[2], "FORBIDDEN"));
    let history = ana.history(room, HistoryQuery::newest(Limit::MESSAGES)).await.unwrap();
    let said: Vec<_> = history.messages.iter().rev().map(|seen| seen.message.body.clone()).collect();
    assert_eq!(said, [Body::Text("hello".into()), Body::Text("d***".into())]);
}

#[tokio::test]
async fn what_is_written_bit_by_bit_is_asked_about_with_each_append() {
    let (_engine, _hooks, room, [ana, _ben]) = engine().await;
    let session = ana.connect().await.unwrap();
    let begun = ana.start_stream(room, Draft::begun(None, None)).await.unwrap().id;
    ana.append_stream(room, begun, "re").await.unwrap();
    let refused = ana.append_stream(room, begun, "ject").await.unwrap_err();
    assert_eq!((refused.code(), refused.to_string()), ("FORBIDDEN", "mind your words".to_owned()));
    let more = Command::AppendStream(room, begun, "ject".into());
    assert_eq!(code(session.execute(more).await), "FORBIDDEN");
    ana.append_stream(room, begun, "ady").await.unwrap();
    assert_eq!(ana.stop_stream(room, begun).await.unwrap().body, Body::Text("ready".into()));

    let other = ana.start_stream(room, Draft::begun(Some("da".into()), None)).await.unwrap().id;
    assert_eq!(
        code(ana.append_stream(room, other, "mn").await),
        "FORBIDDEN",
        "what is told cannot be reworded"
    );
    assert_eq!(code(ana.start_stream(room, Draft::begun(Some("reject".into()), None)).await), "FORBIDDEN");
}

#[tokio::test]
async fn what_is_passed_on_is_asked_about_where_it_goes() {
    let (engine, hooks, room, [ana, _ben]) = engine().await;
    let other = ana.create_room(NewRoom::group("others").with(["cho"])).await.unwrap().id();
    // Said by the host, which nobody asks about.
    let words = ana.send(room, Draft::text("fine")).await.unwrap().id;
    engine.admin().edit(room, words, Some("reject")).await.unwrap();
    let asked = hooks.asked();
    assert_eq!(code(ana.forward(room, words, other, None).await), "FORBIDDEN");
    engine.admin().edit(room, words, Some("damn")).await.unwrap();
    let passed = ana.forward(room, words, other, Some("f-1")).await.unwrap();
    assert_eq!(passed.body, Body::Text("d***".into()));
    let again = ana.forward(room, words, other, Some("f-1")).await.unwrap();
    assert_eq!((again.id, hooks.asked()), (passed.id, asked + 3));
}
