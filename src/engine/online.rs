//! How many are here, in rooms too great to tell who.

use std::time::Instant;

use super::Inner;

impl Inner {
    /// Counts who is here where it is time to, and tells it. Of several nodes each counts whoever is connected to it and to
    /// none before it, so that nobody counts twice; the sum is what is told.
    pub(super) fn count_online(&self, now: Instant) {
        for (room, users) in self.hub.rooms_to_count(now) {
            let mut outlet = self.outlet.lock();
            let here = outlet.among_nodes(|nodes, _| users.iter().filter(|user| nodes.counts(user)).count());
            let here = u32::try_from(here.unwrap_or(users.len())).unwrap_or(u32::MAX);
            if let Some(part) = self.hub.counted(room, here, now) {
                outlet.among_nodes(|nodes, _| nodes.tell_count(room, part));
            }
        }
    }
}
