//! What is shown of users: kept from tokens, and a bounded part of it in memory.

use std::sync::Arc;

use foldhash::HashMap;
use parking_lot::Mutex;

use super::ChatEngine;
use crate::auth::Identity;
use crate::error::Result;
use crate::id::UserId;
use crate::model::Profile;
use crate::store::Batch;

/// The profiles in memory. Of at most twice `half` entries: when the newer half is full, the older one is
/// forgotten.
#[derive(Debug)]
pub(super) struct Profiles {
    half: usize,
    halves: Mutex<[HashMap<UserId, Arc<Profile>>; 2]>,
}

impl Profiles {
    pub(super) fn new(bound: usize) -> Self {
        Self { half: (bound / 2).max(1), halves: Mutex::default() }
    }

    fn find(&self, user: &UserId) -> Option<Arc<Profile>> {
        let [newer, older] = &*self.halves.lock();
        newer.get(user).or_else(|| older.get(user)).cloned()
    }

    fn keep(&self, profile: Arc<Profile>) {
        let [newer, older] = &mut *self.halves.lock();
        if newer.len() >= self.half {
            *older = std::mem::take(newer);
        }
        newer.insert(profile.user.clone(), profile);
    }

    /// Forgets one, where the store holds another now.
    pub(super) fn forget_one(&self, user: &UserId) {
        self.halves.lock().iter_mut().for_each(|half| drop(half.remove(user)));
    }

    /// Forgets all of them, where the store may hold others now.
    pub(super) fn forget(&self) {
        *self.halves.lock() = Default::default();
    }
}

impl ChatEngine {
    /// Keeps what a token says of its user, where that is news.
    pub(super) async fn remember(&self, identity: &Identity) -> Result<()> {
        if identity.nickname.is_none() && identity.image.is_none() {
            return Ok(());
        }
        let known = self.profile(&identity.user).await?;
        // A token that says nothing of a part leaves that part as it is.
        let told = Profile {
            user: identity.user.clone(),
            nickname: identity.nickname.clone().unwrap_or_else(|| known.nickname.clone()),
            image: identity.image.clone().or_else(|| known.image.clone()),
        };
        if *known == told {
            return Ok(());
        }
        self.put_profile(told).await
    }

    pub(super) async fn put_profile(&self, profile: Profile) -> Result<()> {
        let profiles = vec![profile.clone()];
        self.inner.committer.commit_beside(Batch { profiles, ..Batch::default() }).await?;
        self.inner.profiles.keep(Arc::new(profile));
        Ok(())
    }

    pub(super) async fn profile(&self, user: &UserId) -> Result<Arc<Profile>> {
        if let Some(profile) = self.inner.profiles.find(user) {
            return Ok(profile);
        }
        let stored = self.store().profiles(std::slice::from_ref(user)).await?.pop();
        let profile = Arc::new(stored.unwrap_or_else(|| Profile::unknown(user.clone())));
        self.inner.profiles.keep(profile.clone());
        Ok(profile)
    }
}
