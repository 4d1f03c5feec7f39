//! Where files that go with messages are kept.

use std::fs;
use std::sync::Arc;

use chat_core::blob::{BlobStore, FolderStore, ObjectBlobStore};
use object_store::aws::AmazonS3Builder;
use tempfile::TempDir;
use tokio_rustls::rustls::crypto::ring;

use crate::args::Args;
use crate::{Failure, failed};

/// What `--blobs` begins with where it names no folder.
const S3: &str = "s3://";

/// A place for blobs. The folder of a store in memory is removed with it.
pub(crate) struct Blobs {
    store: Arc<dyn BlobStore>,
    _kept: Option<TempDir>,
}

impl Blobs {
    pub(crate) fn open(args: &Args) -> Result<Self, Failure> {
        let place = match args.blobs.as_deref() {
            Some(place) => place.to_owned(),
            None if args.db == "memory" => return Self::temporary(),
            None if args.is_postgres() => "chat.blobs".to_owned(),
            None => format!("{}.blobs", args.db),
        };
        if let Some(bucket) = place.strip_prefix(S3) {
            return Self::bucket(bucket);
        }
        // One that nobody has named is made with the first file.
        if args.blobs.is_some() {
            fs::create_dir_all(&place).map_err(|error| failed(format!("cannot make {place}"), error))?;
        }
        Ok(Self { store: Arc::new(FolderStore::new(place)), _kept: None })
    }

    fn temporary() -> Result<Self, Failure> {
        let kept = tempfile::tempdir().map_err(|error| failed("cannot make a folder for files", error))?;
        Ok(Self { store: Arc::new(FolderStore::new(kept.path().join("blobs"))), _kept: Some(kept) })
    }

    /// Where it is and whose keys open it stands in the environment, as for every program that speaks with S3.
    fn bucket(place: &str) -> Result<Self, Failure> {
        let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
        // Nothing else of this process chooses one for all.
        let _ = ring::default_provider().install_default();
        let bucket = AmazonS3Builder::from_env().with_bucket_name(bucket).build();
        let bucket = bucket.map_err(|error| failed(format!("cannot use {S3}{place}"), error))?;
        let store = ObjectBlobStore::new(Arc::new(bucket), prefix.trim_matches('/'));
        Ok(Self { store: Arc::new(store), _kept: None })
    }

    pub(crate) fn store(&self) -> Arc<dyn BlobStore> {
        self.store.clone()
    }
}
