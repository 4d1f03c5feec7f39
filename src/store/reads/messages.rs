//! What was said.

use std::ops::RangeInclusive;

use async_trait::async_trait;

use crate::error::Result;
use crate::id::{AttachmentId, MessageId, RoomId, UserId};
use crate::model::{Edit, Message, PinCursor, Profile, Reaction};
use crate::store::{Found, Search, StoredAttachment};

/// What was said: history, single messages, what hangs on them, and the search of words.
#[async_trait]
pub trait MessageReads {
    /// The messages with these numbers, in their order; a number that none has is passed over. The engine asks
    /// for a page at most, which is [`Limit::MAX`](crate::model::Limit::MAX).
    ///
    /// # Errors
    /// Only those of [every call](crate::store::Store).
    async fn messages(&self, room: RoomId, seqs: RangeInclusive<u64>) -> Result<Vec<Message>>;

    /// The message of this id, when it is in this room.
    ///
    /// # Errors
    /// Only those of [every call](crate::store::Store).
    async fn message(&self, room: RoomId, id: MessageId) -> Result<Option<Message>>;

    /// Who left which reactions on the message with this number, by reaction and then by user, beyond `after`.
    ///
    /// # Errors
    /// Only those of [every call](crate::store::Store).
    async fn reactions(
        &self,
        room: RoomId,
        seq: u64,
        after: Option<&(Reaction, UserId)>,
        limit: u32,
    ) -> Result<Vec<(Reaction, Profile)>>;

    /// What the user left on the messages with these numbers, in their order, and then by reaction. The engine
    /// asks for a page of messages at most, which is [`Limit::MAX`](crate::model::Limit::MAX).
    ///
    /// # Errors
    /// Only those of [every call](crate::store::Store).
    async fn reactions_of(
        &self,
        room: RoomId,
        user: &UserId,
        seqs: RangeInclusive<u64>,
    ) -> Result<Vec<(u64, Reaction)>>;

    /// The former states of the message with this number that are kept, the newest first: by falling versions, below
    /// `before`.
    ///
    /// # Errors
    /// Only those of [every call](crate::store::Store).
    async fn edits(&self, room: RoomId, seq: u64, before: Option<u64>, limit: u32) -> Result<Vec<Edit>>;

    /// The room's pinned messages, below `before`: the newest pin first, those of one moment by falling numbers.
    ///
    /// # Errors
    /// Only those of [every call](crate::store::Store).
    async fn pinned(&self, room: RoomId, before: Option<PinCursor>, limit: u32) -> Result<Vec<Message>>;

    /// The numbers of those of these messages that the user has hidden, in their order. A member whose
    /// [`hidden`](crate::model::Member::hidden) is 0 has hidden none, and is not asked for.
    ///
    /// # Errors
    /// Only those of [every call](crate::store::Store).
    async fn hidden(&self, room: RoomId, user: &UserId, seqs: RangeInclusive<u64>) -> Result<Vec<u64>>;

    /// The messages that a user looks for, newest first: of those in the [index](crate::store::Upkeep::index) in rooms in which they
    /// are active, those that are [meant](Search::means) and that they have not hidden, as they are now. No message comes on two pages, and none
    /// that is there all the time on none, whatever is sent meanwhile.
    ///
    /// # Errors
    /// Only those of [every call](crate::store::Store).
    async fn search(&self, search: Search) -> Result<Found>;

    /// The attachment of this id, when it is in this room.
    ///
    /// # Errors
    /// Only those of [every call](crate::store::Store).
    async fn attachment(&self, room: RoomId, id: AttachmentId) -> Result<Option<StoredAttachment>>;

    /// How many bytes all attachments of a user have together, in whatever room and at whatever
    /// [stage](crate::store::Stage): 0 of whoever has none.
    ///
    /// # Errors
    /// Only those of [every call](crate::store::Store).
    async fn stored_bytes(&self, user: &UserId) -> Result<u64>;
}
