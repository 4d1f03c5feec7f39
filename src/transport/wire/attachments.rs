//! Attachments as JSON.

use serde::Serialize;

use crate::clock::Timestamp;
use crate::id::{AttachmentId, RoomId};
use crate::model::Attachment;

/// A file that goes with a message.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Attachment))]
pub(crate) struct AttachmentJson<'a> {
    /// Its id.
    attachment_uuid: AttachmentId,
    /// Its room.
    room_uuid: RoomId,
    /// The name of the file, to be shown.
    name: &'a str,
    /// Its media type, as its bytes tell.
    media_type: &'a str,
    /// How many bytes it has.
    size: u64,
    /// How wide the picture is, in pixels.
    #[cfg_attr(feature = "openapi", schema(required))]
    width: Option<u32>,
    /// How high the picture is, in pixels.
    #[cfg_attr(feature = "openapi", schema(required))]
    height: Option<u32>,
    /// Where it is read, with a token: a path below that of this API.
    url: String,
    /// Where a small picture of it is read, likewise.
    #[cfg_attr(feature = "openapi", schema(required))]
    thumbnail_url: Option<String>,
    /// When it was uploaded.
    created_at: Timestamp,
}

impl<'a> From<&'a Attachment> for AttachmentJson<'a> {
    fn from(attachment: &'a Attachment) -> Self {
        let url = Attachment::path(attachment.room, attachment.id);
        Self {
            attachment_uuid: attachment.id,
            room_uuid: attachment.room,
            name: &attachment.name,
            media_type: &attachment.media_type,
            size: attachment.size,
            width: attachment.dimensions.map(|sides| sides.width),
            height: attachment.dimensions.map(|sides| sides.height),
            thumbnail_url: attachment.has_thumbnail.then(|| format!("{url}/thumbnail")),
            url,
            created_at: attachment.created_at,
        }
    }
}

/// A link to a file, for whatever can send no header.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Link))]
#[cfg_attr(not(feature = "blobs"), allow(dead_code, reason = "the documents tell of it all the same"))]
pub(crate) struct LinkJson<'a> {
    /// Where the file is read, without a token in the header.
    pub(crate) url: &'a str,
    /// Where the small picture of it is read.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub(crate) thumbnail_url: Option<&'a str>,
    /// Until then it holds, while the caller is in the room.
    pub(crate) expires_at: Timestamp,
}

#[cfg(feature = "blobs")]
impl<'a> From<&'a crate::engine::Link> for LinkJson<'a> {
    fn from(link: &'a crate::engine::Link) -> Self {
        Self { url: &link.url, thumbnail_url: link.thumbnail_url.as_deref(), expires_at: link.expires }
    }
}
