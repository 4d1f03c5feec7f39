//! Attachments, from the upload over REST to everybody who sees the message; and their end.

mod collect;
mod download;
mod http;
mod quota;
mod upload;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chat_core::blob::FolderStore;
use chat_core::event::{EventKind, RoomChange};
use chat_core::model::{Draft, HistoryQuery, Limit, MessageType, NewRoom};
use chat_core::store::{MemoryStore, SqliteStore, Store, Upkeep};
use chat_core::testing::{FaultyStore, ManualClock, NameTokens};
use chat_core::transfer::Scope;
use chat_core::{AttachmentId, ChatEngine, Config, Error, ErrorKind, RoomId, UserId};
use futures_util::{TryStreamExt, stream};
use http::Server;
use serde_json::json;
use tempfile::TempDir;

/// An engine on a store and a folder of its own.
struct Chat {
    engine: ChatEngine,
    store: FaultyStore,
    clock: ManualClock,
    dir: TempDir,
}

impl Chat {
    async fn new(set: impl FnOnce(&mut Config)) -> Self {
        Self::on(MemoryStore::new(), set).await
    }

    async fn on(store: impl Store, set: impl FnOnce(&mut Config)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (store, clock) = (FaultyStore::on(store), ManualClock::default());
        let mut config = Config::default();
        set(&mut config);
        let engine = ChatEngine::builder()
            .store(store.clone())
            .clock(clock.clone())
            .authenticator(NameTokens)
            .config(config)
            .blobs(FolderStore::new(dir.path()));
        Self { engine: engine.build().await.unwrap(), store, clock, dir }
    }

    async fn group(&self, people: &[&str]) -> RoomId {
        let ana = self.engine.as_user(user(people[0]));
        let new = NewRoom::group("Runners").with(people.iter().skip(1).copied());
        ana.create_room(new).await.unwrap().id()
    }

    /// Uploads in process.
    async fn upload(&self, room: RoomId, who: &str, bytes: &[u8]) -> Result<AttachmentId, Error> {
        let bytes = stream::iter([Ok(Bytes::copy_from_slice(bytes))]);
        Ok(self.engine.as_user(user(who)).upload(room, "a file", bytes).await?.id)
    }

    /// The names of all files of blobs.
    fn files(&self) -> Vec<String> {
        files(self.dir.path())
    }

    async fn unsent(&self) -> usize {
        let all = self.store.unsent_attachments(self.now(), 100).await.unwrap();
        all.len()
    }

    /// Waits until so many files, and so many rows of unsent attachments, are left.
    async fn has_left(&self, files: usize, unsent: usize) {
        let left = async {
            while (self.files().len(), self.unsent().await) != (files, unsent) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), left).await.expect("what is old is deleted");
    }

    fn now(&self) -> chat_core::Timestamp {
        chat_core::Clock::now(&self.clock)
    }
}

fn files(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| {
            if path.is_dir() { files(&path) } else { vec![path.file_name().unwrap().display().to_string()] }
        })
        .collect()
}

fn user(name: &str) -> UserId {
    name.parse().unwrap()
}

/// A PNG that is none beyond its first bytes.
fn png(width: u32, height: u32, len: usize) -> Vec<u8> {
    let mut png = b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR".to_vec();
    png.extend([width.to_be_bytes(), height.to_be_bytes()].concat());
    png.extend(b"\x08\x02\x00\x00\x00\x00\x00\x00\x00");
    png.extend((png.len()..len).map(|n| (n % 251) as u8));
    png
}

/// Lets the engine collect once more, which it does on its own after a while.
async fn sweep(chat: &Chat) {
    chat.store.calls();
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(10 * 60)).await;
    tokio::time::resume();
    chat.store.called("unsent_attachments").await;
    tokio::time::sleep(Duration::from_millis(100)).await;
}

#[tokio::test]
async fn a_file_goes_from_its_upload_to_everybody_in_the_room() {
    let chat = Chat::new(|_| {}).await;
    let room = chat.group(&["ana", "ben"]).await;
    let server = Server::start(&chat.engine).await;
    let mut ben = chat.engine.as_user(user("ben")).connect().await.unwrap();
    let bytes = png(640, 480, 1_500_000);
    let path = format!("/api/chat/rooms/{room}/attachments");
    let uploaded = server.post(&format!("{path}?name=%EC%82%AC%EC%A7%84.png"), "ana", &bytes).await;
    assert_eq!(uploaded.status, 201, "{uploaded:?}");
    let file = uploaded.json();
    let id = file["attachmentUuid"].as_str().unwrap();
    assert_eq!(
        file,
        json!({
            "attachmentUuid": id,
            "roomUuid": room,
            "name": "사진.png",
            "mediaType": "image/png",
            "size": 1_500_000,
            "width": 640,
            "height": 480,
            "url": format!("/chat/rooms/{room}/attachments/{id}"),
            "thumbnailUrl": null,
            "createdAt": file["createdAt"],
        })
    );

    let draft = json!({ "type": "IMAGE", "attachments": [id] });
    let messages = format!("/api/chat/rooms/{room}/messages");
    let sent = server.post_json(&messages, "ana", &draft).await;
    assert_eq!(sent.status, 201, "{sent:?}");
    let message = sent.json();
    assert_eq!(message["attachments"], json!([file]));
    assert_eq!(message["imageUrl"], format!("/api{}", file["url"].as_str().unwrap()));
    let told = loop {
        let event = ben.next().await.unwrap();
        if let EventKind::Message(message) = &event.kind {
            break Arc::clone(message);
        }
    };
    assert_eq!(told.attachments[0].id.to_string(), id);
    let history = server.get(&messages, "ben").await.json();
    assert_eq!(history["messages"][0]["attachments"], json!([file]));
    let rooms = server.get("/api/chat/rooms", "ben").await.json();
    assert_eq!(rooms["rooms"][0]["lastMessage"]["attachments"], json!([file]));

    let found = server.get(&format!("{path}/{id}"), "ben").await;
    assert_eq!(found.status, 200);
    assert!(found.body == bytes, "as it was uploaded");
    for (name, value) in [
        ("content-type", "image/png"),
        ("content-length", "1500000"),
        ("content-disposition", "inline; filename=\"__.png\"; filename*=UTF-8''%EC%82%AC%EC%A7%84.png"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "sandbox; default-src 'none'"),
        ("cache-control", "private, no-cache"),
        ("accept-ranges", "bytes"),
        ("etag", &format!("\"{id}\"")),
    ] {
        assert_eq!(found.header(name), Some(value), "{name}");
    }
}

#[tokio::test]
async fn an_engine_without_blobs_has_no_attachments() {
    let engine = ChatEngine::builder().authenticator(NameTokens).build().await.unwrap();
    let room = engine.as_user(user("ana")).create_room(NewRoom::group("x")).await.unwrap().id();
    let server = Server::start(&engine).await;
    let path = format!("/api/chat/rooms/{room}/attachments");
    assert_eq!(server.post(&path, "ana", b"hello").await.json()["code"], "NOT_FOUND");
    let path = format!("{path}/{}", AttachmentId::generate());
    assert_eq!(server.get(&path, "ana").await.json()["code"], "NOT_FOUND");
    assert_eq!(server.get(&format!("{path}/thumbnail"), "ana").await.json()["code"], "NOT_FOUND");
}

#[tokio::test]
async fn drafts_with_files_are_checked() {
    let chat = Chat::new(|_| {}).await;
    let room = chat.group(&["ana", "ben"]).await;
    let server = Server::start(&chat.engine).await;
    let messages = format!("/api/chat/rooms/{room}/messages");
    let id = chat.upload(room, "ana", b"a note").await.unwrap();
    for (who, draft, status, code) in [
        ("ana", json!({ "type": "TEXT" }), 400, "INVALID_INPUT"),
        ("ana", json!({ "type": "TEXT", "attachments": ["x"] }), 400, "INVALID_INPUT"),
        ("ana", json!({ "type": "TEXT", "attachments": [id, id] }), 400, "INVALID_INPUT"),
        ("ana", json!({ "type": "TEXT", "attachments": vec![id; 11] }), 400, "INVALID_INPUT"),
        ("ana", json!({ "type": "IMAGE", "attachments": [id] }), 400, "INVALID_INPUT"),
        ("ben", json!({ "type": "TEXT", "attachments": [id] }), 404, "ATTACHMENT_NOT_FOUND"),
        ("ana", json!({ "type": "TEXT", "attachments": [id] }), 201, ""),
        ("ana", json!({ "type": "TEXT", "attachments": [id] }), 409, "ATTACHMENT_USED"),
    ] {
        let answer = server.post_json(&messages, who, &draft).await;
        assert_eq!(answer.status, status, "{draft}: {answer:?}");
        assert_eq!(answer.json()["code"].as_str().unwrap_or_default(), code, "{draft}");
    }
    let history = server.get(&messages, "ben").await.json();
    let message = &history["messages"][0];
    assert_eq!((&message["type"], &message["content"]), (&json!("TEXT"), &json!("")));
    assert_eq!(history["total"], 1);
}

#[tokio::test]
async fn whoever_was_away_hears_of_files_with_their_messages() {
    let chat = Chat::new(|_| {}).await;
    let room = chat.group(&["ana", "ben"]).await;
    let ben = chat.engine.as_user(user("ben"));
    let mut session = ben.connect().await.unwrap();
    let since = loop {
        let event = session.next().await.unwrap();
        if matches!(event.kind, EventKind::Ready(_)) {
            break event.token.unwrap();
        }
    };
    drop(session);
    let id = chat.upload(room, "ana", b"a note").await.unwrap();
    let draft = Draft::text("see").with_attachment(id);
    let sent = chat.engine.as_user(user("ana")).send(room, draft).await.unwrap();
    let mut session = ben.connect_since(since).await.unwrap();
    let missed = loop {
        let event = session.next().await.unwrap();
        assert!(!matches!(&event.kind, EventKind::Room(RoomChange::Reset, _)));
        if let EventKind::Message(message) = &event.kind {
            break Arc::clone(message);
        }
    };
    assert_eq!((missed.id, &missed.attachments), (sent.id, &sent.attachments));
}

#[tokio::test]
async fn files_are_told_over_both_sockets_and_sent_by_them() {
    let chat = Chat::new(|_| {}).await;
    let room = chat.group(&["ana", "ben"]).await;
    let id = chat.upload(room, "ana", b"a note").await.unwrap();
    let server = Server::start(&chat.engine).await;
    let mut ben = server.websocket("ben").await;
    let mut ana = server.websocket("ana").await;
    let message = json!({ "type": "TEXT", "attachments": [id] });
    ana.say(&json!({ "id": 7, "op": "send", "room": room, "message": message })).await;
    let answer = ana.hear(|frame| frame["id"] == 7).await;
    assert_eq!(answer["ok"]["message"]["attachments"][0]["attachmentUuid"], json!(id), "{answer}");
    let told = ben.hear(|frame| frame["event"] == "message").await;
    assert_eq!(told["data"]["attachments"], answer["ok"]["message"]["attachments"]);
    let again = json!({ "id": 8, "op": "send", "room": room, "message": message });
    ana.say(&again).await;
    let refused = ana.hear(|frame| frame["id"] == 8).await;
    assert_eq!(refused["error"]["code"], "ATTACHMENT_USED");
    let plain =
        json!({ "id": 9, "op": "send", "room": room, "message": { "type": "TEXT", "content": "hi" } });
    ana.say(&plain).await;
    let told = ben.hear(|frame| frame["event"] == "message").await;
    assert_eq!(told["data"]["attachments"], json!([]), "always there");
}

#[tokio::test]
async fn files_move_with_their_messages_into_another_store() {
    let chat = Chat::new(|_| {}).await;
    let room = chat.group(&["ana"]).await;
    let ana = chat.engine.as_user(user("ana"));
    let picture = chat.upload(room, "ana", &png(2, 2, 100)).await.unwrap();
    let note = chat.upload(room, "ana", b"a note").await.unwrap();
    let draft = Draft::text("two").with_attachment(picture).with_attachment(note).with_client_id("c1");
    let sent = ana.send(room, draft.clone()).await.unwrap();
    chat.upload(room, "ana", b"in no message").await.unwrap();
    let mut lines = Vec::new();
    chat.engine.admin().export(Scope::All, &mut lines).await.unwrap();

    let store = SqliteStore::open(chat.dir.path().join("chat.db")).await.unwrap();
    // The folder is copied, or stays where it is.
    let other = ChatEngine::builder().store(store).blobs(FolderStore::new(chat.dir.path()));
    let other = other.build().await.unwrap();
    for _ in 0..2 {
        other.admin().import(&mut &lines[..], |_| {}).await.unwrap();
    }
    let ana = other.as_user(user("ana"));
    let moved = ana.send(room, draft).await.unwrap();
    assert_eq!((moved.id, &moved.attachments), (sent.id, &sent.attachments), "a retry is known");
    let download = ana.download(room, note).await.unwrap();
    let bytes: Vec<Bytes> = download.bytes(0..6).await.unwrap().try_collect().await.unwrap();
    assert_eq!(bytes.concat(), b"a note");
    let again = ana.send(room, Draft::attachment(note)).await.unwrap_err();
    assert_eq!(*again.kind(), ErrorKind::AttachmentUsed(note));
    let mut copied = Vec::new();
    other.admin().export(Scope::All, &mut copied).await.unwrap();
    assert_eq!(String::from_utf8(copied).unwrap(), String::from_utf8(lines).unwrap());
}

#[tokio::test]
async fn a_picture_has_an_address_for_clients_that_know_no_files() {
    let chat = Chat::new(|config| config.public_url = "https://chat.example.org/api".into()).await;
    let room = chat.group(&["ana"]).await;
    let id = chat.upload(room, "ana", &png(2, 2, 100)).await.unwrap();
    let ana = chat.engine.as_user(user("ana"));
    let draft = Draft { r#type: MessageType::Image, ..Draft::attachment(id) };
    ana.send(room, draft).await.unwrap();
    let history = ana.history(room, HistoryQuery::newest(Limit::MESSAGES)).await.unwrap();
    let url = format!("https://chat.example.org/api/chat/rooms/{room}/attachments/{id}");
    assert_eq!(history.messages[0].message.body.image_url(), Some(&*url));
}
