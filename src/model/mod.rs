//! Plain data: what rooms, members and messages are. No I/O happens here.

mod draft;
mod history;
mod member;
mod message;
mod position;
mod profile;
mod reaction;
mod relation;
mod room;

pub use draft::{Draft, NewRoom};
pub use history::{Cursor, History, HistoryQuery, Limit, Page, PageQuery, Span};
pub use member::{Mark, Member, Role, Verb};
pub use message::{
    Amendment, Body, Message, MessageState, MessageType, MessageView, Phrases, Receipt, SystemKind,
};
pub use position::{Epoch, MAX_LANES, Pos, Position, Token, TokenError};
pub use profile::{Participant, Profile};
pub use reaction::{MAX_REACTION_BYTES, Reaction, ReactionError, ReactionPage, Reactions};
pub use relation::{FriendNotice, Relation, RelationKind, RelationPage, RelationView};
pub use room::{Room, RoomKey, RoomKind, RoomType, RoomView};
