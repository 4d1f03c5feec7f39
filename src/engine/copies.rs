//! Copies of files for a message that is passed on: what an attachment is belongs to its room.

use tokio::time::timeout;

use super::Actor;
use crate::blob::{BlobId, BlobStore};
use crate::error::{Error, ErrorKind, Result};
use crate::id::{AttachmentId, RoomId};
use crate::model::Attachment;
use crate::store::AttachOp;

impl Actor {
    /// Copies files into a room, to be sent there by the actor. All are there, or none stays for longer than one that
    /// is never sent. It counts as an upload, and has its time.
    pub(super) async fn copy_files(&self, files: &[Attachment], to: RoomId) -> Result<Vec<AttachmentId>> {
        if files.is_empty() {
            return Ok(Vec::new());
        }
        let uploads = &self.engine.inner.uploads;
        let blobs = uploads.blobs()?;
        let _turn = uploads.enter(&self.user)?;
        self.left_of_quota(files.iter().map(|file| file.size).sum()).await?;
        let copying = async {
            let mut copies = Vec::with_capacity(files.len());
            for file in files {
                copies.push(self.copy_file(&*blobs, file, to).await?);
            }
            Ok(copies)
        };
        timeout(self.engine.config().upload_timeout, copying).await.map_err(Error::unavailable)?
    }

    async fn copy_file(&self, blobs: &dyn BlobStore, file: &Attachment, to: RoomId) -> Result<AttachmentId> {
        let copy = Attachment {
            id: AttachmentId::generate(),
            room: to,
            uploader: self.user.clone(),
            created_at: self.engine.now(),
            ..file.clone()
        };
        self.attach(to, AttachOp::Begin(Box::new(Attachment { size: 0, ..copy.clone() }))).await?;
        let id = copy.id;
        let copying = async {
            copy_blobs(blobs, file, &copy).await?;
            self.finish(copy).await
        };
        if let Err(error) = copying.await {
            self.engine.drop_attachment(to, id).await;
            return Err(error);
        }
        Ok(id)
    }
}

async fn copy_blobs(blobs: &dyn BlobStore, file: &Attachment, copy: &Attachment) -> Result<()> {
    let thumbnail =
        file.has_thumbnail.then(|| (BlobId::thumbnail_of(file.id), BlobId::thumbnail_of(copy.id)));
    for (from, into) in [(BlobId::of(file.id), BlobId::of(copy.id))].into_iter().chain(thumbnail) {
        let bytes = blobs.get(from, 0..u64::MAX).await?;
        blobs.put(into, bytes.ok_or(ErrorKind::AttachmentNotFound(file.id))?).await?;
    }
    Ok(())
}
