//! Many at once.

use std::time::{Duration, Instant};

use chat_core::model::Limit;
use chat_core::transport::socketio::{SocketIoOptions, router};
use chat_core::{ChatEngine, Config};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use tokio_tungstenite::tungstenite::Message;

use super::client::{Server, Ws, answer};

fn send(room: &str, id: u64, content: &str) -> String {
    let payload = json!({"roomUuid": room, "message": {"type": "TEXT", "content": content}});
    format!(r#"42/chat,{id}["sendMessage",{payload}]"#)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_event_in_the_same_instant_as_its_connect_is_never_lost() {
    const TIMES: usize = 3000;
    const AT_ONCE: usize = 50;
    let server = Server::start(SocketIoOptions::default()).await;
    let room = server.room(&["ana"]).await;
    let clients = (0..AT_ONCE).map(|_| {
        let (addr, room) = (server.addr, room.clone());
        tokio::spawn(async move {
            for _ in 0..TIMES / AT_ONCE {
                let mut ws = Ws::open(addr).await;
                let connect = r#"40/chat,{"token":"ana"}"#;
                // Both in one write.
                ws.0.feed(Message::text(connect)).await.unwrap();
                ws.0.feed(Message::text(send(&room, 1, "first"))).await.unwrap();
                ws.0.flush().await.unwrap();
                assert!(ws.text().await.starts_with("40/chat,"));
                assert_eq!(ws.answer(1).await.1["ok"], true);
                ws.send("1").await;
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.unwrap();
    }
    let (mut ana, _) = Ws::chat(server.addr, "ana").await;
    let (_, page) = ana.ask(1, "history", &json!({"roomUuid": room, "limit": 1})).await;
    assert_eq!(page["total"], TIMES);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_emits_in_a_tight_loop_all_arrive_in_order() {
    const EMITS: u64 = 1000;
    let server = Server::start(SocketIoOptions::default()).await;
    let room = server.room(&["ana", "ben"]).await;
    let (ana, _) = Ws::chat(server.addr, "ana").await;
    let (mut ben, _) = Ws::chat(server.addr, "ben").await;
    let hearing = tokio::spawn(async move {
        for number in 0..EMITS {
            assert_eq!(ben.event_named("newMessage").await["content"], format!("m{number}"));
        }
    });
    let (mut sink, mut stream) = ana.0.split();
    let sending = async {
        for id in 0..EMITS {
            let packet = send(&room, id, &format!("m{id}"));
            sink.feed(Message::text(packet)).await.unwrap();
        }
        sink.flush().await.unwrap();
    };
    let acked = async {
        let mut id = 0;
        while id < EMITS {
            let text = stream.next().await.unwrap().unwrap().into_text().unwrap();
            if let Some((found, ack)) = answer(&text) {
                assert_eq!((found, &ack["message"]["seq"]), (id, &Value::from(id + 1)));
                id += 1;
            }
        }
    };
    tokio::join!(sending, acked);
    hearing.await.unwrap();
}

/// Connects to the chat and reads nothing more, with a small receive buffer.
async fn stalled(server: &Server, name: &str) -> tokio::net::TcpStream {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut stream = socket.connect(server.addr).await.unwrap();
    let upgrade = "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\n\
                   Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n";
    stream.write_all(upgrade.as_bytes()).await.unwrap();
    let connect = format!(r#"40/chat,{{"token":"{name}"}}"#);
    let mut frame = vec![0x81, 0x80 | u8::try_from(connect.len()).unwrap(), 0, 0, 0, 0];
    frame.extend_from_slice(connect.as_bytes());
    stream.write_all(&frame).await.unwrap();
    let mut seen = Vec::new();
    while !String::from_utf8_lossy(&seen).contains("connected") {
        assert!(stream.read_buf(&mut seen).await.unwrap() > 0);
    }
    stream
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stalled_readers_are_closed_within_the_write_timeout_and_hold_up_nobody() {
    const STALLED: usize = 20;
    let mut config = Config::default();
    config.write_timeout = Duration::from_secs(2);
    config.presence_max_members = 0;
    let builder = ChatEngine::builder().authenticator(chat_core::testing::NameTokens).config(config);
    let engine = builder.build().await.unwrap();
    let app = router(engine.clone(), SocketIoOptions::default());
    let server = Server::serve(engine, app, false).await;
    let room = server.room(&["ana", "quick", "slow"]).await;
    let (mut quick, _) = Ws::chat(server.addr, "quick").await;
    let mut slow = Vec::new();
    for _ in 0..STALLED {
        slow.push(stalled(&server, "slow").await);
    }
    let slow_user = "slow".parse().unwrap();
    let is_slow_here = async || {
        let ana = server.engine.as_user("ana".parse().unwrap());
        let page = ana.participants(room.parse().unwrap(), None, Limit::ROOMS).await.unwrap();
        page.participants.iter().any(|one| one.profile.user == slow_user && one.online)
    };
    assert!(is_slow_here().await);
    let began = Instant::now();
    let mut worst = Duration::ZERO;
    let mut sent = 0;
    // More than the kernel keeps for a socket, less than the mailbox's bound: only the clock tells.
    while is_slow_here().await {
        assert!(began.elapsed() < Duration::from_secs(10), "still here");
        let at = Instant::now();
        server.send("ana", &room, &"x".repeat(8000)).await;
        quick.event_named("newMessage").await;
        worst = worst.max(at.elapsed());
        sent += 1;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(sent > 10);
    assert!(worst < Duration::from_millis(500), "{worst:?}");
    // Each is closed: after what the kernel kept, the end or a reset.
    for mut stream in slow {
        let mut rest = Vec::new();
        let end = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut rest)).await;
        assert!(end.is_ok(), "not closed");
    }
}
