use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::clock::Timestamp;
use crate::id::MessageId;
use crate::model::{Body, Message, Profile};

/// Who is here: these rooms, these users.
#[derive(Default)]
struct Present(Vec<RoomId>, Vec<UserId>);

impl Here for Present {
    fn is_followed(&self, room: RoomId) -> bool {
        self.0.contains(&room)
    }
    fn is_connected(&self, user: &UserId) -> bool {
        self.1.contains(user)
    }
}

fn message(room: RoomId, at: u64) -> Change {
    let message = Message {
        id: MessageId::generate(),
        room,
        seq: at,
        sender: Profile::unknown("ana".parse().unwrap()),
        body: Body::Text("hi".into()),
        client_id: None,
        origin: None,
        created_at: Timestamp::from_millis(0),
        pos: at,
        n: at,
        own_n: at,
        state: crate::model::MessageState::default(),
        attachments: Arc::default(),
        references: crate::model::References::default(),
        custom: crate::model::Custom::default(),
    };
    Change { pos: Pos { lane: 0, at }, prev: at - 1, what: What::Message(Arc::new(message)) }
}

fn of_room(room: RoomId, is_told: bool, moved: &[UserId]) -> RoomDigest {
    RoomDigest { room, is_told, moved: Affected::These(moved.to_vec()) }
}

fn digest(after: u64, upto: u64, rooms: Vec<RoomDigest>) -> Digest {
    Digest { lane: 0, after, upto, rooms, ..Digest::default() }
}

struct Lab {
    ingress: Ingress,
    at: Position,
    start: Instant,
    here: Present,
    other: NodeId,
    room: RoomId,
}

impl Lab {
    /// A node on which somebody listens to a room.
    fn new() -> Self {
        let (at, room) = (Position::single(10), RoomId::generate());
        let here = Present(vec![room], Vec::new());
        let ingress = Ingress::new(&at);
        Self { ingress, at, start: Instant::now(), here, other: NodeId::random(), room }
    }

    fn turn(&mut self, after: Duration) -> Turn {
        let turn = self.ingress.turn(&self.at, &self.here, self.start + after, PATIENCE, None);
        if let Turn::HandOn(stretch) = &turn {
            assert!(stretch.upto.at >= self.at.of_room(self.room));
            self.at.advance(stretch.upto);
        }
        turn
    }

    /// The positions that are handed on now.
    fn handed_on(&mut self) -> Vec<u64> {
        let mut positions = Vec::new();
        while let Turn::HandOn(stretch) = self.turn(Duration::ZERO) {
            positions.extend(stretch.posts.iter().map(Posted::at));
        }
        positions
    }

    fn commit(&mut self, after: u64, upto: u64) {
        let posts = (after + 1..=upto).map(|at| message(self.room, at).into()).collect();
        assert!(self.ingress.commit(0, after, upto, posts, self.start));
    }

    fn hear(&mut self, number: u64, after: u64, upto: u64) {
        let digest = digest(after, upto, vec![of_room(self.room, true, &[])]);
        self.ingress.digest((self.other, number), digest, self.start);
    }

    fn hear_content(&mut self, number: u64, after: u64, upto: u64) {
        let changes = (after + 1..=upto).map(|at| message(self.room, at)).collect();
        self.ingress.told((self.other, number), self.room, changes);
    }
}

#[test]
fn a_commit_waits_for_the_one_before_it_whoever_made_it() {
    let mut lab = Lab::new();
    lab.commit(12, 14);
    assert!(lab.handed_on().is_empty());
    lab.hear(1, 10, 12);
    assert!(lab.handed_on().is_empty(), "its content is on its way");
    lab.hear_content(1, 10, 12);
    assert_eq!(lab.handed_on(), [11, 12, 13, 14]);
}

#[test]
fn what_this_node_has_committed_is_known_before_it_may_be_handed_on() {
    let mut lab = Lab::new();
    lab.commit(12, 14);
    assert!(lab.handed_on().is_empty());
    assert_eq!(lab.ingress.known(&lab.at), Position::single(14));
}

#[test]
fn a_gap_is_waited_for_and_then_all_is_read() {
    let mut lab = Lab::new();
    lab.commit(12, 13);
    let Turn::Wait(Some(until)) = lab.turn(Duration::ZERO) else { panic!("it waits") };
    assert_eq!(until, lab.start + PATIENCE);
    assert!(PATIENCE <= Duration::from_millis(50));
    assert!(matches!(lab.turn(PATIENCE), Turn::ReadAll));
    let (at, found) = (lab.at, vec![message(lab.room, 12), message(lab.room, 13)]);
    lab.ingress.catch_up(&at, &Position::single(13), found, lab.start);
    assert_eq!(lab.handed_on(), [12, 13], "each once, though one of them was known");
    assert!(matches!(lab.turn(PATIENCE), Turn::Wait(None)));
}

#[test]
fn without_a_bus_nobody_waits() {
    let mut lab = Lab::new();
    lab.commit(12, 13);
    let turn = lab.ingress.turn(&lab.at, &lab.here, lab.start, Duration::ZERO, None);
    assert!(matches!(turn, Turn::ReadAll));
}

#[test]
fn beyond_the_limit_all_is_read_before_anything_is_handed_on() {
    let mut lab = Lab::new();
    lab.commit(10, 12);
    let mut turn = |at: &Position, limit| {
        let limit = Position::single(limit);
        lab.ingress.turn(at, &lab.here, lab.start, Duration::ZERO, Some(&limit))
    };
    assert!(matches!(turn(&lab.at, 11), Turn::ReadAll));
    assert!(matches!(turn(&lab.at, 12), Turn::HandOn(_)));
}

#[test]
fn content_that_does_not_come_is_read_of_its_room_alone() {
    let mut lab = Lab::new();
    let elsewhere = of_room(RoomId::generate(), true, &[]);
    let rooms = vec![of_room(lab.room, true, &[]), elsewhere];
    lab.ingress.digest((lab.other, 1), digest(10, 12, rooms), lab.start);
    assert!(matches!(lab.turn(Duration::ZERO), Turn::Wait(Some(_))));
    let Turn::ReadRooms { commit, rooms } = lab.turn(PATIENCE) else { panic!("it is read") };
    assert_eq!(rooms, [lab.room]);
    // It comes after all, and what is read is the same.
    lab.hear_content(1, 10, 12);
    lab.ingress.learn(commit, &rooms, vec![message(lab.room, 11), message(lab.room, 12)]);
    assert_eq!(lab.handed_on(), [11, 12]);
}

#[test]
fn what_is_not_told_or_moves_somebody_here_is_read_at_once() {
    let (mut lab, ben) = (Lab::new(), "ben".parse::<UserId>().unwrap());
    lab.here.1.push(ben.clone());
    lab.ingress.digest((lab.other, 1), digest(10, 11, vec![of_room(lab.room, false, &[])]), lab.start);
    assert!(matches!(lab.turn(Duration::ZERO), Turn::ReadRooms { .. }));

    let mut lab = Lab { here: Present(Vec::new(), vec![ben.clone()]), ..Lab::new() };
    let rooms = vec![of_room(lab.room, true, &[ben])];
    lab.ingress.digest((lab.other, 1), digest(10, 11, rooms), lab.start);
    assert!(matches!(lab.turn(Duration::ZERO), Turn::ReadRooms { .. }));
}

#[test]
fn what_concerns_nobody_here_is_passed_over() {
    let mut lab = Lab::new();
    let rooms = vec![of_room(RoomId::generate(), true, &["ben".parse().unwrap()])];
    lab.ingress.digest((lab.other, 1), digest(10, 15, rooms), lab.start);
    lab.commit(15, 16);
    assert_eq!(lab.handed_on(), [16]);
    assert_eq!(lab.at, Position::single(16));
}

#[test]
fn what_is_told_of_twice_is_handed_on_once() {
    let mut lab = Lab::new();
    for _ in 0..2 {
        lab.hear_content(1, 10, 12);
        lab.hear(1, 10, 12);
        lab.hear_content(1, 10, 12);
    }
    assert_eq!(lab.handed_on(), [11, 12]);
    lab.hear(1, 10, 12);
    assert!(lab.handed_on().is_empty());
}

#[test]
fn what_waits_is_bounded_and_what_is_dropped_is_read() {
    let mut lab = Lab::new();
    let mut refused = 0;
    for at in 12..12 + MAX_WAITING as u64 + 10 {
        let posts = vec![message(lab.room, at).into()];
        refused += usize::from(!lab.ingress.commit(0, at - 1, at, posts, lab.start));
    }
    assert_eq!(refused, 10);
    assert!(matches!(lab.turn(PATIENCE), Turn::ReadAll));
    for number in 0..2 * MAX_EARLY as u64 {
        lab.hear_content(number, 10, 11);
    }
    assert_eq!(lab.ingress.early.contents.len(), MAX_EARLY);
}

proptest! {
    /// Commits of this node and another one, in any order of arrival, some of them doubled: each position is
    /// handed on once, in its order.
    #[test]
    fn the_order_is_the_lanes_whatever_the_order_of_arrival(
        sizes in proptest::collection::vec((1u64..4, any::<bool>()), 1..20),
        order in any::<u64>(),
    ) {
        let mut lab = Lab::new();
        let (mut arrivals, mut after) = (Vec::new(), 10);
        for (number, (size, is_own)) in (1..).zip(sizes) {
            let upto = after + size;
            arrivals.push((number, after, upto, is_own, false));
            if !is_own {
                arrivals.push((number, after, upto, is_own, true));
                arrivals.push((number, after, upto, is_own, order % 2 == 0));
            }
            after = upto;
        }
        // Any order that the number says.
        arrivals.sort_by_key(|(number, _, _, _, part)| {
            (number ^ u64::from(*part)).wrapping_mul(order | 1).rotate_left(17)
        });
        let mut handed_on = Vec::new();
        for (number, from, upto, is_own, is_content) in arrivals {
            match (is_own, is_content) {
                (true, _) => lab.commit(from, upto),
                (false, true) => lab.hear_content(number, from, upto),
                (false, false) => lab.hear(number, from, upto),
            }
            handed_on.extend(lab.handed_on());
        }
        prop_assert!(handed_on.into_iter().eq(11..=after));
    }
}
