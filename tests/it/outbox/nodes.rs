//! What only PostgreSQL can do: several nodes, and transactions that take their time.

use chat_core::model::Draft;
use sqlx::{Connection, PgConnection};

use super::{Host, chat, committed, heard, said, text, user};
use crate::postgres::Database;
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_that_send_the_same_rows_send_each_once() {
    let Some(database) = Database::fresh().await else { return };
    let host = Host::Server(database).prepared().await;
    let nodes = [host.engine().await, host.engine().await];
    let (_, room, one) = chat(&nodes[0]).await;
    let other = nodes[1].as_user(user("ana")).connect().await.unwrap();
    let mut sessions = [one, other];
    const ORDERS: usize = 40;
    for order in 0..ORDERS {
        let mut outgoing = Vec::new();
        // A row, of which both nodes are told at once.
        for node in &nodes {
            let draft = Draft::text(order.to_string()).with_client_id(format!("order {order}"));
            let number = i64::try_from(order).unwrap() * 10 + i64::try_from(outgoing.len()).unwrap();
            outgoing.extend(host.order(number, node.as_user(user("shop")), room, vec![draft]).await);
        }
        committed(outgoing);
    }
    host.until_nothing_waits().await;
    let mut said = said(&nodes[0], room).await;
    said.sort_by_key(|order| order.parse::<usize>().unwrap());
    assert!(said.iter().cloned().eq((0..ORDERS).map(|order| order.to_string())), "{said:?}");

    // Each node has told of those that it has committed itself, each of which nobody else has.
    let mut events = 0;
    for (session, node) in sessions.iter_mut().zip(&nodes) {
        node.as_user(user("shop")).send(room, Draft::text("end")).await.unwrap();
        while heard(session).await.1 != "end" {
            events += 1;
        }
    }
    assert_eq!(events, ORDERS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_dawdles_in_a_transaction_on_postgres_holds_nobody_up() {
    let Some(database) = Database::fresh().await else { return };
    let host = Host::Server(database).prepared().await;
    let engine = host.engine().await;
    let (shop, room, mut ana) = chat(&engine).await;
    let mut conn = PgConnection::connect(&host.address()).await.unwrap();
    let mut tx = conn.begin().await.unwrap();
    let outgoing = shop.send_in(&mut tx, room, Draft::text("dawdling")).await.unwrap();

    shop.send(room, Draft::text("sent meanwhile")).await.unwrap();
    committed(host.order(1, shop.clone(), room, text("ordered meanwhile")).await);
    assert_eq!(heard(&mut ana).await.1, "sent meanwhile");
    assert_eq!(heard(&mut ana).await.1, "ordered meanwhile");
    host.until_nothing_waits().await;
    tx.commit().await.unwrap();
    // Its number is below that of what was sent before.
    outgoing.committed();
    assert_eq!(heard(&mut ana).await.1, "dawdling");
}

/// As in a handler of a server, which may go on on another thread.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_may_send_in_a_transaction() {
    let Some(database) = Database::fresh().await else { return };
    let host = Host::Server(database).prepared().await;
    let engine = host.engine().await;
    let (shop, room, mut ana) = chat(&engine).await;
    let address = host.address();
    let task = tokio::spawn(async move {
        let mut conn = PgConnection::connect(&address).await.unwrap();
        let mut tx = conn.begin().await.unwrap();
        let outgoing = shop.send_in(&mut tx, room, Draft::text("order 1")).await.unwrap();
        tx.commit().await.unwrap();
        outgoing.committed();
    });
    task.await.unwrap();
    assert_eq!(heard(&mut ana).await.1, "order 1");
}
