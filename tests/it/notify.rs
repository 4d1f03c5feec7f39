//! What people want notices of: told to their own devices alone, on other nodes and after a time away.

use std::sync::Arc;
use std::time::Duration;

use chat_core::bus::LocalBus;
use chat_core::event::{Command, Event, EventKind, Notification, Reply};
use chat_core::model::{
    DailyHours, DoNotDisturb, Draft, FeedQuery, FeedRoom, Limit, NewRoom, NotifyLevel, NotifySetting, Quiet,
    Role, SettingsUpdate, Token,
};
use chat_core::store::{MemoryStore, Store};
use chat_core::testing::{ManualClock, NameTokens};
use chat_core::{Actor, ChatEngine, ErrorKind, RoomId, Session, Timestamp, UserId};
use serde_json::{Value, json};

use crate::socketio::client::http;

fn id(name: &str) -> UserId {
    name.parse().unwrap()
}

async fn group(engine: &ChatEngine, users: &[&str]) -> RoomId {
    let new = NewRoom::group("room").with(users[1..].iter().copied());
    engine.as_user(id(users[0])).create_room(new).await.unwrap().id()
}

fn chosen(event: &Event) -> Option<Option<NotifySetting>> {
    match &event.kind {
        EventKind::Notification(Notification::Notifications(_, setting)) => Some(*setting),
        _ => None,
    }
}

fn quiet(event: &Event) -> Option<DoNotDisturb> {
    match &event.kind {
        EventKind::Notification(Notification::DoNotDisturb(quiet)) => Some(*quiet),
        _ => None,
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

/// What is told up to a message of these words.
async fn up_to(session: &mut Session, words: &str) -> Vec<Arc<Event>> {
    until(
        session,
        |kind| matches!(kind, EventKind::Message(message) if message.body.content() == Some(words)),
    )
    .await
}

/// What a catch-up tells.
async fn caught_up(session: &mut Session) -> Vec<Arc<Event>> {
    until(session, |kind| matches!(kind, EventKind::CaughtUp { recovered: true })).await
}

async fn until(session: &mut Session, is_end: impl Fn(&EventKind) -> bool) -> Vec<Arc<Event>> {
    let mut told = Vec::new();
    loop {
        let event = session.next().await.unwrap();
        let ends = is_end(&event.kind);
        told.push(event);
        if ends {
            return told;
        }
    }
}

const MUTED: NotifySetting = NotifySetting { level: NotifyLevel::None, until: None };

#[tokio::test]
async fn a_choice_is_told_to_ones_own_devices_on_every_node_and_to_nobody_else() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let mut buses = LocalBus::between(2);
    let mut node = || ChatEngine::builder().shared_store(store.clone()).bus(buses.remove(0)).build();
    let (here, there) = (node().await.unwrap(), node().await.unwrap());
    let room = group(&here, &["ana", "ben"]).await;
    let (ana, ben) = (here.as_user(id("ana")), here.as_user(id("ben")));
    let mut other_device = there.as_user(id("ben")).connect().await.unwrap();
    let mut others = there.as_user(id("ana")).connect().await.unwrap();
    let view = ben.set_notifications(room, Some(NotifyLevel::None), None).await.unwrap();
    assert_eq!((view.notify, ana.room(room).await.unwrap().notify), (Some(MUTED), None));
    assert_eq!(next(&mut other_device, chosen).await, Some(MUTED));
    ben.set_notifications(room, None, None).await.unwrap();
    assert_eq!(next(&mut other_device, chosen).await, None);
    let hours = Quiet { expires_in: None, daily: DailyHours::new(1320, 420, 540) };
    let now = ben.set_do_not_disturb(Some(hours)).await.unwrap();
    assert_eq!(next(&mut other_device, quiet).await, now);
    assert_eq!(there.as_user(id("ben")).do_not_disturb().await.unwrap(), now);
    ana.send(room, Draft::text("end")).await.unwrap();
    let told = up_to(&mut others, "end").await;
    assert!(told.iter().all(|event| chosen(event).is_none() && quiet(event).is_none()), "{told:?}");
}

#[tokio::test]
async fn whoever_was_away_learns_of_their_own_choice_once_and_nobody_of_anothers() {
    let engine = ChatEngine::builder().build().await.unwrap();
    let room = group(&engine, &["ana", "ben"]).await;
    let (ana, ben) = (engine.as_user(id("ana")), engine.as_user(id("ben")));
    let token = ben.connect().await.unwrap().next().await.unwrap().token.unwrap();
    ben.set_notifications(room, Some(NotifyLevel::Mentions), Some(60)).await.unwrap();
    ben.set_notifications(room, Some(NotifyLevel::None), None).await.unwrap();
    ana.send(room, Draft::text("end")).await.unwrap();
    let told = caught_up(&mut ben.connect_since(token).await.unwrap()).await;
    assert_eq!(told.iter().filter_map(|event| chosen(event)).collect::<Vec<_>>(), [Some(MUTED)]);

    let told = caught_up(&mut ana.connect_since(token).await.unwrap()).await;
    let of_members =
        |event: &&Arc<Event>| matches!(event.kind, EventKind::Role(..) | EventKind::Participant(..));
    assert_eq!(
        (told.iter().filter_map(|event| chosen(event)).count(), told.iter().filter(of_members).count()),
        (0, 0)
    );

    // Another role since then is told all the same.
    ana.set_role(room, ben.user(), Role::Admin).await.unwrap();
    ben.set_notifications(room, None, None).await.unwrap();
    ana.send(room, Draft::text("more")).await.unwrap();
    let told = caught_up(&mut ana.connect_since(token).await.unwrap()).await;
    assert_eq!(told.iter().filter(of_members).count(), 1);
}

#[tokio::test]
async fn a_choice_and_a_time_of_quiet_end_by_themselves() {
    let clock = ManualClock::default();
    let engine = ChatEngine::builder().clock(clock.clone()).build().await.unwrap();
    let room = group(&engine, &["ana", "ben"]).await;
    let ben = engine.as_user(id("ben"));
    let view = ben.set_notifications(room, Some(NotifyLevel::None), Some(60)).await.unwrap();
    assert!(view.notify.unwrap().until.is_some());
    clock.advance(Duration::from_secs(60));
    assert_eq!(ben.room(room).await.unwrap().notify, None);
    for seconds in [0, 31_536_001, u64::MAX] {
        let quiet = Quiet { expires_in: Some(seconds), daily: None };
        let refused = ben.set_do_not_disturb(Some(quiet)).await.unwrap_err();
        assert_eq!(refused.code(), "INVALID_INPUT");
        let level = Some(NotifyLevel::All);
        assert_eq!(
            ben.set_notifications(room, level, Some(seconds)).await.unwrap_err().code(),
            "INVALID_INPUT"
        );
    }
    let good = ben.set_do_not_disturb(Some(Quiet::default())).await.unwrap();
    assert_eq!(good.until, Some(Timestamp::NEVER));
    assert_eq!(ben.set_do_not_disturb(None).await.unwrap(), DoNotDisturb::default());
}

/// All pages of a feed: whether it is a delta, the rooms, and the next token.
async fn feed(actor: &Actor, since: Option<Token>) -> (bool, Vec<FeedRoom>, Token) {
    let (mut cursor, mut rooms) = (None, Vec::new());
    loop {
        let limit = Limit::new(2).unwrap();
        let page = actor.feed(FeedQuery { since, cursor, limit }).await.unwrap();
        rooms.extend(page.rooms);
        if let Some(token) = page.token {
            assert!(page.next.is_none());
            return (page.is_delta, rooms, token);
        }
        cursor = page.next.map(|next| next.to_string().parse().unwrap());
        assert!(cursor.is_some());
    }
}

#[tokio::test]
async fn a_feed_has_all_rooms_and_then_what_changed_as_it_is() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let engine = ChatEngine::builder().shared_store(store.clone()).build().await.unwrap();
    let (ana, ben) = (engine.as_user(id("ana")), engine.as_user(id("ben")));
    let mut rooms = Vec::new();
    for _ in 0..5 {
        rooms.push(group(&engine, &["ana", "ben"]).await);
    }
    rooms.sort();
    ana.send(rooms[0], Draft::text("hi")).await.unwrap();
    let (is_delta, all, token) = feed(&ben, None).await;
    let of = |all: &[FeedRoom]| all.iter().map(|one| (one.room, one.unread)).collect::<Vec<_>>();
    assert!(!is_delta);
    assert_eq!(of(&all), [(rooms[0], 1), (rooms[1], 0), (rooms[2], 0), (rooms[3], 0), (rooms[4], 0)]);

    ana.send(rooms[1], Draft::text("ho")).await.unwrap();
    ana.send(rooms[1], Draft::text("ho")).await.unwrap();
    ben.set_notifications(rooms[2], Some(NotifyLevel::None), None).await.unwrap();
    ben.leave(rooms[4]).await.unwrap();
    let (is_delta, changed, later) = feed(&ben, Some(token)).await;
    assert!(is_delta);
    assert_eq!(of(&changed), [(rooms[1], 2), (rooms[2], 0), (rooms[4], 0)]);
    assert_eq!(changed.iter().map(|one| one.is_member).collect::<Vec<_>>(), [true, true, false]);
    assert_eq!(changed[1].notify, Some(MUTED));
    assert!(changed[0].version > all[1].version && changed[2].version > all[4].version);

    // The same place as the newest change: the mark is told, and beyond what was known.
    ben.mark_read(rooms[1], None).await.unwrap();
    let (_, read, end) = feed(&ben, Some(later)).await;
    let read = read.into_iter().find(|one| one.room == rooms[1]).unwrap();
    assert_eq!((read.unread, read.read_seq > changed[0].read_seq), (0, true));
    assert!(read.version >= changed[0].version);
    let others = engine.as_user(id("eve"));
    assert_eq!(feed(&others, Some(end)).await.1, []);

    let cursor =
        ben.feed(FeedQuery { since: None, cursor: None, limit: Limit::new(1).unwrap() }).await.unwrap().next;
    engine.admin().rotate_epoch().await.unwrap();
    let (is_delta, all, _) = feed(&ben, Some(end)).await;
    assert_eq!((is_delta, all.len()), (false, 4));
    let old = FeedQuery { since: None, cursor, limit: Limit::new(1).unwrap() };
    assert_eq!(ben.feed(old).await.unwrap_err().code(), "INVALID_INPUT");
}

#[tokio::test]
async fn a_session_chooses_and_is_answered_with_what_holds_now() {
    let engine = ChatEngine::builder().build().await.unwrap();
    let room = group(&engine, &["ana", "ben"]).await;
    let ana = engine.as_user(id("ana"));
    let (phone, mut laptop) = (ana.connect().await.unwrap(), ana.connect().await.unwrap());
    let asked = async |command| phone.execute(command).await.unwrap();

    let level = Command::SetNotifications(room, Some(NotifyLevel::None), None);
    let Reply::Room(view) = asked(level).await else { panic!("no room") };
    assert_eq!(view.notify, Some(MUTED));
    assert_eq!(next(&mut laptop, chosen).await, Some(MUTED));
    let hours = DailyHours::new(22 * 60, 7 * 60, 540);
    let at_night = Command::SetDoNotDisturb(Some(Quiet { expires_in: None, daily: hours }));
    let Reply::DoNotDisturb(now) = asked(at_night).await else { panic!("no quiet") };
    assert_eq!(now, DoNotDisturb { until: None, daily: hours });
    assert_eq!(next(&mut laptop, quiet).await, now);
    let Reply::DoNotDisturb(now) = asked(Command::SetDoNotDisturb(None)).await else { panic!("no quiet") };
    assert_eq!(now, DoNotDisturb::default());
    let update = SettingsUpdate { invisible: Some(true), ..SettingsUpdate::default() };
    let Reply::Settings(settings) = asked(Command::SetSettings(update)).await else { panic!("no settings") };
    assert_eq!((settings.invisible, settings.read_receipts), (true, true));
    assert_eq!(ana.settings().await.unwrap(), settings);

    let elsewhere = Command::SetNotifications(RoomId::generate(), None, None);
    assert!(matches!(phone.execute(elsewhere).await.unwrap_err().kind(), ErrorKind::RoomNotFound(_)));
    let for_no_time = Command::SetNotifications(room, Some(NotifyLevel::All), Some(0));
    assert_eq!(phone.execute(for_no_time).await.unwrap_err().code(), "INVALID_INPUT");
    assert_eq!(ana.room(room).await.unwrap().notify, Some(MUTED));
}

#[tokio::test]
async fn choices_are_made_over_rest() {
    let engine = ChatEngine::builder().authenticator(NameTokens).build().await.unwrap();
    let room = group(&engine, &["ana", "ben"]).await;
    let app = chat_core::transport::rest::router(engine, Default::default());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let served = tokio::spawn(async move { axum::serve(listener, app).await });
    let ask = async |method: &str, path: &str, body: Value| {
        let headers = "Authorization: Bearer ben\r\nContent-Type: application/json\r\n";
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = http(addr, method, path, headers, &body).await;
        (answer.status, serde_json::from_str::<Value>(&answer.body).unwrap())
    };
    let path = format!("/chat/rooms/{room}/notifications");
    let (status, view) = ask("PATCH", &path, json!({ "notifications": "none", "expiresIn": 3600 })).await;
    assert_eq!((status, &view["notifications"]), (200, &json!("none")));
    assert!(view["notifyUntil"].is_string());
    let (_, view) = ask("PATCH", &path, json!({ "notifications": "default" })).await;
    assert!(view.get("notifications").is_none() && view.get("notifyUntil").is_none());
    for bad in
        [json!({}), json!({ "notifications": "loud" }), json!({ "notifications": "all", "expiresIn": 0 })]
    {
        let (status, problem) = ask("PATCH", &path, bad).await;
        assert_eq!((status, &problem["code"]), (400, &json!("INVALID_INPUT")));
    }

    let path = "/chat/users/me/do-not-disturb";
    let nothing = json!({ "until": null, "daily": null });
    assert_eq!(ask("GET", path, Value::Null).await, (200, nothing.clone()));
    let daily = json!({ "from": "22:00", "to": "07:00", "utcOffset": 540 });
    let stands = json!({ "until": null, "daily": daily });
    assert_eq!(ask("PUT", path, json!({ "daily": daily })).await, (200, stands.clone()));
    assert_eq!(ask("GET", path, Value::Null).await, (200, stands));
    for (bad, field) in [
        (json!({ "daily": { "from": "22:00", "to": "22:00" } }), "daily.to"),
        (json!({ "daily": { "from": "24:00", "to": "07:00" } }), "daily.from"),
        (json!({ "daily": { "from": "22:00" } }), "daily.to"),
        (json!({ "daily": { "from": "22:00", "to": "07:00", "utcOffset": 900 } }), "daily.utcOffset"),
        (json!({ "expiresIn": 0 }), "expiresIn"),
    ] {
        let (status, problem) = ask("PUT", path, bad).await;
        assert_eq!((status, &problem["field"]), (400, &json!(field)));
    }
    let (_, for_good) = ask("PUT", path, Value::Null).await;
    assert_eq!(for_good["until"], "9999-12-31T23:59:59.999Z");
    assert_eq!(ask("DELETE", path, Value::Null).await, (200, nothing));

    let (status, page) = ask("GET", "/chat/feed", Value::Null).await;
    assert_eq!(
        (status, &page["isDelta"], &page["rooms"][0]["roomUuid"]),
        (200, &json!(false), &json!(room.to_string()))
    );
    let since = format!("/chat/feed?limit=1&since={}", page["token"].as_str().unwrap());
    let (_, page) = ask("GET", &since, Value::Null).await;
    assert_eq!(page["isDelta"], json!(true));
    for bad in ["/chat/feed?since=x", "/chat/feed?cursor=x", "/chat/feed?limit=0"] {
        assert_eq!(ask("GET", bad, Value::Null).await.1["code"], json!("INVALID_INPUT"));
    }
    served.abort();
}
