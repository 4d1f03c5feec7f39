//! The feed: counts of all rooms as they are now, and which of them have changed.

use std::collections::{BTreeMap, BTreeSet};

use chat_core::model::{FeedCursor, FeedQuery, FeedRoom, InviteCode, Limit, NotifySetting, Token};
use chat_core::{Actor, RoomId, Timestamp};

use super::room::RoomModel;
use super::world::World;
use super::{ALL, DEVICES, owner};

/// What a device that reads nothing but the feed knows.
#[derive(Debug, Default)]
pub(super) struct Feed {
    rooms: BTreeMap<RoomId, FeedRoom>,
    invitations: BTreeSet<InviteCode>,
    since: Option<Token>,
    /// Where it reads on, where it has not read to the end.
    cursor: Option<FeedCursor>,
}

/// What is shown of a room: its newest message, the mark, what is unread, what of it mentions the user, and of what they
/// want notices.
#[derive(Debug, PartialEq)]
struct Counts(u64, u64, u64, u64, Option<NotifySetting>);

impl Feed {
    /// Reads a page. `false`: it was the last one.
    async fn read(&mut self, actor: &Actor, limit: u64) -> bool {
        let limit = Limit::new(limit).unwrap();
        let page = actor.feed(FeedQuery { since: self.since, cursor: self.cursor, limit }).await.unwrap();
        assert_eq!(page.is_delta, self.since.is_some(), "nothing was ever rotated");
        if self.cursor.is_none() {
            self.invitations = page.invitations.iter().map(|one| one.code).collect();
        }
        for room in page.rooms {
            self.put(room);
        }
        assert_eq!(page.next.is_none(), page.token.is_some());
        self.cursor = page.next;
        self.since = page.token.or(self.since);
        self.cursor.is_some()
    }

    /// Of two of a room the later one holds.
    fn put(&mut self, new: FeedRoom) {
        let known = self.rooms.entry(new.room).or_insert_with(|| new.clone());
        if (new.version, new.read_seq) > (known.version, known.read_seq) {
            *known = new;
        }
    }

    fn counts(&self, now: Timestamp) -> BTreeMap<RoomId, Counts> {
        let own = self.rooms.values().filter(|room| room.is_member);
        let counts = |room: &FeedRoom| {
            let notify = room.notify.filter(|setting| setting.holds(now));
            Counts(room.seq, room.read_seq, room.unread, room.mentions, notify)
        };
        own.map(|room| (room.room, counts(room))).collect()
    }
}

impl World {
    /// So many pages, or to the end, and then once more all that has changed since.
    pub(super) async fn read_feed(&mut self, by: usize, limit: u64, pages: Option<u8>) {
        let client = &mut self.clients[by];
        if let Some(pages) = pages {
            for _ in 0..pages {
                client.feed.read(&client.actor, limit).await;
            }
            return;
        }
        for _ in 0..2 {
            while client.feed.read(&client.actor, limit).await {}
        }
        self.check_feed(by, limit).await;
    }

    /// All devices read theirs to the end.
    pub(super) async fn check_feeds(&mut self) {
        for device in 0..DEVICES {
            self.read_feed(device, 2, None).await;
        }
    }

    async fn check_feed(&self, by: usize, limit: u64) {
        let (client, user, now) = (&self.clients[by], owner(by), self.now());
        let mut fresh = Feed::default();
        while fresh.read(&client.actor, ALL).await {}
        let counts = |model: &RoomModel| {
            let notify = model.notify.get(&user).copied().filter(|setting| setting.holds(now));
            let (unread, mentions) = (model.unread(user), model.unread_mentions(user));
            Counts(model.seq(), model.members[&user].read, unread, mentions, notify)
        };
        let own = self.rooms.iter().filter(|(_, model)| model.has(user));
        let expected = own.map(|(room, model)| (*room, counts(model))).collect();
        assert_eq!(fresh.counts(now), expected, "a fresh feed of {user}");
        assert_eq!(client.feed.counts(now), expected, "the feed of {user} since a token");
        let asked =
            || self.rooms.iter().filter_map(|(_, model)| Some((model.asked.get(&user)?.0, model.closed)));
        let held: BTreeSet<_> = asked().filter(|(_, closed)| !closed).map(|(code, _)| code).collect();
        assert_eq!(fresh.invitations, held);
        // A page looks at as many of them as it has rooms.
        let read = &client.feed.invitations;
        assert!(read.is_subset(&held) && (read.len() == held.len() || asked().count() as u64 > limit));
    }
}
