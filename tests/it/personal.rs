//! What is kept of one person, handed out to them, and nothing of anybody else's.

use std::collections::BTreeMap;

use bytes::Bytes;
use chat_core::engine::PersonalExport;
use chat_core::model::{DailyHours, Draft, NewInvite, NewRoom, NotifyLevel, Quiet, Sanction, SettingsUpdate};
use chat_core::testing::NameTokens;
use chat_core::{Actor, ChatEngine, Config, RoomId, UserId, model::Profile};
use serde_json::{Value, json};

use crate::served::serve;
use crate::socketio::client::http;

fn id(name: &str) -> UserId {
    name.parse().unwrap()
}

async fn all(mut export: PersonalExport) -> (Vec<Value>, usize) {
    let (mut lines, mut pages) = (Vec::new(), 0);
    while let Some(page) = export.next().await.unwrap() {
        assert!(page.ends_with(b"\n"));
        lines.extend(parsed(&page));
        pages += 1;
    }
    assert!(export.next().await.unwrap().is_none(), "the end stays");
    (lines, pages)
}

fn parsed(page: &Bytes) -> Vec<Value> {
    std::str::from_utf8(page).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn counts(lines: &[Value]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for line in lines {
        *counts.entry(line["record"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    counts
}

async fn filled(engine: &ChatEngine) -> (Actor, RoomId) {
    let [ana, ben, cho] = ["ana", "ben", "cho"].map(|name| engine.as_user(id(name)));
    let (user, nickname, image) = (id("ana"), "Ana".into(), Some("https://example.org/ana.png".into()));
    engine.admin().set_profile(Profile { user, nickname, image }).await.unwrap();
    let settled = SettingsUpdate { read_receipts: Some(false), ..SettingsUpdate::default() };
    ana.set_settings(settled).await.unwrap();
    ana.request_friend(&id("ben")).await.unwrap();
    ana.block(&id("eve")).await.unwrap();
    engine.as_user(id("zoe")).block(&id("ana")).await.unwrap();
    let room = ben.create_room(NewRoom::group("Runners").with(["ana", "cho"])).await.unwrap().id();
    let theirs = ben.send(room, Draft::text("ben's own words")).await.unwrap();
    let words = Draft::text("ana's own words").quoting(theirs.id).with_client_id("1");
    ana.send(room, words.with_custom("{\"km\":8}".parse().unwrap())).await.unwrap();
    let gone = ana.send(room, Draft::text("taken back")).await.unwrap();
    ana.delete(room, gone.id).await.unwrap();
    ana.react(room, theirs.id, "like".parse().unwrap(), true).await.unwrap();
    cho.react(room, theirs.id, "no".parse().unwrap(), true).await.unwrap();
    ana.report(room, theirs.id, Some("rude".into())).await.unwrap();
    ben.mute(room, &id("ana"), Sanction::seconds(60)).await.unwrap();
    let other = ben.create_room(NewRoom::group("Closed")).await.unwrap().id();
    ben.ban(other, &id("ana"), Sanction::for_good().with_reason("Advertising")).await.unwrap();
    let inviting = ben.create_room(NewRoom::group("Inviting")).await.unwrap().id();
    ben.create_invite(inviting, NewInvite::of(id("ana"))).await.unwrap();
    (ana, room)
}

#[tokio::test]
async fn all_that_is_kept_of_somebody_comes_and_nothing_that_others_have_said() {
    let engine = ChatEngine::builder().build().await.unwrap();
    let (ana, room) = filled(&engine).await;
    let (lines, _) = all(ana.export().unwrap()).await;
    let expected = [
        ("header", 1),
        ("profile", 1),
        ("settings", 1),
        ("relation", 2),
        ("invitation", 1),
        ("ban", 1),
        ("report", 1),
        ("membership", 1),
        ("message", 2),
        ("reaction", 1),
        ("footer", 1),
    ];
    assert_eq!(counts(&lines), expected.map(|(word, count)| (word.to_owned(), count)).into());
    let of = |word: &str| lines.iter().find(|line| line["record"] == word).unwrap();
    assert_eq!(lines.last().unwrap(), &json!({ "record": "footer", "lines": lines.len() - 1 }));
    assert_eq!((&of("header")["userUuid"], &of("profile")["nickname"]), (&json!("ana"), &json!("Ana")));
    assert_eq!(of("relation")["kind"], "requestSent");
    assert_eq!(of("ban")["reason"], "Advertising");
    assert_eq!((&of("report")["reason"], &of("reaction")["reaction"]), (&json!("rude"), &json!("like")));
    let stay = of("membership");
    assert_eq!(
        (&stay["roomUuid"], &stay["name"], &stay["isActive"]),
        (&json!(room), &json!("Runners"), &json!(true))
    );
    assert!(stay["mutedUntil"].is_string());
    let message = of("message");
    assert_eq!((&message["content"], &message["clientId"]), (&json!("ana's own words"), &json!("1")));
    assert_eq!(message["custom"], json!({ "km": 8 }));
    let text = lines.iter().map(Value::to_string).collect::<String>();
    for others in ["ben's own words", "zoe", "cho", "taken back"] {
        assert!(!text.contains(others), "{others} is in it");
    }
    // Also of a room that they have left.
    ana.leave(room).await.unwrap();
    let (after, _) = all(engine.admin().export_user(&id("ana"))).await;
    assert_eq!(counts(&after), counts(&lines));
    let (nobody, _) = all(engine.admin().export_user(&id("nobody"))).await;
    assert_eq!(counts(&nobody).into_keys().collect::<Vec<_>>(), ["footer", "header"]);
}

#[tokio::test]
async fn former_words_threads_levels_and_what_is_hidden_are_in_it() {
    let mut config = Config::default();
    config.kept_edits = 5;
    let engine = ChatEngine::builder().config(config).build().await.unwrap();
    let (ana, room) = filled(&engine).await;
    engine.admin().unmute(room, &id("ana")).await.unwrap();
    let own = ana.send(room, Draft::text("as it was")).await.unwrap();
    ana.edit(room, own.id, Some("as it is")).await.unwrap();
    let bens = engine.as_user(id("ben")).send(room, Draft::text("ben's own root")).await.unwrap();
    ana.follow_thread(room, bens.id).await.unwrap();
    ana.hide(room, bens.id).await.unwrap();
    ana.set_notifications(room, Some(NotifyLevel::Mentions), None).await.unwrap();
    let daily = DailyHours::new(22 * 60, 7 * 60 + 5, 540);
    ana.set_do_not_disturb(Some(Quiet { expires_in: None, daily })).await.unwrap();
    let (lines, _) = all(ana.export().unwrap()).await;
    let of = |word: &str| lines.iter().find(|line| line["record"] == word).unwrap();
    let at = |words: &str| lines.iter().position(|line| line["content"] == words).unwrap();
    assert_eq!(at("as it was"), at("as it is") + 1, "behind what it says now");
    let former = &lines[at("as it was")];
    assert_eq!((&former["record"], &former["messageUuid"]), (&json!("edit"), &json!(own.id)));
    assert_eq!(
        (&of("thread")["parentMessageUuid"], &of("thread")["following"]),
        (&json!(bens.id), &json!(true))
    );
    assert_eq!(of("hidden")["messageUuid"], json!(bens.id));
    assert_eq!(of("membership")["notifications"], "mentions");
    assert_eq!(of("doNotDisturb")["daily"], json!({ "from": "22:00", "to": "07:05", "utcOffset": 540 }));
    assert!(!lines.iter().any(|line| line.to_string().contains("ben's own")), "ben's words are his");
}

#[tokio::test]
async fn all_former_words_come_however_many_there_are() {
    let mut config = Config::default();
    config.kept_edits = 1000;
    let engine = ChatEngine::builder().config(config).build().await.unwrap();
    let ana = engine.as_user(id("ana"));
    let room = ana.create_room(NewRoom::group("Runners")).await.unwrap().id();
    let [first, gone, last] = [0, 1, 2].map(|n| Draft::text(format!("message {n}")));
    let first = ana.send(room, first).await.unwrap();
    for n in 0..300 {
        ana.edit(room, first.id, Some(&format!("word {n}"))).await.unwrap();
    }
    let gone = ana.send(room, gone).await.unwrap();
    ana.edit(room, gone.id, Some("taken back")).await.unwrap();
    ana.delete(room, gone.id).await.unwrap();
    let last = ana.send(room, last).await.unwrap();
    ana.edit(room, last.id, Some("said otherwise")).await.unwrap();
    let (lines, _) = all(ana.export().unwrap()).await;
    assert_eq!((counts(&lines)["message"], counts(&lines)["edit"]), (3, 301));
    let of_first =
        lines.iter().filter(|line| line["record"] == "edit" && line["messageUuid"] == json!(first.id));
    let words: Vec<_> = of_first.map(|line| line["content"].as_str().unwrap().to_owned()).collect();
    let newest_first = (0..299).rev().map(|n| format!("word {n}")).chain(["message 0".to_owned()]);
    assert!(words.into_iter().eq(newest_first));
}

#[tokio::test]
async fn however_much_it_is_it_comes_in_pages() {
    let engine = ChatEngine::builder().build().await.unwrap();
    let ana = engine.as_user(id("ana"));
    let mut expected = 0;
    for rooms in 0..3 {
        let room = ana.create_room(NewRoom::group(format!("{rooms}")).with(["ben"])).await.unwrap().id();
        for n in 0..rooms * 300 {
            ana.send(room, Draft::text(format!("{n}"))).await.unwrap();
            engine.as_user(id("ben")).send(room, Draft::text("not ana's")).await.unwrap();
            expected += 1;
        }
    }
    let (lines, pages) = all(ana.export().unwrap()).await;
    assert_eq!(counts(&lines)["message"], expected);
    assert!(pages > expected / 250, "{pages} pages");
}

#[tokio::test]
async fn over_rest_it_is_the_callers_own_and_counts_as_a_change() {
    use chat_core::config::{Rate, RateLimits};
    use chat_core::transport::rest;
    let mut config = Config::default();
    config.rate_limits = RateLimits::default();
    config.rate_limits.changes = Some(Rate::per_second(1).with_burst(20));
    let engine = ChatEngine::builder().authenticator(NameTokens).config(config).build().await.unwrap();
    filled(&engine).await;
    let app = axum::Router::new().nest("/api", rest::router(engine.clone(), rest::RestOptions::default()));
    let addr = serve(app).await;
    let ask = async |headers: &str| http(addr, "GET", "/api/chat/users/me/export", headers, "").await;
    assert_eq!(ask("").await.status, 401);
    let answer = ask("Authorization: Bearer ana\r\n").await;
    assert_eq!(answer.status, 200);
    let words = ["ana's own words", "\"record\":\"footer\""];
    assert!(words.iter().all(|word| answer.body.contains(word)), "{}", answer.body);
    assert!(!answer.body.contains("ben's own words"));
    let mut status = 200;
    for _ in 0..30 {
        status = ask("Authorization: Bearer dan\r\n").await.status;
        if status != 200 {
            break;
        }
    }
    assert_eq!(status, 429);
}
