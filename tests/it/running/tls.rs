//! TLS for real: handshakes, renewals, and the fan-out through it.

use std::fs;
use std::io::Read;
use std::net::TcpStream as StdStream;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use super::{Running, ask, run, text};

const TLS: [&str; 4] = ["--tls-cert", "cert.pem", "--tls-key", "key.pem"];

/// Writes a new certificate, and gives what a client that trusts it alone connects with.
fn certificate(folder: &Path) -> TlsConnector {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    fs::write(folder.join("cert.pem"), cert.pem()).unwrap();
    fs::write(folder.join("key.pem"), signing_key.serialize_pem()).unwrap();
    trusting(cert.der().clone())
}

fn trusting(cert: CertificateDer<'static>) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(cert).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap().with_root_certificates(roots);
    let mut config = config.with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    TlsConnector::from(Arc::new(config))
}

async fn dial(server: &Running, trust: &TlsConnector) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(server.addr()).await.unwrap();
    trust.connect("localhost".try_into().unwrap(), stream).await
}

async fn call(server: &Running, trust: &TlsConnector, path: &str, token: &str, body: Value) -> Value {
    let (status, answer) =
        ask(dial(server, trust).await.unwrap(), "POST", path, token, &body.to_string()).await;
    assert!(status < 300, "{path}: {status} {answer}");
    serde_json::from_str(&answer).unwrap()
}

/// A WebSocket through TLS.
struct Client {
    socket: WebSocketStream<TlsStream<TcpStream>>,
}

impl Client {
    async fn open(server: &Running, trust: &TlsConnector, token: &str) -> Self {
        let url = format!("wss://{}/api/chat/ws", server.addr());
        let stream = dial(server, trust).await.unwrap();
        let (socket, _) = tokio_tungstenite::client_async(url, stream).await.unwrap();
        let mut client = Self { socket };
        client.tell(json!({ "id": 0, "op": "hello", "token": token })).await;
        client
    }

    async fn tell(&mut self, frame: Value) {
        self.socket.send(frame.to_string().into()).await.unwrap();
    }

    /// The next frame that is `wanted`.
    async fn until(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let message = self.socket.next().await.unwrap().unwrap();
            if let Message::Text(text) = message {
                let frame: Value = serde_json::from_str(&text).unwrap();
                if wanted(&frame) {
                    return frame;
                }
            }
        }
    }

    /// How the server closes it, whatever comes before.
    async fn close_code(&mut self) -> u16 {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Close(Some(close)))) => return close.code.into(),
                Some(Ok(_)) => {}
                other => panic!("no close: {other:?}"),
            }
        }
    }
}

async fn token(server: &Running, trust: &TlsConnector, user: &str) -> String {
    let made = call(server, trust, "/api/auth/dev-token", "", json!({ "userUuid": user })).await;
    made["accessToken"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fan_out_through_tls_keeps_order_and_big_frames_and_ends_with_the_right_codes() {
    const MESSAGES: u64 = 300;
    let dir = tempfile::tempdir().unwrap();
    let trust = certificate(dir.path());
    let server = Running::start(dir.path(), &[&["--db", "memory"], &TLS[..]].concat());
    assert!(server.url.starts_with("https://"), "{}", server.url);
    let (ana, ben) = (token(&server, &trust, "ana").await, token(&server, &trust, "ben").await);
    let room = json!({ "type": "GROUP", "name": "Runners", "participantUuids": ["ben"] });
    let room = call(&server, &trust, "/api/chat/rooms", &ana, room).await["roomUuid"].clone();

    let mut anas = Client::open(&server, &trust, &ana).await;
    let mut readers = Vec::new();
    for _ in 0..3 {
        let mut reader = Client::open(&server, &trust, &ben).await;
        reader.until(|frame| frame["event"] == "ready").await;
        readers.push(tokio::spawn(async move {
            for seq in 1..=MESSAGES {
                let frame = reader.until(|frame| frame["event"] == "message").await;
                assert_eq!(frame["data"]["seq"], seq);
                assert_eq!(frame["data"]["content"], content(seq));
            }
            reader
        }));
    }
    anas.until(|frame| frame["event"] == "ready").await;
    for seq in 1..=MESSAGES {
        let message = json!({ "type": "TEXT", "content": content(seq) });
        anas.tell(json!({ "id": seq, "op": "send", "room": room, "message": message })).await;
        let answer = anas.until(|frame| frame["id"] == seq).await;
        assert_eq!(answer["ok"]["message"]["seq"], seq, "{answer}");
    }
    let mut open = vec![anas];
    for reader in readers {
        open.push(reader.await.unwrap());
    }

    let mut unknown = Client::open(&server, &trust, "no token").await;
    assert_eq!(unknown.close_code().await, 4001);
    let mut large = Client::open(&server, &trust, &ana).await;
    large.until(|frame| frame["event"] == "ready").await;
    large.tell(json!({ "id": 1, "op": "ping", "much": "x".repeat(70_000) })).await;
    assert_eq!(large.close_code().await, 1009);

    server.signal("TERM");
    for client in &mut open {
        assert_eq!(client.close_code().await, 4012);
    }
    server.stop();
}

/// Some as small as they come, some larger than a record of TLS.
fn content(seq: u64) -> String {
    let bytes = if seq.is_multiple_of(7) { 16_000 } else { 1 };
    format!("{seq} {}", "é".repeat(bytes / 2))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_takes_nothing_through_tls_is_closed_and_slows_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let trust = certificate(dir.path());
    fs::write(dir.path().join("chat.toml"), "[engine]\nmailbox-events = 64\nwrite-timeout = '1s'").unwrap();
    let args = [&["--db", "memory", "--config", "chat.toml"], &TLS[..]].concat();
    let server = Running::start(dir.path(), &args);
    let (ana, ben) = (token(&server, &trust, "ana").await, token(&server, &trust, "ben").await);
    let room = json!({ "type": "GROUP", "name": "Runners", "participantUuids": ["ben"] });
    let room = call(&server, &trust, "/api/chat/rooms", &ana, room).await["roomUuid"].clone();
    let mut slow = Client::open(&server, &trust, &ben).await;
    slow.until(|frame| frame["event"] == "ready").await;
    let mut anas = Client::open(&server, &trust, &ana).await;
    let content = "x".repeat(16_000);
    // More than sockets hold.
    for id in 1..=600 {
        let message = json!({ "type": "TEXT", "content": content });
        anas.tell(json!({ "id": id, "op": "send", "room": room, "message": message })).await;
        anas.until(|frame| frame["id"] == id).await;
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let mut told = 0;
    let ended = async {
        while let Some(Ok(message)) = slow.socket.next().await {
            told += usize::from(message.is_text());
        }
    };
    tokio::time::timeout(Duration::from_secs(10), ended).await.expect("it was closed");
    assert!(told < 600, "{told} of 600");
    // Its user comes back, and the sender has noticed nothing.
    let mut again = Client::open(&server, &trust, &ben).await;
    let ready = again.until(|frame| frame["event"] == "ready").await;
    assert_eq!(ready["data"]["rooms"][0]["seq"], 600);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_is_read_again_on_sighup_and_standing_connections_stay() {
    let dir = tempfile::tempdir().unwrap();
    let old = certificate(dir.path());
    let server = Running::start(dir.path(), &[&["--db", "memory"], &TLS[..]].concat());
    let mut standing = dial(&server, &old).await.unwrap();
    assert_eq!(standing.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]), "and no HTTP/2");
    let token = token(&server, &old, "ana").await;
    let mut socket = Client::open(&server, &old, &token).await;
    socket.until(|frame| frame["event"] == "ready").await;

    let new = certificate(dir.path());
    assert!(dial(&server, &new).await.is_err(), "not before the signal");
    server.signal("HUP");
    server.says("the certificate was read again", 1).await;
    dial(&server, &new).await.unwrap();
    assert!(dial(&server, &old).await.is_err());
    // The key of another certificate, or none at all, changes nothing.
    certificate(dir.path());
    fs::remove_file(dir.path().join("cert.pem")).unwrap();
    server.signal("HUP");
    server.says("warning: the certificate from before holds on: cert.pem", 1).await;
    dial(&server, &new).await.unwrap();

    standing.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    let _ = standing.read_to_string(&mut answer).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("ok"), "{answer}");
    socket.tell(json!({ "id": 5, "op": "ping" })).await;
    socket.until(|frame| frame["id"] == 5).await;
    server.stop();
}

#[test]
fn a_handshake_that_does_not_end_is_closed_within_six_seconds() {
    let dir = tempfile::tempdir().unwrap();
    certificate(dir.path());
    let server = Running::start(dir.path(), &[&["--db", "memory"], &TLS[..]].concat());
    let began = Instant::now();
    // Nothing, and the head of a handshake's first record.
    let waiting = [&b""[..], b"\x16\x03\x01\x02\0\x01"].map(|sent| {
        let mut stream = StdStream::connect(server.addr()).unwrap();
        std::io::Write::write_all(&mut stream, sent).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        std::thread::spawn(move || {
            (stream.read_to_end(&mut Vec::new()).map_err(|error| error.kind()), began.elapsed())
        })
    });
    for thread in waiting {
        let (ended, after) = thread.join().unwrap();
        assert!(after < Duration::from_secs(6), "{ended:?} after {after:?}");
    }
    // Whoever speaks no TLS is told nothing of use, at once.
    let mut plain = StdStream::connect(server.addr()).unwrap();
    std::io::Write::write_all(&mut plain, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
}

#[tokio::test]
async fn check_asks_a_server_with_the_same_settings_with_tls_and_without() {
    let dir = tempfile::tempdir().unwrap();
    certificate(dir.path());
    for tls in [&[][..], &TLS] {
        let server = Running::start(dir.path(), &[&["--db", "memory"], tls].concat());
        let addr = server.addr().to_owned();
        let check = || run(dir.path(), &[&["--check", "--addr", &addr], tls].concat());
        let done = check();
        assert!(done.status.success(), "{}", text(&done.stderr));
        assert!(text(&done.stdout).contains(r#""status":"ready""#), "{}", text(&done.stdout));
        if !tls.is_empty() {
            certificate(dir.path());
            assert!(!check().status.success(), "it is another's certificate");
        }
        drop(server);
        let done = check();
        assert_eq!(done.status.code(), Some(1));
        assert!(
            text(&done.stderr).starts_with(&format!("error: the server at {addr}: ")),
            "{}",
            text(&done.stderr)
        );
    }
}

#[test]
fn certificates_that_do_not_do_end_the_start_with_the_reason() {
    let dir = tempfile::tempdir().unwrap();
    certificate(dir.path());
    fs::copy(dir.path().join("key.pem"), dir.path().join("other-key.pem")).unwrap();
    certificate(dir.path());
    fs::write(dir.path().join("empty.pem"), "").unwrap();
    for (args, says) in [
        (["--tls-cert", "cert.pem", "--db", "memory"], "give both or none"),
        (["--tls-cert", "missing.pem", "--tls-key", "key.pem"], "missing.pem: "),
        (["--tls-cert", "empty.pem", "--tls-key", "key.pem"], "empty.pem: there is no certificate in it"),
        (["--tls-cert", "cert.pem", "--tls-key", "cert.pem"], "cert.pem: "),
        (["--tls-cert", "cert.pem", "--tls-key", "other-key.pem"], "cert.pem: "),
    ] {
        let done = run(dir.path(), &[&["--addr", "127.0.0.1:0"], &args[..]].concat());
        let said = text(&done.stderr);
        assert_eq!(done.status.code(), Some(1), "{args:?}: {said}");
        assert!(said.starts_with("error: ") && said.contains(says), "{args:?}: {said}");
    }
}
