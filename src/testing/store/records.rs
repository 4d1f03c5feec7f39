//! Cases about rows that are moved: read out of one store, and taken in by another.
#![allow(missing_docs, reason = "the name of a case says what it checks")]

use std::collections::BTreeSet;

use super::Fixture;
use super::kit::{PAGES, sent, user};
use crate::clock::Timestamp;
use crate::error::{Contradiction, ErrorKind};
use crate::id::{JoinRequestId, MessageId, ReportId, RoomId};
use crate::model::{
    AuditEntry, Ban, Follow, Hidden, Invite, InviteCode, JoinRequest, Mark, Member, Profile, Relation,
    RelationKind, Report, ReportOutcome, RoomKind,
};
use crate::store::RelationOp::{Accept, Block, Request};
use crate::store::{Answer, Batch, BodyHash, Held, KeptEdit, Op, Record, RecordPage, RoomRecord};

impl Fixture {
    /// All rows of a kind, in pages of so many.
    async fn records(&self, first: RecordPage, limit: u32) -> Vec<Record> {
        let mut all: Vec<Record> = Vec::new();
        let mut page = first;
        for _ in 0..PAGES {
            let found = self.store().records(page.clone(), limit).await.expect("the store reads");
            assert!(found.len() <= limit as usize);
            let Some(last) = found.last() else { return all };
            page = beyond(page, last);
            all.extend(found);
        }
        panic!("{page:?} has no end");
    }

    /// The same in pages of one and of three.
    pub(super) async fn pages(&self, first: RecordPage) -> Vec<Record> {
        let whole = self.records(first.clone(), 1000).await;
        for limit in [1, 3] {
            assert_eq!(self.records(first.clone(), limit).await, whole, "{first:?} in pages of {limit}");
        }
        whole
    }

    /// All rows of a room, in the order in which they are taken in.
    pub(super) async fn rows_of(&self, room: RoomId) -> Vec<RoomRecord> {
        let mut rows = self.store().records(RecordPage::Room(room), 1).await.expect("the store reads");
        rows.extend(self.records(RecordPage::Messages { room, after: 0 }, 1000).await);
        rows.extend(self.records(RecordPage::Reactions { room, after: None }, 1000).await);
        rows.extend(self.records(RecordPage::Members { room, after: None }, 1000).await);
        rows.extend(self.records(RecordPage::Bans { room, after: None }, 1000).await);
        rows.extend(self.records(RecordPage::Reports { room, after: None }, 1000).await);
        rows.extend(self.records(RecordPage::Hidden { room, after: None }, 1000).await);
        rows.extend(self.records(RecordPage::Invites { room, after: None }, 1000).await);
        rows.extend(self.records(RecordPage::Acts { room, after: None }, 1000).await);
        let of_room = |row| match row {
            Record::Room(row) => row,
            other => panic!("{other:?} is of no room"),
        };
        rows.into_iter().map(of_room).collect()
    }
}

fn beyond(page: RecordPage, last: &Record) -> RecordPage {
    match (page, last) {
        (RecordPage::Profiles { .. }, Record::Profile { user, .. }) => {
            RecordPage::Profiles { after: Some(user.clone()) }
        }
        (RecordPage::ProfilesIn { room, .. }, Record::Profile { user, .. }) => {
            RecordPage::ProfilesIn { room, after: Some(user.clone()) }
        }
        (RecordPage::Relations { .. }, Record::Relation(side)) => {
            RecordPage::Relations { after: Some((side.user.clone(), side.other.clone())) }
        }
        (RecordPage::Settings { .. }, Record::Settings(user, _)) => {
            RecordPage::Settings { after: Some(user.clone()) }
        }
        (RecordPage::DoNotDisturb { .. }, Record::DoNotDisturb(user, _)) => {
            RecordPage::DoNotDisturb { after: Some(user.clone()) }
        }
        (RecordPage::Rooms { .. }, Record::Room(RoomRecord::Room(room))) => {
            RecordPage::Rooms { after: Some(room.id) }
        }
        (RecordPage::Messages { room, .. }, Record::Room(RoomRecord::Message(message, _))) => {
            RecordPage::Messages { room, after: message.seq }
        }
        (RecordPage::Held { room, .. }, Record::Room(RoomRecord::Held(held))) => {
            RecordPage::Held { room, after: Some(held.id) }
        }
        (RecordPage::JoinRequests { room, .. }, Record::Room(RoomRecord::JoinRequest(request))) => {
            RecordPage::JoinRequests { room, after: Some(request.id) }
        }
        (RecordPage::Edits { room, seq, .. }, Record::Room(RoomRecord::Edit(state))) => {
            RecordPage::Edits { room, seq, after: Some(state.edit.version) }
        }
        (RecordPage::Reactions { room, .. }, Record::Room(RoomRecord::Reaction(key, _))) => {
            let after = Some((key.seq, key.reaction.clone(), key.user.clone()));
            RecordPage::Reactions { room, after }
        }
        (RecordPage::Members { room, .. }, Record::Room(RoomRecord::Member(member))) => {
            RecordPage::Members { room, after: Some(member.user.clone()) }
        }
        (RecordPage::Bans { room, .. }, Record::Room(RoomRecord::Ban(ban))) => {
            RecordPage::Bans { room, after: Some(ban.user.clone()) }
        }
        (RecordPage::Reports { room, .. }, Record::Room(RoomRecord::Report(report))) => {
            RecordPage::Reports { room, after: Some((report.message, report.by.clone())) }
        }
        (RecordPage::Hidden { room, .. }, Record::Room(RoomRecord::Hidden(hidden))) => {
            RecordPage::Hidden { room, after: Some((hidden.user.clone(), hidden.seq)) }
        }
        (RecordPage::Follows { room, .. }, Record::Room(RoomRecord::Follow(follow))) => {
            RecordPage::Follows { room, after: Some((follow.root_seq, follow.user.clone())) }
        }
        (RecordPage::Acts { room, .. }, Record::Room(RoomRecord::Act(entry))) => {
            RecordPage::Acts { room, after: Some(entry.pos) }
        }
        (RecordPage::Invites { room, .. }, Record::Room(RoomRecord::Invite(invite))) => {
            RecordPage::Invites { room, after: Some(invite.code) }
        }
        (page, row) => panic!("{row:?} is no row of {page:?}"),
    }
}

/// The row as another store would have it: in this room, under other ids, at other positions.
pub(super) fn elsewhere(row: RoomRecord, id: RoomId) -> RoomRecord {
    match row {
        RoomRecord::Room(mut room) => {
            room.id = id;
            (room.created_pos, room.changed_pos, room.last_pos, room.marks_pos) = (900, 901, 902, 903);
            room.threads_pos = 910;
            RoomRecord::Room(room)
        }
        RoomRecord::Message(mut message, hash) => {
            (message.room, message.id, message.pos) = (id, MessageId::generate(), 904);
            RoomRecord::Message(message, hash)
        }
        RoomRecord::Held(held) => RoomRecord::Held(Held { room: id, id: MessageId::generate(), ..held }),
        RoomRecord::JoinRequest(request) => {
            RoomRecord::JoinRequest(JoinRequest { room: id, id: JoinRequestId::generate(), ..request })
        }
        RoomRecord::Edit(state) => RoomRecord::Edit(KeptEdit { room: id, ..state }),
        RoomRecord::Reaction(mut key, message) => {
            key.room = id;
            RoomRecord::Reaction(key, message)
        }
        RoomRecord::Member(mut member) => {
            member.room = id;
            (member.joined_pos, member.changed_pos, member.marks_pos) = (905, 906, 907);
            RoomRecord::Member(member)
        }
        RoomRecord::Ban(ban) => RoomRecord::Ban(Ban { room: id, ..ban }),
        RoomRecord::Report(report) => RoomRecord::Report(Report { room: id, ..report }),
        RoomRecord::Hidden(hidden) => RoomRecord::Hidden(Hidden { room: id, pos: 908, ..hidden }),
        RoomRecord::Follow(follow) => RoomRecord::Follow(Follow { room: id, pos: 909, ..follow }),
        RoomRecord::Act(entry) => RoomRecord::Act(AuditEntry { room: id, pos: 911, ..entry }),
        RoomRecord::Invite(invite) => {
            RoomRecord::Invite(Invite { room: id, code: InviteCode::generate(), ..invite })
        }
    }
}

/// What of a row is the same in every store: all but its room, the ids of messages, and positions.
fn told(row: RoomRecord) -> RoomRecord {
    match elsewhere(row, RoomId::from_bytes([0; 16])) {
        RoomRecord::Message(mut message, hash) => {
            message.id = MessageId::from_bytes([0; 16]);
            RoomRecord::Message(message, hash)
        }
        other => other,
    }
}

pub async fn each_row_comes_once_and_in_its_order(chat: Fixture) {
    let people = ["ana", "ben", "cho", "dee", "eve", "김철수", "🦊"];
    let mut rooms = vec![chat.group(&people).await];
    for other in &people[1..] {
        rooms.push(chat.direct("ana", other).await);
        chat.run(chat.relation_item("ana", Request, other)).await;
    }
    chat.run(chat.relation_item("ben", Accept, "ana")).await;
    chat.run(chat.relation_item("🦊", Block, "cho")).await;
    chat.send_many(rooms[0], "ana", 4).await;
    chat.send_many(rooms[1], "ana", 1).await;
    chat.send_many(rooms[0], "ben", 4).await;
    chat.run(chat.leave_item(rooms[0], "cho")).await;
    chat.run(chat.close_item(rooms[0], None)).await;
    for who in ["eve", "ana", "zoe", "ben"] {
        chat.put_profile(who, "somebody", None).await;
    }

    let found = chat.pages(RecordPage::Rooms { after: None }).await;
    let mut expected = Vec::new();
    rooms.sort();
    for room in &rooms {
        expected.push(Record::Room(RoomRecord::Room(chat.room(*room).await)));
    }
    assert_eq!(found, expected);
    for room in rooms {
        let one = chat.store().records(RecordPage::Room(room), 10).await.expect("the store reads");
        assert_eq!(one, [Record::Room(RoomRecord::Room(chat.room(room).await))]);
        let found = chat.pages(RecordPage::Messages { room, after: 0 }).await;
        let row = |message| Record::Room(RoomRecord::Message(message, None));
        assert_eq!(found, chat.history(room).await.into_iter().map(row).collect::<Vec<_>>());

        let mut members = Vec::new();
        let mut sorted = people;
        sorted.sort();
        for who in sorted {
            members.extend(chat.membership(room, who).await.map(RoomRecord::Member).map(Record::Room));
        }
        assert_eq!(chat.pages(RecordPage::Members { room, after: None }).await, members, "past ones too");
        let known = chat.pages(RecordPage::ProfilesIn { room, after: None }).await;
        let is_in = |row: &&Record| {
            let Record::Profile { user, .. } = row else { panic!("{row:?}") };
            members
                .iter()
                .any(|row| matches!(row, Record::Room(RoomRecord::Member(in_it)) if in_it.user == *user))
        };
        let all = chat.pages(RecordPage::Profiles { after: None }).await;
        assert_eq!(known, all.iter().filter(is_in).cloned().collect::<Vec<_>>());
        assert_eq!(all.len(), 4);
    }
    let relations = chat.pages(RecordPage::Relations { after: None }).await;
    let pair = |row: &Record| match row {
        Record::Relation(side) => (side.user.clone(), side.other.clone()),
        other => panic!("{other:?}"),
    };
    assert!(relations.is_sorted_by_key(pair));
    assert_eq!(relations.len(), 2 * 6 + 1);
    for row in relations {
        let Record::Relation(side) = row else { panic!("{row:?}") };
        let stored = chat.store().relation(&side.user, &side.other).await.expect("the store reads");
        assert_eq!(stored, Some(side));
    }
    let nowhere = RoomId::generate();
    for page in [
        RecordPage::Room(nowhere),
        RecordPage::Messages { room: nowhere, after: 0 },
        RecordPage::Held { room: nowhere, after: None },
        RecordPage::JoinRequests { room: nowhere, after: None },
        RecordPage::Edits { room: nowhere, seq: 1, after: None },
        RecordPage::Members { room: nowhere, after: None },
        RecordPage::Bans { room: nowhere, after: None },
        RecordPage::Reports { room: nowhere, after: None },
        RecordPage::Hidden { room: nowhere, after: None },
        RecordPage::Invites { room: nowhere, after: None },
        RecordPage::Acts { room: nowhere, after: None },
        RecordPage::ProfilesIn { room: nowhere, after: None },
        RecordPage::Rooms { after: Some(RoomId::from_bytes([0xff; 16])) },
    ] {
        assert_eq!(chat.store().records(page, 10).await.expect("the store reads"), []);
    }
}

pub async fn a_profile_and_times_come_one_without_the_other(chat: Fixture) {
    chat.put_profile("ana", "아나", Some("https://a/b.png")).await;
    chat.put_profile("ben", "Ben", None).await;
    let at = Timestamp::from_millis(5);
    let last_seen = vec![(user("ben"), at), (user("cho"), at)];
    let out = Timestamp::from_millis(7);
    let logouts = vec![(user("ben"), out), (user("dee"), out)];
    chat.store().commit(Batch { last_seen, logouts, ..Batch::default() }).await.expect("the store commits");
    let shown = |nickname: &str, image: Option<&str>, who| {
        Some(Profile { user: user(who), nickname: nickname.into(), image: image.map(Into::into) })
    };
    let row = |who, profile, last_seen, logged_out| Record::Profile {
        user: user(who),
        profile,
        last_seen,
        logged_out,
    };
    assert_eq!(
        chat.pages(RecordPage::Profiles { after: None }).await,
        [
            row("ana", shown("아나", Some("https://a/b.png"), "ana"), None, None),
            row("ben", shown("Ben", None, "ben"), Some(at), Some(out)),
            row("cho", None, Some(at), None),
            row("dee", None, None, Some(out)),
        ]
    );
}

pub async fn rows_of_another_store_are_taken_in_as_they_are(chat: Fixture) {
    let room = chat.group(&["ana", "ben", "cho"]).await;
    let first = sent(&chat.run(chat.send_as_item(room, "ana", "first", "c1")).await);
    chat.send_many(room, "ben", 3).await;
    chat.mark(room, "ana", Mark::Read, Some(3)).await;
    chat.mark(room, "ana", Mark::Delivered, None).await;
    chat.run(chat.leave_item(room, "cho")).await;
    chat.run(chat.join_item(room, Some("ana"), &["cho"], 10)).await;
    chat.send_many(room, "cho", 1).await;
    chat.run(chat.remove_item(room, Some("ana"), "ben")).await;
    let rows = chat.rows_of(room).await;
    let RoomRecord::Message(_, hash) = &rows[1] else { panic!("{rows:?}") };
    assert_eq!(*hash, Some(BodyHash::of(&first.body)));

    // One of each possible lane.
    for last in 0..4 {
        let mut bytes = RoomId::generate().to_bytes();
        bytes[15] = last;
        let copy = RoomId::from_bytes(bytes);
        let moved: Vec<_> = rows.iter().cloned().map(|row| elsewhere(row, copy)).collect();
        let before = chat.position().await;
        let outcomes = chat.done(moved.clone()).await;
        let changes: Vec<_> = outcomes.iter().flat_map(|outcome| &outcome.changes).collect();
        assert_eq!(changes.len(), rows.len(), "each takes a position");
        let ats = changes.iter().map(|change| change.pos.at);
        assert!(ats.eq(before.of_room(copy) + 1..=before.of_room(copy) + rows.len() as u64));
        assert_eq!(chat.position().await.of_room(copy), before.of_room(copy) + rows.len() as u64);
        let there = chat.rows_of(copy).await;
        for (there, row) in there.iter().zip(&rows) {
            assert_eq!(told(there.clone()), told(row.clone()));
        }
        assert_eq!(there.len(), rows.len());

        // Again, as a whole and one by one, they change nothing.
        let position = chat.position().await;
        chat.done(moved.clone()).await;
        for row in moved {
            chat.run(row).await;
        }
        assert_eq!(chat.rows_of(copy).await, there);
        assert_eq!(chat.position().await, position);

        // And it goes on where it was.
        let again = sent(&chat.run(chat.send_as_item(copy, "ana", "first", "c1")).await);
        assert_eq!(again.seq, 1);
        let other = chat.refused(chat.send_as_item(copy, "ana", "other", "c1")).await;
        assert_eq!(other, ErrorKind::ClientIdConflict);
        assert_eq!(chat.unread(copy, "ana").await, chat.unread(room, "ana").await);
        let unread = chat.unread(copy, "cho").await;
        assert_eq!(chat.send(copy, "ana", "on").await.seq, chat.room(room).await.seq + 1);
        assert_eq!(chat.unread(copy, "cho").await, unread + 1);
        let since = chat.store().messages_since(copy, before.of_room(copy), u64::MAX, 100).await;
        assert_eq!(since.expect("the store reads").len() as u64, chat.room(copy).await.seq);
    }
}

pub async fn what_does_not_go_with_what_is_there_is_not_taken_in(chat: Fixture) {
    let standing = chat.direct("ana", "ben").await;
    chat.send_many(standing, "ana", 2).await;
    let rows = chat.rows_of(standing).await;
    let copy = RoomId::generate();
    let other = chat.refused(elsewhere(rows[0].clone(), copy)).await;
    assert_eq!(other, ErrorKind::Contradiction(Contradiction::Key { room: copy, other: standing }));
    assert_eq!(chat.refused(elsewhere(rows[1].clone(), copy)).await, ErrorKind::RoomNotFound(copy));

    let RoomRecord::Message(message, hash) = rows[2].clone() else { panic!("{rows:?}") };
    let mut later = message.clone();
    (later.id, later.seq, later.n, later.own_n) = (MessageId::generate(), 4, 3, 3);
    let kind = chat.refused(RoomRecord::Message(later.clone(), hash)).await;
    let gap = Contradiction::Gap { room: standing, seq: 4, there: 2 };
    assert_eq!(kind, ErrorKind::Contradiction(gap));
    (later.seq, later.id) = (3, message.id);
    let kind = chat.refused(RoomRecord::Message(later.clone(), hash)).await;
    assert_eq!(kind, ErrorKind::Contradiction(Contradiction::Message { room: standing, seq: 3 }));
    (later.seq, later.id) = (2, MessageId::generate());
    let kind = chat.refused(RoomRecord::Message(later, hash)).await;
    assert_eq!(kind, ErrorKind::Contradiction(Contradiction::Message { room: standing, seq: 2 }));
    assert_eq!(chat.rows_of(standing).await, rows, "nothing is left behind");
}

pub async fn a_room_that_is_taken_in_holds_its_key_while_it_is_open(chat: Fixture) {
    let source = chat.challenge_item("c1", &["ana"]);
    let room = source.room;
    chat.run(source).await;
    let open = chat.rows_of(room).await;
    chat.run(chat.close_item(room, None)).await;
    let closed = chat.rows_of(room).await;

    let copy = RoomId::generate();
    chat.done(open.iter().cloned().map(|row| elsewhere(row, copy)).collect()).await;
    let kind = chat.refused(chat.challenge_item("c1", &["ben"])).await;
    assert_eq!(kind, ErrorKind::ChallengeRoomExists(copy));
    chat.done(closed.iter().cloned().map(|row| elsewhere(row, copy)).collect()).await;
    assert!(!chat.room(copy).await.active, "it has closed since");
    let another = chat.challenge_item("c1", &["ben"]);
    let holder = another.room;
    chat.run(another).await;
    chat.done(open.iter().cloned().map(|row| elsewhere(row, copy)).collect()).await;
    assert!(!chat.room(copy).await.active, "it never opens again");
    let closed_copy = RoomId::generate();
    chat.done(closed.into_iter().map(|row| elsewhere(row, closed_copy)).collect()).await;
    let kind = chat.refused(chat.challenge_item("c1", &["cho"])).await;
    assert_eq!(kind, ErrorKind::ChallengeRoomExists(holder), "a closed room takes no key");
}

pub async fn marks_and_stays_that_are_taken_in_only_grow(chat: Fixture) {
    let room = chat.create_item(RoomKind::Group, &["ana", "ben"]);
    let id = room.room;
    chat.run(room).await;
    chat.send_many(id, "ana", 6).await;
    let early = chat.member(id, "ben").await;
    chat.mark(id, "ben", Mark::Read, Some(4)).await;
    let marked = chat.member(id, "ben").await;
    let take_in = async |member: &Member| {
        chat.run(RoomRecord::Member(member.clone())).await;
        chat.member(id, "ben").await
    };
    assert_eq!(take_in(&early).await, marked, "an older mark changes nothing");
    let later = Member { read_seq: 5, delivered_seq: 6, read_n: 5, ..marked.clone() };
    let merged = take_in(&later).await;
    assert_eq!((merged.read_seq, merged.delivered_seq, merged.read_n), (5, 6, 5));
    assert_eq!(chat.unread(id, "ben").await, 1);
    assert_eq!(take_in(&marked).await, merged);

    let ended = take_in(&Member { active: false, ..later.clone() }).await;
    assert!(!ended.active && ended.changed_pos > merged.changed_pos);
    assert_eq!((chat.room(id).await.members, chat.active(id).await), (1, vec!["ana".to_owned()]));
    assert_eq!(take_in(&later).await, ended, "a stay that has ended does not go on");
    let back = Member { joined_seq: 6, read_seq: 6, read_n: 6, ..later };
    let back = take_in(&back).await;
    assert!(back.active && back.joined_pos > ended.changed_pos);
    assert_eq!(chat.room(id).await.members, 2);
    assert_eq!(take_in(&ended).await, back, "another stay has begun since");
}

pub async fn a_relation_that_is_taken_in_ends_nothing_later(chat: Fixture) {
    let at = |kind, since| Relation {
        user: user("ana"),
        other: user("ben"),
        kind,
        since: Timestamp::from_millis(since),
    };
    let stored = async || chat.store().relation(&user("ana"), &user("ben")).await.expect("the store reads");
    let friend = at(RelationKind::Friend, 10);
    for _ in 0..2 {
        chat.run(friend.clone()).await;
        assert_eq!(stored().await, Some(friend.clone()));
    }
    assert_eq!(chat.store().relation(&user("ben"), &user("ana")).await.expect("it reads"), None, "one side");
    let blocked = at(RelationKind::Blocked, 20);
    chat.run(blocked.clone()).await;
    chat.run(friend).await;
    assert_eq!(stored().await, Some(blocked));
}

pub async fn reports_are_taken_in_with_what_came_of_them(chat: Fixture) {
    let room = chat.group(&["ana", "ben", "cho"]).await;
    let (mut reports, mut ids) = (Vec::new(), Vec::new());
    for words in ["one", "two", "three"] {
        ids.push(chat.send(room, "ben", words).await.id);
    }
    for (message, by) in [(ids[0], "ana"), (ids[0], "cho"), (ids[1], "ana"), (ids[2], "cho")] {
        let reason = (by == "ana").then(|| "광고\n🦊".to_owned());
        let report = Op::Report { id: ReportId::generate(), message, reason };
        let Answer::Reported(report) = chat.run(chat.item(room, Some(by), report)).await.answer else {
            panic!()
        };
        reports.push(report);
    }
    let resolve = |by: Option<&str>, report: &Report, outcome| {
        chat.item(room, by, Op::Resolve { id: report.id, outcome })
    };
    chat.run(resolve(Some("ana"), &reports[0], ReportOutcome::UserBanned)).await;
    chat.run(resolve(None, &reports[3], ReportOutcome::Dismissed)).await;
    let rows = chat.pages(RecordPage::Reports { room, after: None }).await;
    let of = |row: &Record| match row {
        Record::Room(RoomRecord::Report(report)) => report.clone(),
        other => panic!("{other:?}"),
    };
    let rows: Vec<Report> = rows.iter().map(of).collect();
    assert!(rows.is_sorted_by_key(|report| (report.message, report.by.clone())));
    let resolved = rows.iter().filter(|report| report.resolution.is_some()).map(|report| report.id);
    let expected = BTreeSet::from([reports[0].id, reports[3].id]);
    assert_eq!((rows.len(), resolved.collect::<BTreeSet<_>>()), (4, expected), "those that wait no more too");

    let copy = chat.group(&["dee"]).await;
    let moved = |report: &Report| {
        RoomRecord::Report(Report { id: ReportId::generate(), room: copy, ..report.clone() })
    };
    let moved: Vec<RoomRecord> = rows.iter().map(moved).collect();
    let waits = |row: &RoomRecord| match row {
        RoomRecord::Report(report) => RoomRecord::Report(Report { resolution: None, ..report.clone() }),
        other => panic!("{other:?}"),
    };
    // First while they wait, then with what came of them, and then once more, of an older export.
    let position = chat.position().await;
    let there = async || -> Vec<RoomRecord> {
        let rows = chat.records(RecordPage::Reports { room: copy, after: None }, 1000).await;
        rows.iter().map(|row| RoomRecord::Report(of(row))).collect()
    };
    let waiting: Vec<RoomRecord> = moved.iter().map(waits).collect();
    for (taken, expected) in [(&waiting, &waiting), (&moved, &moved), (&waiting, &moved)] {
        chat.done(taken.clone()).await;
        assert_eq!(there().await, *expected);
    }
    assert_eq!(chat.position().await, position, "nobody is told");
    let queue = chat.store().reports(Some(copy), None, 10).await.expect("the store reads");
    assert_eq!(queue.len(), 2, "those that wait are in the queue");
    let nowhere = RoomId::generate();
    let kind = chat.refused(RoomRecord::Report(Report { room: nowhere, ..Report::clone(&reports[0]) })).await;
    assert_eq!(kind, ErrorKind::RoomNotFound(nowhere));
}
