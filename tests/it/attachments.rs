//! Attachments, from the upload over REST to everybody who sees the message; and their end.

mod http;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chat_core::blob::FolderStore;
use chat_core::event::{EventKind, RoomChange};
use chat_core::model::{Draft, HistoryQuery, Limit, MessageType, NewRoom};
use chat_core::store::{MemoryStore, SqliteStore, Stage, Store, Upkeep};
use chat_core::testing::{FaultyStore, ManualClock, NameTokens};
use chat_core::transfer::Scope;
use chat_core::{AttachmentId, ChatEngine, Config, Error, ErrorKind, RoomId, UserId};
use futures_util::{StreamExt, TryStreamExt, stream};
use http::Server;
use serde_json::{Value, json};
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
async fn a_large_picture_has_a_small_one_beside_it() {
    let chat = Chat::new(|_| {}).await;
    let room = chat.group(&["ana", "ben"]).await;
    let server = Server::start(&chat.engine).await;
    let mut file = std::io::Cursor::new(Vec::new());
    let picture =
        image::RgbImage::from_fn(900, 600, |x, y| image::Rgb([(x % 256) as u8, (y % 256) as u8, 9]));
    picture.write_to(&mut file, image::ImageFormat::Png).unwrap();
    let path = format!("/api/chat/rooms/{room}/attachments");
    let uploaded = server.post(&path, "ana", file.get_ref()).await.json();
    let id = uploaded["attachmentUuid"].as_str().unwrap();
    let small = uploaded["thumbnailUrl"].as_str().unwrap();
    assert_eq!(small, format!("/chat/rooms/{room}/attachments/{id}/thumbnail"));
    let small = format!("/api{small}");
    assert_eq!(server.get(&small, "ben").await.status, 404, "not sent yet");
    let id: AttachmentId = id.parse().unwrap();
    chat.engine.as_user(user("ana")).send(room, Draft::attachment(id)).await.unwrap();
    let found = server.get(&small, "ben").await;
    let is = |name: &str| found.header(name).map(str::to_owned);
    assert_eq!((found.status, is("content-type").as_deref()), (200, Some("image/jpeg")));
    assert_eq!(is("content-security-policy").as_deref(), Some("sandbox; default-src 'none'"));
    assert!(sniffed(&found.body, b"\xff\xd8\xff") && found.body.len() < 100_000, "{}", found.body.len());
    assert_eq!(server.get(&small, "eve").await.status, 403);
    assert_eq!(chat.files().len(), 2);

    let forgotten = server.post(&path, "ana", file.get_ref()).await;
    assert_eq!((forgotten.status, chat.files().len()), (201, 4));
    chat.clock.advance(Duration::from_secs(24 * 60 * 60));
    sweep(&chat).await;
    chat.has_left(2, 0).await;
}

/// Whether the bytes, which may come in chunks, begin so.
fn sniffed(body: &[u8], begin: &[u8]) -> bool {
    body.windows(begin.len()).take(16).any(|window| window == begin)
}

#[tokio::test]
async fn a_part_of_a_file_comes_alone_and_one_that_is_known_comes_not_at_all() {
    let chat = Chat::new(|_| {}).await;
    let room = chat.group(&["ana"]).await;
    let server = Server::start(&chat.engine).await;
    let bytes = png(2, 2, 200_000);
    let id = chat.upload(room, "ana", &bytes).await.unwrap();
    let path = format!("/api/chat/rooms/{room}/attachments/{id}");
    let with = |name: &'static str, value: String| server.ask("GET", &path, "ana", (name, value));
    let part = with("Range", "bytes=70000-150000".into()).await;
    assert_eq!((part.status, part.header("content-range")), (206, Some("bytes 70000-150000/200000")));
    assert!(part.body == bytes[70_000..=150_000]);
    let last = with("Range", "bytes=-10".into()).await;
    assert!(last.status == 206 && last.body == bytes[199_990..]);
    let beyond = with("Range", "bytes=200000-".into()).await;
    assert_eq!((beyond.status, beyond.header("content-range")), (416, Some("bytes */200000")));
    let known = with("If-None-Match", format!("W/\"{id}\"")).await;
    assert_eq!((known.status, known.body.len()), (304, 0));
    let head = server.ask("HEAD", &path, "ana", ("Accept", "*/*".into())).await;
    assert_eq!((head.status, head.body.len(), head.header("content-length")), (200, 0, Some("200000")));
}

#[tokio::test]
async fn a_file_is_for_those_in_the_room_as_long_as_they_are_and_an_unsent_one_for_its_uploader() {
    let chat = Chat::new(|_| {}).await;
    let room = chat.group(&["ana", "ben"]).await;
    let other = chat.group(&["ben"]).await;
    let server = Server::start(&chat.engine).await;
    let id = chat.upload(room, "ana", b"secret").await.unwrap();
    let path = format!("/api/chat/rooms/{room}/attachments/{id}");
    assert_eq!(server.get(&path, "ana").await.status, 200);
    let unsent = server.get(&path, "ben").await;
    assert_eq!((unsent.status, &unsent.json()["code"]), (404, &json!("ATTACHMENT_NOT_FOUND")));
    assert!(chat.engine.admin().download(room, id).await.is_ok(), "the host sees it");

    let ana = chat.engine.as_user(user("ana"));
    ana.send(room, Draft::attachment(id)).await.unwrap();
    assert_eq!(server.get(&path, "ben").await.body, b"secret");
    let known = ("If-None-Match", format!("\"{id}\""));
    assert_eq!(server.ask("GET", &path, "ben", known.clone()).await.status, 304);
    let elsewhere = format!("/api/chat/rooms/{other}/attachments/{id}");
    assert_eq!(server.get(&elsewhere, "ben").await.status, 404, "in its own room alone");
    assert_eq!(server.get(&path, "eve").await.status, 403);
    assert_eq!(server.get(&path, "").await.status, 401);
    assert_eq!(server.get(&format!("{path}?token=ana"), "").await.status, 401, "no token in a URL");
    ana.remove(room, &user("ben")).await.unwrap();
    assert_eq!(server.get(&path, "ben").await.status, 403);
    assert_eq!(server.ask("GET", &path, "ben", known).await.status, 403, "also what is known");
}

#[tokio::test]
async fn a_link_is_of_one_file_and_one_user_for_a_while() {
    let chat = Chat::new(|config| config.link_time = Duration::from_secs(24 * 60 * 60)).await;
    let room = chat.group(&["ana", "ben"]).await;
    let server = Server::start(&chat.engine).await;
    let (ana, ben) = (chat.engine.as_user(user("ana")), chat.engine.as_user(user("ben")));
    let id = chat.upload(room, "ana", b"a film").await.unwrap();
    let other = chat.upload(room, "ana", b"another").await.unwrap();
    let path = |id| format!("/api/chat/rooms/{room}/attachments/{id}");
    let unsent = server.post(&format!("{}/link", path(id)), "ben", b"").await;
    assert_eq!(unsent.status, 404, "what one cannot read one cannot hand on");
    ana.send(room, Draft::attachment(id).with_attachment(other)).await.unwrap();

    let made = server.post(&format!("{}/link", path(id)), "ben", b"").await;
    assert_eq!(made.status, 201, "{made:?}");
    let made = made.json();
    let url = made["url"].as_str().unwrap();
    assert!(url.starts_with(&path(id)) && made["thumbnailUrl"].is_null(), "{made}");
    let hour = chat.now().plus(Duration::from_secs(60 * 60));
    assert_eq!(made["expiresAt"], hour.to_string(), "at most an hour, whatever is said");
    let found = server.get(url, "").await;
    assert_eq!((found.status, &found.body[..]), (200, &b"a film"[..]));
    assert_eq!(found.header("referrer-policy"), Some("no-referrer"));
    let token = url.split_once('?').unwrap().1;
    assert_eq!(server.get(&format!("{}?{token}", path(other)), "").await.status, 401, "of that file alone");
    assert_eq!(server.get(&format!("{}/link?{token}", path(id)), "").await.status, 405);
    let messages = format!("/api/chat/rooms/{room}/messages?{token}");
    assert_eq!(server.get(&messages, "").await.status, 401, "and for nothing else");
    assert_eq!(server.get(url, "eve").await.status, 403, "a token in the header counts");

    chat.clock.advance(Duration::from_secs(59 * 60));
    assert_eq!(server.get(url, "").await.status, 200);
    let late = ben.link(room, id).await.unwrap().url;
    chat.clock.advance(Duration::from_secs(60));
    assert_eq!(server.get(url, "").await.json()["code"], "TOKEN_EXPIRED");
    ben.log_out().await.unwrap();
    assert_eq!(server.get(&late, "").await.json()["code"], "UNAUTHENTICATED");
    chat.clock.advance(Duration::from_millis(1));
    let last = ben.link(room, id).await.unwrap().url;
    assert_eq!(server.get(&last, "").await.status, 200);
    ana.remove(room, &user("ben")).await.unwrap();
    assert_eq!(server.get(&last, "").await.status, 403, "whoever is out reads nothing");
}

#[tokio::test]
async fn what_is_no_picture_is_saved_and_never_shown() {
    let chat = Chat::new(|_| {}).await;
    let room = chat.group(&["ana"]).await;
    let server = Server::start(&chat.engine).await;
    // Scripts that no sniffer knows, and a PDF that says it is a page.
    for bytes in [&b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"[..], b"%PDF-1.7 <script>"] {
        let path = format!("/api/chat/rooms/{room}/attachments");
        let head = "Content-Type: text/html\r\n";
        let uploaded = server.upload(&format!("{path}?name=x.html"), "ana", head, bytes).await;
        assert_eq!(uploaded.status, 201, "{uploaded:?}");
        let id = uploaded.json()["attachmentUuid"].as_str().unwrap().to_owned();
        let found = server.get(&format!("{path}/{id}"), "ana").await;
        assert!(found.header("content-disposition").unwrap().starts_with("attachment; "), "{found:?}");
        assert!(!found.header("content-type").unwrap().contains("html"), "{found:?}");
    }
}

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
