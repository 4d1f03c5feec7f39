//! kill -9: whatever was acked is there, once, in its place; and a reader who resumes sees each message
//! once over all of it.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chat_core::RoomId;
use chat_core::store::{SqliteStore, Store};
use serde_json::{Value, json};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::postgres::Database;

use super::kit::{Got, Http, Place, Server, Ws, example, new_file, random, soon, text};

/// How often the server is killed; `CHAT_CRASH_ROUNDS` asks for more.
const ROUNDS: usize = 50;
/// Of the server alone: what PostgreSQL itself does in a crash is a test beside its store.
const ROUNDS_ON_POSTGRES: usize = 12;
const SENDERS: usize = 5;
/// Sends of one connection that wait for their acks at once.
const WINDOW: usize = 24;

/// Whoever sends, and goes on with what was not acked.
struct Sender {
    name: String,
    token: String,
    over_rest: bool,
    made: u64,
    /// Without an ack, oldest first: client id, which is the content too.
    waiting: Vec<String>,
    /// By client id: message id and `seq`.
    acked: BTreeMap<String, (String, u64)>,
    /// Given a permit with each ack.
    live: Arc<Semaphore>,
}

impl Sender {
    fn make(&mut self) -> String {
        self.made += 1;
        format!("{}-{:06}", self.name, self.made)
    }

    fn ack(&mut self, message: &Value) {
        let client_id = text(&message["content"]);
        let told = (text(&message["messageUuid"]), message["seq"].as_u64().unwrap());
        let first = self.acked.entry(client_id.clone()).or_insert_with(|| told.clone());
        assert_eq!(*first, told, "a retry gets the first message");
        self.waiting.retain(|waiting| *waiting != client_id);
        self.live.add_permits(1);
    }

    /// Sends until the server is gone; with `calm`, only what waits.
    async fn run(&mut self, addr: &str, room: &str, calm: bool) {
        if self.over_rest {
            self.run_rest(addr, room, calm).await
        } else {
            self.run_ws(addr, room, calm).await
        }
    }

    async fn run_rest(&mut self, addr: &str, room: &str, calm: bool) {
        let mut http = Http::new(addr);
        loop {
            let client_id = match self.waiting.first() {
                Some(waiting) => waiting.clone(),
                None if calm => return,
                None => self.make(),
            };
            self.waiting = vec![client_id.clone()];
            match http.say(room, &self.token, &client_id, &client_id).await {
                Ok((201, message)) => self.ack(&message),
                Ok(other) => panic!("{other:?}"),
                Err(_) => return,
            }
        }
    }

    async fn run_ws(&mut self, addr: &str, room: &str, calm: bool) {
        let Ok((mut client, _)) = Ws::connect(addr, &self.token, None).await else { return };
        for client_id in &self.waiting {
            client.say(1, room, client_id, client_id).await;
        }
        loop {
            while !calm && self.waiting.len() < WINDOW {
                let client_id = self.make();
                client.say(1, room, &client_id, &client_id).await;
                self.waiting.push(client_id);
            }
            if self.waiting.is_empty() {
                return;
            }
            match client.next().await {
                Got::Frame(frame) if frame.get("id").is_some() => self.ack(&frame["ok"]["message"]),
                Got::Frame(_) => {}
                Got::Closed(..) | Got::Cut => return,
            }
        }
    }
}

/// Whoever only reads.
struct Reader {
    token: String,
    place: Place,
    /// The contents, where the `seq` is the index plus one.
    seen: Vec<String>,
}

impl Reader {
    /// Reads until the server is gone, or all up to a `seq` is read.
    async fn run(&mut self, addr: &str, mut until: watch::Receiver<Option<usize>>) {
        let Ok(mut client) = self.place.connect(addr, &self.token).await else { return };
        while until.borrow_and_update().is_none_or(|until| self.seen.len() < until) {
            let got = tokio::select! {
                got = client.next() => got,
                _ = until.changed() => continue,
            };
            let Got::Frame(frame) = got else { return };
            for event in self.place.take(frame) {
                if event["event"] != "message" {
                    continue;
                }
                let data = &event["data"];
                assert_eq!(data["seq"], self.seen.len() + 1, "each once, in order: {event}");
                self.seen.push(text(&data["content"]));
            }
        }
        let _ = client.0.close(None).await;
        while let Got::Frame(_) = client.next().await {}
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_9_at_any_moment_loses_no_acked_message_and_doubles_none() {
    let rounds = std::env::var("CHAT_CRASH_ROUNDS").map_or(ROUNDS, |rounds| rounds.parse().unwrap());
    let (folder, db) = new_file();
    let acked = kill_and_start_again(rounds, folder.path(), db.as_os_str()).await;
    acked.verify(&SqliteStore::open(&db).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_9_of_a_server_on_postgresql_loses_no_acked_message_and_doubles_none() {
    let Some(database) = Database::fresh().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let acked = kill_and_start_again(ROUNDS_ON_POSTGRES, folder.path(), database.url.as_ref()).await;
    acked.verify(&database.store().await).await;
}

/// What was acked, and what was read.
struct Acked {
    room: RoomId,
    senders: Vec<Sender>,
    seen: Vec<String>,
}

/// Kills the server so many times under load, and starts it again on its database. It keeps its key in the
/// folder.
async fn kill_and_start_again(rounds: usize, folder: &Path, db: &OsStr) -> Acked {
    let command = || {
        let mut command = std::process::Command::new(example("server"));
        command.current_dir(folder);
        command
    };
    let start = || Server::start_by(command(), db);
    let server = start();
    let names: Vec<String> = (0..SENDERS).map(|number| format!("sender{number}")).collect();
    let mut senders = Vec::new();
    let live = Arc::new(Semaphore::new(0));
    for name in &names {
        senders.push(Sender {
            name: name.clone(),
            token: server.token(name).await,
            over_rest: name == "sender0",
            made: 0,
            waiting: Vec::new(),
            acked: BTreeMap::new(),
            live: live.clone(),
        });
    }
    let mut reader =
        Reader { token: server.token("reader").await, place: Place::default(), seen: Vec::new() };
    let room = {
        let body = json!({"type": "GROUP", "name": "room", "participantUuids": names});
        let mut http = Http::new(&server.addr);
        let made = http.call("POST", "/chat/rooms", Some(&reader.token), Some(body)).await.unwrap();
        text(&made.1["roomUuid"])
    };
    // Its place in the beginning.
    drop(reader.place.connect(&server.addr, &reader.token).await.unwrap());
    server.kill();

    for round in 0..rounds {
        if round % 5 == 4 {
            // Also while it starts.
            let mut child = Server::spawn(command(), db);
            tokio::time::sleep(Duration::from_millis(random(40))).await;
            child.kill().unwrap();
            child.wait().unwrap();
        }
        let server = start();
        let (addr, until) = (server.addr.clone(), watch::channel(None).1);
        let load = {
            let (addr, room) = (Arc::new(addr), Arc::new(room.clone()));
            let mut sending = JoinSet::new();
            for mut sender in senders.drain(..) {
                let (addr, room) = (addr.clone(), room.clone());
                sending.spawn(async move {
                    sender.run(&addr, &room, false).await;
                    sender
                });
            }
            let reading = tokio::spawn(async move {
                reader.run(&addr, until).await;
                reader
            });
            (sending, reading)
        };
        // Once the load is on.
        live.forget_permits(usize::MAX >> 4);
        soon("acks", live.acquire_many(20)).await.unwrap().forget();
        tokio::time::sleep(Duration::from_millis(random(250))).await;
        server.kill();
        senders = soon("the end of the senders", load.0.join_all()).await;
        reader = soon("the end of the reader", load.1).await.unwrap();
    }

    // Calm: what was not acked is sent again, and the reader comes to the end.
    let server = start();
    let (tell, until) = watch::channel(None);
    let addr = server.addr.clone();
    let reading = tokio::spawn(async move {
        reader.run(&addr, until).await;
        reader
    });
    for sender in &mut senders {
        soon("the last acks", sender.run(&server.addr, &room, true)).await;
        assert!(sender.waiting.is_empty());
    }
    let acked: usize = senders.iter().map(|sender| sender.acked.len()).sum();
    tell.send(Some(acked)).unwrap();
    let reader = soon("the end of the reader", reading).await.unwrap();
    server.kill();
    Acked { room: room.parse().unwrap(), senders, seen: reader.seen }
}

impl Acked {
    /// Compares it with the store.
    async fn verify(&self, store: &dyn Store) {
        let Self { room, senders, seen } = self;
        let stored = store.messages(*room, 1..=u64::MAX >> 1).await.unwrap();
        assert!(stored.iter().map(|message| message.seq).eq(1..=stored.len() as u64), "no gap");
        let contents: Vec<&str> = stored.iter().map(|message| message.body.content().unwrap()).collect();
        for sender in senders {
            let own: Vec<&str> =
                contents.iter().copied().filter(|content| content.starts_with(&sender.name)).collect();
            let sent = (1..=sender.made).map(|number| format!("{}-{number:06}", sender.name));
            assert!(own.iter().copied().eq(sent), "{}: all that was sent, each once, in order", sender.name);
            for (client_id, (id, seq)) in &sender.acked {
                let message = &stored[*seq as usize - 1];
                assert_eq!(
                    (message.id.to_string(), message.body.content()),
                    (id.clone(), Some(&**client_id))
                );
            }
        }
        let made: u64 = senders.iter().map(|sender| sender.made).sum();
        assert_eq!(stored.len() as u64, made);
        assert_eq!(seen.len(), stored.len());
        assert!(seen.iter().eq(&contents), "the reader saw each once");
        assert!(made > 1000, "a load worth the name, not {made} messages");
    }
}
