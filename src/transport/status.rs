//! What each error is to HTTP, and each close to a WebSocket: the one place for it.

use crate::error::ErrorCode;
#[cfg(any(feature = "ws", feature = "socketio"))]
use crate::event::CloseReason;

/// The HTTP status of an error.
pub(crate) fn http_status(code: ErrorCode) -> u16 {
    match code {
        // Taken, and not done yet.
        ErrorCode::Held | ErrorCode::JoinHeld => 202,
        ErrorCode::InvalidInput => 400,
        ErrorCode::Unauthenticated | ErrorCode::TokenExpired => 401,
        ErrorCode::Forbidden
        | ErrorCode::NotFriends
        | ErrorCode::NotAParticipant
        | ErrorCode::Muted
        | ErrorCode::Banned => 403,
        ErrorCode::RoomNotFound
        | ErrorCode::MessageNotFound
        | ErrorCode::AttachmentNotFound
        | ErrorCode::JoinRequestNotFound
        | ErrorCode::ReportNotFound
        | ErrorCode::FriendRequestNotFound
        | ErrorCode::InviteNotFound
        | ErrorCode::NotFound => 404,
        ErrorCode::MethodNotAllowed => 405,
        ErrorCode::RoomClosed
        | ErrorCode::RoomFull
        | ErrorCode::LimitReached
        | ErrorCode::ChallengeRoomExists
        | ErrorCode::ClientIdConflict
        | ErrorCode::MessageDeleted
        | ErrorCode::AttachmentUsed
        | ErrorCode::QuotaExceeded
        | ErrorCode::ImportConflict => 409,
        ErrorCode::PayloadTooLarge => 413,
        ErrorCode::UnsupportedMediaType | ErrorCode::TypeNotAllowed => 415,
        ErrorCode::RateLimited => 429,
        ErrorCode::Unavailable => 503,
    }
}

/// The close code of a WebSocket, and the words beside it (at most 123 bytes).
#[cfg(any(feature = "ws", feature = "socketio"))]
pub(crate) fn close_code(reason: CloseReason) -> (u16, String) {
    match reason {
        CloseReason::Unauthenticated => (4001, "unauthenticated".into()),
        CloseReason::TokenExpired => (4003, "token expired".into()),
        CloseReason::Lagged => (4008, "lagged: reconnect and resume".into()),
        CloseReason::TooManyRequests => (4009, "too many requests".into()),
        CloseReason::FrameTooLarge => (1009, "frame too large".into()),
        CloseReason::Protocol => (1002, "protocol error".into()),
        CloseReason::Restarting(delay) => {
            (4012, format!("server restarting: reconnect after {} ms", delay.as_millis()))
        }
        CloseReason::Ended => (1000, String::new()),
    }
}

/// What a Socket.IO client is told before it is closed: the code and the words of its `error` event.
/// `None`: nothing.
#[cfg(feature = "socketio")]
pub(crate) fn close_error(reason: CloseReason) -> Option<(&'static str, String)> {
    let code = match reason {
        CloseReason::Unauthenticated => "UNAUTHENTICATED",
        CloseReason::TokenExpired => "TOKEN_EXPIRED",
        CloseReason::Lagged => "LAGGED",
        CloseReason::TooManyRequests => "RATE_LIMITED",
        CloseReason::FrameTooLarge => "PAYLOAD_TOO_LARGE",
        CloseReason::Restarting(_) => "RESTARTING",
        CloseReason::Protocol | CloseReason::Ended => return None,
    };
    Some((code, close_code(reason).1))
}
