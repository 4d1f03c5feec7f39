//! Attachments: uploaded, and read back.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures_util::stream::{self, BoxStream};
use futures_util::{Stream, StreamExt, TryStreamExt};
use parking_lot::Mutex;
use tokio::sync::Semaphore;
use tokio::time::{Duration, Instant, timeout, timeout_at};

use super::links::LinkKey;
use super::{Actor, Admin, ChatEngine};
use crate::blob::sniff::{self, HEAD_BYTES};
use crate::blob::{BlobId, BlobStore, thumbnail};
use crate::config::Config;
use crate::error::{Error, ErrorKind, Result};
use crate::id::{AttachmentId, RoomId, UserId};
use crate::model::{Attachment, Dimensions, Verb};
use crate::store::{AttachOp, Op, RoomItem, Stage, StoredAttachment};

/// The most characters of a file's name.
const MAX_NAME_CHARS: usize = 255;

/// How long a small picture may take to make. Then there is none.
const THUMBNAIL_TIME: Duration = Duration::from_secs(10);

/// How many are made at once, each in a few hundred megabytes at most.
const THUMBNAILS: usize = 2;

/// What a file is called that has no name.
const NAMELESS: &str = "file";

impl Actor {
    /// Takes a file into a room, to be sent with a message of the actor's own within
    /// [`Config::attachment_keep`]. What it is, its bytes tell; `name` is shown and no more: what stands in front
    /// of its last slash or backslash, and what cannot be seen, is cut off; of a blank one `file` is made.
    ///
    /// No more of it than its first 512 KiB and what the blob store takes at once is in memory while it arrives. A
    /// JPEG, PNG, GIF or WebP is then read back as a whole, to make a small picture of it: two at once on a node,
    /// each decoded in at most 256 MiB and ten seconds, beyond which it has none. An upload that is dropped leaves
    /// nothing behind for longer than one that is never sent.
    ///
    /// # Errors
    /// [`NotFound`](ErrorKind::NotFound) where the engine keeps no files; [`TooLarge`](ErrorKind::TooLarge) beyond
    /// [`Config::max_attachment_bytes`]; [`TypeNotAllowed`](ErrorKind::TypeNotAllowed) for what is not among
    /// [`Config::attachment_types`]; [`Invalid`](ErrorKind::Invalid) for an empty file, a name of more than 255
    /// characters, a picture that is broken or has more than [`Config::max_image_pixels`], or bytes that do not
    /// come within [`Config::upload_timeout`] and [`Config::upload_pause`];
    /// [`QuotaExceeded`](ErrorKind::QuotaExceeded) beyond [`Config::max_attachment_bytes_per_user`], before a byte is
    /// waited for where nothing fits in any more, and otherwise as soon as it is known;
    /// [`RateLimited`](ErrorKind::RateLimited) while [`Config::max_uploads`] or
    /// [`Config::max_uploads_per_user`] go on; [`RoomClosed`](ErrorKind::RoomClosed),
    /// [`Unreachable`](ErrorKind::Unreachable) and the policy's, as for a [`send`](Actor::send); and any error of
    /// `bytes`.
    pub async fn upload(
        &self,
        room: RoomId,
        name: &str,
        bytes: impl Stream<Item = Result<Bytes>> + Send + 'static,
    ) -> Result<Attachment> {
        self.engine.check_running()?;
        let uploads = &self.engine.inner.uploads;
        let blobs = uploads.blobs()?;
        let name = file_name(name)?;
        let _turn = uploads.enter(&self.user)?;
        // Once more at the commit; but no stranger's bytes are waited for.
        self.membership(room).await?;
        self.check_policy(Verb::Send, room, &[]).await?;
        let left_of_quota = self.left_of_quota(1).await?;

        let config = self.engine.config();
        let mut source = Source::new(bytes, config, left_of_quota);
        let head = source.head().await?;
        let (media_type, dimensions) = check_head(&head, config)?;
        let mut attachment = Attachment {
            id: AttachmentId::generate(),
            room,
            uploader: self.user.clone(),
            name,
            media_type: media_type.into(),
            size: 0,
            dimensions,
            has_thumbnail: false,
            created_at: self.engine.now(),
        };
        self.attach(room, AttachOp::Begin(Box::new(attachment.clone()))).await?;
        let kept = self.keep(&*blobs, &mut attachment, source.after(head)).await;
        if kept.is_err() {
            self.engine.drop_attachment(room, attachment.id).await;
        }
        kept.map(|()| attachment)
    }

    async fn keep(
        &self,
        blobs: &dyn BlobStore,
        attachment: &mut Attachment,
        bytes: BoxStream<'static, Result<Bytes>>,
    ) -> Result<()> {
        attachment.size = blobs.put(BlobId::of(attachment.id), bytes).await?;
        if thumbnail::is_read(&attachment.media_type) {
            self.engine.keep_thumbnail(blobs, attachment).await?;
        }
        self.finish(attachment.clone()).await
    }

    /// Counts it among the actor's files, if it may be.
    pub(super) async fn finish(&self, attachment: Attachment) -> Result<()> {
        let (room, quota) = (attachment.room, self.engine.config().max_attachment_bytes_per_user);
        self.attach(room, AttachOp::Finish { attachment: Box::new(attachment), quota }).await
    }

    /// How many bytes the actor's files may take besides, where there is room for so many. Nothing is kept free: whoever
    /// finishes first has them.
    pub(super) async fn left_of_quota(&self, needed: u64) -> Result<u64> {
        let quota = self.engine.config().max_attachment_bytes_per_user;
        let left = quota.saturating_sub(self.engine.store().stored_bytes(&self.user).await?);
        if left < needed { Err(ErrorKind::QuotaExceeded(quota).into()) } else { Ok(left) }
    }

    pub(super) async fn attach(&self, room: RoomId, op: AttachOp) -> Result<()> {
        self.engine.inner.committer.commit(self.item(room, Op::Attach(op))).await.map(drop)
    }

    /// Takes a file of the actor's own back that is in no message: one that is not to be sent after all, or whose message is
    /// deleted. Its bytes are gone then, and count no more.
    ///
    /// # Errors
    /// [`AttachmentNotFound`](ErrorKind::AttachmentNotFound), also for somebody else's;
    /// [`AttachmentUsed`](ErrorKind::AttachmentUsed) while a message has it, or one that is held;
    /// [`NotFound`](ErrorKind::NotFound) where the engine keeps no files.
    pub async fn discard(&self, room: RoomId, id: AttachmentId) -> Result<()> {
        self.engine.check_running()?;
        self.engine.inner.uploads.blobs()?;
        self.engine.inner.limits.change(&self.user)?;
        let stored = self.engine.store().attachment(room, id).await?;
        let own = stored.filter(|stored| stored.attachment.uploader == self.user);
        own.ok_or(ErrorKind::AttachmentNotFound(id))?;
        self.engine.try_drop_attachment(room, id).await
    }

    /// Opens an attachment of a room that the actor is in. One that is in no message yet is its uploader's
    /// alone.
    ///
    /// # Errors
    /// [`AttachmentNotFound`](ErrorKind::AttachmentNotFound); [`NotFound`](ErrorKind::NotFound) where the
    /// engine keeps no files.
    pub async fn download(&self, room: RoomId, id: AttachmentId) -> Result<Download> {
        let (room_now, member) = self.membership(room).await?;
        let moderates = room_now.lets(member.role, Verb::Moderate);
        let sees = |stored: &StoredAttachment| {
            let is_own = stored.attachment.uploader == self.user;
            is_own || moderates && matches!(stored.stage, Stage::Held(_))
        };
        self.engine.open_attachment(room, id, sees).await
    }
}

impl Admin {
    /// Opens an attachment, also one that is in no message yet.
    ///
    /// # Errors
    /// [`AttachmentNotFound`](ErrorKind::AttachmentNotFound), also for a room that does not exist;
    /// [`NotFound`](ErrorKind::NotFound) where the engine keeps no files.
    pub async fn download(&self, room: RoomId, id: AttachmentId) -> Result<Download> {
        let found = self.engine.store().rooms(&[room]).await?;
        if found.iter().any(|room| room.is_deleted()) {
            return Err(ErrorKind::AttachmentNotFound(id).into());
        }
        self.engine.open_attachment(room, id, |_| true).await
    }
}

impl ChatEngine {
    /// Keeps a small picture of one. What makes none is a file all the same.
    async fn keep_thumbnail(&self, blobs: &dyn BlobStore, attachment: &mut Attachment) -> Result<()> {
        // It is never closed.
        let turn = self.inner.uploads.thumbnails.clone().acquire_owned().await.map_err(Error::unavailable)?;
        let Some(file) = blobs.get(BlobId::of(attachment.id), 0..attachment.size).await? else {
            return Ok(());
        };
        let file: Vec<Bytes> = file.try_collect().await?;
        let made = tokio::task::spawn_blocking(move || {
            // Held to the end, also when nobody waits for it any more.
            let _turn = turn;
            thumbnail::make(&file.concat())
        });
        let Ok(Ok(Some(made))) = timeout(THUMBNAIL_TIME, made).await else { return Ok(()) };
        attachment.dimensions = Some(made.dimensions);
        if let Some(jpeg) = made.jpeg {
            let jpeg = stream::once(std::future::ready(Ok(jpeg.into()))).boxed();
            blobs.put(BlobId::thumbnail_of(attachment.id), jpeg).await?;
            attachment.has_thumbnail = true;
        }
        Ok(())
    }

    async fn open_attachment(
        &self,
        room: RoomId,
        id: AttachmentId,
        sees_unsent: impl Fn(&StoredAttachment) -> bool + Send + Sync,
    ) -> Result<Download> {
        let blobs = self.inner.uploads.blobs()?;
        let stored = self.store().attachment(room, id).await?;
        let may_see = |stored: &StoredAttachment| match stored.stage {
            Stage::Arriving => false,
            Stage::Waiting | Stage::Held(_) => sees_unsent(stored),
            Stage::Sent(_) => true,
        };
        let stored = stored.filter(may_see).ok_or(ErrorKind::AttachmentNotFound(id))?;
        Ok(Download { attachment: stored.attachment, blobs })
    }

    /// Deletes an attachment that is in no message: its bytes first, so that whatever breaks off is found
    /// again. `false` when it failed: it is done when unsent ones are collected.
    pub(super) async fn drop_attachment(&self, room: RoomId, id: AttachmentId) -> bool {
        let dropped = self.try_drop_attachment(room, id).await;
        if let Err(error) = &dropped {
            tracing::warn!(error = error as &dyn std::error::Error, %room, %id, "an attachment stays");
        }
        dropped.is_ok()
    }

    async fn try_drop_attachment(&self, room: RoomId, id: AttachmentId) -> Result<()> {
        let blobs = self.inner.uploads.blobs()?;
        let commit = |op| {
            let item = RoomItem { room, at: self.now(), by: None, op: Op::Attach(op) };
            self.inner.committer.commit(item.into())
        };
        commit(AttachOp::Discard(id)).await?;
        for blob in [BlobId::of(id), BlobId::thumbnail_of(id)] {
            blobs.delete(blob).await?;
        }
        commit(AttachOp::Forget(id)).await.map(drop)
    }
}

/// An attachment that may be read, also when whoever opened it leaves the room meanwhile.
#[derive(Debug, Clone)]
pub struct Download {
    attachment: Attachment,
    blobs: Arc<dyn BlobStore>,
}

impl Download {
    /// What it is.
    pub fn attachment(&self) -> &Attachment {
        &self.attachment
    }

    /// A part of its bytes, or all of them as `0..size`: from `range.start`, which is within the file, up to
    /// `range.end`, which is not among them, or to the end of the file where that comes first.
    ///
    /// # Errors
    /// [`AttachmentNotFound`](ErrorKind::AttachmentNotFound) when they are gone, as after an import without
    /// them; the blob store's: [`Unavailable`](ErrorKind::Unavailable). The bytes may end in either of these.
    pub async fn bytes(&self, range: Range<u64>) -> Result<BoxStream<'static, Result<Bytes>>> {
        self.blob(BlobId::of(self.attachment.id), range).await
    }

    /// The small picture of it, a JPEG of at most 320 pixels a side.
    ///
    /// # Errors
    /// [`AttachmentNotFound`](ErrorKind::AttachmentNotFound) without one; the blob store's:
    /// [`Unavailable`](ErrorKind::Unavailable).
    pub async fn thumbnail(&self) -> Result<BoxStream<'static, Result<Bytes>>> {
        if !self.attachment.has_thumbnail {
            return Err(ErrorKind::AttachmentNotFound(self.attachment.id).into());
        }
        self.blob(BlobId::thumbnail_of(self.attachment.id), 0..u64::MAX).await
    }

    async fn blob(&self, blob: BlobId, range: Range<u64>) -> Result<BoxStream<'static, Result<Bytes>>> {
        let found = self.blobs.get(blob, range).await?;
        found.ok_or_else(|| ErrorKind::AttachmentNotFound(self.attachment.id).into())
    }
}

/// What the bytes of a file say it is, where it may be taken.
fn check_head(head: &[u8], config: &Config) -> Result<(&'static str, Option<Dimensions>)> {
    if head.is_empty() {
        return Err(Error::invalid("body", "must not be empty"));
    }
    let media_type = sniff::media_type(head);
    if !sniff::is_in(&config.attachment_types, media_type) {
        return Err(ErrorKind::TypeNotAllowed(media_type.into()).into());
    }
    if !media_type.starts_with("image/") {
        return Ok((media_type, None));
    }
    let Some(sides) = sniff::dimensions(head) else {
        return Err(Error::invalid("body", "is no picture that can be shown"));
    };
    if u64::from(sides.width) * u64::from(sides.height) > config.max_image_pixels {
        let most = config.max_image_pixels;
        return Err(Error::invalid("body", format!("must be a picture of at most {most} pixels")));
    }
    Ok((media_type, Some(sides)))
}

/// The name of a file without its path, and without what cannot be seen: it might show another one.
fn file_name(name: &str) -> Result<Arc<str>> {
    let is_hidden = |c: char| {
        let turns_text =
            matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        c.is_control() || turns_text || matches!(c, '\u{2028}' | '\u{2029}')
    };
    let name: String = name.chars().filter(|c| !is_hidden(*c)).collect();
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default().trim();
    if name.chars().count() > MAX_NAME_CHARS {
        return Err(Error::invalid("name", format!("must have at most {MAX_NAME_CHARS} characters")));
    }
    Ok(if name.is_empty() { NAMELESS.into() } else { name.into() })
}

/// The bytes of an upload, within its bounds.
struct Source {
    bytes: BoxStream<'static, Result<Bytes>>,
    /// How many may still come.
    left: usize,
    limit: usize,
    /// The same, of what its user may keep.
    left_of_quota: u64,
    quota: u64,
    deadline: Instant,
    pause: Duration,
}

impl Source {
    fn new(
        bytes: impl Stream<Item = Result<Bytes>> + Send + 'static,
        config: &Config,
        left_of_quota: u64,
    ) -> Self {
        let limit = config.max_attachment_bytes;
        Self {
            bytes: bytes.boxed(),
            left: limit,
            limit,
            left_of_quota,
            quota: config.max_attachment_bytes_per_user,
            deadline: Instant::now() + config.upload_timeout,
            pause: config.upload_pause,
        }
    }

    async fn next(&mut self) -> Result<Option<Bytes>> {
        let until = self.deadline.min(Instant::now() + self.pause);
        let Ok(next) = timeout_at(until, self.bytes.next()).await else {
            return Err(Error::invalid("body", "did not arrive in time"));
        };
        let Some(bytes) = next.transpose()? else { return Ok(None) };
        match self.left.checked_sub(bytes.len()) {
            Some(left) => self.left = left,
            None => return Err(ErrorKind::TooLarge { what: "file".into(), limit: self.limit }.into()),
        }
        match self.left_of_quota.checked_sub(bytes.len() as u64) {
            Some(left) => self.left_of_quota = left,
            None => return Err(ErrorKind::QuotaExceeded(self.quota).into()),
        }
        Ok(Some(bytes))
    }

    /// The first bytes: enough to tell what it is, or all there are.
    async fn head(&mut self) -> Result<Bytes> {
        let mut head = BytesMut::new();
        while head.len() < HEAD_BYTES
            && let Some(bytes) = self.next().await?
        {
            head.extend_from_slice(&bytes);
        }
        Ok(head.freeze())
    }

    /// All bytes, of which the first have been taken.
    fn after(self, head: Bytes) -> BoxStream<'static, Result<Bytes>> {
        let rest = stream::try_unfold(self, |mut source| async move {
            Ok(source.next().await?.map(|bytes| (bytes, source)))
        });
        stream::once(std::future::ready(Ok(head))).chain(rest).boxed()
    }
}

/// The uploads that go on.
#[derive(Debug)]
pub(super) struct Uploads {
    pub(super) link_key: LinkKey,
    blobs: Option<Arc<dyn BlobStore>>,
    most: usize,
    most_of_one: usize,
    /// How many each user has. Not tokio's Mutex, since nothing is awaited under it.
    going_on: Arc<Mutex<HashMap<UserId, usize>>>,
    thumbnails: Arc<Semaphore>,
}

impl Uploads {
    pub(super) fn new(blobs: Option<Arc<dyn BlobStore>>, link_key: LinkKey, config: &Config) -> Self {
        let (most, most_of_one) = (config.max_uploads, config.max_uploads_per_user);
        let thumbnails = Arc::new(Semaphore::new(THUMBNAILS));
        Self { link_key, blobs, most, most_of_one, going_on: Arc::default(), thumbnails }
    }

    pub(super) fn has_blobs(&self) -> bool {
        self.blobs.is_some()
    }

    pub(super) fn blobs(&self) -> Result<Arc<dyn BlobStore>> {
        self.blobs.clone().ok_or_else(|| ErrorKind::NotFound.into())
    }

    /// Refuses whoever comes when too many are at it.
    pub(super) fn enter(&self, user: &UserId) -> Result<Turn> {
        let mut going_on = self.going_on.lock();
        let of_one = going_on.get(user).copied().unwrap_or(0);
        if of_one >= self.most_of_one || going_on.values().sum::<usize>() >= self.most {
            return Err(ErrorKind::RateLimited(Duration::from_secs(1)).into());
        }
        *going_on.entry(user.clone()).or_default() += 1;
        Ok(Turn { user: user.clone(), going_on: self.going_on.clone() })
    }
}

/// One upload, until it is dropped.
pub(super) struct Turn {
    user: UserId,
    going_on: Arc<Mutex<HashMap<UserId, usize>>>,
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut going_on = self.going_on.lock();
        if let Some(count) = going_on.get_mut(&self.user) {
            *count -= 1;
            if *count == 0 {
                going_on.remove(&self.user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_file_is_one_line_without_a_path_or_what_is_hidden() {
        for (given, shown) in [
            ("photo.jpg", "photo.jpg"),
            ("  사진 1.png ", "사진 1.png"),
            ("../../etc/passwd", "passwd"),
            ("C:\\temp\\a.txt", "a.txt"),
            ("a\r\nSet-Cookie: b", "aSet-Cookie: b"),
            ("gpj.\u{202e}exe", "gpj.exe"),
            ("", "file"),
            ("/", "file"),
            ("\0", "file"),
        ] {
            assert_eq!(&*file_name(given).unwrap(), shown, "{given:?}");
        }
        assert!(file_name(&"x".repeat(255)).is_ok());
        assert!(file_name(&"x".repeat(256)).is_err());
    }

    #[test]
    fn no_user_and_not_all_together_have_more_uploads_than_they_may() {
        let mut config = Config::default();
        (config.max_uploads, config.max_uploads_per_user) = (3, 2);
        let uploads = Uploads::new(None, LinkKey::new([0; 32]), &config);
        let enter = |name: &str| uploads.enter(&name.parse().unwrap());
        let first = enter("ana").unwrap();
        let _second = enter("ana").unwrap();
        assert!(enter("ana").is_err());
        let _third = enter("ben").unwrap();
        assert!(enter("cho").is_err());
        drop(first);
        assert!(enter("cho").is_ok());
        assert_eq!(uploads.going_on.lock().len(), 2, "who is done is forgotten");
    }
}
