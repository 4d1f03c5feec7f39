//! What is in no message is deleted in time.

use std::time::Duration;

use bytes::Bytes;
use chat_core::model::Draft;
use chat_core::store::{SqliteStore, Stage, Upkeep};
use futures_util::{StreamExt, TryStreamExt, stream};

use super::{Chat, sweep, user};

#[tokio::test]
async fn what_is_in_no_message_for_a_day_is_collected_with_its_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path().join("chat.db")).await.unwrap();
    let chat = Chat::on(store, |_| {}).await;
    let room = chat.group(&["ana", "ben"]).await;
    let ana = chat.engine.as_user(user("ana"));
    let sent = chat.upload(room, "ana", b"sent").await.unwrap();
    ana.send(room, Draft::attachment(sent)).await.unwrap();
    chat.upload(room, "ana", b"forgotten").await.unwrap();
    // One that breaks off: whoever uploads is gone.
    let broken = stream::iter([Ok(Bytes::from(vec![7; 600_000]))]).chain(stream::pending());
    let upload = ana.upload(room, "broken", broken);
    assert!(tokio::time::timeout(Duration::from_millis(500), upload).await.is_err());
    assert_eq!((chat.files().len(), chat.unsent().await), (3, 2));

    chat.clock.advance(Duration::from_secs(23 * 60 * 60));
    let late = chat.upload(room, "ana", b"later").await.unwrap();
    sweep(&chat).await;
    assert_eq!((chat.files().len(), chat.unsent().await), (4, 3), "not yet");
    chat.clock.advance(Duration::from_secs(60 * 60));
    sweep(&chat).await;
    chat.has_left(2, 1).await;
    let mut files = chat.files();
    files.sort();
    assert_eq!(files, [sent.to_string(), late.to_string()]);
    let left = chat.store.unsent_attachments(chat.now(), 10).await.unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!((left[0].attachment.id, left[0].stage), (late, Stage::Waiting));
    ana.send(room, Draft::attachment(late)).await.unwrap();
    let download = ana.download(room, sent).await.unwrap();
    let bytes: Vec<Bytes> = download.bytes(0..4).await.unwrap().try_collect().await.unwrap();
    assert_eq!(bytes.concat(), b"sent");
}

#[tokio::test]
async fn what_cannot_be_deleted_now_is_collected_later() {
    let chat = Chat::new(|_| {}).await;
    let room = chat.group(&["ana"]).await;
    chat.upload(room, "ana", b"forgotten").await.unwrap();
    chat.clock.advance(Duration::from_secs(25 * 60 * 60));
    chat.store.refuse(true);
    sweep(&chat).await;
    assert_eq!((chat.files().len(), chat.unsent().await), (1, 1));
    chat.store.refuse(false);
    sweep(&chat).await;
    chat.has_left(0, 0).await;
}
