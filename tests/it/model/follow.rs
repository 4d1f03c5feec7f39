//! Threads are followed and read.

use chat_core::event::{Command, Reply};
use chat_core::model::{Cursor, ThreadState};
use chat_core::{MessageId, Result};

use super::news::News;
use super::owner;
use super::world::World;

impl World {
    pub(super) async fn follow(&mut self, by: usize, room: usize, of: u64, on: bool) {
        let user = owner(by);
        let Some((root, message)) = self.message_at(room, of) else { return };
        let (id, model) = &mut self.rooms[room];
        let may = model.has(user) && model.may_be_root(root) && (!on || model.may_go_on(root));
        let done = self.clients[by].ask(Command::FollowThread(*id, message, on)).await;
        assert_eq!(done.is_ok(), may, "{done:?}");
        if may {
            let is_new = model.set_followed(user, root, on);
            self.stand(by, room, (root, message), is_new, done);
        }
    }

    pub(super) async fn read_thread(&mut self, by: usize, room: usize, of: u64, to: u64) {
        let user = owner(by);
        let Some((of, _)) = self.message_at(room, of) else { return };
        let (id, model) = &mut self.rooms[room];
        let root = model.root_of(of);
        let message = model.ids[&root].0;
        let done = self.clients[by].ask(Command::ReadThread(*id, message, Some(Cursor::Seq(to)))).await;
        assert_eq!(done.is_ok(), model.has(user), "{done:?}");
        if done.is_ok() {
            let is_new = model.read_thread(user, root, to);
            self.stand(by, room, (root, message), is_new, done);
        }
    }

    /// Somebody is answered where they stand in a thread, and their other devices are told where that is new.
    fn stand(
        &mut self,
        by: usize,
        room: usize,
        (root, message): (u64, MessageId),
        is_new: bool,
        done: Result<Reply>,
    ) {
        let user = owner(by);
        let (room, model) = &self.rooms[room];
        let (room, there) = (*room, model.follows.get(&(user, root)).copied());
        let read_seq = there.filter(|there| there.on).map(|there| there.read);
        let unread = model.unread_replies(user, root);
        let state = ThreadState { room, root: message, following: read_seq.is_some(), read_seq, unread };
        assert!(matches!(&done, Ok(Reply::Thread(done)) if *done == state), "{done:?}, and not {state:?}");
        if let Some(there) = there.filter(|_| is_new) {
            self.tell(user, self.answered(by), News::Thread(room, message, there.on, there.read));
        }
        if let Some(gathered) = self.clients[by].rooms.get_mut(&room) {
            gathered.stand_in_thread(message, read_seq);
        }
    }
}
