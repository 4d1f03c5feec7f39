//! The rules of what becomes of a message after it was sent. Pure, like those of rooms.

use std::sync::Arc;
use std::time::Duration;

use super::apply::{Ctx, answered, attach};
use super::moderate;
use super::thread;
use super::{Amend, Answer, Change, Outcome, ReactionKey, Rows, What};
use crate::clock::Timestamp;
use crate::error::{ErrorKind, LimitName, Result};
use crate::id::MessageId;
use crate::model::{
    Act, Amendment, Body, Custom, Message, MessageState, Pin, Reaction, References, Revision, Role, Room,
    Verb,
};

pub(super) fn amend(ctx: &Ctx, id: MessageId, change: Amend, rows: &mut Rows) -> Result<Outcome> {
    let room = ctx.room(rows)?;
    if let Some(user) = &ctx.by {
        ctx.active_member(user, rows)?;
    }
    let message = rows.message(ctx.id, id).ok_or(ErrorKind::MessageNotFound(id))?;
    if matches!(message.body, Body::System { .. }) {
        return Err(ErrorKind::Forbidden("the server's own words stay as they are".into()).into());
    }
    match change {
        Amend::Edit { to, within, keep } => edit(ctx, room, &message, to, (within, keep), rows),
        Amend::Write { content, until } => {
            let is_behind = message.body.content().is_none_or(|words| content.starts_with(words));
            write(ctx, room, &message, is_behind.then_some(content), until, rows)
        }
        Amend::Append { text, max_bytes, until } => {
            let content = format!("{}{text}", message.body.content().unwrap_or_default());
            if content.len() > max_bytes {
                return Err(ErrorKind::TooLarge { what: "content".into(), limit: max_bytes }.into());
            }
            write(ctx, room, &message, Some(content.into()), until, rows)
        }
        Amend::Delete { within } => delete(ctx, room, &message, within, rows),
        Amend::React { reaction, on, max_kinds } => {
            react(ctx, room, &message, reaction, (on, max_kinds), rows)
        }
        Amend::Pin { on, max_pins } => pin(ctx, room, &message, (on, max_pins), rows),
    }
}

impl Ctx {
    /// Whether it is the asker's own. The host may do as the sender may.
    fn is_own(&self, message: &Message) -> bool {
        self.by.as_ref().is_none_or(|user| *user == message.sender.user)
    }

    /// No time binds the host.
    fn check_within(&self, within: Option<Duration>, message: &Message) -> Result<()> {
        let is_late = within.is_some_and(|within| self.at > message.created_at.plus(within));
        if is_late && self.by.is_some() {
            return Err(ErrorKind::Forbidden("the time to change this message is over".into()).into());
        }
        Ok(())
    }
}

fn check_there(message: &Message) -> Result<()> {
    if message.body.is_deleted() { Err(ErrorKind::MessageDeleted(message.id).into()) } else { Ok(()) }
}

fn edit(
    ctx: &Ctx,
    room: Room,
    message: &Arc<Message>,
    to: Revision,
    (within, keep): (Option<Duration>, u32),
    rows: &mut Rows,
) -> Result<Outcome> {
    if !ctx.is_own(message) {
        return Err(ErrorKind::Forbidden("only its sender may edit a message".into()).into());
    }
    check_there(message)?;
    if message.state.writing_until.is_some_and(|until| ctx.at < until) {
        return Err(ErrorKind::Forbidden("this message is still being written".into()).into());
    }
    ctx.check_may(Verb::Edit, &room, rows)?;
    ctx.check_heard(rows)?;
    ctx.check_open(&room)?;
    ctx.check_reachable(room.kind.peer_of(&message.sender.user), rows)?;
    ctx.check_within(within, message)?;
    let body = match to.content {
        Some(words) => saying(message, words)?,
        None => message.body.clone(),
    };
    let custom = to.custom.unwrap_or_else(|| message.custom.clone());
    let mut state = MessageState { writing_until: None, ..message.state.clone() };
    if body != message.body {
        rows.keep_edit(message, keep);
        state.edited_at = Some(ctx.at);
    } else if custom == message.custom {
        return unchanged(message);
    }
    put(ctx, room, Message { body, state, custom, ..Message::clone(message) }, Amendment::Edited, rows)
}

/// The message's body with these words.
fn saying(message: &Message, words: Option<Arc<str>>) -> Result<Body> {
    match (&message.body, words) {
        (Body::Image { url, .. }, caption) => Ok(Body::Image { url: url.clone(), caption }),
        (_, Some(text)) => Ok(Body::Text(text)),
        (_, None) if !message.attachments.is_empty() => Ok(Body::Text("".into())),
        (_, None) => Err(ErrorKind::Forbidden("a TEXT needs words".into()).into()),
    }
}

/// What is written as it comes was never anything else: it counts as no edit. `None` for words that do not come
/// behind those which are there.
fn write(
    ctx: &Ctx,
    room: Room,
    message: &Arc<Message>,
    content: Option<Arc<str>>,
    until: Option<Timestamp>,
    rows: &mut Rows,
) -> Result<Outcome> {
    let forbidden = |reason: &'static str| Err(ErrorKind::Forbidden(reason.into()).into());
    if ctx.by.as_ref() != Some(&message.sender.user) {
        return forbidden("only its sender may write a message");
    }
    check_there(message)?;
    ctx.check_may(Verb::Send, &room, rows)?;
    ctx.check_heard(rows)?;
    ctx.check_open(&room)?;
    ctx.check_reachable(room.kind.peer_of(&message.sender.user), rows)?;
    if message.state.writing_until.is_none() {
        return forbidden("this message is written");
    }
    let Some(content) = content else {
        return forbidden("this message is being written elsewhere");
    };
    if until.is_none() && content.trim().is_empty() && message.attachments.is_empty() {
        return forbidden("a TEXT needs words");
    }
    let state = MessageState { writing_until: until, ..message.state.clone() };
    let written = Message { body: Body::Text(content), state, ..Message::clone(message) };
    put(ctx, room, written, Amendment::Written, rows)
}

fn delete(
    ctx: &Ctx,
    room: Room,
    message: &Arc<Message>,
    within: Option<Duration>,
    rows: &mut Rows,
) -> Result<Outcome> {
    if ctx.is_own(message) {
        ctx.check_within(within, message)?;
    } else {
        ctx.check_may(Verb::Moderate, &room, rows)?;
    }
    if message.body.is_deleted() {
        return unchanged(message);
    }
    let outcome = take_back(ctx, room, message, rows)?;
    let sender = &message.sender.user;
    if ctx.by.as_ref() != Some(sender)
        && let Some(change) = outcome.changes.first()
    {
        moderate::note(ctx, change, Act::Delete(message.id), Some(sender.clone()), None, rows);
    }
    Ok(outcome)
}

/// Has a message say nothing any more.
pub(super) fn take_back(ctx: &Ctx, room: Room, message: &Arc<Message>, rows: &mut Rows) -> Result<Outcome> {
    let body = Body::Deleted(message.body.message_type());
    let state = MessageState { edited_at: Some(ctx.at), ..MessageState::default() };
    rows.drop_edits(message);
    rows.clear_reactions(message);
    rows.end_mentions(message);
    if let (Some(_), Some(pins)) = (&message.state.pinned, rows.more.pins.get_mut(&ctx.id)) {
        *pins = pins.saturating_sub(1);
    }
    attach::end(&message.attachments, rows);
    let (attachments, custom) = (Arc::default(), Custom::default());
    let references = References { thread: message.references.thread.clone(), ..References::default() };
    let deleted = Message { body, state, attachments, references, custom, ..Message::clone(message) };
    let mut outcome = put(ctx, room, deleted, Amendment::Deleted, rows)?;
    if message.references.reply().is_some() {
        let mut room = ctx.room(rows)?;
        outcome.changes.extend(thread::count_out(&mut room, message, ctx.by.clone(), rows));
        rows.put_room(room);
    }
    Ok(outcome)
}

fn react(
    ctx: &Ctx,
    room: Room,
    message: &Arc<Message>,
    reaction: Reaction,
    (on, max_kinds): (bool, usize),
    rows: &mut Rows,
) -> Result<Outcome> {
    let user = ctx.by.clone().ok_or(ErrorKind::NotAParticipant(ctx.id))?;
    check_there(message)?;
    ctx.check_may(Verb::React, &room, rows)?;
    ctx.check_heard(rows)?;
    ctx.check_open(&room)?;
    ctx.check_reachable(room.kind.peer_of(&user), rows)?;
    let key = ReactionKey { room: ctx.id, seq: message.seq, reaction: reaction.clone(), user };
    if rows.more.reactions.contains(&key) == on {
        return unchanged(message);
    }
    let mut state = message.state.clone();
    if on {
        if state.reactions.count(&reaction) == 0 && state.reactions.len() >= max_kinds {
            let limit = LimitName::Reactions;
            return Err(ErrorKind::LimitReached { limit, allowed: max_kinds as u64 }.into());
        }
        state.reactions.add(&reaction);
    } else {
        state.reactions.take(&reaction);
    }
    rows.put_reaction(key, on);
    let amended = Message { state, ..Message::clone(message) };
    put(ctx, room, amended, Amendment::Reacted(reaction, on), rows)
}

fn pin(
    ctx: &Ctx,
    room: Room,
    message: &Arc<Message>,
    (on, max_pins): (bool, u32),
    rows: &mut Rows,
) -> Result<Outcome> {
    check_there(message)?;
    ctx.check_may(Verb::Pin, &room, rows)?;
    ctx.check_open(&room)?;
    if let Some(user) = &ctx.by {
        ctx.check_reachable(room.kind.peer_of(user), rows)?;
    }
    if message.state.pinned.is_some() == on {
        return unchanged(message);
    }
    let pins = rows.more.pins.entry(ctx.id).or_default();
    if on && *pins >= u64::from(max_pins) {
        return Err(ErrorKind::LimitReached { limit: LimitName::Pins, allowed: max_pins.into() }.into());
    }
    *pins = if on { *pins + 1 } else { pins.saturating_sub(1) };
    let pinned = on.then(|| Pin { by: ctx.by.clone(), at: ctx.at });
    let state = MessageState { pinned, ..message.state.clone() };
    // Where every member may, it looks after nothing.
    let is_act = ctx.by.is_none() || !room.lets(Role::Member, Verb::Pin);
    let outcome = put(ctx, room, Message { state, ..Message::clone(message) }, Amendment::Pinned(on), rows)?;
    if is_act && let Some(change) = outcome.changes.first() {
        let act = if on { Act::Pin(message.id) } else { Act::Unpin(message.id) };
        moderate::note(ctx, change, act, Some(message.sender.user.clone()), None, rows);
    }
    Ok(outcome)
}

pub(super) fn unchanged(message: &Arc<Message>) -> Result<Outcome> {
    answered(Vec::new(), Answer::Amended(message.clone()))
}

pub(super) fn put(
    ctx: &Ctx,
    mut room: Room,
    mut message: Message,
    how: Amendment,
    rows: &mut Rows,
) -> Result<Outcome> {
    let (pos, prev) = rows.next_pos(&mut room);
    message.state.changed_pos = pos.at;
    let message = Arc::new(message);
    rows.put_message(message.clone());
    rows.put_room(room);
    let what = What::Amended { message: message.clone(), by: ctx.by.clone(), how: Some(how) };
    answered(vec![Change { pos, prev, what }], Answer::Amended(message))
}
