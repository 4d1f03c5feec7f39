//! Messages and pages of them.

use std::sync::Arc;

use crate::event::{Amended, Marked};
use crate::id::{AttachmentId, MessageId};
use crate::model::{
    Amendment, Attachment, Body, Custom, Delta, Dimensions, Edit, EditPage, History, Hit, Hits, Limit,
    Mentions, Message, MessageState, MessageType, MessageView, Phrases, Pin, PinPage, Quoted, Reaction,
    ReactionPage, Receipt, References, ReplyPage, ReplyTo, SearchCursor, Span, SystemKind, Thread,
    ThreadCursor, ThreadPage, ThreadState, ThreadSummary, ThreadView, Words,
};

use super::{ana, at, ben, first_page, message_id, room_id, user};

pub(in crate::transport::openapi) fn message() -> Message {
    Message {
        id: message_id(),
        room: room_id(),
        seq: 2,
        sender: ana(),
        body: Body::Text("Are you running today?".into()),
        client_id: None,
        origin: None,
        created_at: at(30),
        pos: 3,
        n: 2,
        own_n: 2,
        state: MessageState::default(),
        attachments: Arc::default(),
        references: References::default(),
        custom: Custom::default(),
    }
}

pub(in crate::transport::openapi) fn attachment() -> Attachment {
    Attachment {
        id: AttachmentId::from_bytes(*b"\x01\x9c\xad\x8a\x2d\xf8A route 01"),
        room: room_id(),
        uploader: user("ana"),
        name: "route.png".into(),
        media_type: "image/png".into(),
        size: 48_213,
        dimensions: Some(Dimensions { width: 640, height: 480 }),
        has_thumbnail: true,
        created_at: at(20),
    }
}

/// A picture and nothing else.
pub(in crate::transport::openapi) fn picture_message() -> Message {
    let (room, file) = (room_id(), attachment());
    let url = format!("/api{}", Attachment::path(room, file.id)).into();
    Message { body: Body::Image { url, caption: None }, attachments: Arc::new([file]), ..message() }
}

/// An answer to the message, once that one was edited.
pub(in crate::transport::openapi) fn answer() -> Message {
    let quoted = Some(Arc::new(Quoted::from(&edited())));
    let id = MessageId::from_bytes(*b"\x01\x9c\xad\x8a\x2d\xf8Message 02");
    let body = Body::Text("At seven".into());
    Message {
        id,
        seq: 3,
        sender: ben(),
        body,
        pos: 6,
        n: 3,
        own_n: 1,
        references: References { quoted, ..References::default() },
        ..message()
    }
}

/// The message as ben has passed it on.
/// A reply in a thread.
pub(in crate::transport::openapi) fn reply() -> Message {
    let root = ReplyTo { root: message_id(), seq: 2, in_room: false };
    let references = References { thread: Some(Arc::new(Thread::Reply(root))), ..References::default() };
    Message { references, ..message() }
}

/// Its root once there is one.
pub(in crate::transport::openapi) fn root() -> Message {
    let summary = ThreadSummary { replies: 1, last_reply_at: at(61), participants: vec![user("ana")] };
    let references = References { thread: Some(Arc::new(Thread::Root(summary))), ..References::default() };
    let state = MessageState { changed_pos: 8, ..MessageState::default() };
    Message { references, state, ..message() }
}

pub(in crate::transport::openapi) fn replies() -> ReplyPage {
    let messages = vec![MessageView { message: Arc::new(reply()), ..message_view() }];
    ReplyPage { messages, next: None, state: thread_state() }
}

/// Where ben stands in the thread.
pub(in crate::transport::openapi) fn thread_state() -> ThreadState {
    ThreadState { room: room_id(), root: message_id(), following: true, read_seq: Some(2), unread: 1 }
}

/// The same once he follows it no more.
pub(in crate::transport::openapi) fn left_thread() -> ThreadState {
    ThreadState { following: false, read_seq: None, unread: 0, ..thread_state() }
}

pub(in crate::transport::openapi) fn threads() -> ThreadPage {
    let root = MessageView { message: Arc::new(root()), ..message_view() };
    let next = ThreadCursor { at: at(61), room: room_id(), root_seq: 2 };
    ThreadPage {
        threads: vec![ThreadView { root, state: thread_state(), active_at: at(61) }],
        next: Some(next),
    }
}

pub(in crate::transport::openapi) fn mentioning() -> Message {
    let mentions = Mentions { users: vec![user("ben")], all: false };
    let references = References { mentions: Some(Arc::new(mentions)), ..References::default() };
    Message { references, ..message() }
}

pub(in crate::transport::openapi) fn forwarded() -> Message {
    let references = References { forwarded: Some(Arc::new(ana())), ..References::default() };
    Message { sender: ben(), references, ..answer() }
}

/// A message with which the app keeps something.
pub(in crate::transport::openapi) fn workout() -> Message {
    Message { body: Body::Text("Eight kilometres this morning".into()), custom: kept(), ..message() }
}

/// What the app keeps with it.
fn kept() -> Custom {
    Custom::from(
        &[("workoutUuid".to_owned(), "w-17".into()), ("km".to_owned(), 8.into())].into_iter().collect(),
    )
}

/// A message that its sender has named.
pub(in crate::transport::openapi) fn named_message() -> Message {
    Message { client_id: "run-1".parse().ok(), ..message() }
}

/// A message that is yet to be written.
pub(in crate::transport::openapi) fn begun_message() -> Message {
    let state = MessageState { writing_until: Some(at(90)), ..MessageState::default() };
    Message { body: Body::Text("Let me see".into()), state, ..message() }
}

pub(in crate::transport::openapi) fn system_message() -> Message {
    let body = Phrases::english().about(SystemKind::Joined, "Ben", "");
    Message { sender: ben(), body, ..message() }
}

/// The message after an edit.
pub(in crate::transport::openapi) fn edited() -> Message {
    let state = MessageState { changed_pos: 5, edited_at: Some(at(50)), ..MessageState::default() };
    Message { body: Body::Text("Are you running tomorrow?".into()), state, ..message() }
}

/// What is left of the message.
pub(in crate::transport::openapi) fn deleted() -> Message {
    let state = MessageState { changed_pos: 6, edited_at: Some(at(55)), ..MessageState::default() };
    Message { body: Body::Deleted(MessageType::Text), state, ..message() }
}

pub(in crate::transport::openapi) fn thumb() -> Reaction {
    "👍".parse().expect("an emoji is a reaction")
}

/// The message with a reaction on it.
pub(in crate::transport::openapi) fn liked() -> Message {
    let mut message = message();
    message.state.changed_pos = 4;
    message.state.reactions.add(&thumb());
    message
}

pub(in crate::transport::openapi) fn liked_view() -> MessageView {
    MessageView { message: Arc::new(liked()), own_reactions: vec![thumb()], ..message_view() }
}

/// The message once it is pinned.
pub(in crate::transport::openapi) fn pinned() -> Message {
    let pinned = Some(Pin { by: Some(user("ben")), at: at(58) });
    let state = MessageState { changed_pos: 7, pinned, ..MessageState::default() };
    Message { state, ..message() }
}

pub(in crate::transport::openapi) fn pins() -> PinPage {
    let message = pinned();
    let next = message.pin_cursor();
    PinPage { messages: vec![MessageView { message: Arc::new(message), ..message_view() }], next }
}

pub(in crate::transport::openapi) fn reactions() -> ReactionPage {
    ReactionPage { reactions: vec![(thumb(), ben())], next: Some((thumb(), user("ben"))) }
}

/// The message as somebody learns that it changed.
pub(in crate::transport::openapi) fn delta() -> Delta {
    Delta { message: message_id(), seq: 2, user: user("ana"), offset: 10, text: " at the map".into() }
}

pub(in crate::transport::openapi) fn amended(message: Message, how: Amendment) -> Amended {
    Amended { message: Arc::new(message), by: Some(user("ben")), how: Some(how), own_reactions: None }
}

pub(in crate::transport::openapi) fn message_view() -> MessageView {
    let read_by = vec![user("ana"), user("ben")];
    let receipt = Receipt { is_read: true, read_count: 2, read_by };
    MessageView { message: Arc::new(message()), receipt, is_mine: false, own_reactions: Vec::new() }
}

pub(in crate::transport::openapi) fn history_page() -> History {
    let query = first_page(Limit::MESSAGES);
    History { messages: vec![message_view()], span: Span::Page { query, total: 1 } }
}

pub(in crate::transport::openapi) fn hits() -> Hits {
    let snippet = Words::parse("running", 200).map(|words| words.snippet("Are you running today?"));
    let hit = Hit { view: message_view(), snippet: snippet.unwrap_or_default() };
    Hits { hits: vec![hit], next: Some(SearchCursor(0x0018_bcf0_5c80_0000)) }
}

pub(in crate::transport::openapi) fn history_window() -> History {
    let span = Span::Window { has_more_before: true, has_more_after: false };
    History { messages: vec![message_view()], span }
}

pub(in crate::transport::openapi) fn marked() -> Marked {
    Marked { room: room_id(), read_seq: 2, delivered_seq: 2, unread: 0, at: at(45) }
}

pub(in crate::transport::openapi) fn edits() -> EditPage {
    EditPage { edits: vec![Edit::new(0, Some("Are you runing today?".into()), at(0))], next: None }
}
