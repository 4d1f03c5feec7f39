//! Cases about who follows a thread, and how far they have read it.
#![allow(missing_docs, reason = "the name of a case says what it checks")]

use std::sync::Arc;
use std::time::Duration;

use super::Fixture;
use super::kit::{Dice, PAGES, sent, user};
use crate::error::{Contradiction, ErrorKind};
use crate::id::{MessageId, RoomId};
use crate::model::{Follow, Mark, Message, Retention, ThreadCursor};
use crate::store::{
    Amend, Answer, Change, FollowedThread, Hold, Op, Outcome, Record, RecordPage, Reply, RoomItem,
    RoomRecord, Ruling, Settlement, What,
};

const MOST: u32 = 3;

impl Fixture {
    fn reply_with(&self, who: &str, root: &Message, most: u32) -> RoomItem {
        let mut item = self.send_item(root.room, who, "a reply");
        if let Op::Send { refers, .. } = &mut item.op {
            refers.thread = Some(Box::new(Reply { root: root.id, in_room: false, max_followed: most }));
        }
        item
    }

    async fn reply_following(&self, who: &str, root: &Message) -> Arc<Message> {
        sent(&self.run(self.reply_with(who, root, MOST)).await)
    }

    fn follow_item(&self, who: &str, root: &Message, on: bool) -> RoomItem {
        self.item(root.room, Some(who), Op::Follow { message: root.id, on, most: MOST })
    }

    async fn set_followed(&self, who: &str, root: &Message, on: bool) -> Outcome {
        self.run(self.follow_item(who, root, on)).await
    }

    fn read_item(&self, who: &str, root: &Message, to: Option<u64>) -> RoomItem {
        self.item(root.room, Some(who), Op::ReadThread { message: root.id, to })
    }

    async fn read_thread(&self, who: &str, root: &Message, to: Option<u64>) -> Outcome {
        self.run(self.read_item(who, root, to)).await
    }

    async fn follow_of(&self, who: &str, root: &Message) -> Option<Follow> {
        self.store().follow(root.room, root.seq, &user(who)).await.expect("the store reads")
    }

    /// Up to where they have read, where they follow it.
    async fn follows(&self, who: &str, root: &Message) -> Option<u64> {
        self.follow_of(who, root).await.filter(|follow| follow.following).map(|follow| follow.read_seq)
    }

    async fn unread_in(&self, who: &str, root: &Message, above: u64) -> u64 {
        let threads = [(root.room, root.seq, above)];
        let counts = self.store().unread_replies(&user(who), &threads).await.expect("the store reads");
        let [unread] = counts[..] else { panic!("one count: {counts:?}") };
        unread
    }

    /// All that they follow, read in pages of so many.
    async fn threads_of(&self, who: &str, limit: u32) -> Vec<FollowedThread> {
        let (mut before, mut all) = (None, Vec::new());
        for _ in 0..PAGES {
            let page = self.store().followed_threads(&user(who), before, limit).await;
            let page = page.expect("the store reads");
            assert!(page.len() <= limit as usize);
            let Some(last) = page.last() else { return all };
            let (room, root_seq) = (last.follow.room, last.follow.root_seq);
            before = Some(ThreadCursor { at: last.active_at, room, root_seq });
            all.extend(page);
        }
        panic!("the pages have no end");
    }

    async fn roots_of(&self, who: &str) -> Vec<MessageId> {
        let whole = self.threads_of(who, 100).await;
        assert_eq!(self.threads_of(who, 1).await, whole, "in pages");
        whole.iter().map(|thread| thread.root.id).collect()
    }

    async fn all_follows(&self, who: &str, limit: u32) -> Vec<Follow> {
        let (mut after, mut all) = (None, Vec::new());
        for _ in 0..PAGES {
            let page = self.store().follows(&user(who), after, limit).await.expect("the store reads");
            let Some(last) = page.last() else { return all };
            after = Some((last.room, last.root_seq));
            all.extend(page);
        }
        panic!("the pages have no end");
    }
}

/// What the changes of an outcome say of who follows.
fn told(outcome: &Outcome) -> Vec<(&str, bool, u64)> {
    let told = outcome.changes.iter().filter_map(|change| match &change.what {
        What::Thread { follow, .. } => Some((follow.user.as_str(), follow.following, follow.read_seq)),
        _ => None,
    });
    told.collect()
}

fn answered(outcome: &Outcome) -> Option<&Follow> {
    match &outcome.answer {
        Answer::Thread(follow) => follow.as_deref(),
        other => panic!("no thread: {other:?}"),
    }
}

pub async fn whoever_replies_follows_and_so_does_who_sent_the_root_from_the_first_reply_on(chat: Fixture) {
    let room = chat.group(&["ana", "ben", "cho", "dee"]).await;
    let root = chat.send(room, "ana", "who runs?").await;
    assert_eq!(chat.follow_of("ana", &root).await, None);
    let outcome = chat.run(chat.reply_with("ben", &root, MOST)).await;
    let reply = sent(&outcome);
    // Beyond their own reply, and beyond the root: the first reply is new to its author.
    assert_eq!(told(&outcome), [("ben", true, reply.seq), ("ana", true, root.seq)]);
    let positions: Vec<(u64, u64)> =
        outcome.changes.iter().map(|change| (change.prev, change.pos.at)).collect();
    assert!(positions.windows(2).all(|pair| pair[1] == (pair[0].1, pair[0].1 + 1)), "{positions:?}");
    let last = outcome.changes.last().expect("there are some");
    assert_eq!((chat.room(room).await.last_pos, chat.position().await.of_room(room)), {
        (last.pos.at, last.pos.at)
    });
    assert_eq!(chat.room(room).await.threads_pos, last.pos.at);
    let What::Thread { follow, by_reply: true } = &last.what else { panic!("{last:?}") };
    let follow = &**follow;
    assert_eq!(chat.follow_of("ana", &root).await.as_ref(), Some(follow));
    assert_eq!((follow.root, follow.root_seq, follow.pos), (root.id, root.seq, last.pos.at));
    assert_eq!((chat.unread_in("ana", &root, root.seq).await, follow.since), (1, reply.created_at));
    // Who follows already pays nothing more, and a second one brings nobody else.
    let outcome = chat.run(chat.reply_with("ben", &root, MOST)).await;
    assert_eq!((outcome.changes.len(), told(&outcome)), (2, vec![]));
    let outcome = chat.run(chat.reply_with("cho", &root, MOST)).await;
    assert_eq!(told(&outcome), [("cho", true, sent(&outcome).seq)]);
    assert_eq!(chat.follows("dee", &root).await, None);
    // Of one's own thread alone, and where nobody is to follow.
    let own = chat.send(room, "dee", "and who swims?").await;
    let outcome = chat.run(chat.reply_with("dee", &own, MOST)).await;
    assert_eq!(told(&outcome), [("dee", true, sent(&outcome).seq)]);
    let untold = chat.send(room, "dee", "and who flies?").await;
    let outcome = chat.run(chat.reply_with("cho", &untold, 0)).await;
    assert_eq!((outcome.changes.len(), chat.follow_of("cho", &untold).await), (2, None));
    // The root and its replies in one batch.
    let first = chat.send_item(room, "ana", "who sleeps?");
    let Op::Send { id, .. } = first.op else { panic!("it sends") };
    let asked = Message { id, ..(*root).clone() };
    let replies = [chat.reply_with("ben", &asked, MOST), chat.reply_with("ben", &asked, MOST)];
    let outcomes = chat.done([vec![first], replies.into()].concat()).await;
    let new = sent(&outcomes[0]);
    assert_eq!(told(&outcomes[1]), [("ben", true, new.seq + 1), ("ana", true, new.seq)]);
    assert_eq!((told(&outcomes[2]), chat.follows("ana", &new).await), (vec![], Some(new.seq)));
}

pub async fn who_left_a_thread_off_follows_it_again_by_a_reply_of_their_own_alone(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let root = chat.send(room, "ana", "who runs?").await;
    chat.reply_following("ben", &root).await;
    let outcome = chat.set_followed("ana", &root, false).await;
    assert_eq!((told(&outcome), answered(&outcome).map(|follow| follow.following)), {
        (vec![("ana", false, root.seq)], Some(false))
    });
    assert!(chat.set_followed("ana", &root, false).await.changes.is_empty(), "it stands");
    assert_eq!(told(&chat.run(chat.reply_with("ben", &root, MOST)).await), []);
    assert_eq!((chat.follows("ana", &root).await, chat.roots_of("ana").await), (None, vec![]));
    let own = chat.reply_following("ana", &root).await;
    assert_eq!(
        (chat.follows("ana", &root).await, chat.roots_of("ana").await),
        (Some(own.seq), vec![root.id])
    );
    // Before there is a reply too: the first one does not have its author follow it.
    let quiet = chat.send(room, "ana", "who swims?").await;
    assert_eq!(told(&chat.set_followed("ana", &quiet, false).await), [("ana", false, 0)]);
    assert!(
        chat.set_followed("ben", &quiet, false).await.changes.is_empty(),
        "nothing would have them follow it"
    );
    assert_eq!(chat.follow_of("ben", &quiet).await, None);
    let outcome = chat.run(chat.reply_with("ben", &quiet, MOST)).await;
    assert_eq!(told(&outcome), [("ben", true, sent(&outcome).seq)]);
    // Who follows again has still to read what comes then, and no more.
    chat.set_followed("ana", &quiet, true).await;
    assert_eq!(chat.follows("ana", &quiet).await, Some(chat.room(room).await.seq));
    assert!(chat.set_followed("ana", &quiet, true).await.changes.is_empty(), "it stands");
}

pub async fn a_participant_follows_what_is_or_may_be_a_thread(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let root = chat.send(room, "ana", "who runs?").await;
    let reply = chat.reply_following("ben", &root).await;
    chat.run(chat.join_item(room, Some("ana"), &["cho"], 10)).await;
    let history = chat.history(room).await;
    let notice = history.last().expect("somebody joined");
    let lone = chat.send(room, "ana", "hm").await;
    for message in [&root, &lone] {
        chat.run(chat.item(
            room,
            Some("ana"),
            Op::Amend { message: message.id, change: Amend::Delete { within: None } },
        ))
        .await;
    }
    let nowhere = Message { id: MessageId::generate(), ..(*root).clone() };
    for refused in [true, false] {
        let follow = |message: &Message| chat.follow_item("cho", message, refused);
        assert!(matches!(chat.refused(follow(&reply)).await, ErrorKind::Forbidden(_)), "a reply");
        assert!(matches!(chat.refused(follow(notice)).await, ErrorKind::Forbidden(_)), "the server's own");
        assert_eq!(chat.refused(follow(&nowhere)).await, ErrorKind::MessageNotFound(nowhere.id));
    }
    assert_eq!(chat.refused(chat.follow_item("cho", &lone, true)).await, ErrorKind::MessageDeleted(lone.id));
    assert!(chat.set_followed("cho", &lone, false).await.changes.is_empty());
    // A thread goes on without its root, in a closed room too.
    chat.run(chat.close_item(room, None)).await;
    chat.set_followed("cho", &root, true).await;
    assert_eq!(chat.roots_of("cho").await, [root.id]);
    for item in [chat.follow_item("zoe", &root, true), chat.read_item("zoe", &root, None)] {
        let nobody = RoomItem { by: None, ..item.clone() };
        for item in [item, nobody] {
            assert_eq!(chat.refused(item).await, ErrorKind::NotAParticipant(room));
        }
    }
    let none = Op::Follow { message: root.id, on: true, most: 0 };
    assert!(matches!(chat.refused(chat.item(room, Some("ana"), none)).await, ErrorKind::Forbidden(_)));
    for message in [&*reply, notice] {
        assert!(matches!(chat.refused(chat.read_item("cho", message, None)).await, ErrorKind::Forbidden(_)));
    }
}

pub async fn a_mark_in_a_thread_never_moves_back_and_is_its_followers_alone(chat: Fixture) {
    let room = chat.group(&["ana", "ben", "cho"]).await;
    let root = chat.send(room, "ana", "who runs?").await;
    for _ in 0..3 {
        chat.reply_following("ben", &root).await;
    }
    let before = chat.member(room, "ana").await;
    let outcome = chat.read_thread("ana", &root, Some(3)).await;
    let [Change { pos, prev, what: What::Thread { follow, by_reply: false } }] = &outcome.changes[..] else {
        panic!("{outcome:?}")
    };
    let follow = &**follow;
    assert_eq!((follow.read_seq, follow.pos, pos.at), (3, prev + 1, prev + 1));
    assert_eq!(
        (answered(&outcome), chat.follow_of("ana", &root).await.as_ref()),
        (Some(follow), Some(follow))
    );
    assert_eq!(chat.unread_in("ana", &root, 3).await, 1);
    assert_eq!(chat.member(room, "ana").await, before, "the room's own mark stays where it is");
    for to in [0, 2, 3] {
        let outcome = chat.read_thread("ana", &root, Some(to)).await;
        assert_eq!((told(&outcome), answered(&outcome)), (vec![], Some(follow)));
    }
    // Beyond the newest message is up to it, and so is nowhere.
    assert_eq!(told(&chat.read_thread("ana", &root, Some(99)).await), [("ana", true, 4)]);
    chat.reply_following("ben", &root).await;
    assert_eq!(told(&chat.read_thread("ana", &root, None).await), [("ana", true, 5)]);
    assert_eq!(chat.follows("ben", &root).await, Some(2), "each has their own");
    // Who does not follow it has none, nor has who has left it off.
    chat.set_followed("ben", &root, false).await;
    for who in ["cho", "ben"] {
        let outcome = chat.read_thread(who, &root, None).await;
        assert_eq!((told(&outcome), answered(&outcome)), (vec![], None));
    }
    assert_eq!(chat.follow_of("cho", &root).await, None);
    let gone = Message { id: MessageId::generate(), ..(*root).clone() };
    assert_eq!(chat.refused(chat.read_item("ana", &gone, None)).await, ErrorKind::MessageNotFound(gone.id));
}

pub async fn unread_are_replies_of_others_that_are_there_and_not_hidden(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let root = chat.send(room, "ana", "who runs?").await;
    let other = chat.send(room, "ana", "who swims?").await;
    let mut replies = Vec::new();
    for who in ["ben", "ana", "ben", "ben"] {
        replies.push(chat.reply_following(who, &root).await);
    }
    chat.reply_following("ben", &other).await;
    chat.send(room, "ben", "not in it").await;
    assert_eq!(chat.unread_in("ana", &root, root.seq).await, 3, "of others");
    assert_eq!(chat.unread_in("ana", &root, replies[0].seq).await, 2, "above");
    assert_eq!(chat.unread_in("ben", &root, root.seq).await, 1);
    let delete = Op::Amend { message: replies[2].id, change: Amend::Delete { within: None } };
    chat.run(chat.item(room, Some("ben"), delete)).await;
    assert_eq!(chat.unread_in("ana", &root, root.seq).await, 2, "deleted");
    let hide = Op::Hide { message: replies[0].id, seq: replies[0].seq, max_hidden: 10 };
    chat.run(chat.item(room, Some("ana"), hide)).await;
    assert_eq!(chat.unread_in("ana", &root, root.seq).await, 1, "hidden");
    let threads = [(room, other.seq, 0), (room, root.seq, 0), (RoomId::generate(), 1, 0), (room, 99, 0)];
    let counts = chat.store().unread_replies(&user("ana"), &threads).await.unwrap();
    assert_eq!(counts, [1, 1, 0, 0], "in the order in which they were asked for");
    assert_eq!(chat.store().unread_replies(&user("ana"), &[]).await.unwrap(), [0; 0]);
}

pub async fn followed_threads_come_by_their_newest_reply_in_rooms_of_now(chat: Fixture) {
    let (one, two) = (chat.group(&["ana", "ben"]).await, chat.group(&["ana", "ben"]).await);
    let mut roots = Vec::new();
    for (room, words) in [(one, "a"), (two, "b"), (one, "c"), (two, "d")] {
        let root = chat.send(room, "ben", words).await;
        chat.run(chat.item(room, Some("ana"), Op::Follow { message: root.id, on: true, most: 100 })).await;
        roots.push(root);
    }
    let ids = |order: &[usize]| order.iter().map(|at| roots[*at].id).collect::<Vec<_>>();
    assert_eq!(chat.roots_of("ana").await, ids(&[3, 2, 1, 0]), "by the roots, where there is no reply");
    let reply = chat.reply_following("ben", &roots[1]).await;
    chat.reply_following("ben", &roots[2]).await;
    let newest = chat.reply_following("ben", &roots[1]).await;
    let other = chat.reply_following("ben", &roots[0]).await;
    assert_eq!(chat.roots_of("ana").await, ids(&[0, 1, 2, 3]));
    let threads = chat.threads_of("ana", 100).await;
    assert_eq!((threads[0].active_at, threads[1].active_at), (other.created_at, newest.created_at));
    assert_eq!(threads[1].root.references.summary().map(|summary| summary.replies), Some(2));
    assert_eq!(threads[0].follow, chat.follow_of("ana", &roots[0]).await.unwrap());
    // What is deleted was said all the same.
    let delete = Op::Amend { message: newest.id, change: Amend::Delete { within: None } };
    chat.run(chat.item(two, Some("ben"), delete)).await;
    assert_eq!(chat.threads_of("ana", 100).await[1].active_at, newest.created_at);
    assert!(reply.created_at < newest.created_at);
    // What one has left off, or hidden, or where one is no more, is not listed.
    let off = Op::Follow { message: roots[2].id, on: false, most: 100 };
    chat.run(chat.item(one, Some("ana"), off)).await;
    let hide = Op::Hide { message: roots[3].id, seq: roots[3].seq, max_hidden: 10 };
    chat.run(chat.item(two, Some("ana"), hide)).await;
    assert_eq!(chat.roots_of("ana").await, ids(&[0, 1]));
    chat.run(chat.leave_item(two, "ana")).await;
    assert_eq!(chat.roots_of("ana").await, ids(&[0]));
    chat.run(chat.join_item(two, Some("ben"), &["ana"], 10)).await;
    assert_eq!(chat.roots_of("ana").await, ids(&[0, 1]), "it outlasts the stay");
    assert_eq!(chat.threads_of("ana", 100).await[1].joined_seq, chat.member(two, "ana").await.joined_seq);
    assert_eq!(chat.threads_of("zoe", 100).await, []);
    // Of some users and some threads, who follows.
    let among = async |users: &[&str], seqs: &[u64]| {
        let users: Vec<_> = users.iter().map(|id| user(id)).collect();
        chat.store().followers(one, seqs, &users).await.expect("the store reads")
    };
    let (first, second) = (roots[0].seq, roots[2].seq);
    let mut found = among(&["ana", "ben", "zoe"], &[first, second, 99]).await;
    found.sort_by_key(|follow| (follow.root_seq, follow.user.clone()));
    let found: Vec<_> = found.iter().map(|follow| (follow.root_seq, follow.user.as_str())).collect();
    assert_eq!(found, [(first, "ana"), (first, "ben"), (second, "ben")]);
    assert_eq!(among(&["zoe"], &[first]).await, []);
    assert_eq!(among(&[], &[first]).await, []);
    assert_eq!(among(&["ana"], &[]).await, []);
}

pub async fn of_too_many_those_of_the_oldest_choice_are_forgotten(chat: Fixture) {
    let (one, two) = (chat.group(&["ana", "ben"]).await, chat.group(&["ana", "ben"]).await);
    let mut roots = Vec::new();
    for n in 0..6 {
        roots.push(chat.send(if n % 2 == 0 { one } else { two }, "ana", "a root").await);
    }
    for root in &roots[..4] {
        chat.reply_following("ben", root).await;
    }
    assert_eq!(chat.follow_of("ben", &roots[0]).await, None, "in whatever room");
    assert_eq!(chat.all_follows("ben", 100).await.len(), MOST as usize);
    assert_eq!(chat.all_follows("ben", 1).await, chat.all_follows("ben", 100).await);
    // The author has a bound of their own, and a choice not to follow counts as one.
    assert_eq!(chat.all_follows("ana", 100).await.len(), MOST as usize);
    chat.set_followed("ben", &roots[1], false).await;
    chat.set_followed("ben", &roots[4], true).await;
    assert_eq!((chat.follow_of("ben", &roots[2]).await, chat.roots_of("ben").await), {
        (None, vec![roots[3].id, roots[4].id])
    });
    // A mark is no choice.
    chat.send(one, "ana", "more").await;
    chat.read_thread("ben", &roots[4], None).await;
    chat.set_followed("ben", &roots[2], true).await;
    chat.set_followed("ben", &roots[5], true).await;
    assert_eq!(chat.follow_of("ben", &roots[3]).await, None);
    // Several at once, of two rooms.
    let again = [0, 1, 2, 3].map(|at| chat.follow_item("ben", &roots[at], true));
    chat.done(again.into()).await;
    let kept: Vec<_> = chat.all_follows("ben", 100).await.iter().map(|follow| follow.root).collect();
    assert_eq!(kept.len(), MOST as usize);
    assert!([1, 2, 3].iter().filter(|at| kept.contains(&roots[**at].id)).count() >= 2, "{kept:?}");
}

pub async fn a_reply_that_was_held_has_its_sender_follow_once_it_is_sent(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let root = chat.send(room, "ana", "who runs?").await;
    let mut item = chat.reply_with("ben", &root, MOST);
    if let Op::Send { ruling, .. } = &mut item.op {
        *ruling = Ruling::Held(Box::new(Hold { reason: None, max_held: 9, max_held_per_user: 9 }));
    }
    let Answer::Held(id) = chat.run(item).await.answer else { panic!("it waits") };
    assert_eq!((chat.follow_of("ben", &root).await, chat.follow_of("ana", &root).await), (None, None));
    assert_eq!(chat.unread_in("ana", &root, 0).await, 0, "what waits is no reply");
    let mut held = chat.store().held_message(room, id).await.unwrap().expect("it waits");
    // As the engine does, since it is the bound of now that holds.
    held.refers.thread.as_mut().expect("it is a reply").max_followed = MOST;
    let op = Op::Settle { held: Box::new(held), how: Settlement::Approve };
    let outcome = chat.run(chat.item(room, Some("ana"), op)).await;
    assert_eq!(told(&outcome), [("ben", true, 2), ("ana", true, 1)]);
    assert_eq!((chat.follows("ben", &root).await, chat.unread_in("ana", &root, 1).await), (Some(2), 1));
}

pub async fn who_follows_changes_at_a_position_and_goes_with_the_root(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let (root, other) = (chat.send(room, "ana", "a").await, chat.send(room, "ana", "b").await);
    chat.reply_following("ben", &root).await;
    chat.reply_following("ben", &other).await;
    chat.set_followed("ana", &root, false).await;
    chat.read_thread("ana", &other, None).await;
    let all = chat.store().follows_since(room, 0, u64::MAX, 100).await.unwrap();
    let named: Vec<_> = all.iter().map(|follow| (follow.user.as_str(), follow.root_seq)).collect();
    assert_eq!(named, [("ben", 1), ("ben", 2), ("ana", 1), ("ana", 2)], "each once, at its last change");
    assert!(all.is_sorted_by_key(|follow| follow.pos));
    let since = async |after, until, limit| {
        chat.store().follows_since(room, after, until, limit).await.expect("the store reads")
    };
    let (first, last) = (all[0].pos, all[3].pos);
    assert_eq!(since(first, last, 100).await, all[1..]);
    assert_eq!(since(first - 1, last - 1, 100).await, all[..3]);
    assert_eq!(since(0, last, 2).await, all[..2]);
    assert_eq!(since(last, last, 100).await, []);
    assert_eq!(chat.store().follows_since(RoomId::generate(), 0, last, 9).await.unwrap(), []);
    // The oldest message goes, and with it its thread.
    let one = Retention::new(None, Some(5)).expect("a good rule");
    let op = Op::Cut { retention: Some(one), grace: Duration::ZERO, limit: 1 };
    chat.send_many(room, "ana", 4).await;
    let same = chat.follow_item("ben", &root, false);
    chat.done(vec![same, chat.item(room, None, op)]).await;
    for who in ["ana", "ben"] {
        assert_eq!((chat.follow_of(who, &root).await, chat.all_follows(who, 9).await.len()), (None, 1));
    }
    assert_eq!(chat.roots_of("ben").await, [other.id]);
}

pub async fn follows_outlast_a_reopening_and_a_move(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let root = chat.send(room, "ana", "a").await;
    chat.reply_following("ben", &root).await;
    chat.set_followed("ana", &root, false).await;
    let copy = RoomId::generate();
    let mut moved = Vec::new();
    for page in [
        RecordPage::Room(room),
        RecordPage::Messages { room, after: 0 },
        RecordPage::Follows { room, after: None },
    ] {
        moved.extend(chat.store().records(page, 100).await.expect("the store reads"));
    }
    let one = RecordPage::Follows { room, after: Some((root.seq, user("ana"))) };
    let one = chat.store().records(one, 1).await.unwrap();
    assert_eq!(one, moved[moved.len() - 1..], "by the user behind the root");
    let ids: Vec<MessageId> = (0..10).map(|_| MessageId::generate()).collect();
    let row = |row| match row {
        Record::Room(RoomRecord::Room(row)) => RoomRecord::Room(crate::model::Room { id: copy, ..row }),
        Record::Room(RoomRecord::Message(row, hash)) => {
            let mut row = Message { room: copy, id: ids[row.seq as usize], ..row };
            if let Some(reply) = row.references.reply() {
                let reply = crate::model::ReplyTo { root: ids[reply.seq as usize], ..reply.clone() };
                row.references.thread = Some(Arc::new(crate::model::Thread::Reply(reply)));
            }
            RoomRecord::Message(row, hash)
        }
        Record::Room(RoomRecord::Follow(row)) => {
            let root = ids[row.root_seq as usize];
            RoomRecord::Follow(Follow { room: copy, root, ..row })
        }
        other => panic!("{other:?}"),
    };
    let moved: Vec<RoomRecord> = moved.into_iter().map(row).collect();
    chat.done(moved.clone()).await;
    let position = chat.position().await;
    chat.done(moved.clone()).await;
    assert_eq!(chat.position().await, position, "once more it changes nothing");
    let there = Message { room: copy, id: ids[1], ..(*root).clone() };
    for who in ["ana", "ben"] {
        let (was, is) =
            (chat.follow_of(who, &root).await.unwrap(), chat.follow_of(who, &there).await.unwrap());
        assert_eq!(is, Follow { room: copy, root: ids[1], pos: is.pos, ..was });
    }
    // The later choice holds, and of one choice the later mark.
    let ben = chat.follow_of("ben", &there).await.unwrap();
    let earlier =
        Follow { since: ben.since.minus(Duration::from_millis(1)), following: false, ..ben.clone() };
    let back = Follow { read_seq: ben.read_seq - 1, ..ben.clone() };
    for old in [earlier, back] {
        assert!(chat.run(RoomRecord::Follow(old)).await.changes.is_empty());
    }
    let later = Follow { since: ben.since.plus(Duration::from_millis(1)), following: false, ..ben.clone() };
    chat.run(RoomRecord::Follow(later)).await;
    assert_eq!(chat.follows("ben", &there).await, None);
    let wrong = Follow { root: MessageId::generate(), ..ben.clone() };
    let why = Contradiction::Message { room: copy, seq: ben.root_seq };
    assert_eq!(chat.refused(RoomRecord::Follow(wrong)).await, ErrorKind::Contradiction(why));
    let reply = Follow { root: ids[2], root_seq: 2, ..ben.clone() };
    let why = Contradiction::Message { room: copy, seq: 2 };
    assert_eq!(chat.refused(RoomRecord::Follow(reply)).await, ErrorKind::Contradiction(why));
    let beyond = Follow { read_seq: 99, since: ben.since.plus(Duration::from_secs(1)), ..ben };
    let why = Contradiction::Marks { room: copy, user: user("ben") };
    assert_eq!(chat.refused(RoomRecord::Follow(beyond)).await, ErrorKind::Contradiction(why));

    let before = (chat.all_follows("ana", 9).await, chat.threads_of("ben", 9).await);
    let Some(chat) = chat.reopened().await else { return };
    assert_eq!((chat.all_follows("ana", 9).await, chat.threads_of("ben", 9).await), before);
}

pub async fn what_is_unread_in_threads_equals_a_fresh_count_whatever_happens(chat: Fixture) {
    const PEOPLE: [&str; 3] = ["ana", "ben", "cho"];
    for seed in 0..3 {
        let mut dice = Dice(seed);
        let room = chat.group(&PEOPLE).await;
        let roots = [chat.send(room, "ana", "a").await, chat.send(room, "ben", "b").await];
        let mut hidden = Vec::new();
        for _ in 0..60 {
            let (who, root) = (*dice.pick(&PEOPLE), &roots[dice.roll(2) as usize]);
            let history = chat.history(room).await;
            // No root, for nothing begins with one that is deleted.
            let one = dice.pick(&history[1..]).clone();
            let one = if one.seq > 2 { one } else { (*chat.reply_following(who, root).await).clone() };
            match dice.roll(8) {
                0..=3 => drop(chat.run(chat.reply_with(who, root, 9)).await),
                4 => drop(chat.set_followed(who, root, dice.roll(2) == 0).await),
                5 => drop(chat.read_thread(who, root, Some(dice.roll(70))).await),
                6 => {
                    let op = Op::Hide { message: one.id, seq: one.seq, max_hidden: 99 };
                    chat.run(chat.item(room, Some(who), op)).await;
                    hidden.push((who, one.seq));
                }
                _ => {
                    let op = Op::Amend { message: one.id, change: Amend::Delete { within: None } };
                    chat.commit(vec![chat.item(room, Some("ana"), op)]).await;
                }
            }
            let history = chat.history(room).await;
            for (who, root) in PEOPLE.iter().flat_map(|who| roots.iter().map(move |root| (*who, root))) {
                let Some(read) = chat.follows(who, root).await else { continue };
                let is_unread = |one: &&Message| {
                    one.references.reply().is_some_and(|reply| reply.root == root.id)
                        && one.seq > read
                        && one.sender.user.as_str() != who
                        && !one.body.is_deleted()
                        && !hidden.contains(&(who, one.seq))
                };
                let fresh = history.iter().filter(is_unread).count() as u64;
                assert_eq!(chat.unread_in(who, root, read).await, fresh, "seed {seed}, {who}");
            }
        }
        chat.mark(room, "ana", Mark::Read, None).await;
    }
}
