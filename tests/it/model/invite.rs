//! Invitations: made, accepted, declined, taken back.

use chat_core::model::{InviteCode, NewInvite, Role};

use super::news::News;
use super::world::World;
use super::{id, owner};

impl World {
    pub(super) async fn ask_in(&mut self, by: usize, room: usize, who: usize) {
        let (id_of_room, model) = &mut self.rooms[room];
        let room = *id_of_room;
        let may = model.may_write(owner(by)) && !model.has(who);
        let done = self.clients[by].actor.create_invite(room, NewInvite::of(id(who))).await;
        assert_eq!(done.is_ok(), may, "{done:?}");
        if let Ok(invite) = done {
            // One of theirs takes the place of an earlier one.
            model.asked.insert(who, (invite.code, owner(by)));
            self.tell(who, None, News::Invited(room, invite.code));
        }
    }

    /// The room and the code of an invitation of the user's: the one of this number.
    fn asked(&self, user: usize, nth: usize) -> Option<(usize, InviteCode)> {
        let asked = |(room, (_, model)): (usize, &(_, super::room::RoomModel))| {
            model.asked.get(&user).map(|(code, _)| (room, *code))
        };
        let all: Vec<_> = self.rooms.iter().enumerate().filter_map(asked).collect();
        (!all.is_empty()).then(|| all[nth % all.len()])
    }

    pub(super) async fn accept(&mut self, by: usize, nth: usize) {
        let Some((room, code)) = self.asked(owner(by), nth) else { return };
        let (_, model) = &mut self.rooms[room];
        let done = self.clients[by].actor.accept_invite(code).await;
        assert_eq!(done.is_ok(), !model.closed, "{done:?}");
        if done.is_ok() {
            model.join(owner(by));
            let again = self.clients[by].actor.accept_invite(code).await;
            assert_eq!(again.unwrap_err().code(), "INVITE_NOT_FOUND", "it lets in once");
        }
    }

    pub(super) async fn decline(&mut self, by: usize, nth: usize) {
        let user = owner(by);
        let Some((room, code)) = self.asked(user, nth) else { return };
        let (room, model) = &mut self.rooms[room];
        let room = *room;
        assert_eq!(self.clients[by].actor.decline_invite(code).await.unwrap(), room);
        let (_, asker) = model.asked.remove(&user).unwrap();
        self.tell(asker, None, News::InviteDeclined(room, id(user)));
        self.tell(user, None, News::InviteEnded(room, code));
    }

    /// Whoever has asked takes it back, and so does whoever may take people out.
    pub(super) async fn take_back(&mut self, by: usize, room: usize, who: usize) {
        let (room, model) = &mut self.rooms[room];
        let room = *room;
        let Some((code, asker)) = model.asked.get(&who).copied() else { return };
        let by_user = owner(by);
        let may_govern = model.role(by_user) >= Some(Role::Admin);
        let may = by_user == who || (model.has(by_user) && (asker == by_user || may_govern));
        let done = self.clients[by].actor.revoke_invite(room, code).await;
        assert_eq!(done.is_ok(), may, "{done:?}");
        if may {
            model.asked.remove(&who);
            self.tell(who, None, News::InviteEnded(room, code));
        }
    }
}
