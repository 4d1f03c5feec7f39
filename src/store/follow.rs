//! The rules of who follows a thread. Pure, like those of rooms.

use std::sync::Arc;

use super::apply::{Ctx, answered};
use super::{Answer, Change, Outcome, Rows, What, thread};
use crate::clock::Timestamp;
use crate::error::{ErrorKind, Result};
use crate::id::{MessageId, RoomId, UserId};
use crate::model::{Body, Follow, Message, Room};

/// A thread that a user follows, as their list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a store makes it, whatever is in it")]
pub struct FollowedThread {
    /// That they follow it.
    pub follow: Follow,
    /// Its root.
    pub root: Message,
    /// When its newest reply came; without any, when the root did.
    pub active_at: Timestamp,
    /// The [`joined_seq`](crate::model::Member::joined_seq) of their stay in the room.
    pub joined_seq: u64,
}

/// Follows a thread, or no longer.
pub(super) fn follow(ctx: &Ctx, message: MessageId, on: bool, most: u32, rows: &mut Rows) -> Result<Outcome> {
    let mut room = ctx.room(rows)?;
    let (user, root) = follower(ctx, message, rows)?;
    let begun = root.references.summary().is_some();
    if on && root.body.is_deleted() && !begun {
        return Err(ErrorKind::MessageDeleted(message).into());
    }
    if on && most == 0 {
        return Err(ErrorKind::Forbidden("no threads are followed here".into()).into());
    }
    let there = rows.more.follows.get(&(room.id, root.seq, user.clone())).cloned();
    let would_come = !begun && root.sender.user == user;
    let read_seq = match there {
        Some(there) if there.following == on => {
            return answered(Vec::new(), Answer::Thread(Some(Box::new(there))));
        }
        None if !on && !would_come => return answered(Vec::new(), Answer::Thread(None)),
        // Nobody has still to read what was there when they came.
        _ if on => room.seq,
        there => there.map_or(0, |there| there.read_seq),
    };
    let change = put(ctx, &mut room, &root, Asked { user, on, read_seq, most, by_reply: false }, rows);
    let answer = Answer::Thread(told(&change).map(Box::new));
    rows.put_room(room);
    answered(vec![change], answer)
}

/// Moves a follower's mark forward. Who does not follow the thread has none.
pub(super) fn read(ctx: &Ctx, message: MessageId, to: Option<u64>, rows: &mut Rows) -> Result<Outcome> {
    let mut room = ctx.room(rows)?;
    let (user, root) = follower(ctx, message, rows)?;
    let to = to.map_or(room.seq, |to| to.min(room.seq));
    let there = rows.more.follows.get(&(room.id, root.seq, user)).cloned();
    let Some(there) = there.filter(|there| there.following) else {
        return answered(Vec::new(), Answer::Thread(None));
    };
    if to <= there.read_seq {
        return answered(Vec::new(), Answer::Thread(Some(Box::new(there))));
    }
    let (pos, prev) = rows.next_pos(&mut room);
    room.threads_pos = pos.at;
    let follow = Follow { read_seq: to, pos: pos.at, ..there };
    rows.put_follow(follow.clone());
    rows.put_room(room);
    let change = Change { pos, prev, what: What::thread(follow.clone()) };
    answered(vec![change], Answer::Thread(Some(Box::new(follow))))
}

/// Counts a reply that has come behind `came`. Whoever has sent it follows the thread from now on, and with the first
/// one so does who has sent its root, unless they have chosen otherwise. `most` of 0 has nobody come to follow it.
#[cold]
pub(super) fn reply_came(
    ctx: &Ctx,
    room: &mut Room,
    (came, reply): (Change, &Message),
    most: u32,
    rows: &mut Rows,
) -> Vec<Change> {
    let root = reply.references.reply().and_then(|of| rows.message(room.id, of.root));
    let counted = thread::count_in(room, reply, ctx.by.clone(), rows);
    let mut changes: Vec<Change> = [Some(came), counted].into_iter().flatten().collect();
    let Some(root) = root.filter(|_| most > 0) else { return changes };
    let sender = &reply.sender.user;
    let row = |user: &UserId| rows.more.follows.get(&(room.id, root.seq, user.clone()));
    let mut come = Vec::new();
    if row(sender).is_none_or(|there| !there.following) {
        come.push((sender.clone(), reply.seq));
    }
    let author = &root.sender.user;
    if root.references.summary().is_none() && author != sender && row(author).is_none() {
        come.push((author.clone(), root.seq));
    }
    for (user, read_seq) in come {
        let asked = Asked { user, on: true, read_seq, most, by_reply: true };
        changes.push(put(ctx, room, &root, asked, rows));
    }
    changes
}

struct Asked {
    user: UserId,
    on: bool,
    read_seq: u64,
    most: u32,
    by_reply: bool,
}

/// The room is the caller's to put back.
fn put(ctx: &Ctx, room: &mut Room, root: &Message, asked: Asked, rows: &mut Rows) -> Change {
    let Asked { user, on, read_seq, most, by_reply } = asked;
    let (pos, prev) = rows.next_pos(room);
    room.threads_pos = pos.at;
    let follow = Follow {
        room: room.id,
        user: user.clone(),
        root: root.id,
        root_seq: root.seq,
        following: on,
        since: ctx.at,
        read_seq,
        pos: pos.at,
    };
    rows.put_follow(follow.clone());
    rows.more.kept_follows.insert(user, most);
    Change { pos, prev, what: What::Thread { follow: Box::new(follow), by_reply } }
}

fn told(change: &Change) -> Option<Follow> {
    match &change.what {
        What::Thread { follow, .. } => Some((**follow).clone()),
        _ => None,
    }
}

/// Who asks, and the root of a thread that there is or may be.
fn follower(ctx: &Ctx, message: MessageId, rows: &Rows) -> Result<(UserId, Arc<Message>)> {
    let user = ctx.by.clone().ok_or(ErrorKind::NotAParticipant(ctx.id))?;
    ctx.active_member(&user, rows)?;
    let root = rows.message(ctx.id, message).ok_or(ErrorKind::MessageNotFound(message))?;
    if matches!(root.body, Body::System { .. }) {
        return Err(ErrorKind::Forbidden("the server's own words are not answered".into()).into());
    }
    if root.references.reply().is_some() {
        return Err(ErrorKind::Forbidden("a reply begins no thread".into()).into());
    }
    Ok((user, root))
}

impl Rows {
    /// Puts that a user follows a thread or not, to be written.
    pub(super) fn put_follow(&mut self, follow: Follow) {
        let key = (follow.room, follow.root_seq, follow.user.clone());
        self.more.written_follows.insert(key.clone());
        self.more.follows.insert(key, follow);
    }

    /// Takes those away whose threads are cut away.
    pub(super) fn cut_follows(&mut self, room: RoomId, upto: u64) {
        let is_cut = |(of, root, _): &(RoomId, u64, UserId)| *of == room && *root <= upto;
        self.more.follows.retain(|key, _| !is_cut(key));
        self.more.written_follows.retain(|key| !is_cut(key));
    }
}
