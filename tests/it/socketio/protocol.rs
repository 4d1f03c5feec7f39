//! The public test cases of the Socket.IO protocol.

use std::time::Duration;

use serde_json::Value;

use super::client::{Server, Ws, echo};

/// In the main namespace, greeted.
async fn connected(server: &Server) -> Ws {
    let mut ws = Ws::open(server.addr).await;
    ws.send("40").await;
    assert!(ws.text().await.starts_with("40{"));
    assert_eq!(ws.text().await, r#"42["auth",{}]"#);
    ws
}

#[tokio::test]
async fn connect_to_the_main_and_to_a_custom_namespace_with_and_without_a_payload() {
    let server = echo().await;
    for (connect, answer, auth) in [
        ("40", "40", r#"42["auth",{}]"#),
        (r#"40{"token":"123"}"#, "40", r#"42["auth",{"token":"123"}]"#),
        ("40/custom,", "40/custom,", r#"42/custom,["auth",{}]"#),
        (r#"40/custom,{"token":"abc"}"#, "40/custom,", r#"42/custom,["auth",{"token":"abc"}]"#),
    ] {
        let mut ws = Ws::open(server.addr).await;
        ws.send(connect).await;
        let text = ws.text().await;
        let sid: Value = serde_json::from_str(text.strip_prefix(answer).unwrap()).unwrap();
        assert_eq!(sid.as_object().unwrap().len(), 1);
        assert!(sid["sid"].is_string());
        assert_eq!(ws.text().await, auth);
    }
}

#[tokio::test]
async fn connect_to_an_unknown_namespace_or_where_it_is_not_allowed() {
    let mut ws = Ws::open(echo().await.addr).await;
    ws.send("40/random").await;
    assert_eq!(ws.text().await, r#"44/random,{"message":"Invalid namespace"}"#);
    ws.send(r#"40{"token":"bad"}"#).await;
    assert_eq!(ws.text().await, r#"44{"message":"Not authorized","data":7}"#);
    ws.send("40").await;
    assert!(ws.text().await.starts_with("40{"), "the connection stays, for another try");
}

#[tokio::test]
async fn connect_with_an_invalid_handshake_closes() {
    let server = echo().await;
    for wrong in ["4abc", r#"42["message",1]"#, "40[]", "40{", r#"40"x""#, "405", "43[]", "44{}"] {
        let mut ws = Ws::open(server.addr).await;
        ws.send(wrong).await;
        assert_eq!(ws.closed().await, Vec::<String>::new(), "{wrong}");
    }
}

#[tokio::test]
async fn connect_that_does_not_come_closes() {
    let mut ws = Ws::open(echo().await.addr).await;
    let began = std::time::Instant::now();
    while ws.next().await.is_some() {
        ws.send("3").await;
    }
    let after = began.elapsed();
    assert!(after > Duration::from_millis(900) && after < Duration::from_millis(2000), "{after:?}");
}

#[tokio::test]
async fn disconnect_from_the_main_namespace() {
    let mut ws = connected(&echo().await).await;
    ws.send("41").await;
    assert_eq!(ws.text().await, "2", "the connection stays");
}

#[tokio::test]
async fn disconnect_from_a_custom_namespace() {
    let server = echo().await;
    let mut ws = connected(&server).await;
    assert_eq!(ws.text().await, "2");
    ws.send("3").await;
    ws.send("40/custom").await;
    assert!(ws.text().await.starts_with("40/custom,{"));
    assert_eq!(ws.text().await, r#"42/custom,["auth",{}]"#);
    ws.send("41/custom").await;
    ws.send(r#"42["message","message to main namespace"]"#).await;
    assert_eq!(ws.text().await, r#"42["message-back","message to main namespace"]"#);
    ws.send("40/custom").await;
    assert!(ws.text().await.starts_with("40/custom,{"), "and once more");
}

#[tokio::test]
async fn disconnect_by_the_server() {
    let mut ws = connected(&echo().await).await;
    ws.send(r#"42["throw-me-out"]"#).await;
    assert_eq!(ws.text().await, "41");
    ws.send("40").await;
    assert!(ws.text().await.starts_with("40{"));
}

#[tokio::test]
async fn message_as_text() {
    let mut ws = connected(&echo().await).await;
    ws.send(r#"42["message",1,"2",{"3":[true]}]"#).await;
    assert_eq!(ws.text().await, r#"42["message-back",1,"2",{"3":[true]}]"#);
}

const TWO: &str = r#"{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#;

#[tokio::test]
async fn message_with_attachments() {
    let mut ws = connected(&echo().await).await;
    ws.send(&format!(r#"452-["message",{TWO}"#)).await;
    ws.send_binary(&[1, 2, 3]).await;
    ws.send_binary(&[4, 5, 6]).await;
    assert_eq!(ws.text().await, format!(r#"452-["message-back",{TWO}"#));
    assert_eq!(&ws.binary().await[..], [1, 2, 3]);
    assert_eq!(&ws.binary().await[..], [4, 5, 6]);
}

#[tokio::test]
async fn message_with_an_ack() {
    let mut ws = connected(&echo().await).await;
    ws.send(r#"42456["message-with-ack",1,"2",{"3":[false]}]"#).await;
    assert_eq!(ws.text().await, r#"43456[1,"2",{"3":[false]}]"#);
}

#[tokio::test]
async fn message_with_attachments_and_an_ack() {
    let mut ws = connected(&echo().await).await;
    ws.send(&format!(r#"452-789["message-with-ack",{TWO}"#)).await;
    ws.send_binary(&[1, 2, 3]).await;
    ws.send_binary(&[4, 5, 6]).await;
    assert_eq!(ws.text().await, format!("462-789[{TWO}"));
    assert_eq!(&ws.binary().await[..], [1, 2, 3]);
    assert_eq!(&ws.binary().await[..], [4, 5, 6]);
}

#[tokio::test]
async fn message_from_the_server_with_an_ack() {
    let mut ws = connected(&echo().await).await;
    ws.send(r#"42["ask-me"]"#).await;
    assert_eq!(ws.text().await, r#"420["how-much","a"]"#);
    ws.send(r#"430[7,"eight"]"#).await;
    assert_eq!(ws.text().await, r#"42["told",7,"eight"]"#);
    ws.send(r#"430["an answer to nothing"]"#).await;
    ws.send(r#"42["message",1]"#).await;
    assert_eq!(ws.text().await, r#"42["message-back",1]"#);
}

#[tokio::test]
async fn message_of_an_invalid_format_closes() {
    let server = echo().await;
    let wrong = [
        "4abc",
        "42{}",
        "42[]",
        "42[",
        r#"42abc["message-with-ack",1,"2",{"3":[false]}]"#,
        "47",
        "45-[]",
        r#"4517-["message"]"#,
        r#"42/nowhere,["message"]"#,
        r#"42/custom,["message"]"#,
    ];
    for wrong in wrong {
        let mut ws = connected(&server).await;
        ws.send(wrong).await;
        assert_eq!(ws.closed().await, Vec::<String>::new(), "{wrong}");
    }
    let mut ws = connected(&server).await;
    ws.send(r#"451-["message",{"_placeholder":true,"num":0}]"#).await;
    ws.send(r#"42["message"]"#).await;
    assert_eq!(ws.closed().await, Vec::<String>::new(), "text where an attachment belongs");
}
