//! The rules of friendship and blocks. Pure, like those of rooms.

use super::{Answer, Occasion, Outcome, RelationChange, RelationItem, RelationOp, Rows};
use crate::error::{Error, ErrorKind, Result};
use crate::id::UserId;
use crate::model::{FriendNotice, Relation, RelationKind};

/// Decides a change between two people.
pub(super) fn relate(item: RelationItem, rows: &mut Rows) -> Result<Outcome> {
    use FriendNotice::{Accepted, Declined, Requested, Withdrawn};
    use RelationKind::{Blocked, Friend, RequestReceived, RequestSent};

    let RelationItem { at, user, other, op } = item;
    let (me, them) = (&user.user, &other.user);
    if me == them {
        return Err(Error::invalid("userUuid", "must be somebody else's"));
    }
    if let RelationOp::Import(kind) = op {
        return import(Relation { user: user.user, other: other.user, kind, since: at }, rows);
    }
    let (mine, theirs) = (rows.relation(me, them), rows.relation(them, me));
    let put = |rows: &mut Rows, user: &UserId, other: &UserId, kind| {
        rows.put_relation(Relation { user: user.clone(), other: other.clone(), kind, since: at });
    };
    let befriend = |rows: &mut Rows| {
        put(rows, me, them, Friend);
        put(rows, them, me, Friend);
    };
    let part = |rows: &mut Rows| {
        rows.end_relation(me, them);
        rows.end_relation(them, me);
    };
    // What the other is told; `None`: nothing has changed.
    let told: Option<Option<FriendNotice>> = match (op, mine) {
        (RelationOp::Request, None) => {
            put(rows, me, them, RequestSent);
            // One that reaches nobody looks like any other: a block is not told.
            let arrives = theirs != Some(Blocked);
            if arrives {
                put(rows, them, me, RequestReceived);
            }
            Some(arrives.then_some(Requested))
        }
        (RelationOp::Request | RelationOp::Accept, Some(RequestReceived)) => {
            befriend(rows);
            Some(Some(Accepted))
        }
        (RelationOp::Request, Some(Blocked)) => {
            return Err(ErrorKind::Forbidden("unblock this person first".into()).into());
        }
        (RelationOp::Decline, Some(RequestReceived)) => {
            part(rows);
            Some(Some(Declined))
        }
        (RelationOp::Accept, Some(Friend)) => None,
        (RelationOp::Accept | RelationOp::Decline, _) => {
            return Err(ErrorKind::FriendRequestNotFound(them.clone()).into());
        }
        (RelationOp::Withdraw | RelationOp::Remove, Some(RequestSent)) => {
            rows.end_relation(me, them);
            let had_arrived = theirs == Some(RequestReceived);
            if had_arrived {
                rows.end_relation(them, me);
            }
            Some(had_arrived.then_some(Withdrawn))
        }
        (RelationOp::Remove, Some(Friend)) => {
            part(rows);
            Some(None)
        }
        (RelationOp::Block, None | Some(Friend | RequestSent | RequestReceived)) => {
            put(rows, me, them, Blocked);
            // A request of theirs stays on their side, for ever without an answer.
            if matches!(theirs, Some(Friend | RequestReceived)) {
                rows.end_relation(them, me);
            }
            Some((theirs == Some(RequestReceived)).then_some(Withdrawn))
        }
        (RelationOp::Unblock, Some(Blocked)) => {
            rows.end_relation(me, them);
            if theirs == Some(RequestSent) {
                rows.end_relation(them, me);
            }
            Some(None)
        }
        (
            RelationOp::Request
            | RelationOp::Withdraw
            | RelationOp::Remove
            | RelationOp::Block
            | RelationOp::Unblock
            | RelationOp::Import(_),
            _,
        ) => None,
    };
    match told {
        Some(Some(Requested)) => rows.alert(them, Occasion::FriendRequest(me.clone()), at),
        Some(Some(Accepted)) => rows.alert(them, Occasion::FriendAccepted(me.clone()), at),
        _ => {}
    }
    let now = rows.relations.get(&(me.clone(), them.clone())).cloned();
    let answer = Answer::Relation { now, is_new: told.is_some() };
    let relation = told.map(|notice| Box::new(RelationChange { user, other, notice }));
    Ok(Outcome { changes: Vec::new(), relation, answer })
}

/// Takes in one side of a pair, unless something else has stood there since.
fn import(relation: Relation, rows: &mut Rows) -> Result<Outcome> {
    let standing = rows.relations.get(&(relation.user.clone(), relation.other.clone()));
    if standing.is_none_or(|standing| standing.since < relation.since) {
        rows.put_relation(relation);
    }
    Ok(Outcome { changes: Vec::new(), relation: None, answer: Answer::Done })
}
