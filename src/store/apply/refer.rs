//! The rules of what a message may refer to.

use std::sync::Arc;

use std::collections::HashSet;

use super::Ctx;
use crate::error::{ErrorKind, Result};
use crate::id::MessageId;
use crate::model::{Body, Member, Mentions, Quoted, References, Room, Verb};
use crate::store::{Refers, Rows};

/// What a message of this member refers to, when it may.
pub(super) fn references(
    ctx: &Ctx,
    refers: &Refers,
    room: &Room,
    sender: &Member,
    rows: &Rows,
) -> Result<References> {
    let quoted = refers.quoted.map(|id| quotable(ctx, id, rows)).transpose()?;
    let forwarded = refers.forwarded.as_ref().map(|forward| Arc::new(forward.first.clone()));
    let mentions = match &refers.mentions {
        Some(asked) => mentioned(ctx, asked, room, sender, rows)?,
        None => None,
    };
    Ok(References { quoted, forwarded, mentions })
}

/// Nobody mentions who is not there, themselves, or anybody twice.
fn mentioned(
    ctx: &Ctx,
    asked: &Mentions,
    room: &Room,
    sender: &Member,
    rows: &Rows,
) -> Result<Option<Arc<Mentions>>> {
    if asked.all && ctx.by.is_some() {
        ctx.check_role(sender.role, Verb::MentionAll, room)?;
    }
    let mut named = HashSet::new();
    let is_there = |user| rows.members.get(&(ctx.id, user)).is_some_and(|member| member.active);
    let mut users = asked.users.clone();
    users.retain(|user| *user != sender.user && is_there(user.clone()) && named.insert(user.clone()));
    let mentions = Mentions { users, all: asked.all };
    Ok(Some(mentions).filter(|mentions| !mentions.is_empty()).map(Arc::new))
}

fn quotable(ctx: &Ctx, id: MessageId, rows: &Rows) -> Result<Arc<Quoted>> {
    let message = rows.message(ctx.id, id).ok_or(ErrorKind::MessageNotFound(id))?;
    match message.body {
        Body::System { .. } => {
            Err(ErrorKind::Forbidden("the server's own words are not answered".into()).into())
        }
        Body::Deleted(_) => Err(ErrorKind::MessageDeleted(id).into()),
        _ => Ok(Arc::new(Quoted::from(&*message))),
    }
}
