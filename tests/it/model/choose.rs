//! What people choose for themselves: notices, quiet, what others see of them.

use std::time::Duration;

use chat_core::Timestamp;
use chat_core::event::{Command, Reply};
use chat_core::model::{DoNotDisturb, NotifyLevel, NotifySetting, Quiet, SettingsUpdate};

use super::news::News;
use super::owner;
use super::world::World;

impl World {
    fn after(&self, seconds: Option<u64>) -> Option<Timestamp> {
        seconds.map(|seconds| self.now().plus(Duration::from_secs(seconds)))
    }

    pub(super) async fn notify(
        &mut self,
        by: usize,
        room: usize,
        level: Option<NotifyLevel>,
        seconds: Option<u64>,
    ) {
        let user = owner(by);
        let setting = level.map(|level| NotifySetting { level, until: self.after(seconds) });
        let (room, model) = &mut self.rooms[room];
        let room = *room;
        let done = self.clients[by].ask(Command::SetNotifications(room, level, seconds)).await;
        assert_eq!(done.is_ok(), model.has(user), "{done:?}");
        let Ok(Reply::Room(view)) = done else { return };
        assert_eq!(view.notify, setting);
        let before = match setting {
            Some(setting) => model.notify.insert(user, setting),
            None => model.notify.remove(&user),
        };
        if before != setting {
            self.tell(user, None, News::Notify(room, setting));
        }
    }

    pub(super) async fn quiet(&mut self, by: usize, quiet: Option<Option<u64>>) {
        let asked = quiet.map(|expires_in| Quiet { expires_in, daily: None });
        let until = quiet.map(|seconds| self.after(seconds).unwrap_or(Timestamp::NEVER));
        let now = DoNotDisturb { until, daily: None };
        let done = self.ask(by, Command::SetDoNotDisturb(asked)).await.unwrap();
        assert!(matches!(done, Reply::DoNotDisturb(done) if done == now), "{done:?}");
        self.people[owner(by)].quiet = now;
        self.tell(owner(by), None, News::Quiet(now));
    }

    pub(super) async fn settle(&mut self, by: usize, update: SettingsUpdate) {
        let (user, now) = (owner(by), self.now());
        let is_here = self.is_here(user);
        let is_new = self.people[user].settle(update, is_here, now);
        let settings = self.people[user].settings;
        let done = self.ask(by, Command::SetSettings(update)).await.unwrap();
        assert!(matches!(done, Reply::Settings(done) if done == settings), "{done:?}");
        if is_new {
            self.tell(user, None, News::Settings(settings));
        }
        // Whoever shows how far they have read shows where they stand now.
        if settings.read_receipts {
            let stays = self.rooms.iter_mut().filter_map(|(_, model)| model.members.get_mut(&user));
            stays.for_each(|stay| stay.shown = stay.read);
        }
    }
}
