//! How a request to come in stands in columns.

use super::ReadRow;
use crate::id::JoinRequestId;
use crate::model::{InviteCode, JoinRequest, Profile};

/// Reads a request, of `join_requests j`.
pub(in crate::store) fn join_request<'r, R: ReadRow<'r>>(columns: &mut R) -> Result<JoinRequest, R::Error> {
    Ok(JoinRequest {
        id: JoinRequestId::from_bytes(columns.bytes()?),
        room: columns.room_id()?,
        user: columns.parsed()?,
        invite: columns.maybe_id()?.map(InviteCode::from_bytes),
        reason: columns.maybe_text()?.map(Into::into),
        at: columns.time()?,
    })
}

/// The same, and then what is shown of the user.
pub(in crate::store) fn join_request_of<'r, R: ReadRow<'r>>(
    columns: &mut R,
) -> Result<(JoinRequest, Profile), R::Error> {
    let request = join_request(columns)?;
    let profile = columns.profile(request.user.clone())?;
    Ok((request, profile))
}
