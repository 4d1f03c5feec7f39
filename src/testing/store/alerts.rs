//! Cases about what people who are away are told of besides messages.
#![allow(missing_docs, reason = "the name of a case says what it checks")]

use std::time::Duration;

use super::Fixture;
use super::kit::{NO_BOUND, notice, user};
use crate::clock::Timestamp;
use crate::id::{JoinRequestId, RoomId};
use crate::model::{Invite, InviteCode, SystemKind, Visibility};
use crate::store::{
    Admission, Alert, AlertTerms, Batch, Item, JoinHold, JoinSettlement, Occasion, Op, PushBatch, RelationOp,
    Update,
};

const TERMS: AlertTerms = AlertTerms { delay: Duration::from_millis(1000), most: 100 };

/// When all of them are due.
const LATER: Timestamp = Timestamp::NEVER;

fn added(room: RoomId, by: Option<&str>) -> Occasion {
    Occasion::Added { room, by: by.map(user) }
}

impl Fixture {
    /// Commits items that leave word, each of which must be done, and says when the last was.
    async fn telling(&self, items: Vec<Item>) -> Timestamp {
        self.telling_at_most(items, TERMS.most).await
    }

    async fn telling_at_most(&self, items: Vec<Item>, most: u32) -> Timestamp {
        let last = items.last().map(|item| match item {
            Item::Room(item) => item.at,
            Item::Relation(item) => item.at,
            Item::Settings(_) => panic!("nobody is told of it"),
        });
        let batch = Batch { alerts: Some(AlertTerms { most, ..TERMS }), ..Batch::of(items) };
        for outcome in self.store().commit(batch).await.expect("the store commits") {
            outcome.expect("each item is done");
        }
        last.expect("there is an item")
    }

    async fn relates(&self, who: &str, op: RelationOp, other: &str) -> Timestamp {
        self.telling(vec![self.relation_item(who, op, other).into()]).await
    }

    async fn due_alerts(&self, now: Timestamp, until: Timestamp, limit: u32) -> Vec<Alert> {
        self.store().due_alerts(now, until, limit).await.expect("the store reads")
    }

    /// Of what each who is told is, taking nothing from anybody.
    async fn alerts(&self) -> Vec<(String, Occasion)> {
        let due = self.due_alerts(LATER, LATER, 1000).await;
        let put_off = due.clone();
        self.store().write_pushes(PushBatch { put_off, ..PushBatch::default() }).await.expect("it writes");
        let mut found: Vec<_> = due.into_iter().map(|one| (one.key(), one.occasion)).collect();
        found.sort_by(|(one, _), (other, _)| one.cmp(other));
        found.into_iter().map(|(key, occasion)| (key.user.to_string(), occasion)).collect()
    }

    fn invitation_of(&self, room: RoomId, by: &str, who: &str) -> Invite {
        Invite {
            code: InviteCode::generate(),
            room,
            by: Some(user(by)),
            created_at: Timestamp::from_millis(7),
            expires_at: None,
            max_uses: None,
            uses: 0,
            user: Some(user(who)),
        }
    }
}

fn told(who: &str, occasion: Occasion) -> (String, Occasion) {
    (who.to_owned(), occasion)
}

pub async fn each_is_left_behind_by_the_commit_of_what_it_tells_of(chat: Fixture) {
    let group = chat.create_item(crate::model::RoomKind::Group, &["ana", "ben"]);
    let (room, made_at) = (group.room, group.at);
    chat.telling(vec![group.into()]).await;
    let due = made_at.plus(TERMS.delay);
    assert_eq!(chat.due_alerts(due.minus(Duration::from_millis(1)), LATER, 10).await, []);
    let alert = Alert { user: user("ben"), occasion: added(room, Some("ana")), at: made_at, tries: 0, due };
    assert_eq!(chat.due_alerts(due, due, 10).await, [alert], "nobody of what they do themselves");

    // Each of these who is told, and who is in already is not.
    let join = chat.join_item(room, None, &["ben", "cho"], NO_BOUND);
    let invite = chat.invitation_of(room, "ana", "dee");
    let (code, op) = (invite.code, Op::MakeInvite { invite, most: 10 });
    let invited = chat.item(room, Some("ana"), op);
    let link = Invite { user: None, code: InviteCode::generate(), ..chat.invitation_of(room, "ana", "dee") };
    let link = chat.item(room, Some("ana"), Op::MakeInvite { invite: link, most: 10 });
    chat.telling(vec![join.into(), invited.into(), link.into()]).await;
    let direct = chat.direct_item("ana", "fay");
    chat.telling(vec![direct.into()]).await;
    assert_eq!(
        chat.alerts().await,
        [
            told("ben", added(room, Some("ana"))),
            told("cho", added(room, None)),
            told("dee", Occasion::Invited { room, code })
        ],
        "a link is nobody's, and a direct room tells of what is said in it"
    );
    // What is not done leaves nothing.
    let refused = chat.join_item(room, Some("zoe"), &["gil"], NO_BOUND);
    let batch = Batch { alerts: Some(TERMS), ..Batch::of([refused]) };
    assert!(chat.store().commit(batch).await.expect("the store commits")[0].is_err());
    assert_eq!(chat.alerts().await.len(), 3);
    let Some(chat) = chat.reopened().await else { return };
    assert_eq!(chat.alerts().await.len(), 3);
}

pub async fn friends_are_told_of_what_the_other_one_did(chat: Fixture) {
    chat.relates("ana", RelationOp::Request, "ben").await;
    chat.relates("cho", RelationOp::Request, "ben").await;
    chat.relates("ben", RelationOp::Accept, "ana").await;
    chat.relates("ben", RelationOp::Decline, "cho").await;
    // Who asks back accepts.
    chat.relates("dee", RelationOp::Request, "ana").await;
    chat.relates("ana", RelationOp::Request, "dee").await;
    // A block is told to nobody, and nothing arrives behind it.
    chat.relates("eve", RelationOp::Block, "fay").await;
    chat.relates("fay", RelationOp::Request, "eve").await;
    assert_eq!(
        chat.alerts().await,
        [
            told("ana", Occasion::FriendRequest(user("dee"))),
            told("ana", Occasion::FriendAccepted(user("ben"))),
            told("ben", Occasion::FriendRequest(user("ana"))),
            told("ben", Occasion::FriendRequest(user("cho"))),
            told("dee", Occasion::FriendAccepted(user("ana"))),
        ],
        "whether it is answered is looked at when it is due"
    );
}

pub async fn whoever_had_to_wait_is_told_that_they_are_in(chat: Fixture) {
    let room = chat.group(&["ana"]).await;
    let public = Update { visibility: Some(Visibility::Public), ..Update::default() };
    chat.run(chat.item(room, Some("ana"), Op::Update(Box::new(public)))).await;
    let enter = |who: &str, admission| {
        let op = Op::Enter {
            notice: notice(SystemKind::Joined, who),
            max_members: NO_BOUND,
            by_invite: None,
            admission,
        };
        Item::from(chat.item(room, Some(who), op))
    };
    let hold = JoinHold { id: JoinRequestId::generate(), reason: None, most: 10 };
    chat.telling(vec![enter("ben", Admission::Held(Box::new(hold))), enter("cho", Admission::Allowed)]).await;
    assert_eq!(chat.alerts().await, [], "who waits, and who has come in by themselves");
    let queue = crate::store::Queue::Room(room);
    let (request, _) = chat.store().join_requests(queue, None, 10).await.expect("it reads").remove(0);
    let how = JoinSettlement::Approve { notice: notice(SystemKind::Joined, "ben"), max_members: NO_BOUND };
    let op = Op::SettleJoin { request: Box::new(request), how };
    chat.telling(vec![chat.item(room, Some("ana"), op).into()]).await;
    assert_eq!(chat.alerts().await, [told("ben", Occasion::JoinApproved(room))]);
}

pub async fn a_batch_that_says_nothing_of_alerts_leaves_none(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    chat.run(chat.join_item(room, Some("ana"), &["cho"], NO_BOUND)).await;
    chat.run(chat.relation_item("ana", RelationOp::Request, "ben")).await;
    assert_eq!(chat.alerts().await, []);
}

pub async fn a_later_one_takes_the_place_of_an_earlier_one_and_is_no_part_of_what_came_of_it(chat: Fixture) {
    let first = chat.relates("ana", RelationOp::Request, "ben").await;
    let [sent] = &chat.due_alerts(LATER, LATER, 10).await[..] else { panic!("there is one") };
    assert_eq!(sent.at, first);
    // While it is on its way it is taken back, and asked anew.
    let withdraw = chat.relation_item("ana", RelationOp::Withdraw, "ben");
    let again = chat.relation_item("ana", RelationOp::Request, "ben");
    let again_at = chat.telling(vec![withdraw.into(), again.into()]).await;
    let conclude = async |told: Vec<Alert>, put_off: Vec<Alert>| {
        let batch = PushBatch { told, put_off, ..PushBatch::default() };
        chat.store().write_pushes(batch).await.expect("the store writes");
    };
    conclude(vec![sent.clone()], Vec::new()).await;
    conclude(Vec::new(), vec![Alert { tries: 9, ..sent.clone() }]).await;
    let found = chat.due_alerts(LATER, LATER, 10).await;
    assert_eq!(found.iter().map(|one| (one.at, one.tries)).collect::<Vec<_>>(), [(again_at, 0)]);
    conclude(vec![found[0].clone(), sent.clone()], Vec::new()).await;
    assert_eq!(chat.due_alerts(LATER, LATER, 10).await, []);
    conclude(Vec::new(), vec![found[0].clone()]).await;
    assert_eq!(chat.due_alerts(LATER, LATER, 10).await, [], "what is gone is not put off");

    // Within one batch too, in which only the last shows.
    let item = |op| Item::from(chat.relation_item("cho", op, "ben"));
    let items = vec![item(RelationOp::Request), item(RelationOp::Withdraw), item(RelationOp::Request)];
    let last = chat.telling(items).await;
    let found = chat.due_alerts(LATER, LATER, 10).await;
    assert_eq!(found.iter().map(|one| one.at).collect::<Vec<_>>(), [last]);
}

pub async fn what_is_due_is_taken_by_one_and_due_again_later(chat: Fixture) {
    let mut all = Vec::new();
    for other in ["ben", "cho", "dee"] {
        all.push(chat.relates("ana", RelationOp::Request, other).await.plus(TERMS.delay));
    }
    let names = |found: &[Alert]| found.iter().map(|one| one.user.to_string()).collect::<Vec<_>>();
    let until = all[2].plus(Duration::from_secs(60));
    let found = chat.due_alerts(all[1], until, 1).await;
    assert_eq!((names(&found), found[0].due), (vec!["ben".into()], all[0]), "the earliest first");
    assert_eq!(names(&chat.due_alerts(all[1], until, 10).await), ["cho"], "and none twice");
    let both = tokio::join!(
        chat.due_alerts(all[2], until, 10),
        chat.due_alerts(all[2], until, 10),
        chat.due_alerts(all[2], until, 10)
    );
    assert_eq!(names(&[both.0, both.1, both.2].concat()), ["dee"]);
    // Whoever has taken the first puts it off, and the second is told.
    let later = Alert { tries: 2, due: until.plus(Duration::from_secs(1)), ..found[0].clone() };
    let cho = Alert { user: user("cho"), at: all[1].minus(TERMS.delay), ..found[0].clone() };
    let batch = PushBatch { told: vec![cho], put_off: vec![later.clone()], ..PushBatch::default() };
    chat.store().write_pushes(batch).await.expect("the store writes");
    assert_eq!(names(&chat.due_alerts(until, until, 10).await), ["dee"]);
    assert_eq!(chat.due_alerts(later.due, LATER, 1).await.len(), 1);
    let Some(chat) = chat.reopened().await else { return };
    let found = chat.due_alerts(LATER, LATER, 10).await;
    let tries: Vec<_> = found.iter().map(|one| (one.user.as_str(), one.tries)).collect();
    assert!(tries.contains(&("ben", 2)) && tries.len() == 2, "{tries:?}");
}

pub async fn so_many_wait_for_one_user_and_the_oldest_goes(chat: Fixture) {
    for who in ["u1", "u2", "u3", "u4"] {
        chat.telling_at_most(vec![chat.relation_item(who, RelationOp::Request, "ana").into()], 3).await;
    }
    chat.telling_at_most(vec![chat.relation_item("u1", RelationOp::Request, "ben").into()], 3).await;
    let request = |of: &str, who: &str| told(of, Occasion::FriendRequest(user(who)));
    assert_eq!(
        chat.alerts().await,
        [request("ana", "u2"), request("ana", "u3"), request("ana", "u4"), request("ben", "u1")]
    );
    // One that is put off keeps its age, and what comes anew is the newest.
    chat.telling_at_most(
        vec![
            chat.relation_item("u2", RelationOp::Withdraw, "ana").into(),
            chat.relation_item("u2", RelationOp::Request, "ana").into(),
            chat.relation_item("u5", RelationOp::Request, "ana").into(),
        ],
        3,
    )
    .await;
    assert_eq!(chat.alerts().await[..3], [request("ana", "u2"), request("ana", "u4"), request("ana", "u5")]);
    chat.telling_at_most(vec![chat.relation_item("u6", RelationOp::Request, "ana").into()], 0).await;
    assert_eq!(chat.alerts().await, [request("ben", "u1")]);
}

pub async fn they_go_with_their_user_and_with_their_room(chat: Fixture) {
    let groups = [&["ana", "ben", "cho"][..], &["ana", "ben"]];
    let [one, other] = groups.map(|people| chat.create_item(crate::model::RoomKind::Group, people));
    let (room, stays) = (one.room, other.room);
    chat.telling(vec![one.into(), other.into()]).await;
    let (invite, kept) = (chat.invitation_of(room, "ana", "dee"), chat.invitation_of(stays, "ana", "dee"));
    let code = kept.code;
    let invited = |of, invite| Item::from(chat.item(of, Some("ana"), Op::MakeInvite { invite, most: 10 }));
    chat.telling(vec![invited(room, invite), invited(stays, kept)]).await;
    // Somebody with the name of the room is another one.
    let namesake = room.to_string();
    chat.relates(&namesake, RelationOp::Request, "ana").await;
    chat.relates("ana", RelationOp::Request, "cho").await;
    let delete = chat.item(room, Some("ana"), Op::Delete);
    chat.telling(vec![chat.join_item(room, Some("ana"), &["eve"], NO_BOUND).into(), delete.into()]).await;
    let left = [
        told("ana", Occasion::FriendRequest(user(&namesake))),
        told("ben", added(stays, Some("ana"))),
        told("cho", Occasion::FriendRequest(user("ana"))),
        told("dee", Occasion::Invited { room: stays, code }),
    ];
    assert_eq!(chat.alerts().await, left);
    for is_begun in [true, false] {
        let erased = vec![(user("cho"), is_begun), (user("zoe"), is_begun)];
        chat.store().commit(Batch { erased, ..Batch::default() }).await.expect("the store commits");
        assert_eq!(chat.alerts().await.len(), 3);
    }
    let erased = vec![(user("ben"), true)];
    chat.store().commit(Batch { erased, ..Batch::default() }).await.expect("the store commits");
    let Some(chat) = chat.reopened().await else { return };
    assert_eq!(chat.alerts().await, [left[0].clone(), left[3].clone()]);
}
