//! Messages that are passed on, with their files, over every way.

use std::path::Path;

use bytes::Bytes;
use chat_core::blob::FolderStore;
use chat_core::event::{Command, Reply};
use chat_core::model::{Draft, Message, MessageType, NewRoom};
use chat_core::store::MemoryStore;
use chat_core::testing::{FaultyStore, NameTokens};
use chat_core::transport::{rest, ws};
use chat_core::{Actor, AttachmentId, ChatEngine, RoomId};
use futures_util::{TryStreamExt, stream};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::served::serve;
use crate::socketio::client::http;

/// A room of ana and ben, and one of ben and cho.
struct Chat {
    engine: ChatEngine,
    store: FaultyStore,
    dir: TempDir,
    from: RoomId,
    to: RoomId,
}

fn actor(engine: &ChatEngine, name: &str) -> Actor {
    engine.as_user(name.parse().unwrap())
}

impl Chat {
    async fn new() -> Self {
        let (dir, store) = (tempfile::tempdir().unwrap(), FaultyStore::on(MemoryStore::new()));
        let engine = ChatEngine::builder()
            .store(store.clone())
            .authenticator(NameTokens)
            .blobs(FolderStore::new(dir.path()));
        let engine = engine.build().await.unwrap();
        let ben = actor(&engine, "ben");
        let from = ben.create_room(NewRoom::direct("ana")).await.unwrap().id();
        let to = ben.create_room(NewRoom::group("Runners").with(["cho"])).await.unwrap().id();
        Self { engine, store, dir, from, to }
    }

    fn user(&self, name: &str) -> Actor {
        actor(&self.engine, name)
    }

    async fn upload(&self, who: &str, bytes: &'static [u8]) -> AttachmentId {
        let bytes = stream::iter([Ok(Bytes::from_static(bytes))]);
        self.user(who).upload(self.from, "route", bytes).await.unwrap().id
    }
}

fn files(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { files(&path) } else { 1 }).sum()
}

fn first(message: &Message) -> Option<&str> {
    message.references.forwarded.as_ref().map(|first| first.user.as_str())
}

fn code<T: std::fmt::Debug>(result: chat_core::Result<T>) -> &'static str {
    result.map_or_else(|error| error.code(), |_| "OK")
}

#[tokio::test]
async fn what_is_passed_on_names_who_said_it_first_however_far_it_goes() {
    let chat = Chat::new().await;
    let (ana, ben, cho) = (chat.user("ana"), chat.user("ben"), chat.user("cho"));
    let said = ana.send(chat.from, Draft::text("at seven")).await.unwrap();
    let answer = ben.send(chat.from, Draft::text("fine").quoting(said.id)).await.unwrap();
    let session = ben.connect().await.unwrap();
    let (from, to, message) = (chat.from, chat.to, said.id);
    let command = || Command::Forward { from, message, to, client_id: Some("c1".into()) };
    let Reply::Message(passed) = session.execute(command()).await.unwrap() else {
        panic!("it is answered with the message")
    };
    assert_eq!((passed.room, passed.sender.user.as_str(), first(&passed)), (to, "ben", Some("ana")));
    assert_eq!((passed.body.content(), passed.seq), (Some("at seven"), 1));
    // Once more, also when it was edited meanwhile.
    ana.edit(from, message, Some("at eight")).await.unwrap();
    assert_eq!(ben.forward(from, message, to, Some("c1")).await.unwrap().id, passed.id);
    assert_eq!(code(ben.forward(from, answer.id, to, Some("c1")).await), "CLIENT_ID_CONFLICT");
    let again = cho.forward(to, passed.id, to, None).await.unwrap();
    assert_eq!((again.sender.user.as_str(), first(&again), again.seq), ("cho", Some("ana"), 2));
    let bare = ben.forward(from, answer.id, to, None).await.unwrap();
    assert_eq!((first(&bare), bare.references.quoted.as_ref()), (Some("ben"), None));
}

#[tokio::test]
async fn it_takes_being_in_the_one_room_and_sending_in_the_other() {
    let chat = Chat::new().await;
    let (ana, ben, cho) = (chat.user("ana"), chat.user("ben"), chat.user("cho"));
    let said = ana.send(chat.from, Draft::text("hi")).await.unwrap().id;
    let gone = ana.send(chat.from, Draft::text("oops")).await.unwrap().id;
    ana.delete(chat.from, gone).await.unwrap();
    ben.invite(chat.to, &["dee".parse().unwrap()]).await.unwrap();
    let joined = ben.room(chat.to).await.unwrap().last_message.unwrap().message.id;
    assert_eq!(code(cho.forward(chat.from, said, chat.to, None).await), "NOT_A_PARTICIPANT");
    assert_eq!(code(ana.forward(chat.from, said, chat.to, None).await), "NOT_A_PARTICIPANT");
    assert_eq!(code(ben.forward(chat.to, said, chat.to, None).await), "MESSAGE_NOT_FOUND");
    assert_eq!(code(ben.forward(chat.from, gone, chat.to, None).await), "MESSAGE_DELETED");
    assert_eq!(code(ben.forward(chat.to, joined, chat.from, None).await), "FORBIDDEN");
    assert_eq!(code(ben.forward(chat.from, said, chat.to, Some("")).await), "INVALID_INPUT");
    chat.engine.admin().close(chat.to).await.unwrap();
    assert_eq!(code(ben.forward(chat.from, said, chat.to, None).await), "ROOM_CLOSED");
}

#[tokio::test]
async fn files_go_along_as_copies_that_outlive_what_they_were_copied_from() {
    let chat = Chat::new().await;
    let (ana, ben, cho) = (chat.user("ana"), chat.user("ben"), chat.user("cho"));
    let bytes: &[u8] = b"GIF89a\x01\x00\x01\x00 and what is behind it";
    let file = chat.upload("ana", bytes).await;
    let draft = Draft { r#type: MessageType::Image, ..Draft::attachment(file) };
    let said = ana.send(chat.from, draft).await.unwrap();
    let passed = ben.forward(chat.from, said.id, chat.to, None).await.unwrap();
    let [copy] = &*passed.attachments else { panic!("{passed:?}") };
    assert!(copy.id != file && copy.room == chat.to && copy.uploader.as_str() == "ben");
    assert_eq!((&*copy.name, copy.size), ("route", bytes.len() as u64));
    let url = passed.body.image_url().unwrap();
    assert!(url.ends_with(&format!("/chat/rooms/{}/attachments/{}", chat.to, copy.id)), "{url}");
    ana.delete(chat.from, said.id).await.unwrap();
    let read = cho.download(chat.to, copy.id).await.unwrap().bytes(0..u64::MAX).await.unwrap();
    let read: Vec<Bytes> = read.try_collect().await.unwrap();
    assert_eq!(read.concat(), bytes);
    assert_eq!(code(ana.download(chat.to, copy.id).await.map(drop)), "NOT_A_PARTICIPANT");
}

#[tokio::test]
async fn a_copy_that_breaks_off_sends_nothing_and_leaves_no_file() {
    let chat = Chat::new().await;
    let file = chat.upload("ana", b"bytes").await;
    let said = chat.user("ana").send(chat.from, Draft::attachment(file)).await.unwrap();
    let before = files(chat.dir.path());
    // As after an import without the files.
    std::fs::remove_dir_all(chat.dir.path()).unwrap();
    std::fs::create_dir(chat.dir.path()).unwrap();
    assert_eq!(before, 1);
    let refused = chat.user("ben").forward(chat.from, said.id, chat.to, None).await;
    assert_eq!(code(refused), "ATTACHMENT_NOT_FOUND");
    assert_eq!(chat.user("cho").room(chat.to).await.unwrap().room.seq, 0);
    let later = chat_core::Timestamp::from_millis(i64::MAX);
    let unsent = chat_core::store::Upkeep::unsent_attachments(&chat.store, later, 10).await.unwrap();
    assert_eq!((files(chat.dir.path()), unsent.len()), (0, 0));
}

#[tokio::test]
async fn over_rest_a_message_is_passed_on_with_a_body_that_names_the_room() {
    let chat = Chat::new().await;
    let api = rest::router(chat.engine.clone(), rest::RestOptions::default());
    let app = axum::Router::new()
        .nest("/api", api.merge(ws::router(chat.engine.clone(), ws::WsOptions::default())));
    let addr = serve(app).await;
    let said = chat.user("ana").send(chat.from, Draft::text("hi")).await.unwrap();
    let path = format!("/api/chat/rooms/{}/messages/{}/forward", chat.from, said.id);
    let headers = "Authorization: Bearer ben\r\nContent-Type: application/json\r\n";
    let body = json!({ "roomUuid": chat.to, "clientId": "c1" }).to_string();
    let mut ids = Vec::new();
    for _ in 0..2 {
        let answer = http(addr, "POST", &path, headers, &body).await;
        let sent: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!((answer.status, &sent["roomUuid"]), (201, &json!(chat.to)), "{sent}");
        assert_eq!(sent["forwarded"], json!({ "userUuid": "ana", "nickname": "ana" }));
        ids.push(sent["messageUuid"].clone());
    }
    assert_eq!(ids[0], ids[1]);
    for (body, field) in [("{}", "roomUuid"), (r#"{"roomUuid":"x"}"#, "roomUuid")] {
        let answer = http(addr, "POST", &path, headers, body).await;
        let problem: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!((answer.status, &problem["field"]), (400, &json!(field)));
    }
}
