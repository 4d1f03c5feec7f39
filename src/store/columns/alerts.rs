//! How an alert stands in columns.

use super::ReadRow;
use crate::id::UserId;
use crate::model::InviteCode;
use crate::store::{Alert, AlertKind, Occasion};

/// Those of a room have the least ones.
pub(in crate::store) fn alert_code(kind: AlertKind) -> i16 {
    match kind {
        AlertKind::Added => 1,
        AlertKind::Invited => 2,
        AlertKind::JoinApproved => 3,
        AlertKind::FriendRequest => 4,
        AlertKind::FriendAccepted => 5,
    }
}

/// What stands in `made_by` and `code`.
pub(in crate::store) fn alert_payload(occasion: &Occasion) -> (Option<&UserId>, Option<InviteCode>) {
    match occasion {
        Occasion::Added { by, .. } => (by.as_ref(), None),
        Occasion::Invited { code, .. } => (None, Some(*code)),
        Occasion::JoinApproved(_) | Occasion::FriendRequest(_) | Occasion::FriendAccepted(_) => (None, None),
    }
}

/// Reads an alert, of `push_alerts`.
pub(in crate::store) fn alert<'r, R: ReadRow<'r>>(columns: &mut R) -> Result<Alert, R::Error> {
    let user = columns.parsed()?;
    let occasion = match columns.code()? {
        1 => {
            let (room, by) = (columns.parsed()?, columns.maybe()?);
            columns.skip(1);
            Occasion::Added { room, by }
        }
        2 => {
            let room = columns.parsed()?;
            columns.skip(1);
            Occasion::Invited { room, code: InviteCode::from_bytes(columns.bytes()?) }
        }
        code => {
            let occasion = match code {
                3 => Occasion::JoinApproved(columns.parsed()?),
                4 => Occasion::FriendRequest(columns.parsed()?),
                5 => Occasion::FriendAccepted(columns.parsed()?),
                _ => return Err(columns.no_sense()),
            };
            columns.skip(2);
            occasion
        }
    };
    let (at, tries, due) = (columns.time()?, columns.number()?, columns.time()?);
    let tries = tries.try_into().map_err(|_| R::no_match("push_alerts.tries"))?;
    Ok(Alert { user, occasion, at, tries, due })
}
