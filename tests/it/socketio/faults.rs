//! What goes wrong: refusals, faults, bounds, and the ends of connections.

use std::time::Duration;

use chat_core::config::Rate;
use chat_core::model::Draft;
use chat_core::store::MemoryStore;
use chat_core::testing::{FaultyStore, NameTokens};
use chat_core::transport::socketio::{SocketIoOptions, router};
use chat_core::{ChatEngine, Clock, Config};
use serde_json::{Value, json};

use super::client::{Polling, Server, Ws, answer, echo, event, http};

async fn server() -> Server {
    Server::start(SocketIoOptions::default()).await
}

async fn chat(server: &Server, name: &str) -> Ws {
    Ws::chat(server.addr, name).await.0
}

#[tokio::test]
async fn a_bad_token_is_refused_so_that_the_client_can_tell_why() {
    let server = server().await;
    for (auth, code) in [
        (r#"{"token":"ana@x"}"#, "UNAUTHENTICATED"),
        (r#"{"token":""}"#, "UNAUTHENTICATED"),
        (r#"{"token":5}"#, "UNAUTHENTICATED"),
        ("{}", "UNAUTHENTICATED"),
        ("", "UNAUTHENTICATED"),
        (r#"{"token":"ana@1"}"#, "TOKEN_EXPIRED"),
    ] {
        let mut ws = Ws::open(server.addr).await;
        // What comes in the same instant must not hide the refusal.
        ws.send(&format!("40/chat,{auth}")).await;
        ws.send(r#"42/chat,1["ping"]"#).await;
        let text = ws.text().await;
        let refused: Value = serde_json::from_str(text.strip_prefix("44/chat,").unwrap()).unwrap();
        assert!(refused["message"].is_string());
        assert_eq!(refused["data"]["code"], code, "{auth}");
        ws.send(r#"40/chat,{"token":"ana"}"#).await;
        assert!(ws.text().await.starts_with("40/chat,"), "with a good token it is let in");
    }
    let mut ws = Ws::open(server.addr).await;
    ws.send("40/chat,").await;
    assert_eq!(ws.closed().await.len(), 1, "who stays away is hung up on");
}

#[tokio::test]
async fn the_token_of_auth_counts_before_that_of_the_header_also_when_it_is_bad() {
    let server = server().await;
    for (header, auth, user) in [
        ("Authorization: Bearer ana\r\n", "", Some("ana")),
        ("Authorization: Bearer ana\r\n", "{}", Some("ana")),
        ("Authorization: Bearer ana\r\n", r#"{"token":"ben"}"#, Some("ben")),
        ("Authorization: Bearer ana\r\n", r#"{"token":"ana@x"}"#, None),
        ("Authorization: Bearer ana@x\r\n", r#"{"token":"ben"}"#, Some("ben")),
        ("Authorization: Basic ana\r\n", "", None),
    ] {
        let polling = Polling::open_with(server.addr, header).await;
        polling.post(&format!("40/chat,{auth}")).await;
        let mut packets = polling.packets().await;
        match user {
            None => assert!(packets[0].starts_with("44/chat,"), "{header} {auth}: {packets:?}"),
            Some(user) => {
                if packets.len() < 2 {
                    packets.extend(polling.packets().await);
                }
                assert_eq!(event(&packets[1]).unwrap().1["userUuid"], user, "{header} {auth}");
            }
        }
    }
}

#[tokio::test]
async fn a_fault_is_answered_by_its_ack_or_an_error_event_and_ends_nothing() {
    let server = server().await;
    let mut ana = chat(&server, "ana").await;
    let unknown = json!({"roomUuid": "01ARZ3NDEKTSV4RRFFQ69G5FAV"});
    for (name, payload, code) in [
        ("dance", json!({}), "INVALID_INPUT"),
        ("disconnect", json!({}), "INVALID_INPUT"),
        ("joinRoom", Value::Null, "INVALID_INPUT"),
        ("joinRoom", json!("x"), "INVALID_INPUT"),
        ("joinRoom", json!({"roomUuid": 5}), "INVALID_INPUT"),
        ("joinRoom", unknown.clone(), "ROOM_NOT_FOUND"),
        ("leaveRoom", unknown.clone(), "ROOM_NOT_FOUND"),
        ("markAsRead", unknown.clone(), "ROOM_NOT_FOUND"),
        ("typing", json!({"roomUuid": "01ARZ3NDEKTSV4RRFFQ69G5FAV", "isTyping": true}), "ROOM_NOT_FOUND"),
        ("sendMessage", unknown, "INVALID_INPUT"),
        ("resume", json!({"since": "x"}), "INVALID_INPUT"),
    ] {
        let (events, ack) = ana.ask(1, name, &payload).await;
        assert!(events.is_empty());
        assert_eq!((&ack["ok"], &ack["error"]["code"]), (&json!(false), &json!(code)), "{name} {payload}");
        assert!(ack["error"]["message"].is_string());
        ana.send(&format!(r#"42/chat,["{name}",{payload}]"#)).await;
        let (event, error) = ana.event().await;
        assert_eq!((&*event, &error["code"]), ("error", &json!(code)), "{name} {payload}");
    }
    for odd in ["[5]", "[null]", "[[]]", r#"["joinRoom"]"#] {
        ana.send(&format!("42/chat,{odd}")).await;
        assert_eq!(ana.event().await.0, "error", "{odd}");
    }
    ana.send(r#"43/chat,5["an answer to nothing"]"#).await;
    assert_eq!(ana.ask(2, "ping", &json!({})).await.1, json!({"ok": true}));
}

#[tokio::test]
async fn binary_where_text_belongs_is_answered_and_ends_nothing() {
    let server = server().await;
    let mut ana = chat(&server, "ana").await;
    ana.send_binary(&[1, 2, 3]).await;
    let (name, error) = ana.event().await;
    assert_eq!((&*name, &error["code"]), ("error", &json!("INVALID_INPUT")));
    ana.send(r#"451-/chat,7["sendMessage",{"_placeholder":true,"num":0}]"#).await;
    ana.send_binary(&[1, 2, 3]).await;
    assert_eq!(ana.answer(7).await.1["error"]["code"], "INVALID_INPUT");
    ana.send(r#"451-/chat,["sendMessage",{"_placeholder":true,"num":0}]"#).await;
    ana.send_binary(&[1, 2, 3]).await;
    assert_eq!(ana.event().await.0, "error");
    assert_eq!(ana.ask(8, "ping", &json!({})).await.1, json!({"ok": true}));
}

#[tokio::test]
async fn an_event_over_64_kib_is_refused_and_only_a_packet_over_2_mib_closes() {
    let server = server().await;
    let room = server.room(&["ana"]).await;
    let mut ana = chat(&server, "ana").await;
    for size in [70_000, 1_500_000, 2_000_000] {
        let message = json!({"roomUuid": room, "message": {"type": "TEXT", "content": "x".repeat(size)}});
        let (_, ack) = ana.ask(3, "sendMessage", &message).await;
        assert_eq!(ack["error"]["code"], "PAYLOAD_TOO_LARGE", "{size}");
        ana.send(&format!(r#"42/chat,["sendMessage",{message}]"#)).await;
        let (name, error) = ana.event().await;
        assert_eq!((&*name, &error["code"]), ("error", &json!("PAYLOAD_TOO_LARGE")), "{size}");
    }
    assert_eq!(ana.ask(4, "ping", &json!({})).await.1["ok"], true);
    ana.send(&format!(r#"42/chat,5["sendMessage","{}"]"#, "x".repeat(3 << 20))).await;
    assert!(!ana.closed().await.iter().any(|packet| packet.starts_with("41")), "no DISCONNECT");
}

#[tokio::test]
async fn a_large_packet_over_polling_is_refused_and_a_payload_over_the_bound_is_413_and_the_end() {
    let server = server().await;
    let polling = Polling::open(server.addr).await;
    polling.post(r#"40/chat,{"token":"ana"}"#).await;
    let mut seen = Vec::new();
    while seen.len() < 2 {
        seen.extend(polling.packets().await);
    }
    let large = "x".repeat(1_200_000);
    assert_eq!(polling.post(&format!(r#"42/chat,1["sendMessage","{large}"]"#)).await.body, "ok");
    assert!(polling.packets().await[0].contains("PAYLOAD_TOO_LARGE"));
    let two = format!(r#"42/chat,1["sendMessage","{}"]"#, "x".repeat(600_000));
    assert_eq!(polling.post(&format!("{two}\x1e{two}")).await.status, 413);
    assert_eq!(polling.get().await.status, 400);
    let polling = Polling::open(server.addr).await;
    assert_eq!(polling.post(&"4".repeat(3 << 20)).await.status, 413);
    assert_eq!(polling.get().await.status, 400);
}

#[tokio::test]
async fn a_token_that_expires_is_told_and_disconnected_and_another_may_follow() {
    let server = server().await;
    let soon = chat_core::SystemClock.now().plus(Duration::from_millis(400));
    let mut ana = chat(&server, &format!("ana@{}", soon.as_millis())).await;
    let (name, error) = ana.event().await;
    assert_eq!((&*name, &error["code"]), ("error", &json!("TOKEN_EXPIRED")));
    assert_eq!(ana.text().await, "41/chat,");
    ana.send(r#"42/chat,["ping"]"#).await;
    ana.send(r#"40/chat,{"token":"ana"}"#).await;
    assert!(ana.text().await.starts_with("40/chat,"));
    assert_eq!(ana.event().await.0, "connected");
    assert_eq!(ana.ask(1, "ping", &json!({})).await.1["ok"], true);
}

#[tokio::test]
async fn a_drain_tells_why_and_closes_without_a_disconnect() {
    let server = server().await;
    let mut ana = chat(&server, "ana").await;
    let polling = Polling::open(server.addr).await;
    polling.post(r#"40/chat,{"token":"ben"}"#).await;
    let mut seen = Vec::new();
    while seen.len() < 2 {
        seen.extend(polling.packets().await);
    }
    let polled = tokio::spawn(async move {
        let mut packets = polling.packets().await;
        while packets.last().unwrap() != "1" {
            packets.extend(polling.packets().await);
        }
        (packets, polling.get().await.status)
    });
    let began = std::time::Instant::now();
    let (_, last) = tokio::join!(server.engine.drain(Duration::from_secs(5)), ana.closed());
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    assert_eq!(last.len(), 1, "{last:?}");
    let (name, error) = event(&last[0]).unwrap();
    assert_eq!((&*name, &error["code"]), ("error", &json!("RESTARTING")));
    let (packets, status) = polled.await.unwrap();
    assert!(packets[0].contains("RESTARTING"), "{packets:?}");
    assert_eq!(packets.last().unwrap(), "1");
    assert_eq!(status, 400);
    let mut late = Ws::open(server.addr).await;
    late.send(r#"40/chat,{"token":"ana"}"#).await;
    assert_eq!(late.closed().await, Vec::<String>::new(), "no refusal: it should come back");
}

#[tokio::test]
async fn who_hangs_up_is_gone_from_the_chat() {
    let server = server().await;
    let room = server.room(&["ana", "ben"]).await;
    let mut ana = chat(&server, "ana").await;
    let polling = Polling::open(server.addr).await;
    polling.post(r#"40/chat,{"token":"ben"}"#).await;
    let mut ben = chat(&server, "ben").await;
    ben.ask(1, "typing", &json!({"roomUuid": room, "isTyping": true})).await;
    assert_eq!(ana.event_named("userTyping").await["isTyping"], true);
    ben.send("1").await;
    assert_eq!(ana.event_named("userTyping").await["isTyping"], false);
    // What came before the goodbye is still done.
    let message = json!({"roomUuid": room, "message": {"type": "TEXT", "content": "bye"}});
    polling.post(&format!("42/chat,[\"sendMessage\",{message}]\x1e1")).await;
    let (mut is_said, mut is_gone) = (false, false);
    while !(is_said && is_gone) {
        let (name, told) = event(&ana.text().await).unwrap();
        is_said |= name == "newMessage" && told["content"] == "bye";
        is_gone |= name == "presence" && told["online"] == false;
    }
}

#[tokio::test]
async fn who_leaves_before_it_is_let_in_is_told_nothing_and_may_come_again() {
    let server = server().await;
    let room = server.room(&["ana"]).await;
    let polling = Polling::open(server.addr).await;
    let connect = r#"40/chat,{"token":"ana"}"#;
    let message = json!({"roomUuid": room, "message": {"type": "TEXT", "content": "bye"}});
    let burst =
        [connect, &format!(r#"42/chat,1["sendMessage",{message}]"#), "41/chat,", connect].join("\x1e");
    polling.post(&burst).await;
    let mut packets = polling.packets().await;
    while !packets.iter().any(|packet| packet.contains("connected")) {
        packets.extend(polling.packets().await);
    }
    packets.retain(|packet| !packet.contains("newMessage"));
    assert_eq!(packets.len(), 2, "{packets:?}");
    polling.post(&format!(r#"42/chat,2["history",{}]"#, json!({"roomUuid": room}))).await;
    assert!(polling.packets().await.join("").contains("bye"), "what it asked for was done");
}

#[tokio::test]
async fn a_client_that_stops_polling_is_gone_within_the_write_timeout() {
    let mut config = Config::default();
    config.write_timeout = Duration::from_millis(500);
    let builder = ChatEngine::builder().authenticator(NameTokens).config(config);
    let engine = builder.build().await.unwrap();
    let app = router(engine.clone(), SocketIoOptions::default());
    let server = Server::serve(engine, app, false).await;
    let room = server.room(&["ana", "ben"]).await;
    let mut ana = chat(&server, "ana").await;
    let polling = Polling::open(server.addr).await;
    polling.post(r#"40/chat,{"token":"ben"}"#).await;
    ana.event_named("presence").await;
    server.send("ana", &room, "hi").await;
    let began = std::time::Instant::now();
    assert_eq!(ana.event_named("presence").await["online"], false);
    assert!(began.elapsed() < Duration::from_millis(1500), "{:?}", began.elapsed());
    assert_eq!(polling.get().await.status, 400);
}

#[tokio::test]
async fn a_member_who_is_removed_is_not_polled_what_waited() {
    let server = server().await;
    let room = server.room(&["ana", "ben"]).await;
    let polling = Polling::open(server.addr).await;
    polling.post(r#"40/chat,{"token":"ben"}"#).await;
    let mut seen = Vec::new();
    while seen.len() < 2 {
        seen.extend(polling.packets().await);
    }
    for _ in 0..40 {
        server.send("ana", &room, "secret").await;
    }
    assert_eq!(polling.packets().await.len(), 16);
    let ana = server.engine.as_user("ana".parse().unwrap());
    ana.remove(room.parse().unwrap(), &"ben".parse().unwrap()).await.unwrap();
    let packets = polling.packets().await;
    assert!(packets.iter().all(|packet| !packet.contains("secret")), "{packets:?}");
}

#[tokio::test]
async fn two_posts_at_once_do_not_mix_their_packets() {
    let server = echo().await;
    let polling = Polling::open(server.addr).await;
    polling.post("40").await;
    let body = (0..50).map(|number| format!(r#"42["message",{number}]"#)).collect::<Vec<_>>().join("\x1e");
    let (one, other) = tokio::join!(polling.post(&body), polling.post(&body));
    let statuses = [one.status, other.status];
    assert!(
        statuses == [200, 200] || statuses.contains(&400),
        "one after the other, or refused: {statuses:?}"
    );
    let unknown = http(server.addr, "GET", "/socket.io/?EIO=4&transport=polling&sid=x", "", "").await;
    assert_eq!((unknown.status, &*unknown.body), (400, r#"{"code":1,"message":"Session ID unknown"}"#));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_after_a_lost_answer_gets_the_first_message_over_every_transport() {
    let store = FaultyStore::on(MemoryStore::new());
    let engine = ChatEngine::builder().store(store.clone()).authenticator(NameTokens).build().await.unwrap();
    let app = router(engine.clone(), SocketIoOptions::default());
    let server = Server::serve(engine, app, false).await;
    let room = server.room(&["ana", "ben"]).await;
    let mut ben = chat(&server, "ben").await;
    let send = json!({"roomUuid": room, "message": {"type": "TEXT", "content": "hi", "clientId": "c1"}});
    let other = json!({"roomUuid": room, "message": {"type": "TEXT", "content": "ho", "clientId": "c1"}});

    let mut first = chat(&server, "ana").await;
    let mut commits = store.commits();
    let reporting = store.hang().await;
    commits.mark_unchanged();
    first.send(&format!(r#"42/chat,1["sendMessage",{send}]"#)).await;
    commits.changed().await.unwrap();
    // Nobody can have read the answer, for there is none yet.
    drop(first);
    drop(reporting);

    let mut over_websocket = chat(&server, "ana").await;
    let (_, told) = over_websocket.ask(1, "sendMessage", &send).await;
    assert_eq!((&told["ok"], &told["message"]["seq"]), (&json!(true), &json!(1)));
    let polling = Polling::open(server.addr).await;
    polling.post(r#"40/chat,{"token":"ana"}"#).await;
    polling.post(&format!(r#"42/chat,2["sendMessage",{send}]"#)).await;
    let by_polling = loop {
        if let Some((2, told)) = polling.packets().await.iter().find_map(|packet| answer(packet)) {
            break told;
        }
    };
    assert_eq!(by_polling["message"]["messageUuid"], told["message"]["messageUuid"]);
    let draft = Draft::text("hi").with_client_id("c1");
    let ana = server.engine.as_user("ana".parse().unwrap());
    let in_process = ana.send(room.parse().unwrap(), draft).await.unwrap();
    assert_eq!(told["message"]["messageUuid"], in_process.id.to_string());

    let (_, refused) = over_websocket.ask(3, "sendMessage", &other).await;
    assert_eq!((&refused["ok"], &refused["error"]["code"]), (&json!(false), &json!("CLIENT_ID_CONFLICT")));
    server.send("ana", &room, "end").await;
    let told = [ben.event_named("newMessage").await, ben.event_named("newMessage").await];
    assert_eq!(told.map(|message| message["seq"].clone()), [1, 2], "one event, and the end");
}

#[tokio::test]
async fn who_is_refused_for_a_flood_and_goes_on_is_hung_up_on_and_may_come_back() {
    let mut config = Config::default();
    config.rate_limits.commands = Some(Rate::per_second(1).with_burst(20));
    config.rate_limits.refusals = Some(Rate::per_second(1).with_burst(30));
    let builder = ChatEngine::builder().config(config).authenticator(NameTokens);
    let engine = builder.build().await.unwrap();
    let app = router(engine.clone(), SocketIoOptions::default());
    let server = Server::serve(engine, app, false).await;
    let room = server.room(&["ana", "ben"]).await;
    let (mut flood, mut quiet) = (chat(&server, "ana").await, chat(&server, "ana").await);
    let typing = json!({"roomUuid": room, "isTyping": true});
    for id in 1..=300 {
        flood.send(&format!(r#"42/chat,{id}["typing",{typing}]"#)).await;
    }
    let packets = flood.closed().await;
    let answers: Vec<Value> = packets.iter().filter_map(|packet| Some(answer(packet)?.1)).collect();
    let refused = answers.iter().filter(|answer| answer["error"]["code"] == "RATE_LIMITED").count();
    assert!((30..300).contains(&refused), "it is told, and told no more at last: {refused}");
    let last = packets.iter().rev().find_map(|packet| event(packet)).expect("why it is hung up on");
    assert_eq!((&*last.0, &last.1["code"]), ("error", &json!("RATE_LIMITED")));
    assert!(!packets.iter().any(|packet| packet.starts_with("41")), "no DISCONNECT, so that it comes back");
    server.send("ben", &room, "hi").await;
    assert_eq!(quiet.event_named("newMessage").await["content"], "hi", "the user's other device stays");
    chat(&server, "ana").await;
}

#[tokio::test]
async fn a_logout_ends_the_connection_so_that_stock_clients_stay_away() {
    let server = server().await;
    let room = server.room(&["ana", "ben"]).await;
    let mut ben = chat(&server, "ben").await;
    server.engine.as_user("ben".parse().unwrap()).log_out().await.unwrap();
    server.send("ana", &room, "after").await;
    let packets = ben.closed().await;
    let codes: Vec<_> = packets.iter().filter_map(|packet| event(packet)).collect();
    assert!(
        codes.iter().any(|(name, data)| name == "error" && data["code"] == "UNAUTHENTICATED"),
        "{packets:?}"
    );
    assert!(packets.iter().any(|packet| packet == "41/chat,"), "{packets:?}");
    assert!(!packets.iter().any(|packet| packet.contains("newMessage")));
    let mut again = Ws::open(server.addr).await;
    again.send(r#"40/chat,{"token":"ben"}"#).await;
    assert!(again.text().await.starts_with("44/chat,"), "the token holds no more");
}
