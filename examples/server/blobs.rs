//! Where files that go with messages are kept.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use chat_core::blob::{BlobStore, FolderStore, ObjectBlobStore};
use object_store::aws::AmazonS3Builder;
use tempfile::TempDir;
use tokio_rustls::rustls::crypto::ring;

use crate::args::Args;
use crate::{Failure, failed};

/// What `--blobs` begins with where it names no folder.
const S3: &str = "s3://";

/// A place for blobs.
pub(crate) enum Blobs {
    Folder(PathBuf),
    /// That of a store in memory is removed with the server.
    Temporary(TempDir),
    /// Of S3, or of what speaks like it.
    Bucket(Arc<ObjectBlobStore>),
}

impl Blobs {
    pub(crate) fn open(args: &Args) -> Result<Self, Failure> {
        match args.blobs.as_deref() {
            Some(place) => match place.strip_prefix(S3) {
                Some(bucket) => Self::bucket(bucket),
                None => {
                    fs::create_dir_all(place)
                        .map_err(|error| failed(format!("cannot make {place}"), error))?;
                    Ok(Self::Folder(place.into()))
                }
            },
            None if args.db == "memory" => {
                let kept = tempfile::tempdir();
                Ok(Self::Temporary(kept.map_err(|error| failed("cannot make a folder for files", error))?))
            }
            // Made with the first file.
            None if args.is_postgres() => Ok(Self::Folder("chat.blobs".into())),
            None => Ok(Self::Folder(format!("{}.blobs", args.db).into())),
        }
    }

    /// Where it is and whose keys open it stands in the environment, as for every program that speaks with S3.
    fn bucket(place: &str) -> Result<Self, Failure> {
        let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
        // It is there already where this server has been set up for TLS.
        let _ = ring::default_provider().install_default();
        let bucket = AmazonS3Builder::from_env().with_bucket_name(bucket).build();
        let bucket = bucket.map_err(|error| failed(format!("cannot use {S3}{place}"), error))?;
        Ok(Self::Bucket(Arc::new(ObjectBlobStore::new(Arc::new(bucket), prefix.trim_matches('/')))))
    }

    pub(crate) fn store(&self) -> Arc<dyn BlobStore> {
        match self {
            Self::Folder(folder) => Arc::new(FolderStore::new(folder)),
            Self::Temporary(folder) => Arc::new(FolderStore::new(folder.path().join("blobs"))),
            Self::Bucket(bucket) => bucket.clone(),
        }
    }
}
