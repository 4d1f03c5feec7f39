//! SIGTERM under load: every send is answered, and everybody is told when to come back.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use chat_core::store::{MessageReads, SqliteStore};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::kit::{Got, Http, Server, Ws, new_file, soon, text};

const CONNECTIONS: usize = 1000;
/// Each hears so many.
const PER_ROOM: usize = 10;
/// Sends of each connection that wait for an answer.
const WINDOW: usize = 3;

/// What became of a client's sends.
#[derive(Default)]
struct Outcome {
    /// By client id: the `seq`, or the code of the refusal.
    answered: BTreeMap<String, Result<u64, String>>,
    unanswered: BTreeSet<String>,
    /// Those that were sent after the signal: the server may have closed before it read them.
    late: BTreeSet<String>,
    closed: Option<(u16, String)>,
}

/// Two handles a connection, one in each process, and some for the rest. Each process gets what the system
/// lets it have.
fn connections_allowed() -> usize {
    let limit = |text: &str| -> usize {
        let line = text.lines().find(|line| line.starts_with("Max open files")).unwrap();
        line.split_whitespace().nth(4).unwrap().parse().unwrap_or(usize::MAX)
    };
    let pid = std::process::id().to_string();
    let hard = limit(&std::fs::read_to_string("/proc/self/limits").unwrap());
    let raised = std::process::Command::new("prlimit")
        .args(["--pid", &pid, &format!("--nofile={hard}:{hard}")])
        .status();
    let soft = std::fs::read_to_string("/proc/self/limits").unwrap();
    let soft: usize = soft
        .lines()
        .find(|line| line.starts_with("Max open files"))
        .and_then(|line| line.split_whitespace().nth(3))
        .and_then(|soft| soft.parse().ok())
        .unwrap_or(usize::MAX);
    let allowed = soft.saturating_sub(200).min(CONNECTIONS);
    if allowed < CONNECTIONS {
        eprintln!("only {allowed} connections: {soft} files may be open ({raised:?})");
    }
    allowed
}

/// Sends until it is closed.
async fn client(mut ws: Ws, name: String, room: String, ending: watch::Receiver<bool>) -> Outcome {
    let (mut outcome, mut made) = (Outcome::default(), 0);
    loop {
        while outcome.unanswered.len() < WINDOW {
            made += 1;
            let client_id = format!("{name}-{made}");
            if *ending.borrow() {
                outcome.late.insert(client_id.clone());
            }
            ws.say(made, &room, &client_id, &client_id).await;
            outcome.unanswered.insert(client_id);
        }
        match ws.next().await {
            Got::Frame(frame) => {
                let Some(number) = frame["id"].as_u64() else { continue };
                let client_id = format!("{name}-{number}");
                assert!(outcome.unanswered.remove(&client_id), "answered once");
                let answer = match frame["error"]["code"].as_str() {
                    Some(code) => Err(code.to_owned()),
                    None => Ok(frame["ok"]["message"]["seq"].as_u64().unwrap()),
                };
                outcome.answered.insert(client_id, answer);
            }
            Got::Closed(code, reason) => {
                outcome.closed = Some((code, reason));
                return outcome;
            }
            Got::Cut => return outcome,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_under_load_with_1000_connections_leaves_no_send_without_an_answer() {
    let count = connections_allowed();
    let (_folder, db) = new_file();
    let mut server = Server::start(&db);
    let mut connecting = JoinSet::new();
    for part in 0..count / PER_ROOM {
        let addr = server.addr.clone();
        connecting.spawn(async move { connect_room(&addr, part).await });
    }
    let rooms: Vec<(String, Vec<(String, Ws)>)> =
        tokio::time::timeout(Duration::from_secs(60), connecting.join_all()).await.unwrap();
    let names: Vec<String> = rooms.iter().map(|(room, _)| room.clone()).collect();
    let (tell, ending) = watch::channel(false);
    let mut clients = JoinSet::new();
    for (room, people) in rooms {
        for (name, ws) in people {
            clients.spawn(client(ws, name, room.clone(), ending.clone()));
        }
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    let began = Instant::now();
    tell.send(true).unwrap();
    server.terminate();
    let outcomes = soon("the end of all clients", clients.join_all()).await;
    let well = soon("the end of the server", async {
        loop {
            if let Some(well) = server.ended() {
                return well;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    assert!(well.await, "it ends well");
    assert!(began.elapsed() < Duration::from_secs(12), "{:?}", began.elapsed());

    let mut stored = BTreeMap::new();
    let store = SqliteStore::open(&db).await.unwrap();
    for room in names {
        for message in store.messages(room.parse().unwrap(), 1..=u64::MAX >> 1).await.unwrap() {
            stored.insert(message.body.content().unwrap().to_owned(), message.seq);
        }
    }
    let (mut delays, mut acked, mut refused) = (BTreeSet::new(), 0, 0);
    for outcome in &outcomes {
        for client_id in &outcome.unanswered {
            assert!(outcome.late.contains(client_id), "{client_id} was sent before the signal: silent");
            assert!(!stored.contains_key(client_id), "{client_id} was accepted: silent");
        }
        for (client_id, answer) in &outcome.answered {
            match answer {
                Ok(seq) => {
                    assert_eq!(stored.remove(client_id), Some(*seq), "{client_id} was acked");
                    acked += 1;
                }
                Err(code) => {
                    assert_eq!(code, "UNAVAILABLE");
                    assert!(!stored.contains_key(client_id), "{client_id} was refused and is stored");
                    refused += 1;
                }
            }
        }
        let (code, reason) = outcome.closed.as_ref().expect("closed with a code");
        assert_eq!(*code, 4012);
        let delay: u64 = reason.split(' ').find_map(|word| word.parse().ok()).expect("a delay");
        assert!(delay <= 5000, "{reason}");
        delays.insert(delay);
    }
    assert!(stored.is_empty(), "stored and never acked: {stored:?}");
    assert!(delays.len() > count / 2, "they do not all come back at once: {} delays", delays.len());
    println!("{acked} acked, {refused} refused of {count} connections, {} delays", delays.len());
}

/// The people of one room, connected.
async fn connect_room(addr: &str, part: usize) -> (String, Vec<(String, Ws)>) {
    let mut http = Http::new(addr);
    let names: Vec<String> = (0..PER_ROOM).map(|number| format!("c{part}x{number}")).collect();
    let mut tokens = Vec::new();
    for name in &names {
        let body = json!({"userUuid": name});
        let (_, answer): (u16, Value) = http.call("POST", "/auth/dev-token", None, Some(body)).await.unwrap();
        tokens.push(text(&answer["accessToken"]));
    }
    let body = json!({"type": "GROUP", "name": "room", "participantUuids": names});
    let (_, made) = http.call("POST", "/chat/rooms", Some(&tokens[0]), Some(body)).await.unwrap();
    let room = text(&made["roomUuid"]);
    let mut people = Vec::new();
    for (name, token) in names.into_iter().zip(tokens) {
        people.push((name, Ws::connect(addr, &token, None).await.unwrap().0));
    }
    (room, people)
}
