//! The people, rooms and messages of the examples. What the documents show of them is written by the same types
//! that write answers and events.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::Timestamp;
use crate::error::{Contradiction, ErrorCode, ErrorKind};
use crate::event::{
    Amended, Event, EventKind, Marked, Notification, Participants, Ready, ReadyRoom, RoomChange, View,
};
use crate::id::{AttachmentId, MessageId, ReportId, RoomId, UserId};
use crate::model::{
    About, Act, Amendment, Attachment, AuditEntry, AuditPage, Ban, BanPage, Body, Custom, DailyHours, Delta,
    Dimensions, DoNotDisturb, Edit, EditPage, Epoch, FeedPage, FeedRoom, Floor, FriendNotice, HeldMessage,
    HeldPage, History, Hit, Hits, Invitation, InvitationPage, Invite, InviteCode, Limit, Mark, Mentions,
    Message, MessageState, MessageType, MessageView, NotifyLevel, NotifySetting, Page, PageQuery,
    Participant, Permissions, Phrases, Pin, PinPage, Position, Profile, PublicRooms, Quoted, Reaction,
    ReactionPage, Receipt, References, RelationKind, RelationPage, RelationView, ReplyPage, ReplyTo, Report,
    ReportOutcome, ReportPage, Retention, Role, Room, RoomKind, RoomView, SearchCursor, Settings,
    SettingsUpdate, Span, SystemKind, Thread, ThreadCursor, ThreadPage, ThreadState, ThreadSummary,
    ThreadView, Token, Visibility, Words,
};

/// 2026-03-02T09:00:00Z.
const MORNING: i64 = 1_772_442_000_000;

fn at(second: i64) -> Timestamp {
    Timestamp::from_millis(MORNING + second * 1000)
}

pub(super) fn user(name: &str) -> UserId {
    name.parse().expect("the names of the examples are ids")
}

fn profile(name: &str, nickname: &str) -> Profile {
    Profile { user: user(name), nickname: nickname.into(), image: None }
}

pub(super) fn ana() -> Profile {
    Profile { image: Some("https://example.org/ana.png".into()), ..profile("ana", "Ana") }
}

pub(super) fn ben() -> Profile {
    profile("ben", "Ben")
}

pub(super) fn room_id() -> RoomId {
    RoomId::from_bytes(*b"\x01\x9c\xad\x8a\x21\x40Runners 01")
}

pub(super) fn message_id() -> MessageId {
    MessageId::from_bytes(*b"\x01\x9c\xad\x8a\x2d\xf8Message 01")
}

pub(super) fn token() -> Token {
    Token { epoch: Epoch(0x7a5c_1f09_83e2_b4d6), position: Position::single(42) }
}

pub(super) fn room() -> Room {
    Room {
        id: room_id(),
        kind: RoomKind::Group,
        name: Some("Runners".into()),
        active: true,
        created_at: at(0),
        seq: 2,
        countable: 2,
        members: 2,
        last_message_at: Some(at(30)),
        created_pos: 1,
        changed_pos: 1,
        last_pos: 3,
        marks_pos: 3,
        permissions: Permissions::default(),
        about: About {
            topic: Some("Tuesdays at seven".into()),
            picture: None,
            visibility: Visibility::Public,
            custom: Custom::from(&[("pace".to_owned(), "easy".into())].into_iter().collect()),
        },
        slow_mode: 0,
        keeping: None,
        threads_pos: 0,
    }
}

/// One with a rule of its own, of which the beginning was cut away.
pub(super) fn kept() -> Room {
    let mut room = Room { seq: 52, countable: 52, ..room() };
    room.keep(|keeping| {
        keeping.retention = Retention::new(Some(90), Some(10_000)).ok();
        keeping.floor = Floor { seq: 12, pos: 12, n: 11, oldest_at: Some(at(20)) };
    });
    room
}

/// What is left of one that was deleted.
fn deleted_room() -> Room {
    let (name, about) = (None, About::default());
    let mut room = Room { name, about, active: false, members: 0, ..room() };
    room.keep(|keeping| keeping.deleted_at = Some(at(60)));
    room
}

pub(super) fn message() -> Message {
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
    }
}

pub(super) fn attachment() -> Attachment {
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
pub(super) fn picture_message() -> Message {
    let (room, file) = (room_id(), attachment());
    let url = format!("/api{}", Attachment::path(room, file.id)).into();
    Message { body: Body::Image { url, caption: None }, attachments: Arc::new([file]), ..message() }
}

/// An answer to the message, once that one was edited.
pub(super) fn answer() -> Message {
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
fn reply() -> Message {
    let root = ReplyTo { root: message_id(), seq: 2, in_room: false };
    let references = References { thread: Some(Arc::new(Thread::Reply(root))), ..References::default() };
    Message { references, ..message() }
}

/// Its root once there is one.
fn root() -> Message {
    let summary = ThreadSummary { replies: 1, last_reply_at: at(61), participants: vec![user("ana")] };
    let references = References { thread: Some(Arc::new(Thread::Root(summary))), ..References::default() };
    let state = MessageState { changed_pos: 8, ..MessageState::default() };
    Message { references, state, ..message() }
}

pub(super) fn replies() -> ReplyPage {
    let messages = vec![MessageView { message: Arc::new(reply()), ..message_view() }];
    ReplyPage { messages, next: None, state: thread_state() }
}

/// Where ben stands in the thread.
pub(super) fn thread_state() -> ThreadState {
    ThreadState { room: room_id(), root: message_id(), following: true, read_seq: Some(2), unread: 1 }
}

/// The same once he follows it no more.
pub(super) fn left_thread() -> ThreadState {
    ThreadState { following: false, read_seq: None, unread: 0, ..thread_state() }
}

pub(super) fn threads() -> ThreadPage {
    let root = MessageView { message: Arc::new(root()), ..message_view() };
    let next = ThreadCursor { at: at(61), room: room_id(), root_seq: 2 };
    ThreadPage {
        threads: vec![ThreadView { root, state: thread_state(), active_at: at(61) }],
        next: Some(next),
    }
}

pub(super) fn mentioning() -> Message {
    let mentions = Mentions { users: vec![user("ben")], all: false };
    let references = References { mentions: Some(Arc::new(mentions)), ..References::default() };
    Message { references, ..message() }
}

pub(super) fn forwarded() -> Message {
    let references = References { forwarded: Some(Arc::new(ana())), ..References::default() };
    Message { sender: ben(), references, ..answer() }
}

/// A message that its sender has named.
pub(super) fn named_message() -> Message {
    Message { client_id: "run-1".parse().ok(), ..message() }
}

/// A message that is yet to be written.
pub(super) fn begun_message() -> Message {
    let state = MessageState { writing_until: Some(at(90)), ..MessageState::default() };
    Message { body: Body::Text("Let me see".into()), state, ..message() }
}

fn system_message() -> Message {
    let body = Phrases::english().about(SystemKind::Joined, "Ben", "");
    Message { sender: ben(), body, ..message() }
}

/// The message after an edit.
pub(super) fn edited() -> Message {
    let state = MessageState { changed_pos: 5, edited_at: Some(at(50)), ..MessageState::default() };
    Message { body: Body::Text("Are you running tomorrow?".into()), state, ..message() }
}

/// What is left of the message.
pub(super) fn deleted() -> Message {
    let state = MessageState { changed_pos: 6, edited_at: Some(at(55)), ..MessageState::default() };
    Message { body: Body::Deleted(MessageType::Text), state, ..message() }
}

fn thumb() -> Reaction {
    "👍".parse().expect("an emoji is a reaction")
}

/// The message with a reaction on it.
pub(super) fn liked() -> Message {
    let mut message = message();
    message.state.changed_pos = 4;
    message.state.reactions.add(&thumb());
    message
}

pub(super) fn liked_view() -> MessageView {
    MessageView { message: Arc::new(liked()), own_reactions: vec![thumb()], ..message_view() }
}

/// The message once it is pinned.
pub(super) fn pinned() -> Message {
    let pinned = Some(Pin { by: Some(user("ben")), at: at(58) });
    let state = MessageState { changed_pos: 7, pinned, ..MessageState::default() };
    Message { state, ..message() }
}

pub(super) fn pins() -> PinPage {
    let message = pinned();
    let next = message.pin_cursor();
    PinPage { messages: vec![MessageView { message: Arc::new(message), ..message_view() }], next }
}

pub(super) fn reactions() -> ReactionPage {
    ReactionPage { reactions: vec![(thumb(), ben())], next: Some((thumb(), user("ben"))) }
}

/// The message as somebody learns that it changed.
fn delta() -> Delta {
    Delta { message: message_id(), seq: 2, user: user("ana"), offset: 10, text: " at the map".into() }
}

fn amended(message: Message, how: Amendment) -> Amended {
    Amended { message: Arc::new(message), by: Some(user("ben")), how: Some(how), own_reactions: None }
}

fn message_view() -> MessageView {
    let read_by = vec![user("ana"), user("ben")];
    let receipt = Receipt { is_read: true, read_count: 2, read_by };
    MessageView { message: Arc::new(message()), receipt, is_mine: false, own_reactions: Vec::new() }
}

pub(super) fn room_view() -> RoomView {
    RoomView {
        room: Arc::new(room()),
        name: "Runners".into(),
        participants: vec![user("ana"), user("ben")],
        unread: 1,
        mentions: 1,
        last_message: Some(message_view()),
        role: Role::Owner,
        muted_until: None,
        notify: None,
        online: None,
    }
}

pub(super) fn feed() -> FeedPage {
    let room = FeedRoom {
        room: room_id(),
        is_member: true,
        seq: 3,
        read_seq: 2,
        unread: 1,
        mentions: 1,
        notify: Some(muted()),
        version: 1042,
    };
    FeedPage {
        is_delta: true,
        rooms: vec![room],
        invitations: vec![invitation()],
        next: None,
        token: Some(token()),
    }
}

/// A choice of notices.
fn muted() -> NotifySetting {
    NotifySetting { level: NotifyLevel::None, until: Some(at(3600)) }
}

pub(super) fn quiet() -> DoNotDisturb {
    DoNotDisturb { until: None, daily: DailyHours::new(22 * 60, 7 * 60, 9 * 60) }
}

/// A room that was made just now.
pub(super) fn new_room() -> RoomView {
    let room = Room { seq: 0, countable: 0, last_message_at: None, ..room() };
    RoomView { room: Arc::new(room), unread: 0, mentions: 0, last_message: None, ..room_view() }
}

fn first_page(limit: Limit) -> PageQuery {
    PageQuery::new(1, limit).expect("pages are counted from 1")
}

pub(super) fn rooms() -> Page<RoomView> {
    let query = first_page(Limit::ROOMS);
    Page { items: vec![room_view()], query, total: 1 }
}

pub(super) fn invite() -> Invite {
    Invite {
        code: InviteCode::from_bytes(*b"An invite link 1"),
        room: room_id(),
        by: Some(user("ana")),
        created_at: at(5),
        expires_at: Some(at(3605)),
        max_uses: std::num::NonZeroU32::new(10),
        uses: 1,
        user: None,
    }
}

fn invitation() -> Invitation {
    let invite = Invite { code: InviteCode::from_bytes(*b"An invitation 01"), ..invite() };
    Invitation::new(&invite, &room(), Some(ana()))
}

pub(super) fn invitations() -> InvitationPage {
    InvitationPage { invitations: vec![invitation()], next: Some(invitation().code) }
}

pub(super) fn ban() -> Ban {
    let reason = Some("Advertising".into());
    Ban { room: room_id(), user: user("ben"), by: Some(user("ana")), at: at(40), until: at(86_440), reason }
}

pub(super) fn report() -> Report {
    Report {
        id: ReportId::from_bytes(*b"\x01\x9c\xad\x8a\x2d\xf8Report 001"),
        room: room_id(),
        message: message_id(),
        sender: user("ana"),
        by: user("ben"),
        at: at(35),
        reason: Some("Advertising".into()),
        resolution: None,
    }
}

pub(super) fn reports() -> ReportPage {
    ReportPage { reports: vec![report()], next: None }
}

pub(super) fn held() -> HeldPage {
    let held = HeldMessage {
        id: message_id(),
        room: room_id(),
        sender: ana(),
        body: Body::Text("Shoes, half price".into()),
        attachments: Arc::new([attachment()]),
        quoted: Some(answer().id),
        forwarded: Some(ben()),
        mentions: Some(Box::new(Mentions { users: vec![user("ben")], all: true })),
        parent: Some(answer().id),
        show_in_room: true,
        reason: Some("Looks like advertising".into()),
        at: at(30),
    };
    HeldPage { held: vec![held], next: None }
}

/// The same, as its sender sees it.
pub(super) fn own_held() -> HeldPage {
    let mut page = held();
    page.held.iter_mut().for_each(|held| held.reason = None);
    page
}

/// One of each act.
pub(super) fn audit() -> AuditPage {
    let acts = [
        Act::Mute(at(3600)),
        Act::Unmute,
        Act::Ban(Timestamp::NEVER),
        Act::Unban,
        Act::Remove,
        Act::Delete(message_id()),
        Act::SetRole(Role::Admin),
        Act::SlowMode(30),
        Act::Resolve(message_id(), ReportOutcome::MessageDeleted),
        Act::ApproveMessage(message_id()),
        Act::RejectMessage(message_id()),
    ];
    let entry = |(pos, act): (u64, Act)| {
        let by = Some(user("ana")).filter(|_| act != Act::Unban);
        let whom = Some(user("ben")).filter(|_| !matches!(act, Act::SlowMode(_)));
        let reason = matches!(act, Act::Ban(_)).then(|| "Advertising".to_owned());
        AuditEntry { room: room_id(), pos, at: at(40), by, act, user: whom, reason }
    };
    AuditPage { entries: (7..).zip(acts).map(entry).collect(), next: Some(14) }
}

pub(super) fn bans() -> BanPage {
    BanPage { bans: vec![(ban(), ben())], next: None }
}

pub(super) fn public_rooms() -> PublicRooms {
    PublicRooms { rooms: vec![room()], next: Some(room_id()) }
}

pub(super) fn history_page() -> History {
    let query = first_page(Limit::MESSAGES);
    History { messages: vec![message_view()], span: Span::Page { query, total: 1 } }
}

pub(super) fn hits() -> Hits {
    let snippet = Words::parse("running", 200).map(|words| words.snippet("Are you running today?"));
    let hit = Hit { view: message_view(), snippet: snippet.unwrap_or_default() };
    Hits { hits: vec![hit], next: Some(SearchCursor(0x0018_bcf0_5c80_0000)) }
}

pub(super) fn history_window() -> History {
    let span = Span::Window { has_more_before: true, has_more_after: false };
    History { messages: vec![message_view()], span }
}

pub(super) fn participants() -> Participants {
    let ana =
        Participant { profile: ana(), role: Role::Owner, online: true, last_seen: None, muted_until: None };
    let ben = Participant {
        profile: ben(),
        role: Role::Member,
        online: false,
        last_seen: Some(at(10)),
        muted_until: Some(at(3600)),
    };
    Participants { participants: vec![ana, ben], next: None }
}

pub(super) fn relation(kind: Option<RelationKind>) -> RelationView {
    let relation = kind.map(|kind| (kind, at(0)));
    RelationView { other: ben(), relation, online: kind == Some(RelationKind::Friend) }
}

pub(super) fn people(kind: RelationKind) -> RelationPage {
    RelationPage { people: vec![relation(Some(kind))], next: None }
}

pub(super) fn marked() -> Marked {
    Marked { room: room_id(), read_seq: 2, delivered_seq: 2, unread: 0, at: at(45) }
}

pub(super) fn edits() -> EditPage {
    EditPage { edits: vec![Edit::new(0, Some("Are you runing today?".into()), at(0))], next: None }
}

pub(super) fn settings() -> Settings {
    let hidden = SettingsUpdate { invisible: Some(true), ..SettingsUpdate::default() };
    Settings::default().updated(hidden, at(0))
}

/// One event of each kind, and of each shape that a kind has.
pub(super) fn events() -> Vec<(Event, View)> {
    let room = Arc::new(room());
    let (here, now) = (Some(room_id()), Some(token()));
    let event = |room, token, kind| (Event { room, token, kind }, View::Others);
    let durable = |kind| event(here, now, kind);
    let fleeting = |kind| event(here, None, kind);
    let of_user = |notification| event(None, None, EventKind::Notification(notification));
    let friend = |notice| of_user(Notification::Friend(notice, ana()));
    let ready_room = ReadyRoom { room: room.clone(), unread: 1, mentions: 1 };
    let ready = Ready { user: user("ben"), recovered: true, rooms: vec![ready_room] };
    // On another device of its sender's.
    let own = (durable(EventKind::Message(Arc::new(named_message()))).0, View::Sender);
    let gone = EventKind::Presence { user: user("ben"), online: false, last_seen: Some(at(60)) };
    vec![
        event(None, now, EventKind::Ready(ready)),
        event(None, now, EventKind::CaughtUp { recovered: true }),
        durable(EventKind::Message(Arc::new(message()))),
        durable(EventKind::Message(Arc::new(picture_message()))),
        durable(EventKind::Message(Arc::new(answer()))),
        durable(EventKind::Message(Arc::new(forwarded()))),
        durable(EventKind::Message(Arc::new(mentioning()))),
        durable(EventKind::Message(Arc::new(reply()))),
        durable(EventKind::Amended(amended(root(), Amendment::Replied(true)))),
        own,
        durable(EventKind::System(Arc::new(system_message()))),
        durable(EventKind::Amended(amended(edited(), Amendment::Edited))),
        durable(EventKind::Amended(amended(deleted(), Amendment::Deleted))),
        durable(EventKind::Amended(amended(liked(), Amendment::Reacted(thumb(), true)))),
        durable(EventKind::Amended(amended(pinned(), Amendment::Pinned(true)))),
        durable(EventKind::Amended(Amended {
            message: Arc::new(liked()),
            by: None,
            how: None,
            own_reactions: Some(vec![thumb()]),
        })),
        fleeting(EventKind::Delta(delta())),
        durable(EventKind::Hidden { message: message_id(), seq: 2 }),
        durable(EventKind::Thread { root: message_id(), following: true, read_seq: 12 }),
        durable(EventKind::Thread { root: message_id(), following: false, read_seq: 12 }),
        fleeting(EventKind::Typing(ana(), true)),
        durable(EventKind::Marked(user("ben"), Mark::Read, marked())),
        durable(EventKind::Marked(user("ben"), Mark::Delivered, marked())),
        fleeting(gone),
        fleeting(EventKind::TypingCount(3)),
        fleeting(EventKind::OnlineCount(250)),
        durable(EventKind::Room(RoomChange::Updated, room.clone())),
        durable(EventKind::Room(RoomChange::Updated, Arc::new(Room { slow_mode: 30, ..Room::clone(&room) }))),
        durable(EventKind::Room(RoomChange::Updated, Arc::new(kept()))),
        durable(EventKind::Room(RoomChange::Reset, room.clone())),
        durable(EventKind::Room(RoomChange::Left, room.clone())),
        durable(EventKind::Room(RoomChange::Left, Arc::new(deleted_room()))),
        durable(EventKind::Participant(ben(), true)),
        durable(EventKind::Participant(ben(), false)),
        durable(EventKind::Role(ben(), Role::Admin, None)),
        durable(EventKind::Role(ben(), Role::Member, Some(at(3600)))),
        fleeting(EventKind::Notification(Notification::AddedToRoom(room))),
        fleeting(EventKind::Notification(Notification::RemovedFromRoom(room_id()))),
        fleeting(EventKind::Notification(Notification::RoomDeleted(room_id()))),
        friend(FriendNotice::Requested),
        friend(FriendNotice::Withdrawn),
        friend(FriendNotice::Accepted),
        friend(FriendNotice::Declined),
        of_user(Notification::FriendsChanged(ben())),
        of_user(Notification::Invited(invitation())),
        of_user(Notification::InviteEnded(room_id(), invitation().code)),
        of_user(Notification::InviteDeclined(room_id(), ben())),
        durable(EventKind::Notification(Notification::Notifications(room_id(), Some(muted())))),
        of_user(Notification::DoNotDisturb(quiet())),
        of_user(Notification::Settings(settings())),
        of_user(Notification::MessageApproved(room_id(), message_id())),
        of_user(Notification::MessageRejected(room_id(), message_id(), Some("Advertising".into()))),
    ]
}

/// An error of this code.
pub(super) fn error(code: ErrorCode) -> ErrorKind {
    let room = room_id();
    match code {
        ErrorCode::InvalidInput => {
            ErrorKind::Invalid { field: "limit".into(), reason: "must be between 1 and 100".into() }
        }
        ErrorCode::PayloadTooLarge => ErrorKind::TooLarge { what: Cow::Borrowed("body"), limit: 1024 * 1024 },
        ErrorCode::UnsupportedMediaType => ErrorKind::UnsupportedMediaType,
        ErrorCode::Unauthenticated => ErrorKind::Unauthenticated,
        ErrorCode::TokenExpired => ErrorKind::TokenExpired,
        ErrorCode::Forbidden => ErrorKind::Forbidden("only the room's owner may do this".into()),
        ErrorCode::NotFriends => ErrorKind::NotFriends(user("ben")),
        ErrorCode::FriendRequestNotFound => ErrorKind::FriendRequestNotFound(user("ben")),
        ErrorCode::InviteNotFound => ErrorKind::InviteNotFound,
        ErrorCode::NotAParticipant => ErrorKind::NotAParticipant(room),
        ErrorCode::Muted => ErrorKind::Muted(at(3600)),
        ErrorCode::Banned => ErrorKind::Banned { user: user("ben"), until: Timestamp::NEVER },
        ErrorCode::RoomNotFound => ErrorKind::RoomNotFound(room),
        ErrorCode::MessageNotFound => ErrorKind::MessageNotFound(message_id()),
        ErrorCode::MessageDeleted => ErrorKind::MessageDeleted(message_id()),
        ErrorCode::Held => ErrorKind::Held(message_id()),
        ErrorCode::ReportNotFound => ErrorKind::ReportNotFound(report().id),
        ErrorCode::AttachmentNotFound => ErrorKind::AttachmentNotFound(attachment().id),
        ErrorCode::AttachmentUsed => ErrorKind::AttachmentUsed(attachment().id),
        ErrorCode::TypeNotAllowed => ErrorKind::TypeNotAllowed("text/html".into()),
        ErrorCode::NotFound => ErrorKind::NotFound,
        ErrorCode::MethodNotAllowed => ErrorKind::MethodNotAllowed,
        ErrorCode::RoomClosed => ErrorKind::RoomClosed(room),
        ErrorCode::ChallengeRoomExists => ErrorKind::ChallengeRoomExists(room),
        ErrorCode::ClientIdConflict => ErrorKind::ClientIdConflict,
        ErrorCode::ImportConflict => ErrorKind::Contradiction(Contradiction::Room { room }),
        ErrorCode::RateLimited => ErrorKind::RateLimited(Duration::from_secs(2)),
        ErrorCode::Unavailable => ErrorKind::Unavailable,
    }
}
