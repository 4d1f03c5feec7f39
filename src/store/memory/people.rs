//! What is known of people.

use std::collections::BTreeSet;

use async_trait::async_trait;

use super::MemoryStore;
use super::state::beyond;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::id::UserId;
use crate::model::{DoNotDisturb, Profile, Relation, RelationKind, Settings};
use crate::store::PeopleReads;

#[async_trait]
impl PeopleReads for MemoryStore {
    async fn profiles(&self, users: &[UserId]) -> Result<Vec<Profile>> {
        let state = self.state.lock();
        Ok(users.iter().filter_map(|user| state.known(user)).collect())
    }

    async fn logouts(&self, users: &[UserId]) -> Result<Vec<(UserId, Timestamp)>> {
        let state = self.state.lock();
        let logout = |user: &UserId| Some((user.clone(), state.people.get(user)?.logged_out?));
        Ok(BTreeSet::from_iter(users).into_iter().filter_map(logout).collect())
    }

    async fn do_not_disturb(&self, users: &[UserId]) -> Result<Vec<(UserId, DoNotDisturb)>> {
        let state = self.state.lock();
        let quiet = |user: &UserId| Some((user.clone(), state.people.get(user)?.do_not_disturb?));
        Ok(BTreeSet::from_iter(users).into_iter().filter_map(quiet).collect())
    }

    async fn settings(&self, users: &[UserId]) -> Result<Vec<(UserId, Settings)>> {
        let state = self.state.lock();
        let found =
            BTreeSet::from_iter(users).into_iter().filter_map(|user| state.settings.get_key_value(user));
        Ok(found.map(|(user, settings)| (user.clone(), *settings)).collect())
    }

    async fn relation(&self, user: &UserId, other: &UserId) -> Result<Option<Relation>> {
        Ok(self.state.lock().relation(user, other).cloned())
    }

    async fn relations(
        &self,
        user: &UserId,
        kind: RelationKind,
        after: Option<&UserId>,
        limit: u32,
    ) -> Result<Vec<(Relation, Profile)>> {
        let state = self.state.lock();
        let Some(side) = state.relations.get(user) else { return Ok(Vec::new()) };
        let found = beyond(side, after).filter(|relation| relation.kind == kind).take(limit as usize);
        Ok(found.map(|relation| (relation.clone(), state.profile(&relation.other))).collect())
    }

    async fn blocks(&self, pairs: &[(UserId, UserId)]) -> Result<Vec<(UserId, UserId)>> {
        let state = self.state.lock();
        let is_block = |(user, other): &&(UserId, UserId)| {
            state.relation(user, other).is_some_and(|relation| relation.kind == RelationKind::Blocked)
        };
        Ok(pairs.iter().filter(is_block).cloned().collect())
    }
}
