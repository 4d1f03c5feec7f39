//! The buses of the crate pass the suite, also the one that is as bad as it may be.

use std::collections::HashMap;

use bytes::Bytes;
use chat_core::RoomId;
use chat_core::bus::{Bus, LocalBus, MAX_WAITING, Topic};
use chat_core::testing::BadBus;
use chat_core::testing::bus::Fixture;

chat_core::bus_suite!(local, || async { Some(Fixture::new(LocalBus::between(3))) });

chat_core::bus_suite!(bad, || async {
    let nodes = LocalBus::between(3).into_iter().zip(1..);
    Some(Fixture::new(nodes.map(|(bus, seed)| BadBus::new(bus, seed))))
});

chat_core::bus_suite!(nats, crate::nats::three_nodes);

fn number(packet: &Bytes) -> u64 {
    String::from_utf8_lossy(packet).parse().unwrap()
}

/// What comes of a thousand packets, in its order.
async fn after_a_thousand(from: impl Bus, to: impl Bus) -> Vec<u64> {
    let topic = Topic::Room(RoomId::generate());
    to.follow(&topic);
    for number in 1..=1000 {
        from.publish(&topic, number.to_string().into());
    }
    drop(from);
    let mut came = Vec::new();
    while let Ok(Some((_, packet))) =
        tokio::time::timeout(std::time::Duration::from_millis(50), to.next()).await
    {
        came.push(number(&packet));
    }
    came
}

#[tokio::test]
async fn the_bad_bus_loses_doubles_and_reorders_and_the_local_one_does_not() {
    let mut nodes = LocalBus::between(2);
    let (to, from) = (nodes.pop().unwrap(), nodes.pop().unwrap());
    assert!(after_a_thousand(from, to).await.into_iter().eq(1..=1000));

    let mut nodes = LocalBus::between(2);
    let (to, from) = (nodes.pop().unwrap(), nodes.pop().unwrap());
    let came = after_a_thousand(BadBus::new(from, 7), to).await;
    let mut counts = HashMap::new();
    came.iter().for_each(|number| *counts.entry(*number).or_insert(0) += 1);
    assert!((400..950).contains(&counts.len()), "some are lost: {}", counts.len());
    assert!(counts.values().any(|count| *count == 2), "some come twice");
    assert!(!came.is_sorted(), "some come late");
}

#[tokio::test]
async fn what_waits_on_the_local_bus_is_bounded() {
    let mut nodes = LocalBus::between(2);
    let (to, from) = (nodes.pop().unwrap(), nodes.pop().unwrap());
    to.follow(&Topic::Nodes);
    for number in 0..2 * MAX_WAITING {
        from.publish(&Topic::Nodes, number.to_string().into());
    }
    for expected in 0..MAX_WAITING {
        assert_eq!(number(&to.next().await.unwrap().1), expected as u64);
    }
    from.publish(&Topic::Nodes, Bytes::from_static(b"7"));
    assert_eq!(number(&to.next().await.unwrap().1), 7, "and then it goes on");
}
