//! What a session hears, and what a socket does.

use std::sync::Arc;
use std::time::Duration;

use chat_core::bus::LocalBus;
use chat_core::event::EventKind;
use chat_core::model::NewRoom;
use chat_core::policy::Hooks;
use chat_core::store::MemoryStore;
use chat_core::testing::{ManualClock, NameTokens};
use chat_core::transport::socketio::{SocketIoOptions, router};
use chat_core::{Actor, ChatEngine, RoomId, Session};
use serde_json::Value;

use crate::served::serve;
use crate::socketio::client::Ws;

/// The first of what comes that is wanted.
pub(crate) async fn next<T: Send>(
    session: &mut Session,
    wanted: impl Fn(&EventKind) -> Option<T> + Send + Sync,
) -> T {
    let sought = async {
        loop {
            if let Some(found) = wanted(&session.next().await.unwrap().kind) {
                return found;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), sought).await.unwrap()
}

/// What this user waits for in a room of ana's has waited too long, which another node finds out: their socket is told so.
/// `wait` gives what it is told.
pub(crate) async fn expires_elsewhere(
    hooks: impl Hooks + Clone,
    new: NewRoom,
    who: &str,
    wait: impl AsyncFnOnce(Actor, RoomId) -> Value,
) {
    let (store, clock) = (Arc::new(MemoryStore::new()), ManualClock::default());
    let [near, far] = <[_; 2]>::try_from(LocalBus::between(2)).unwrap();
    let node = |bus| {
        let builder = ChatEngine::builder().shared_store(store.clone()).clock(clock.clone()).bus(bus);
        builder.hooks(hooks.clone()).authenticator(NameTokens).build()
    };
    let engine = node(near).await.unwrap();
    let room = engine.as_user("ana".parse().unwrap()).create_room(new).await.unwrap().id();
    let addr = serve(router(engine.clone(), SocketIoOptions::default())).await;
    let (mut io, _) = Ws::chat(addr, who).await;
    let told = wait(engine.as_user(who.parse().unwrap()), room).await;
    clock.advance(Duration::from_secs(7 * 24 * 60 * 60));
    // One that begins looks at once for what has waited too long.
    let _other = node(far).await.unwrap();
    loop {
        let heard = io.event_named("notification").await;
        if heard["type"] == told["type"] {
            break assert_eq!(heard, told);
        }
    }
}
