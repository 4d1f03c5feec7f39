//! What follows a commit, and what follows none.

use std::process::Command;
use std::time::{Duration, Instant};

use chat_core::engine::RefusedSend;
use chat_core::model::{Custom, Draft};
use chat_core::{ChatEngine, ErrorKind};
use tokio::sync::mpsc;

use super::{
    Host, chat, committed, entry, heard, on_each_database, open, order_in, said, soon, text, user, write,
};
on_each_database! {
    a_message_follows_its_commit_at_once
    a_message_nobody_tells_of_follows_within_a_second
    what_an_app_keeps_with_a_message_comes_with_it
    what_is_rolled_back_is_never_seen
    a_transaction_that_outlives_its_engine_is_sent_by_the_next_one_once
    a_process_that_dies_right_after_its_commit_has_sent_its_message
    a_row_that_comes_again_is_no_second_message
    a_row_that_comes_again_when_its_author_has_left_was_not_refused
    a_client_id_makes_one_message_of_two_transactions
    what_cannot_be_sent_now_is_sent_later
    what_a_damaged_store_cannot_keep_is_sent_once_it_is_mended
    more_than_a_page_is_sent_in_the_order_of_writing
    a_drained_engine_sends_nothing_and_the_next_one_does
}

async fn a_message_follows_its_commit_at_once(host: Host) {
    let engine = host.engine().await;
    let (shop, room, mut ana) = chat(&engine).await;
    let begun = Instant::now();
    for order in 1..=5 {
        let outgoing = host.order(order, shop.clone(), room, text(&format!("order {order}"))).await;
        let id = outgoing[0].id();
        assert_eq!(outgoing[0].room(), room);
        committed(outgoing);
        assert_eq!(heard(&mut ana).await, (id, format!("order {order}")));
    }
    // Each would have waited for a second since the one before it.
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    host.until_nothing_waits().await;
    assert_eq!((host.count("orders").await, said(&engine, room).await.len()), (5, 5));
}

async fn a_message_nobody_tells_of_follows_within_a_second(host: Host) {
    let engine = host.engine().await;
    let (shop, room, mut ana) = chat(&engine).await;
    drop(host.order(1, shop, room, text("order 1")).await);
    assert_eq!(heard(&mut ana).await.1, "order 1");
}

async fn what_an_app_keeps_with_a_message_comes_with_it(host: Host) {
    let engine = host.engine().await;
    let (shop, room, mut ana) = chat(&engine).await;
    let card: Custom = r#"{"order":1}"#.parse().unwrap();
    let draft = Draft::text("order 1").with_custom(card.clone());
    committed(host.order(1, shop, room, vec![draft]).await);
    let (id, _) = heard(&mut ana).await;
    let kept = engine.as_user(user("ana")).message(room, id).await.unwrap();
    assert_eq!(kept.message.custom, card);
}

async fn what_is_rolled_back_is_never_seen(host: Host) {
    let engine = host.engine().await;
    let (shop, room, mut ana) = chat(&engine).await;
    let rolled_back = order_in(&host.address(), 1, shop.clone(), room, text("order 1"), false).await;
    // As if it had been committed.
    committed(rolled_back.unwrap());
    assert_eq!((host.waiting().await, host.count("orders").await), (0, 0));
    committed(host.order(2, shop, room, text("order 2")).await);
    assert_eq!(heard(&mut ana).await.1, "order 2", "and nothing before it");
    assert_eq!(said(&engine, room).await, ["order 2"]);
}

async fn a_transaction_that_outlives_its_engine_is_sent_by_the_next_one_once(host: Host) {
    let engine = host.engine().await;
    let (shop, room, ana) = chat(&engine).await;
    drop((engine, ana));
    drop(host.order(1, shop, room, text("order 1")).await);
    assert_eq!(host.waiting().await, 1);

    let engine = host.engine().await;
    host.until_nothing_waits().await;
    assert_eq!(said(&engine, room).await, ["order 1"]);
}

/// Run as a process of its own, by the case that follows: orders, commits and dies.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_dies() {
    let told = (std::env::var("CHAT_OUTBOX_ADDRESS"), std::env::var("CHAT_OUTBOX_ROOM"));
    let (Ok(address), Ok(room)) = told else { return };
    let engine = ChatEngine::builder().store(open(&address).await).build().await.unwrap();
    let shop = engine.as_user(user("shop"));
    let sent = order_in(&address, 1, shop, room.parse().unwrap(), text("order 1"), true).await;
    // Nothing is flushed or dropped, as with kill -9.
    let _sent = sent.unwrap();
    std::process::abort();
}

async fn a_process_that_dies_right_after_its_commit_has_sent_its_message(host: Host) {
    let engine = host.engine().await;
    let (_, room, ana) = chat(&engine).await;
    drop((engine, ana));
    let mut dies = Command::new(std::env::current_exe().unwrap());
    dies.args(["--exact", "outbox::commits::whoever_dies"]).env("CHAT_OUTBOX_ADDRESS", host.address());
    let died = dies.env("CHAT_OUTBOX_ROOM", room.to_string()).output().unwrap();
    assert!(died.status.code().is_none(), "by a signal: {died:?}");
    assert_eq!(host.count("orders").await, 1, "{died:?}");

    let engine = host.engine().await;
    host.until_nothing_waits().await;
    assert_eq!(said(&engine, room).await, ["order 1"]);
}

/// As after a crash between the message's commit and the row's end.
async fn again(host: &Host) {
    let (table, columns) =
        (host.outbox(), "id, room, author, kind, content, image_url, client_id, created_at");
    host.execute(&format!("INSERT INTO {table} ({columns}) SELECT {columns} FROM kept")).await;
    host.until_nothing_waits().await;
}

/// Keeps what waits, for [`again`].
async fn keep(host: &Host) {
    host.execute(&format!("CREATE TABLE kept AS SELECT * FROM {}", host.outbox())).await;
}

async fn a_row_that_comes_again_is_no_second_message(host: Host) {
    let engine = host.engine().await;
    let (shop, room, ana) = chat(&engine).await;
    drop((engine, ana));
    drop(host.order(1, shop, room, text("order 1")).await);
    keep(&host).await;

    let engine = host.engine().await;
    let (_, _, mut ana) = chat(&engine).await;
    host.until_nothing_waits().await;
    again(&host).await;
    let shop = engine.as_user(user("shop"));
    committed(host.order(2, shop, room, text("order 2")).await);
    while heard(&mut ana).await.1 != "order 2" {}
    assert_eq!(said(&engine, room).await, ["order 1", "order 2"]);
}

async fn a_row_that_comes_again_when_its_author_has_left_was_not_refused(host: Host) {
    let engine = host.engine().await;
    let (shop, room, ana) = chat(&engine).await;
    drop((engine, ana));
    drop(host.order(1, shop, room, text("order 1")).await);
    keep(&host).await;

    let (engine, mut refusals) = host.engine_and_refusals().await;
    host.until_nothing_waits().await;
    engine.as_user(user("shop")).leave(room).await.unwrap();
    again(&host).await;
    assert_eq!(said(&engine, room).await, ["order 1"]);
    assert!(refusals.try_recv().is_err(), "it was sent");
}

async fn a_client_id_makes_one_message_of_two_transactions(host: Host) {
    let (engine, mut refusals) = host.engine_and_refusals().await;
    let (shop, room, mut ana) = chat(&engine).await;
    for order in 1..=2 {
        let draft = Draft::text("paid").with_client_id("payment 7");
        committed(host.order(order, shop.clone(), room, vec![draft]).await);
        host.until_nothing_waits().await;
    }
    committed(host.order(3, shop, room, text("order 3")).await);
    assert_eq!(heard(&mut ana).await.1, "paid");
    assert_eq!(heard(&mut ana).await.1, "order 3");
    assert_eq!(said(&engine, room).await, ["paid", "order 3"]);
    assert!(refusals.try_recv().is_err());
}

async fn what_cannot_be_sent_now_is_sent_later(host: Host) {
    let store = host.store().await;
    let (tell, mut refusals) = mpsc::unbounded_channel();
    let engine = ChatEngine::builder().store(store.clone());
    let engine = engine.on_refused_send(move |refused: RefusedSend| tell.send(refused).unwrap());
    let engine = engine.build().await.unwrap();
    let (shop, room, mut ana) = chat(&engine).await;
    store.refuse(true);
    committed(host.order(1, shop, room, text("order 1")).await);
    // The second look comes after the first try.
    for _ in 0..2 {
        store.calls();
        soon("a look", store.called("outbox")).await;
    }
    assert_eq!(host.waiting().await, 1);
    store.refuse(false);
    assert_eq!(heard(&mut ana).await.1, "order 1");
    host.until_nothing_waits().await;
    assert!(refusals.try_recv().is_err(), "that was no refusal");
}

async fn what_a_damaged_store_cannot_keep_is_sent_once_it_is_mended(host: Host) {
    let (engine, mut refusals) = host.engine_and_refusals().await;
    let (shop, room, mut ana) = chat(&engine).await;
    let messages = host.outbox().replace("chat_outbox", "messages").replace("outbox", "messages");
    host.execute(&format!("ALTER TABLE {messages} RENAME COLUMN n TO m")).await;
    let error = shop.send(room, Draft::text("sent")).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Corrupt(_)), "{error:?}");
    committed(host.order(1, shop, room, text("order 1")).await);
    let told = tokio::time::timeout(Duration::from_millis(1500), refusals.recv()).await;
    assert!(told.is_err(), "damage is no refusal: {told:?}");
    assert_eq!(host.waiting().await, 1);
    host.execute(&format!("ALTER TABLE {messages} RENAME COLUMN m TO n")).await;
    assert_eq!(heard(&mut ana).await.1, "order 1");
}

async fn more_than_a_page_is_sent_in_the_order_of_writing(host: Host) {
    let engine = host.engine().await;
    let (shop, room, mut ana) = chat(&engine).await;
    let drafts = (0..900).map(|n| Draft::text(n.to_string())).collect();
    // One word is enough for all of them.
    host.order(1, shop, room, drafts).await.remove(0).committed();
    let begun = Instant::now();
    for n in 0..900 {
        assert_eq!(heard(&mut ana).await.1, n.to_string());
    }
    // Four pages, of which three would have waited for a second.
    assert!(begun.elapsed() < Duration::from_millis(2500), "{:?}", begun.elapsed());
    host.until_nothing_waits().await;
}

async fn a_drained_engine_sends_nothing_and_the_next_one_does(host: Host) {
    let engine = host.engine().await;
    let (shop, room, ana) = chat(&engine).await;
    drop(ana);
    engine.drain(Duration::from_millis(200)).await;
    let refused = order_in(&host.address(), 1, shop, room, text("order 1"), true).await.unwrap_err();
    assert!(refused.kind().is_retryable(), "{refused:?}");

    write(&host, &entry(room)).await;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(host.waiting().await, 1, "it has looked, and sent nothing");
    let next = host.engine().await;
    host.until_nothing_waits().await;
    assert_eq!(said(&next, room).await, ["hello"]);
}
