//! Friendship, requests and blocks.
#![allow(missing_docs, reason = "the name of a case says what it checks")]

use std::sync::Arc;

use super::Fixture;
use super::kit::{NO_BOUND, sent, user};
use crate::error::ErrorKind;
use crate::id::MessageId;
use crate::model::FriendNotice::{self, Accepted, Declined, Requested, Withdrawn};
use crate::model::RelationKind::{self, Blocked, Friend, RequestReceived, RequestSent};
use crate::model::RoomKind;
use crate::store::RelationOp::{self, Accept, Block, Decline, Remove, Request, Unblock, Withdraw};
use crate::store::{Answer, Batch, Item, Op, Outcome};

impl Fixture {
    async fn relate(&self, who: &str, op: RelationOp, other: &str) -> Outcome {
        self.run(self.relation_item(who, op, other)).await
    }

    /// What each of the two is to the other.
    async fn sides(&self, one: &str, other: &str) -> (Option<RelationKind>, Option<RelationKind>) {
        (self.side(one, other).await, self.side(other, one).await)
    }

    async fn side(&self, who: &str, other: &str) -> Option<RelationKind> {
        let found = self.store().relation(&user(who), &user(other)).await.expect("the store reads");
        found.map(|relation| {
            assert_eq!((relation.user.as_str(), relation.other.as_str()), (who, other));
            relation.kind
        })
    }

    async fn befriend(&self, one: &str, other: &str) {
        self.relate(one, Request, other).await;
        self.relate(other, Accept, one).await;
    }

    async fn people(&self, who: &str, kind: RelationKind) -> Vec<String> {
        let found = self.store().relations(&user(who), kind, None, 1000).await.expect("the store reads");
        found.iter().map(|(relation, _)| relation.other.to_string()).collect()
    }
}

/// What the other one is told; panics where nothing has changed.
fn told(outcome: &Outcome) -> Option<FriendNotice> {
    outcome.relation.as_ref().expect("something has changed").notice
}

fn answered(outcome: &Outcome) -> Option<RelationKind> {
    let Answer::Relation { now, is_new } = &outcome.answer else {
        panic!("no relation: {:?}", outcome.answer)
    };
    assert_eq!(*is_new, outcome.relation.is_some());
    now.as_ref().map(|relation| relation.kind)
}

pub async fn a_request_is_accepted_and_both_are_friends(chat: Fixture) {
    let asked = chat.relate("ana", Request, "ben").await;
    assert_eq!((told(&asked), answered(&asked)), (Some(Requested), Some(RequestSent)));
    assert!(asked.changes.is_empty(), "it takes no position");
    assert_eq!(chat.sides("ana", "ben").await, (Some(RequestSent), Some(RequestReceived)));
    let accepted = chat.relate("ben", Accept, "ana").await;
    assert_eq!((told(&accepted), answered(&accepted)), (Some(Accepted), Some(Friend)));
    assert_eq!(chat.sides("ana", "ben").await, (Some(Friend), Some(Friend)));
}

pub async fn two_who_ask_each_other_are_friends(chat: Fixture) {
    chat.relate("ana", Request, "ben").await;
    let crossing = chat.relate("ben", Request, "ana").await;
    assert_eq!((told(&crossing), answered(&crossing)), (Some(Accepted), Some(Friend)));
    assert_eq!(chat.sides("ana", "ben").await, (Some(Friend), Some(Friend)));
}

pub async fn what_stands_already_changes_nothing(chat: Fixture) {
    chat.relate("ana", Request, "ben").await;
    let again = chat.relate("ana", Request, "ben").await;
    assert!(again.relation.is_none() && answered(&again) == Some(RequestSent));
    chat.relate("ben", Accept, "ana").await;
    for (who, op, other) in [("ben", Accept, "ana"), ("ana", Request, "ben"), ("ana", Withdraw, "ben")] {
        let again = chat.relate(who, op, other).await;
        assert!(again.relation.is_none() && answered(&again) == Some(Friend), "{op:?}");
    }
    for op in [Withdraw, Remove, Unblock] {
        let nothing = chat.relate("ana", op, "zoe").await;
        assert!(nothing.relation.is_none() && answered(&nothing).is_none(), "{op:?}");
    }
}

pub async fn a_request_is_declined_or_withdrawn(chat: Fixture) {
    chat.relate("ana", Request, "ben").await;
    assert_eq!(told(&chat.relate("ben", Decline, "ana").await), Some(Declined));
    assert_eq!(chat.sides("ana", "ben").await, (None, None));
    for op in [Withdraw, Remove] {
        chat.relate("ana", Request, "ben").await;
        assert_eq!(told(&chat.relate("ana", op, "ben").await), Some(Withdrawn), "{op:?}");
        assert_eq!(chat.sides("ana", "ben").await, (None, None), "{op:?}");
    }
}

pub async fn only_a_request_can_be_answered(chat: Fixture) {
    chat.relate("ana", Request, "ben").await;
    for (who, op, other) in [("ana", Accept, "ben"), ("ana", Decline, "ben"), ("ben", Accept, "cho")] {
        let refused = chat.refused(chat.relation_item(who, op, other)).await;
        assert_eq!(refused, ErrorKind::FriendRequestNotFound(user(other)), "{who} {op:?}");
    }
    assert_eq!(chat.sides("ana", "ben").await, (Some(RequestSent), Some(RequestReceived)));
}

pub async fn a_friendship_ends_on_both_sides_and_is_not_told(chat: Fixture) {
    chat.befriend("ana", "ben").await;
    assert_eq!(told(&chat.relate("ben", Remove, "ana").await), None);
    assert_eq!(chat.sides("ana", "ben").await, (None, None));
}

pub async fn nobody_is_related_to_themselves(chat: Fixture) {
    for op in [Request, Block] {
        let refused = chat.refused(chat.relation_item("ana", op, "ana")).await;
        assert!(matches!(refused, ErrorKind::Invalid { .. }), "{refused:?}");
    }
    assert_eq!(chat.side("ana", "ana").await, None);
}

pub async fn a_block_ends_what_was_and_tells_nobody_of_itself(chat: Fixture) {
    chat.befriend("ana", "ben").await;
    let block = chat.relate("ana", Block, "ben").await;
    assert_eq!((told(&block), answered(&block)), (None, Some(Blocked)));
    assert_eq!(chat.sides("ana", "ben").await, (Some(Blocked), None));
    // One's own request looks withdrawn.
    chat.relate("ana", Request, "cho").await;
    assert_eq!(told(&chat.relate("ana", Block, "cho").await), Some(Withdrawn));
    assert_eq!(chat.sides("ana", "cho").await, (Some(Blocked), None));
    // The other's request stands on their side as if it waited.
    chat.relate("dan", Request, "ana").await;
    assert_eq!(told(&chat.relate("ana", Block, "dan").await), None);
    assert_eq!(chat.sides("ana", "dan").await, (Some(Blocked), Some(RequestSent)));
    assert!(chat.relate("ana", Block, "dan").await.relation.is_none(), "twice is once");
}

pub async fn a_request_to_who_has_blocked_looks_like_any_other_and_never_arrives(chat: Fixture) {
    chat.relate("ana", Block, "ben").await;
    let asked = chat.relate("ben", Request, "ana").await;
    assert_eq!((told(&asked), answered(&asked)), (None, Some(RequestSent)));
    assert_eq!(chat.sides("ana", "ben").await, (Some(Blocked), Some(RequestSent)));
    assert_eq!(told(&chat.relate("ben", Withdraw, "ana").await), None);
    chat.relate("ben", Request, "ana").await;
    assert_eq!(told(&chat.relate("ana", Unblock, "ben").await), None);
    assert_eq!(chat.sides("ana", "ben").await, (None, None));
    let refused = chat.refused(chat.relation_item("ana", Accept, "ben")).await;
    assert_eq!(refused, ErrorKind::FriendRequestNotFound(user("ben")));
}

pub async fn a_block_is_taken_back_by_its_maker_alone(chat: Fixture) {
    chat.relate("ana", Block, "ben").await;
    chat.relate("ben", Block, "ana").await;
    assert_eq!(chat.sides("ana", "ben").await, (Some(Blocked), Some(Blocked)));
    chat.relate("ana", Unblock, "ben").await;
    assert_eq!(chat.sides("ana", "ben").await, (None, Some(Blocked)));
    let refused = chat.refused(chat.relation_item("ben", Request, "ana")).await;
    assert!(matches!(refused, ErrorKind::Forbidden(_)), "one's own block stands in the way: {refused:?}");
}

pub async fn a_block_forbids_both_to_open_send_and_add(chat: Fixture) {
    let room = chat.direct("ana", "ben").await;
    let own = [chat.group(&["ana"]).await, chat.group(&["ben"]).await];
    chat.relate("ana", Block, "ben").await;
    for (index, (who, other)) in [("ana", "ben"), ("ben", "ana")].into_iter().enumerate() {
        let items = [
            chat.direct_item(who, other),
            chat.send_item(room, who, "hello?"),
            chat.join_item(own[index], Some(who), &["zoe", other], NO_BOUND),
            chat.create_item(RoomKind::Group, &[who, "zoe", other]),
            chat.challenge_item("squats", &[who, other]),
        ];
        for item in items {
            let op = format!("{who}: {:?}", item.op);
            assert_eq!(chat.refused(item).await, ErrorKind::Unreachable(user(other)), "{op}");
        }
        assert_eq!(chat.active(own[index]).await, [who], "an invitation is all or nothing");
    }
    assert_eq!(chat.history(room).await.len(), 0);
    // Others, and the host, bring whom they like together.
    let shared = chat.group(&["cho", "ana", "ben"]).await;
    for who in ["ana", "ben"] {
        chat.send(shared, who, "in a group").await;
    }
    chat.run(chat.join_item(own[0], None, &["ben"], NO_BOUND)).await;
    chat.relate("ana", Unblock, "ben").await;
    chat.send(room, "ben", "here again").await;
}

pub async fn a_retry_of_what_was_sent_before_the_block_gets_its_message(chat: Fixture) {
    let room = chat.direct("ana", "ben").await;
    let first = sent(&chat.run(chat.send_as_item(room, "ben", "hi", "1")).await);
    chat.relate("ana", Block, "ben").await;
    let again = sent(&chat.run(chat.send_as_item(room, "ben", "hi", "1")).await);
    assert_eq!(again.id, first.id);
}

pub async fn a_block_counts_for_what_stands_behind_it_in_a_batch(chat: Fixture) {
    let room = chat.direct("ana", "ben").await;
    let batch = Batch::of::<Item>([
        chat.send_item(room, "ben", "before").into(),
        chat.relation_item("ana", Block, "ben").into(),
        chat.send_item(room, "ben", "after").into(),
        chat.relation_item("ana", Unblock, "ben").into(),
        chat.send_item(room, "ben", "later").into(),
    ]);
    let outcomes = chat.store().commit(batch).await.expect("the store commits");
    let done: Vec<bool> = outcomes.iter().map(Result::is_ok).collect();
    assert_eq!(done, [true, true, false, true, true]);
    let said = chat.history(room).await;
    let said: Vec<_> = said.iter().filter_map(|message| message.body.content()).collect();
    assert_eq!(said, ["before", "later"]);
}

pub async fn accept_against_block_never_leaves_a_friendship_beside_a_block(chat: Fixture) {
    for round in 0..20 {
        let (ana, ben) = (format!("ana{round}"), format!("ben{round}"));
        chat.relate(&ana, Request, &ben).await;
        let commit = |item| {
            let store = Arc::clone(&chat.store);
            tokio::spawn(async move { store.commit(Batch::of([item])).await.expect("the store commits") })
        };
        let (accept, block) = (chat.relation_item(&ben, Accept, &ana), chat.relation_item(&ana, Block, &ben));
        let (one, other) = if round % 2 == 0 { (accept, block) } else { (block, accept) };
        let (one, other) = (commit(one), commit(other));
        one.await.expect("no panic");
        other.await.expect("no panic");
        assert_eq!(chat.sides(&ana, &ben).await, (Some(Blocked), None), "the block stays in either order");
    }
}

pub async fn no_message_is_committed_after_a_block(chat: Fixture) {
    let room = chat.direct("ana", "ben").await;
    let (store, item) = (Arc::clone(&chat.store), chat.send_item(room, "ben", "and another"));
    let stream = tokio::spawn(async move {
        for done in 0..10_000 {
            let mut item = item.clone();
            if let Op::Send { id, .. } = &mut item.op {
                *id = MessageId::generate();
            }
            let outcome = store.commit(Batch::of([item])).await.expect("the store commits").remove(0);
            if outcome.is_err() {
                return done;
            }
        }
        panic!("the block stops nothing");
    });
    while chat.history(room).await.len() < 5 {
        tokio::task::yield_now().await;
    }
    chat.relate("ana", Block, "ben").await;
    let at_block = chat.history(room).await.len();
    let done = stream.await.expect("no panic");
    assert_eq!((chat.history(room).await.len(), done), (at_block, at_block));
}

pub async fn people_come_in_pages_by_their_ids_with_their_profiles(chat: Fixture) {
    for n in [3, 1, 2, 4] {
        chat.befriend("ana", &format!("friend{n}")).await;
        chat.relate(&format!("asker{n}"), Request, "ana").await;
    }
    chat.relate("ana", Block, "zoe").await;
    chat.put_profile("friend2", "Fay", Some("https://example.org/fay.png")).await;
    let page = |after: Option<&'static str>| {
        let (store, after) = (Arc::clone(&chat.store), after.map(user));
        async move {
            let found = store.relations(&user("ana"), Friend, after.as_ref(), 2).await;
            let found = found.expect("the store reads");
            found.into_iter().map(|(_, profile)| profile.nickname.to_string()).collect::<Vec<_>>()
        }
    };
    assert_eq!(page(None).await, ["friend1", "Fay"]);
    assert_eq!(page(Some("friend2")).await, ["friend3", "friend4"]);
    assert!(page(Some("friend4")).await.is_empty());
    assert_eq!(chat.people("ana", RequestReceived).await, ["asker1", "asker2", "asker3", "asker4"]);
    assert_eq!(chat.people("asker1", RequestSent).await, ["ana"]);
    assert_eq!(chat.people("ana", Blocked).await, ["zoe"]);
    assert!(chat.people("zoe", Blocked).await.is_empty(), "a block is one's own");
}

pub async fn relations_outlive_a_reopening(chat: Fixture) {
    chat.befriend("ana", "ben").await;
    chat.relate("ana", Request, "cho").await;
    chat.relate("ana", Block, "dan").await;
    let Some(chat) = chat.reopened().await else { return };
    assert_eq!(chat.sides("ana", "ben").await, (Some(Friend), Some(Friend)));
    assert_eq!(chat.sides("ana", "cho").await, (Some(RequestSent), Some(RequestReceived)));
    assert_eq!(chat.sides("ana", "dan").await, (Some(Blocked), None));
}
