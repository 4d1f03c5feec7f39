//! The rows themselves.

use std::sync::Arc;
use std::time::Duration;

use chat_core::model::{Body, Custom};
use chat_core::store::{Batch, OutboxEntry, OutboxRow, Store, Upkeep};
use chat_core::{ChatEngine, ErrorKind, MessageId, RoomId, Timestamp};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::{Host, chat, committed, entry, heard, on_each_database, text, user, write};
on_each_database! {
    rows_come_back_as_they_were_written
    a_row_that_makes_no_sense_is_corrupt_and_the_others_are_sent_once_it_is_gone
}

fn entries() -> impl Strategy<Value = OutboxEntry> {
    // Texts without NUL, as users send them, of any script.
    let text = || "[^\\x00]{1,200}".prop_map(|text: String| -> Arc<str> { text.into() });
    let body = prop_oneof![
        text().prop_map(Body::Text),
        (text(), proptest::option::of(text())).prop_map(|(url, caption)| Body::Image { url, caption }),
    ];
    let name = || "[^\\p{C}\\p{Z}]{1,128}";
    let custom = proptest::collection::btree_map(text(), text(), 0..3).prop_map(|map| {
        Custom::from(&map.iter().map(|(name, text)| (name.to_string(), (&**text).into())).collect())
    });
    (any::<[u8; 16]>(), any::<[u8; 16]>(), name(), (body, custom), name(), any::<i64>()).prop_map(
        |(id, room, author, (body, custom), client_id, at)| OutboxEntry {
            id: MessageId::from_bytes(id),
            room: RoomId::from_bytes(room),
            author: author.parse().unwrap(),
            body,
            custom,
            client_id: client_id.parse().unwrap(),
            at: Timestamp::from_millis(at),
        },
    )
}

async fn rows_come_back_as_they_were_written(host: Host) {
    let store = host.store().await;
    let mut runner = TestRunner::default();
    let mut written = Vec::new();
    for _ in 0..64 {
        let entry = entries().new_tree(&mut runner).unwrap().current();
        write(&host, &entry).await;
        written.push(entry);
    }
    let rows = store.outbox(1000).await.unwrap();
    assert!(rows.iter().map(|row| &row.entry).eq(&written), "{rows:#?}\n{written:#?}");
    assert!(rows.is_sorted_by(|one, next| one.number < next.number));
    assert_eq!(store.outbox(3).await.unwrap(), rows[..3], "the oldest");

    // Those that are sent go, and no number comes again.
    let numbers: Vec<u64> = rows.iter().map(|row| row.number).collect();
    let (first, last) = (numbers[0], numbers[63]);
    let end = |sent| store.commit(Batch { sent, ..Batch::default() });
    end(numbers[1..].to_vec()).await.unwrap();
    let left: Vec<OutboxRow> = store.outbox(1000).await.unwrap();
    assert_eq!(left, rows[..1]);
    end(vec![first, last, 999, u64::MAX]).await.unwrap();
    write(&host, &written[0]).await;
    assert!(store.outbox(1000).await.unwrap()[0].number > last);
}

async fn a_row_that_makes_no_sense_is_corrupt_and_the_others_are_sent_once_it_is_gone(host: Host) {
    let store = host.store().await;
    let engine = ChatEngine::builder().store(store.clone()).build().await.unwrap();
    let (shop, room, mut ana) = chat(&engine).await;
    engine.drain(Duration::ZERO).await;
    write(&host, &entry(room)).await;
    let table = host.outbox();
    for (damage, mended) in [
        ("kind = 11", "kind = 1"),
        ("kind = 99", "kind = 1"),
        ("content = NULL", "content = 'hello'"),
        ("author = ''", "author = 'shop'"),
        ("client_id = ' '", "client_id = '1'"),
    ] {
        host.execute(&format!("UPDATE {table} SET {damage}")).await;
        let error = store.outbox(10).await.expect_err(damage);
        assert!(matches!(error.kind(), ErrorKind::Corrupt(_)), "{damage}: {error:?}");
        host.execute(&format!("UPDATE {table} SET {mended}")).await;
        store.outbox(10).await.expect(mended);
    }
    drop((engine, shop, ana));

    host.execute(&format!("UPDATE {table} SET kind = 99")).await;
    let engine = host.engine().await;
    let shop = engine.as_user(user("shop"));
    ana = engine.as_user(user("ana")).connect().await.unwrap();
    committed(host.order(1, shop, room, text("order 1")).await);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(host.waiting().await, 2);
    host.execute(&format!("DELETE FROM {table} WHERE kind = 99")).await;
    assert_eq!(heard(&mut ana).await.1, "order 1");
}
