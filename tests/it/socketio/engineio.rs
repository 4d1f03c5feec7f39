//! The public test cases of the Engine.IO protocol. Where they echo plain messages, an event of the echo
//! namespace is echoed, since nothing but Socket.IO is carried here.

use std::time::Duration;

use serde_json::Value;
use tokio_tungstenite::tungstenite::Message;

use super::client::{Polling, Ws, echo, http};

const WS: &str = "/socket.io/?EIO=4&transport=websocket";

fn check_opening(packet: &str, upgrades: &[&str]) {
    let open: Value = serde_json::from_str(packet.strip_prefix('0').unwrap()).unwrap();
    let keys: Vec<&String> = open.as_object().unwrap().keys().collect();
    assert_eq!(keys.len(), 5, "{keys:?}");
    assert!(open["sid"].as_str().unwrap().len() >= 20);
    assert_eq!(open["upgrades"], Value::from(upgrades.to_vec()));
    assert_eq!((open["pingInterval"].as_u64(), open["pingTimeout"].as_u64()), (Some(300), Some(200)));
    assert_eq!(open["maxPayload"], 1_000_000);
}

/// A polling session in the echo namespace, whose greeting is taken already.
async fn echoing(addr: std::net::SocketAddr) -> Polling {
    let polling = Polling::open(addr).await;
    assert_eq!(polling.post("40").await.body, "ok");
    let mut seen = Vec::new();
    while seen.len() < 2 {
        seen.extend(polling.packets().await);
    }
    assert_eq!(seen[1], r#"42["auth",{}]"#);
    polling
}

#[tokio::test]
async fn handshake_over_polling() {
    let server = echo().await;
    let opened = http(server.addr, "GET", "/socket.io/?EIO=4&transport=polling", "", "").await;
    assert_eq!(opened.status, 200);
    check_opening(&opened.body, &["websocket"]);
}

#[tokio::test]
async fn handshake_over_websocket() {
    let server = echo().await;
    let mut ws = Ws::dial(server.addr, WS).await.unwrap();
    check_opening(&ws.text().await, &[]);
}

#[tokio::test]
async fn handshake_with_a_wrong_version_transport_or_method() {
    let server = echo().await;
    for (method, query) in [
        ("GET", "transport=polling"),
        ("GET", "EIO=abc&transport=polling"),
        ("GET", "EIO=4"),
        ("GET", "EIO=4&transport=abc"),
        ("POST", "EIO=4&transport=polling"),
        ("PUT", "EIO=4&transport=polling"),
        ("GET", "EIO=4&transport=polling&sid=unknown"),
        ("POST", "EIO=4&transport=polling&sid=unknown"),
    ] {
        let answer = http(server.addr, method, &format!("/socket.io/?{query}"), "", "").await;
        assert_eq!(answer.status, 400, "{method} {query}");
    }
    for query in ["transport=websocket", "EIO=abc&transport=websocket", "EIO=4", "EIO=4&transport=abc"] {
        assert!(Ws::dial(server.addr, &format!("/socket.io/?{query}")).await.is_err(), "{query}");
    }
}

#[tokio::test]
async fn message_one_packet_over_polling() {
    let polling = echoing(echo().await.addr).await;
    assert_eq!(polling.post(r#"42["message","hello"]"#).await.body, "ok");
    assert_eq!(polling.packets().await, [r#"42["message-back","hello"]"#]);
}

#[tokio::test]
async fn message_several_packets_over_polling() {
    let polling = echoing(echo().await.addr).await;
    let body = [1, 2, 3].map(|number| format!(r#"42["message",{number}]"#)).join("\x1e");
    assert_eq!(polling.post(&body).await.body, "ok");
    let expected = [1, 2, 3].map(|number| format!(r#"42["message-back",{number}]"#));
    assert_eq!(polling.packets().await, expected);
}

#[tokio::test]
async fn message_text_and_binary_packets_over_polling() {
    let polling = echoing(echo().await.addr).await;
    let text = r#"51-["message",{"_placeholder":true,"num":0}]"#;
    assert_eq!(polling.post(&format!("4{text}\x1ebAQIDBA==")).await.body, "ok");
    let packets = polling.packets().await;
    assert_eq!(packets, [r#"451-["message-back",{"_placeholder":true,"num":0}]"#, "bAQIDBA=="]);
}

#[tokio::test]
async fn message_an_invalid_packet_over_polling_closes_the_session() {
    let polling = echoing(echo().await.addr).await;
    assert_eq!(polling.post("abc").await.status, 400);
    assert_eq!(polling.get().await.status, 400);
}

#[tokio::test]
async fn message_two_polls_at_once_close_the_session() {
    let polling = echoing(echo().await.addr).await;
    let later = async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        polling.get().await
    };
    let (first, second) = tokio::join!(polling.get(), later);
    assert_eq!((first.status, &*first.body), (200, "1"));
    assert_eq!(second.status, 400);
    assert_eq!(polling.get().await.status, 400);
}

#[tokio::test]
async fn message_text_and_binary_over_websocket() {
    let mut ws = Ws::open(echo().await.addr).await;
    ws.send("40").await;
    ws.text().await;
    ws.text().await;
    ws.send(r#"42["message","hello"]"#).await;
    assert_eq!(ws.text().await, r#"42["message-back","hello"]"#);
    ws.send(r#"451-["message",{"_placeholder":true,"num":0}]"#).await;
    ws.send_binary(&[1, 2, 3, 4]).await;
    assert_eq!(ws.text().await, r#"451-["message-back",{"_placeholder":true,"num":0}]"#);
    assert_eq!(&ws.binary().await[..], [1, 2, 3, 4]);
}

#[tokio::test]
async fn message_an_invalid_packet_over_websocket_closes_the_session() {
    let mut ws = Ws::open(echo().await.addr).await;
    ws.send("abc").await;
    assert_eq!(ws.closed().await, Vec::<String>::new());
}

#[tokio::test]
async fn heartbeat_over_polling() {
    let polling = Polling::open(echo().await.addr).await;
    for _ in 0..3 {
        assert_eq!(polling.packets().await, ["2"]);
        assert_eq!(polling.post("3").await.status, 200);
    }
}

#[tokio::test]
async fn heartbeat_without_a_pong_over_polling_closes_the_session() {
    let polling = Polling::open(echo().await.addr).await;
    tokio::time::sleep(Duration::from_millis(300 + 200)).await;
    assert_eq!(polling.get().await.status, 400);
}

#[tokio::test]
async fn heartbeat_over_websocket() {
    let mut ws = Ws::open(echo().await.addr).await;
    for _ in 0..3 {
        assert_eq!(ws.text().await, "2");
        ws.send("3").await;
    }
}

#[tokio::test]
async fn heartbeat_without_a_pong_over_websocket_closes_the_session() {
    let mut ws = Ws::open(echo().await.addr).await;
    let began = std::time::Instant::now();
    assert_eq!(ws.closed().await, ["2"]);
    assert!(began.elapsed() < Duration::from_millis(900), "{:?}", began.elapsed());
}

#[tokio::test]
async fn close_over_polling() {
    let polling = Polling::open(echo().await.addr).await;
    let later = async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        polling.post("1").await
    };
    let (polled, posted) = tokio::join!(polling.get(), later);
    assert_eq!((polled.status, &*polled.body), (200, "6"));
    assert_eq!(posted.status, 200);
    assert_eq!(polling.get().await.status, 400);
}

#[tokio::test]
async fn close_over_websocket() {
    let mut ws = Ws::open(echo().await.addr).await;
    ws.send("1").await;
    assert_eq!(ws.closed().await, Vec::<String>::new());
}

#[tokio::test]
async fn upgrade_from_polling_to_websocket() {
    let polling = echoing(echo().await.addr).await;
    let mut ws = polling.websocket().await.unwrap();
    ws.send("2probe").await;
    assert_eq!(ws.text().await, "3probe");
    assert_eq!(polling.packets().await, ["6"], "a noop ends the poll");
    ws.send("5").await;
    ws.send(r#"42["message","hello"]"#).await;
    assert_eq!(ws.text().await, r#"42["message-back","hello"]"#);
}

#[tokio::test]
async fn upgrade_ends_a_poll_that_waits() {
    let polling = echoing(echo().await.addr).await;
    let waiting = {
        let polling = polling.clone();
        tokio::spawn(async move { polling.packets().await })
    };
    tokio::time::sleep(Duration::from_millis(20)).await;
    let mut ws = polling.websocket().await.unwrap();
    ws.send("2probe").await;
    assert_eq!(ws.text().await, "3probe");
    assert_eq!(waiting.await.unwrap(), ["6"]);
}

#[tokio::test]
async fn upgrade_after_which_polls_and_other_sockets_are_refused() {
    let polling = echoing(echo().await.addr).await;
    let mut ws = polling.websocket().await.unwrap();
    ws.send("2probe").await;
    assert_eq!(ws.text().await, "3probe");
    polling.websocket().await.unwrap().closed().await;
    ws.send("5").await;
    ws.send(r#"42["message","hello"]"#).await;
    assert_eq!(ws.text().await, r#"42["message-back","hello"]"#);
    assert_eq!(polling.get().await.status, 400);
    assert_eq!(polling.post("3").await.status, 400);
    polling.websocket().await.unwrap().closed().await;
    ws.send(r#"42["message","again"]"#).await;
    assert_eq!(ws.text().await, r#"42["message-back","again"]"#);
}

#[tokio::test]
async fn an_upgrade_that_comes_to_nothing_leaves_the_polling_as_it_was() {
    let polling = echoing(echo().await.addr).await;
    let mut ws = polling.websocket().await.unwrap();
    ws.send("2wrong").await;
    ws.closed().await;
    let mut ws = polling.websocket().await.unwrap();
    ws.send("2probe").await;
    assert_eq!(ws.text().await, "3probe");
    drop(ws);
    // Until the server has noticed, polls are sent home.
    assert_eq!(polling.post(r#"42["message",1]"#).await.body, "ok");
    while polling.packets().await != [r#"42["message-back",1]"#] {}
    loop {
        let mut ws = polling.websocket().await.unwrap();
        ws.send("2probe").await;
        match ws.next().await {
            Some(answer) => break assert_eq!(answer, Message::text("3probe")),
            // The server has not noticed yet.
            None => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

#[tokio::test]
async fn a_ping_of_websocket_itself_is_answered() {
    use futures_util::SinkExt;
    let mut ws = Ws::open(echo().await.addr).await;
    ws.0.send(Message::Ping("p".into())).await.unwrap();
    assert!(matches!(ws.next().await, Some(Message::Pong(payload)) if &payload[..] == b"p"));
}
