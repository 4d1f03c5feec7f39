//! Where files that go with messages are kept.

use std::fs;
use std::path::PathBuf;

use chat_core::blob::FolderStore;
use tempfile::TempDir;

use crate::args::Args;
use crate::{Failure, failed};

/// A folder of blobs.
pub(crate) struct Blobs {
    folder: PathBuf,
    /// That of a store in memory is removed with the server.
    _kept: Option<TempDir>,
}

impl Blobs {
    pub(crate) fn open(args: &Args) -> Result<Self, Failure> {
        if let Some(folder) = &args.blobs {
            let made = fs::create_dir_all(folder);
            made.map_err(|error| failed(format!("cannot make {}", folder.display()), error))?;
            return Ok(Self { folder: folder.clone(), _kept: None });
        }
        if args.db == "memory" {
            let kept =
                tempfile::tempdir().map_err(|error| failed("cannot make a folder for files", error))?;
            return Ok(Self { folder: kept.path().join("blobs"), _kept: Some(kept) });
        }
        // Made with the first file.
        let folder = match args.is_postgres() {
            true => "chat.blobs".into(),
            false => format!("{}.blobs", args.db).into(),
        };
        Ok(Self { folder, _kept: None })
    }

    pub(crate) fn store(&self) -> FolderStore {
        FolderStore::new(&self.folder)
    }
}
