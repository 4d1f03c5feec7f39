//! The rules of what is cut away from the beginning of a room.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::{Ctx, answered, attach};
use crate::error::{ErrorKind, Result};
use crate::id::{RoomId, UserId};
use crate::model::{Floor, Member, Message, Retention, Room};
use crate::store::{Answer, Outcome, Rows};

/// Cuts away what the room's rule lets go, among its oldest messages. It takes no position: nobody is told, and whoever
/// was away and misses something of it knows by the floor.
pub(super) fn cut(
    ctx: &Ctx,
    by_default: Option<Retention>,
    grace: Duration,
    rows: &mut Rows,
) -> Result<Outcome> {
    let found = rows.rooms.get(&ctx.id);
    let mut room = Room::clone(found.ok_or(ErrorKind::RoomNotFound(ctx.id))?);
    let nothing = || answered(Vec::new(), Answer::Cut { is_more: false });
    let rule = room.retention().or(by_default);
    let (before, head) = (room.floor(), room.seq);
    let oldest = rows.more.oldest.get(&room.id).cloned().unwrap_or_default();
    // As the batch has changed them by now.
    let now =
        |message: Arc<Message>| rows.more.amended.get(&(room.id, message.seq)).cloned().unwrap_or(message);
    let oldest: Vec<_> = oldest.into_iter().filter(|message| message.seq >= before.seq).map(now).collect();
    let is_let_go = |message: &Message| {
        let is_old = message.created_at.plus(grace) <= ctx.at;
        is_old && rule.is_some_and(|rule| rule.lets_go(message, head, ctx.at))
    };
    let goes = |message: &Message| room.is_deleted() || is_let_go(message);
    let gone = oldest.iter().take_while(|message| goes(message)).count();
    let (cut, kept) = oldest.split_at(gone);
    let mut floor = before;
    if let Some(last) = cut.last() {
        let pos = cut.iter().map(|message| message.pos.max(message.state.changed_pos)).max();
        let pos = pos.unwrap_or(0).max(before.pos);
        floor = Floor { seq: last.seq + 1, pos, n: last.n, oldest_at: Some(last.created_at) };
    }
    if let Some(first) = kept.first() {
        floor.oldest_at = Some(first.created_at);
    }
    if floor == before {
        return nothing();
    }
    if !cut.is_empty() {
        take_away(room.id, cut, rows);
    }
    room.keep(|keeping| keeping.floor = floor);
    rows.put_room(room);
    answered(Vec::new(), Answer::Cut { is_more: kept.is_empty() && floor.seq <= head })
}

/// Takes messages away, with all that hangs on them.
fn take_away(room: RoomId, cut: &[Arc<Message>], rows: &mut Rows) {
    let upto = cut.last().map_or(0, |message| message.seq);
    let is_cut = |message: &Message| message.room == room && message.seq <= upto;
    let mut own: HashMap<&UserId, u64> = HashMap::new();
    for message in cut {
        own.insert(&message.sender.user, message.own_n);
        attach::end(&message.attachments, rows);
        rows.end_mentions(message);
    }
    // What a member has sent below the floor is not among what is unread above it.
    for (user, own_n) in own {
        if let Some(member) =
            rows.members.get(&(room, user.clone())).filter(|member| member.read_own_n < own_n)
        {
            let member = Member { read_own_n: own_n, ..Member::clone(member) };
            rows.put_member(member);
        }
    }
    let pinned = cut.iter().filter(|message| message.state.pinned.is_some()).count() as u64;
    if let Some(pins) = rows.more.pins.get_mut(&room) {
        *pins = pins.saturating_sub(pinned);
    }
    rows.more.messages.retain(|_, message| !is_cut(message));
    rows.sent.retain(|_, sent| !is_cut(&sent.message));
    rows.more.amended.retain(|(of, seq), _| *of != room || *seq > upto);
    rows.more.reactions.retain(|key| key.room != room || key.seq > upto);
    rows.more.written_reactions.retain(|key| key.room != room || key.seq > upto);
    rows.cut_follows(room, upto);
    rows.more.cut.push((room, upto));
}
