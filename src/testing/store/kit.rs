//! What the cases are written with.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::Fixture;
use crate::clock::Timestamp;
use crate::error::{ErrorKind, Result};
use crate::id::{MessageId, RoomId, UserId};
use crate::model::{
    About, Body, Custom, Mark, Member, Message, Position, Profile, Room, RoomKind, SystemKind,
};
use crate::store::{
    Answer, Batch, Item, Notice, Op, Outcome, Refers, RelationItem, RelationOp, RoomItem, Ruling, Store,
};

pub(super) const NO_BOUND: u32 = u32::MAX;

pub(super) fn user(id: &str) -> UserId {
    id.parse().expect("the case names a good user id")
}

pub(super) fn profile(id: &str) -> Profile {
    Profile::unknown(user(id))
}

pub(super) fn text(words: &str) -> Body {
    Body::Text(words.into())
}

pub(super) fn notice(kind: SystemKind, about: &str) -> Notice {
    let body = Body::System { kind, text: format!("{kind:?} {about}").into() };
    Notice { id: MessageId::generate(), about: profile(about), body }
}

/// The text of a name.
pub(super) fn named(name: &str) -> Option<Arc<str>> {
    Some(name.into())
}

/// Fails when a value comes twice.
pub(super) fn assert_distinct<T: Eq + std::hash::Hash + std::fmt::Debug>(values: &[T]) {
    let mut seen = HashSet::new();
    for value in values {
        assert!(seen.insert(value), "{value:?} comes twice");
    }
}

/// Random numbers that are the same in each run.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    /// A number below `sides`.
    pub(super) fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % sides
    }

    pub(super) fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.roll(of.len() as u64) as usize]
    }
}

/// More pages than any list of the suite has: a store that repeats a page fails its case, and does not
/// keep it for ever.
pub(super) const PAGES: usize = 200;

/// Items, each a millisecond after the one before it.
impl Fixture {
    pub(super) fn store(&self) -> &dyn Store {
        &*self.store
    }

    pub(super) fn item(&self, room: RoomId, by: Option<&str>, op: Op) -> RoomItem {
        let at = Timestamp::from_millis(self.now.fetch_add(1, Ordering::Relaxed));
        RoomItem { room, at, by: by.map(user), op }
    }

    /// Makes a room under a new id; the first of the people owns it.
    pub(super) fn create_item(&self, kind: RoomKind, people: &[&str]) -> RoomItem {
        let members = people.iter().map(|id| user(id)).collect();
        let op = Op::Create { kind, name: None, members, about: About::default() };
        self.item(RoomId::generate(), people.first().copied(), op)
    }

    pub(super) fn direct_item(&self, by: &str, other: &str) -> RoomItem {
        self.create_item(RoomKind::direct(user(by), user(other)), &[by, other])
    }

    pub(super) fn challenge_item(&self, challenge: &str, people: &[&str]) -> RoomItem {
        let challenge = challenge.parse().expect("the case names a good challenge");
        self.create_item(RoomKind::Challenge(challenge), people)
    }

    pub(super) fn body_item(&self, room: RoomId, sender: &str, body: Body, client: Option<&str>) -> RoomItem {
        let client_id = client.map(|id| id.parse().expect("the case names a good client id"));
        let (id, sender_profile) = (MessageId::generate(), profile(sender));
        let op = Op::Send {
            id,
            sender: sender_profile,
            body,
            client_id,
            origin: None,
            attachments: Vec::new(),
            writing_until: None,
            refers: Refers::default(),
            custom: Custom::default(),
            ruling: Ruling::default(),
        };
        self.item(room, Some(sender), op)
    }

    pub(super) fn send_item(&self, room: RoomId, sender: &str, words: &str) -> RoomItem {
        self.body_item(room, sender, text(words), None)
    }

    pub(super) fn send_as_item(&self, room: RoomId, sender: &str, words: &str, client: &str) -> RoomItem {
        self.body_item(room, sender, text(words), Some(client))
    }

    pub(super) fn join_item(
        &self,
        room: RoomId,
        by: Option<&str>,
        people: &[&str],
        max_members: u32,
    ) -> RoomItem {
        let users = people.iter().map(|id| notice(SystemKind::Joined, id)).collect();
        self.item(room, by, Op::Join { users, max_members })
    }

    pub(super) fn leave_item(&self, room: RoomId, who: &str) -> RoomItem {
        self.item(room, Some(who), Op::Part { notice: notice(SystemKind::Left, who) })
    }

    pub(super) fn remove_item(&self, room: RoomId, by: Option<&str>, who: &str) -> RoomItem {
        self.item(room, by, Op::Part { notice: notice(SystemKind::Removed, who) })
    }

    pub(super) fn rename_item(&self, room: RoomId, by: Option<&str>, about: &str, name: &str) -> RoomItem {
        let notice = notice(SystemKind::Renamed, about);
        self.item(room, by, Op::Rename { name: named(name), notice })
    }

    pub(super) fn close_item(&self, room: RoomId, by: Option<&str>) -> RoomItem {
        self.item(room, by, Op::Close)
    }

    pub(super) fn relation_item(&self, who: &str, op: RelationOp, other: &str) -> RelationItem {
        let at = Timestamp::from_millis(self.now.fetch_add(1, Ordering::Relaxed));
        RelationItem { at, user: profile(who), other: profile(other), op }
    }

    pub(super) fn mark_item(&self, room: RoomId, who: &str, mark: Mark, to: Option<u64>) -> RoomItem {
        self.item(room, Some(who), Op::Mark { mark, to })
    }
}

/// Commits.
impl Fixture {
    pub(super) async fn commit(&self, items: Vec<impl Into<Item>>) -> Vec<Result<Outcome>> {
        let count = items.len();
        let batch = Batch::of(items);
        let outcomes = self.store.commit(batch).await.expect("the store commits");
        assert_eq!(outcomes.len(), count, "an outcome for each item");
        outcomes
    }

    /// Commits items of which each must be done.
    pub(super) async fn done(&self, items: Vec<impl Into<Item>>) -> Vec<Outcome> {
        let outcomes: Result<_> = self.commit(items).await.into_iter().collect();
        outcomes.expect("each item is done")
    }

    pub(super) async fn run(&self, item: impl Into<Item>) -> Outcome {
        self.done(vec![item]).await.remove(0)
    }

    /// Commits an item that must be refused.
    pub(super) async fn refused(&self, item: impl Into<Item>) -> ErrorKind {
        let outcome = self.commit(vec![item]).await.remove(0);
        outcome.expect_err("the item is refused").kind().clone()
    }

    pub(super) async fn group(&self, people: &[&str]) -> RoomId {
        self.created(self.create_item(RoomKind::Group, people)).await
    }

    pub(super) async fn direct(&self, by: &str, other: &str) -> RoomId {
        self.created(self.direct_item(by, other)).await
    }

    async fn created(&self, item: RoomItem) -> RoomId {
        let id = item.room;
        self.run(item).await;
        id
    }

    pub(super) async fn send(&self, room: RoomId, sender: &str, words: &str) -> Arc<Message> {
        sent(&self.run(self.send_item(room, sender, words)).await)
    }

    /// Sends messages in one batch.
    pub(super) async fn send_many(&self, room: RoomId, sender: &str, count: usize) {
        let item = |n| self.send_item(room, sender, &format!("message {n}"));
        self.done((0..count).map(item).collect()).await;
    }

    /// Moves a mark, and gives the unread count that is answered.
    pub(super) async fn mark(&self, room: RoomId, who: &str, mark: Mark, to: Option<u64>) -> u64 {
        marked(&self.run(self.mark_item(room, who, mark, to)).await).1
    }

    pub(super) async fn put_profile(&self, id: &str, nickname: &str, image: Option<&str>) {
        let new = Profile { user: user(id), nickname: nickname.into(), image: image.map(Into::into) };
        let batch = Batch { profiles: vec![new], ..Batch::default() };
        self.store.commit(batch).await.expect("the store commits");
    }
}

/// Reads.
impl Fixture {
    pub(super) async fn position(&self) -> Position {
        self.store.position().await.expect("the store reads").position
    }

    pub(super) async fn room(&self, room: RoomId) -> Room {
        let found = self.store.membership(room, &user("nobody")).await.expect("the store reads");
        found.expect("the room is there").0
    }

    /// A membership, past or present.
    pub(super) async fn membership(&self, room: RoomId, who: &str) -> Option<Member> {
        self.store.membership(room, &user(who)).await.expect("the store reads").and_then(|(_, member)| member)
    }

    pub(super) async fn member(&self, room: RoomId, who: &str) -> Member {
        self.membership(room, who).await.expect("the membership is there")
    }

    pub(super) async fn unread(&self, room: RoomId, who: &str) -> u64 {
        self.member(room, who).await.unread_in(&self.room(room).await)
    }

    /// All messages of a room.
    pub(super) async fn history(&self, room: RoomId) -> Vec<Message> {
        self.store.messages(room, 1..=u64::MAX).await.expect("the store reads")
    }

    pub(super) async fn active(&self, room: RoomId) -> Vec<String> {
        let members = self.store.members(room, None, 1000).await.expect("the store reads");
        members.iter().map(|entry| entry.member.user.to_string()).collect()
    }
}

/// The message that an outcome answers with.
pub(super) fn sent(outcome: &Outcome) -> Arc<Message> {
    let Answer::Message(message) = &outcome.answer else { panic!("no message: {:?}", outcome.answer) };
    Arc::clone(message)
}

/// The membership and the unread count that an outcome answers with.
pub(super) fn marked(outcome: &Outcome) -> (Arc<Member>, u64) {
    let Answer::Marked { member, unread } = &outcome.answer else { panic!("no mark: {:?}", outcome.answer) };
    (Arc::clone(member), *unread)
}
