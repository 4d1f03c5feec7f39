//! Two chats are the same where every user sees the same, and the same rows are stored, but for positions.

use std::sync::Arc;

use chat_core::model::{HistoryQuery, Message, MessageState, PageQuery, Profile, Room};
use chat_core::store::{Record, RecordPage, RoomRecord, Store};
use chat_core::{Actor, ChatEngine, RoomId};

use super::kit::{id, limit};

const PEOPLE: [&str; 7] = ["ana", "ben", "cho", "dee", "김철수", "فاطمة", "🦊"];

/// What each user sees over the engine, but for positions.
pub(super) async fn seen_by_all(engine: &ChatEngine) -> String {
    let mut seen = Vec::new();
    for name in PEOPLE {
        let actor = engine.as_user(id(name));
        let rooms = actor.rooms(PageQuery::new(1, limit()).unwrap()).await.unwrap();
        seen.push(format!("{name} is in {} rooms", rooms.total));
        for view in &rooms.items {
            seen.push(seen_in(&actor, view.room.id).await);
        }
        for page in [
            actor.friends(None, limit()).await,
            actor.friend_requests(None, limit()).await,
            actor.blocked(None, limit()).await,
        ] {
            seen.push(format!("{:?}", page.unwrap()));
        }
    }
    seen.join("\n")
}

/// What a participant sees of a room.
pub(super) async fn seen_in(actor: &Actor, room: RoomId) -> String {
    let view = actor.room(room).await.unwrap();
    let last = view.last_message.map(|seen| (unplaced_message(&seen.message), seen.receipt));
    let shown = (unplaced_room(&view.room), view.name, view.participants, view.unread, last);
    let history = actor.history(room, HistoryQuery::newest(limit())).await.unwrap();
    let messages: Vec<_> =
        history.messages.iter().map(|seen| (unplaced_message(&seen.message), &seen.receipt)).collect();
    let people = actor.participants(room, None, limit()).await.unwrap();
    format!("{shown:?}\n{messages:?}\n{:?}", people.participants)
}

/// Every row of a store, and how many rooms are among them.
#[derive(Debug, PartialEq)]
pub(super) struct Rows {
    pub(super) all: Vec<Record>,
    pub(super) rooms: u64,
}

/// All rows, read in pages of so many.
pub(super) async fn records(store: &dyn Store, limit: u32) -> Rows {
    let mut all = Vec::new();
    let mut profiles = RecordPage::Profiles { after: None };
    while let Some(page) = page(store, profiles.clone(), limit, &mut all).await {
        let Record::Profile { user, .. } = page else { panic!("{page:?}") };
        profiles = RecordPage::Profiles { after: Some(user) };
    }
    let mut relations = RecordPage::Relations { after: None };
    while let Some(page) = page(store, relations.clone(), limit, &mut all).await {
        let Record::Relation(side) = page else { panic!("{page:?}") };
        relations = RecordPage::Relations { after: Some((side.user, side.other)) };
    }
    let mut settings = RecordPage::Settings { after: None };
    while let Some(page) = page(store, settings.clone(), limit, &mut all).await {
        let Record::Settings(user, _) = page else { panic!("{page:?}") };
        settings = RecordPage::Settings { after: Some(user) };
    }
    let mut quiet = RecordPage::DoNotDisturb { after: None };
    while let Some(page) = page(store, quiet.clone(), limit, &mut all).await {
        let Record::DoNotDisturb(user, _) = page else { panic!("{page:?}") };
        quiet = RecordPage::DoNotDisturb { after: Some(user) };
    }
    let mut rooms = Vec::new();
    let mut after = None;
    while let Some(page) = page(store, RecordPage::Rooms { after }, limit, &mut rooms).await {
        let Record::Room(RoomRecord::Room(room)) = page else { panic!("{page:?}") };
        after = Some(room.id);
    }
    let count = rooms.len() as u64;
    for record in rooms {
        let Record::Room(RoomRecord::Room(Room { id: room, .. })) = record else { panic!("{record:?}") };
        all.push(record);
        let mut held = RecordPage::Held { room, after: None };
        while let Some(page) = page(store, held.clone(), limit, &mut all).await {
            let Record::Room(RoomRecord::Held(one)) = page else { panic!("{page:?}") };
            held = RecordPage::Held { room, after: Some(one.id) };
        }
        let mut asked = RecordPage::JoinRequests { room, after: None };
        while let Some(page) = page(store, asked.clone(), limit, &mut all).await {
            let Record::Room(RoomRecord::JoinRequest(one)) = page else { panic!("{page:?}") };
            asked = RecordPage::JoinRequests { room, after: Some(one.id) };
        }
        let mut after = 0;
        while let Some(page) = page(store, RecordPage::Messages { room, after }, limit, &mut all).await {
            let Record::Room(RoomRecord::Message(message, _)) = page else { panic!("{page:?}") };
            after = message.seq;
        }
        for seq in 1..=after {
            let mut edits = RecordPage::Edits { room, seq, after: None };
            while let Some(page) = page(store, edits.clone(), limit, &mut all).await {
                let Record::Room(RoomRecord::Edit(state)) = page else { panic!("{page:?}") };
                edits = RecordPage::Edits { room, seq, after: Some(state.edit.version) };
            }
        }
        let mut reactions = RecordPage::Reactions { room, after: None };
        while let Some(page) = page(store, reactions.clone(), limit, &mut all).await {
            let Record::Room(RoomRecord::Reaction(key, _)) = page else { panic!("{page:?}") };
            reactions = RecordPage::Reactions { room, after: Some((key.seq, key.reaction, key.user)) };
        }
        let mut members = RecordPage::Members { room, after: None };
        while let Some(page) = page(store, members.clone(), limit, &mut all).await {
            let Record::Room(RoomRecord::Member(member)) = page else { panic!("{page:?}") };
            members = RecordPage::Members { room, after: Some(member.user) };
        }
        let mut bans = RecordPage::Bans { room, after: None };
        while let Some(page) = page(store, bans.clone(), limit, &mut all).await {
            let Record::Room(RoomRecord::Ban(ban)) = page else { panic!("{page:?}") };
            bans = RecordPage::Bans { room, after: Some(ban.user) };
        }
        let mut reports = RecordPage::Reports { room, after: None };
        while let Some(page) = page(store, reports.clone(), limit, &mut all).await {
            let Record::Room(RoomRecord::Report(report)) = page else { panic!("{page:?}") };
            reports = RecordPage::Reports { room, after: Some((report.message, report.by)) };
        }
        let mut hidden = RecordPage::Hidden { room, after: None };
        while let Some(page) = page(store, hidden.clone(), limit, &mut all).await {
            let Record::Room(RoomRecord::Hidden(one)) = page else { panic!("{page:?}") };
            hidden = RecordPage::Hidden { room, after: Some((one.user, one.seq)) };
        }
        let mut follows = RecordPage::Follows { room, after: None };
        while let Some(page) = page(store, follows.clone(), limit, &mut all).await {
            let Record::Room(RoomRecord::Follow(one)) = page else { panic!("{page:?}") };
            follows = RecordPage::Follows { room, after: Some((one.root_seq, one.user)) };
        }
        let mut acts = RecordPage::Acts { room, after: None };
        while let Some(page) = page(store, acts.clone(), limit, &mut all).await {
            let Record::Room(RoomRecord::Act(entry)) = page else { panic!("{page:?}") };
            acts = RecordPage::Acts { room, after: Some(entry.pos) };
        }
        let mut invites = RecordPage::Invites { room, after: None };
        while let Some(page) = page(store, invites.clone(), limit, &mut all).await {
            let Record::Room(RoomRecord::Invite(invite)) = page else { panic!("{page:?}") };
            invites = RecordPage::Invites { room, after: Some(invite.code) };
        }
    }
    Rows { all, rooms: count }
}

/// Reads a page into the others; gives its last row.
async fn page(store: &dyn Store, page: RecordPage, limit: u32, all: &mut Vec<Record>) -> Option<Record> {
    let found = store.records(page, limit).await.unwrap();
    assert!(found.len() <= limit as usize);
    let last = found.last().cloned();
    all.extend(found);
    last
}

pub(super) fn without_positions(mut rows: Rows) -> Rows {
    for record in &mut rows.all {
        match record {
            Record::Room(RoomRecord::Room(room)) => *room = unplaced_room(room),
            Record::Room(RoomRecord::Message(message, _)) => *message = unplaced_message(message),
            Record::Room(RoomRecord::Member(member)) => {
                (member.joined_pos, member.changed_pos, member.marks_pos) = (0, 0, 0);
            }
            Record::Room(RoomRecord::Edit(state)) => state.edit.version = 0,
            // Nor with what a store need not know of what it refers to.
            Record::Room(RoomRecord::Held(held)) => {
                if let Some(forward) = &mut held.refers.forwarded {
                    forward.first = Profile::unknown(forward.first.user.clone());
                }
                if let Some(reply) = &mut held.refers.thread {
                    reply.max_followed = 0;
                }
            }
            Record::Room(RoomRecord::Hidden(hidden)) => hidden.pos = 0,
            Record::Room(RoomRecord::Act(entry)) => entry.pos = 0,
            Record::Room(RoomRecord::Follow(follow)) => follow.pos = 0,
            Record::Profile { .. }
            | Record::Relation(_)
            | Record::Settings(..)
            | Record::DoNotDisturb(..)
            | Record::Room(
                RoomRecord::JoinRequest(_)
                | RoomRecord::Reaction(..)
                | RoomRecord::Ban(_)
                | RoomRecord::Report(_)
                | RoomRecord::Invite(_),
            ) => {}
        }
    }
    rows
}

fn unplaced_message(message: &Message) -> Message {
    let state = MessageState { changed_pos: 0, ..message.state.clone() };
    let mut message = Message { pos: 0, state, ..message.clone() };
    if let Some(quoted) = &mut message.references.quoted {
        Arc::make_mut(quoted).changed_pos = 0;
    }
    message
}

fn unplaced_room(room: &Room) -> Room {
    Room { created_pos: 0, changed_pos: 0, last_pos: 0, marks_pos: 0, threads_pos: 0, ..room.clone() }
}
