//! What is taken of an upload, how much, and for how long.

use std::time::Duration;

use bytes::Bytes;
use chat_core::{ErrorKind, RoomId};
use futures_util::{StreamExt, stream};
use serde_json::Value;

use super::http::Server;
use super::{Chat, png, user};

async fn refusal(chat: &Chat, room: RoomId, bytes: &[u8]) -> Value {
    let server = Server::start(&chat.engine).await;
    let path = format!("/api/chat/rooms/{room}/attachments");
    let refused = server.post(&path, "ana", bytes).await;
    let mut problem = refused.json();
    assert_eq!(problem["status"], refused.status);
    assert_eq!(chat.files(), Vec::<String>::new(), "nothing of it stays");
    assert_eq!(chat.unsent().await, 0);
    problem["detail"].take()
}

#[tokio::test]
async fn what_a_file_is_and_how_large_is_told_by_its_bytes() {
    let chat = Chat::new(|config| {
        config.max_attachment_bytes = 1_000_000;
        config.max_image_pixels = 1_000_000;
    })
    .await;
    let room = chat.group(&["ana"]).await;
    for (bytes, detail) in [
        (b"<!DOCTYPE html><p>hello".to_vec(), "files of the type text/html are not allowed"),
        (b"\x7fELF\x02\x01\x01".repeat(50), "files of the type application/x-executable are not allowed"),
        (png(2, 2, 1_000_001), "file is larger than 1000000 bytes"),
        (png(1001, 1000, 1000), "body must be a picture of at most 1000000 pixels"),
        (png(u32::MAX, u32::MAX, 1000), "body must be a picture of at most 1000000 pixels"),
        (png(0, 9, 1000), "body is no picture that can be shown"),
        (b"\xff\xd8\xff\xe0".to_vec(), "body is no picture that can be shown"),
        (Vec::new(), "body must not be empty"),
    ] {
        assert_eq!(refusal(&chat, room, &bytes).await, detail);
    }
    chat.upload(room, "ana", &png(1000, 1000, 1_000_000)).await.unwrap();
}

#[tokio::test]
async fn a_file_without_a_length_is_cut_off_at_the_bound() {
    let chat = Chat::new(|config| config.max_attachment_bytes = 2_000_000).await;
    let room = chat.group(&["ana"]).await;
    let ana = chat.engine.as_user(user("ana"));
    let endless = stream::repeat_with(|| Ok(Bytes::from(vec![7; 50_000])));
    let error = ana.upload(room, "endless", endless).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::TooLarge { limit: 2_000_000, .. }), "{error}");
    assert_eq!((chat.files().len(), chat.unsent().await), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_stands_still_or_dawdles_ends() {
    let chat = Chat::new(|_| {}).await;
    let room = chat.group(&["ana"]).await;
    let ana = chat.engine.as_user(user("ana"));
    let still = stream::iter([Ok(Bytes::from(vec![7; 600_000]))]).chain(stream::pending());
    let slow = stream::unfold((), |()| async {
        tokio::time::sleep(Duration::from_secs(14)).await;
        Some((Ok(Bytes::from(vec![7; 100_000])), ()))
    });
    let began = tokio::time::Instant::now();
    let error = ana.upload(room, "still", still).await.unwrap_err();
    assert_eq!(error.to_string(), "body did not arrive in time");
    assert!(began.elapsed() < Duration::from_secs(20));
    let error = ana.upload(room, "slow", slow).await.unwrap_err();
    assert_eq!(error.to_string(), "body did not arrive in time");
    assert!(began.elapsed() < Duration::from_secs(11 * 60));
    assert_eq!((chat.files().len(), chat.unsent().await), (0, 0));
}

#[tokio::test]
async fn one_user_has_few_uploads_at_once_and_strangers_none() {
    let chat = Chat::new(|config| config.max_uploads_per_user = 1).await;
    let room = chat.group(&["ana", "ben"]).await;
    let (go, gone) = tokio::sync::oneshot::channel::<()>();
    let ana = chat.engine.as_user(user("ana"));
    let (begin, begun) = tokio::sync::oneshot::channel::<()>();
    let waiting = stream::once(async {
        begin.send(()).unwrap();
        let _ = gone.await;
        Ok(Bytes::from_static(b"first"))
    });
    let first = tokio::spawn(async move { ana.upload(room, "first", waiting).await });
    begun.await.unwrap();
    let error = chat.upload(room, "ana", b"second").await.unwrap_err();
    assert_eq!(error.code(), "RATE_LIMITED");
    chat.upload(room, "ben", b"third").await.unwrap();
    go.send(()).unwrap();
    first.await.unwrap().unwrap();
    chat.upload(room, "ana", b"second").await.unwrap();

    // Not a byte of theirs is waited for.
    let eve = chat.engine.as_user(user("eve"));
    let error = eve.upload(room, "never", stream::pending()).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::NotAParticipant(room));
}
