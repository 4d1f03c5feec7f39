//! Every transport passes one suite: in process, and over real sockets (bare ones that a flusher writes,
//! and ones behind another layer, which pull).

use async_trait::async_trait;
use axum::Router;
use chat_core::event::{CloseReason, Command, Frame};
use chat_core::model::{Mark, Token};
use chat_core::testing::NameTokens;
use chat_core::testing::transport::{Client, Dial, Seen};
use chat_core::transport::ws::WsOptions;
use chat_core::transport::{ChannelClient, Origins, channel, drive, ws};
use chat_core::{ChatEngine, transport_suite};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::{Message, protocol::frame::coding::CloseCode};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

transport_suite!(in_process, || async { InProcess(engine().await) });
transport_suite!(websocket, || async { Sockets::serve(engine().await, false).await });
transport_suite!(websocket_behind_a_layer, || async { Sockets::serve(engine().await, true).await });

async fn engine() -> ChatEngine {
    ChatEngine::builder().authenticator(NameTokens).build().await.unwrap()
}

struct InProcess(ChatEngine);

#[async_trait]
impl Dial for InProcess {
    fn engine(&self) -> &ChatEngine {
        &self.0
    }

    async fn dial(&self) -> Box<dyn Client> {
        let (client, transport) = channel(1024);
        tokio::spawn(drive(self.0.clone(), Box::new(transport)));
        Box::new(InProcessClient(client))
    }
}

struct InProcessClient(ChannelClient);

#[async_trait]
impl Client for InProcessClient {
    async fn hello(&mut self, token: &str, since: Option<Token>) {
        self.0.hello(0, token, since).await;
    }

    async fn command(&mut self, id: u64, command: Command) {
        self.0.command(id, command).await;
    }

    async fn next(&mut self) -> Seen {
        match self.0.next().await {
            None | Some(Frame::Close(CloseReason::Ended)) => Seen::Closed,
            Some(frame) => Seen::of(&frame),
        }
    }
}

struct Sockets {
    engine: ChatEngine,
    url: String,
}

impl Sockets {
    async fn serve(engine: ChatEngine, behind_a_layer: bool) -> Self {
        let app = Router::new().nest("/api", ws::router(engine.clone(), WsOptions::default()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ws://{}/api/chat/ws", listener.local_addr().unwrap());
        if behind_a_layer {
            tokio::spawn(async move { axum::serve(Layered(listener), app).await });
        } else {
            tokio::spawn(async move { axum::serve(listener, app).await });
        }
        Self { engine, url }
    }
}

/// Hands out streams that are no bare TCP sockets, as TLS does.
pub(crate) struct Layered(pub(crate) TcpListener);

impl axum::serve::Listener for Layered {
    type Io = tokio::io::Join<tokio::net::tcp::OwnedReadHalf, tokio::net::tcp::OwnedWriteHalf>;
    type Addr = std::net::SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (stream, addr) = self.0.accept().await.unwrap();
        let (reader, writer) = stream.into_split();
        (tokio::io::join(reader, writer), addr)
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.0.local_addr()
    }
}

#[async_trait]
impl Dial for Sockets {
    fn engine(&self) -> &ChatEngine {
        &self.engine
    }

    async fn dial(&self) -> Box<dyn Client> {
        Box::new(WsClient(connect_async(&self.url).await.unwrap().0))
    }
}

struct WsClient(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl WsClient {
    async fn send(&mut self, frame: Value) {
        // After the end nobody listens: `next` tells.
        let _ = self.0.send(Message::text(frame.to_string())).await;
    }
}

fn frame(id: u64, command: Command) -> Value {
    match command {
        Command::Send(room, draft) => json!({"id": id, "op": "send", "room": room, "message": draft}),
        Command::Mark(room, mark, _) => {
            let op = if mark == Mark::Read { "read" } else { "delivered" };
            json!({"id": id, "op": op, "room": room})
        }
        Command::Typing(room, is_typing) => {
            json!({"id": id, "op": "typing", "room": room, "isTyping": is_typing})
        }
        Command::Subscribe(room, since) => json!({"id": id, "op": "subscribe", "room": room, "since": since}),
        Command::Unsubscribe(room) => json!({"id": id, "op": "unsubscribe", "room": room}),
        Command::Resume(since) => json!({"id": id, "op": "resume", "since": since}),
        Command::Ping => json!({"id": id, "op": "ping"}),
        other => panic!("no frame for {other:?}"),
    }
}

fn seen(frame: &Value) -> Seen {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let data = &frame["data"];
    if let Some(id) = frame["id"].as_u64() {
        return match frame["error"]["code"].as_str() {
            Some(code) => Seen::Refused(id, code.into()),
            None => Seen::Done(id, frame["ok"]["message"]["seq"].as_u64()),
        };
    }
    let room = || text(&frame["room"]).parse().unwrap();
    let user = || text(&data["userUuid"]).parse().unwrap();
    let token = |value: &Value| value.as_str().map(|text| text.parse().unwrap());
    let recovered = || data["recovered"].as_bool().unwrap();
    match frame["event"].as_str().unwrap() {
        "ready" => Seen::Ready(token(&data["pos"]).unwrap(), recovered()),
        "caughtUp" => Seen::CaughtUp(token(&frame["pos"]), recovered()),
        "message" => Seen::Message(room(), data["seq"].as_u64().unwrap(), text(&data["content"])),
        "system" => Seen::System(room(), data["seq"].as_u64().unwrap()),
        "typing" => Seen::Typing(user(), data["isTyping"].as_bool().unwrap()),
        "read" => Seen::Marked(user(), Mark::Read, data["seq"].as_u64().unwrap()),
        "delivered" => Seen::Marked(user(), Mark::Delivered, data["seq"].as_u64().unwrap()),
        other => Seen::Other(other.into()),
    }
}

#[async_trait]
impl Client for WsClient {
    async fn hello(&mut self, token: &str, since: Option<Token>) {
        self.send(json!({"id": 0, "op": "hello", "token": token, "since": since})).await;
    }

    async fn command(&mut self, id: u64, command: Command) {
        self.send(frame(id, command)).await;
    }

    async fn next(&mut self) -> Seen {
        loop {
            match self.0.next().await {
                Some(Ok(Message::Text(text))) => return seen(&serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                _ => return Seen::Closed,
            }
        }
    }
}

async fn hello(sockets: &Sockets, name: &str) -> WsClient {
    let mut client = WsClient(connect_async(&sockets.url).await.unwrap().0);
    client.hello(name, None).await;
    assert!(matches!(client.next().await, Seen::Ready(..)));
    client
}

#[tokio::test]
async fn a_stalled_reader_is_closed_as_lagged_and_holds_up_nobody() {
    let mut config = chat_core::Config::default();
    config.mailbox_bytes = 64 * 1024;
    let builder = ChatEngine::builder().authenticator(NameTokens).config(config);
    let sockets = Sockets::serve(builder.build().await.unwrap(), false).await;
    let ana = sockets.engine.as_user("ana".parse().unwrap());
    let new = chat_core::model::NewRoom::group("room").with(["slow", "quick"]);
    let room = ana.create_room(new).await.unwrap().id();
    let mut slow = hello(&sockets, "slow").await;
    let mut quick = hello(&sockets, "quick").await;
    let heard = tokio::spawn(async move {
        let mut heard = 0;
        while heard < 2000 {
            match quick.next().await {
                Seen::Message(..) => heard += 1,
                Seen::Closed => break,
                _ => {}
            }
        }
        heard
    });
    for _ in 0..2000 {
        ana.send(room, chat_core::model::Draft::text("x".repeat(8000))).await.unwrap();
    }
    assert_eq!(heard.await.unwrap(), 2000);
    let mut last = None;
    while let Some(Ok(frame)) = slow.0.next().await {
        last = Some(frame);
    }
    let Some(Message::Close(Some(close))) = last else { panic!("closed with a code, not {last:?}") };
    assert_eq!(close.code, CloseCode::Library(4008));
}

#[tokio::test]
async fn a_command_without_an_id_is_done_and_ends_nothing() {
    let sockets = Sockets::serve(engine().await, false).await;
    let mut client = hello(&sockets, "ana").await;
    client.send(json!({"op": "ping"})).await;
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    client.command(1, Command::Ping).await;
    assert_eq!(client.next().await, Seen::Done(1, None));
}

#[tokio::test]
async fn a_frame_over_the_bound_closes_with_1009_and_a_fragmented_one_below_it_is_read() {
    use tokio_tungstenite::tungstenite::protocol::frame::{
        Frame,
        coding::{Data, OpCode},
    };
    let sockets = Sockets::serve(engine().await, false).await;
    let mut client = hello(&sockets, "ana").await;
    let parts = [
        ("{\"id\":5,", OpCode::Data(Data::Text), false),
        ("\"op\":\"ping\"}", OpCode::Data(Data::Continue), true),
    ];
    for (text, code, is_final) in parts {
        client.0.send(Message::Frame(Frame::message(text, code, is_final))).await.unwrap();
    }
    client.0.send(Message::Ping("p".into())).await.unwrap();
    assert_eq!(client.next().await, Seen::Done(5, None));
    client.0.send(Message::text("x".repeat(65 * 1024))).await.unwrap();
    let mut last = None;
    while let Some(Ok(frame)) = client.0.next().await {
        last = Some(frame);
    }
    let Some(Message::Close(Some(close))) = last else { panic!("closed with a code, not {last:?}") };
    assert_eq!(close.code, CloseCode::Size);
}

#[tokio::test]
async fn a_command_without_an_id_is_done_without_an_answer_and_ends_nothing() {
    let sockets = Sockets::serve(engine().await, false).await;
    let ana = sockets.engine.as_user("ana".parse().unwrap());
    let room = ana.create_room(chat_core::model::NewRoom::group("room").with(["ben"])).await.unwrap().id();
    let mut watcher = hello(&sockets, "ben").await;
    let mut client = hello(&sockets, "ana").await;
    for is_typing in [true, false] {
        client.send(json!({"op": "typing", "room": room, "isTyping": is_typing})).await;
        while watcher.next().await != Seen::Typing("ana".parse().unwrap(), is_typing) {}
    }
    client.command(5, Command::Ping).await;
    assert_eq!(client.next().await, Seen::Done(5, None));
}

#[tokio::test]
async fn a_page_of_another_origin_is_refused_before_the_upgrade() {
    use tokio_tungstenite::tungstenite::client::IntoClientRequest;
    let origins = Origins::Only(vec!["https://good.example".into()]);
    let app = ws::router(engine().await, WsOptions::default().with_origins(origins));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/chat/ws", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    for (origin, is_let_in) in
        [(Some("https://good.example"), true), (Some("https://evil.example"), false), (None, true)]
    {
        let mut request = url.as_str().into_client_request().unwrap();
        if let Some(origin) = origin {
            request.headers_mut().insert("origin", origin.parse().unwrap());
        }
        assert_eq!(connect_async(request).await.is_ok(), is_let_in, "{origin:?}");
    }
}

#[tokio::test]
async fn a_dropped_connection_leaves_nothing_behind() {
    let sockets = Sockets::serve(engine().await, false).await;
    let ana = sockets.engine.as_user("ana".parse().unwrap());
    let room = ana.create_room(chat_core::model::NewRoom::group("room").with(["ben"])).await.unwrap().id();
    let mut watcher = ana.connect().await.unwrap();
    let mut ben = hello(&sockets, "ben").await;
    ben.command(1, Command::Typing(room, true)).await;
    ben.0.close(None).await.unwrap();
    drop(ben);
    let mut told = Vec::new();
    while let Some(event) = watcher.next().await {
        use chat_core::event::EventKind as Kind;
        match &event.kind {
            Kind::Typing(_, is_typing) => told.push(format!("typing {is_typing}")),
            Kind::Presence { online, last_seen, .. } => {
                told.push(format!("online {online}"));
                if !online {
                    assert!(last_seen.is_some());
                    break;
                }
            }
            _ => {}
        }
    }
    assert_eq!(told, ["online true", "typing true", "typing false", "online false"]);
}
