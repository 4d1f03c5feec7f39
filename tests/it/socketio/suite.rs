//! The suite of every transport, over Socket.IO: on a bare WebSocket, behind another layer, and polling.

use async_trait::async_trait;
use chat_core::event::Command;
use chat_core::model::{Mark, Token};
use chat_core::testing::transport::{Client, Dial, Seen};
use chat_core::transport::socketio::{SocketIoOptions, router};
use chat_core::{ChatEngine, transport_suite};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;

use super::client::{Polling, Server, Ws, answer, engine, event};

transport_suite!(websocket, || async { Sockets::start(Carrier::WebSocket).await });
transport_suite!(websocket_behind_a_layer, || async { Sockets::start(Carrier::Layered).await });
transport_suite!(polling, || async { Sockets::start(Carrier::Polling).await });

#[derive(PartialEq)]
enum Carrier {
    WebSocket,
    Layered,
    Polling,
}

struct Sockets {
    server: Server,
    carrier: Carrier,
}

impl Sockets {
    async fn start(carrier: Carrier) -> Self {
        let engine = engine().await;
        let app = router(engine.clone(), SocketIoOptions::default());
        let server = Server::serve(engine, app, carrier == Carrier::Layered).await;
        Self { server, carrier }
    }
}

#[async_trait]
impl Dial for Sockets {
    fn engine(&self) -> &ChatEngine {
        &self.server.engine
    }

    async fn dial(&self) -> Box<dyn Client> {
        let packets = match self.carrier {
            Carrier::Polling => poll(Polling::open(self.server.addr).await),
            _ => Packets::Ws(Box::new(Ws::open(self.server.addr).await)),
        };
        Box::new(SocketIo { packets, is_connected: false, since: None, first_id: 0 })
    }
}

enum Packets {
    Ws(Box<Ws>),
    Polled { client: Polling, seen: mpsc::UnboundedReceiver<String> },
}

/// Polls on and on, as clients do.
fn poll(client: Polling) -> Packets {
    let (tell, seen) = mpsc::unbounded_channel();
    let polling = client.clone();
    tokio::spawn(async move {
        loop {
            let polled = polling.get().await;
            let packets = polled.body.split('\x1e').map(str::to_owned);
            let mut packets: Vec<String> = if polled.status == 200 { packets.collect() } else { Vec::new() };
            assert!(packets.len() <= 16);
            if packets.is_empty() {
                packets.push("1".into());
            }
            for packet in packets {
                if tell.send(packet.clone()).is_err() || packet == "1" {
                    return;
                }
            }
        }
    });
    Packets::Polled { client, seen }
}

impl Packets {
    async fn send(&mut self, packet: &str) {
        match self {
            Self::Ws(ws) => ws.send(packet).await,
            Self::Polled { client, .. } => drop(client.post(packet).await),
        }
    }

    async fn next(&mut self) -> Option<String> {
        match self {
            Self::Ws(ws) => match ws.next().await? {
                Message::Text(text) => Some(text.as_str().to_owned()),
                other => panic!("no text but {other:?}"),
            },
            Self::Polled { seen, .. } => seen.recv().await.filter(|packet| packet != "1"),
        }
    }
}

struct SocketIo {
    packets: Packets,
    is_connected: bool,
    /// Where it was before: it keeps that until it is caught up.
    since: Option<Token>,
    first_id: u64,
}

#[async_trait]
impl Client for SocketIo {
    async fn hello(&mut self, token: &str, since: Option<Token>) {
        self.is_connected = true;
        self.packets.send(&format!("40/chat,{}", json!({"token": token}))).await;
        if let Some(since) = since {
            self.since = Some(since);
            let payload = json!(["resume", {"since": since}]);
            self.packets.send(&format!("42/chat,{payload}")).await;
        }
    }

    async fn command(&mut self, id: u64, command: Command) {
        if !self.is_connected {
            // Without CONNECT there is no way to ask for anything.
            self.first_id = id;
            self.packets.send("40/chat,").await;
            self.is_connected = true;
        }
        self.packets.send(&format!("42/chat,{id}{}", call(command))).await;
    }

    async fn next(&mut self) -> Seen {
        loop {
            let Some(packet) = self.packets.next().await else { return Seen::Closed };
            if let Some(refused) = packet.strip_prefix("44/chat,") {
                let refused: Value = serde_json::from_str(refused).unwrap();
                let code = refused["data"]["code"].as_str().unwrap();
                return Seen::Refused(self.first_id, code.to_owned());
            }
            if packet == "41/chat," {
                return Seen::Closed;
            }
            if let Some((id, answer)) = answer(&packet) {
                return match answer["ok"].as_bool().unwrap() {
                    true => Seen::Done(id, answer["message"]["seq"].as_u64()),
                    false => Seen::Refused(id, answer["error"]["code"].as_str().unwrap().into()),
                };
            }
            if let Some((name, data)) = event(&packet) {
                return self.seen(&name, &data);
            }
        }
    }
}

impl SocketIo {
    fn seen(&self, name: &str, data: &Value) -> Seen {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let room = || text(&data["roomUuid"]).parse().unwrap();
        let user = || text(&data["userUuid"]).parse().unwrap();
        let seq = || data["seq"].as_u64().unwrap();
        let token = |value: &Value| value.as_str().map(|text| text.parse().unwrap());
        match name {
            "connected" => {
                let pos = token(&data["pos"]).unwrap();
                Seen::Ready(self.since.unwrap_or(pos), false)
            }
            "caughtUp" => Seen::CaughtUp(token(&data["pos"]), data["recovered"].as_bool().unwrap()),
            "newMessage" => Seen::Message(room(), seq(), text(&data["content"])),
            "systemMessage" => Seen::System(room(), seq()),
            "userTyping" => Seen::Typing(user(), data["isTyping"].as_bool().unwrap()),
            "messagesRead" => Seen::Marked(user(), Mark::Read, seq()),
            "messagesDelivered" => Seen::Marked(user(), Mark::Delivered, seq()),
            other => Seen::Other(other.into()),
        }
    }
}

fn call(command: Command) -> Value {
    match command {
        Command::Send(room, draft) => json!(["sendMessage", {"roomUuid": room, "message": draft}]),
        Command::Mark(room, mark, _) => {
            let name = if mark == Mark::Read { "markAsRead" } else { "markAsDelivered" };
            json!([name, {"roomUuid": room}])
        }
        Command::Typing(room, is_typing) => json!(["typing", {"roomUuid": room, "isTyping": is_typing}]),
        Command::Subscribe(room, since) => json!(["joinRoom", {"roomUuid": room, "since": since}]),
        Command::Unsubscribe(room) => json!(["leaveRoom", {"roomUuid": room}]),
        Command::Ping => json!(["ping"]),
        other => panic!("no event for {other:?}"),
    }
}
