//! How much is kept of one user in all.

use std::time::Duration;

use bytes::Bytes;
use chat_core::ErrorKind;
use chat_core::model::Draft;
use chat_core::store::MessageReads;
use futures_util::{StreamExt, stream};

use super::http::Server;
use super::{Chat, sweep, user};

const QUOTA: u64 = 1_000;

async fn chat() -> Chat {
    Chat::new(|config| config.max_attachment_bytes_per_user = QUOTA).await
}

fn is_full(error: &chat_core::Error) -> bool {
    *error.kind() == ErrorKind::QuotaExceeded(QUOTA)
}

#[tokio::test]
async fn whoever_has_as_much_as_they_may_uploads_no_more_in_any_room() {
    let chat = chat().await;
    let (room, other) = (chat.group(&["ana", "ben"]).await, chat.group(&["ana"]).await);
    chat.upload(room, "ana", &[7; 600]).await.unwrap();
    let error = chat.upload(other, "ana", &[7; 401]).await.unwrap_err();
    assert!(is_full(&error), "{error}");
    assert_eq!((chat.files().len(), chat.unsent().await), (1, 1), "nothing of it stays");
    chat.upload(other, "ana", &[7; 400]).await.unwrap();
    // Not a byte is waited for.
    let ana = chat.engine.as_user(user("ana"));
    assert!(is_full(&ana.upload(room, "never", stream::pending()).await.unwrap_err()));
    chat.upload(room, "ben", &[7; 1000]).await.unwrap();

    let server = Server::start(&chat.engine).await;
    let refused = server.post(&format!("/api/chat/rooms/{room}/attachments"), "ana", b"one more").await;
    let problem = refused.json();
    assert_eq!((refused.status, problem["code"].as_str()), (409, Some("QUOTA_EXCEEDED")));
    let detail = "your files take as much as they may together, which is 1000 bytes";
    assert_eq!(problem["detail"], detail);
}

#[tokio::test]
async fn an_upload_without_a_length_is_cut_off_where_the_quota_ends() {
    let chat = Chat::new(|config| config.max_attachment_bytes_per_user = 2_000_000).await;
    let room = chat.group(&["ana"]).await;
    let endless = stream::repeat_with(|| Ok(Bytes::from(vec![7; 50_000])));
    let taken = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
    let counting = taken.clone();
    let endless = endless.inspect(move |_| {
        counting.fetch_add(50_000, std::sync::atomic::Ordering::SeqCst);
    });
    let error = chat.engine.as_user(user("ana")).upload(room, "endless", endless).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::QuotaExceeded(2_000_000));
    let taken = taken.load(std::sync::atomic::Ordering::SeqCst);
    assert!(taken <= 2_100_000, "{taken} bytes were asked for");
    assert_eq!((chat.files().len(), chat.unsent().await), (0, 0));
}

#[tokio::test]
async fn what_is_deleted_makes_room_once_its_bytes_are_gone() {
    let chat = chat().await;
    let room = chat.group(&["ana"]).await;
    let ana = chat.engine.as_user(user("ana"));
    let file = chat.upload(room, "ana", &[7; 1000]).await.unwrap();
    let sent = ana.send(room, Draft::attachment(file)).await.unwrap();
    assert!(is_full(&chat.upload(room, "ana", b"x").await.unwrap_err()), "what is sent counts");
    ana.delete(room, sent.id).await.unwrap();
    assert!(is_full(&chat.upload(room, "ana", b"x").await.unwrap_err()), "its bytes are there still");
    chat.clock.advance(Duration::from_secs(24 * 60 * 60));
    sweep(&chat).await;
    chat.has_left(0, 0).await;
    assert_eq!(chat.store.stored_bytes(&user("ana")).await.unwrap(), 0);
    chat.upload(room, "ana", &[7; 1000]).await.unwrap();
}

#[tokio::test]
async fn files_that_are_passed_on_count_as_their_new_owners() {
    let chat = chat().await;
    let (from, to) = (chat.group(&["ana", "ben"]).await, chat.group(&["ben"]).await);
    let [ana, ben] = ["ana", "ben"].map(|name| chat.engine.as_user(user(name)));
    let files =
        [chat.upload(from, "ana", &[7; 300]).await.unwrap(), chat.upload(from, "ana", b"x").await.unwrap()];
    let sent = ana.send(from, Draft::attachment(files[0]).with_attachment(files[1])).await.unwrap();
    chat.upload(from, "ben", &[7; 700]).await.unwrap();
    assert!(is_full(&ben.forward(from, sent.id, to, None).await.unwrap_err()));
    assert_eq!((chat.files().len(), chat.unsent().await), (3, 1), "no copy stays, and none is made in vain");
    assert_eq!(ben.room(to).await.unwrap().room.seq, 0);
    let one = chat.upload(from, "ana", &[7; 300]).await.unwrap();
    let sent = ana.send(from, Draft::attachment(one)).await.unwrap();
    ben.forward(from, sent.id, to, None).await.unwrap();
    assert_eq!(chat.store.stored_bytes(&user("ben")).await.unwrap(), 1000);
    assert_eq!(chat.store.stored_bytes(&user("ana")).await.unwrap(), 601, "hers are hers");
}

#[tokio::test]
async fn a_file_in_no_message_is_taken_back_by_whoever_uploaded_it() {
    let chat = chat().await;
    let room = chat.group(&["ana", "ben"]).await;
    let [ana, ben] = ["ana", "ben"].map(|name| chat.engine.as_user(user(name)));
    let file = chat.upload(room, "ana", &[7; 1000]).await.unwrap();
    let unknown = ErrorKind::AttachmentNotFound(file);
    assert_eq!(*ben.discard(room, file).await.unwrap_err().kind(), unknown);
    ana.discard(room, file).await.unwrap();
    assert_eq!((chat.files().len(), chat.unsent().await), (0, 0));
    assert_eq!(*ana.discard(room, file).await.unwrap_err().kind(), unknown);
    let send = ana.send(room, Draft::attachment(file)).await;
    assert_eq!(*send.unwrap_err().kind(), unknown, "it is sent no more");

    let file = chat.upload(room, "ana", &[7; 1000]).await.unwrap();
    let sent = ana.send(room, Draft::attachment(file)).await.unwrap();
    let used = ErrorKind::AttachmentUsed(file);
    assert_eq!(*ana.discard(room, file).await.unwrap_err().kind(), used);
    ana.download(room, file).await.unwrap();
    ana.delete(room, sent.id).await.unwrap();
    ana.discard(room, file).await.unwrap();
    assert_eq!((chat.files().len(), chat.unsent().await), (0, 0), "it need not be waited for");
    chat.upload(room, "ana", &[7; 1000]).await.unwrap();
}
