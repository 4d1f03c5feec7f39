//! A person is erased: wherever they have left something, and whatever happens meanwhile.

use std::sync::Arc;
use std::time::Duration;

use chat_core::bus::LocalBus;
use chat_core::event::{Event, EventKind, RoomChange};
use chat_core::model::{
    Act, Body, Draft, HistoryQuery, Limit, Message, NewInvite, NewRoom, NotifyLevel, Profile, Quiet,
    RelationKind, Role, SettingsUpdate,
};
use chat_core::store::{Batch, MemoryStore, SqliteStore, Store};
use chat_core::{ChatEngine, RoomId, Session, UserId};

fn id(name: &str) -> UserId {
    name.parse().unwrap()
}

async fn named(engine: &ChatEngine, name: &str) {
    let profile = Profile { user: id(name), nickname: format!("{name} by name").into(), image: None };
    engine.admin().set_profile(profile).await.unwrap();
}

async fn group(engine: &ChatEngine, users: &[&str]) -> RoomId {
    let new = NewRoom::group("room").with(users[1..].iter().copied());
    engine.as_user(id(users[0])).create_room(new).await.unwrap().id()
}

/// Waits until nobody is to be erased any more.
async fn until_erased(engine: &ChatEngine) {
    for _ in 0..1000 {
        if engine.admin().erasures().await.unwrap().is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the erasure has no end");
}

async fn next<T: Send>(session: &mut Session, wanted: impl Fn(&Event) -> Option<T> + Send + Sync) -> T {
    let sought = async {
        loop {
            let event = session.next().await.unwrap();
            if let Some(found) = wanted(&event) {
                return found;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), sought).await.unwrap()
}

async fn all(store: &dyn Store, room: RoomId) -> Vec<Message> {
    store.messages(room, 1..=u64::MAX).await.unwrap()
}

#[tokio::test]
async fn nothing_is_left_of_an_erased_person_but_their_id_and_everybody_learns_of_it() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let mut buses = LocalBus::between(2);
    let mut node = || ChatEngine::builder().shared_store(store.clone()).bus(buses.remove(0)).build();
    let (here, there) = (node().await.unwrap(), node().await.unwrap());
    for name in ["ana", "ben"] {
        named(&here, name).await;
    }
    let [ana, ben] = ["ana", "ben"].map(|name| here.as_user(id(name)));
    let (room, left) = (group(&here, &["ana", "ben"]).await, group(&here, &["ben", "ana"]).await);
    let direct = ana.create_room(NewRoom::direct("ben")).await.unwrap().id();
    ana.rename(room, "a name that ana gave").await.unwrap();
    for n in 0..120 {
        ana.send(room, Draft::text(format!("ana says {n}"))).await.unwrap();
    }
    let bens = ben.send(room, Draft::text("ben says")).await.unwrap();
    ana.react(room, bens.id, "like".parse().unwrap(), true).await.unwrap();
    ana.report(room, bens.id, None).await.unwrap();
    for of in [left, direct] {
        ana.send(of, Draft::text("ana says")).await.unwrap();
    }
    ana.leave(left).await.unwrap();
    let hidden = SettingsUpdate { read_receipts: Some(false), ..SettingsUpdate::default() };
    ana.set_settings(hidden).await.unwrap();
    ana.set_do_not_disturb(Some(Quiet::default())).await.unwrap();
    ana.set_notifications(room, Some(NotifyLevel::None), None).await.unwrap();
    ana.hide(room, bens.id).await.unwrap();
    ana.follow_thread(room, bens.id).await.unwrap();
    ana.create_invite(room, NewInvite::default()).await.unwrap();
    ana.request_friend(&id("cho")).await.unwrap();
    ana.block(&id("eve")).await.unwrap();
    here.as_user(id("dan")).request_friend(&id("ana")).await.unwrap();
    ben.request_friend(&id("ana")).await.unwrap();
    ana.accept_friend(&id("ben")).await.unwrap();
    let inviting = group(&here, &["ben"]).await;
    ben.create_invite(inviting, NewInvite::of(id("ana"))).await.unwrap();

    let mut session = there.as_user(id("ben")).connect().await.unwrap();
    let token = next(&mut session, |event| event.token).await;
    let mut own = ana.connect().await.unwrap();
    here.admin().erase_user(&id("ana")).await.unwrap();
    assert!(store.profiles(&[id("ana")]).await.unwrap().is_empty(), "their name goes at once");
    while own.next().await.is_some() {}
    assert!(own.close_reason().is_some(), "they are logged out");
    let deleted = next(&mut session, |event| match &event.kind {
        EventKind::Amended(amended) if amended.message.body.is_deleted() => {
            Some(amended.message.sender.clone())
        }
        _ => None,
    });
    assert_eq!(*deleted.await.nickname, *"ana", "told live, without their name");
    until_erased(&here).await;

    for of in [room, left, direct] {
        for message in all(&*store, of).await {
            let is_hers = message.sender.user == id("ana");
            match &message.body {
                Body::System { text, .. } => {
                    assert!(!text.contains("by name") && !text.contains("a name that"), "{text}");
                }
                body => assert_eq!(body.is_deleted(), is_hers, "{message:?}"),
            }
            assert!(message.state.reactions.is_empty());
        }
        let (found, member) = store.membership(of, &id("ana")).await.unwrap().unwrap();
        assert!(!member.unwrap().active && found.active == (of != direct), "left by the usual rules");
    }
    let (_, member) = store.membership(room, &id("ben")).await.unwrap().unwrap();
    assert_eq!(member.unwrap().role, Role::Owner, "the room has passed on");
    assert!(store.reports(None, None, 9).await.unwrap().is_empty());
    assert!(
        store.invites(room).await.unwrap().is_empty() && store.invites(inviting).await.unwrap().is_empty()
    );
    for (one, other) in
        [("ana", "ben"), ("ben", "ana"), ("ana", "cho"), ("cho", "ana"), ("dan", "ana"), ("ana", "eve")]
    {
        assert_eq!(store.relation(&id(one), &id(other)).await.unwrap(), None, "{one} and {other}");
    }
    assert!(here.admin().settings(&id("ana")).await.unwrap().read_receipts);
    assert!(store.do_not_disturb(&[id("ana")]).await.unwrap().is_empty());
    assert!(store.follows(&id("ana"), None, 9).await.unwrap().is_empty());
    assert!(store.hidden(room, &id("ana"), 1..=u64::MAX).await.unwrap().is_empty());
    let (_, member) = store.membership(room, &id("ana")).await.unwrap().unwrap();
    assert!(member.is_some_and(
        |member| member.notify.is_none_or(|chosen| chosen.setting.is_none()) && member.hidden == 0
    ));
    let acts = here.admin().audit(room, None, Limit::MESSAGES).await.unwrap().entries;
    let acts: Vec<_> = acts.iter().map(|entry| (entry.act, entry.by.as_ref())).collect();
    assert_eq!(acts, [(Act::Rename, Some(ana.user()))], "what was done before");
    let history = ben.history(room, HistoryQuery::newest(Limit::MESSAGES)).await.unwrap();
    assert!(history.messages.iter().all(|view| &*view.message.sender.nickname != "ana by name"));
    // Whoever was away learns of all of it too.
    let mut back = there.as_user(id("ben")).connect_since(token).await.unwrap();
    let mut gone = 0;
    loop {
        let event = back.next().await.unwrap();
        match &event.kind {
            EventKind::Amended(amended) if event.room == Some(room) && amended.message.body.is_deleted() => {
                gone += 1
            }
            EventKind::Room(RoomChange::Reset, _) => panic!("{event:?}"),
            EventKind::CaughtUp { recovered } => break assert!(recovered),
            _ => {}
        }
    }
    assert_eq!(gone, 120);
    assert_eq!(store.relations(&id("ana"), RelationKind::Friend, None, 9).await.unwrap().len(), 0);
}

#[tokio::test]
async fn an_erasure_that_broke_off_goes_on_when_the_server_starts() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("chat.db");
    let (room, sent) = {
        let engine =
            ChatEngine::builder().store(SqliteStore::open(&path).await.unwrap()).build().await.unwrap();
        let room = group(&engine, &["ana", "ben"]).await;
        for n in 0..30 {
            engine.as_user(id("ana")).send(room, Draft::text(format!("{n}"))).await.unwrap();
        }
        (room, 30)
    };
    // Begun, and the process is gone before anything of it is done.
    let store = SqliteStore::open(&path).await.unwrap();
    store.commit(Batch { erased: vec![(id("ana"), true)], ..Batch::default() }).await.unwrap();
    drop(store);
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&path).await.unwrap());
    let engine = ChatEngine::builder().shared_store(store.clone()).build().await.unwrap();
    until_erased(&engine).await;
    let messages = all(&*store, room).await;
    assert_eq!(messages.iter().filter(|message| message.body.is_deleted()).count(), sent);
}
