//! Cases about who governs a room: roles, permissions, and who owns it.
#![allow(missing_docs, reason = "the name of a case says what it checks")]

use super::Fixture;
use super::kit::{NO_BOUND, notice, profile, user};
use crate::error::ErrorKind;
use crate::id::RoomId;
use crate::model::{Mark, Member, Role, RoomKind, SystemKind, Verb};
use crate::store::{Op, Outcome, RoomItem, RoomRecord, Update, What};

impl Fixture {
    fn role_item(&self, room: RoomId, by: Option<&str>, who: &str, role: Role) -> RoomItem {
        self.item(room, by, Op::SetRole { about: profile(who), role })
    }

    fn permit_item(&self, room: RoomId, by: Option<&str>, permissions: &[(Verb, Role)]) -> RoomItem {
        let update = Update { permissions: permissions.to_vec(), ..Update::default() };
        self.item(room, by, Op::Update(Box::new(update)))
    }

    async fn role(&self, room: RoomId, who: &str) -> Role {
        self.member(room, who).await.role
    }

    async fn give(&self, room: RoomId, who: &str, role: Role) {
        self.run(self.role_item(room, None, who, role)).await;
    }

    async fn owners(&self, room: RoomId) -> Vec<String> {
        let members = self.store().members(room, None, 1000).await.expect("the store reads");
        let owners = members.into_iter().filter(|entry| entry.member.role == Role::Owner);
        owners.map(|entry| entry.member.user.to_string()).collect()
    }
}

/// Whose roles have changed, and to which.
fn given(outcome: &Outcome) -> Vec<(String, Role)> {
    let role = |what: &What| match what {
        What::Role(_, who, role, _) => Some((who.user.to_string(), *role)),
        _ => None,
    };
    outcome.changes.iter().filter_map(|change| role(&change.what)).collect()
}

fn is_forbidden(kind: &ErrorKind) -> bool {
    matches!(kind, ErrorKind::Forbidden(_))
}

pub async fn roles_are_given_by_whoever_has_a_greater_one(chat: Fixture) {
    use Role::{Admin, Member, Owner, ReadOnly};
    let room = chat.group(&["ana", "ben", "cho", "dee"]).await;
    let before = chat.member(room, "ben").await;
    let outcome = chat.run(chat.role_item(room, Some("ana"), "ben", Admin)).await;
    assert_eq!(given(&outcome), [("ben".to_owned(), Admin)]);
    let ben = chat.member(room, "ben").await;
    let changed_pos = outcome.changes[0].pos.at;
    assert_eq!(ben, crate::model::Member { role: Admin, changed_pos, ..before }, "nothing else of it");
    assert_eq!(chat.room(room).await.last_pos, changed_pos);
    assert_eq!(chat.room(room).await.seq, 0, "without words");

    chat.run(chat.role_item(room, Some("ben"), "cho", Admin)).await;
    for (by, who, role) in [
        ("ben", "ana", Member),
        ("ben", "cho", Member),
        ("ben", "ben", Owner),
        ("ben", "dee", Owner),
        ("dee", "dee", ReadOnly),
        ("dee", "cho", Member),
        ("ana", "ana", Admin),
    ] {
        let kind = chat.refused(chat.role_item(room, Some(by), who, role)).await;
        assert!(is_forbidden(&kind), "{by} {who} {role:?}: {kind:?}");
    }
    let kind = chat.refused(chat.role_item(room, Some("eve"), "dee", Admin)).await;
    assert_eq!(kind, ErrorKind::NotAParticipant(room));
    for by in [Some("ana"), None] {
        let kind = chat.refused(chat.role_item(room, by, "eve", Admin)).await;
        assert!(matches!(kind, ErrorKind::Invalid { .. }), "{kind:?}");
    }
    let (before, position) = (chat.room(room).await, chat.position().await);
    let same = chat.run(chat.role_item(room, Some("ana"), "cho", Admin)).await;
    assert!(same.changes.is_empty(), "{same:?}");
    assert_eq!((chat.room(room).await, chat.position().await), (before, position));
    chat.run(chat.role_item(room, Some("cho"), "cho", Member)).await;
    chat.run(chat.role_item(room, Some("ben"), "dee", ReadOnly)).await;
    let roles = [chat.role(room, "ana").await, chat.role(room, "cho").await, chat.role(room, "dee").await];
    assert_eq!(roles, [Owner, Member, ReadOnly]);
    chat.run(chat.close_item(room, Some("ana"))).await;
    let kind = chat.refused(chat.role_item(room, Some("ana"), "dee", Member)).await;
    assert_eq!(kind, ErrorKind::RoomClosed(room));
}

pub async fn who_makes_somebody_the_owner_is_an_admin(chat: Fixture) {
    let room = chat.group(&["ana", "ben", "cho"]).await;
    chat.put_profile("ana", "Ana", None).await;
    let outcome = chat.run(chat.role_item(room, Some("ana"), "ben", Role::Owner)).await;
    assert_eq!(given(&outcome), [("ana".to_owned(), Role::Admin), ("ben".to_owned(), Role::Owner)]);
    assert!(matches!(&outcome.changes[0].what, What::Role(_, who, ..) if &*who.nickname == "Ana"));
    assert_eq!(chat.owners(room).await, ["ben"]);
    let kind = chat.refused(chat.role_item(room, Some("ana"), "cho", Role::Owner)).await;
    assert!(is_forbidden(&kind), "it is not hers any more: {kind:?}");
    // Handed on within one batch.
    chat.done(vec![
        chat.role_item(room, Some("ben"), "cho", Role::Owner),
        chat.role_item(room, Some("cho"), "ana", Role::Owner),
    ])
    .await;
    assert_eq!(chat.owners(room).await, ["ana"]);
    assert_eq!(chat.role(room, "cho").await, Role::Admin);
}

pub async fn the_host_gives_roles_and_rooms_away(chat: Fixture) {
    let create = RoomItem { by: None, ..chat.create_item(RoomKind::Group, &["ana", "ben"]) };
    let room = create.room;
    chat.run(create).await;
    chat.give(room, "ben", Role::Owner).await;
    assert_eq!(chat.owners(room).await, ["ben"]);
    let outcome = chat.run(chat.role_item(room, None, "ana", Role::Owner)).await;
    assert_eq!(given(&outcome), [("ben".to_owned(), Role::Admin), ("ana".to_owned(), Role::Owner)]);
    let kind = chat.refused(chat.role_item(room, None, "ana", Role::Member)).await;
    assert!(is_forbidden(&kind), "the room would have no owner: {kind:?}");
    // Somebody is made the owner whom the owner before them has just made an admin.
    chat.done(vec![
        chat.role_item(room, None, "ben", Role::Owner),
        chat.role_item(room, None, "ana", Role::Owner),
    ])
    .await;
    assert_eq!(chat.owners(room).await, ["ana"]);
}

pub async fn nobody_has_another_role_in_a_direct_room(chat: Fixture) {
    let room = chat.direct("ana", "ben").await;
    for by in [Some("ana"), None] {
        for role in [Role::Admin, Role::Owner, Role::ReadOnly] {
            let kind = chat.refused(chat.role_item(room, by, "ben", role)).await;
            assert!(is_forbidden(&kind), "{kind:?}");
        }
        let kind = chat.refused(chat.permit_item(room, by, &[(Verb::Send, Role::Owner)])).await;
        assert!(is_forbidden(&kind), "{kind:?}");
    }
    let outcome = chat.run(chat.leave_item(room, "ana")).await;
    assert!(given(&outcome).is_empty(), "nobody follows: {outcome:?}");
}

pub async fn an_owner_who_leaves_is_followed_by_the_first_of_the_others(chat: Fixture) {
    let room = chat.group(&["zoe", "old", "dee"]).await;
    chat.put_profile("cho", "Cho", None).await;
    chat.run(chat.join_item(room, None, &["ben"], NO_BOUND)).await;
    chat.run(chat.join_item(room, None, &["ana", "cho"], NO_BOUND)).await;
    chat.give(room, "old", Role::ReadOnly).await;
    chat.give(room, "cho", Role::Admin).await;
    let outcome = chat.run(chat.leave_item(room, "zoe")).await;
    let [parted, message, follows] = &outcome.changes[..] else { panic!("three changes: {outcome:?}") };
    assert!(matches!(parted.what, What::Parted(..)) && matches!(message.what, What::Message(_)));
    let What::Role(_, who, Role::Owner, _) = &follows.what else { panic!("nobody follows: {follows:?}") };
    assert_eq!((&*who.nickname, follows.prev), ("Cho", message.pos.at), "an admin, the latest as they are");
    assert_eq!(chat.member(room, "cho").await.changed_pos, follows.pos.at);

    // The host may take owners out, too: then who is in longest, then by id.
    for (gone, next) in [("cho", "dee"), ("dee", "ben"), ("ben", "ana"), ("ana", "old")] {
        let outcome = chat.run(chat.remove_item(room, None, gone)).await;
        assert_eq!(given(&outcome), [(next.to_owned(), Role::Owner)]);
        assert_eq!(chat.owners(room).await, [next]);
    }
    let outcome = chat.run(chat.leave_item(room, "old")).await;
    assert!(given(&outcome).is_empty(), "nobody is left");

    let closed = chat.group(&["ana", "ben"]).await;
    chat.run(chat.close_item(closed, Some("ana"))).await;
    chat.run(chat.leave_item(closed, "ana")).await;
    assert_eq!(chat.owners(closed).await, ["ben"], "also where nothing is written any more");

    let hosted = RoomItem { by: None, ..chat.create_item(RoomKind::Group, &["ana", "ben"]) };
    let room = hosted.room;
    chat.run(hosted).await;
    chat.run(chat.leave_item(room, "ana")).await;
    assert!(chat.owners(room).await.is_empty(), "what nobody owned is nobody's");
}

pub async fn owners_who_leave_in_one_batch_are_followed_by_whoever_stays(chat: Fixture) {
    let people: Vec<String> = (10..40).map(|n| format!("u{n}")).collect();
    let names: Vec<&str> = people.iter().map(String::as_str).collect();
    let room = chat.group(&names).await;
    chat.done((10..20).map(|n| chat.leave_item(room, &format!("u{n}"))).collect()).await;
    assert_eq!(chat.owners(room).await, ["u20"]);
    // Also those who have come, or have another role, in the same batch.
    chat.done(vec![
        chat.role_item(room, None, "u35", Role::Admin),
        chat.join_item(room, None, &["a"], NO_BOUND),
        chat.leave_item(room, "u20"),
        chat.role_item(room, Some("u35"), "u34", Role::Admin),
        chat.role_item(room, None, "a", Role::Admin),
        chat.leave_item(room, "u35"),
        chat.leave_item(room, "u34"),
    ])
    .await;
    assert_eq!(chat.owners(room).await, ["a"]);
    let other = chat.group(&["ana"]).await;
    let join =
        chat.item(other, None, Op::Join { users: vec![notice(SystemKind::Joined, "ben")], max_members: 9 });
    let outcomes = chat.done(vec![join, chat.leave_item(other, "ana")]).await;
    assert_eq!(given(&outcomes[1]), [("ben".to_owned(), Role::Owner)]);
}

pub async fn a_role_is_told_like_any_change_of_a_membership(chat: Fixture) {
    let room = chat.group(&["ana", "ben", "cho"]).await;
    let since = chat.position().await;
    let from = since.of_room(room);
    chat.run(chat.role_item(room, Some("ana"), "ben", Role::ReadOnly)).await;
    let store = chat.store();
    let changed = store.members_since(room, from, u64::MAX, 10).await.unwrap();
    let changed: Vec<_> = changed.iter().map(|(member, _)| (member.user.to_string(), member.role)).collect();
    assert_eq!(changed, [("ben".to_owned(), Role::ReadOnly)]);
    let stays = store.stays_since(&[user("ana"), user("ben")], &since).await.unwrap();
    assert_eq!(stays, [(user("ben"), room)]);
    let rooms = store.changed_rooms(&user("cho"), &since, None, 10).await.unwrap();
    assert_eq!(rooms.len(), 1, "everybody in the room hears of it");
}

pub async fn whoever_only_reads_marks_and_does_not_send(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let first = chat.run(chat.send_as_item(room, "ben", "hi", "c1")).await;
    chat.give(room, "ben", Role::ReadOnly).await;
    let kind = chat.refused(chat.send_item(room, "ben", "hi")).await;
    assert!(is_forbidden(&kind), "{kind:?}");
    let kind = chat.refused(chat.join_item(room, Some("ben"), &["cho"], 10)).await;
    assert!(is_forbidden(&kind), "{kind:?}");
    let again = chat.run(chat.send_as_item(room, "ben", "hi", "c1")).await;
    assert_eq!(super::kit::sent(&again).id, super::kit::sent(&first).id, "a retry is answered as before");
    chat.send(room, "ana", "read this").await;
    assert_eq!(chat.mark(room, "ben", Mark::Read, None).await, 0);
    chat.run(chat.leave_item(room, "ben")).await;
}

pub async fn permissions_say_what_takes_which_role(chat: Fixture) {
    let room = chat.group(&["ana", "ben", "cho"]).await;
    chat.give(room, "ben", Role::Admin).await;
    for by in ["ben", "cho"] {
        let kind = chat.refused(chat.permit_item(room, Some(by), &[(Verb::Send, Role::Member)])).await;
        assert!(is_forbidden(&kind), "{kind:?}");
    }
    let permit = [(Verb::Invite, Role::Admin), (Verb::Rename, Role::Member), (Verb::Send, Role::Admin)];
    let outcome = chat.run(chat.permit_item(room, Some("ana"), &permit)).await;
    let [changed] = &outcome.changes[..] else { panic!("one change: {outcome:?}") };
    let stored = chat.room(room).await;
    assert!(matches!(&changed.what, What::Changed(told) if **told == stored));
    assert_eq!((stored.changed_pos, stored.seq), (changed.pos.at, 0));
    for (verb, least) in permit {
        assert_eq!(stored.permissions.least(verb), least);
    }
    for item in [chat.send_item(room, "cho", "hi"), chat.join_item(room, Some("cho"), &["dee"], 10)] {
        assert!(is_forbidden(&chat.refused(item).await));
    }
    chat.run(chat.rename_item(room, Some("cho"), "cho", "Ours")).await;
    chat.send(room, "ben", "hi").await;
    chat.run(chat.join_item(room, Some("ben"), &["dee"], 10)).await;
    let before = chat.position().await;
    let same = chat.run(chat.permit_item(room, Some("ana"), &permit[..1])).await;
    assert!(same.changes.is_empty() && chat.position().await == before);
    chat.run(chat.permit_item(room, None, &[(Verb::Invite, Role::Member), (Verb::Close, Role::Admin)])).await;
    chat.run(chat.join_item(room, Some("cho"), &["eve"], 10)).await;
    // Members may take out whoever only reads, and nobody else, where the owner lets them.
    chat.run(chat.permit_item(room, Some("ana"), &[(Verb::Remove, Role::Member)])).await;
    assert!(is_forbidden(&chat.refused(chat.remove_item(room, Some("cho"), "dee")).await));
    chat.give(room, "dee", Role::ReadOnly).await;
    chat.run(chat.remove_item(room, Some("cho"), "dee")).await;
    chat.run(chat.close_item(room, Some("ben"))).await;
    let kind = chat.refused(chat.permit_item(room, Some("ana"), &permit)).await;
    assert_eq!(kind, ErrorKind::RoomClosed(room));
}

pub async fn an_update_is_made_whole_or_not_at_all(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    chat.give(room, "ben", Role::Admin).await;
    let update = |by: &str| {
        let name = Some((super::kit::named("Runners"), notice(SystemKind::Renamed, by)));
        let update = Update { name, permissions: vec![(Verb::Invite, Role::Admin)], ..Update::default() };
        chat.item(room, Some(by), Op::Update(Box::new(update)))
    };
    let before = chat.room(room).await;
    assert!(is_forbidden(&chat.refused(update("ben")).await), "he may rename, and no more");
    assert_eq!(chat.room(room).await, before);
    let outcome = chat.run(update("ana")).await;
    // The second of its two acts has a position of its own.
    let [changed, act, message] = &outcome.changes[..] else { panic!("three changes: {outcome:?}") };
    assert!(matches!(changed.what, What::Changed(_)) && matches!(act.what, What::Untold(_)));
    assert!(matches!(message.what, What::Message(_)));
    let after = chat.room(room).await;
    assert_eq!((after.name, after.seq), (super::kit::named("Runners"), 1));
    assert_eq!(after.permissions.least(Verb::Invite), Role::Admin);
    assert!(chat.run(update("ana")).await.changes.is_empty(), "once more is no change");
}

pub async fn roles_and_permissions_outlive_a_reopening(chat: Fixture) {
    let room = chat.group(&["ana", "ben", "cho"]).await;
    chat.give(room, "ben", Role::Admin).await;
    chat.give(room, "cho", Role::ReadOnly).await;
    chat.run(chat.permit_item(room, Some("ana"), &[(Verb::Send, Role::Owner)])).await;
    let before = chat.room(room).await;
    let Some(chat) = chat.reopened().await else { return };
    assert_eq!(chat.room(room).await, before);
    let roles = [chat.role(room, "ana").await, chat.role(room, "ben").await, chat.role(room, "cho").await];
    assert_eq!(roles, [Role::Owner, Role::Admin, Role::ReadOnly]);
}

pub async fn roles_that_are_taken_in_leave_a_room_one_owner(chat: Fixture) {
    let room = chat.group(&["mia", "zoe"]).await;
    let (mia, zoe) = (chat.member(room, "mia").await, chat.member(room, "zoe").await);
    let take_in = async |member: &Member| {
        chat.run(RoomRecord::Member(member.clone())).await;
    };
    // Later in the other store: she gave it to Zoe, or to somebody who is not here yet, or has left it.
    take_in(&Member { role: Role::Owner, ..zoe.clone() }).await;
    assert_eq!(
        (chat.owners(room).await, chat.role(room, "mia").await),
        (vec!["zoe".to_owned()], Role::Admin)
    );
    take_in(&Member { role: Role::ReadOnly, ..mia.clone() }).await;
    assert_eq!(chat.role(room, "mia").await, Role::ReadOnly);
    let abe = Member { user: user("abe"), role: Role::Owner, ..mia };
    take_in(&abe).await;
    assert_eq!(
        (chat.owners(room).await, chat.role(room, "zoe").await),
        (vec!["abe".to_owned()], Role::Admin)
    );
    let before = chat.position().await;
    take_in(&abe).await;
    assert_eq!(chat.position().await, before, "once more is no change");
    take_in(&Member { active: false, role: Role::Owner, ..zoe }).await;
    assert_eq!(chat.owners(room).await, ["abe"]);
}
