//! Where the bytes of attachments are kept: the [`BlobStore`] contract, and stores in a folder and in S3.
//!
//! What is known of an attachment stands in the [`Store`](crate::store::Store), from before the first of its
//! bytes is kept until after the last is gone. So whatever breaks off in between, no blob is ever there that
//! the store does not know of.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use bytes::Bytes;
//! use chat_core::{ChatEngine, blob::FolderStore, model::{Draft, NewRoom}};
//! use futures_util::stream;
//!
//! # let dir = tempfile::tempdir()?;
//! # let path = dir.path().join("blobs");
//! let engine = ChatEngine::builder().blobs(FolderStore::new(path)).build().await?;
//! let ana = engine.as_user("ana".parse()?);
//! let room = ana.create_room(NewRoom::direct("ben")).await?.id();
//!
//! let bytes = stream::iter([Ok(Bytes::from_static(b"1 kg of flour"))]);
//! let recipe = ana.upload(room, "recipe.txt", bytes).await?;
//! let message = ana.send(room, Draft::text("For Sunday").with_attachment(recipe.id)).await?;
//! assert_eq!(&*message.attachments[0].name, "recipe.txt");
//! # Ok(()) }
//! ```

mod folder;
#[cfg(feature = "object-store")]
mod object;
pub(crate) mod sniff;
pub(crate) mod thumbnail;

use std::fmt;
use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;

use crate::error::Result;
use crate::id::AttachmentId;

pub use folder::FolderStore;
#[cfg(feature = "object-store")]
pub use object::ObjectBlobStore;

/// Names a blob. It is made of an attachment's id alone, and never of anything that a user has written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BlobId {
    attachment: AttachmentId,
    is_thumbnail: bool,
}

impl BlobId {
    /// The attachment itself, as it was uploaded.
    pub fn of(attachment: AttachmentId) -> Self {
        Self { attachment, is_thumbnail: false }
    }

    /// The small picture of it.
    pub fn thumbnail_of(attachment: AttachmentId) -> Self {
        Self { attachment, is_thumbnail: true }
    }

    /// A name in one of 1,024 folders, by the last two letters of the id, which are random: `4F/01H…4F`.
    pub fn path(&self) -> String {
        let id = self.attachment.to_string();
        format!("{}/{self}", &id[id.len() - 2..])
    }
}

/// A name for a file or an object: 26 letters and digits, behind which a thumbnail has one more word.
impl fmt::Display for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { attachment, is_thumbnail } = self;
        write!(f, "{attachment}{}", if *is_thumbnail { "-thumbnail" } else { "" })
    }
}

/// The contract of a store of blobs.
///
/// The engine never puts anything twice under one id unless the first time failed, and never at once. It may
/// delete what is not there, and read what was deleted.
///
/// **Errors.** [`Unavailable`](crate::ErrorKind::Unavailable) when the same call may work later, with its cause
/// as the source, and nothing else of the store's own. A blob that is not there is no error but an empty answer.
///
/// All cases of the contract are tests: see [`testing::blob`](crate::testing::blob).
#[async_trait]
pub trait BlobStore: Send + Sync + fmt::Debug + 'static {
    /// Keeps all the bytes under the id, and says how many bytes there were. When it returns `Ok`, they outlive a
    /// crash. Before, nothing of them shows, and after an `Err` nothing ever does: half a blob is none. An
    /// error of the bytes themselves is given back as it is.
    ///
    /// It holds no more of the bytes in memory than a few parts of some megabytes. How many bytes may come, and
    /// how long they may take, the engine sees to.
    async fn put(&self, blob: BlobId, bytes: BoxStream<'static, Result<Bytes>>) -> Result<u64>;

    /// The bytes from `range.start` up to `range.end`, which is not among them, or to the end where that comes
    /// first; `None` when the blob is not there. `range.start` is within the blob. What is deleted while it is
    /// read may end in an error.
    async fn get(&self, blob: BlobId, range: Range<u64>)
    -> Result<Option<BoxStream<'static, Result<Bytes>>>>;

    /// Deletes the blob, and what a broken off [`put`](Self::put) has left of it. Whether it was there is
    /// not told.
    async fn delete(&self, blob: BlobId) -> Result<()>;
}
