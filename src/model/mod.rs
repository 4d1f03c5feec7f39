//! Plain data: what rooms, members and messages are. No I/O happens here.

mod attachment;
mod audit;
mod ban;
mod draft;
mod history;
mod invite;
mod member;
mod message;
mod permissions;
mod position;
mod profile;
mod reaction;
mod relation;
mod report;
mod room;
mod update;

pub use attachment::{Attachment, Dimensions};
#[cfg(any(feature = "rest", feature = "ws", feature = "socketio"))]
pub(crate) use audit::ActName;
pub use audit::{Act, AuditEntry, AuditPage};
pub use ban::{Ban, BanPage, Sanction};
pub use draft::{Draft, NewRoom};
pub use history::{Cursor, History, HistoryQuery, Limit, Page, PageQuery, Span};
pub use invite::{Invite, InviteCode, NewInvite};
pub use member::{Mark, Member, Role, Verb};
pub use message::{
    Amendment, Body, Message, MessageState, MessageType, MessageView, Phrases, Receipt, SystemKind,
};
pub use permissions::{Permissions, PermissionsError};
pub use position::{Epoch, MAX_LANES, Pos, Position, Token, TokenError};
pub use profile::{Participant, Profile};
pub use reaction::{MAX_REACTION_BYTES, Reaction, ReactionError, ReactionPage, Reactions};
pub use relation::{FriendNotice, Relation, RelationKind, RelationPage, RelationView};
pub use report::{Report, ReportOutcome, ReportPage, Resolution};
pub use room::{About, MAX_SLOW_MODE, PublicRooms, Room, RoomKey, RoomKind, RoomType, RoomView, Visibility};
pub use update::RoomUpdate;
