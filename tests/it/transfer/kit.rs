//! What the tests of a move are written with.

use std::any::Any;
use std::sync::Arc;

use chat_core::event::EventKind;
use chat_core::model::{Custom, Limit, Token, Verb};
use chat_core::policy::{Editing, Hooks, Joining, Sending, Verdict, Welcome};
use chat_core::store::postgres::PostgresOptions;
use chat_core::store::{MemoryStore, PostgresStore, SqliteStore, Store};
use chat_core::transfer::{Counts, Scope, TransferError};
use chat_core::{ChatEngine, Config, UserId};

/// A fresh store of some kind.
pub(super) struct House {
    pub(super) name: &'static str,
    pub(super) store: Arc<dyn Store>,
    _guard: Box<dyn Any + Send + Sync>,
}

impl House {
    /// One of each kind; without PostgreSQL where there is none.
    pub(super) async fn all() -> Vec<Self> {
        let mut houses = Vec::new();
        for name in ["memory", "SQLite", "PostgreSQL with three lanes"] {
            houses.extend(Self::like(name).await);
        }
        houses
    }

    pub(super) async fn like(name: &'static str) -> Option<Self> {
        let (store, guard): (Arc<dyn Store>, Box<dyn Any + Send + Sync>) = match name {
            "memory" => (Arc::new(MemoryStore::new()), Box::new(())),
            "SQLite" => {
                let dir = tempfile::tempdir().unwrap();
                let store = SqliteStore::open(dir.path().join("chat.db")).await.unwrap();
                (Arc::new(store), Box::new(dir))
            }
            _ => {
                let database = crate::postgres::Database::fresh().await?;
                let mut options = PostgresOptions::default();
                options.lanes = 3;
                let store = PostgresStore::connect_with(&database.url, options).await.unwrap();
                (Arc::new(store), Box::new(database))
            }
        };
        Some(Self { name, store, _guard: guard })
    }
}

pub(super) async fn engine(house: &House) -> (ChatEngine, Arc<dyn Store>) {
    let store = house.store.clone();
    (engine_of(store.clone()).await, store)
}

pub(super) async fn engine_on(store: impl Store) -> (ChatEngine, Arc<dyn Store>) {
    let store: Arc<dyn Store> = Arc::new(store);
    (engine_of(store.clone()).await, store)
}

async fn engine_of(store: Arc<dyn Store>) -> ChatEngine {
    let mut config = Config::default();
    config.kept_edits = 3;
    ChatEngine::builder().shared_store(store).config(config).hooks(Wary).build().await.unwrap()
}

/// Holds what says "buy", and has whoever comes to a door wait.
#[derive(Debug)]
struct Wary;

#[async_trait::async_trait]
impl Hooks for Wary {
    fn asks_about(&self, _: Verb) -> bool {
        true
    }

    async fn before_send(&self, sending: Sending<'_>) -> chat_core::Result<Verdict> {
        let is_suspect = sending.body.content().is_some_and(|words| words.contains("buy"));
        Ok(if is_suspect { Verdict::Hold("광고?\n🦊".into()) } else { Verdict::Allow })
    }

    async fn before_edit(&self, _: Editing<'_>) -> chat_core::Result<Verdict> {
        Ok(Verdict::Allow)
    }

    async fn before_join(&self, joining: Joining<'_>) -> chat_core::Result<Welcome> {
        let has_door =
            joining.room.name.as_deref() == Some("door") || joining.actor.as_str().contains("door");
        Ok(if has_door { Welcome::Hold(Some("새 계정?\n🦊".into())) } else { Welcome::Allow })
    }
}

pub(super) async fn shared_memory(lanes: usize) -> (ChatEngine, Arc<dyn Store>) {
    engine_on(MemoryStore::with_lanes(lanes)).await
}

pub(super) fn id(name: &str) -> UserId {
    name.parse().unwrap()
}

pub(super) fn code<T: std::fmt::Debug>(result: chat_core::Result<T>) -> &'static str {
    result.map_or_else(|error| error.code(), |_| "OK")
}

/// What an app keeps with a message.
pub(super) fn card() -> Custom {
    "{\"km\":8.5,\"한강\":[null,{}]}".parse().unwrap()
}

pub(super) fn limit() -> Limit {
    Limit::new(100).unwrap()
}

pub(super) async fn export(engine: &ChatEngine, scope: Scope) -> String {
    let mut lines = Vec::new();
    let counts = engine.admin().export(scope, &mut lines).await.unwrap();
    let lines = String::from_utf8(lines).unwrap();
    let kinds = |kind: &str| lines.matches(&format!("{{\"record\":\"{kind}\"")).count() as u64;
    let Counts { profiles, relations, rooms, members, messages, reactions, hidden, follows, .. } = counts;
    for (kind, count) in [
        ("profile", profiles),
        ("relation", relations),
        ("room", rooms),
        ("member", members),
        ("message", messages),
        ("reaction", reactions),
        ("hidden", hidden),
        ("follow", follows),
        ("invite", counts.invites),
        ("doNotDisturb", counts.do_not_disturb),
        ("edit", counts.edits),
        ("act", counts.acts),
        ("held", counts.held),
        ("joinRequest", counts.join_requests),
    ] {
        assert_eq!(kinds(kind), count, "{kind}");
    }
    lines
}

pub(super) async fn import(engine: &ChatEngine, lines: &str) -> Result<Counts, TransferError> {
    let mut told = Counts::default();
    let read = engine.admin().import(&mut lines.as_bytes(), |so_far| told = so_far).await?;
    assert_eq!(told, read, "the last that is told is the whole");
    Ok(read)
}

/// Whether a client that comes back with this token is told everything that it missed.
pub(super) async fn recovers(engine: &ChatEngine, name: &str, token: Token) -> bool {
    let mut session = engine.as_user(id(name)).connect_since(token).await.unwrap();
    loop {
        let event = session.next().await.unwrap();
        if let EventKind::CaughtUp { recovered } = event.kind {
            return recovered;
        }
    }
}
