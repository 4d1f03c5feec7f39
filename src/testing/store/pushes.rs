//! Cases about how far notices have come.
#![allow(missing_docs, reason = "the name of a case says what it checks")]

use super::Fixture;
use super::kit::{PAGES, user};
use crate::clock::Timestamp;
use crate::id::RoomId;
use crate::store::{PushBatch, PushRetry, RelationOp};

const NO_TIME: Timestamp = Timestamp::NEVER;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

impl Fixture {
    async fn unpushed(&self, since: Timestamp, limit: u32) -> Vec<RoomId> {
        let (mut after, mut all) = (None, Vec::new());
        for _ in 0..PAGES {
            let page = self.store().unpushed_rooms(since, after, limit).await.expect("the store reads");
            assert!(page.len() <= limit as usize);
            after = page.last().copied();
            let is_last = page.len() < limit as usize;
            all.extend(page);
            if is_last {
                return all;
            }
        }
        panic!("the pages have no end");
    }

    async fn pushes(&self, batch: PushBatch) {
        self.store().write_pushes(batch).await.expect("the store writes");
    }

    async fn considered(&self, room: RoomId, seq: u64) {
        self.pushes(PushBatch { considered: vec![(room, seq)], ..PushBatch::default() }).await;
    }
}

pub async fn notices_begin_at_a_moment_that_stays(chat: Fixture) {
    for now in [7, 9, 5] {
        assert_eq!(chat.store().pushed_since(at(now)).await.unwrap(), at(7));
    }
}

pub async fn rooms_wait_until_their_messages_are_considered(chat: Fixture) {
    let mut rooms = Vec::new();
    for _ in 0..5 {
        rooms.push(chat.group(&["ana", "ben"]).await);
    }
    rooms.sort();
    assert_eq!(chat.unpushed(at(0), 2).await, [], "nothing is said");
    let mut said = Vec::new();
    for room in &rooms[..4] {
        said.push(chat.send(*room, "ana", "hi").await);
    }
    assert_eq!(chat.unpushed(at(0), 2).await, rooms[..4]);
    let newest = said.iter().map(|message| message.created_at).max().unwrap();
    assert_eq!(chat.unpushed(newest, 2).await.len(), 1, "the others' are older");
    assert_eq!(chat.unpushed(NO_TIME, 2).await, []);

    chat.considered(rooms[0], 1).await;
    chat.considered(rooms[2], 1).await;
    assert_eq!(chat.unpushed(at(0), 2).await, [rooms[1], rooms[3]]);
    chat.send(rooms[0], "ben", "ho").await;
    assert_eq!(chat.unpushed(at(0), 2).await, [rooms[0], rooms[1], rooms[3]]);
    chat.considered(rooms[0], 2).await;
    chat.considered(rooms[0], 1).await;
    assert_eq!(chat.unpushed(at(0), 2).await, [rooms[1], rooms[3]], "it never goes back");
}

pub async fn a_room_is_held_by_one_at_a_time(chat: Fixture) {
    let (one, other) = (chat.group(&["ana"]).await, chat.group(&["ana"]).await);
    let claim = async |rooms: &[RoomId], now, until| {
        let mut claimed =
            chat.store().claim_pushes(rooms, at(now), at(until)).await.expect("the store claims");
        claimed.sort();
        claimed
    };
    assert_eq!(claim(&[one], 10, 20).await, [(one, 0)]);
    assert_eq!(claim(&[one, other], 15, 25).await, [(other, 0)]);
    assert_eq!(claim(&[one], 19, 30).await, []);
    assert_eq!(claim(&[one], 20, 30).await, [(one, 0)], "whoever held it is late");
    chat.pushes(PushBatch { held: vec![(one, at(40))], ..PushBatch::default() }).await;
    assert_eq!(claim(&[one], 35, 45).await, []);
    chat.considered(one, 3).await;
    assert_eq!(claim(&[one], 36, 46).await, [(one, 3)], "it is free when it is done");

    let rooms = [one, other];
    let both = tokio::join!(
        chat.store().claim_pushes(&rooms, at(100), at(200)),
        chat.store().claim_pushes(&rooms, at(100), at(200)),
        chat.store().claim_pushes(&rooms, at(100), at(200)),
    );
    let all: Vec<_> = [both.0, both.1, both.2].into_iter().flat_map(|claimed| claimed.unwrap()).collect();
    assert_eq!(all.len(), 2, "each once: {all:?}");
}

pub async fn what_failed_is_due_once_and_bounded(chat: Fixture) {
    let room = chat.group(&["ana"]).await;
    let retry = |who, seq, tries, due| PushRetry { room, user: user(who), seq, tries, due: at(due) };
    let fail = async |failed: Vec<PushRetry>, most| {
        chat.pushes(PushBatch { failed, most, ..PushBatch::default() }).await;
    };
    let due = async |now, limit| chat.store().due_pushes(at(now), at(now + 100), limit).await.unwrap();
    assert_eq!(due(1000, 10).await, []);
    fail(vec![retry("ana", 1, 1, 30), retry("ben", 1, 1, 10), retry("cho", 1, 1, 20)], 10).await;
    assert_eq!(due(9, 10).await, []);
    assert_eq!(due(20, 1).await, [retry("ben", 1, 1, 10)], "the earliest first");
    assert_eq!(due(20, 10).await, [retry("cho", 1, 1, 20)], "and none twice");
    assert_eq!(due(29, 10).await, []);
    fail(vec![retry("cho", 4, 2, 50)], 10).await;
    chat.pushes(PushBatch { ended: vec![(room, user("ben")), (room, user("eve"))], ..PushBatch::default() })
        .await;
    assert_eq!(due(50, 10).await, [retry("ana", 1, 1, 30), retry("cho", 4, 2, 50)]);
    assert_eq!(
        due(1000, 10).await,
        [retry("ana", 1, 1, 150), retry("cho", 4, 2, 150)],
        "what was taken and not ended"
    );

    fail(vec![retry("dee", 1, 1, 2000), retry("cho", 5, 3, 2000), retry("eve", 1, 1, 2000)], 3).await;
    let kept: Vec<_> = due(5000, 10).await.into_iter().map(|one| (one.user, one.seq)).collect();
    assert_eq!(
        kept,
        [(user("ana"), 1), (user("cho"), 5), (user("dee"), 1)],
        "what waited, and as many as fit"
    );
    fail(vec![retry("fay", 1, 1, 2000)], 0).await;
    let batch = PushBatch {
        ended: ["ana", "cho", "dee"].map(|who| (room, user(who))).into(),
        failed: vec![retry("dee", 9, 1, 9000)],
        most: 1,
        ..PushBatch::default()
    };
    chat.pushes(batch).await;
    assert_eq!(due(9000, 10).await, [retry("dee", 9, 1, 9000)], "first what ended goes");
}

pub async fn blocks_are_told_of_pairs(chat: Fixture) {
    chat.run(chat.relation_item("ana", RelationOp::Block, "ben")).await;
    chat.run(chat.relation_item("cho", RelationOp::Request, "ben")).await;
    let pair = |one, other| (user(one), user(other));
    let asked = [pair("ana", "ben"), pair("ben", "ana"), pair("cho", "ben"), pair("dee", "ben")];
    assert_eq!(chat.store().blocks(&asked).await.unwrap(), [pair("ana", "ben")]);
    assert_eq!(chat.store().blocks(&[]).await.unwrap(), []);
}
