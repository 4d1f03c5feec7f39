//! What there is to do, and how often it is done.

use chat_core::model::{LastSeen, NotifyLevel, Role, SettingsUpdate};
use proptest::prelude::*;
use proptest::sample::select;

use super::{DEVICES, USERS};

/// Somebody does something: first the device by which, then the room. Numbers are taken modulo what there is to choose
/// from.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Create(usize, usize),
    Send(usize, usize),
    /// In the thread of the message of this number; `true`: for the whole room too.
    Reply(usize, usize, u64, bool),
    /// In answer to the message of this number.
    Answer(usize, usize, u64),
    /// A message of the first room is passed on to the second.
    Forward(usize, usize, u64, usize),
    /// Again under the client id of the user's newest message in the room.
    Retry(usize, usize),
    Amend(usize, usize, u64, Amend),
    Read(usize, usize, u64),
    Deliver(usize, usize, u64),
    /// The thread of the message of this number, or no longer.
    Follow(usize, usize, u64, bool),
    ReadThread(usize, usize, u64, u64),
    /// Adds somebody.
    Invite(usize, usize, usize),
    Leave(usize, usize),
    Remove(usize, usize, usize),
    Rename(usize, usize, u8),
    SetRole(usize, usize, usize, Role),
    /// Asks somebody in, who accepts or declines.
    Ask(usize, usize, usize),
    /// What the user was asked to, by its number.
    Accept(usize, usize),
    Decline(usize, usize),
    /// Takes back what somebody was asked.
    TakeBack(usize, usize, usize),
    /// The host takes somebody out.
    Expel(usize, usize),
    /// The host gives somebody another role.
    Appoint(usize, usize, Role),
    /// Of what the user wants notices, for so many seconds or for good.
    Notify(usize, usize, Option<NotifyLevel>, Option<u64>),
    /// No notices for so many seconds or for good; `None`: they come again.
    Quiet(usize, Option<Option<u64>>),
    Settle(usize, SettingsUpdate),
    /// Reads the feed in pages of so many rooms: at most so many of them, or to the end.
    Feed(usize, u64, Option<u8>),
    Connect(usize),
    Drop(usize),
}

/// What becomes of a message.
#[derive(Debug, Clone, Copy)]
pub(super) enum Amend {
    Edit(u8),
    /// Changes what an app keeps with it, and not its words.
    Recast(u8),
    Delete,
    React(bool),
    Pin(bool),
    Hide,
}

fn by() -> std::ops::Range<usize> {
    0..DEVICES
}

fn room() -> std::ops::Range<usize> {
    0..8
}

fn user() -> std::ops::Range<usize> {
    0..USERS.len()
}

/// A number of a message.
fn seq() -> std::ops::Range<u64> {
    0..20
}

fn role() -> impl Strategy<Value = Role> {
    select(vec![Role::ReadOnly, Role::Member, Role::Admin, Role::Owner])
}

fn seconds() -> impl Strategy<Value = Option<u64>> {
    proptest::option::of(1..20u64)
}

pub(super) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        32 => saying(),
        14 => belonging(),
        7 => inviting(),
        7 => following(),
        7 => choosing(),
        4 => (by(), 1..4u64, proptest::option::of(1..3u8)).prop_map(|(by, limit, pages)| Step::Feed(by, limit, pages)),
        6 => by().prop_map(Step::Connect),
        4 => by().prop_map(Step::Drop),
    ];
    proptest::collection::vec(step, 1..50)
}

fn saying() -> impl Strategy<Value = Step> {
    let amend = prop_oneof![
        3 => (0..3u8).prop_map(Amend::Edit),
        2 => (0..3u8).prop_map(Amend::Recast),
        2 => Just(Amend::Delete),
        4 => any::<bool>().prop_map(Amend::React),
        3 => any::<bool>().prop_map(Amend::Pin),
        2 => Just(Amend::Hide),
    ];
    prop_oneof![
        8 => (by(), room()).prop_map(|(by, room)| Step::Send(by, room)),
        6 => (by(), room(), seq(), any::<bool>()).prop_map(|(by, room, of, in_room)| Step::Reply(by, room, of, in_room)),
        4 => (by(), room(), seq()).prop_map(|(by, room, of)| Step::Answer(by, room, of)),
        3 => (by(), room(), seq(), room()).prop_map(|(by, from, of, to)| Step::Forward(by, from, of, to)),
        2 => (by(), room()).prop_map(|(by, room)| Step::Retry(by, room)),
        6 => (by(), room(), seq(), amend).prop_map(|(by, room, seq, how)| Step::Amend(by, room, seq, how)),
        4 => (by(), room(), seq()).prop_map(|(by, room, to)| Step::Read(by, room, to)),
        1 => (by(), room(), seq()).prop_map(|(by, room, to)| Step::Deliver(by, room, to)),
    ]
}

fn belonging() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => (by(), user()).prop_map(|(by, other)| Step::Create(by, other)),
        3 => (by(), room(), user()).prop_map(|(by, room, who)| Step::Invite(by, room, who)),
        2 => (by(), room()).prop_map(|(by, room)| Step::Leave(by, room)),
        1 => (by(), room(), user()).prop_map(|(by, room, who)| Step::Remove(by, room, who)),
        1 => (by(), room(), 0..4u8).prop_map(|(by, room, name)| Step::Rename(by, room, name)),
        3 => (by(), room(), user(), role()).prop_map(|(by, room, who, role)| Step::SetRole(by, room, who, role)),
        1 => (room(), user()).prop_map(|(room, who)| Step::Expel(room, who)),
        1 => (room(), user(), role()).prop_map(|(room, who, role)| Step::Appoint(room, who, role)),
    ]
}

fn inviting() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (by(), room(), user()).prop_map(|(by, room, who)| Step::Ask(by, room, who)),
        2 => (by(), room()).prop_map(|(by, nth)| Step::Accept(by, nth)),
        1 => (by(), room()).prop_map(|(by, nth)| Step::Decline(by, nth)),
        1 => (by(), room(), user()).prop_map(|(by, room, who)| Step::TakeBack(by, room, who)),
    ]
}

fn following() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (by(), room(), seq(), any::<bool>()).prop_map(|(by, room, of, on)| Step::Follow(by, room, of, on)),
        3 => (by(), room(), seq(), seq()).prop_map(|(by, room, of, to)| Step::ReadThread(by, room, of, to)),
    ]
}

fn choosing() -> impl Strategy<Value = Step> {
    let level =
        proptest::option::of(select(vec![NotifyLevel::All, NotifyLevel::Mentions, NotifyLevel::None]));
    let last_seen =
        proptest::option::of(select(vec![LastSeen::Everyone, LastSeen::Friends, LastSeen::Nobody]));
    let (invisible, read_receipts) = (any::<Option<bool>>(), any::<Option<bool>>());
    let update = (last_seen, invisible, read_receipts).prop_map(|(last_seen, invisible, read_receipts)| {
        SettingsUpdate { last_seen, invisible, read_receipts }
    });
    prop_oneof![
        3 => (by(), room(), level, seconds()).prop_map(|(by, room, level, time)| Step::Notify(by, room, level, time)),
        1 => (by(), proptest::option::of(seconds())).prop_map(|(by, quiet)| Step::Quiet(by, quiet)),
        4 => (by(), update).prop_map(|(by, update)| Step::Settle(by, update)),
    ]
}
