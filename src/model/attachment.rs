//! Files that go with messages.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::id::{AttachmentId, RoomId, UserId};

/// A file in a room: what is told of it. Its bytes are in the blob store.
///
/// It never changes once a message has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// Its id.
    pub id: AttachmentId,
    /// Its room.
    pub room: RoomId,
    /// Who uploaded it, and alone may send it.
    pub uploader: UserId,
    /// The name of the file, to be shown and no more: one line of at most 255 characters, without a path.
    pub name: Arc<str>,
    /// Its media type, as its bytes tell: `application/octet-stream` where they tell nothing.
    pub media_type: Arc<str>,
    /// How many bytes it has.
    pub size: u64,
    /// How large the picture is, where it is one; at most
    /// [`Config::max_image_pixels`](crate::Config::max_image_pixels) when it was uploaded.
    pub dimensions: Option<Dimensions>,
    /// Whether a small picture of it is there: a JPEG of at most 320 pixels a side. A picture that is no larger
    /// itself has none.
    pub has_thumbnail: bool,
    /// When its upload began.
    pub created_at: Timestamp,
}

/// How large a picture is, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[allow(clippy::exhaustive_structs, reason = "a picture has two sides")]
pub struct Dimensions {
    /// From left to right, as it is shown; at least 1.
    pub width: u32,
    /// From top to bottom, likewise.
    pub height: u32,
}

impl Attachment {
    /// Where it is read, below where the REST routes are mounted:
    /// [`Config::public_url`](crate::Config::public_url) for clients.
    pub fn path(room: RoomId, id: AttachmentId) -> String {
        format!("/chat/rooms/{room}/attachments/{id}")
    }

    /// Whether it is a picture, by its media type.
    pub fn is_image(&self) -> bool {
        self.media_type.starts_with("image/")
    }
}
