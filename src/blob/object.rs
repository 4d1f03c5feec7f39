//! Blobs as objects of S3 and its like.

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use object_store::path::Path;
use object_store::{GetOptions, GetRange, ObjectStore, ObjectStoreExt, WriteMultipart};

use super::{BlobId, BlobStore};
use crate::error::{Error, Result};

/// How large the parts of a large object are: S3 takes no smaller ones.
const PART: usize = 5 * 1024 * 1024;

/// How many parts of one object are on their way at once.
const AT_ONCE: usize = 2;

/// Keeps each blob in an object of a store that the crate [`object_store`] reaches: S3 and what speaks like it,
/// Google's, Microsoft's, a folder. Which one is up to the app, which depends on `object_store` with the
/// feature for it.
///
/// Objects are named like the files of a [`FolderStore`](super::FolderStore), so that a folder moves into a
/// bucket as it is. Those of 5 MiB and more go in parts of that size, the
/// [least of S3](https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html), two on their way at once. An
/// upload that breaks off in the middle of one may leave parts of it behind, which no reader sees: have the
/// bucket delete them after a day (`AbortIncompleteMultipartUpload`). Each error of the store is
/// [`Unavailable`](crate::ErrorKind::Unavailable).
///
/// ```
/// use std::sync::Arc;
/// use chat_core::{ChatEngine, blob::ObjectBlobStore};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> chat_core::Result<()> {
/// // Or AmazonS3Builder::from_env().with_bucket_name("chat").build()?, with the feature `aws` of object_store.
/// let bucket = Arc::new(object_store::memory::InMemory::new());
/// let engine = ChatEngine::builder().blobs(ObjectBlobStore::new(bucket, "files")).build().await?;
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct ObjectBlobStore {
    objects: Arc<dyn ObjectStore>,
    prefix: String,
}

#[derive(Debug, thiserror::Error)]
#[error("the store of blobs")]
struct ObjectError(#[from] object_store::Error);

impl From<ObjectError> for Error {
    fn from(error: ObjectError) -> Self {
        Self::unavailable(error)
    }
}

fn failed(error: object_store::Error) -> Error {
    ObjectError(error).into()
}

impl ObjectBlobStore {
    /// Keeps blobs in these objects, all below a prefix, which may be empty. Nothing is looked at yet.
    pub fn new(objects: Arc<dyn ObjectStore>, prefix: impl Into<String>) -> Self {
        Self { objects, prefix: prefix.into() }
    }

    fn path(&self, blob: BlobId) -> Path {
        Path::from(format!("{}/{}", self.prefix, blob.path()))
    }

    async fn put_large(
        &self,
        path: &Path,
        first: Bytes,
        mut bytes: BoxStream<'static, Result<Bytes>>,
    ) -> Result<u64> {
        let upload = self.objects.put_multipart(path).await.map_err(failed)?;
        let mut upload = WriteMultipart::new_with_chunk_size(upload, PART);
        let mut written = first.len() as u64;
        upload.put(first);
        let filled = async {
            while let Some(chunk) = bytes.next().await {
                let chunk = chunk?;
                upload.wait_for_capacity(AT_ONCE).await.map_err(failed)?;
                written += chunk.len() as u64;
                upload.put(chunk);
            }
            Ok(written)
        };
        match filled.await {
            Ok(written) => upload.finish().await.map(|_| written).map_err(failed),
            Err(error) => {
                // Parts that stay behind are the bucket's to delete.
                let _ = upload.abort().await;
                Err(error)
            }
        }
    }
}

#[async_trait]
impl BlobStore for ObjectBlobStore {
    async fn put(&self, blob: BlobId, mut bytes: BoxStream<'static, Result<Bytes>>) -> Result<u64> {
        let path = self.path(blob);
        let mut first = BytesMut::new();
        while first.len() < PART {
            let Some(chunk) = bytes.next().await else {
                let written = first.len() as u64;
                return match self.objects.put(&path, first.freeze().into()).await {
                    Ok(_) => Ok(written),
                    Err(error) => Err(failed(error)),
                };
            };
            first.extend_from_slice(&chunk?);
        }
        self.put_large(&path, first.freeze(), bytes).await
    }

    async fn get(
        &self,
        blob: BlobId,
        range: Range<u64>,
    ) -> Result<Option<BoxStream<'static, Result<Bytes>>>> {
        let path = self.path(blob);
        // A part without bytes is an error to it, and asking for all is no part.
        let part = match (range.start, range.end) {
            (0, u64::MAX) => None,
            (from, u64::MAX) => Some(GetRange::Offset(from)),
            (from, to) if from < to => Some(GetRange::Bounded(from..to)),
            _ => {
                return match self.objects.head(&path).await {
                    Ok(_) => Ok(Some(stream::empty().boxed())),
                    Err(error) => none_if_missing(error),
                };
            }
        };
        match self.objects.get_opts(&path, GetOptions::new().with_range(part)).await {
            Ok(found) => Ok(Some(found.into_stream().map(|chunk| chunk.map_err(failed)).boxed())),
            Err(error) => none_if_missing(error),
        }
    }

    async fn delete(&self, blob: BlobId) -> Result<()> {
        match self.objects.delete(&self.path(blob)).await {
            Err(error) => none_if_missing::<()>(error).map(drop),
            Ok(()) => Ok(()),
        }
    }
}

fn none_if_missing<T>(error: object_store::Error) -> Result<Option<T>> {
    match error {
        object_store::Error::NotFound { .. } => Ok(None),
        error => Err(failed(error)),
    }
}
