//! Messages come, and are read.

use std::sync::Arc;

use chat_core::event::{Command, Reply};
use chat_core::model::{Cursor, Custom, Draft, Mark, Message, Role};
use chat_core::{Result, RoomId};

use super::news::News;
use super::world::World;
use super::{USERS, owner, thread};

/// The message of this number: each third mentions somebody, each fifth everybody, and an app keeps something with each
/// fourth.
fn draft(number: u32) -> Draft {
    let draft = Draft::text(format!("message {number}")).with_client_id(number.to_string());
    let draft = if number.is_multiple_of(5) { draft.mentioning_all() } else { draft };
    let draft = if number.is_multiple_of(4) { draft.with_custom(custom(number)) } else { draft };
    if number.is_multiple_of(3) { draft.mentioning(USERS[number as usize % USERS.len()]) } else { draft }
}

/// What an app keeps with a message; nothing for 0.
pub(super) fn custom(number: u32) -> Custom {
    let custom = if number == 0 { "{}".to_owned() } else { format!(r#"{{"number":{number}}}"#) };
    custom.parse().unwrap()
}

fn message(sent: Result<Reply>) -> Result<Arc<Message>> {
    sent.map(|reply| match reply {
        Reply::Message(message) => message,
        other => panic!("{other:?}"),
    })
}

impl World {
    async fn say(&self, by: usize, room: RoomId, draft: Draft) -> Result<Arc<Message>> {
        let custom = draft.custom.clone();
        let sent = message(self.clients[by].ask(Command::Send(room, draft)).await)?;
        assert_eq!(sent.custom, custom);
        Ok(sent)
    }

    /// Somebody in a room says something, which mentions these people.
    fn said(&mut self, by: usize, room: usize, message: &Arc<Message>, draft: &Draft) {
        let (user, (_, model)) = (owner(by), &mut self.rooms[room]);
        let named = draft.mentions.as_deref().map(Vec::as_slice).unwrap_or_default();
        let is_meant = |of: usize| draft.mentions_all || named.iter().any(|name| name == USERS[of]);
        let there = model.members.keys().copied().filter(|of| *of != user && is_meant(*of)).collect();
        model.take(message, user);
        model.mentions.insert(message.seq, there);
        self.clients[by].put(message);
    }

    fn may_mention(&self, by: usize, room: usize, draft: &Draft) -> bool {
        !draft.mentions_all || self.rooms[room].1.role(owner(by)) >= Some(Role::Admin)
    }

    pub(super) async fn send(&mut self, by: usize, room: usize) {
        self.sends += 1;
        let draft = draft(self.sends);
        let may = self.rooms[room].1.may_write(owner(by)) && self.may_mention(by, room, &draft);
        let sent = self.say(by, self.rooms[room].0, draft.clone()).await;
        assert_eq!(sent.is_ok(), may, "{sent:?}");
        if let Ok(message) = sent {
            self.said(by, room, &message, &draft);
            let newest = (self.sends.to_string(), message.seq);
            self.rooms[room].1.newest.insert(owner(by), newest);
        }
    }

    /// Somebody replies in the thread of a message.
    pub(super) async fn reply(&mut self, by: usize, room: usize, of: u64, in_room: bool) {
        self.sends += 1;
        let Some((of, _)) = self.message_at(room, of) else { return };
        let model = &self.rooms[room].1;
        // Now and then to a reply, which is no root.
        let root = if self.sends.is_multiple_of(8) { of } else { model.root_of(of) };
        let draft = Draft { client_id: None, ..draft(self.sends) }.replying(model.ids[&root].0);
        let draft = if in_room { draft.shown_in_room() } else { draft };
        let may = model.may_write(owner(by)) && model.may_go_on(root) && self.may_mention(by, room, &draft);
        let sent = self.say(by, self.rooms[room].0, draft.clone()).await;
        assert_eq!(sent.is_ok(), may, "{sent:?}");
        if let Ok(message) = sent {
            self.said(by, room, &message, &draft);
            let (id, model) = &mut self.rooms[room];
            let (id, (root_id, _)) = (*id, model.ids[&root]);
            let come = model.reply(message.seq, thread::Reply { root, in_room }, owner(by));
            let stands: Vec<_> = come.into_iter().map(|user| (user, model.follows[&(user, root)])).collect();
            // The device that replies is answered with the reply, and told that it follows by that.
            for (user, there) in stands {
                self.tell(user, None, News::Thread(id, root_id, there.on, there.read));
            }
        }
    }

    /// Somebody answers a message, which those who see the answer see as it is now.
    pub(super) async fn answer(&mut self, by: usize, room: usize, of: u64) {
        let (id, model) = &self.rooms[room];
        let Some((quoted, _)) = model.ids.get(&of).copied() else { return };
        let may = model.may_write(owner(by)) && model.said[&of].is_some();
        let draft = Draft::text(format!("answer to {of}")).quoting(quoted);
        let sent = self.say(by, *id, draft.clone()).await;
        assert_eq!(sent.is_ok(), may, "{sent:?}");
        if let Ok(message) = sent {
            self.said(by, room, &message, &draft);
            self.rooms[room].1.answers.insert(message.seq, of);
        }
    }

    /// Somebody passes a message on, which says for ever whose it was.
    pub(super) async fn forward(&mut self, by: usize, (from, of): (usize, u64), to: usize) {
        let (from, source) = self.rooms[from].clone();
        let Some((id, _)) = source.ids.get(&of).copied() else { return };
        let (to_id, target) = &self.rooms[to];
        let may = source.has(owner(by)) && source.said[&of].is_some() && target.may_write(owner(by));
        let command = Command::Forward { from, message: id, to: *to_id, client_id: None };
        let sent = message(self.ask(by, command).await);
        assert_eq!(sent.is_ok(), may, "{sent:?}");
        if let Ok(message) = sent {
            let passed_on = source.said[&of].as_ref().map(|said| (said.words.as_str(), &said.custom));
            assert_eq!(message.body.content().zip(Some(&message.custom)), passed_on);
            let first = source.first.get(&of).copied().or(source.sender(of));
            self.said(by, to, &message, &Draft::text(""));
            self.rooms[to].1.first.insert(message.seq, first.expect("somebody has sent it"));
        }
    }

    /// A retry is answered with the first message, over whatever way, also after the room has closed, and
    /// changes nothing.
    pub(super) async fn retry(&mut self, by: usize, room: usize) {
        let (room, model) = &self.rooms[room];
        let Some((client_id, seq)) = model.newest.get(&owner(by)) else { return };
        let again = self.clients[by].actor.send(*room, draft(client_id.parse().unwrap())).await;
        match model.has(owner(by)) {
            true => assert_eq!(again.unwrap().seq, *seq),
            false => assert_eq!(again.unwrap_err().code(), "NOT_A_PARTICIPANT"),
        }
    }

    pub(super) async fn read(&mut self, by: usize, room: usize, to: u64) {
        let (id, user) = (self.rooms[room].0, owner(by));
        let done = self.ask(by, Command::Mark(id, Mark::Read, Some(Cursor::Seq(to)))).await;
        assert_eq!(done.is_ok(), self.rooms[room].1.has(user), "{done:?}");
        if let Ok(Reply::Marked(marked)) = done {
            self.move_mark(room, user, to);
            let model = &self.rooms[room].1;
            assert_eq!((marked.read_seq, marked.unread), (model.members[&user].read, model.unread(user)));
            assert!(marked.read_seq <= marked.delivered_seq && marked.delivered_seq <= model.seq());
        }
    }

    pub(super) async fn deliver(&mut self, by: usize, room: usize, to: u64) {
        let (room, model) = &self.rooms[room];
        let done = self.clients[by].ask(Command::Mark(*room, Mark::Delivered, Some(Cursor::Seq(to)))).await;
        assert_eq!(done.is_ok(), model.has(owner(by)), "{done:?}");
    }
}
