//! Messages that the host's rules hold back: over every way, for everybody whom they concern.

mod told;

use std::time::Duration;

use axum::Router;
use bytes::Bytes;
use chat_core::blob::FolderStore;
use chat_core::config::HookFailure;
use chat_core::event::{EventKind, Notification};
use chat_core::model::{Act, Body, Draft, HistoryQuery, Limit, NewRoom, Verb};
use chat_core::policy::{Editing, Hooks, Joining, Sending, Verdict, Welcome};
use chat_core::store::{MemoryStore, SqliteStore, Upkeep};
use chat_core::testing::{FaultyStore, ManualClock, NameTokens};
use chat_core::transfer::Scope;
use chat_core::transport::socketio::{self, SocketIoOptions};
use chat_core::transport::{rest, ws};
use chat_core::{Actor, ChatEngine, Config, Error, ErrorKind, MessageId, Result, RoomId, Session, UserId};
use futures_util::stream;
use serde_json::{Value, json};

use crate::heard::next;
use crate::served::{Native, ask, serve};
use crate::socketio::client::Ws;

fn id(name: &str) -> UserId {
    name.parse().unwrap()
}

fn code<T: std::fmt::Debug>(result: Result<T>) -> &'static str {
    result.map_or_else(|error| error.code(), |_| "OK")
}

/// Holds what says "buy", and does not know of what says "fail".
#[derive(Debug, Clone, Copy)]
struct Wary;

fn verdict(words: Option<&str>) -> Result<Verdict> {
    match words.unwrap_or_default() {
        words if words.contains("buy") => Ok(Verdict::Hold("Advertising?".into())),
        words if words.contains("fail") => Err(ErrorKind::Unavailable.into()),
        words if words.contains("long") => Ok(Verdict::Hold("x".repeat(1001).into())),
        _ => Ok(Verdict::Allow),
    }
}

#[async_trait::async_trait]
impl Hooks for Wary {
    fn asks_about(&self, _: Verb) -> bool {
        true
    }

    async fn before_send(&self, sending: Sending<'_>) -> Result<Verdict> {
        verdict(sending.body.content())
    }

    async fn before_edit(&self, editing: Editing<'_>) -> Result<Verdict> {
        verdict(editing.content)
    }

    async fn before_join(&self, joining: Joining<'_>) -> Result<Welcome> {
        if joining.actor.as_str() == "hal" { Err(ErrorKind::Unavailable.into()) } else { Ok(Welcome::Allow) }
    }
}

/// A room of ana, ben and cho, which ana owns, in a file.
struct Chat {
    engine: ChatEngine,
    clock: ManualClock,
    store: FaultyStore,
    room: RoomId,
    dir: tempfile::TempDir,
}

impl Chat {
    async fn new() -> Self {
        Self::with(Config::default()).await
    }

    async fn with(config: Config) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = FaultyStore::on(SqliteStore::open(dir.path().join("chat.db")).await.unwrap());
        let clock = ManualClock::default();
        let builder = ChatEngine::builder().store(store.clone()).clock(clock.clone()).hooks(Wary);
        let builder = builder.blobs(FolderStore::new(dir.path().join("files"))).config(config);
        let engine = builder.authenticator(NameTokens).build().await.unwrap();
        let new = NewRoom::group("club").with(["ben", "cho"]).public();
        let room = engine.as_user(id("ana")).create_room(new).await.unwrap().id();
        Self { engine, clock, store, room, dir }
    }

    fn user(&self, name: &str) -> Actor {
        self.engine.as_user(id(name))
    }

    fn people(&self) -> [Actor; 3] {
        ["ana", "ben", "cho"].map(|name| self.user(name))
    }

    async fn hold(&self, who: &str, words: &str) -> MessageId {
        held(self.user(who).send(self.room, Draft::text(words)).await.unwrap_err())
    }

    async fn said(&self) -> Vec<Option<String>> {
        let history =
            self.user("cho").history(self.room, HistoryQuery::newest(Limit::MESSAGES)).await.unwrap();
        history.messages.iter().map(|seen| seen.message.body.content().map(str::to_owned)).collect()
    }
}

/// Under which id it waits.
fn held(error: Error) -> MessageId {
    let ErrorKind::Held(id) = *error.kind() else { panic!("it is not held: {error:?}") };
    assert!(!error.kind().is_retryable());
    id
}

/// In which room other messages are held now.
fn changes(kind: &EventKind) -> Option<RoomId> {
    match kind {
        EventKind::Notification(Notification::HeldMessagesChanged(room)) => Some(*room),
        _ => None,
    }
}

/// Which message was let go, in which room, since nobody has answered.
fn expired(kind: &EventKind) -> Option<(RoomId, MessageId)> {
    match kind {
        EventKind::Notification(Notification::MessageExpired(room, id)) => Some((*room, *id)),
        _ => None,
    }
}

/// What comes up to this message, but for presence.
async fn until(session: &mut Session, last: &str) -> Vec<EventKind> {
    let mut kinds = Vec::new();
    loop {
        let kind = session.next().await.unwrap().kind.clone();
        match &kind {
            EventKind::Message(message) if message.body.content() == Some(last) => break kinds,
            EventKind::Presence { .. } | EventKind::Ready(_) => {}
            _ => kinds.push(kind),
        }
    }
}

#[tokio::test]
async fn what_is_held_is_seen_by_moderators_alone_and_once_approved_by_everybody() {
    let chat = Chat::new().await;
    let [ana, ben, cho] = chat.people();
    let (mut sender, mut listener) = (ben.connect().await.unwrap(), cho.connect().await.unwrap());
    let refused = sender.send(chat.room, Draft::text("buy now")).await.unwrap_err();
    assert_eq!(
        (refused.code(), refused.to_string().as_str()),
        ("HELD", "your message waits for a moderator")
    );
    let waits = held(refused);
    let page = ana.held(chat.room, None, Limit::MESSAGES).await.unwrap();
    let [seen] = &page.held[..] else { panic!("{page:?}") };
    assert_eq!(
        (seen.id, &seen.body, seen.sender.user.as_str()),
        (waits, &Body::Text("buy now".into()), "ben")
    );
    assert_eq!((seen.reason.as_deref(), page.next), (Some("Advertising?"), None));
    let own = ben.own_held(None, Limit::MESSAGES).await.unwrap().held;
    assert_eq!((own[0].id, &own[0].reason), (waits, &None), "why, is not told");
    for other in [&ben, &cho] {
        assert_eq!(code(other.held(chat.room, None, Limit::MESSAGES).await), "FORBIDDEN");
        assert_eq!(code(other.approve_held(chat.room, waits).await), "FORBIDDEN");
        assert_eq!(code(other.reject_held(chat.room, waits, None).await), "FORBIDDEN");
    }
    assert_eq!(code(cho.withdraw_held(chat.room, waits).await), "MESSAGE_NOT_FOUND");
    ana.send(chat.room, Draft::text("hello")).await.unwrap();
    chat.clock.advance(Duration::from_secs(60));
    let message = ana.approve_held(chat.room, waits).await.unwrap();
    assert_eq!((message.id, message.seq, message.created_at), (waits, 2, chat.engine_now()));
    ana.send(chat.room, Draft::text("the end")).await.unwrap();
    let heard = until(&mut listener, "the end").await;
    assert!(
        matches!(&heard[..], [EventKind::Message(_), EventKind::Message(sent)] if sent.id == waits),
        "nothing of it before, and nobody else is told of the approval: {heard:?}"
    );
    let heard = until(&mut sender, "the end").await;
    assert!(heard.iter().any(|kind| matches!(kind, EventKind::Message(sent) if sent.id == waits)));
    let is_told = |kind: &&EventKind| {
        matches!(kind, EventKind::Notification(Notification::MessageApproved(room, id))
            if (*room, *id) == (chat.room, waits))
    };
    assert_eq!(heard.iter().filter(is_told).count(), 1, "{heard:?}");
    let acts = ana.audit(chat.room, None, Limit::MESSAGES).await.unwrap().entries;
    assert_eq!((acts[0].act, &acts[0].by), (Act::ApproveMessage(waits), &Some(id("ana"))));
    assert_eq!(code(ana.approve_held(chat.room, waits).await), "MESSAGE_NOT_FOUND");
    assert!(ben.own_held(None, Limit::MESSAGES).await.unwrap().held.is_empty());
}

impl Chat {
    fn engine_now(&self) -> chat_core::Timestamp {
        chat_core::Clock::now(&self.clock)
    }
}

#[tokio::test]
async fn a_rejection_tells_its_sender_why_and_a_withdrawal_which_one_it_was() {
    let chat = Chat::new().await;
    let [ana, ben, _] = chat.people();
    let mut session = ben.connect().await.unwrap();
    let (one, other) = (chat.hold("ben", "buy one").await, chat.hold("ben", "buy two").await);
    assert_eq!(code(ana.reject_held(chat.room, one, Some("x".repeat(1001))).await), "INVALID_INPUT");
    ana.reject_held(chat.room, one, Some("no ads".into())).await.unwrap();
    ben.withdraw_held(chat.room, other).await.unwrap();
    ana.send(chat.room, Draft::text("the end")).await.unwrap();
    let heard = until(&mut session, "the end").await;
    let heard: Vec<_> = heard.into_iter().filter(|kind| changes(kind).is_none()).collect();
    let [rejected, withdrawn] = &heard[..] else { panic!("{heard:?}") };
    let EventKind::Notification(Notification::MessageRejected(room, id, why)) = rejected else {
        panic!("{rejected:?}")
    };
    assert_eq!((*room, *id, why.as_deref()), (chat.room, one, Some("no ads")));
    let EventKind::Notification(Notification::MessageWithdrawn(room, id)) = withdrawn else {
        panic!("{withdrawn:?}")
    };
    assert_eq!((*room, *id), (chat.room, other));
    assert!(ana.held(chat.room, None, Limit::MESSAGES).await.unwrap().held.is_empty());
    let acts = ana.audit(chat.room, None, Limit::MESSAGES).await.unwrap().entries;
    assert_eq!(
        (acts.len(), acts[0].act, acts[0].reason.as_deref()),
        (1, Act::RejectMessage(one), Some("no ads"))
    );
    assert_eq!(chat.said().await, [Some("the end".to_owned())]);
}

#[tokio::test]
async fn a_retry_is_answered_alike_until_the_message_is_there() {
    let chat = Chat::new().await;
    let [ana, ben, _] = chat.people();
    let draft = || Draft::text("buy now").with_client_id("c1");
    let waits = held(ben.send(chat.room, draft()).await.unwrap_err());
    assert_eq!(held(ben.send(chat.room, draft()).await.unwrap_err()), waits);
    let other = Draft::text("hello").with_client_id("c1");
    assert_eq!(code(ben.send(chat.room, other).await), "CLIENT_ID_CONFLICT");
    ana.approve_held(chat.room, waits).await.unwrap();
    assert_eq!(ben.send(chat.room, draft()).await.unwrap().id, waits);
    // An engine that asks nobody sends it; what waits is then settled by that.
    let draft = || Draft::text("buy more").with_client_id("c2");
    let waits = held(ben.send(chat.room, draft()).await.unwrap_err());
    let plain = ChatEngine::builder()
        .shared_store(chat.store.shared())
        .clock(chat.clock.clone())
        .build()
        .await
        .unwrap();
    let sent = plain.as_user(id("ben")).send(chat.room, draft()).await.unwrap();
    assert_eq!(ana.approve_held(chat.room, waits).await.unwrap().id, sent.id);
    assert!(ana.held(chat.room, None, Limit::MESSAGES).await.unwrap().held.is_empty());
    assert_eq!(chat.said().await.len(), 2);
}

#[tokio::test]
async fn in_a_direct_room_the_host_alone_has_it_sent() {
    let chat = Chat::new().await;
    let [ana, ben, _] = chat.people();
    let direct = ana.create_room(NewRoom::direct("ben")).await.unwrap().id();
    let waits = held(ben.send(direct, Draft::text("buy this")).await.unwrap_err());
    chat.hold("ben", "buy that").await;
    assert_eq!(code(ana.held(direct, None, Limit::MESSAGES).await), "FORBIDDEN");
    assert_eq!(code(ana.approve_held(direct, waits).await), "FORBIDDEN");
    let admin = chat.engine.admin();
    let limit = Limit::new(1).unwrap();
    let page = admin.held(None, None, limit).await.unwrap();
    assert_eq!((page.held[0].id, page.next), (waits, Some(waits)));
    assert_eq!(admin.held(None, page.next, limit).await.unwrap().held[0].room, chat.room);
    let message = admin.approve_held(direct, waits).await.unwrap();
    assert_eq!((message.sender.user.as_str(), message.seq), ("ben", 1));
    let other = chat.hold("ana", "buy mine").await;
    assert_eq!(code(ana.approve_held(chat.room, other).await), "FORBIDDEN", "it is her own");
    admin.reject_held(chat.room, other, None).await.unwrap();
}

#[tokio::test]
async fn what_cannot_be_held_is_refused() {
    let chat = Chat::new().await;
    let [ana, ..] = chat.people();
    let sent = ana.send(chat.room, Draft::text("hello")).await.unwrap().id;
    assert_eq!(code(ana.edit(chat.room, sent, Some("buy")).await), "FORBIDDEN");
    let begun = Draft::begun(Some("buy".into()), None);
    assert_eq!(code(ana.start_stream(chat.room, begun).await), "FORBIDDEN");
    let begun = ana.start_stream(chat.room, Draft::begun(Some("b".into()), None)).await.unwrap().id;
    assert_eq!(code(ana.append_stream(chat.room, begun, "uy").await), "FORBIDDEN");
    assert_eq!(
        code(ana.send(chat.room, Draft::text("long")).await),
        "UNAVAILABLE",
        "no reason of the engine's"
    );
    assert!(ana.own_held(None, Limit::MESSAGES).await.unwrap().held.is_empty());
}

#[tokio::test]
async fn what_the_host_cannot_tell_is_held_where_that_is_configured() {
    let mut config = Config::default();
    config.hook_failure = HookFailure::Hold;
    let chat = Chat::with(config).await;
    let [ana, ..] = chat.people();
    for words in ["fail", "long"] {
        let waits = chat.hold("ben", words).await;
        let page = ana.held(chat.room, None, Limit::MESSAGES).await.unwrap();
        assert_eq!((page.held[0].id, &page.held[0].reason), (waits, &None), "{words}");
        ana.approve_held(chat.room, waits).await.unwrap();
    }
    let sent = ana.send(chat.room, Draft::text("hello")).await.unwrap().id;
    assert_eq!(code(ana.edit(chat.room, sent, Some("fail")).await), "UNAVAILABLE");
    assert_eq!(code(ana.start_stream(chat.room, Draft::begun(Some("fail".into()), None)).await), "FORBIDDEN");
    assert_eq!(code(chat.user("hal").join(chat.room).await), "JOIN_HELD");
}

#[tokio::test]
async fn beyond_the_bound_a_message_is_refused_for_now() {
    let mut config = Config::default();
    (config.max_held, config.max_held_per_user) = (3, 2);
    let chat = Chat::with(config).await;
    for (who, expected) in
        [("ben", "HELD"), ("ben", "HELD"), ("ben", "RATE_LIMITED"), ("cho", "HELD"), ("ana", "RATE_LIMITED")]
    {
        assert_eq!(code(chat.user(who).send(chat.room, Draft::text("buy")).await), expected, "{who}");
    }
    chat.user("ben").send(chat.room, Draft::text("hello")).await.unwrap();
}

#[tokio::test]
async fn what_waits_too_long_is_let_go_with_its_files() {
    let chat = Chat::new().await;
    let [ana, ben, cho] = chat.people();
    let bytes = stream::iter([Ok(Bytes::from_static(b"a catalogue"))]);
    let file = ben.upload(chat.room, "catalogue", bytes).await.unwrap().id;
    let draft = Draft::text("buy").with_attachment(file);
    held(ben.send(chat.room, draft).await.unwrap_err());
    let page = ana.held(chat.room, None, Limit::MESSAGES).await.unwrap();
    assert_eq!(page.held[0].attachments[0].id, file);
    for reader in [&ana, &ben] {
        reader.download(chat.room, file).await.unwrap();
    }
    assert_eq!(code(cho.download(chat.room, file).await.map(drop)), "ATTACHMENT_NOT_FOUND", "it is not sent");
    chat.clock.advance(Duration::from_secs(6 * 24 * 60 * 60));
    let late = chat.hold("ben", "buy later").await;
    sweep(&chat).await;
    assert_eq!(chat.engine.admin().held(None, None, Limit::MESSAGES).await.unwrap().held.len(), 2);
    let folder = chat.dir.path().join("files");
    assert_eq!(files(&folder), 1, "its file is kept, however old");
    chat.clock.advance(Duration::from_secs(24 * 60 * 60));
    sweep(&chat).await;
    let left = chat.engine.admin().held(None, None, Limit::MESSAGES).await.unwrap().held;
    assert_eq!(left.iter().map(|held| held.id).collect::<Vec<_>>(), [late]);
    sweep(&chat).await;
    assert_eq!(files(&folder), 0);
}

/// Lets the engine tidy up once more, which it does on its own after a while.
async fn sweep(chat: &Chat) {
    chat.store.calls();
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(10 * 60)).await;
    tokio::time::resume();
    chat.store.called("held").await;
    chat.store.called("unsent_attachments").await;
    tokio::time::sleep(Duration::from_millis(100)).await;
}

fn files(folder: &std::path::Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let entries = entries.map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { files(&path) } else { 1 }).sum()
}

#[tokio::test]
async fn a_message_of_the_outbox_that_is_held_counts_as_sent() {
    let chat = Chat::new().await;
    let [ana, ben, _] = chat.people();
    let mut own = rusqlite::Connection::open(chat.dir.path().join("chat.db")).unwrap();
    let mut tx = own.transaction().unwrap();
    let mut session = ana.connect().await.unwrap();
    let outgoing = ben.send_in(&mut tx, chat.room, Draft::text("buy now")).await.unwrap();
    let id = outgoing.id();
    tx.commit().unwrap();
    outgoing.committed();
    while ben.own_held(None, Limit::MESSAGES).await.unwrap().held.is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    while !chat.store.outbox(10).await.unwrap().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(next(&mut session, changes).await, chat.room);
    assert_eq!(ana.approve_held(chat.room, id).await.unwrap().body, Body::Text("buy now".into()));
}

#[tokio::test]
async fn what_is_passed_on_and_held_names_who_said_it_first() {
    let chat = Chat::new().await;
    let [ana, ben, cho] = chat.people();
    let other = cho.create_room(NewRoom::group("others").with(["ben"])).await.unwrap().id();
    let said = cho.send(other, Draft::text("hello")).await.unwrap().id;
    chat.engine.admin().edit(other, said, Some("buy now")).await.unwrap();
    let forward = || ben.forward(other, said, chat.room, Some("f1"));
    let waits = held(forward().await.unwrap_err());
    assert_eq!(held(forward().await.unwrap_err()), waits);
    let page = ana.held(chat.room, None, Limit::MESSAGES).await.unwrap();
    assert_eq!(page.held[0].forwarded.as_ref().map(|first| first.user.as_str()), Some("cho"));
    let message = ana.approve_held(chat.room, waits).await.unwrap();
    assert_eq!(message.references.forwarded.as_ref().unwrap().user.as_str(), "cho");
    assert_eq!(forward().await.unwrap().id, waits);
}

#[tokio::test]
async fn rest_and_both_sockets_say_that_it_is_held_and_not_sent() {
    let chat = Chat::new().await;
    let api = rest::router(chat.engine.clone(), rest::RestOptions::default());
    let api = api.merge(ws::router(chat.engine.clone(), ws::WsOptions::default()));
    let app = Router::new().nest("/api", api);
    let app = app.merge(socketio::router(chat.engine.clone(), SocketIoOptions::default()));
    let addr = serve(app).await;
    let ask = async |who: &str, method: &str, path: String, body: Value| {
        ask(addr, who, method, &format!("/api{path}"), &body).await
    };
    let rooms = format!("/chat/rooms/{}", chat.room);
    let mut socket = Native::connect(addr, "/api", "ben").await;
    let (mut io, _) = Ws::chat(addr, "ben").await;
    let (mut anas, _) = Ws::chat(addr, "ana").await;

    let card = json!({ "km": 8 });
    let draft = json!({ "type": "TEXT", "content": "buy now", "clientId": "c1", "custom": card });
    let (status, answer) = ask("ben", "POST", format!("{rooms}/messages"), draft.clone()).await;
    let waits = answer["heldUuid"].clone();
    let words = "your message waits for a moderator";
    assert_eq!((status, &answer), (202, &json!({ "code": "HELD", "message": words, "heldUuid": waits })));
    let changed = json!({ "type": "heldMessagesChanged", "roomUuid": chat.room });
    assert_eq!(anas.event_named("notification").await, changed);
    assert_eq!(io.event_named("notification").await, changed);
    assert_eq!(socket.frame(|frame| frame["event"] == "notification").await["data"], changed);
    let error = json!({ "code": "HELD", "message": words, "heldUuid": waits });
    let command = json!({ "id": 7, "op": "send", "room": chat.room, "message": draft });
    socket.send(&command).await;
    let answered = socket.answer(7).await;
    assert_eq!(answered, json!({ "id": 7, "error": error }));
    io.send(&format!("42/chat,5{}", json!(["sendMessage", { "roomUuid": chat.room, "message": draft }])))
        .await;
    assert_eq!(io.answer(5).await.1, json!({ "ok": false, "error": error }));

    let (status, page) = ask("ana", "GET", format!("{rooms}/held?limit=1"), Value::Null).await;
    assert_eq!((status, &page["nextCursor"]), (200, &Value::Null));
    let seen = &page["held"][0];
    assert_eq!(
        (&seen["heldUuid"], &seen["content"], &seen["custom"], &seen["reason"]),
        (&waits, &json!("buy now"), &card, &json!("Advertising?"))
    );
    assert_eq!(ask("ben", "GET", format!("{rooms}/held"), Value::Null).await.0, 403);
    let (_, own) = ask("ben", "GET", "/chat/held".into(), Value::Null).await;
    assert_eq!((&own["held"][0]["heldUuid"], own["held"][0].get("reason")), (&waits, None));
    let one = format!("{rooms}/held/{}", waits.as_str().unwrap());
    let (status, message) = ask("ana", "POST", format!("{one}/approve"), Value::Null).await;
    assert_eq!((status, &message["messageUuid"], &message["isMyMessage"]), (200, &waits, &json!(false)));
    assert_eq!(message["custom"], card);
    let told = json!({ "type": "messageApproved", "roomUuid": chat.room, "heldUuid": waits });
    assert_eq!(io.event_named("notification").await, told);
    let (status, message) = ask("ben", "POST", format!("{rooms}/messages"), draft).await;
    assert_eq!((status, &message["messageUuid"]), (201, &waits), "a retry gets the message now");

    let draft = json!({ "type": "TEXT", "content": "buy more" });
    let (_, answer) = ask("ben", "POST", format!("{rooms}/messages"), draft.clone()).await;
    let one = format!("{rooms}/held/{}", answer["heldUuid"].as_str().unwrap());
    let body = json!({ "reason": "no ads" });
    assert_eq!(ask("ana", "POST", format!("{one}/reject"), body.clone()).await.0, 200);
    let told = json!({ "type": "messageRejected", "roomUuid": chat.room, "heldUuid": answer["heldUuid"], "reason": "no ads" });
    loop {
        let heard = io.event_named("notification").await;
        if heard != changed {
            break assert_eq!(heard, told);
        }
    }
    assert_eq!(ask("ana", "POST", format!("{one}/reject"), body).await.0, 404);
    let (_, answer) = ask("ben", "POST", format!("{rooms}/messages"), draft).await;
    let one = format!("{rooms}/held/{}", answer["heldUuid"].as_str().unwrap());
    assert_eq!(ask("cho", "DELETE", one.clone(), Value::Null).await.0, 404);
    assert_eq!(ask("ben", "DELETE", one, Value::Null).await.0, 200);
    let told = json!({ "type": "messageWithdrawn", "roomUuid": chat.room, "heldUuid": answer["heldUuid"] });
    loop {
        let heard = io.event_named("notification").await;
        if heard != changed {
            break assert_eq!(heard, told);
        }
    }
    assert_eq!(ask("ben", "DELETE", format!("{rooms}/held/x"), Value::Null).await.0, 400);
}

/// The first frame of the native WebSocket that is wanted.
#[tokio::test]
async fn what_waits_goes_with_its_room_and_with_its_sender() {
    let chat = Chat::new().await;
    let [ana, ben, _] = chat.people();
    let other = ana.create_room(NewRoom::group("other").with(["ben", "cho"])).await.unwrap().id();
    chat.hold("ben", "buy one").await;
    chat.hold("cho", "buy two").await;
    held(ben.send(other, Draft::text("buy three")).await.unwrap_err());
    let kept = held(chat.user("cho").send(other, Draft::text("buy four")).await.unwrap_err());
    chat.engine.admin().delete_room(chat.room).await.unwrap();
    let waiting = async || chat.engine.admin().held(None, None, Limit::MESSAGES).await.unwrap().held;
    let rooms: Vec<RoomId> = waiting().await.iter().map(|held| held.room).collect();
    assert_eq!(rooms, [other, other]);
    chat.engine.admin().erase_user(&id("ben")).await.unwrap();
    for _ in 0..1000 {
        if chat.engine.admin().erasures().await.unwrap().is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(waiting().await.iter().map(|held| held.id).collect::<Vec<_>>(), [kept]);
    // Whose it is, is handed it out.
    let mut export = chat.engine.admin().export_user(&id("cho"));
    let mut lines = Vec::new();
    while let Some(page) = export.next().await.unwrap() {
        lines.extend_from_slice(&page);
    }
    let lines = String::from_utf8(lines).unwrap();
    let line = lines.lines().find(|line| line.contains(&kept.to_string())).unwrap();
    assert!(line.contains(r#""record":"held""#) && line.contains("buy four"), "{line}");
}

/// The bytes are copied with their folder, or stay where they are.
#[tokio::test]
async fn a_move_takes_what_waits_along_and_its_files_are_sent_with_it() {
    let chat = Chat::new().await;
    let [ana, ben, _] = chat.people();
    let bytes = stream::iter([Ok(Bytes::from_static(b"a catalogue"))]);
    let file = ben.upload(chat.room, "catalogue", bytes).await.unwrap().id;
    let draft = Draft::text("buy").with_attachment(file).with_client_id("c1");
    let waits = held(ben.send(chat.room, draft.clone()).await.unwrap_err());
    let mut lines = Vec::new();
    let counts = chat.engine.admin().export(Scope::All, &mut lines).await.unwrap();
    assert_eq!(counts.held, 1);

    let (store, folder) = (MemoryStore::new(), FolderStore::new(chat.dir.path().join("files")));
    let other = ChatEngine::builder().store(store).blobs(folder).hooks(Wary).clock(chat.clock.clone());
    let other = other.build().await.unwrap();
    for _ in 0..2 {
        other.admin().import(&mut &lines[..], |_| {}).await.unwrap();
    }
    let mut copied = Vec::new();
    other.admin().export(Scope::All, &mut copied).await.unwrap();
    assert_eq!(String::from_utf8(copied).unwrap(), String::from_utf8(lines.clone()).unwrap());
    let [ana_there, ben_there, cho_there] = ["ana", "ben", "cho"].map(|name| other.as_user(id(name)));
    assert_eq!(held(ben_there.send(chat.room, draft).await.unwrap_err()), waits, "a retry is known");
    ana_there.download(chat.room, file).await.unwrap();
    assert_eq!(code(cho_there.download(chat.room, file).await.map(drop)), "ATTACHMENT_NOT_FOUND");
    let sent = ana_there.approve_held(chat.room, waits).await.unwrap();
    assert_eq!((sent.id, sent.attachments[0].id), (waits, file));
    cho_there.download(chat.room, file).await.unwrap();
    other.admin().import(&mut &lines[..], |_| {}).await.unwrap();
    assert!(ana_there.held(chat.room, None, Limit::MESSAGES).await.unwrap().held.is_empty());

    // Approved where it was, it waits no more where it came to.
    let late = ChatEngine::builder().store(MemoryStore::new()).hooks(Wary).clock(chat.clock.clone());
    let late = late.build().await.unwrap();
    late.admin().import(&mut &lines[..], |_| {}).await.unwrap();
    ana.approve_held(chat.room, waits).await.unwrap();
    let mut lines = Vec::new();
    chat.engine.admin().export(Scope::All, &mut lines).await.unwrap();
    late.admin().import(&mut &lines[..], |_| {}).await.unwrap();
    assert!(late.admin().held(None, None, Limit::MESSAGES).await.unwrap().held.is_empty());
}
