//! The rules of what a message may refer to.

use std::sync::Arc;

use super::Ctx;
use crate::error::{ErrorKind, Result};
use crate::id::MessageId;
use crate::model::{Body, Quoted, References};
use crate::store::{Refers, Rows};

/// What a message refers to, when it may.
pub(super) fn references(ctx: &Ctx, refers: &Refers, rows: &Rows) -> Result<References> {
    let quoted = refers.quoted.map(|id| quotable(ctx, id, rows)).transpose()?;
    let forwarded = refers.forwarded.as_ref().map(|forward| Arc::new(forward.first.clone()));
    Ok(References { quoted, forwarded })
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
