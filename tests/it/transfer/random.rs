//! Random histories survive a round trip.

use chat_core::model::{Cursor, Draft, HistoryQuery, Invite, Limit, NewInvite, NewRoom};
use chat_core::store::{MemoryStore, SqliteStore};
use chat_core::transfer::Scope;
use chat_core::{ChatEngine, RoomId};
use proptest::prelude::*;

use super::compare::{records, seen_by_all, without_positions};
use super::kit::{engine_on, export, id, import, shared_memory};

const USERS: [&str; 4] = ["ana", "ben", "cho", "dee"];

/// Somebody does something, which may be refused. Numbers are taken modulo what there is to choose from.
#[derive(Debug, Clone)]
enum Step {
    Create(usize, usize, u8),
    Send(usize, usize, String, Option<u8>),
    Read(usize, usize, u64),
    Deliver(usize, usize, u64),
    Invite(usize, usize, usize),
    Leave(usize, usize),
    Remove(usize, usize, usize),
    Rename(usize, usize, u8),
    Close(usize),
    Relate(usize, usize, u8),
    Amend(usize, usize, u64, u8),
    Link(usize, usize, Option<usize>),
    Come(usize, usize),
    Decline(usize),
    Hold(usize, usize, Option<u8>),
    Settle(usize, usize, bool),
    Ask(usize, usize),
    Answer(usize, usize, bool),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let (user, room) = (0..USERS.len(), 0..6usize);
    let sent = (user.clone(), room.clone(), ".{1,12}", proptest::option::of(0..4u8));
    let step = prop_oneof![
        3 => (user.clone(), user.clone(), 0..4u8).prop_map(|(by, other, kind)| Step::Create(by, other, kind)),
        8 => sent.prop_map(|(by, room, words, client)| Step::Send(by, room, words, client)),
        3 => (user.clone(), room.clone(), 0..20u64).prop_map(|(by, room, to)| Step::Read(by, room, to)),
        1 => (user.clone(), room.clone(), 0..20u64).prop_map(|(by, room, to)| Step::Deliver(by, room, to)),
        3 => (user.clone(), room.clone(), user.clone()).prop_map(|(by, room, who)| Step::Invite(by, room, who)),
        2 => (user.clone(), room.clone()).prop_map(|(by, room)| Step::Leave(by, room)),
        1 => (user.clone(), room.clone(), user.clone()).prop_map(|(by, room, who)| Step::Remove(by, room, who)),
        1 => (user.clone(), room.clone(), 0..4u8).prop_map(|(by, room, name)| Step::Rename(by, room, name)),
        4 => (user.clone(), room.clone(), 1..12u64, 0..5u8)
            .prop_map(|(by, room, seq, how)| Step::Amend(by, room, seq, how)),
        2 => (user.clone(), room.clone(), proptest::option::of(user.clone()))
            .prop_map(|(by, room, who)| Step::Link(by, room, who)),
        1 => (user.clone(), room.clone()).prop_map(|(by, room)| Step::Come(by, room)),
        1 => user.clone().prop_map(Step::Decline),
        2 => (user.clone(), room.clone(), proptest::option::of(0..4u8))
            .prop_map(|(by, room, client)| Step::Hold(by, room, client)),
        2 => (user.clone(), room.clone(), any::<bool>())
            .prop_map(|(by, room, approves)| Step::Settle(by, room, approves)),
        3 => (user.clone(), room.clone()).prop_map(|(by, room)| Step::Ask(by, room)),
        2 => (user.clone(), room.clone(), any::<bool>())
            .prop_map(|(by, room, lets_in)| Step::Answer(by, room, lets_in)),
        1 => room.prop_map(Step::Close),
        3 => (user.clone(), user, 0..6u8).prop_map(|(by, other, op)| Step::Relate(by, other, op)),
    ];
    proptest::collection::vec(step, 1..60)
}

async fn step(engine: &ChatEngine, rooms: &mut Vec<RoomId>, step: Step) {
    let user = |user: usize| engine.as_user(id(USERS[user]));
    let room = |room: usize| rooms.get(room % rooms.len().max(1)).copied().unwrap_or_else(RoomId::generate);
    match step {
        Step::Create(by, other, kind) => {
            let new = match kind {
                0 => NewRoom::direct(USERS[other]),
                1 => NewRoom::group("group").with([USERS[other]]),
                2 => NewRoom::group("door").with([USERS[other]]).public(),
                _ => NewRoom::challenge("challenge", "").with([USERS[other]]),
            };
            if let Ok(made) = user(by).create_room(new).await {
                rooms.push(made.id());
            }
        }
        Step::Send(by, at, words, client) => {
            let draft = Draft::text(words);
            let draft = match client {
                Some(client) => draft.with_client_id(format!("{client}")),
                None => draft,
            };
            let _ = user(by).send(room(at), draft).await;
        }
        Step::Read(by, at, to) => drop(user(by).mark_read(room(at), Some(Cursor::Seq(to))).await),
        Step::Deliver(by, at, to) => drop(user(by).mark_delivered(room(at), Some(Cursor::Seq(to))).await),
        Step::Invite(by, at, who) => drop(user(by).invite(room(at), &[id(USERS[who])]).await),
        Step::Leave(by, at) => drop(user(by).leave(room(at)).await),
        Step::Remove(by, at, who) => drop(user(by).remove(room(at), &id(USERS[who])).await),
        Step::Rename(by, at, name) => drop(user(by).rename(room(at), &format!("name {name}")).await),
        Step::Amend(by, at, seq, how) => {
            let (user, room) = (user(by), room(at));
            let Ok(around) =
                user.history(room, HistoryQuery::After(Cursor::Seq(seq - 1), Limit::MESSAGES)).await
            else {
                return;
            };
            let Some(message) = around.messages.last().map(|view| view.message.id) else { return };
            match how {
                0 => drop(user.edit(room, message, Some(&format!("other words {seq}"))).await),
                1 => drop(user.delete(room, message).await),
                on => drop(user.react(room, message, "👍".parse().unwrap(), on < 4).await),
            }
        }
        Step::Link(by, at, who) => {
            let new = who.map_or_else(NewInvite::default, |who| NewInvite::of(id(USERS[who])));
            drop(user(by).create_invite(room(at), new).await);
        }
        Step::Come(by, at) => {
            let mut links = Vec::new();
            for one in 0..USERS.len() {
                links.extend(user(one).invites(room(at)).await.unwrap_or_default());
            }
            let is_theirs = |link: &&Invite| link.user.as_ref().is_none_or(|user| *user == id(USERS[by]));
            if let Some(link) = links.iter().find(is_theirs) {
                drop(user(by).accept_invite(link.code).await);
            }
        }
        Step::Decline(by) => {
            let invited = user(by).invitations(None, Limit::MESSAGES).await.unwrap().invitations;
            if let Some(invited) = invited.first() {
                drop(user(by).decline_invite(invited.code).await);
            }
        }
        Step::Hold(by, at, client) => {
            let draft = Draft::text("buy");
            let draft = match client {
                Some(client) => draft.with_client_id(format!("{client}")),
                None => draft,
            };
            let _ = user(by).send(room(at), draft).await;
        }
        Step::Settle(by, at, approves) => {
            let Ok(waiting) = user(by).held(room(at), None, Limit::MESSAGES).await else { return };
            match waiting.held.first() {
                Some(held) if approves => drop(user(by).approve_held(room(at), held.id).await),
                Some(held) => drop(user(by).reject_held(room(at), held.id, None).await),
                None => {}
            }
        }
        Step::Ask(by, at) => drop(user(by).join(room(at)).await),
        Step::Answer(by, at, lets_in) => {
            let Ok(waiting) = user(by).join_requests(room(at), None, Limit::MESSAGES).await else { return };
            match waiting.requests.first() {
                Some((asked, _)) if lets_in => drop(user(by).approve_join(room(at), asked.id).await),
                Some((asked, _)) => drop(user(by).reject_join(room(at), asked.id, None).await),
                None => {}
            }
        }
        Step::Close(at) => drop(engine.admin().close(room(at)).await),
        Step::Relate(by, other, op) => {
            let (user, other) = (user(by), id(USERS[other]));
            match op {
                0 | 1 => drop(user.request_friend(&other).await),
                2 => drop(user.accept_friend(&other).await),
                3 => drop(user.remove_friend(&other).await),
                4 => drop(user.block(&other).await),
                _ => drop(user.unblock(&other).await),
            }
        }
    }
}

/// From memory to SQLite and back; a part of the history is moved before the rest of it has happened.
async fn round_trip(steps: Vec<Step>, early: usize) {
    let (source, store) = shared_memory(1).await;
    let dir = tempfile::tempdir().unwrap();
    let (middle, in_file) = engine_on(SqliteStore::open(dir.path().join("chat.db")).await.unwrap()).await;
    let mut rooms = Vec::new();
    for (index, each) in steps.into_iter().enumerate() {
        if index == early {
            import(&middle, &export(&source, Scope::All).await).await.unwrap();
        }
        // What ends is not taken away from a store that has it.
        let ends = matches!(
            each,
            Step::Relate(..) | Step::Decline(_) | Step::Settle(.., false) | Step::Answer(.., false)
        );
        if index < early || !ends {
            step(&source, &mut rooms, each).await;
        }
    }
    let lines = export(&source, Scope::All).await;
    import(&middle, &lines).await.unwrap();
    let expected = without_positions(records(&*store, 500).await);
    assert_eq!(without_positions(records(&*in_file, 3).await), expected);

    let (back, last) = shared_memory(4).await;
    import(&back, &export(&middle, Scope::All).await).await.unwrap();
    assert_eq!(without_positions(records(&*last, 500).await), expected);
    assert_eq!(seen_by_all(&back).await, seen_by_all(&source).await);
    assert_eq!(export(&back, Scope::All).await, lines);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 30, ..ProptestConfig::default() })]
    #[test]
    fn a_random_history_survives_a_round_trip_in_one_or_two_parts(steps in steps(), early in 0..80usize) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(round_trip(steps, early));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]
    #[test]
    fn no_line_makes_an_import_panic(line in ".{0,200}", field in "[a-zA-Z]{1,12}", value in "[0-9a-z\":{}\\[\\],-]{0,12}") {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (engine, _) = engine_on(MemoryStore::new()).await;
            let head = "{\"record\":\"header\",\"format\":1}";
            let _ = import(&engine, &format!("{head}\n{line}\n")).await;
            for record in ["profile", "relation", "room", "message", "member", "footer"] {
                let _ = import(&engine, &format!("{head}\n{{\"record\":\"{record}\",\"{field}\":{value}}}\n")).await;
            }
        });
    }
}
