//! The contract's events, as a client sees them.

use std::time::Duration;

use chat_core::model::NewRoom;
use chat_core::transport::socketio::SocketIoOptions;
use serde_json::{Value, json};

use super::client::{Echo, Polling, Server, Ws, answer, event};

async fn server() -> Server {
    Server::start(SocketIoOptions::default()).await
}

async fn chat(server: &Server, name: &str) -> Ws {
    Ws::chat(server.addr, name).await.0
}

fn text(content: &str) -> Value {
    json!({"type": "TEXT", "content": content})
}

#[tokio::test]
async fn connected_comes_once_all_rooms_are_joined() {
    const ROOMS: usize = 250;
    let server = server().await;
    let mut rooms = Vec::new();
    for _ in 0..ROOMS {
        rooms.push(server.room(&["ana", "ben"]).await);
    }
    let mut ben = chat(&server, "ben").await;
    for room in &rooms {
        server.send("ana", room, "hi").await;
    }
    for room in &rooms {
        assert_eq!(&ben.event_named("newMessage").await["roomUuid"], room);
    }
    let late = server.room(&["ana", "ben"]).await;
    let (name, payload) = ben.event().await;
    assert_eq!((&*name, &payload["type"]), ("notification", &Value::from("addedToRoom")));
    server.send("ana", &late, "hi").await;
    assert_eq!(ben.event_named("newMessage").await["roomUuid"], late);
}

#[tokio::test]
async fn a_message_reaches_the_others_and_the_senders_other_devices_and_the_sender_its_ack() {
    let server = server().await;
    let room = server.room(&["ana", "ben"]).await;
    let (mut phone, mut desk) = (chat(&server, "ana").await, chat(&server, "ana").await);
    let mut ben = chat(&server, "ben").await;
    let payload = json!({"roomUuid": room, "message": {"type": "TEXT", "content": "hi", "clientId": "c1"}});
    let (before, ack) = phone.ask(7, "sendMessage", &payload).await;
    assert!(before.is_empty(), "no message of one's own: {before:?}");
    assert_eq!(ack["ok"], true);
    let message = &ack["message"];
    assert_eq!((&message["content"], &message["isMyMessage"]), (&json!("hi"), &json!(true)));
    for (client, is_mine) in [(&mut desk, true), (&mut ben, false)] {
        let told = client.event_named("newMessage").await;
        for (field, value) in [
            ("messageUuid", message["messageUuid"].clone()),
            ("roomUuid", room.clone().into()),
            ("seq", 1.into()),
            ("type", "TEXT".into()),
            ("content", "hi".into()),
            ("imageUrl", Value::Null),
            ("isRead", false.into()),
            ("readCount", 1.into()),
            ("readByUuids", json!(["ana"])),
            ("isMyMessage", is_mine.into()),
            ("createdAt", message["createdAt"].clone()),
            ("sender", json!({"userUuid": "ana", "nickname": "ana", "profileImage": null})),
        ] {
            assert_eq!(told[field], value, "{field}");
        }
    }
    assert!(phone.is_silent().await);
    let (_, again) = phone.ask(8, "sendMessage", &payload).await;
    assert_eq!(again["message"]["messageUuid"], message["messageUuid"], "a retry gets the first one");
    phone
        .send(&format!(r#"42/chat,["sendMessage",{}]"#, json!({"roomUuid": room, "message": text("no ack")})))
        .await;
    assert_eq!(ben.event_named("newMessage").await["content"], "no ack");
    assert!(phone.is_silent().await, "who asks for no ack gets none");
}

#[tokio::test]
async fn join_and_leave_concern_this_connection_alone() {
    let server = server().await;
    let room = server.room(&["ana", "ben"]).await;
    let (mut phone, mut desk) = (chat(&server, "ben").await, chat(&server, "ben").await);
    let (events, ack) = phone.ask(1, "leaveRoom", &json!({"roomUuid": room})).await;
    assert_eq!(events, [("leftRoom".to_owned(), json!({"roomUuid": room}))]);
    assert_eq!(ack, json!({"ok": true}));
    server.send("ana", &room, "one").await;
    assert_eq!(desk.event_named("newMessage").await["content"], "one");
    assert!(phone.is_silent().await);
    let payload = json!({"roomUuid": room, "message": text("two")});
    assert_eq!(phone.ask(2, "sendMessage", &payload).await.1["ok"], true, "the membership stays");
    assert_eq!(phone.ask(3, "markAsRead", &json!({"roomUuid": room})).await.1["ok"], true);
    phone.send(&format!(r#"42/chat,["joinRoom",{}]"#, json!({"roomUuid": room}))).await;
    assert_eq!(phone.event().await, ("joinedRoom".to_owned(), json!({"roomUuid": room})));
    server.send("ana", &room, "three").await;
    assert_eq!(phone.event_named("newMessage").await["content"], "three");
}

#[tokio::test]
async fn typing_and_read_marks_are_told() {
    let server = server().await;
    let room = server.room(&["ana", "ben"]).await;
    let (mut ana, mut ben) = (chat(&server, "ana").await, chat(&server, "ben").await);
    let (events, ack) = ana.ask(1, "typing", &json!({"roomUuid": room, "isTyping": true})).await;
    assert_eq!((events.len(), ack), (0, json!({"ok": true})));
    let expected = json!({"roomUuid": room, "userUuid": "ana", "nickname": "ana", "isTyping": true});
    assert_eq!(ben.event_named("userTyping").await, expected);
    server.send("ana", &room, "hi").await;
    let (events, ack) = ben.ask(2, "markAsRead", &json!({"roomUuid": room})).await;
    assert_eq!((&ack["ok"], &ack["readSeq"], &ack["unreadCount"]), (&json!(true), &json!(1), &json!(0)));
    let own = events.into_iter().find(|(name, _)| name == "messagesRead").expect("the reader is told too").1;
    let told = ana.event_named("messagesRead").await;
    assert_eq!(own, told);
    assert_eq!(
        (&told["roomUuid"], &told["userUuid"], &told["seq"]),
        (&json!(room), &json!("ben"), &json!(1))
    );
    assert!(told["readAt"].is_string());
}

#[tokio::test]
async fn the_servers_own_events_have_their_names() {
    let server = server().await;
    let room = server.room(&["ana", "ben"]).await;
    let mut ana = chat(&server, "ana").await;
    let ben = chat(&server, "ben").await;
    server.engine.as_user("ben".parse().unwrap()).leave(room.parse().unwrap()).await.unwrap();
    let told = ana.event_named("systemMessage").await;
    let keys = ["roomUuid", "message", "kind", "userUuid", "nickname", "seq", "createdAt"];
    assert!(keys.iter().all(|key| !told[*key].is_null()), "{told}");
    assert_eq!(told["userUuid"], "ben");
    drop(ben);
}

#[tokio::test]
async fn history_and_ping_are_answered() {
    let server = server().await;
    let room = server.room(&["ana"]).await;
    server.send("ana", &room, "one").await;
    server.send("ana", &room, "two").await;
    let mut ana = chat(&server, "ana").await;
    let (_, page) = ana.ask(1, "history", &json!({"roomUuid": room, "limit": 1})).await;
    assert_eq!((&page["messages"][0]["content"], &page["hasMore"]), (&json!("two"), &json!(true)));
    assert_eq!(ana.ask(2, "ping", &Value::Null).await.1, json!({"ok": true}));
}

#[tokio::test]
async fn a_resume_tells_what_was_missed_and_where_it_ended() {
    let server = server().await;
    let room = server.room(&["ana", "ben"]).await;
    let (ben, pos) = Ws::chat(server.addr, "ben").await;
    drop(ben);
    for number in 0..40 {
        server.send("ana", &room, &format!("m{number}")).await;
    }
    let (mut ben, _) = Ws::chat(server.addr, "ben").await;
    ben.send(&format!(r#"42/chat,["resume",{{"since":"{pos}"}}]"#)).await;
    for number in 0..40 {
        assert_eq!(ben.event_named("newMessage").await["content"], format!("m{number}"));
    }
    let told = ben.event_named("caughtUp").await;
    assert_eq!(told["recovered"], true);
    server.send("ana", &room, "live").await;
    assert_eq!(ben.event_named("newMessage").await["content"], "live");
    let since = json!({"since": told["pos"]});
    ben.ask(1, "resume", &since).await;
    assert_eq!(ben.event_named("newMessage").await["content"], "live");
}

#[tokio::test]
async fn one_connection_may_be_in_several_namespaces() {
    let options = SocketIoOptions::default().with_chat(["/chat", "/work"]).with_namespace("/", Echo);
    let server = Server::start(options).await;
    let room = server.room(&["ana", "ben"]).await;
    let mut ben = chat(&server, "ben").await;
    ben.send(r#"40/work,{"token":"ana"}"#).await;
    assert!(ben.but_presence().await.starts_with("40/work,"));
    assert!(ben.but_presence().await.starts_with(r#"42/work,["connected","#));
    ben.send("40").await;
    assert!(ben.but_presence().await.starts_with("40{"));
    assert_eq!(ben.but_presence().await, r#"42["auth",{}]"#);
    server.send("ana", &room, "hi").await;
    let both = [ben.but_presence().await, ben.but_presence().await];
    assert!(both.iter().any(|packet| packet.starts_with(r#"42/work,["newMessage""#)), "{both:?}");
    assert!(both.iter().any(|packet| packet.starts_with(r#"42/chat,["newMessage""#)), "{both:?}");
    ben.send("41/chat,").await;
    ben.send(r#"42["message",1]"#).await;
    assert_eq!(ben.but_presence().await, r#"42["message-back",1]"#);
    server.send("ana", &room, "again").await;
    assert!(ben.but_presence().await.starts_with(r#"42/work,["newMessage""#));
    ben.send(r#"40/chat,{"token":"ben"}"#).await;
    assert!(ben.but_presence().await.starts_with("40/chat,"));
    assert!(ben.but_presence().await.starts_with(r#"42/chat,["connected","#));
}

#[tokio::test]
async fn polling_and_websocket_clients_see_one_order() {
    const EACH: u64 = 100;
    let server = server().await;
    let room = server.room(&["ana", "ben", "cho", "dee", "eve"]).await;
    let mut dee = chat(&server, "dee").await;
    let eve = Polling::open(server.addr).await;
    assert_eq!(eve.post(r#"40/chat,{"token":"eve"}"#).await.body, "ok");
    let mut polled = eve.packets().await;
    while !polled.iter().any(|packet| packet.contains("\"connected\"")) {
        polled = eve.packets().await;
    }
    let polling = tokio::spawn(async move {
        let mut heard = Vec::new();
        while heard.len() < 3 * EACH as usize {
            let packets = eve.packets().await;
            assert!(packets.len() <= 16, "{}", packets.len());
            let messages =
                packets.iter().filter_map(|packet| event(packet)).filter(|(name, _)| name == "newMessage");
            heard.extend(messages.map(|(_, message)| message["messageUuid"].clone()));
        }
        heard
    });
    let send = |name: &'static str| {
        let (addr, room) = (server.addr, room.clone());
        tokio::spawn(async move {
            let (mut ws, _) = Ws::chat(addr, name).await;
            for id in 0..EACH {
                ws.send(&format!(
                    r#"42/chat,{id}["sendMessage",{}]"#,
                    json!({"roomUuid": room, "message": text("x")})
                ))
                .await;
            }
            for id in 0..EACH {
                ws.answer(id).await;
            }
        })
    };
    let senders = [send("ana"), send("ben"), send("cho")];
    let mut heard = Vec::new();
    while heard.len() < 3 * EACH as usize {
        heard.push(dee.event_named("newMessage").await["messageUuid"].clone());
    }
    assert_eq!(polling.await.unwrap(), heard);
    for sender in senders {
        sender.await.unwrap();
    }
}

#[tokio::test]
async fn an_upgrade_amid_messages_loses_none_and_keeps_their_order() {
    const MESSAGES: u64 = 300;
    let server = server().await;
    let room = server.room(&["ana", "ben"]).await;
    let ben = Polling::open(server.addr).await;
    assert_eq!(ben.post(r#"40/chat,{"token":"ben"}"#).await.body, "ok");
    let mut heard = Vec::new();
    let mut hear = |packets: &[String]| {
        let messages =
            packets.iter().filter_map(|packet| event(packet)).filter(|(name, _)| name == "newMessage");
        heard.extend(messages.map(|(_, message)| message["seq"].as_u64().unwrap()));
        heard.clone()
    };
    let connected = loop {
        let packets = ben.packets().await;
        if packets.iter().any(|packet| packet.contains("\"connected\"")) {
            break packets;
        }
    };
    hear(&connected);
    let engine = server.engine.clone();
    let sending = tokio::spawn(async move {
        for number in 0..MESSAGES {
            let draft = chat_core::model::Draft::text(format!("m{number}"));
            engine.as_user("ana".parse().unwrap()).send(room.parse().unwrap(), draft).await.unwrap();
            if number % 10 == 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    });
    hear(&ben.packets().await);
    hear(&ben.packets().await);
    let mut ws = ben.websocket().await.unwrap();
    ws.send("2probe").await;
    assert_eq!(ws.text().await, "3probe");
    hear(&ben.packets().await);
    ws.send("5").await;
    loop {
        let seqs = hear(&[ws.text().await]);
        if seqs.len() as u64 == MESSAGES {
            assert!(seqs.iter().copied().eq(1..=MESSAGES), "{seqs:?}");
            break;
        }
    }
    sending.await.unwrap();
}

#[tokio::test]
async fn a_burst_in_the_connects_own_instant_waits_for_it() {
    let server = server().await;
    let room = server.room(&["ana"]).await;
    let polling = Polling::open(server.addr).await;
    let mut burst = vec![r#"40/chat,{"token":"ana"}"#.to_owned()];
    burst.extend((0..10).map(|id| {
        format!(r#"42/chat,{id}["sendMessage",{}]"#, json!({"roomUuid": room, "message": text("x")}))
    }));
    assert_eq!(polling.post(&burst.join("\x1e")).await.body, "ok");
    let mut packets = Vec::new();
    while packets.len() < 12 {
        packets.extend(polling.packets().await);
    }
    assert!(packets[0].starts_with("40/chat,"));
    assert_eq!(event(&packets[1]).unwrap().0, "connected");
    let seqs =
        packets[2..].iter().map(|packet| answer(packet).unwrap().1["message"]["seq"].as_u64().unwrap());
    assert!(seqs.eq(1..=10));
}

#[tokio::test]
async fn a_room_made_for_a_user_is_told_and_joined() {
    let server = server().await;
    let mut ben = chat(&server, "ben").await;
    let ana = server.engine.as_user("ana".parse().unwrap());
    let room = ana.create_room(NewRoom::direct("ben")).await.unwrap().id();
    let told = ben.event_named("notification").await;
    assert_eq!(told["roomUuid"], room.to_string());
    server.send("ana", &room.to_string(), "hi").await;
    assert_eq!(ben.event_named("newMessage").await["content"], "hi");
}
