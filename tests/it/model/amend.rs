//! What becomes of messages.

use chat_core::event::{Command, Reply};
use chat_core::model::{Cursor, HistoryQuery, Limit, Revision, Role};
use chat_core::{MessageId, RoomId};

use super::client::like;
use super::owner;
use super::say::custom;
use super::step::Amend;
use super::world::World;

impl World {
    pub(super) async fn amend(&mut self, by: usize, room: usize, seq: u64, how: Amend) {
        let user = owner(by);
        let (id, model) = &self.rooms[room];
        let (id, seq) = (*id, seq.min(model.seq()));
        if seq == 0 {
            return;
        }
        let query = HistoryQuery::Around(Cursor::Seq(seq), Limit::new(1).unwrap());
        let Ok(history) = self.clients[by].actor.history(id, query).await else {
            assert!(!model.has(user));
            return;
        };
        let Some(seen) = history.messages.first() else {
            assert!(model.hidden.contains(&(user, seq)), "{seq} is seen by {user}");
            return;
        };
        match command(how, id, seen.message.id) {
            Some(command) => self.change(by, room, seq, how, command).await,
            None => self.hide(by, room, seq, seen.message.id).await,
        }
    }

    /// Takes a message out of the user's own sight.
    async fn hide(&mut self, by: usize, room: usize, seq: u64, message: MessageId) {
        let (user, id) = (owner(by), self.rooms[room].0);
        self.ask(by, Command::Hide(id, message)).await.unwrap();
        self.rooms[room].1.hidden.insert((user, seq));
        self.move_mark(room, user, seq);
        self.clients[by].hide(id, seq);
    }

    async fn change(&mut self, by: usize, room: usize, seq: u64, how: Amend, command: Command) {
        let user = owner(by);
        let done = self.clients[by].ask(command).await;
        let (_, model) = &mut self.rooms[room];
        let sender = model.sender(seq);
        let moderates = model.role(user) >= Some(Role::Admin);
        let (open, takes_part) = (model.may_write(user), model.has(user));
        let said = model.said.get_mut(&seq);
        let may = match (how, said.as_deref()) {
            (Amend::Edit(_) | Amend::Recast(_), Some(said)) => open && sender == Some(user) && said.is_some(),
            (Amend::Delete, Some(_)) => takes_part && (sender == Some(user) || moderates),
            (Amend::React(_), Some(said)) => open && said.is_some(),
            (Amend::Pin(_), Some(said)) => open && moderates && said.is_some(),
            (Amend::Hide, _) | (_, None) => false,
        };
        assert_eq!(done.is_ok(), may, "{how:?} of {seq} by {user}: {done:?}");
        let (Ok(Reply::Amended(message)), Some(said)) = (done, said) else { return };
        match (how, said) {
            (Amend::Edit(words), Some(said)) => said.words = format!("other words {words}"),
            (Amend::Recast(number), Some(said)) => said.custom = custom(number.into()),
            (Amend::React(true), Some(said)) => drop(said.likes.insert(user)),
            (Amend::React(false), Some(said)) => drop(said.likes.remove(&user)),
            (Amend::Pin(true), _) => drop(model.pinned.insert(seq)),
            (Amend::Pin(false), _) => drop(model.pinned.remove(&seq)),
            _ => model.delete(seq),
        }
        self.clients[by].amend(&message);
    }
}

/// `None`: it changes nothing for anybody else.
fn command(how: Amend, room: RoomId, message: MessageId) -> Option<Command> {
    Some(match how {
        Amend::Edit(words) => {
            Command::Edit(room, message, Revision::words(Some(format!("other words {words}"))))
        }
        Amend::Recast(number) => Command::Edit(room, message, Revision::custom(custom(number.into()))),
        Amend::Delete => Command::Delete(room, message),
        Amend::React(on) => Command::React(room, message, like(), on),
        Amend::Pin(on) => Command::Pin(room, message, on),
        Amend::Hide => return None,
    })
}
