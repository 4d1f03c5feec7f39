//! Blobs as files in a folder.

use std::io::{self, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use tokio::fs::{self, File};
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};

use super::{BlobId, BlobStore};
use crate::error::{Error, Result};

/// How much is read at once.
const CHUNK: usize = 64 * 1024;

/// Keeps each blob in a file of a folder, which nobody else writes to. Nodes may share one over a network. Each
/// error of the file system is [`Unavailable`](crate::ErrorKind::Unavailable).
///
/// A file is written under another name, synced, and renamed: whoever finds one finds all of it. Files stand in
/// folders by their [`path`](BlobId::path).
#[derive(Debug)]
pub struct FolderStore {
    root: PathBuf,
}

#[derive(Debug, thiserror::Error)]
enum FolderError {
    #[error("a blob could not be written")]
    Write(#[source] io::Error),
    #[error("a blob could not be read")]
    Read(#[source] io::Error),
    #[error("a blob could not be deleted")]
    Delete(#[source] io::Error),
}

impl From<FolderError> for Error {
    fn from(error: FolderError) -> Self {
        Self::unavailable(error)
    }
}

/// Where a blob stands.
struct Place {
    folder: PathBuf,
    file: PathBuf,
    /// Where it stands until it is whole.
    draft: PathBuf,
}

impl FolderStore {
    /// Keeps blobs in this folder, which is made with the first of them where it is not there. Nothing is looked
    /// at yet.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    fn place(&self, blob: BlobId) -> Place {
        let file = self.root.join(blob.path());
        let folder = file.parent().unwrap_or(&self.root).to_owned();
        Place { draft: folder.join(format!("{blob}.part")), folder, file }
    }
}

#[async_trait]
impl BlobStore for FolderStore {
    async fn put(&self, blob: BlobId, bytes: BoxStream<'static, Result<Bytes>>) -> Result<u64> {
        let place = self.place(blob);
        make_folder(&place.folder, &self.root).await.map_err(FolderError::Write)?;
        let written = write(&place.draft, bytes).await;
        if written.is_err() {
            // What cannot be removed now goes when the blob is deleted.
            let _ = fs::remove_file(&place.draft).await;
        }
        let written = written?;
        fs::rename(&place.draft, &place.file).await.map_err(FolderError::Write)?;
        sync_folder(&place.folder).await.map_err(FolderError::Write)?;
        Ok(written)
    }

    async fn get(
        &self,
        blob: BlobId,
        range: Range<u64>,
    ) -> Result<Option<BoxStream<'static, Result<Bytes>>>> {
        let mut file = match File::open(self.place(blob).file).await {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(FolderError::Read(error).into()),
        };
        file.seek(SeekFrom::Start(range.start)).await.map_err(FolderError::Read)?;
        let wanted = file.take(range.end.saturating_sub(range.start));
        let chunks = stream::try_unfold(wanted, |mut wanted| async move {
            let mut chunk = BytesMut::with_capacity(CHUNK);
            let read = wanted.read_buf(&mut chunk).await.map_err(FolderError::Read)?;
            Ok((read > 0).then(|| (chunk.freeze(), wanted)))
        });
        Ok(Some(chunks.boxed()))
    }

    async fn delete(&self, blob: BlobId) -> Result<()> {
        let place = self.place(blob);
        for path in [&place.draft, &place.file] {
            match fs::remove_file(path).await {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(FolderError::Delete(error).into());
                }
                _ => {}
            }
        }
        Ok(())
    }
}

async fn write(path: &Path, mut bytes: BoxStream<'static, Result<Bytes>>) -> Result<u64> {
    let mut file = File::create(path).await.map_err(FolderError::Write)?;
    let mut written = 0;
    while let Some(chunk) = bytes.next().await {
        let chunk = chunk?;
        file.write_all(&chunk).await.map_err(FolderError::Write)?;
        written += chunk.len() as u64;
    }
    file.flush().await.map_err(FolderError::Write)?;
    file.sync_all().await.map_err(FolderError::Write)?;
    Ok(written)
}

async fn make_folder(folder: &Path, root: &Path) -> io::Result<()> {
    match fs::create_dir(folder).await {
        Ok(()) => sync_folder(root).await,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            fs::create_dir_all(folder).await?;
            sync_folder(root).await?;
            match root.parent().filter(|above| !above.as_os_str().is_empty()) {
                Some(above) => sync_folder(above).await,
                None => Ok(()),
            }
        }
        Err(error) => Err(error),
    }
}

/// The names in it outlive a crash then. Other systems keep them by themselves, or cannot be asked to.
async fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder).await?.sync_all().await } else { Ok(()) }
}
