//! Links to files for whatever can send no header: an `<img>`, a film in a page, another program.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{Actor, ChatEngine};
use crate::auth::Identity;
use crate::clock::Timestamp;
use crate::error::{ErrorKind, Result};
use crate::id::{AttachmentId, RoomId, UserId};
use crate::model::Attachment;

/// What is signed by the key here is nothing else that it may ever sign.
const PURPOSE: &[u8] = b"chat-core: a link to an attachment, 1";

/// A link is as good as a key to the file, and links get about.
const LONGEST: Duration = Duration::from_secs(60 * 60);

/// The bytes of a signature.
const MAC: usize = 32;

/// A link to a file, for one user and a short time.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Link {
    /// Where the file is read, below [`Config::public_url`](crate::Config::public_url).
    pub url: String,
    /// Where the small picture of it is read, where there is one.
    pub thumbnail_url: Option<String>,
    /// From when on it does not hold any more.
    pub expires: Timestamp,
}

/// The key that links are signed with.
#[derive(Clone)]
pub(super) struct LinkKey(Arc<[u8; 32]>);

impl std::fmt::Debug for LinkKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LinkKey")
    }
}

impl LinkKey {
    pub(super) fn new(key: [u8; 32]) -> Self {
        Self(Arc::new(key))
    }

    /// One that nobody else has.
    pub(super) fn random() -> Result<Self> {
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(|error| crate::Error::unavailable(error.to_string()))?;
        Ok(Self::new(key))
    }

    fn mac(&self, room: RoomId, id: AttachmentId, said: &[u8]) -> Result<Hmac<Sha256>> {
        let mac = Hmac::<Sha256>::new_from_slice(&*self.0);
        let mut mac = mac.map_err(crate::Error::unavailable)?;
        // All but the last have one length each.
        for part in [PURPOSE, &room.to_bytes(), &id.to_bytes(), said] {
            mac.update(part);
        }
        Ok(mac)
    }

    /// The token of a link: since when and until when it holds, who reads by it, and the signature.
    fn sign(&self, room: RoomId, id: AttachmentId, user: &UserId, times: [Timestamp; 2]) -> Result<String> {
        let mut token: Vec<u8> = times.iter().flat_map(|at| at.as_millis().to_be_bytes()).collect();
        token.extend_from_slice(user.as_str().as_bytes());
        let mac = self.mac(room, id, &token)?.finalize().into_bytes();
        token.extend_from_slice(&mac);
        Ok(URL_SAFE_NO_PAD.encode(token))
    }

    /// Who reads by the token, and since when and until when it holds. `None` for one that was not signed here.
    fn read(&self, room: RoomId, id: AttachmentId, token: &str) -> Option<(UserId, [Timestamp; 2])> {
        // No user's id is longer.
        let token = (token.len() < 1024).then(|| URL_SAFE_NO_PAD.decode(token).ok()).flatten()?;
        let (said, mac) = token.split_at_checked(token.len().checked_sub(MAC)?)?;
        self.mac(room, id, said).ok()?.verify_slice(mac).ok()?;
        let (issued, rest) = said.split_first_chunk::<8>()?;
        let (expires, user) = rest.split_first_chunk::<8>()?;
        let times = [issued, expires].map(|at| Timestamp::from_millis(i64::from_be_bytes(*at)));
        Some((std::str::from_utf8(user).ok()?.parse().ok()?, times))
    }
}

impl Actor {
    /// A link to an attachment, by which whoever has it reads it as the actor does: for
    /// [`Config::link_time`](crate::Config::link_time) and an hour at most, while the actor is in the room and
    /// until they [log out](Actor::log_out).
    ///
    /// # Errors
    /// Those of [`download`](Actor::download).
    pub async fn link(&self, room: RoomId, id: AttachmentId) -> Result<Link> {
        let download = self.download(room, id).await?;
        let config = self.engine.config();
        let issued = self.engine.now();
        let expires = issued.plus(config.link_time.min(LONGEST));
        let token = self.engine.inner.uploads.link_key.sign(room, id, &self.user, [issued, expires])?;
        let path = format!("{}{}", config.public_url, Attachment::path(room, id));
        let thumbnail = download.attachment().has_thumbnail;
        Ok(Link {
            url: format!("{path}?token={token}"),
            thumbnail_url: thumbnail.then(|| format!("{path}/thumbnail?token={token}")),
            expires,
        })
    }
}

impl ChatEngine {
    /// Whoever made the link that this is the token of.
    ///
    /// # Errors
    /// [`Unauthenticated`](ErrorKind::Unauthenticated) for a token of another file, or of none, or of whoever
    /// has logged out since; [`TokenExpired`](ErrorKind::TokenExpired).
    #[cfg_attr(not(feature = "rest"), allow(dead_code, reason = "links are read over REST"))]
    pub(crate) async fn follow_link(&self, room: RoomId, id: AttachmentId, token: &str) -> Result<Actor> {
        let read = self.inner.uploads.link_key.read(room, id, token);
        let (user, [issued, expires]) = read.ok_or(ErrorKind::Unauthenticated)?;
        if expires <= self.now() {
            return Err(ErrorKind::TokenExpired.into());
        }
        self.check_logged_in(&Identity::new(user.clone()).with_issued(issued)).await?;
        Ok(self.as_user(user))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_of_one_file_and_one_key_and_nothing_in_it_can_be_changed() {
        let (key, other) = (LinkKey::new([1; 32]), LinkKey::new([2; 32]));
        let (room, id) = (RoomId::generate(), AttachmentId::generate());
        let user: UserId = "김철수".parse().unwrap();
        let times = [Timestamp::from_millis(5), Timestamp::from_millis(9)];
        let token = key.sign(room, id, &user, times).unwrap();
        assert_eq!(key.read(room, id, &token), Some((user, times)));
        assert_eq!(other.read(room, id, &token), None);
        assert_eq!(key.read(RoomId::generate(), id, &token), None);
        assert_eq!(key.read(room, AttachmentId::generate(), &token), None);
        for at in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(key.read(room, id, std::str::from_utf8(&changed).unwrap()), None, "{at}");
        }
        for bad in ["", "A", "====", &"A".repeat(42), &"A".repeat(5000)] {
            assert_eq!(key.read(room, id, bad), None, "{bad}");
        }
        let longest: UserId = "🦊".repeat(128).parse().unwrap();
        let token = key.sign(room, id, &longest, times).unwrap();
        assert_eq!(key.read(room, id, &token), Some((longest, times)));
    }
}
