//! Files are read: whole, in part, as small pictures and by links, by whoever may.

use std::time::Duration;

use chat_core::AttachmentId;
use chat_core::model::Draft;
use serde_json::json;

use super::http::Server;
use super::{Chat, png, sweep, user};

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
