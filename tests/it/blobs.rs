//! The suite of the `BlobStore` contract on a folder, and on what the crate object_store reaches.

use std::sync::Arc;

use chat_core::RoomId;
use chat_core::blob::{FolderStore, ObjectBlobStore};
use chat_core::testing::blob::Fixture;
use object_store::aws::AmazonS3Builder;
use tokio_rustls::rustls::crypto::ring;

chat_core::blob_suite!(folder, || async {
    let dir = tempfile::tempdir().unwrap();
    Some(Fixture::new(FolderStore::new(dir.path().join("a/b"))).keeping(dir))
});

chat_core::blob_suite!(objects_in_memory, || async {
    let objects = Arc::new(object_store::memory::InMemory::new());
    Some(Fixture::new(ObjectBlobStore::new(objects, "files")))
});

chat_core::blob_suite!(objects_in_a_folder, || async {
    let dir = tempfile::tempdir().unwrap();
    let objects = object_store::local::LocalFileSystem::new_with_prefix(dir.path()).unwrap();
    let blobs = ObjectBlobStore::new(Arc::new(objects), "");
    Some(Fixture::new(blobs).keeping(dir))
});

/// Where an S3 is that tests may use, with a bucket `chat`.
pub(crate) fn s3() -> Option<String> {
    let url = std::env::var("CHAT_TEST_S3").ok();
    if url.is_none() {
        assert!(std::env::var_os("CHAT_TESTS_RUN").is_none(), "tests/run names an S3");
        eprintln!("not run here: no CHAT_TEST_S3 names a server (tests/run starts one)");
    }
    url
}

chat_core::blob_suite!(objects_of_s3, || async {
    let url = s3()?;
    // Another test of this process may have.
    let _ = ring::default_provider().install_default();
    let bucket = AmazonS3Builder::new()
        .with_endpoint(url)
        .with_allow_http(true)
        .with_bucket_name("chat")
        .with_access_key_id("any")
        .with_secret_access_key("any");
    let prefix = RoomId::generate().to_string();
    Some(Fixture::new(ObjectBlobStore::new(Arc::new(bucket.build().unwrap()), prefix)))
});
