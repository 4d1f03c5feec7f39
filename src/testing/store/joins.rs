//! Cases about people who wait to come into a room until somebody says whether they do.
#![allow(missing_docs, reason = "the name of a case says what it checks")]

use std::num::NonZeroU32;
use std::time::Duration;

use super::Fixture;
use super::kit::{NO_BOUND, assert_distinct, notice, profile, user};
use crate::clock::Timestamp;
use crate::error::{Contradiction, ErrorKind};
use crate::id::{JoinRequestId, RoomId};
use crate::model::{
    About, Act, Ban, Invite, InviteCode, JoinRequest, Member, Role, RoomKind, SystemKind, Visibility,
};
use crate::store::{
    Admission, Answer, JoinHold, JoinSettlement, Op, Outcome, Queue, Record, RecordPage, RoomItem,
    RoomRecord, Update, What,
};

const MANY: u32 = 1000;

/// The id under which an outcome says that they wait.
fn asked(outcome: &Outcome) -> JoinRequestId {
    let Answer::JoinHeld(id) = outcome.answer else { panic!("nobody waits: {:?}", outcome.answer) };
    assert!(outcome.changes.is_empty() && outcome.relation.is_none(), "nobody is told");
    id
}

/// The room that somebody would come into, held by the host, where so many may wait.
fn held(most: u32) -> Admission {
    let (id, reason) = (JoinRequestId::generate(), Some("새 계정 🦊?".to_owned()));
    Admission::Held(Box::new(JoinHold { id, reason, most }))
}

fn is_forbidden(kind: &ErrorKind) -> bool {
    matches!(kind, ErrorKind::Forbidden(_))
}

impl Fixture {
    /// A public room of these people.
    async fn open_room(&self, people: &[&str]) -> RoomId {
        let about = About { visibility: Visibility::Public, ..About::default() };
        let members = people.iter().map(|id| user(id)).collect();
        let op = Op::Create { kind: RoomKind::Group, name: None, members, about };
        let room = RoomId::generate();
        self.run(self.item(room, people.first().copied(), op)).await;
        room
    }

    fn entry_item(
        &self,
        room: RoomId,
        who: &str,
        by_invite: Option<InviteCode>,
        admission: Admission,
    ) -> RoomItem {
        let notice = notice(SystemKind::Joined, who);
        self.item(room, Some(who), Op::Enter { notice, max_members: NO_BOUND, by_invite, admission })
    }

    fn ask_item(&self, room: RoomId, who: &str) -> RoomItem {
        self.entry_item(room, who, None, held(MANY))
    }

    fn answer_join_item(&self, by: Option<&str>, request: &JoinRequest, how: JoinSettlement) -> RoomItem {
        self.item(request.room, by, Op::SettleJoin { request: Box::new(request.clone()), how })
    }

    fn let_in_item(&self, by: Option<&str>, request: &JoinRequest) -> RoomItem {
        let notice = notice(SystemKind::Joined, request.user.as_str());
        self.answer_join_item(by, request, JoinSettlement::Approve { notice, max_members: NO_BOUND })
    }

    /// Has somebody wait, and reads the request.
    async fn ask(&self, item: RoomItem) -> JoinRequest {
        let room = item.room;
        let id = asked(&self.run(item).await);
        self.asked_one(room, id).await.expect("they wait")
    }

    async fn asked_one(&self, room: RoomId, id: JoinRequestId) -> Option<JoinRequest> {
        self.store().join_request(room, id).await.expect("the store reads")
    }

    async fn asking(&self, queue: Queue) -> Vec<JoinRequestId> {
        let found = self.store().join_requests(queue, None, MANY).await.expect("the store reads");
        found.into_iter().map(|(request, _)| request.id).collect()
    }

    /// Makes a link of ana's that so many may use.
    async fn link_for(&self, room: RoomId, max_uses: u32) -> InviteCode {
        let invite = Invite {
            code: InviteCode::generate(),
            room,
            by: Some(user("ana")),
            created_at: Timestamp::from_millis(7),
            expires_at: None,
            max_uses: NonZeroU32::new(max_uses),
            uses: 0,
            user: None,
        };
        let code = invite.code;
        self.run(self.item(room, Some("ana"), Op::MakeInvite { invite, most: 100 })).await;
        code
    }

    async fn acts_in(&self, room: RoomId) -> Vec<Act> {
        let acts = self.store().audit(room, None, 10).await.expect("the store reads");
        acts.into_iter().map(|entry| entry.act).collect()
    }
}

pub async fn whoever_is_held_waits_and_is_not_in(chat: Fixture) {
    let room = chat.group(&["ana", "cho"]).await;
    chat.put_profile("ben", "Ben", Some("https://example.org/ben.png")).await;
    let code = chat.link_for(room, 3).await;
    let before = (chat.room(room).await, chat.position().await);
    let mut item = chat.entry_item(room, "ben", Some(code), held(1));
    let (at, id) = (item.at, JoinRequestId::generate());
    let reason = Some("광고 \n🦊?".to_owned());
    if let Op::Enter { admission, .. } = &mut item.op {
        *admission = Admission::Held(Box::new(JoinHold { id, reason: reason.clone(), most: 1 }));
    }
    let request = chat.ask(item).await;
    let expected = JoinRequest { id, room, user: user("ben"), invite: Some(code), reason, at };
    assert_eq!(request, expected);
    assert_eq!((chat.room(room).await, chat.position().await), before);
    assert_eq!(chat.membership(room, "ben").await, None);
    assert_eq!(chat.store().invite(code).await.unwrap().map(|link| link.uses), Some(0));
    assert_eq!(chat.asked_one(RoomId::generate(), id).await, None, "it is of its room");
    let [(seen, who)] = &chat.store().join_requests(Queue::All, None, 9).await.unwrap()[..] else {
        panic!("one waits")
    };
    assert_eq!((seen, &*who.nickname), (&expected, "Ben"));
    assert_eq!(who.image.as_deref(), Some("https://example.org/ben.png"));
    // Who is in already waits for nothing.
    assert!(matches!(chat.run(chat.entry_item(room, "cho", None, held(9))).await.answer, Answer::Done));
    let Some(chat) = chat.reopened().await else { return };
    assert_eq!(chat.asked_one(room, id).await, Some(expected));
}

pub async fn whoever_could_not_come_in_now_does_not_wait(chat: Fixture) {
    let (room, private) = (chat.open_room(&["ana"]).await, chat.group(&["ana"]).await);
    let (spent, code) = (chat.link_for(private, 1).await, chat.link_for(private, 9).await);
    chat.run(chat.entry_item(private, "dan", Some(spent), Admission::Allowed)).await;
    let notice = notice(SystemKind::Removed, "eve");
    for room in [room, private] {
        let ban = Ban {
            room,
            user: user("eve"),
            by: None,
            at: Timestamp::from_millis(1),
            until: Timestamp::NEVER,
            reason: None,
        };
        chat.run(chat.item(room, None, Op::Ban { ban, notice: notice.clone() })).await;
    }
    assert_eq!(chat.refused(chat.ask_item(private, "ben")).await, ErrorKind::NotAParticipant(private));
    let gone = RoomId::generate();
    assert_eq!(chat.refused(chat.ask_item(gone, "ben")).await, ErrorKind::RoomNotFound(gone));
    for code in [spent, InviteCode::generate()] {
        let item = chat.entry_item(private, "ben", Some(code), held(MANY));
        assert_eq!(chat.refused(item).await, ErrorKind::InviteNotFound);
    }
    for item in [chat.ask_item(room, "eve"), chat.entry_item(private, "eve", Some(code), held(MANY))] {
        assert!(matches!(chat.refused(item).await, ErrorKind::Banned { .. }));
    }
    let mut full = chat.ask_item(room, "ben");
    if let Op::Enter { max_members, .. } = &mut full.op {
        *max_members = 1;
    }
    assert_eq!(chat.refused(full).await, ErrorKind::RoomFull(1));
    chat.run(chat.close_item(room, None)).await;
    assert_eq!(chat.refused(chat.ask_item(room, "ben")).await, ErrorKind::RoomClosed(room));
    assert!(chat.asking(Queue::All).await.is_empty());
}

pub async fn whoever_asks_again_gets_the_same_answer_whatever_the_host_says(chat: Fixture) {
    let room = chat.open_room(&["ana"]).await;
    let code = chat.link_for(room, 3).await;
    let request = chat.ask(chat.ask_item(room, "ben")).await;
    let refused = Admission::Refused(Box::new(ErrorKind::Unavailable));
    for admission in [Admission::Allowed, refused, held(0)] {
        for by_invite in [None, Some(code)] {
            let again = chat.entry_item(room, "ben", by_invite, admission.clone());
            assert_eq!(asked(&chat.run(again).await), request.id);
        }
    }
    assert_eq!(chat.asked_one(room, request.id).await, Some(request), "nothing has changed");
    // Within a batch too, and somebody else asks for themselves.
    let outcomes = chat.done(["cho", "cho", "dan"].map(|who| chat.ask_item(room, who)).into()).await;
    let ids: Vec<_> = outcomes.iter().map(asked).collect();
    assert!(ids[0] == ids[1] && ids[1] != ids[2]);
    assert_eq!(chat.asking(Queue::Room(room)).await.len(), 3);
    let refused = Admission::Refused(Box::new(ErrorKind::Unavailable));
    let kind = chat.refused(chat.entry_item(room, "eve", None, refused)).await;
    assert_eq!(kind, ErrorKind::Unavailable, "who has not asked is refused");
}

pub async fn whoever_is_let_in_comes_in_at_that_moment(chat: Fixture) {
    let room = chat.group(&["ana"]).await;
    let code = chat.link_for(room, 3).await;
    let request = chat.ask(chat.entry_item(room, "ben", Some(code), held(MANY))).await;
    chat.send(room, "ana", "between").await;
    let item = chat.let_in_item(Some("ana"), &request);
    let at = item.at;
    let outcome = chat.run(item).await;
    let [joined, told] = &outcome.changes[..] else { panic!("{outcome:?}") };
    assert!(matches!(&joined.what, What::Joined(of, who) if of.id == room && who.user == user("ben")));
    assert!(matches!(&told.what, What::Message(message) if message.sender.user == user("ben")));
    let member = chat.member(room, "ben").await;
    assert_eq!((member.active, member.role, member.joined_at), (true, Role::Member, at));
    assert_eq!((member.joined_seq, chat.unread(room, "ben").await), (1, 0));
    assert_eq!(chat.store().invite(code).await.unwrap().map(|link| link.uses), Some(1));
    let acts = chat.store().audit(room, None, 10).await.unwrap();
    assert_eq!((acts.len(), acts[0].act, acts[0].pos), (1, Act::ApproveJoin, joined.pos.at));
    assert_eq!((&acts[0].by, &acts[0].user), (&Some(user("ana")), &Some(user("ben"))));
    assert!(chat.asking(Queue::All).await.is_empty());
    let again = chat.refused(chat.let_in_item(Some("ana"), &request)).await;
    assert_eq!(again, ErrorKind::JoinRequestNotFound(request.id), "once");
    // Two who let somebody in at once: within a batch the second finds nothing.
    let request = chat.ask(chat.entry_item(room, "cho", Some(code), held(MANY))).await;
    let outcomes = chat.commit([Some("ana"), None].map(|by| chat.let_in_item(by, &request)).into()).await;
    assert!(outcomes[0].is_ok() && outcomes[1].is_err());
    // The words are about nobody else.
    let request = chat.ask(chat.entry_item(room, "dan", Some(code), held(MANY))).await;
    let other = JoinSettlement::Approve { notice: notice(SystemKind::Joined, "eve"), max_members: NO_BOUND };
    let kind = chat.refused(chat.answer_join_item(Some("ana"), &request, other)).await;
    assert!(matches!(kind, ErrorKind::Invalid { .. }), "{kind:?}");
}

pub async fn whoever_may_not_come_in_now_waits_on(chat: Fixture) {
    let room = chat.open_room(&["ana"]).await;
    let code = chat.link_for(room, 1).await;
    let (by_link, by_door) = (
        chat.ask(chat.entry_item(room, "ben", Some(code), held(MANY))).await,
        chat.ask(chat.ask_item(room, "cho")).await,
    );
    let let_in = |request| chat.let_in_item(Some("ana"), request);
    chat.run(chat.entry_item(room, "dan", Some(code), Admission::Unasked)).await;
    assert_eq!(chat.refused(let_in(&by_link)).await, ErrorKind::InviteNotFound, "used up meanwhile");
    let notice = notice(SystemKind::Joined, "cho");
    let full = JoinSettlement::Approve { notice, max_members: 2 };
    assert_eq!(
        chat.refused(chat.answer_join_item(Some("ana"), &by_door, full)).await,
        ErrorKind::RoomFull(2)
    );
    let show = |visibility| {
        let update = Update { visibility: Some(visibility), ..Update::default() };
        chat.item(room, None, Op::Update(Box::new(update)))
    };
    chat.run(show(Visibility::Private)).await;
    assert!(is_forbidden(&chat.refused(let_in(&by_door)).await), "and not that it is no participant");
    assert!(is_forbidden(&chat.refused(chat.let_in_item(None, &by_door)).await), "nor does the host");
    chat.run(show(Visibility::Public)).await;
    chat.run(chat.close_item(room, None)).await;
    assert_eq!(chat.refused(let_in(&by_door)).await, ErrorKind::RoomClosed(room));
    let acts = chat.acts_in(room).await;
    assert!(!acts.contains(&Act::ApproveJoin), "nothing is left behind: {acts:?}");
    assert_eq!(chat.asking(Queue::Room(room)).await.len(), 2);
    chat.run(chat.item(room, None, Op::Reopen { kind: RoomKind::Group })).await;
    chat.run(let_in(&by_door)).await;
    assert_eq!(chat.asking(Queue::All).await, [by_link.id]);
}

pub async fn only_who_moderates_lets_people_in_and_only_who_asks_withdraws(chat: Fixture) {
    let room = chat.open_room(&["ana", "cho"]).await;
    let request = chat.ask(chat.ask_item(room, "ben")).await;
    let reject = || JoinSettlement::Reject(Some("no".into()));
    for item in
        [chat.let_in_item(Some("cho"), &request), chat.answer_join_item(Some("cho"), &request, reject())]
    {
        assert!(is_forbidden(&chat.refused(item).await));
    }
    for item in
        [chat.let_in_item(Some("ben"), &request), chat.answer_join_item(Some("ben"), &request, reject())]
    {
        assert_eq!(chat.refused(item).await, ErrorKind::NotAParticipant(room), "nobody lets themselves in");
    }
    for by in ["ana", "cho"] {
        let kind = chat.refused(chat.answer_join_item(Some(by), &request, JoinSettlement::Withdraw)).await;
        assert_eq!(kind, ErrorKind::JoinRequestNotFound(request.id), "it is not theirs");
    }
    let elsewhere = chat.open_room(&["cho"]).await;
    let item = RoomItem { room: elsewhere, ..chat.answer_join_item(Some("cho"), &request, reject()) };
    assert_eq!(chat.refused(item).await, ErrorKind::JoinRequestNotFound(request.id), "of another room");
    let position = chat.position().await;
    let withdraw = |request| chat.answer_join_item(Some("ben"), request, JoinSettlement::Withdraw);
    assert!(chat.run(withdraw(&request)).await.changes.is_empty());
    assert_eq!(chat.position().await, position, "of a withdrawal nothing is left");
    // Who asks anew waits by another request, within a batch too, and what was said of the first is not said of it.
    let second = chat.ask(chat.ask_item(room, "ben")).await;
    assert_ne!(second.id, request.id);
    for item in [withdraw(&request), chat.let_in_item(Some("ana"), &request)] {
        assert_eq!(chat.refused(item).await, ErrorKind::JoinRequestNotFound(request.id));
    }
    let outcomes = chat.done(vec![withdraw(&second), chat.ask_item(room, "ben")]).await;
    let third = asked(&outcomes[1]);
    assert_eq!(chat.asking(Queue::All).await, [third]);
}

pub async fn who_is_rejected_is_noted_and_may_ask_again(chat: Fixture) {
    let room = chat.open_room(&["ana"]).await;
    let request = chat.ask(chat.ask_item(room, "ben")).await;
    let reject = JoinSettlement::Reject(Some("회원만\n🦊".into()));
    let outcome = chat.run(chat.answer_join_item(Some("ana"), &request, reject)).await;
    assert!(
        matches!(&outcome.changes[..], [change] if matches!(change.what, What::Untold(of) if of == room))
    );
    assert_eq!(chat.membership(room, "ben").await, None);
    let acts = chat.store().audit(room, None, 10).await.unwrap();
    assert_eq!((acts.len(), acts[0].act, &acts[0].user), (1, Act::RejectJoin, &Some(user("ben"))));
    assert_eq!((acts[0].reason.as_deref(), &acts[0].by), (Some("회원만\n🦊"), &Some(user("ana"))));
    let again = chat.ask(chat.ask_item(room, "ben")).await;
    chat.run(chat.answer_join_item(None, &again, JoinSettlement::Withdraw)).await;
    assert_eq!(chat.acts_in(room).await.len(), 1, "what the host lets go is not noted");
    assert!(chat.asking(Queue::All).await.is_empty());
}

pub async fn so_many_people_wait_for_a_room(chat: Fixture) {
    let (room, other) = (chat.open_room(&["ana"]).await, chat.open_room(&["ana"]).await);
    let item = |room, who| chat.entry_item(room, who, None, held(2));
    let is_full = |kind: &ErrorKind| matches!(kind, ErrorKind::RateLimited(after) if *after > Duration::ZERO);
    let outcomes = chat.commit(["ben", "cho", "dan"].map(|who| item(room, who)).into()).await;
    assert!(outcomes[0].is_ok() && outcomes[1].is_ok());
    assert!(is_full(outcomes[2].as_ref().unwrap_err().kind()), "within a batch");
    assert!(is_full(&chat.refused(item(room, "eve")).await));
    chat.run(item(other, "eve")).await;
    asked(&chat.run(item(room, "ben")).await);
    let first = chat.asked_one(room, asked(&outcomes[0].as_ref().unwrap().clone())).await.unwrap();
    let withdraw = chat.answer_join_item(Some("ben"), &first, JoinSettlement::Withdraw);
    let outcomes = chat.commit(vec![withdraw, item(room, "dan"), item(room, "eve")]).await;
    assert!(outcomes[1].is_ok() && outcomes[2].is_err());
}

pub async fn those_who_wait_come_oldest_first_and_in_pages(chat: Fixture) {
    let rooms = [chat.open_room(&["ana"]).await, chat.open_room(&["ana"]).await];
    let mut all = Vec::new();
    for n in 0..9 {
        let room = rooms[usize::from(n % 3 == 0)];
        let who = if n < 2 { "ben".to_owned() } else { format!("u{n}") };
        all.push(chat.ask(chat.ask_item(room, &who)).await);
    }
    all.sort_by_key(|request| request.id);
    let of = |is_meant: &dyn Fn(&JoinRequest) -> bool| -> Vec<JoinRequestId> {
        all.iter().filter(|request| is_meant(request)).map(|request| request.id).collect()
    };
    let queues = [
        (Queue::All, of(&|_| true)),
        (Queue::Room(rooms[0]), of(&|request| request.room == rooms[0])),
        (Queue::Sender(user("ben")), of(&|request| request.user == user("ben"))),
        (Queue::Sender(user("eve")), Vec::new()),
    ];
    for (queue, expected) in queues {
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = chat.store().join_requests(queue.clone(), after, 2).await.unwrap();
            seen.extend(page.iter().map(|(request, _)| request.id));
            after = page.last().map(|(request, _)| request.id);
            if page.len() < 2 {
                break;
            }
        }
        assert_distinct(&seen);
        assert_eq!(seen, expected, "{queue:?}");
    }
}

pub async fn who_comes_in_another_way_or_is_banned_waits_no_more(chat: Fixture) {
    let room = chat.open_room(&["ana"]).await;
    let people = ["ben", "cho", "dan", "eve", "fay", "gus"];
    for who in people {
        chat.ask(chat.ask_item(room, who)).await;
    }
    let waiting = async || {
        let found = chat.store().join_requests(Queue::Room(room), None, MANY).await.unwrap();
        let mut users: Vec<String> = found.iter().map(|(request, _)| request.user.to_string()).collect();
        users.sort();
        users
    };
    chat.run(chat.join_item(room, Some("ana"), &["ben"], NO_BOUND)).await;
    assert_eq!(waiting().await, people[1..], "added by somebody");
    chat.run(chat.entry_item(room, "cho", None, Admission::Unasked)).await;
    assert_eq!(waiting().await, people[2..], "by an engine that asks nobody");
    let ban = |who: &str| Ban {
        room,
        user: user(who),
        by: Some(user("ana")),
        at: Timestamp::from_millis(1),
        until: Timestamp::NEVER,
        reason: None,
    };
    let op = Op::Ban { ban: ban("dan"), notice: notice(SystemKind::Removed, "dan") };
    chat.run(chat.item(room, Some("ana"), op)).await;
    assert_eq!(waiting().await, people[3..], "banned");
    assert_eq!(chat.membership(room, "dan").await, None);
    let member = Member { user: user("eve"), ..chat.member(room, "cho").await };
    let later = Ban { at: Timestamp::NEVER, ..ban("fay") };
    let rows = [RoomRecord::Member(member), RoomRecord::Ban(later)];
    chat.done(rows.map(|row| chat.item(room, None, Op::Import(Box::new(row)))).into()).await;
    assert_eq!(waiting().await, ["gus"], "taken in from another store, as a member and as banned");
    // Who leaves again waits for nothing.
    chat.run(chat.leave_item(room, "ben")).await;
    assert_eq!(waiting().await, ["gus"]);
    chat.run(chat.item(room, None, Op::SetRole { about: profile("cho"), role: Role::Owner })).await;
    assert_eq!(waiting().await, ["gus"]);
}

pub async fn what_waits_for_a_room_goes_with_it(chat: Fixture) {
    let (room, other) = (chat.open_room(&["ana"]).await, chat.open_room(&["ana"]).await);
    let request = chat.ask(chat.ask_item(room, "ben")).await;
    let kept = chat.ask(chat.ask_item(other, "ben")).await;
    // What is asked in the batch of its end too.
    let items =
        vec![chat.ask_item(room, "cho"), chat.item(room, None, Op::Delete), chat.ask_item(room, "dan")];
    let outcomes = chat.commit(items).await;
    assert_eq!(outcomes[2].as_ref().unwrap_err().kind(), &ErrorKind::RoomNotFound(room));
    assert_eq!(chat.asking(Queue::All).await, [kept.id]);
    assert_eq!(chat.asked_one(room, request.id).await, None);
    let withdraw = chat.answer_join_item(None, &request, JoinSettlement::Withdraw);
    assert_eq!(chat.refused(withdraw).await, ErrorKind::RoomNotFound(room));
}

pub async fn who_waits_elsewhere_waits_here_until_somebody_says_whether_they_come_in(chat: Fixture) {
    let (room, copy) = (chat.open_room(&["ana"]).await, chat.open_room(&["dee"]).await);
    let code = chat.link_for(room, 3).await;
    for who in ["ben", "김철수", "eve", "fay"] {
        chat.ask(chat.ask_item(room, who)).await;
    }
    chat.ask(chat.entry_item(room, "gus", Some(code), held(MANY))).await;
    let of = |row: Record| match row {
        Record::Room(RoomRecord::JoinRequest(request)) => request,
        other => panic!("{other:?}"),
    };
    let rows = chat.pages(RecordPage::JoinRequests { room, after: None }).await;
    let rows: Vec<JoinRequest> = rows.into_iter().map(of).collect();
    let read = chat.store().join_requests(Queue::Room(room), None, MANY).await.expect("the store reads");
    assert_eq!(rows, read.into_iter().map(|(request, _)| request).collect::<Vec<_>>());
    assert_eq!((rows.len(), rows.iter().filter(|request| request.invite == Some(code)).count()), (5, 1));

    let asked_at = Timestamp::from_millis(1_700_000_000_000);
    let moved = |request: &JoinRequest| JoinRequest {
        id: JoinRequestId::generate(),
        room: copy,
        at: asked_at,
        ..request.clone()
    };
    let moved: Vec<JoinRequest> = rows.iter().map(moved).collect();
    let of = |who: &str| moved.iter().find(|request| request.user == user(who)).expect("they wait");
    let row = |request: &JoinRequest| RoomRecord::JoinRequest(request.clone());
    let waits = async |who: &str| {
        let found = chat.store().join_requests(Queue::Room(copy), None, MANY).await.expect("the store reads");
        found.into_iter().map(|(request, _)| request).find(|request| request.user == user(who))
    };
    let position = chat.position().await;
    for _ in 0..2 {
        chat.done(moved.iter().map(row).collect()).await;
        for request in &moved {
            assert_eq!(waits(request.user.as_str()).await.as_ref(), Some(request));
        }
        assert_eq!(chat.asking(Queue::Room(copy)).await.len(), 5);
    }
    assert_eq!(chat.position().await, position, "nobody is told");
    // They count, and get the same answer.
    let full = chat.refused(chat.entry_item(copy, "hal", None, held(5))).await;
    assert!(matches!(full, ErrorKind::RateLimited(_)), "{full:?}");
    assert_eq!(asked(&chat.run(chat.entry_item(copy, "ben", None, held(5))).await), of("ben").id);

    // Of two the later one holds.
    let at = |seconds: i64| Timestamp::from_millis(asked_at.as_millis() + seconds * 1000);
    let again = JoinRequest { id: JoinRequestId::generate(), at: at(9), ..of("ben").clone() };
    for request in [&again, of("ben"), &again] {
        chat.run(row(request)).await;
        assert_eq!(waits("ben").await.as_ref(), Some(&again));
    }

    // Who came in, or was banned, after it: not who was before.
    let member = |who: &str, active: bool, joined_at: Timestamp| {
        let members = chat.member(copy, "dee");
        let user = user(who);
        async move { RoomRecord::Member(Member { user, active, joined_at, role: Role::Member, ..members.await }) }
    };
    let ban = |who: &str, at: Timestamp| {
        RoomRecord::Ban(Ban { room: copy, user: user(who), by: None, at, until: at, reason: None })
    };
    chat.run(member("ben", false, at(8)).await).await;
    chat.run(ban("fay", at(-1))).await;
    assert!(waits("ben").await.is_some() && waits("fay").await.is_some(), "they asked after that");
    chat.run(member("ben", true, at(9)).await).await;
    assert!(waits("ben").await.is_none(), "in, as the room was");
    chat.run(member("eve", false, at(1)).await).await;
    chat.run(ban("fay", at(1))).await;
    for who in ["eve", "fay"] {
        assert!(waits(who).await.is_none(), "{who}, after it");
        chat.run(row(of(who))).await;
        assert!(waits(who).await.is_none(), "{who}, whose request comes once more");
    }
    // The stay that began before it has ended where it was made, as comes behind it.
    chat.run(row(&again)).await;
    assert!(waits("ben").await.is_some());
    chat.run(member("ben", false, at(9)).await).await;
    assert!(waits("ben").await.is_some());

    // What is another's, or has no place.
    let refused = async |request: JoinRequest| {
        let (room, id) = (request.room, request.id);
        let kind = chat.refused(RoomRecord::JoinRequest(request)).await;
        assert_eq!(kind, ErrorKind::Contradiction(Contradiction::JoinRequest { room, id }));
    };
    refused(JoinRequest { room: copy, ..rows[0].clone() }).await;
    refused(JoinRequest { user: user("hal"), ..of("gus").clone() }).await;
    let direct = chat.direct("ana", "ben").await;
    refused(JoinRequest { id: JoinRequestId::generate(), room: direct, ..of("gus").clone() }).await;
    let id = JoinRequestId::generate();
    let two = ["hal", "ida"].map(|who| JoinRequest { user: user(who), id, ..of("gus").clone() });
    let outcomes = chat.commit(two.iter().map(row).collect()).await;
    assert!(outcomes[0].is_ok() && outcomes[1].is_err(), "an id is one request's");
    let nowhere = RoomId::generate();
    let kind = chat.refused(row(&JoinRequest { room: nowhere, ..of("gus").clone() })).await;
    assert_eq!(kind, ErrorKind::RoomNotFound(nowhere));

    let Some(chat) = chat.reopened().await else { return };
    assert_eq!(chat.asked_one(copy, of("gus").id).await.as_ref(), Some(of("gus")));
    assert_eq!(chat.asking(Queue::Room(room)).await.len(), 5);
    chat.run(chat.let_in_item(None, of("김철수"))).await;
    assert!(chat.member(copy, "김철수").await.active);
}

pub async fn who_waits_and_is_in_is_let_in_and_waits_no_more(chat: Fixture) {
    let room = chat.open_room(&["ana", "ben"]).await;
    let at = Timestamp::NEVER;
    let id = JoinRequestId::generate();
    let request = JoinRequest { id, room, user: user("ben"), invite: None, reason: None, at };
    chat.run(RoomRecord::JoinRequest(request.clone())).await;
    assert!(chat.run(chat.let_in_item(Some("ana"), &request)).await.changes.is_empty());
    assert_eq!(chat.asked_one(room, id).await, None);
    assert!(chat.acts_in(room).await.is_empty());
}
