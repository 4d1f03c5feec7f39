//! The suite that every [`BlobStore`] passes.
//!
//! ```
//! use chat_core::blob::FolderStore;
//! use chat_core::testing::blob::Fixture;
//!
//! chat_core::blob_suite!(folder, || async {
//!     let dir = tempfile::tempdir().unwrap();
//!     Some(Fixture::new(FolderStore::new(dir.path().join("blobs"))).keeping(dir))
//! });
//! # fn main() {}
//! ```
#![allow(missing_docs, reason = "the name of a case says what it checks")]

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt, TryStreamExt};

use crate::blob::{BlobId, BlobStore};
use crate::error::{ErrorKind, Result};
use crate::id::AttachmentId;

/// Makes a module of tests, one for each case of the contract of a [`BlobStore`](crate::blob::BlobStore).
///
/// The first argument names the module; the second is a closure whose future yields a
/// [`Fixture`](crate::testing::blob::Fixture), or `None` where the store's server is missing. See
/// [`testing::blob`](crate::testing::blob).
#[macro_export]
macro_rules! blob_suite {
    (@cases $($case:ident)*) => {
        $(
            #[::tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                if let Some(blobs) = fresh().await {
                    $crate::testing::blob::$case(blobs).await;
                }
            }
        )*
    };
    ($name:ident, $factory:expr) => {
        mod $name {
            #[allow(unused_imports, reason = "whatever the factory names")]
            use super::*;

            #[allow(dead_code, reason = "without tests nothing calls it")]
            async fn fresh() -> ::std::option::Option<$crate::testing::blob::Fixture> {
                ($factory)().await
            }

            $crate::blob_suite! { @cases
                a_blob_comes_back_as_it_was_put
                a_part_of_a_blob_is_that_part
                what_is_not_there_is_no_error
                half_a_blob_is_none_and_its_error_comes_back
                what_broke_off_can_be_put_again
                a_put_that_is_dropped_leaves_no_blob
                a_thumbnail_is_a_blob_of_its_own
                many_blobs_are_put_and_read_at_once
                what_is_deleted_is_gone_and_may_be_deleted_again
            }
        }
    };
}

/// A blob store in which nothing is yet.
pub struct Fixture {
    blobs: Arc<dyn BlobStore>,
    _kept: Option<Box<dyn Send + Sync>>,
}

impl Fixture {
    /// On this store.
    pub fn new(blobs: impl BlobStore) -> Self {
        Self { blobs: Arc::new(blobs), _kept: None }
    }

    /// Keeps something for as long as the store lives, such as its folder.
    #[must_use]
    pub fn keeping(mut self, kept: impl Send + Sync + 'static) -> Self {
        self._kept = Some(Box::new(kept));
        self
    }

    async fn put(&self, blob: BlobId, bytes: &[u8]) {
        let put = self.blobs.put(blob, pieces(bytes)).await.expect("the store keeps it");
        assert_eq!(put, bytes.len() as u64);
    }

    async fn part(&self, blob: BlobId, range: Range<u64>) -> Option<Vec<u8>> {
        let found = self.blobs.get(blob, range).await.expect("the store reads")?;
        let chunks: Vec<Bytes> = found.try_collect().await.expect("the store reads");
        Some(chunks.concat())
    }

    async fn whole(&self, blob: BlobId) -> Option<Vec<u8>> {
        self.part(blob, 0..u64::MAX).await
    }
}

impl fmt::Debug for Fixture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fixture").field("blobs", &self.blobs).finish_non_exhaustive()
    }
}

fn blob() -> BlobId {
    BlobId::of(AttachmentId::generate())
}

/// In pieces of odd sizes, some of them empty.
fn pieces(bytes: &[u8]) -> BoxStream<'static, Result<Bytes>> {
    let mut pieces = vec![Ok(Bytes::new())];
    pieces.extend(bytes.chunks(70_001).map(|piece| Ok(Bytes::copy_from_slice(piece))));
    stream::iter(pieces).boxed()
}

/// Bytes of which no two parts are alike.
fn noise(len: usize) -> Vec<u8> {
    (0..len as u32).flat_map(|n| n.wrapping_mul(0x9e37_79b9).to_be_bytes()).take(len).collect()
}

pub async fn a_blob_comes_back_as_it_was_put(blobs: Fixture) {
    for len in [0, 1, 70_001, 3_000_000, 5 * 1024 * 1024, 17_000_001] {
        let (id, bytes) = (blob(), noise(len));
        blobs.put(id, &bytes).await;
        assert!(blobs.whole(id).await == Some(bytes), "{len} bytes");
    }
}

pub async fn a_part_of_a_blob_is_that_part(blobs: Fixture) {
    let (id, bytes) = (blob(), noise(300_000));
    blobs.put(id, &bytes).await;
    for (from, to) in [(0, 1), (299_999, 300_000), (100, 100), (65_536, 200_000), (5, 300_000)] {
        assert!(blobs.part(id, from..to).await.unwrap() == bytes[from as usize..to as usize], "{from}..{to}");
    }
    assert!(blobs.part(id, 299_990..u64::MAX).await.unwrap() == bytes[299_990..], "up to the end");
}

pub async fn what_is_not_there_is_no_error(blobs: Fixture) {
    let id = blob();
    assert_eq!(blobs.whole(id).await, None);
    assert_eq!(blobs.part(id, 5..10).await, None);
    blobs.blobs.delete(id).await.unwrap();
}

/// Some bytes, and then the end that a client makes which hangs up.
fn broken(bytes: &[u8]) -> BoxStream<'static, Result<Bytes>> {
    let error = ErrorKind::TooLarge { what: "file".into(), limit: 7 }.into();
    pieces(bytes).chain(stream::iter([Err(error)])).boxed()
}

pub async fn half_a_blob_is_none_and_its_error_comes_back(blobs: Fixture) {
    for len in [0, 10, 200_000, 12_000_000] {
        let id = blob();
        let error = blobs.blobs.put(id, broken(&noise(len))).await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::TooLarge { what: "file".into(), limit: 7 });
        assert_eq!(blobs.whole(id).await, None);
    }
}

pub async fn what_broke_off_can_be_put_again(blobs: Fixture) {
    let (id, bytes) = (blob(), noise(100_000));
    blobs.blobs.put(id, broken(&noise(200_000))).await.unwrap_err();
    blobs.put(id, &bytes).await;
    assert!(blobs.whole(id).await == Some(bytes));
}

pub async fn a_put_that_is_dropped_leaves_no_blob(blobs: Fixture) {
    let (id, bytes) = (blob(), noise(100_000));
    let endless = pieces(&bytes).chain(stream::pending()).boxed();
    let put = blobs.blobs.put(id, endless);
    assert!(tokio::time::timeout(std::time::Duration::from_millis(50), put).await.is_err());
    assert_eq!(blobs.whole(id).await, None);
    blobs.blobs.delete(id).await.unwrap();
    blobs.put(id, &bytes).await;
    assert!(blobs.whole(id).await == Some(bytes));
}

pub async fn a_thumbnail_is_a_blob_of_its_own(blobs: Fixture) {
    let id = AttachmentId::generate();
    let (original, thumbnail) = (BlobId::of(id), BlobId::thumbnail_of(id));
    blobs.put(original, b"large").await;
    assert_eq!(blobs.whole(thumbnail).await, None);
    blobs.put(thumbnail, b"small").await;
    assert_eq!(blobs.whole(original).await.as_deref(), Some(&b"large"[..]));
    blobs.blobs.delete(thumbnail).await.unwrap();
    assert_eq!(blobs.whole(thumbnail).await, None);
    assert_eq!(blobs.whole(original).await.as_deref(), Some(&b"large"[..]));
}

pub async fn many_blobs_are_put_and_read_at_once(blobs: Fixture) {
    let blobs = Arc::new(blobs);
    let tasks = (0..50).map(|turn| {
        let blobs = Arc::clone(&blobs);
        tokio::spawn(async move {
            let (id, bytes) = (blob(), noise(turn * 3_001));
            blobs.put(id, &bytes).await;
            let (one, other) = tokio::join!(blobs.whole(id), blobs.whole(id));
            assert!(one.as_ref() == Some(&bytes) && other == Some(bytes));
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
}

pub async fn what_is_deleted_is_gone_and_may_be_deleted_again(blobs: Fixture) {
    let (id, other) = (blob(), blob());
    blobs.put(id, b"this").await;
    blobs.put(other, b"other").await;
    for _ in 0..2 {
        blobs.blobs.delete(id).await.unwrap();
        assert_eq!(blobs.whole(id).await, None);
    }
    assert_eq!(blobs.whole(other).await.as_deref(), Some(&b"other"[..]));
    blobs.put(id, b"again").await;
    assert_eq!(blobs.whole(id).await.as_deref(), Some(&b"again"[..]));
}
