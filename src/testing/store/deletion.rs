//! Cases about rooms that are deleted.
#![allow(missing_docs, reason = "the name of a case says what it checks")]

use super::Fixture;
use super::kit::{NO_BOUND, PAGES, text, user};
use crate::clock::Timestamp;
use crate::error::ErrorKind;
use crate::id::{ReportId, RoomId};
use crate::model::{Act, Ban, Invite, InviteCode, Member, Role, RoomKind};
use crate::store::{Answer, Op, Record, RecordPage, RoomItem, RoomRecord, Update, What};

impl Fixture {
    fn end_item(&self, room: RoomId, by: Option<&str>) -> RoomItem {
        self.item(room, by, Op::Delete)
    }

    /// Cuts all of it away.
    async fn purge(&self, room: RoomId) {
        let grace = std::time::Duration::from_secs(60 * 60);
        for _ in 0..PAGES {
            let item = self.item(room, None, Op::Cut { retention: None, grace, limit: 3 });
            let Answer::Cut { is_more } = self.run(item).await.answer else { panic!("no cut") };
            if !is_more {
                return;
            }
        }
        panic!("the cuts have no end");
    }
}

pub async fn a_deleted_room_leaves_nothing_but_that_it_was_there(chat: Fixture) {
    let room = chat.group(&["ana", "ben", "cho"]).await;
    let said = Update {
        topic: Some(Some("secret".into())),
        picture: Some(Some("https://example.org/x.png".into())),
        slow_mode: Some(5),
        permissions: vec![(crate::model::Verb::Pin, Role::Member)],
        ..Update::default()
    };
    chat.run(chat.item(room, Some("ana"), Op::Update(Box::new(said)))).await;
    chat.run(chat.rename_item(room, Some("ana"), "ana", "secret")).await;
    chat.run(chat.leave_item(room, "cho")).await;
    let left = chat.member(room, "cho").await;
    let before = chat.room(room).await;
    for who in ["ben", "cho", "dan"] {
        let kind = chat.refused(chat.end_item(room, Some(who))).await;
        assert!(matches!(kind, ErrorKind::Forbidden(_) | ErrorKind::NotAParticipant(_)), "{who}: {kind:?}");
    }
    let delete = chat.end_item(room, Some("ana"));
    let at = delete.at;
    let outcome = chat.run(delete).await;
    let [change] = &outcome.changes[..] else { panic!("{outcome:?}") };
    assert!(matches!(&change.what, What::Deleted(of) if of.id == room && of.is_deleted()));
    let after = chat.room(room).await;
    let plain = crate::model::Room {
        name: None,
        about: Default::default(),
        permissions: Default::default(),
        slow_mode: 0,
        active: false,
        members: 0,
        changed_pos: change.pos.at,
        last_pos: change.pos.at,
        keeping: after.keeping.clone(),
        ..before
    };
    assert_eq!(after, plain);
    assert_eq!(after.keeping.as_ref().expect("it is said").deleted_at, Some(at));
    // Whoever was in it is told so as of a leave, and whoever had left it is told nothing.
    for who in ["ana", "ben"] {
        let member = chat.member(room, who).await;
        assert!(!member.active && member.changed_pos == change.pos.at, "{member:?}");
    }
    assert_eq!(chat.member(room, "cho").await, left);
    assert_eq!(chat.active(room).await, [""; 0]);
    let (rooms, total) = chat.store().rooms_of(&user("ana"), 0, 10, 10).await.expect("the store reads");
    assert_eq!((rooms.len(), total), (0, 0));
    let acts = chat.store().audit(room, None, 10).await.expect("the store reads");
    assert_eq!(
        (acts[0].act, acts[0].by.clone(), acts[0].pos),
        (Act::DeleteRoom, Some(user("ana")), change.pos.at)
    );

    chat.purge(room).await;
    assert!(chat.history(room).await.is_empty());
    let Some(chat) = chat.reopened().await else { return };
    assert!(chat.room(room).await.is_deleted() && !chat.member(room, "ben").await.active);
}

pub async fn nothing_is_done_in_a_deleted_room(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let message = chat.send(room, "ana", "words").await;
    let (record, member) = (chat.room(room).await, chat.member(room, "ben").await);
    let import = |record| chat.item(room, None, Op::Import(Box::new(record)));
    let ban = Ban {
        room,
        user: user("eve"),
        by: None,
        at: Timestamp::from_millis(1),
        until: Timestamp::NEVER,
        reason: None,
    };
    let items = vec![
        chat.end_item(room, None),
        chat.end_item(room, None),
        chat.send_item(room, "ana", "more"),
        chat.join_item(room, None, &["dan"], NO_BOUND),
        chat.leave_item(room, "ben"),
        chat.mark_item(room, "ben", crate::model::Mark::Read, None),
        chat.close_item(room, None),
        chat.item(room, None, Op::Reopen { kind: RoomKind::Group }),
        chat.item(
            room,
            Some("ben"),
            Op::Report { id: ReportId::generate(), message: message.id, reason: None },
        ),
        import(RoomRecord::Member(Member { joined_seq: 99, ..member })),
        import(RoomRecord::Ban(ban)),
    ];
    // Within the batch as after it.
    for is_again in [false, true] {
        let items = items.iter().skip(usize::from(is_again)).cloned().collect();
        for outcome in chat.commit(items).await.into_iter().skip(usize::from(!is_again)) {
            let kind = outcome.expect_err("it is refused").kind().clone();
            assert!(matches!(kind, ErrorKind::RoomNotFound(of) if of == room), "{kind:?}");
        }
        assert!(chat.room(room).await.is_deleted() && chat.active(room).await.is_empty());
    }
    let kind = chat.refused(import(RoomRecord::Room(record))).await;
    assert!(matches!(kind, ErrorKind::Contradiction(_)), "{kind:?}");
    assert_eq!(chat.history(room).await.len(), 1, "of its words none is changed before they go");
}

pub async fn what_stands_beside_a_deleted_room_goes_with_it(chat: Fixture) {
    let (room, other) = (chat.group(&["ana", "ben"]).await, chat.group(&["ana", "ben"]).await);
    let mut codes = Vec::new();
    for of in [room, other] {
        for invited in [None, Some(user("dan"))] {
            let code = InviteCode::generate();
            let invite = Invite {
                code,
                room: of,
                by: None,
                created_at: Timestamp::from_millis(1),
                expires_at: None,
                max_uses: None,
                uses: 0,
                user: invited,
            };
            chat.run(chat.item(of, None, Op::MakeInvite { invite, most: 10 })).await;
            codes.push(code);
        }
        let message = chat.send(of, "ana", "words").await;
        let report = Op::Report { id: ReportId::generate(), message: message.id, reason: None };
        chat.run(chat.item(of, Some("ben"), report)).await;
        let (at, until) = (Timestamp::from_millis(1), Timestamp::NEVER);
        let ban = Ban { room: of, user: user("eve"), by: None, at, until, reason: None };
        let notice = super::kit::notice(crate::model::SystemKind::Removed, "eve");
        chat.run(chat.item(of, None, Op::Ban { ban, notice })).await;
    }
    chat.run(chat.end_item(room, Some("ana"))).await;
    let store = chat.store();
    for (index, code) in codes.iter().enumerate() {
        assert_eq!(store.invite(*code).await.expect("the store reads").is_some(), index >= 2);
    }
    assert_eq!(store.invitations(&user("dan"), None, 10).await.expect("the store reads").len(), 1);
    for (of, left) in [(room, 0), (other, 1)] {
        let now = Timestamp::from_millis(2);
        assert_eq!(store.bans(of, now, None, 10).await.expect("the store reads").len(), left);
        assert_eq!(store.reports(Some(of), None, 10).await.expect("the store reads").len(), left);
    }
    assert_eq!(store.reports(None, None, 10).await.expect("the store reads").len(), 1);
    let entry =
        store.room_entry(other, &user("ana"), 10).await.expect("the store reads").expect("it is there");
    assert_eq!((entry.room.members, entry.last_message.map(|last| last.body)), (2, Some(text("words"))));
}

pub async fn the_key_of_a_deleted_room_is_free_and_its_id_is_not(chat: Fixture) {
    let direct = chat.direct("ana", "ben").await;
    let kind = chat.refused(chat.end_item(direct, Some("ana"))).await;
    assert!(matches!(kind, ErrorKind::Forbidden(_)), "the two are equals: {kind:?}");
    let item = chat.challenge_item("run", &["ana"]);
    let challenge = item.room;
    // Deleted and made anew in one batch.
    let anew = [chat.direct_item("ana", "ben"), chat.challenge_item("run", &["ana"])];
    let ids = [anew[0].room, anew[1].room];
    chat.run(item).await;
    let [first, second] = anew;
    let items = vec![chat.end_item(direct, None), chat.end_item(challenge, Some("ana")), first, second];
    for outcome in chat.done(items).await.into_iter().skip(2) {
        assert!(matches!(outcome.answer, Answer::Done), "{:?}", outcome.answer);
    }
    let standing = chat.run(chat.direct_item("ben", "ana")).await.answer;
    assert!(matches!(standing, Answer::Standing(of) if of == ids[0]));
    // A closed one has freed its key before, which another one has by now.
    let closed = chat.challenge_item("swim", &["ana"]);
    let id = closed.room;
    chat.done(vec![closed, chat.close_item(id, None), chat.challenge_item("swim", &["ana"])]).await;
    chat.run(chat.end_item(id, None)).await;
    let kind = chat.refused(chat.challenge_item("swim", &["ana"])).await;
    assert!(matches!(kind, ErrorKind::ChallengeRoomExists(_)), "{kind:?}");
    let records = chat.store().records(RecordPage::Room(direct), 1).await.expect("the store reads");
    assert!(matches!(&records[..], [Record::Room(RoomRecord::Room(room))] if room.is_deleted()));
}
