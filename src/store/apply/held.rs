//! The rules of messages that wait until somebody says whether they are said.
//!
//! One that waits takes no number and no position: nobody is told of it but whoever asks. What a send has to keep to it
//! keeps when it is held, and once more when it is approved.

use std::sync::Arc;
use std::time::Duration;

use super::{Ctx, NewMessage, add_message, answered, attach, done, refer};
use crate::error::{Error, ErrorKind, Result};
use crate::id::{ClientId, MessageId, RoomId, UserId};
use crate::model::{Act, Attachment, Member, Room, Verb};
use crate::store::follow::reply_came;
use crate::store::govern::forbidden;
use crate::store::moderate::{note, untold};
use crate::store::{Answer, BodyHash, Held, Hold, Outcome, Refers, Rows, Sent, Settlement, Stage};

/// When to come again, where too many wait: moderators take their time.
pub(super) const FULL: Duration = Duration::from_secs(60);

/// What waits under a client id already: the answer to another try. Another message under it is a conflict.
pub(super) fn standing(
    key: Option<&(RoomId, UserId, ClientId)>,
    hash: Option<BodyHash>,
    rows: &Rows,
) -> Result<Option<Outcome>> {
    if rows.more.held_as.is_empty() {
        return Ok(None);
    }
    let Some((id, first)) = key.and_then(|key| rows.more.held_as.get(key)) else { return Ok(None) };
    if Some(*first) != hash {
        return Err(ErrorKind::ClientIdConflict.into());
    }
    answered(Vec::new(), Answer::Held(*id)).map(Some)
}

/// Keeps a message that could be sent now.
#[cold]
pub(super) fn hold(
    ctx: &Ctx,
    new: NewMessage,
    (attachments, refers): (Arc<[Attachment]>, &Refers),
    hold: Hold,
    (room, mut member): (&Room, Member),
    rows: &mut Rows,
) -> Result<Outcome> {
    let user = new.sender.user.clone();
    let (in_room, of_user) = rows.more.held_counts.get(&(ctx.id, user)).copied().unwrap_or_default();
    if in_room >= u64::from(hold.max_held) || of_user >= u64::from(hold.max_held_per_user) {
        return Err(ErrorKind::RateLimited(FULL).into());
    }
    let ids: Vec<_> = attachments.iter().map(|one| one.id).collect();
    let hash = BodyHash::sent(&new.body, &ids, refers, &new.custom);
    attach::put_held(ctx.id, new.id, &attachments, rows);
    // It counts as said, so that nobody fills the queue of a slow room.
    if room.slow_mode > 0 {
        member.slowed_at = Some(ctx.at);
        rows.put_member(member);
    }
    let NewMessage { id, sender, body, client_id, custom, .. } = new;
    let (room, at, reason, refers) = (ctx.id, ctx.at, hold.reason, refers.clone());
    rows.put_held(Held { id, room, sender, body, client_id, attachments, refers, custom, hash, reason, at });
    answered(Vec::new(), Answer::Held(id))
}

/// Says what becomes of a message that waits.
pub(super) fn settle(ctx: &Ctx, held: Held, how: Settlement, rows: &mut Rows) -> Result<Outcome> {
    let is_there =
        held.room == ctx.id && rows.more.held.get(&held.id).is_some_and(|(room, _)| *room == ctx.id);
    // Also in a room that is deleted, with which it goes.
    if ctx.by.is_none() && matches!(how, Settlement::Withdraw) && is_there {
        end(&held, rows);
        return done(Vec::new());
    }
    let mut room = ctx.room(rows)?;
    let is_own = ctx.by.as_ref() == Some(&held.sender.user);
    match how {
        Settlement::Approve | Settlement::Reject(_) => ctx.check_may(Verb::Moderate, &room, rows)?,
        Settlement::Withdraw if is_own => {}
        // What waits of somebody else's is not told from nothing.
        Settlement::Withdraw => return Err(ErrorKind::MessageNotFound(held.id).into()),
    }
    if !is_there {
        return Err(ErrorKind::MessageNotFound(held.id).into());
    }
    match how {
        Settlement::Approve if is_own => forbidden("somebody else has to approve what one says oneself"),
        Settlement::Approve => approve(ctx, room, held, rows),
        Settlement::Reject(reason) => {
            let change = untold(&mut room, rows);
            let (act, sender) = (Act::RejectMessage(held.id), held.sender.user.clone());
            note(ctx, &change, act, Some(sender), reason, rows);
            end(&held, rows);
            rows.put_room(room);
            done(vec![change])
        }
        Settlement::Withdraw => {
            end(&held, rows);
            done(Vec::new())
        }
    }
}

/// Sends it as its sender, with every rule of a send as it is now, but for the pace of a slow room: that it has kept
/// when it was held.
fn approve(ctx: &Ctx, mut room: Room, held: Held, rows: &mut Rows) -> Result<Outcome> {
    let user = held.sender.user.clone();
    let sent_as = held.client_id.clone().map(|client| (ctx.id, user.clone(), client));
    // An engine without hooks has sent it meanwhile, at another try.
    if let Some(first) = sent_as.as_ref().and_then(|key| rows.sent.get(key)) {
        let answer = Answer::Message(first.message.clone());
        end(&held, rows);
        return answered(Vec::new(), answer);
    }
    let theirs = Ctx { id: ctx.id, at: ctx.at, by: Some(user.clone()) };
    theirs.check_open(&room)?;
    let mut member = theirs.speaker(&room, &user, rows).map_err(|_| {
        Error::from(ErrorKind::Forbidden("its sender may send nothing in this room now".into()))
    })?;
    let references = refer::references(&theirs, &held.refers, &room, &member, rows)?;
    let is_held = |file: &Attachment| {
        let there = rows.more.attachments.get(&(ctx.id, file.id));
        there.is_some_and(|there| there.stage == Stage::Held(held.id))
    };
    if let Some(gone) = held.attachments.iter().find(|file| !is_held(file)) {
        return Err(ErrorKind::AttachmentNotFound(gone.id).into());
    }
    attach::put_sent(ctx.id, held.id, &held.attachments, rows);
    rows.end_held(held.id);
    let hash = held.client_id.is_some().then_some(held.hash);
    let Held { id, sender, body, client_id, attachments, refers, custom, .. } = held;
    let new = NewMessage { client_id, attachments, references, custom, ..NewMessage::of(id, sender, body) };
    member.own_n += u64::from(new.is_countable());
    let (message, change) = add_message(ctx, &mut room, member.own_n, new, hash, rows);
    if let (Some(key), Some(hash)) = (sent_as, hash) {
        rows.sent.insert(key, Sent { message: message.clone(), hash });
    }
    note(ctx, &change, Act::ApproveMessage(id), Some(user), None, rows);
    let changes = match &refers.thread {
        Some(asked) => reply_came(&theirs, &mut room, (change, &message), asked.max_followed, rows),
        None => vec![change],
    };
    rows.put_member(member);
    rows.put_room(room);
    answered(changes, Answer::Message(message))
}

/// It waits no more, and its files are collected.
fn end(held: &Held, rows: &mut Rows) {
    let is_held = |file: &&Attachment| {
        let there = rows.more.attachments.get(&(held.room, file.id));
        there.is_some_and(|there| there.stage == Stage::Held(held.id))
    };
    let files: Vec<Attachment> = held.attachments.iter().filter(is_held).cloned().collect();
    attach::end(&files, rows);
    rows.end_held(held.id);
}

impl Ctx {
    /// The membership of whoever speaks, when the room lets them.
    fn speaker(&self, room: &Room, user: &UserId, rows: &Rows) -> Result<Member> {
        let member = self.active_member(user, rows)?;
        self.check_role(member.role, Verb::Send, room)?;
        self.check_unmuted(&member)?;
        self.check_reachable(room.kind.peer_of(user), rows)?;
        Ok(member)
    }
}

impl Rows {
    /// Puts a message that waits, to be added.
    pub(in crate::store) fn put_held(&mut self, held: Held) {
        for ((room, user), (in_room, of_user)) in &mut self.more.held_counts {
            if *room == held.room {
                *in_room += 1;
                *of_user += u64::from(*user == held.sender.user);
            }
        }
        if let Some(client) = held.client_id.clone() {
            let key = (held.room, held.sender.user.clone(), client);
            self.more.held_as.insert(key, (held.id, held.hash));
        }
        self.more.held.insert(held.id, (held.room, held.sender.user.clone()));
        self.more.new_held.push(held);
    }

    /// Takes a message that waits out, to be deleted.
    pub(in crate::store) fn end_held(&mut self, id: MessageId) {
        if self.more.held.remove(&id).is_some() {
            self.more.held_as.retain(|_, (held, _)| *held != id);
            self.more.new_held.retain(|held| held.id != id);
            self.more.ended_held.push(id);
        }
    }
}
