//! An app with users, friends and blocks in tables of its own: the chat asks them, and is told what changes.
//!
//! `cargo run --example own_tables`

use std::sync::{Arc, Mutex};

use chat_core::model::{NewRoom, Profile};
use chat_core::policy::{FriendsOnly, Friendships};
use chat_core::{ChatEngine, Error, Result, UserId};
use rusqlite::Connection;

type Failure = Box<dyn std::error::Error>;

/// The app's database.
#[derive(Debug, Clone)]
struct App(Arc<Mutex<Connection>>);

impl App {
    fn open() -> rusqlite::Result<Self> {
        let tables = Connection::open_in_memory()?;
        tables.execute_batch(
            "CREATE TABLE users (id TEXT PRIMARY KEY, name TEXT NOT NULL, picture TEXT);
             CREATE TABLE friends (one TEXT, other TEXT, PRIMARY KEY (one, other));
             INSERT INTO users VALUES ('u-1', 'Ana', NULL), ('u-2', 'Ben', 'https://example.org/ben.png'),
                                      ('u-3', 'Cho', NULL);
             INSERT INTO friends VALUES ('u-1', 'u-2');",
        )?;
        Ok(Self(Arc::new(Mutex::new(tables))))
    }

    fn users(&self) -> Result<Vec<Profile>> {
        let tables = self.0.lock().map_err(|_| Error::unavailable("a reader panicked"))?;
        let mut users = tables.prepare("SELECT id, name, picture FROM users").map_err(Error::unavailable)?;
        let rows = users.query_map((), |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, Option<String>>(2)?))
        });
        let mut profiles = Vec::new();
        for row in rows.map_err(Error::unavailable)? {
            let (id, name, picture) = row.map_err(Error::unavailable)?;
            let user: UserId = id.parse().map_err(|_| Error::invalid("id", "is no user id"))?;
            profiles.push(Profile { user, nickname: name.into(), image: picture.map(Into::into) });
        }
        Ok(profiles)
    }
}

/// One row stands for both directions.
#[async_trait::async_trait]
impl Friendships for App {
    async fn are_friends(&self, user: &UserId, other: &UserId) -> Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM friends WHERE (one, other) IN ((?1, ?2), (?2, ?1)))";
        let tables = self.0.lock().map_err(|_| Error::unavailable("a reader panicked"))?;
        tables.query_row(sql, [user.as_str(), other.as_str()], |row| row.get(0)).map_err(Error::unavailable)
    }
}

#[tokio::main]
async fn main() -> std::result::Result<(), Failure> {
    let app = App::open()?;
    let engine = ChatEngine::builder().policy(FriendsOnly::new(app.clone())).build().await?;

    // Names and pictures: at the start, and again whenever the app changes one. Tokens may bring them too.
    for profile in app.users()? {
        engine.admin().set_profile(profile).await?;
    }

    let (ana, ben): (UserId, UserId) = ("u-1".parse()?, "u-2".parse()?);
    let room = engine.as_user(ana.clone()).create_room(NewRoom::direct("u-2")).await?;
    println!("Ana sees the room as {:?}", room.view.name);
    let refused = engine.as_user(ana.clone()).create_room(NewRoom::direct("u-3")).await.unwrap_err();
    println!("Ana and Cho are no friends: {}", refused.code());

    // A block of the app's own is told to the engine, which holds it at the moment of each send.
    engine.admin().set_blocked(&ben, &ana, true).await?;
    let draft = chat_core::model::Draft::text("Are you there?");
    let refused = engine.as_user(ana).send(room.id(), draft).await.unwrap_err();
    println!("Ben has blocked Ana: {}", refused.code());
    Ok(())
}
