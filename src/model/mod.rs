//! Plain data: what rooms, members and messages are. No I/O happens here.

mod attachment;
mod audit;
mod ban;
mod custom;
mod delta;
mod draft;
mod edit;
mod feed;
mod follow;
mod held;
mod hidden;
mod history;
mod invite;
mod join;
mod member;
mod mentions;
mod message;
mod notify;
mod permissions;
mod pin;
mod position;
mod profile;
mod reaction;
mod references;
mod relation;
mod report;
mod retention;
mod room;
mod search;
mod settings;
mod thread;
mod update;
mod words;

pub use attachment::{Attachment, Dimensions};
#[cfg(any(feature = "rest", feature = "ws", feature = "socketio"))]
pub(crate) use audit::ActName;
pub use audit::{Act, AuditEntry, AuditPage};
pub use ban::{Ban, BanPage, Sanction};
pub use custom::Custom;
pub use delta::Delta;
pub use draft::{Draft, NewRoom};
pub use edit::{Edit, EditPage, Revision};
pub use feed::{FeedCursor, FeedCursorError, FeedPage, FeedQuery, FeedRoom};
pub use follow::{Follow, ThreadCursor, ThreadCursorError, ThreadPage, ThreadState, ThreadView};
pub use held::{HeldMessage, HeldPage};
pub use hidden::Hidden;
pub use history::{Cursor, History, HistoryQuery, Limit, Page, PageQuery, Span};
pub use invite::{Invitation, InvitationPage, Invite, InviteCode, InvitePreview, NewInvite};
pub use join::{JoinRequest, JoinRequestPage, OwnJoinRequest, OwnJoinRequestPage};
pub use member::{Mark, Member, Role, Verb};
pub use mentions::Mentions;
pub use message::{
    Amendment, Body, Message, MessageState, MessageType, MessageView, Phrases, Receipt, SystemKind,
};
pub use notify::{DailyHours, DoNotDisturb, Notify, NotifyError, NotifyLevel, NotifySetting, Quiet};
pub use permissions::{Permissions, PermissionsError};
pub use pin::{Pin, PinCursor, PinCursorError, PinPage};
pub use position::{Epoch, MAX_LANES, Pos, Position, Token, TokenError};
pub use profile::{Participant, Profile};
pub use reaction::{MAX_REACTION_BYTES, Reaction, ReactionError, ReactionPage, Reactions};
pub use references::{Quoted, References};
pub use relation::{FriendNotice, Relation, RelationKind, RelationPage, RelationView};
pub use report::{Report, ReportOutcome, ReportPage, Resolution};
pub use retention::{Floor, Keeping, KeepingError, MAX_RETENTION_DAYS, MAX_RETENTION_MESSAGES, Retention};
pub use room::{About, MAX_SLOW_MODE, PublicRooms, Room, RoomKey, RoomKind, RoomType, RoomView, Visibility};
pub use search::{Hit, Hits, SearchCursor, SearchCursorError, SearchQuery, SnippetPart};
pub use settings::{LastSeen, Settings, SettingsUpdate};
pub use thread::{MAX_THREAD_PARTICIPANTS, ReplyPage, ReplyTo, Thread, ThreadSummary};
pub use update::RoomUpdate;
pub use words::Words;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(crate) use words::{Needle, grams};
