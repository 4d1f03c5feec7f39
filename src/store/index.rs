//! An index of words that follows behind what is committed: what it holds of a message, and which rooms wait
//! for it.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::search::{has_attachment, searchable};
use super::{Batch, Item, Op, Search};
use crate::id::{RoomId, UserId};
use crate::model::{Keeping, Message, Needle, grams};

/// The most rooms that are known to wait. When there are more, all rooms are looked at.
const WAITING: usize = 10_000;

/// So long after all rooms were looked at they are again: another node may have been cut short between its commit
/// and the index.
const PAUSE: Duration = Duration::from_secs(10 * 60);

/// How many rooms are looked at in one call.
pub(super) const ROOMS: u32 = 1_000;

/// The most rooms of a user by which a search is narrowed; more are looked at row by row.
pub(super) const OWN_ROOMS: u32 = 256;

/// What an index holds of a message.
#[derive(Debug)]
pub(super) enum Term {
    /// A gram of its words.
    Gram(String),
    /// A mark of one of its other qualities: letters and digits.
    Mark(String),
}

/// What the index holds of a message; `None` where it cannot be found.
pub(super) fn terms_of(message: &Message) -> Option<Vec<Term>> {
    let grams = grams(searchable(message)?).into_iter().map(Term::Gram);
    let marks = [Some(room_mark(message.room)), Some(sender_mark(&message.sender.user))];
    let attachment = has_attachment(message).then(|| ATTACHMENT.to_owned());
    Some(grams.chain(marks.into_iter().chain([attachment]).flatten().map(Term::Mark)).collect())
}

/// What all messages that a search means have in the index.
#[derive(Debug)]
pub(super) struct Lookup {
    /// All of these, or what begins so.
    pub(super) needles: Vec<Needle>,
    /// All of these.
    pub(super) marks: Vec<String>,
    /// One of these, unless there are none.
    pub(super) rooms: Vec<String>,
}

impl Lookup {
    /// In any room, or in the one that is searched.
    pub(super) fn anywhere(search: &Search) -> Self {
        Self::within(search, search.room.as_slice())
    }

    /// In the rooms of the user, which is slower for each of them, and worth it only where others say the same very
    /// often; `None` where it is of no use.
    pub(super) fn narrowed(search: &Search, own: &[RoomId]) -> Option<Self> {
        let is_narrower = search.room.is_none() && own.len() < OWN_ROOMS as usize;
        is_narrower.then(|| Self::within(search, own))
    }

    fn within(search: &Search, rooms: &[RoomId]) -> Self {
        let rooms = rooms.iter().map(|room| room_mark(*room)).collect();
        let attachment = (search.has_attachment == Some(true)).then(|| ATTACHMENT.to_owned());
        let sender = search.sender.as_ref().map(sender_mark);
        Self { needles: search.words.needles(), marks: sender.into_iter().chain(attachment).collect(), rooms }
    }
}

const ATTACHMENT: &str = "a";

// Two may share one, for the rows decide.

fn room_mark(room: RoomId) -> String {
    format!("r{}", hash(&room.to_bytes()))
}

fn sender_mark(user: &UserId) -> String {
    format!("s{}", hash(user.as_str().as_bytes()))
}

/// FNV-1a, whose 32 low bits are the same in every version.
fn hash(bytes: &[u8]) -> String {
    let mix = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    format!("{:08x}", bytes.iter().fold(0xcbf2_9ce4_8422_2325, mix) & 0xffff_ffff)
}

/// How far the index has come in a room: its messages up to `seq` are in it, as they were at `pos`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Progress {
    pub(super) seq: u64,
    pub(super) pos: u64,
}

impl Progress {
    /// What was cut away before the index came to it is passed over.
    pub(super) fn above(self, keeping: Option<Keeping>) -> Self {
        let floor = keeping.unwrap_or_default().floor;
        Self { seq: self.seq.max(floor.seq.saturating_sub(1)), ..self }
    }
}

/// What is to be done next.
#[derive(Debug)]
pub(super) enum Step<'w> {
    /// These rooms wait.
    Rooms(Taken<'w>),
    /// To look which of the rooms beyond this one wait.
    Look(Option<RoomId>),
    Nothing,
}

/// The rooms that wait for the index, as far as this process knows. What it does not know, it finds when it looks at
/// all rooms: at first, and again from time to time.
#[derive(Debug, Default)]
pub(super) struct Waiting(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    rooms: BTreeSet<RoomId>,
    look: Look,
    /// Whether rooms were taken last, so that neither waits for the end of the other.
    is_turn_of_look: bool,
}

/// How far all rooms have been looked at.
#[derive(Debug, Clone, Copy, Default)]
enum Look {
    /// All of them will be, so that nothing needs to be kept of any.
    #[default]
    Ahead,
    Beyond(Option<RoomId>),
    /// They were, at this moment.
    Done(Instant),
}

impl Waiting {
    /// The rooms of which the batch may change words.
    pub(super) fn rooms_of(&self, batch: &Batch) -> Vec<RoomId> {
        if matches!(self.0.lock().look, Look::Ahead) {
            return Vec::new();
        }
        let room = |item: &Item| match item {
            Item::Room(item) if !matches!(item.op, Op::Mark { .. }) => Some(item.room),
            _ => None,
        };
        batch.items.iter().filter_map(room).collect()
    }

    /// These rooms wait.
    pub(super) fn add(&self, rooms: impl IntoIterator<Item = RoomId>) {
        let mut state = self.0.lock();
        if matches!(state.look, Look::Ahead) {
            return;
        }
        state.rooms.extend(rooms);
        if state.rooms.len() > WAITING {
            *state = State::default();
        }
    }

    /// Rooms beyond the last ones were looked at, up to `last` or to their end.
    pub(super) fn looked(&self, waiting: Vec<RoomId>, last: Option<RoomId>, now: Instant) {
        self.0.lock().look = last.map_or(Look::Done(now), |last| Look::Beyond(Some(last)));
        self.add(waiting);
    }

    pub(super) fn next(&self, rooms: usize, now: Instant) -> Step<'_> {
        let mut state = self.0.lock();
        match state.look {
            Look::Done(at) if now.saturating_duration_since(at) < PAUSE => {}
            Look::Ahead | Look::Done(_) => state.look = Look::Beyond(None),
            Look::Beyond(_) => {}
        }
        if let Look::Beyond(last) = state.look
            && (state.rooms.is_empty() || state.is_turn_of_look && state.rooms.len() < WAITING / 2)
        {
            state.is_turn_of_look = false;
            return Step::Look(last);
        }
        state.is_turn_of_look = true;
        let mut taken = BTreeSet::new();
        while taken.len() < rooms
            && let Some(room) = state.rooms.pop_first()
        {
            taken.insert(room);
        }
        if taken.is_empty() { Step::Nothing } else { Step::Rooms(Taken { waiting: self, rooms: taken }) }
    }

    pub(super) fn is_empty(&self) -> bool {
        let state = self.0.lock();
        state.rooms.is_empty() && matches!(state.look, Look::Done(_))
    }
}

/// Rooms that were taken to be done. What is not [done](Self::done) waits again, also where whoever took them is
/// cut short.
#[derive(Debug)]
pub(super) struct Taken<'w> {
    waiting: &'w Waiting,
    rooms: BTreeSet<RoomId>,
}

impl Taken<'_> {
    pub(super) fn rooms(&self) -> Vec<RoomId> {
        self.rooms.iter().copied().collect()
    }

    pub(super) fn done(&mut self, rooms: impl IntoIterator<Item = RoomId>) {
        rooms.into_iter().for_each(|room| {
            self.rooms.remove(&room);
        });
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        if !self.rooms.is_empty() {
            self.waiting.add(std::mem::take(&mut self.rooms));
        }
    }
}

/// What was read of a room for the index.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) room: RoomId,
    /// New or changed, as they are now.
    pub(super) messages: Vec<Message>,
    /// How far the index has come with them.
    pub(super) progress: Progress,
    /// Whether nothing more waits in the room.
    pub(super) is_whole: bool,
}

impl Piece {
    /// Of what was read of a room which has come so far and stands at `last_pos`: some of its changed messages, and
    /// some of its new ones, whole lists where fewer came than were asked for.
    pub(super) fn new(
        room: RoomId,
        before: Progress,
        last_pos: u64,
        changed: (Vec<Message>, u32),
        new: (Vec<Message>, u32),
    ) -> Self {
        let is_whole_list = |list: &(Vec<Message>, u32)| list.0.len() < list.1 as usize;
        let (all_changed, all_new) = (is_whole_list(&changed), is_whole_list(&new));
        let last_change = changed.0.last().map_or(before.pos, |message| message.state.changed_pos);
        let progress = Progress {
            seq: new.0.last().map_or(before.seq, |message| message.seq),
            pos: if all_changed { last_pos.max(last_change) } else { last_change },
        };
        // A new one that has changed since comes among the new ones.
        let old = changed.0.into_iter().filter(|message| message.seq <= before.seq);
        let messages = old.chain(new.0).collect();
        Self { room, messages, progress, is_whole: all_changed && all_new }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(number: u8) -> RoomId {
        RoomId::from_bytes([number; 16])
    }

    fn taken(waiting: &Waiting) -> Vec<RoomId> {
        match waiting.next(10, Instant::now()) {
            Step::Rooms(mut taken) => {
                let rooms = taken.rooms();
                taken.done(rooms.clone());
                rooms
            }
            Step::Nothing => Vec::new(),
            step @ Step::Look(_) => panic!("{step:?}"),
        }
    }

    #[test]
    fn all_rooms_are_looked_at_first_and_again_after_a_pause() {
        let (waiting, now) = (Waiting::default(), Instant::now());
        waiting.add([room(9)]);
        assert!(matches!(waiting.next(10, now), Step::Look(None)));
        waiting.looked(vec![room(1)], Some(room(5)), now);
        assert_eq!(taken(&waiting), [room(1)]);
        waiting.add([room(2)]);
        assert!(matches!(waiting.next(10, now), Step::Look(Some(last)) if last == room(5)), "by turns");
        assert!(!waiting.is_empty());
        waiting.looked(vec![room(7)], None, now);
        assert_eq!(taken(&waiting), [room(2), room(7)]);
        assert!(matches!(waiting.next(10, now + PAUSE / 2), Step::Nothing));
        assert!(matches!(waiting.next(10, now + PAUSE), Step::Look(None)));
    }

    #[test]
    fn rooms_that_were_taken_and_not_done_wait_again() {
        let (waiting, now) = (Waiting::default(), Instant::now());
        assert!(matches!(waiting.next(10, now), Step::Look(None)));
        waiting.looked(vec![room(1), room(2)], None, now);
        let Step::Rooms(mut step) = waiting.next(10, now) else { panic!("rooms wait") };
        step.done([room(1)]);
        assert!(waiting.is_empty());
        drop(step);
        assert_eq!(taken(&waiting), [room(2)]);
    }

    #[test]
    fn more_rooms_than_are_kept_are_found_by_looking_at_all() {
        let (waiting, now) = (Waiting::default(), Instant::now());
        assert!(matches!(waiting.next(10, now), Step::Look(None)));
        waiting.looked(Vec::new(), None, now);
        let many = (0..=WAITING as u128).map(|number| RoomId::from_bytes(number.to_be_bytes()));
        waiting.add(many);
        assert!(matches!(waiting.next(10, now), Step::Look(None)));
    }
}
