//! People whom the host's rules have wait before they come into a room: by every way in, for everybody whom it concerns.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use chat_core::bus::LocalBus;
use chat_core::config::HookFailure;
use chat_core::event::{EventKind, Notification};
use chat_core::model::{
    Act, Draft, HistoryQuery, JoinRequest, Limit, NewInvite, NewRoom, Role, RoomUpdate, Sanction, Verb,
    Visibility,
};
use chat_core::policy::{Editing, Hooks, Joining, Sending, Verdict, Welcome};
use chat_core::store::{MemoryStore, SqliteStore, Store};
use chat_core::testing::{FaultyStore, ManualClock, NameTokens};
use chat_core::transport::rest;
use chat_core::transport::socketio::{self, SocketIoOptions};
use chat_core::{
    Actor, ChatEngine, Config, Error, ErrorKind, JoinRequestId, Result, RoomId, Session, UserId,
};
use serde_json::{Value, json};

use crate::heard::{expires_elsewhere, next};
use crate::postgres::Database;
use crate::served::{ask, serve};
use crate::socketio::client::Ws;

fn id(name: &str) -> UserId {
    name.parse().unwrap()
}

fn code<T: std::fmt::Debug>(result: Result<T>) -> &'static str {
    result.map_or_else(|error| error.code(), |_| "OK")
}

/// Holds everybody but ida, does not know of hal, and is too long about leo.
#[derive(Debug, Clone, Copy)]
struct Doorman;

#[async_trait::async_trait]
impl Hooks for Doorman {
    fn asks_about(&self, verb: Verb) -> bool {
        verb == Verb::Join
    }

    async fn before_send(&self, _: Sending<'_>) -> Result<Verdict> {
        Ok(Verdict::Allow)
    }

    async fn before_edit(&self, _: Editing<'_>) -> Result<Verdict> {
        Ok(Verdict::Allow)
    }

    async fn before_join(&self, joining: Joining<'_>) -> Result<Welcome> {
        match joining.actor.as_str() {
            "ida" => Ok(Welcome::Allow),
            "eve" => Ok(Welcome::Hold(Some(" ".into()))),
            "hal" => Err(ErrorKind::Unavailable.into()),
            "leo" => Ok(Welcome::Hold(Some("x".repeat(1001).into()))),
            _ => Ok(Welcome::Hold(Some("A new account".into()))),
        }
    }
}

/// Under which id they wait.
fn waits<T: std::fmt::Debug>(joined: Result<T>) -> JoinRequestId {
    let error: Error = joined.unwrap_err();
    let ErrorKind::JoinHeld(id) = *error.kind() else { panic!("they do not wait: {error:?}") };
    assert_eq!((error.code(), error.kind().is_retryable()), ("JOIN_HELD", false));
    id
}

/// A public room of ana, ben and cho, which ana owns.
struct Chat {
    engine: ChatEngine,
    clock: ManualClock,
    store: FaultyStore,
    room: RoomId,
}

impl Chat {
    async fn new() -> Self {
        Self::with(MemoryStore::new(), Config::default()).await
    }

    async fn with(store: impl Store, config: Config) -> Self {
        let (store, clock) = (FaultyStore::on(store), ManualClock::default());
        let builder = ChatEngine::builder().store(store.clone()).clock(clock.clone()).hooks(Doorman);
        let engine = builder.config(config).authenticator(NameTokens).build().await.unwrap();
        let new = NewRoom::group("club").with(["ben", "cho"]).public();
        let room = engine.as_user(id("ana")).create_room(new).await.unwrap().id();
        Self { engine, clock, store, room }
    }

    fn user(&self, name: &str) -> Actor {
        self.engine.as_user(id(name))
    }

    async fn ask(&self, who: &str) -> JoinRequestId {
        waits(self.user(who).join(self.room).await)
    }

    /// Who waits, in whatever room.
    async fn waiting(&self) -> Vec<JoinRequest> {
        let page = self.engine.admin().join_requests(None, None, Limit::MESSAGES).await.unwrap();
        page.requests.into_iter().map(|(request, _)| request).collect()
    }

    async fn own(&self, who: &str) -> Vec<JoinRequestId> {
        let page = self.user(who).own_join_requests(None, Limit::MESSAGES).await.unwrap();
        page.requests.iter().map(|request| request.id).collect()
    }

    async fn people(&self) -> Vec<String> {
        let page = self.user("ana").participants(self.room, None, Limit::MESSAGES).await.unwrap();
        page.participants.iter().map(|one| one.profile.user.to_string()).collect()
    }
}

/// What became of a request, with the reason of a rejection.
fn told(kind: &EventKind) -> Option<(RoomId, JoinRequestId, Option<Option<String>>)> {
    match kind {
        EventKind::Notification(Notification::JoinApproved(room, id)) => Some((*room, *id, None)),
        EventKind::Notification(Notification::JoinRejected(room, id, why)) => {
            Some((*room, *id, Some(why.clone())))
        }
        _ => None,
    }
}

/// Asks, is looked at, let in, rejected, and takes it back.
async fn from_the_question_to_the_answer(chat: Chat) {
    let [ana, ben, dan] = ["ana", "ben", "dan"].map(|name| chat.user(name));
    let mut session = dan.connect().await.unwrap();
    let request = chat.ask("dan").await;
    assert_eq!(chat.ask("dan").await, request, "asking again changes nothing");
    let page = ana.join_requests(chat.room, None, Limit::MESSAGES).await.unwrap();
    let [(seen, who)] = &page.requests[..] else { panic!("{page:?}") };
    assert_eq!((seen.id, seen.room, &seen.user, seen.invite), (request, chat.room, &id("dan"), None));
    assert_eq!((seen.reason.as_deref(), page.next, &who.user), (Some("A new account"), None, &id("dan")));
    let own = dan.own_join_requests(None, Limit::MESSAGES).await.unwrap().requests;
    let [own] = &own[..] else { panic!("{own:?}") };
    assert_eq!((own.id, own.room, own.room_name.as_deref()), (request, chat.room, Some("club")));
    assert_eq!(
        code(dan.history(chat.room, HistoryQuery::newest(Limit::MESSAGES)).await),
        "NOT_A_PARTICIPANT"
    );
    for (other, expected) in [(&ben, "FORBIDDEN"), (&dan, "NOT_A_PARTICIPANT")] {
        assert_eq!(code(other.join_requests(chat.room, None, Limit::MESSAGES).await), expected);
        assert_eq!(code(other.approve_join(chat.room, request).await), expected);
        assert_eq!(code(other.reject_join(chat.room, request, None).await), expected);
    }
    assert_eq!(code(ben.withdraw_join(chat.room, request).await), "JOIN_REQUEST_NOT_FOUND");

    ana.approve_join(chat.room, request).await.unwrap();
    assert_eq!(chat.people().await, ["ana", "ben", "cho", "dan"]);
    assert_eq!(next(&mut session, told).await, (chat.room, request, None));
    let history = ana.history(chat.room, HistoryQuery::newest(Limit::MESSAGES)).await.unwrap();
    assert_eq!(history.messages.len(), 1, "the words for it");
    assert_eq!(history.messages[0].message.sender.user, id("dan"));
    assert_eq!(code(ana.approve_join(chat.room, request).await), "JOIN_REQUEST_NOT_FOUND");
    assert_eq!(dan.join(chat.room).await.unwrap().room.id, chat.room, "who is in stays as they are");

    dan.leave(chat.room).await.unwrap();
    let request = chat.ask("dan").await;
    assert_eq!(code(ana.reject_join(chat.room, request, Some("x".repeat(1001))).await), "INVALID_INPUT");
    ana.reject_join(chat.room, request, Some("members only".into())).await.unwrap();
    let why = Some(Some("members only".into()));
    assert_eq!(next(&mut session, told).await, (chat.room, request, why));
    let acts = ana.audit(chat.room, None, Limit::MESSAGES).await.unwrap().entries;
    let acts: Vec<_> = acts.iter().map(|entry| (entry.act, entry.by.as_ref(), entry.user.as_ref())).collect();
    let (by, user) = (id("ana"), id("dan"));
    assert_eq!(acts, [Act::RejectJoin, Act::ApproveJoin].map(|act| (act, Some(&by), Some(&user))));

    let request = chat.ask("dan").await;
    dan.withdraw_join(chat.room, request).await.unwrap();
    assert_eq!(code(dan.withdraw_join(chat.room, request).await), "JOIN_REQUEST_NOT_FOUND");
    let request = chat.ask("dan").await;
    chat.engine.admin().reject_join(chat.room, request, None).await.unwrap();
    assert_eq!(next(&mut session, told).await, (chat.room, request, Some(None)));
    let request = chat.ask("dan").await;
    chat.engine.admin().approve_join(chat.room, request).await.unwrap();
    assert_eq!(next(&mut session, told).await, (chat.room, request, None));
    assert!(chat.waiting().await.is_empty());
}

#[tokio::test]
async fn somebody_waits_until_a_moderator_lets_them_in_in_memory() {
    from_the_question_to_the_answer(Chat::new().await).await;
}

#[tokio::test]
async fn somebody_waits_until_a_moderator_lets_them_in_in_sqlite() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path().join("chat.db")).await.unwrap();
    from_the_question_to_the_answer(Chat::with(store, Config::default()).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_waits_until_a_moderator_lets_them_in_in_postgres() {
    let Some(database) = Database::fresh().await else { return };
    from_the_question_to_the_answer(Chat::with(database.store().await, Config::default()).await).await;
}

#[tokio::test]
async fn by_each_way_in_people_wait_alike_and_use_up_their_link_when_they_are_let_in() {
    let chat = Chat::new().await;
    let ana = chat.user("ana");
    let private = ana.create_room(NewRoom::group("quiet").with(["ben"])).await.unwrap().id();
    let once = NewInvite { max_uses: Some(1), ..NewInvite::default() };
    let link = ana.create_invite(private, once).await.unwrap().code;
    let of_dan = NewInvite { user: Some(id("dan")), ..NewInvite::default() };
    let invitation = ana.create_invite(private, of_dan).await.unwrap().code;
    let (one, two) = (
        waits(chat.user("eve").accept_invite(link).await),
        waits(chat.user("dan").accept_invite(invitation).await),
    );
    let three = waits(chat.user("fay").accept_invite(link).await);
    assert_eq!(ana.invites(private).await.unwrap().len(), 2, "none is used up");
    let page = ana.join_requests(private, None, Limit::MESSAGES).await.unwrap();
    let seen: Vec<_> = page.requests.iter().map(|(request, _)| (request.id, request.invite)).collect();
    let mut expected = [(one, Some(link)), (two, Some(invitation)), (three, Some(link))];
    expected.sort_by_key(|(id, _)| *id);
    assert_eq!(seen, expected);
    let eves = page.requests.iter().find(|(request, _)| request.id == one).unwrap();
    assert_eq!(eves.0.reason, None, "a blank reason is none");
    // Who moderates and may take nobody out sees no codes.
    ana.set_role(private, &id("ben"), Role::Admin).await.unwrap();
    let update = RoomUpdate::default().with_permission(Verb::Remove, Role::Owner);
    ana.update_room(private, update).await.unwrap();
    let page = chat.user("ben").join_requests(private, None, Limit::MESSAGES).await.unwrap();
    assert!(page.requests.len() == 3 && page.requests.iter().all(|(request, _)| request.invite.is_none()));

    ana.approve_join(private, one).await.unwrap();
    ana.approve_join(private, two).await.unwrap();
    assert!(ana.invites(private).await.unwrap().is_empty(), "both are used up");
    assert_eq!(
        code(ana.approve_join(private, three).await),
        "INVITE_NOT_FOUND",
        "there is none left for them"
    );
    assert_eq!(chat.own("fay").await, [three], "they wait on");
    ana.invite(private, &[id("fay")]).await.unwrap();
    assert!(chat.own("fay").await.is_empty(), "added, they wait no more");
    chat.user("ida").join(chat.room).await.unwrap();
}

#[tokio::test]
async fn what_the_host_cannot_tell_waits_where_that_is_configured() {
    for (failure, expected) in
        [(HookFailure::Refuse, "UNAVAILABLE"), (HookFailure::Allow, "OK"), (HookFailure::Hold, "JOIN_HELD")]
    {
        let mut config = Config::default();
        config.hook_failure = failure;
        let chat = Chat::with(MemoryStore::new(), config).await;
        for who in ["hal", "leo"] {
            assert_eq!(code(chat.user(who).join(chat.room).await), expected, "{who}");
        }
        let waiting = chat.waiting().await;
        assert_eq!(waiting.len(), if failure == HookFailure::Hold { 2 } else { 0 });
        assert!(waiting.iter().all(|request| request.reason.is_none()));
    }
}

#[tokio::test]
async fn an_engine_that_asks_nobody_lets_people_in_who_wait() {
    let chat = Chat::new().await;
    chat.ask("dan").await;
    let plain = ChatEngine::builder().shared_store(chat.store.shared()).build().await.unwrap();
    plain.as_user(id("dan")).join(chat.room).await.unwrap();
    assert!(chat.waiting().await.is_empty());
}

#[tokio::test]
async fn beyond_the_bound_nobody_waits_for_now() {
    let mut config = Config::default();
    config.max_join_requests = 2;
    let chat = Chat::with(MemoryStore::new(), config).await;
    for (who, expected) in
        [("dan", "JOIN_HELD"), ("eve", "JOIN_HELD"), ("fay", "RATE_LIMITED"), ("dan", "JOIN_HELD")]
    {
        assert_eq!(code(chat.user(who).join(chat.room).await), expected, "{who}");
    }
    chat.user("ida").join(chat.room).await.unwrap();
}

#[tokio::test]
async fn whoever_is_banned_or_may_not_come_in_now_is_not_let_in() {
    let chat = Chat::new().await;
    let ana = chat.user("ana");
    let (dan, eve) = (chat.ask("dan").await, chat.ask("eve").await);
    ana.ban(chat.room, &id("dan"), Sanction::for_good()).await.unwrap();
    assert!(chat.own("dan").await.is_empty(), "banned, they wait no more");
    assert_eq!(code(ana.approve_join(chat.room, dan).await), "JOIN_REQUEST_NOT_FOUND");
    assert_eq!(code(chat.user("dan").join(chat.room).await), "BANNED");
    let show = |visibility| {
        let mut update = RoomUpdate::default();
        update.visibility = Some(visibility);
        update
    };
    ana.update_room(chat.room, show(Visibility::Private)).await.unwrap();
    assert_eq!(code(ana.approve_join(chat.room, eve).await), "FORBIDDEN");
    ana.update_room(chat.room, show(Visibility::Public)).await.unwrap();
    ana.close(chat.room).await.unwrap();
    assert_eq!(code(ana.approve_join(chat.room, eve).await), "ROOM_CLOSED");
    assert_eq!(chat.own("eve").await, [eve], "they wait on");
    ana.reopen(chat.room).await.unwrap();
    ana.approve_join(chat.room, eve).await.unwrap();
}

#[tokio::test]
async fn what_waits_too_long_is_let_go() {
    let chat = Chat::new().await;
    chat.ask("dan").await;
    chat.clock.advance(Duration::from_secs(6 * 24 * 60 * 60));
    let late = chat.ask("eve").await;
    sweep(&chat).await;
    assert_eq!(chat.waiting().await.len(), 2);
    chat.clock.advance(Duration::from_secs(24 * 60 * 60));
    sweep(&chat).await;
    assert_eq!(chat.waiting().await.iter().map(|request| request.id).collect::<Vec<_>>(), [late]);
}

/// Which request was let go, for which room, since nobody has answered.
fn expired(kind: &EventKind) -> Option<(RoomId, JoinRequestId)> {
    match kind {
        EventKind::Notification(Notification::JoinExpired(room, id)) => Some((*room, *id)),
        _ => None,
    }
}

#[tokio::test]
async fn who_waited_too_long_is_told_and_so_is_who_may_answer_and_nobody_else() {
    let chat = Chat::new().await;
    let ana = chat.user("ana");
    let mut moderator = ana.connect().await.unwrap();
    let [mut early, mut late] =
        [chat.user("dan").connect().await.unwrap(), chat.user("eve").connect().await.unwrap()];
    let dans = chat.ask("dan").await;
    assert_eq!(next(&mut moderator, changes).await, chat.room);
    chat.clock.advance(Duration::from_secs(6 * 24 * 60 * 60));
    let eves = chat.ask("eve").await;
    assert_eq!(next(&mut moderator, changes).await, chat.room);
    chat.clock.advance(Duration::from_secs(24 * 60 * 60));
    sweep(&chat).await;
    assert_eq!(next(&mut early, expired).await, (chat.room, dans));
    let expired_or_changed = |kind: &EventKind| {
        expired(kind).map(|(room, _)| (room, true)).or(changes(kind).map(|room| (room, false)))
    };
    assert_eq!(next(&mut moderator, expired_or_changed).await, (chat.room, false));
    ana.reject_join(chat.room, eves, None).await.unwrap();
    let news = |kind: &EventKind| expired(kind).map(|_| None).or(told(kind).map(Some));
    assert_eq!(next(&mut late, news).await, Some((chat.room, eves, Some(None))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sockets_of_another_node_say_that_nobody_has_answered() {
    expires_elsewhere(Doorman, NewRoom::group("club").public(), "dan", async |dan, room| {
        let request = waits(dan.join(room).await);
        json!({ "type": "joinExpired", "roomUuid": room, "joinRequestUuid": request })
    })
    .await;
}

/// Lets the engine tidy up once more, which it does on its own after a while.
async fn sweep(chat: &Chat) {
    chat.store.calls();
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(10 * 60)).await;
    tokio::time::resume();
    chat.store.called("join_requests").await;
    tokio::time::sleep(Duration::from_millis(100)).await;
}

#[tokio::test]
async fn what_waits_outlives_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let open = || SqliteStore::open(dir.path().join("chat.db"));
    let chat = Chat::with(open().await.unwrap(), Config::default()).await;
    let (room, request) = (chat.room, chat.ask("dan").await);
    chat.engine.drain(Duration::from_secs(5)).await;
    let builder = ChatEngine::builder().clock(chat.clock.clone()).hooks(Doorman);
    drop(chat);
    let engine = builder.store(open().await.unwrap()).build().await.unwrap();
    assert_eq!(waits(engine.as_user(id("dan")).join(room).await), request);
    engine.as_user(id("ana")).approve_join(room, request).await.unwrap();
    engine.as_user(id("dan")).room(room).await.unwrap();
}

#[tokio::test]
async fn what_waits_goes_with_its_room_and_with_who_asks_and_is_handed_out_to_them() {
    let chat = Chat::new().await;
    let admin = chat.engine.admin();
    let other = chat.user("ana").create_room(NewRoom::group("other").public()).await.unwrap().id();
    let (kept, _) = (chat.ask("dan").await, chat.ask("eve").await);
    for who in ["dan", "eve"] {
        waits(chat.user(who).join(other).await);
    }
    let mut export = admin.export_user(&id("dan"));
    let mut lines = Vec::new();
    while let Some(page) = export.next().await.unwrap() {
        lines.extend_from_slice(&page);
    }
    let lines = String::from_utf8(lines).unwrap();
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let own: Vec<_> = lines.iter().filter(|line| line["record"] == "joinRequest").collect();
    let line = own.iter().find(|line| line["joinRequestUuid"] == json!(kept)).unwrap();
    assert_eq!((own.len(), &line["roomUuid"], line.get("reason")), (2, &json!(chat.room), None));
    admin.delete_room(other).await.unwrap();
    assert!(chat.waiting().await.iter().all(|request| request.room == chat.room));
    assert_eq!(chat.own("dan").await, [kept]);
    admin.erase_user(&id("eve")).await.unwrap();
    for _ in 0..1000 {
        if admin.erasures().await.unwrap().is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(chat.waiting().await.iter().map(|request| request.id).collect::<Vec<_>>(), [kept]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asks_is_told_on_whichever_node_they_are() {
    let (store, mut nodes) = (Arc::new(MemoryStore::with_lanes(2)), Vec::new());
    for bus in LocalBus::between(2) {
        let builder = ChatEngine::builder().shared_store(store.clone()).bus(bus).hooks(Doorman);
        nodes.push(builder.build().await.unwrap());
    }
    let ana = nodes[0].as_user(id("ana"));
    let room = ana.create_room(NewRoom::group("club").public()).await.unwrap().id();
    let dan = nodes[1].as_user(id("dan"));
    let mut session = dan.connect().await.unwrap();
    let request = waits(dan.join(room).await);
    ana.reject_join(room, request, Some("no".into())).await.unwrap();
    assert_eq!(next(&mut session, told).await, (room, request, Some(Some("no".into()))));
    let request = waits(dan.join(room).await);
    ana.approve_join(room, request).await.unwrap();
    let (mut is_told, mut is_in) = (false, false);
    while !(is_told && is_in) {
        let seen = next(&mut session, |kind| match kind {
            EventKind::Notification(Notification::AddedToRoom(of)) => Some(Err(of.id)),
            kind => told(kind).map(Ok),
        });
        match seen.await {
            Ok(news) => is_told = news == (room, request, None),
            Err(of) => is_in = of == room,
        }
    }
}

fn changes(kind: &EventKind) -> Option<RoomId> {
    match kind {
        EventKind::Notification(Notification::JoinRequestsChanged(room)) => Some(*room),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_answer_is_told_on_whichever_node_of_each_change_of_who_waits_and_nobody_else_is() {
    let (store, mut nodes) = (Arc::new(MemoryStore::with_lanes(2)), Vec::new());
    for bus in LocalBus::between(2) {
        let builder = ChatEngine::builder().shared_store(store.clone()).bus(bus).hooks(Doorman);
        nodes.push(builder.build().await.unwrap());
    }
    let ana = nodes[0].as_user(id("ana"));
    let room = ana.create_room(NewRoom::group("club").with(["ben", "cho"]).public()).await.unwrap().id();
    ana.set_role(room, &id("ben"), Role::Admin).await.unwrap();
    let mut moderators = [ana.connect().await.unwrap(), nodes[1].as_user(id("ben")).connect().await.unwrap()];
    let mut member = nodes[1].as_user(id("cho")).connect().await.unwrap();
    let dan = nodes[1].as_user(id("dan"));
    let mut asker = dan.connect().await.unwrap();
    let all_hear = async |moderators: &mut [Session]| {
        for session in moderators {
            assert_eq!(next(session, changes).await, room);
        }
    };

    let request = waits(dan.join(room).await);
    all_hear(&mut moderators).await;
    assert_eq!(next(&mut asker, changes).await, room, "on their other devices");
    assert_eq!(waits(dan.join(room).await), request, "which changes nothing");
    dan.withdraw_join(room, request).await.unwrap();
    all_hear(&mut moderators).await;
    assert_eq!(next(&mut asker, changes).await, room);
    let request = waits(dan.join(room).await);
    all_hear(&mut moderators).await;
    ana.reject_join(room, request, None).await.unwrap();
    all_hear(&mut moderators).await;
    let request = waits(dan.join(room).await);
    all_hear(&mut moderators).await;
    nodes[1].admin().approve_join(room, request).await.unwrap();
    all_hear(&mut moderators).await;

    ana.send(room, Draft::text("the end")).await.unwrap();
    let is_end = |kind: &EventKind| matches!(kind, EventKind::Message(_)).then_some(());
    let heard = |kind: &EventKind| changes(kind).map(|_| true).or(is_end(kind).map(|()| false));
    for session in moderators.iter_mut().chain([&mut member]) {
        assert!(!next(session, heard).await, "told once each, and nobody else");
    }
}

#[tokio::test]
async fn rest_says_that_they_wait_and_the_sockets_what_became_of_it() {
    let chat = Chat::new().await;
    let api = rest::router(chat.engine.clone(), rest::RestOptions::default());
    let app = Router::new().nest("/api", api);
    let app = app.merge(socketio::router(chat.engine.clone(), SocketIoOptions::default()));
    let addr = serve(app).await;
    let ask = async |who: &str, method: &str, path: String, body: Value| {
        ask(addr, who, method, &format!("/api{path}"), &body).await
    };
    let rooms = format!("/chat/rooms/{}", chat.room);
    let (mut io, _) = Ws::chat(addr, "dan").await;
    let (mut anas, _) = Ws::chat(addr, "ana").await;

    let (status, answer) = ask("dan", "POST", format!("{rooms}/join"), Value::Null).await;
    let request = answer["joinRequestUuid"].clone();
    let words = "a moderator has to let you in";
    let held = json!({ "code": "JOIN_HELD", "message": words, "joinRequestUuid": request });
    assert_eq!((status, &answer), (202, &held));
    let news = json!({ "type": "joinRequestsChanged", "roomUuid": chat.room });
    assert_eq!(anas.event_named("notification").await, news);
    let link = chat.user("ana").create_invite(chat.room, NewInvite::default()).await.unwrap().code;
    let accept = format!("/chat/invites/{link}/accept");
    assert_eq!(ask("dan", "POST", accept.clone(), Value::Null).await, (202, held));
    assert_eq!(ask("ida", "POST", accept.clone(), Value::Null).await.0, 200);

    let (status, page) = ask("ana", "GET", format!("{rooms}/join-requests?limit=1"), Value::Null).await;
    assert_eq!((status, &page["nextCursor"]), (200, &Value::Null));
    let seen = &page["joinRequests"][0];
    assert_eq!(
        (&seen["joinRequestUuid"], &seen["user"]["userUuid"], &seen["reason"], seen.get("code")),
        (&request, &json!("dan"), &json!("A new account"), None)
    );
    assert_eq!(ask("ben", "GET", format!("{rooms}/join-requests"), Value::Null).await.0, 403);
    let (_, own) = ask("dan", "GET", "/chat/join-requests".into(), Value::Null).await;
    let own = &own["joinRequests"][0];
    assert_eq!((&own["joinRequestUuid"], own.get("reason")), (&request, None), "why, is not told");
    assert_eq!((&own["roomType"], &own["name"], own.get("code")), (&json!("GROUP"), &json!("club"), None));
    let one = format!("{rooms}/join-requests/{}", request.as_str().unwrap());
    let done = json!({ "roomUuid": chat.room });
    assert_eq!(ask("dan", "POST", format!("{one}/approve"), Value::Null).await.0, 403);
    assert_eq!(ask("ana", "POST", format!("{one}/approve"), Value::Null).await, (200, done.clone()));
    let told = json!({ "type": "joinApproved", "roomUuid": chat.room, "joinRequestUuid": request });
    loop {
        let heard = io.event_named("notification").await;
        if heard["type"] == told["type"] {
            break assert_eq!(heard, told);
        }
    }
    assert_eq!(ask("ana", "POST", format!("{one}/approve"), Value::Null).await.0, 404);

    let (_, answer) = ask("fay", "POST", accept, Value::Null).await;
    let one = format!("{rooms}/join-requests/{}", answer["joinRequestUuid"].as_str().unwrap());
    let (_, page) = ask("ana", "GET", format!("{rooms}/join-requests"), Value::Null).await;
    assert_eq!(page["joinRequests"][0]["code"], json!(link));
    let (mut io, _) = Ws::chat(addr, "fay").await;
    assert_eq!(
        ask("ana", "POST", format!("{one}/reject"), json!({ "reason": "no" })).await,
        (200, done.clone())
    );
    let told = json!({ "type": "joinRejected", "roomUuid": chat.room, "joinRequestUuid": answer["joinRequestUuid"], "reason": "no" });
    loop {
        let heard = io.event_named("notification").await;
        if heard != news {
            break assert_eq!(heard, told);
        }
    }
    assert_eq!(ask("ana", "POST", format!("{one}/reject"), Value::Null).await.0, 404);
    let (_, answer) = ask("fay", "POST", format!("{rooms}/join"), Value::Null).await;
    let one = format!("{rooms}/join-requests/{}", answer["joinRequestUuid"].as_str().unwrap());
    assert_eq!(ask("gus", "DELETE", one.clone(), Value::Null).await.0, 404);
    assert_eq!(ask("fay", "DELETE", one, Value::Null).await, (200, done));
    assert_eq!(ask("fay", "DELETE", format!("{rooms}/join-requests/x"), Value::Null).await.0, 400);
}
