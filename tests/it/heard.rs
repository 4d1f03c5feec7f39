//! What a session hears.

use std::time::Duration;

use chat_core::Session;
use chat_core::event::EventKind;

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
