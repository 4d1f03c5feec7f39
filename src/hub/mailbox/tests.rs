//! What a mailbox promises.

use super::*;
use crate::event::{Encode, Event, Reply, View};
use bytes::Bytes;
use std::sync::Arc;

#[derive(Debug)]
struct Plain;
impl Encode for Plain {
    fn name(&self) -> &'static str {
        "test"
    }
    fn event(&self, _: &Event, _: View, out: &mut Vec<u8>) {
        out.push(b'e');
    }
    fn reply(&self, _: Option<u64>, _: &crate::Result<Reply>, _: Option<&UserId>, out: &mut Vec<u8>) {
        out.push(b'r');
    }
    fn ping(&self, out: &mut Vec<u8>) {
        out.push(b'p');
    }
    fn close(&self, reason: CloseReason, out: &mut Vec<u8>) {
        out.extend_from_slice(format!("<{reason:?}>").as_bytes());
    }
}

fn mailbox(events: usize, bytes: usize) -> Mailbox {
    Mailbox::new(Format::Wire(Arc::new(Plain)), Bounds { events, bytes })
}

fn push(mailbox: &Mailbox, text: &'static str, class: Class) -> Pushed {
    mailbox.push(Entry::new(Frame::Bytes(Bytes::from_static(text.as_bytes())), None, class), None)
}

/// Writes everything, at most `most` bytes a call.
fn drain(mailbox: &Mailbox, most: usize) -> String {
    let mut out = Vec::new();
    let written = mailbox.write(|slices| {
        let mut left = most;
        for slice in slices {
            let part = left.min(slice.len());
            out.extend_from_slice(&slice[..part]);
            left -= part;
        }
        Ok(most - left)
    });
    written.unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn what_is_pushed_leaves_in_order_whatever_the_socket_takes_at_once() {
    for most in 1..8 {
        let mailbox = mailbox(100, 1000);
        assert_eq!(push(&mailbox, "one ", Class::Durable), Pushed::Woke);
        assert_eq!(push(&mailbox, "two ", Class::Durable), Pushed::Waits);
        assert_eq!(push(&mailbox, "three", Class::Ephemeral), Pushed::Waits);
        assert_eq!(drain(&mailbox, most), "one two three");
        assert_eq!(mailbox.state.lock().bytes, 0);
        assert_eq!(push(&mailbox, "four", Class::Durable), Pushed::Woke);
    }
}

#[test]
fn a_frame_of_no_bytes_is_nothing_to_write() {
    let mailbox = mailbox(100, 1000);
    assert_eq!(push(&mailbox, "", Class::Durable), Pushed::Waits);
    assert!(mailbox.is_empty());
}

#[test]
fn a_full_mailbox_drops_the_ephemeral_first_and_then_closes_as_lagged() {
    let mailbox = mailbox(3, 1000);
    push(&mailbox, "t", Class::Ephemeral);
    push(&mailbox, "a", Class::Durable);
    push(&mailbox, "b", Class::Durable);
    push(&mailbox, "t", Class::Ephemeral);
    push(&mailbox, "c", Class::Durable);
    assert_eq!(mailbox.close_reason(), None);
    push(&mailbox, "d", Class::Durable);
    assert_eq!(mailbox.close_reason(), Some(CloseReason::Lagged));
    push(&mailbox, "e", Class::Durable);
    assert_eq!(drain(&mailbox, 100), "<Lagged>", "the queue is dropped: the client resumes");
}

#[test]
fn a_full_mailbox_keeps_each_readers_last_mark() {
    let mailbox = mailbox(4, 1000);
    let mark = |user: &str, mark| Class::Mark(user.parse().unwrap(), mark);
    push(&mailbox, "a1", mark("ana", Mark::Read));
    push(&mailbox, "b1", mark("ben", Mark::Read));
    push(&mailbox, "a2", mark("ana", Mark::Read));
    push(&mailbox, "m", Class::Durable);
    push(&mailbox, "n", Class::Durable);
    assert_eq!(drain(&mailbox, 100), "b1a2mn");
    push(&mailbox, "a3", mark("ana", Mark::Read));
    push(&mailbox, "d3", mark("ana", Mark::Delivered));
    push(&mailbox, "d4", mark("ana", Mark::Delivered));
    push(&mailbox, "m", Class::Durable);
    push(&mailbox, "n", Class::Durable);
    assert_eq!(drain(&mailbox, 100), "a3d4mn", "a mark of one kind says nothing of the other");
}

#[test]
fn bytes_are_bounded_but_for_one_large_entry() {
    let mailbox = mailbox(100, 4);
    push(&mailbox, "larger than the bound", Class::Durable);
    assert_eq!(mailbox.close_reason(), None);
    push(&mailbox, "x", Class::Durable);
    assert_eq!(mailbox.close_reason(), Some(CloseReason::Lagged));
}

#[test]
fn a_half_written_frame_is_completed_also_when_its_room_is_purged_or_the_box_closes() {
    let mailbox = mailbox(100, 1000);
    let room = RoomId::generate();
    for text in ["one", "two"] {
        let frame = Frame::Bytes(Bytes::from_static(text.as_bytes()));
        mailbox.push(Entry::new(frame, Some(room), Class::Durable), None);
    }
    let mut calls = 0;
    let mut out = Vec::new();
    let mut writer = |slices: &[IoSlice<'_>]| {
        calls += 1;
        if calls == 2 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        out.push(slices[0][0]);
        Ok(1)
    };
    assert_eq!(mailbox.write(&mut writer).unwrap(), Written::Blocked);
    mailbox.purge_room(room);
    mailbox.close(CloseReason::Ended, true);
    assert_eq!(String::from_utf8(out).unwrap() + &drain(&mailbox, 100), "one<Ended>");
}

#[test]
fn what_is_held_back_follows_only_where_it_is_newer() {
    let mailbox = mailbox(100, 1000);
    mailbox.hold();
    for (text, at) in [("a", 1), ("b", 2), ("c", 3)] {
        let frame = Frame::Bytes(Bytes::from_static(text.as_bytes()));
        mailbox.push(Entry::new(frame, None, Class::Durable), Some(Pos { lane: 0, at }));
    }
    mailbox.push_answer(Frame::Bytes(Bytes::from_static(b"ready ")), None);
    assert_eq!(drain(&mailbox, 100), "ready ");
    mailbox.release(&Position::single(2), None, None).unwrap();
    assert_eq!(drain(&mailbox, 100), "c");
    for at in [1, 2] {
        publish(&mailbox, "late", Pos { lane: 0, at });
        assert_eq!(drain(&mailbox, 100), "", "what the catch-up told is not told again when it is published");
    }
    for at in [4, 5] {
        publish(&mailbox, "news", Pos { lane: 0, at });
        assert_eq!(drain(&mailbox, 100), "news");
    }
}

#[test]
fn news_of_one_lane_does_not_let_in_what_was_told_of_another() {
    let mailbox = mailbox(100, 1000);
    let mut told = Position::start(2);
    told.advance(Pos { lane: 0, at: 3 });
    told.advance(Pos { lane: 1, at: 3 });
    mailbox.hold();
    mailbox.release(&told, None, None).unwrap();
    publish(&mailbox, "news ", Pos { lane: 0, at: 4 });
    publish(&mailbox, "late", Pos { lane: 1, at: 3 });
    publish(&mailbox, "news", Pos { lane: 1, at: 4 });
    assert_eq!(drain(&mailbox, 100), "news news");
}

#[test]
fn what_goes_to_everybody_is_told_one_by_one_where_a_catch_up_has_told_some_of_it() {
    let mailbox = mailbox(100, 1000);
    let whole = Entry::new(Frame::Bytes(Bytes::from_static(b"both ")), None, Class::Durable);
    let first = |at| Some(Pos { lane: 0, at });
    mailbox.hold();
    assert_eq!(mailbox.push_whole(&whole, first(1)), None);
    mailbox.release(&Position::single(2), None, None).unwrap();
    assert_eq!(mailbox.push_whole(&whole, first(2)), None);
    assert_eq!(mailbox.push_whole(&whole, first(3)), Some(Pushed::Woke));
    assert_eq!(mailbox.push_whole(&whole, first(5)), Some(Pushed::Waits));
    assert_eq!(drain(&mailbox, 100), "both both ");
}

/// As one that a socket listens for is.
fn publish(mailbox: &Mailbox, text: &'static str, pos: Pos) {
    let frame = Frame::Bytes(Bytes::from_static(text.as_bytes()));
    mailbox.push(Entry::new(frame, None, Class::Durable), Some(pos));
}

#[test]
fn more_than_can_be_held_back_is_dropped_as_a_whole() {
    let mailbox = mailbox(2, 1000);
    mailbox.hold();
    for _ in 0..3 {
        push(&mailbox, "x", Class::Durable);
    }
    assert_eq!(mailbox.release(&Position::single(0), None, None), Err(Overflowed));
    push(&mailbox, "y", Class::Durable);
    mailbox.release(&Position::single(0), None, None).unwrap();
    assert_eq!(drain(&mailbox, 100), "y");
}

#[tokio::test]
async fn a_puller_gets_everything_and_then_the_end() {
    let mailbox = mailbox(100, 1000);
    push(&mailbox, "a", Class::Durable);
    push(&mailbox, "b", Class::Durable);
    mailbox.close(CloseReason::Ended, false);
    let mut frames = Vec::new();
    while mailbox.pull(1, &mut frames).await {}
    assert_eq!(frames.len(), 3);
}
