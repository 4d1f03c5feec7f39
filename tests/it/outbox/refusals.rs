//! What is refused: in the transaction, or when the message was to be sent.

use std::sync::atomic::{AtomicUsize, Ordering};

use chat_core::model::{Draft, NewRoom};
use chat_core::store::MemoryStore;
use chat_core::{ChatEngine, ClientId, ErrorKind};
use rusqlite::Connection;
use sqlx::{Connection as _, PgConnection};
use tokio::sync::mpsc;

use super::{Host, chat, committed, heard, on_each_database, order_in, said, soon, text, user};
use crate::postgres::Database;
on_each_database! {
    whoever_has_left_meanwhile_is_told_to_the_hook_and_holds_nobody_up
    another_message_under_a_client_id_is_told_to_the_hook
    a_hook_that_panics_is_called_again
    a_bad_draft_is_refused_at_once_and_the_transaction_goes_on
    a_transaction_of_another_database_is_refused
}

async fn whoever_has_left_meanwhile_is_told_to_the_hook_and_holds_nobody_up(host: Host) {
    let (engine, mut refusals) = host.engine_and_refusals().await;
    let (shop, room, _ana) = chat(&engine).await;
    let (other_room, mut eve) = {
        let new = NewRoom::group("other").with(["eve"]);
        let eve = engine.as_user(user("eve")).connect().await.unwrap();
        (shop.create_room(new).await.unwrap().id(), eve)
    };
    // Nobody looks for the membership before the commit, at which it has ended.
    shop.leave(room).await.unwrap();
    let outgoing = host.order(1, shop.clone(), room, text("order 1")).await;
    let id = outgoing[0].id();
    drop(outgoing);
    committed(host.order(2, shop, other_room, text("order 2")).await);
    assert_eq!(heard(&mut eve).await.1, "order 2");

    let refused = soon("the refusal", refusals.recv()).await.unwrap();
    assert_eq!((refused.message, refused.room, refused.author), (id, room, user("shop")));
    assert_eq!(refused.client_id, ClientId::from(id));
    assert_eq!(*refused.error.kind(), ErrorKind::NotAParticipant(room));
    host.until_nothing_waits().await;
    assert_eq!(said(&engine, room).await, [""; 0]);
    assert!(refusals.try_recv().is_err(), "it is told once");
}

async fn another_message_under_a_client_id_is_told_to_the_hook(host: Host) {
    let (engine, mut refusals) = host.engine_and_refusals().await;
    let (shop, room, _ana) = chat(&engine).await;
    let drafts = ["paid", "paid twice"].map(|words| Draft::text(words).with_client_id("payment 7"));
    committed(host.order(1, shop, room, drafts.into()).await);
    let refused = soon("the refusal", refusals.recv()).await.unwrap();
    assert_eq!(refused.client_id.as_str(), "payment 7");
    assert_eq!(*refused.error.kind(), ErrorKind::ClientIdConflict);
    host.until_nothing_waits().await;
    assert_eq!(said(&engine, room).await, ["paid"]);
}

async fn a_hook_that_panics_is_called_again(host: Host) {
    let (tell, mut told) = mpsc::unbounded_channel();
    let calls = AtomicUsize::new(0);
    let hook = move |_| {
        tell.send(()).unwrap();
        assert!(calls.fetch_add(1, Ordering::SeqCst) > 0, "the first call panics");
    };
    let engine = ChatEngine::builder().store(host.store().await).on_refused_send(hook);
    let engine = engine.build().await.unwrap();
    let (shop, room, _ana) = chat(&engine).await;
    shop.leave(room).await.unwrap();
    committed(host.order(1, shop, room, text("order 1")).await);
    soon("the first call", told.recv()).await;
    soon("the second call", told.recv()).await;
    host.until_nothing_waits().await;
}

async fn a_bad_draft_is_refused_at_once_and_the_transaction_goes_on(host: Host) {
    let engine = host.engine().await;
    let (shop, room, _ana) = chat(&engine).await;
    let long = "x".repeat(engine.config().max_content_bytes + 1);
    for (words, code) in [(" ", "INVALID_INPUT"), (&*long, "PAYLOAD_TOO_LARGE")] {
        let error = order_in(&host.address(), 1, shop.clone(), room, text(words), true).await.unwrap_err();
        assert_eq!(error.code(), code);
    }
    assert_eq!(host.waiting().await, 0);
    if let Host::File(folder) = &host {
        let mut conn = Connection::open(Host::path(folder)).unwrap();
        conn.execute_batch("BEGIN; INSERT INTO orders VALUES (1)").unwrap();
        shop.send_in(&mut conn, room, Draft::text("")).await.unwrap_err();
        conn.execute_batch("COMMIT").unwrap();
        assert_eq!(host.count("orders").await, 1);
    }
}

async fn a_transaction_of_another_database_is_refused(host: Host) {
    let engine = host.engine().await;
    let (shop, room, _ana) = chat(&engine).await;
    let in_memory = ChatEngine::builder().store(MemoryStore::new()).build().await.unwrap();
    let (of_another, no_room, _) = chat(&in_memory).await;
    let (mut stray, draft) = (Connection::open_in_memory().unwrap(), Draft::text("order 1"));
    let mut errors = vec![shop.send_in(&mut stray, room, draft.clone()).await.unwrap_err()];
    match &host {
        Host::File(folder) => {
            let mut conn = Connection::open(Host::path(folder)).unwrap();
            errors.push(of_another.send_in(&mut conn, no_room, draft).await.unwrap_err());
        }
        Host::Server(_) => {
            let other = Database::empty().await.unwrap();
            let mut conn = PgConnection::connect(&other.url).await.unwrap();
            errors.push(shop.send_in(&mut conn, room, draft.clone()).await.unwrap_err());
            conn.close().await.unwrap();
            let mut conn = PgConnection::connect(&host.address()).await.unwrap();
            errors.push(of_another.send_in(&mut conn, no_room, draft).await.unwrap_err());
        }
    }
    for error in errors {
        assert_eq!(error.code(), "INVALID_INPUT", "{error:?}");
        assert!(error.to_string().starts_with("transaction "), "{error}");
    }
    assert_eq!(host.waiting().await, 0);
}
