//! Cases about invite links.
#![allow(missing_docs, reason = "the name of a case says what it checks")]

use std::num::NonZeroU32;
use std::sync::Arc;

use super::Fixture;
use super::kit::{notice, profile, user};
use crate::clock::Timestamp;
use crate::error::{Contradiction, ErrorKind, LimitName};
use crate::id::RoomId;
use crate::model::{Invite, InviteCode, Role, SystemKind, Verb};
use crate::store::{Admission, Batch, Op, Record, RecordPage, RelationOp, RoomItem, RoomRecord, Update};

pub(super) fn link(room: RoomId, by: Option<&str>) -> Invite {
    Invite {
        code: InviteCode::generate(),
        room,
        by: by.map(user),
        created_at: Timestamp::from_millis(7),
        expires_at: None,
        max_uses: None,
        uses: 0,
        user: None,
    }
}

/// An invitation by ana.
fn invitation(room: RoomId, of: &str) -> Invite {
    Invite { user: Some(user(of)), max_uses: NonZeroU32::new(1), ..link(room, Some("ana")) }
}

impl Fixture {
    fn link_item(&self, by: Option<&str>, invite: &Invite, most: u32) -> RoomItem {
        self.item(invite.room, by, Op::MakeInvite { invite: invite.clone(), most })
    }

    fn revoke_item(&self, room: RoomId, by: Option<&str>, code: InviteCode) -> RoomItem {
        self.item(room, by, Op::RevokeInvite(code))
    }

    fn accept_item(&self, room: RoomId, who: &str, code: InviteCode) -> RoomItem {
        let notice = notice(SystemKind::Joined, who);
        let (max_members, by_invite, admission) = (100, Some(code), Admission::Unasked);
        self.item(room, Some(who), Op::Enter { notice, max_members, by_invite, admission })
    }

    /// Makes a link of ana's.
    async fn linked(&self, invite: Invite) -> InviteCode {
        self.run(self.link_item(Some("ana"), &invite, 100)).await;
        invite.code
    }

    async fn links(&self, room: RoomId) -> Vec<Invite> {
        let mut links = self.store().invites(room).await.expect("the store reads");
        links.sort_by_key(|link| link.code);
        links
    }

    async fn invited(&self, who: &str) -> Vec<InviteCode> {
        let found = self.store().invitations(&user(who), None, 100).await.expect("the store reads");
        found.into_iter().map(|(invite, _)| invite.code).collect()
    }

    async fn link(&self, code: InviteCode) -> Option<Invite> {
        self.store().invite(code).await.expect("the store reads")
    }
}

pub async fn a_link_comes_back_as_it_was_made(chat: Fixture) {
    let (room, other) = (chat.group(&["ana", "ben"]).await, chat.group(&["ana"]).await);
    let until = Some(Timestamp::from_millis(1_900_000_000_000));
    let full = Invite { expires_at: until, max_uses: NonZeroU32::new(u32::MAX), ..link(room, Some("ben")) };
    let (plain, elsewhere) = (link(room, None), link(other, Some("ana")));
    let position = chat.position().await;
    let outcome = chat.run(chat.link_item(Some("ben"), &full, 2)).await;
    assert!(outcome.changes.is_empty(), "nobody is told: {outcome:?}");
    chat.run(chat.link_item(None, &plain, 2)).await;
    chat.run(chat.link_item(Some("ana"), &elsewhere, 2)).await;
    chat.run(chat.link_item(Some("ben"), &full, 2)).await;
    assert_eq!(chat.position().await, position, "it takes no position, and once more is no change");
    let mut both = vec![full.clone(), plain];
    both.sort_by_key(|link| link.code);
    assert_eq!(chat.links(room).await, both);
    assert_eq!(chat.link(full.code).await, Some(full.clone()));
    assert_eq!(chat.link(InviteCode::generate()).await, None);
    assert_eq!(chat.links(other).await, [elsewhere]);
    let Some(chat) = chat.reopened().await else { return };
    assert_eq!(chat.links(room).await, both);
}

pub async fn a_link_is_made_by_who_may_invite(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let kind = chat.refused(chat.link_item(Some("eve"), &link(room, Some("eve")), 9)).await;
    assert_eq!(kind, ErrorKind::NotAParticipant(room));
    let permissions = vec![(Verb::Invite, Role::Admin)];
    let update = Update { permissions, ..Update::default() };
    chat.run(chat.item(room, None, Op::Update(Box::new(update)))).await;
    let kind = chat.refused(chat.link_item(Some("ben"), &link(room, Some("ben")), 9)).await;
    assert!(matches!(kind, ErrorKind::Forbidden(_)), "{kind:?}");
    let direct = chat.direct("ana", "ben").await;
    for by in [Some("ana"), None] {
        let kind = chat.refused(chat.link_item(by, &link(direct, by), 9)).await;
        assert!(matches!(kind, ErrorKind::Forbidden(_)), "{kind:?}");
    }
    chat.run(chat.close_item(room, None)).await;
    let kind = chat.refused(chat.link_item(Some("ana"), &link(room, Some("ana")), 9)).await;
    assert_eq!(kind, ErrorKind::RoomClosed(room));
}

pub async fn a_room_has_no_more_links_than_its_bound_that_hold(chat: Fixture) {
    let room = chat.group(&["ana"]).await;
    let short = Invite { expires_at: Some(Timestamp::from_millis(1)), ..link(room, Some("ana")) };
    let kept = link(room, Some("ana"));
    for one in [&short, &kept] {
        chat.run(chat.link_item(Some("ana"), one, 2)).await;
    }
    let next = link(room, Some("ana"));
    chat.run(chat.link_item(Some("ana"), &next, 2)).await;
    assert_eq!(chat.link(short.code).await, None, "what has expired makes room");
    let kind = chat.refused(chat.link_item(Some("ana"), &link(room, Some("ana")), 2)).await;
    assert_eq!(kind, ErrorKind::LimitReached { limit: LimitName::Invites, allowed: 2 });
    assert_eq!(chat.links(room).await.len(), 2);
}

pub async fn whoever_has_a_link_that_holds_comes_in(chat: Fixture) {
    let (room, other) = (chat.group(&["ana"]).await, chat.group(&["ana"]).await);
    let code = chat.linked(Invite { max_uses: NonZeroU32::new(2), ..link(room, Some("ana")) }).await;
    let outcome = chat.run(chat.accept_item(room, "ben", code)).await;
    assert_eq!(outcome.changes.len(), 2, "he joined, and the words for it");
    assert!(chat.run(chat.accept_item(room, "ben", code)).await.changes.is_empty());
    assert_eq!(chat.link(code).await.map(|link| link.uses), Some(1), "who is in uses none up");
    assert_eq!(chat.refused(chat.accept_item(other, "cho", code)).await, ErrorKind::InviteNotFound);
    let outcomes =
        chat.commit(vec![chat.accept_item(room, "cho", code), chat.accept_item(room, "dee", code)]).await;
    assert!(outcomes[0].is_ok());
    assert_eq!(*outcomes[1].as_ref().unwrap_err().kind(), ErrorKind::InviteNotFound, "used up");
    assert_eq!(chat.active(room).await, ["ana", "ben", "cho"]);

    let past =
        chat.linked(Invite { expires_at: Some(Timestamp::from_millis(1)), ..link(room, Some("ana")) }).await;
    assert_eq!(chat.refused(chat.accept_item(room, "dee", past)).await, ErrorKind::InviteNotFound);
    let unknown = InviteCode::generate();
    assert_eq!(chat.refused(chat.accept_item(room, "dee", unknown)).await, ErrorKind::InviteNotFound);
    let code = chat.linked(link(room, Some("ana"))).await;
    chat.run(chat.leave_item(room, "ben")).await;
    chat.run(chat.accept_item(room, "ben", code)).await;
    chat.run(chat.close_item(room, None)).await;
    assert_eq!(chat.refused(chat.accept_item(room, "dee", code)).await, ErrorKind::RoomClosed(room));
}

pub async fn forty_at_once_use_a_link_no_more_often_than_they_may(chat: Fixture) {
    let room = chat.group(&["ana"]).await;
    let code = chat.linked(Invite { max_uses: NonZeroU32::new(10), ..link(room, Some("ana")) }).await;
    let mut tasks = Vec::new();
    for n in 0..40 {
        let (store, item) = (Arc::clone(&chat.store), chat.accept_item(room, &format!("u{n}"), code));
        tasks.push(tokio::spawn(
            async move { store.commit(Batch::of([item])).await.unwrap().remove(0).is_ok() },
        ));
    }
    let mut came = 0;
    for task in tasks {
        came += usize::from(task.await.unwrap());
    }
    assert_eq!((came, chat.active(room).await.len()), (10, 11));
    assert_eq!(chat.link(code).await.map(|link| link.uses), Some(10));
}

pub async fn a_link_is_revoked_by_its_maker_or_who_may_take_people_out(chat: Fixture) {
    let room = chat.group(&["ana", "ben", "cho"]).await;
    let make = async |by: Option<&str>| {
        let link = link(room, by);
        chat.run(chat.link_item(by, &link, 9)).await;
        link.code
    };
    let (first, second, hosts) = (make(Some("ben")).await, make(Some("ben")).await, make(None).await);
    for (by, code) in [("cho", first), ("cho", hosts), ("ben", hosts)] {
        let kind = chat.refused(chat.revoke_item(room, Some(by), code)).await;
        assert!(matches!(kind, ErrorKind::Forbidden(_)), "{kind:?}");
    }
    let kind = chat.refused(chat.revoke_item(room, Some("eve"), first)).await;
    assert_eq!(kind, ErrorKind::NotAParticipant(room));
    chat.run(chat.revoke_item(room, Some("ben"), first)).await;
    chat.done(vec![chat.revoke_item(room, Some("ana"), second), chat.revoke_item(room, None, hosts)]).await;
    assert!(chat.links(room).await.is_empty());
    assert_eq!(chat.refused(chat.revoke_item(room, None, first)).await, ErrorKind::InviteNotFound);
    assert_eq!(chat.refused(chat.accept_item(room, "dee", first)).await, ErrorKind::InviteNotFound);
    // Made and revoked in one batch, and an admin of today.
    let short = link(room, Some("ana"));
    let about = profile("cho");
    chat.done(vec![
        chat.link_item(Some("ana"), &short, 9),
        chat.item(room, None, Op::SetRole { about, role: Role::Admin }),
        chat.revoke_item(room, Some("cho"), short.code),
    ])
    .await;
    assert_eq!(chat.link(short.code).await, None);
}

pub async fn an_invitation_lets_in_nobody_else_and_ends_with_the_answer(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let (cho, dee) = (invitation(room, "cho"), invitation(room, "dee"));
    for one in [&cho, &dee] {
        assert!(chat.run(chat.link_item(Some("ana"), one, 2)).await.changes.is_empty());
    }
    assert_eq!(
        chat.store().invitations(&user("cho"), None, 9).await.unwrap(),
        [(cho.clone(), chat.room(room).await)]
    );
    assert_eq!(chat.refused(chat.accept_item(room, "eve", cho.code)).await, ErrorKind::InviteNotFound);
    assert_eq!(chat.refused(chat.accept_item(room, "dee", cho.code)).await, ErrorKind::InviteNotFound);
    assert_eq!(chat.run(chat.accept_item(room, "cho", cho.code)).await.changes.len(), 2);
    assert_eq!((chat.link(cho.code).await, chat.invited("cho").await), (None, vec![]));
    // Nobody declines for somebody else; who is invited needs to be in no room for it.
    let kind = chat.refused(chat.revoke_item(room, Some("eve"), dee.code)).await;
    assert_eq!(kind, ErrorKind::NotAParticipant(room));
    assert!(chat.run(chat.revoke_item(room, Some("dee"), dee.code)).await.changes.is_empty());
    assert_eq!(chat.link(dee.code).await, None);
    assert_eq!(chat.refused(chat.accept_item(room, "dee", dee.code)).await, ErrorKind::InviteNotFound);
    assert_eq!(chat.active(room).await, ["ana", "ben", "cho"]);
    let Some(chat) = chat.reopened().await else { return };
    chat.run(chat.link_item(Some("ana"), &dee, 2)).await;
    assert_eq!(chat.link(dee.code).await, Some(dee));
}

pub async fn an_invitation_takes_the_place_of_the_one_before_it(chat: Fixture) {
    let (room, other) = (chat.group(&["ana"]).await, chat.group(&["ana"]).await);
    let (first, second, elsewhere) =
        (invitation(room, "cho"), invitation(room, "cho"), invitation(other, "cho"));
    for one in [&first, &elsewhere, &second] {
        chat.run(chat.link_item(Some("ana"), one, 1)).await;
    }
    let mut both = vec![second.code, elsewhere.code];
    both.sort();
    assert_eq!(chat.invited("cho").await, both);
    let page = chat.store().invitations(&user("cho"), None, 1).await.unwrap();
    assert_eq!(page[0].0.code, both[0]);
    let page = chat.store().invitations(&user("cho"), Some(both[0]), 9).await.unwrap();
    assert_eq!(page.iter().map(|(invite, _)| invite.code).collect::<Vec<_>>(), [both[1]]);
    // Each sort has its own bound.
    let kind = chat.refused(chat.link_item(Some("ana"), &invitation(room, "dee"), 1)).await;
    assert_eq!(kind, ErrorKind::LimitReached { limit: LimitName::Invitations, allowed: 1 });
    chat.run(chat.link_item(Some("ana"), &link(room, Some("ana")), 1)).await;
}

pub async fn who_comes_in_another_way_is_invited_no_more(chat: Fixture) {
    let (room, other) = (chat.group(&["ana"]).await, chat.group(&["ana"]).await);
    let [first, second, elsewhere] =
        [invitation(room, "cho"), invitation(room, "dee"), invitation(other, "cho")];
    for one in [&first, &second, &elsewhere] {
        chat.run(chat.link_item(Some("ana"), one, 9)).await;
    }
    chat.run(chat.join_item(room, Some("ana"), &["cho"], 100)).await;
    assert_eq!(chat.invited("cho").await, [elsewhere.code]);
    let code = chat.linked(link(room, Some("ana"))).await;
    chat.run(chat.accept_item(room, "dee", code)).await;
    assert!(chat.invited("dee").await.is_empty());
    assert_eq!(chat.link(code).await.map(|link| link.uses), Some(1));
}

pub async fn nobody_is_invited_who_is_there_or_has_blocked_the_inviter(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let kind = chat.refused(chat.link_item(Some("ana"), &invitation(room, "ben"), 9)).await;
    assert!(matches!(kind, ErrorKind::Invalid { .. }), "{kind:?}");
    chat.run(chat.relation_item("cho", RelationOp::Block, "ana")).await;
    let kind = chat.refused(chat.link_item(Some("ana"), &invitation(room, "cho"), 9)).await;
    assert_eq!(kind, ErrorKind::Unreachable(user("cho")));
    chat.run(chat.link_item(None, &Invite { by: None, ..invitation(room, "cho") }, 9)).await;
    assert_eq!(chat.invited("cho").await.len(), 1, "the host invites whom it will");
}

pub async fn links_are_taken_in_as_they_are_unless_their_code_is_anothers(chat: Fixture) {
    let (room, copy) = (chat.group(&["ana", "ben"]).await, chat.group(&["dee"]).await);
    let until = Some(Timestamp::from_millis(1_900_000_000_000));
    let full = Invite { expires_at: until, max_uses: NonZeroU32::new(9), ..link(room, Some("ben")) };
    let over = Invite { expires_at: Some(Timestamp::from_millis(8)), ..link(room, None) };
    for one in [&over, &full, &link(room, None), &invitation(room, "cho"), &invitation(room, "김철수")] {
        chat.run(chat.link_item(one.by.as_ref().map(|_| "ana"), one, 9)).await;
    }
    chat.run(chat.accept_item(room, "eve", full.code)).await;
    let of = |row: Record| match row {
        Record::Room(RoomRecord::Invite(invite)) => invite,
        other => panic!("{other:?}"),
    };
    let rows = chat.pages(RecordPage::Invites { room, after: None }).await;
    let rows: Vec<Invite> = rows.into_iter().map(of).collect();
    assert_eq!(rows, chat.links(room).await, "in the order of their codes");
    assert_eq!(rows.iter().map(|link| link.uses).max(), Some(1));

    let row = |invite: &Invite| RoomRecord::Invite(invite.clone());
    let moved: Vec<Invite> =
        rows.iter().map(|link| Invite { room: copy, code: InviteCode::generate(), ..link.clone() }).collect();
    let position = chat.position().await;
    for _ in 0..2 {
        chat.done(moved.iter().map(row).collect()).await;
        let mut expected = moved.clone();
        expected.sort_by_key(|link| link.code);
        assert_eq!(chat.links(copy).await, expected);
    }
    assert_eq!(chat.position().await, position, "nobody is told");
    assert_eq!(chat.invited("cho").await.len(), 2);

    // Used here and there, and by whoever has come in meanwhile.
    let used = moved.iter().find(|link| link.uses == 1).expect("one was used");
    chat.run(row(&Invite { uses: 3, ..used.clone() })).await;
    chat.run(row(used)).await;
    assert_eq!(chat.link(used.code).await.map(|link| link.uses), Some(3), "as often as either says");
    let of_cho = moved.iter().find(|link| link.user == Some(user("cho"))).expect("cho is invited");
    let later =
        Invite { code: InviteCode::generate(), created_at: Timestamp::from_millis(9), ..of_cho.clone() };
    chat.run(row(&later)).await;
    chat.run(row(of_cho)).await;
    assert_eq!((chat.link(later.code).await.is_some(), chat.link(of_cho.code).await), (true, None));
    chat.run(chat.join_item(copy, None, &["cho"], 100)).await;
    chat.done(vec![row(of_cho), row(&later)]).await;
    assert_eq!(chat.invited("cho").await.len(), 1, "who is in is invited no more");

    // What is another's, or has no place.
    let direct = chat.direct("ana", "ben").await;
    let refused = async |invite: Invite| {
        let kind = chat.refused(RoomRecord::Invite(invite.clone())).await;
        assert_eq!(kind, ErrorKind::Contradiction(Contradiction::Invite { room: invite.room }));
    };
    refused(Invite { room: copy, ..rows[0].clone() }).await;
    refused(Invite { by: Some(user("eve")), ..used.clone() }).await;
    refused(link(direct, None)).await;
    let nowhere = RoomId::generate();
    assert_eq!(chat.refused(RoomRecord::Invite(link(nowhere, None))).await, ErrorKind::RoomNotFound(nowhere));
    assert_eq!(chat.link(rows[0].code).await.as_ref(), Some(&rows[0]));
    let Some(chat) = chat.reopened().await else { return };
    assert_eq!(chat.links(room).await, rows);
    chat.run(chat.accept_item(copy, "eve", used.code)).await;
    assert_eq!(chat.link(used.code).await.map(|link| link.uses), Some(4));
}
