//! Rooms are made, people come into them and go, and have roles.

use chat_core::model::{NewRoom, Role};

use super::room::{RoomModel, Stay};
use super::world::World;
use super::{USERS, id, owner};

impl World {
    pub(super) async fn create(&mut self, by: usize, other: usize) {
        let user = owner(by);
        let name = format!("room {}", self.rooms.len());
        let new = NewRoom::group(&name).with([USERS[other]]);
        let room = self.clients[by].actor.create_room(new).await.unwrap().id();
        let (member, owner) = (Stay::at(0, Role::Member, 0), Stay::at(0, Role::Owner, 0));
        let members = [(other, member), (user, owner)].into();
        self.rooms.push((room, RoomModel { name, members, stays: 1, ..RoomModel::default() }));
    }

    pub(super) async fn invite(&mut self, by: usize, room: usize, who: usize) {
        let (room, model) = &mut self.rooms[room];
        let done = self.clients[by].actor.invite(*room, &[id(who)]).await;
        assert_eq!(done.is_ok(), model.may_write(owner(by)));
        if done.is_ok() && !model.has(who) {
            model.join(who);
        }
    }

    pub(super) async fn leave(&mut self, by: usize, room: usize) {
        let (room, model) = &mut self.rooms[room];
        let done = self.clients[by].actor.leave(*room).await;
        assert_eq!(done.is_ok(), model.has(owner(by)));
        if done.is_ok() {
            model.part(owner(by));
        }
    }

    pub(super) async fn remove(&mut self, by: usize, room: usize, who: usize) {
        let (room, model) = &mut self.rooms[room];
        let may = model.is_above(owner(by), who);
        let done = self.clients[by].actor.remove(*room, &id(who)).await;
        assert_eq!(done.is_ok(), may, "{done:?}");
        if may {
            model.part(who);
        }
    }

    pub(super) async fn rename(&mut self, by: usize, room: usize, name: u8) {
        let (room, model) = &mut self.rooms[room];
        let may = !model.closed && model.role(owner(by)) >= Some(Role::Admin);
        let name = format!("name {name}");
        assert_eq!(self.clients[by].actor.rename(*room, &name).await.is_ok(), may);
        if may && model.name != name {
            model.name = name;
            model.senders.push(None);
        }
    }

    pub(super) async fn set_role(&mut self, by: usize, room: usize, who: usize, role: Role) {
        let (room, model) = &mut self.rooms[room];
        let may = model.may_set_role(owner(by), who, role);
        let done = self.clients[by].actor.set_role(*room, &id(who), role).await;
        assert_eq!(done.is_ok(), may, "{by} makes {who} {role:?} in {model:?}: {done:?}");
        if may && model.role(who) != Some(role) {
            model.set_role(who, role);
        }
    }

    /// The host takes somebody out.
    pub(super) async fn expel(&mut self, room: usize, who: usize) {
        let (room, model) = &mut self.rooms[room];
        let is_there = model.has(who);
        assert_eq!(self.admin.remove(*room, &id(who)).await.is_ok(), is_there);
        if is_there {
            model.part(who);
        }
    }

    /// The host gives somebody another role.
    pub(super) async fn appoint(&mut self, room: usize, who: usize, role: Role) {
        let (room, model) = &mut self.rooms[room];
        let may = model.has(who) && (model.role(who) != Some(Role::Owner) || role == Role::Owner);
        assert_eq!(self.admin.set_role(*room, &id(who), role).await.is_ok(), may);
        if may && model.role(who) != Some(role) {
            model.set_role(who, role);
        }
    }
}
