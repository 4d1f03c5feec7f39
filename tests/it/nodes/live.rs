//! What people on different nodes see of each other: over a good network, over a bad one, and over NATS and
//! PostgreSQL.

use std::sync::Arc;
use std::time::Duration;

use chat_core::bus::NatsBus;
use chat_core::bus::nats::NatsOptions;
use chat_core::event::{Command, Event, EventKind, Notification, RoomChange};
use chat_core::model::{
    Custom, Draft, FriendNotice, Limit, Mark, NewInvite, NewRoom, Profile, Revision, Role,
};
use chat_core::store::postgres::{PostgresOptions, PostgresStore};
use chat_core::store::{MemoryStore, Store};
use chat_core::{Actor, ChatEngine, RoomId, Session, UserId};
use futures_util::FutureExt;
use tokio::time::timeout;

use super::network::{Faults, Network};
use crate::postgres::Database;

/// How long anything may take that should come soon.
const PATIENCE: Duration = Duration::from_secs(20);

/// Three nodes over one store.
struct Nodes {
    nodes: Vec<ChatEngine>,
    _database: Option<Database>,
}

impl Nodes {
    async fn over_a_network(faults: Faults) -> Self {
        let (network, mut nodes) = (Network::new(7), Vec::new());
        let store: Arc<dyn Store> = Arc::new(MemoryStore::with_lanes(3));
        for name in 0..3 {
            let bus = network.join(name);
            nodes.push(ChatEngine::builder().shared_store(store.clone()).bus(bus).build().await.unwrap());
        }
        network.set(faults);
        Self { nodes, _database: None }.acquainted().await
    }

    /// They have heard of each other, also where some of it is lost.
    async fn acquainted(self) -> Self {
        let visitor = |node: usize| format!("visitor-{node}");
        let mut visits = Vec::new();
        for node in 0..self.nodes.len() {
            visits.push(self.connect(node, &visitor(node)).await);
        }
        let all_see = |node| self.nodes.iter().all(|other| other.admin().is_online(&id(&visitor(node))));
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while !(0..self.nodes.len()).all(all_see) {
            assert!(tokio::time::Instant::now() < deadline, "they hear of each other");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self
    }

    async fn over_nats() -> Option<Self> {
        let database = Database::fresh().await?;
        let prefix = format!("test-{}", RoomId::generate());
        let mut nodes = Vec::new();
        for _ in 0..3 {
            let mut options = PostgresOptions::default();
            options.lanes = 3;
            let store = PostgresStore::connect_with(&database.url, options).await.unwrap();
            let mut options = NatsOptions::at([crate::nats::url()?]);
            options.prefix.clone_from(&prefix);
            let bus = NatsBus::connect_with(options).await.unwrap();
            let engine = ChatEngine::builder().store(store).bus(bus);
            nodes.push(engine.build().await.unwrap());
        }
        Some(Self { nodes, _database: Some(database) }.acquainted().await)
    }

    fn user(&self, node: usize, name: &str) -> Actor {
        self.nodes[node].as_user(id(name))
    }

    async fn connect(&self, node: usize, name: &str) -> Session {
        self.user(node, name).connect().await.unwrap()
    }

    async fn group(&self, people: &[&str]) -> RoomId {
        let new = NewRoom::group("Runners").with(people[1..].iter().copied());
        self.user(0, people[0]).create_room(new).await.unwrap().id()
    }
}

fn id(name: &str) -> UserId {
    name.parse().unwrap()
}

/// The first event of which `pick` makes something.
async fn next<T>(session: &mut Session, mut pick: impl FnMut(&Event) -> Option<T>) -> T {
    let found = timeout(PATIENCE, async {
        loop {
            let event = session.next().await.expect("the session goes on");
            if let Some(found) = pick(&event) {
                return found;
            }
        }
    });
    found.await.expect("it comes in time")
}

fn text(event: &Event) -> Option<String> {
    match &event.kind {
        EventKind::Message(message) => Some(message.body.content().unwrap().to_owned()),
        _ => None,
    }
}

async fn what_is_said_on_one_node_is_heard_on_the_others(nodes: Nodes) {
    let room = nodes.group(&["ana", "ben", "cho"]).await;
    let (mut ben, mut cho) = (nodes.connect(1, "ben").await, nodes.connect(2, "cho").await);
    for number in 0..50 {
        nodes.user(number % 3, "ana").send(room, Draft::text(number.to_string())).await.unwrap();
    }
    for number in 0..50 {
        assert_eq!(next(&mut ben, text).await, number.to_string());
        assert_eq!(next(&mut cho, text).await, number.to_string());
    }
}

async fn what_an_app_keeps_with_a_message_is_told_on_other_nodes(nodes: Nodes) {
    let room = nodes.group(&["ana", "ben"]).await;
    let mut ben = nodes.connect(1, "ben").await;
    let card = |km: u32| format!("{{\"km\":{km}}}").parse::<Custom>().unwrap();
    let ana = nodes.user(0, "ana");
    let sent = ana.send(room, Draft::text("a card").with_custom(card(8))).await.unwrap();
    let message = |event: &Event| match &event.kind {
        EventKind::Message(message) => Some(message.custom.clone()),
        _ => None,
    };
    assert_eq!(next(&mut ben, message).await, card(8));
    ana.revise(room, sent.id, Revision::custom(card(9))).await.unwrap();
    let amended = |event: &Event| match &event.kind {
        EventKind::Amended(amended) => Some(amended.message.custom.clone()),
        _ => None,
    };
    assert_eq!(next(&mut ben, amended).await, card(9));
}

async fn what_is_too_large_for_the_bus_comes_all_the_same(nodes: Nodes) {
    let room = nodes.group(&["ana", "ben"]).await;
    let mut ben = nodes.connect(1, "ben").await;
    let ana = nodes.connect(0, "ana").await;
    // Several of them are one batch.
    let long = "x".repeat(nodes.nodes[0].config().max_content_bytes);
    for _ in 0..3 {
        let sends = (0..8).map(|_| ana.send(room, Draft::text(&long)));
        futures_util::future::join_all(sends).await.into_iter().for_each(|sent| drop(sent.unwrap()));
    }
    for _ in 0..24 {
        assert!(next(&mut ben, text).await == long);
    }
}

async fn a_sender_sees_their_own_message_on_other_devices_and_not_on_its_own(nodes: Nodes) {
    let room = nodes.group(&["ana", "ben"]).await;
    let (mut here, mut there) = (nodes.connect(0, "ana").await, nodes.connect(1, "ana").await);
    here.send(room, Draft::text("mine")).await.unwrap();
    nodes.user(2, "ben").send(room, Draft::text("yours")).await.unwrap();
    assert_eq!(next(&mut there, text).await, "mine");
    assert_eq!(next(&mut there, text).await, "yours");
    assert_eq!(next(&mut here, text).await, "yours");
}

async fn what_somebody_hides_is_told_to_their_own_devices_alone(nodes: Nodes) {
    let room = nodes.group(&["ana", "ben"]).await;
    let (mut ana, mut ben) = (nodes.connect(1, "ana").await, nodes.connect(2, "ben").await);
    for number in 1..=30 {
        let message = nodes.user(0, "ben").send(room, Draft::text(number.to_string())).await.unwrap().id;
        nodes.user(2, "ana").hide(room, message).await.unwrap();
    }
    nodes.user(0, "ben").send(room, Draft::text("end")).await.unwrap();
    let mut told = Vec::new();
    let mut seen = |event: &Event| {
        if let EventKind::Hidden { seq, .. } = event.kind {
            told.push(seq);
        }
        text(event).filter(|words| words == "end")
    };
    next(&mut ana, &mut seen).await;
    assert!(told.iter().copied().eq(1..=30), "{told:?}");
    let to_others = |event: &Event| match event.kind {
        EventKind::Hidden { .. } => Some("what is nobody's business".to_owned()),
        _ => text(event).filter(|words| words == "end"),
    };
    assert_eq!(next(&mut ben, to_others).await, "end");
}

async fn where_somebody_stands_in_threads_is_told_to_their_own_devices_alone(nodes: Nodes) {
    let room = nodes.group(&["ana", "ben"]).await;
    let (mut ana, mut ben) = (nodes.connect(1, "ana").await, nodes.connect(2, "ben").await);
    for number in 1..=30 {
        let root = nodes.user(0, "ben").send(room, Draft::text(number.to_string())).await.unwrap().id;
        nodes.user(2, "ana").follow_thread(room, root).await.unwrap();
    }
    nodes.user(0, "ben").send(room, Draft::text("end")).await.unwrap();
    let mut told = Vec::new();
    let mut seen = |event: &Event| {
        if let EventKind::Thread { following: true, read_seq, .. } = event.kind {
            told.push(read_seq);
        }
        text(event).filter(|words| words == "end")
    };
    next(&mut ana, &mut seen).await;
    assert!(told.iter().copied().eq(1..=30), "{told:?}");
    let to_others = |event: &Event| match event.kind {
        EventKind::Thread { .. } => Some("what is nobody's business".to_owned()),
        _ => text(event).filter(|words| words == "end"),
    };
    assert_eq!(next(&mut ben, to_others).await, "end");
}

async fn a_token_from_one_node_is_good_on_another(nodes: Nodes) {
    let room = nodes.group(&["ana", "ben"]).await;
    let mut ben = nodes.connect(1, "ben").await;
    let ana = nodes.user(0, "ana");
    ana.send(room, Draft::text("one")).await.unwrap();
    let token = next(&mut ben, |event| text(event).and(event.token)).await;
    drop(ben);
    ana.send(room, Draft::text("two")).await.unwrap();
    let mut ben = nodes.user(2, "ben").connect_since(token).await.unwrap();
    ana.send(room, Draft::text("three")).await.unwrap();
    assert_eq!(next(&mut ben, text).await, "two");
    assert_eq!(next(&mut ben, text).await, "three");
}

async fn marks_move_on_all_nodes(nodes: Nodes) {
    let room = nodes.group(&["ana", "ben"]).await;
    let mut ana = nodes.connect(0, "ana").await;
    nodes.user(0, "ana").send(room, Draft::text("hello")).await.unwrap();
    let ben = nodes.user(1, "ben");
    for mark in [Mark::Delivered, Mark::Read] {
        match mark {
            Mark::Delivered => drop(ben.mark_delivered(room, None).await.unwrap()),
            Mark::Read => drop(ben.mark_read(room, None).await.unwrap()),
        }
        let moved = next(&mut ana, |event| match &event.kind {
            EventKind::Marked(user, moved, at) if *moved == mark => Some((user.clone(), at.delivered_seq)),
            _ => None,
        });
        assert_eq!(moved.await, (id("ben"), 1));
    }
}

async fn who_is_added_hears_the_room_from_then_on(nodes: Nodes) {
    let room = nodes.group(&["ana", "ben"]).await;
    let mut cho = nodes.connect(2, "cho").await;
    let mut ben = nodes.connect(1, "ben").await;
    nodes.user(0, "ana").invite(room, &[id("cho")]).await.unwrap();
    nodes.user(0, "ana").send(room, Draft::text("welcome")).await.unwrap();
    let added = next(&mut cho, |event| match &event.kind {
        EventKind::Notification(Notification::AddedToRoom(room)) => Some(room.id),
        _ => None,
    });
    assert_eq!(added.await, room);
    assert_eq!(next(&mut cho, text).await, "welcome");
    let joined = next(&mut ben, |event| match &event.kind {
        EventKind::Participant(profile, true) => Some(profile.user.clone()),
        _ => None,
    });
    assert_eq!(joined.await, id("cho"));
    assert_eq!(next(&mut ben, text).await, "welcome");
}

async fn a_new_room_is_told_to_all_who_are_in_it_however_many(nodes: Nodes) {
    let mut people: Vec<String> = (0..40).map(|n| format!("u{n}")).collect();
    people.extend(["ana".into(), "zoe".into()]);
    let mut zoe = nodes.connect(2, "zoe").await;
    let new = NewRoom::group("All").with(people);
    let room = nodes.user(0, "ana").create_room(new).await.unwrap().id();
    let added = next(&mut zoe, |event| match &event.kind {
        EventKind::Notification(Notification::AddedToRoom(room)) => Some(room.id),
        _ => None,
    });
    assert_eq!(added.await, room);
    nodes.user(1, "ana").send(room, Draft::text("hello")).await.unwrap();
    assert_eq!(next(&mut zoe, text).await, "hello");
}

async fn another_name_is_seen_on_all_nodes(nodes: Nodes) {
    let room = nodes.group(&["ana", "ben"]).await;
    let mut ben = nodes.connect(1, "ben").await;
    nodes.user(0, "ana").rename(room, "Walkers").await.unwrap();
    let renamed = next(&mut ben, |event| match &event.kind {
        EventKind::Room(RoomChange::Updated, room) => room.name.clone(),
        _ => None,
    });
    assert_eq!(&*renamed.await, "Walkers");
}

async fn another_role_is_seen_on_all_nodes(nodes: Nodes) {
    let room = nodes.group(&["ana", "ben"]).await;
    let mut ben = nodes.connect(1, "ben").await;
    let role = |event: &Event| match &event.kind {
        EventKind::Role(profile, role, _) => Some((profile.user.clone(), *role)),
        _ => None,
    };
    nodes.user(0, "ana").set_role(room, &id("ben"), Role::Admin).await.unwrap();
    assert_eq!(next(&mut ben, role).await, (id("ben"), Role::Admin));
    // Who joins and has another role at once has both, in their order.
    nodes.user(0, "ben").invite(room, &[id("cho")]).await.unwrap();
    nodes.user(1, "ben").set_role(room, &id("cho"), Role::ReadOnly).await.unwrap();
    let joined = |event: &Event| matches!(event.kind, EventKind::Participant(_, true)).then_some(());
    next(&mut ben, joined).await;
    assert_eq!(next(&mut ben, role).await, (id("cho"), Role::ReadOnly));
    nodes.user(0, "ana").leave(room).await.unwrap();
    assert_eq!(next(&mut ben, role).await, (id("ben"), Role::Owner));
}

async fn when_a_removal_returns_nothing_later_reaches_whoever_was_removed(nodes: Nodes) {
    let room = nodes.group(&["ana", "ben", "cho"]).await;
    let ana = nodes.user(0, "ana");
    let mut ben = nodes.connect(1, "ben").await;
    for turn in 0..20 {
        if turn % 2 == 0 {
            ana.remove(room, &id("ben")).await.unwrap();
        } else {
            nodes.user(2, "ben").leave(room).await.unwrap();
        }
        let is_told = |event: &Event| match &event.kind {
            EventKind::Notification(Notification::RemovedFromRoom(_)) => Some(()),
            _ => None,
        };
        // It is there already.
        let mut told = false;
        while let Some(Some(event)) = ben.next().now_or_never() {
            told |= is_told(&event).is_some();
        }
        assert!(told, "turn {turn}");
        let secret = format!("secret {turn}");
        nodes.user(turn % 3, "ana").send(room, Draft::text(&secret)).await.unwrap();
        let refused = nodes.user(1, "ben").send(room, Draft::text("still here?")).await.unwrap_err();
        assert_eq!(refused.code(), "NOT_A_PARTICIPANT");
        // A message of another room comes behind it.
        let other = nodes.group(&["ana", "ben"]).await;
        ana.send(other, Draft::text(format!("public {turn}"))).await.unwrap();
        loop {
            let heard = next(&mut ben, text).await;
            assert_ne!(heard, secret);
            if heard == format!("public {turn}") {
                break;
            }
        }
        ana.invite(room, &[id("ben")]).await.unwrap();
    }
}

async fn a_logout_ends_connections_on_all_nodes_before_it_returns(nodes: Nodes) {
    let room = nodes.group(&["ana", "ben"]).await;
    for node in 0..3 {
        let mut sessions = Vec::new();
        for on in 0..3 {
            sessions.push(nodes.connect(on, "ben").await);
        }
        // Tokens know milliseconds.
        tokio::time::sleep(Duration::from_millis(5)).await;
        nodes.user(node, "ben").log_out().await.unwrap();
        nodes.user(node, "ana").send(room, Draft::text("secret")).await.unwrap();
        for mut session in sessions {
            assert!(session.close_reason().is_some(), "logged out on node {node}");
            while let Some(event) = session.next().await {
                assert_eq!(text(&event), None);
            }
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn somebody_is_online_once_on_however_many_nodes(nodes: Nodes) {
    let room = nodes.group(&["ana", "ben"]).await;
    let mut ana = nodes.connect(0, "ana").await;
    let online = |event: &Event| match &event.kind {
        EventKind::Presence { user, online, .. } if *user == id("ben") => Some(*online),
        _ => None,
    };
    let (first, second) = (nodes.connect(1, "ben").await, nodes.connect(2, "ben").await);
    assert!(next(&mut ana, online).await);
    let is_listed = async || {
        let all = nodes.user(0, "ana").participants(room, None, Limit::ROOMS).await.unwrap();
        all.participants.into_iter().find(|other| other.profile.user == id("ben")).unwrap().online
    };
    assert!(is_listed().await);
    drop(first);
    nodes.user(1, "ben").send(room, Draft::text("still here")).await.unwrap();
    let mut heard = Vec::new();
    next(&mut ana, |event| {
        heard.extend(online(event));
        text(event)
    })
    .await;
    assert!(heard.is_empty(), "the other connection is open: {heard:?}");
    assert!(is_listed().await);
    drop(second);
    assert!(!next(&mut ana, online).await);
    assert!(!is_listed().await);
}

async fn typing_is_seen_on_other_nodes_and_ends(nodes: Nodes) {
    let room = nodes.group(&["ana", "ben"]).await;
    let (ana, mut ben) = (nodes.connect(0, "ana").await, nodes.connect(1, "ben").await);
    let typing = |event: &Event| match &event.kind {
        EventKind::Typing(profile, is_typing) => Some((profile.user.clone(), *is_typing)),
        _ => None,
    };
    ana.execute(Command::Typing(room, true)).await.unwrap();
    assert_eq!(next(&mut ben, typing).await, (id("ana"), true));
    ana.execute(Command::Typing(room, false)).await.unwrap();
    assert_eq!(next(&mut ben, typing).await, (id("ana"), false));
}

async fn friends_hear_of_each_other_on_all_nodes(nodes: Nodes) {
    let (mut ana, mut ben) = (nodes.connect(0, "ana").await, nodes.connect(1, "ben").await);
    let notice = |event: &Event| match &event.kind {
        EventKind::Notification(Notification::Friend(notice, profile)) => {
            Some((*notice, profile.user.clone()))
        }
        _ => None,
    };
    nodes.user(2, "ana").request_friend(&id("ben")).await.unwrap();
    assert_eq!(next(&mut ben, notice).await, (FriendNotice::Requested, id("ana")));
    nodes.user(2, "ben").accept_friend(&id("ana")).await.unwrap();
    assert_eq!(next(&mut ana, notice).await, (FriendNotice::Accepted, id("ben")));
}

async fn what_is_written_is_seen_on_other_nodes(nodes: Nodes) {
    let room = nodes.group(&["ana", "ben"]).await;
    let mut ben = nodes.connect(1, "ben").await;
    let begun = Draft::begun(None, None);
    let message = nodes.user(0, "ana").start_stream(room, begun).await.unwrap().id;
    let delta = |event: &Event| match &event.kind {
        EventKind::Delta(delta) => Some((delta.message, delta.offset, delta.text.to_string())),
        _ => None,
    };
    nodes.user(0, "ana").append_stream(room, message, "Let").await.unwrap();
    assert_eq!(next(&mut ben, delta).await, (message, 0, "Let".to_owned()));
    let words = |event: &Event| match &event.kind {
        EventKind::Amended(amended) => Some(amended.message.body.content()?.to_owned()),
        _ => None,
    };
    assert_eq!(next(&mut ben, words).await, "Let", "it is kept at once, the first time");
    // Another node goes on.
    nodes.user(2, "ana").append_stream(room, message, " me").await.unwrap();
    assert_eq!(next(&mut ben, words).await, "Let me");
    nodes.user(2, "ana").append_stream(room, message, " see").await.unwrap();
    assert_eq!(next(&mut ben, delta).await, (message, 6, " see".to_owned()));
    let whole = nodes.user(2, "ana").stop_stream(room, message).await.unwrap();
    assert_eq!(whole.body.content(), Some("Let me see"));
    while next(&mut ben, words).await != "Let me see" {}
}

async fn invitations_are_told_on_all_nodes(nodes: Nodes) {
    let room = nodes.group(&["ana"]).await;
    let (mut ana, mut ben) = (nodes.connect(0, "ana").await, nodes.connect(1, "ben").await);
    let told = |event: &Event| match &event.kind {
        EventKind::Notification(
            told @ (Notification::Invited(_)
            | Notification::InviteEnded(..)
            | Notification::InviteDeclined(..)),
        ) => Some(told.clone()),
        _ => None,
    };
    let invite = nodes.user(2, "ana").create_invite(room, NewInvite::of(id("ben"))).await.unwrap();
    let listed = nodes.user(0, "ben").invitations(None, Limit::MESSAGES).await.unwrap().invitations;
    let Notification::Invited(invitation) = next(&mut ben, told).await else { panic!("he is invited first") };
    assert_eq!([invitation], listed[..]);
    nodes.user(2, "ben").decline_invite(invite.code).await.unwrap();
    let Notification::InviteDeclined(of, who) = next(&mut ana, told).await else { panic!("he declined") };
    assert_eq!((of, who.user), (room, id("ben")));
    let Notification::InviteEnded(_, code) = next(&mut ben, told).await else { panic!("it ended") };
    assert_eq!(code, invite.code);
}

async fn a_nickname_is_news_on_all_nodes(nodes: Nodes) {
    let room = nodes.group(&["ana", "ben"]).await;
    let mut ben = nodes.connect(1, "ben").await;
    // Each node has her name in memory.
    for node in 0..3 {
        nodes.user(node, "ana").send(room, Draft::text("who am I?")).await.unwrap();
        next(&mut ben, text).await;
    }
    let profile = Profile { nickname: "Ana Kim".into(), ..Profile::unknown(id("ana")) };
    nodes.nodes[0].admin().set_profile(profile).await.unwrap();
    let deadline = tokio::time::Instant::now() + PATIENCE;
    for node in [1, 2] {
        loop {
            assert!(tokio::time::Instant::now() < deadline);
            let sent = nodes.user(node, "ana").send(room, Draft::text("who am I?")).await.unwrap();
            if &*sent.sender.nickname == "Ana Kim" {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Each case by itself, for a way to make the nodes.
macro_rules! cases {
    ($module:ident, $make:expr, $($case:ident)*) => {
        mod $module {
            use super::*;
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    let made: Option<Nodes> = ($make)().await;
                    if let Some(nodes) = made {
                        super::$case(nodes).await;
                    }
                }
            )*
        }
    };
}

macro_rules! all_cases {
    ($module:ident, $make:expr) => {
        cases! { $module, $make,
            what_is_said_on_one_node_is_heard_on_the_others
            what_an_app_keeps_with_a_message_is_told_on_other_nodes
            what_is_too_large_for_the_bus_comes_all_the_same
            a_sender_sees_their_own_message_on_other_devices_and_not_on_its_own
            what_somebody_hides_is_told_to_their_own_devices_alone
            where_somebody_stands_in_threads_is_told_to_their_own_devices_alone
            a_token_from_one_node_is_good_on_another
            marks_move_on_all_nodes
            who_is_added_hears_the_room_from_then_on
            a_new_room_is_told_to_all_who_are_in_it_however_many
            another_name_is_seen_on_all_nodes
            another_role_is_seen_on_all_nodes
            when_a_removal_returns_nothing_later_reaches_whoever_was_removed
            a_logout_ends_connections_on_all_nodes_before_it_returns
            a_nickname_is_news_on_all_nodes
        }
    };
}

all_cases!(local, async || Some(Nodes::over_a_network(Faults::default()).await));
all_cases!(nats, Nodes::over_nats);
all_cases!(bad, async || {
    let faults = Faults { lost: 20, doubled: 20, delay: Duration::from_millis(20) };
    Some(Nodes::over_a_network(faults).await)
});
// What may be lost on a bad network.
cases! { local_live, async || Some(Nodes::over_a_network(Faults::default()).await),
    somebody_is_online_once_on_however_many_nodes
    typing_is_seen_on_other_nodes_and_ends
    friends_hear_of_each_other_on_all_nodes
    invitations_are_told_on_all_nodes
    what_is_written_is_seen_on_other_nodes
}
cases! { nats_live, Nodes::over_nats,
    somebody_is_online_once_on_however_many_nodes
    typing_is_seen_on_other_nodes_and_ends
    friends_hear_of_each_other_on_all_nodes
    invitations_are_told_on_all_nodes
    what_is_written_is_seen_on_other_nodes
}
