//! Cases about attachments: begun, finished, sent once, and collected.
#![allow(missing_docs, reason = "the name of a case says what it checks")]

use std::collections::HashSet;
use std::sync::Arc;

use super::Fixture;
use super::kit::{sent, text, user};
use crate::clock::Timestamp;
use crate::error::{Contradiction, ErrorKind};
use crate::id::{AttachmentId, MessageId, RoomId};
use crate::model::{Attachment, Body, Dimensions, Message, Role, RoomKind};
use crate::store::{
    Amend, AttachOp, Op, Record, RecordPage, RelationOp, RoomItem, RoomRecord, Stage, StoredAttachment,
};

impl Fixture {
    fn attach_item(&self, room: RoomId, by: Option<&str>, op: AttachOp) -> RoomItem {
        self.item(room, by, Op::Attach(op))
    }

    /// What an upload is when it begins.
    fn new_attachment(&self, room: RoomId, who: &str, name: &str) -> Attachment {
        Attachment {
            id: AttachmentId::generate(),
            room,
            uploader: user(who),
            name: name.into(),
            media_type: "image/png".into(),
            size: 0,
            dimensions: Some(Dimensions { width: 640, height: u32::MAX }),
            has_thumbnail: false,
            created_at: self.attach_item(room, None, AttachOp::Forget(AttachmentId::generate())).at,
        }
    }

    fn begin_item(&self, attachment: &Attachment) -> RoomItem {
        let op = AttachOp::Begin(Box::new(attachment.clone()));
        self.attach_item(attachment.room, Some(attachment.uploader.as_str()), op)
    }

    fn finish_item(&self, attachment: &Attachment) -> RoomItem {
        self.finish_within(attachment, u64::MAX)
    }

    fn finish_within(&self, attachment: &Attachment, quota: u64) -> RoomItem {
        let op = AttachOp::Finish { attachment: Box::new(attachment.clone()), quota };
        self.attach_item(attachment.room, Some(attachment.uploader.as_str()), op)
    }

    /// One that has begun, and will have so many bytes.
    async fn arriving(&self, room: RoomId, who: &str, size: u64) -> Attachment {
        let begun = self.new_attachment(room, who, "a.png");
        self.run(self.begin_item(&begun)).await;
        Attachment { size, ..begun }
    }

    async fn bytes_of(&self, who: &str) -> u64 {
        self.store().stored_bytes(&user(who)).await.expect("the store reads")
    }

    /// A whole one, in no message yet.
    pub(super) async fn uploaded(&self, room: RoomId, who: &str, name: &str) -> Attachment {
        let begun = self.new_attachment(room, who, name);
        self.run(self.begin_item(&begun)).await;
        let dimensions = Some(Dimensions { width: 5, height: u32::MAX });
        let attachment = Attachment { size: 1 << 40, has_thumbnail: true, dimensions, ..begun };
        self.run(self.finish_item(&attachment)).await;
        attachment
    }

    fn send_with_item(&self, room: RoomId, who: &str, body: Body, ids: &[AttachmentId]) -> RoomItem {
        let mut item = self.body_item(room, who, body, None);
        if let Op::Send { attachments, .. } = &mut item.op {
            *attachments = ids.to_vec();
        }
        item
    }

    async fn send_with(&self, room: RoomId, who: &str, ids: &[AttachmentId]) -> Arc<Message> {
        sent(&self.run(self.send_with_item(room, who, text("with files"), ids)).await)
    }

    async fn stored(&self, attachment: &Attachment) -> Option<StoredAttachment> {
        let (room, id) = (attachment.room, attachment.id);
        self.store().attachment(room, id).await.expect("the store reads")
    }

    pub(super) async fn stage(&self, attachment: &Attachment) -> Option<Stage> {
        self.stored(attachment).await.map(|stored| stored.stage)
    }

    pub(super) async fn unsent(&self, before: Timestamp, limit: u32) -> Vec<AttachmentId> {
        let found = self.store().unsent_attachments(before, limit).await.expect("the store reads");
        found.into_iter().map(|stored| stored.attachment.id).collect()
    }
}

pub async fn attachments_stand_in_their_message_wherever_it_is_read(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let one = chat.uploaded(room, "ana", "사진 '1'.png").await;
    let mut other = chat.new_attachment(room, "ana", "noise");
    (other.dimensions, other.media_type) = (None, "application/octet-stream".into());
    chat.run(chat.begin_item(&other)).await;
    other.size = 7;
    chat.run(chat.finish_item(&other)).await;
    chat.send(room, "ana", "before").await;
    let message = chat.send_with(room, "ana", &[other.id, one.id]).await;
    let expected = [other.clone(), one.clone()];
    assert_eq!(&*message.attachments, expected, "in the order of the sender");
    for attachment in &expected {
        let stored = chat.stored(attachment).await.expect("it is there");
        let (attachment, stage) = (attachment.clone(), Stage::Sent(message.id));
        assert_eq!(stored, StoredAttachment { attachment, stage });
    }

    let store = chat.store();
    assert_eq!(chat.history(room).await[1], *message);
    assert_eq!(store.message(room, message.id).await.unwrap().as_ref(), Some(&*message));
    let since = store.messages_since(room, 0, u64::MAX, 10).await.unwrap();
    assert_eq!(since[1], *message);
    assert!(since[0].attachments.is_empty());
    let entry = store.room_entry(room, &user("ben"), 10).await.unwrap().unwrap();
    assert_eq!(entry.last_message.as_ref(), Some(&*message));
    let (entries, _) = store.rooms_of(&user("ben"), 0, 10, 10).await.unwrap();
    assert_eq!(entries[0].last_message.as_ref(), Some(&*message));
    let records = store.records(RecordPage::Messages { room, after: 1 }, 10).await.unwrap();
    assert_eq!(records, [Record::Room(RoomRecord::Message((*message).clone(), None))]);

    let Some(chat) = chat.reopened().await else { return };
    assert_eq!(chat.history(room).await[1], *message);
    assert_eq!(chat.stage(&one).await, Some(Stage::Sent(message.id)));
}

pub async fn an_upload_tells_nobody_and_takes_no_position(chat: Fixture) {
    let room = chat.group(&["ana"]).await;
    let before = (chat.room(room).await, chat.position().await);
    let begun = chat.new_attachment(room, "ana", "a.png");
    assert_eq!(chat.stage(&begun).await, None);
    for _ in 0..2 {
        assert!(chat.run(chat.begin_item(&begun)).await.changes.is_empty());
        assert_eq!(chat.stage(&begun).await, Some(Stage::Arriving));
    }
    let whole = Attachment { size: 5, has_thumbnail: true, ..begun.clone() };
    for _ in 0..2 {
        assert!(chat.run(chat.finish_item(&whole)).await.changes.is_empty());
        let stored = chat.stored(&whole).await.unwrap();
        assert_eq!(stored, StoredAttachment { attachment: whole.clone(), stage: Stage::Waiting });
    }
    // A begin that comes late takes nothing back.
    chat.run(chat.begin_item(&begun)).await;
    assert_eq!(chat.stored(&whole).await.unwrap().attachment, whole);
    assert_eq!((chat.room(room).await, chat.position().await), before);
    let message = chat.send_with(room, "ana", &[whole.id]).await;
    chat.run(chat.finish_item(&whole)).await;
    assert_eq!(chat.stage(&whole).await, Some(Stage::Sent(message.id)));
}

pub async fn only_whole_attachments_of_the_sender_and_the_room_are_sent(chat: Fixture) {
    let (room, other) = (chat.group(&["ana", "ben"]).await, chat.group(&["ana", "ben"]).await);
    let arriving = chat.new_attachment(room, "ana", "a.png");
    chat.run(chat.begin_item(&arriving)).await;
    let of_ben = chat.uploaded(room, "ben", "b.png").await;
    let elsewhere = chat.uploaded(other, "ana", "c.png").await;
    let good = chat.uploaded(room, "ana", "d.png").await;
    let before = (chat.room(room).await, chat.position().await);
    for bad in [arriving.id, of_ben.id, elsewhere.id, AttachmentId::generate()] {
        let item = chat.send_with_item(room, "ana", text("hi"), &[good.id, bad]);
        assert_eq!(chat.refused(item).await, ErrorKind::AttachmentNotFound(bad));
    }
    let item = chat.send_with_item(room, "ana", text("hi"), &[good.id, good.id]);
    assert!(matches!(chat.refused(item).await, ErrorKind::Invalid { .. }), "each once");
    assert_eq!((chat.room(room).await, chat.position().await), before);
    assert_eq!(chat.stage(&good).await, Some(Stage::Waiting), "a refused message takes none");
    chat.send_with(room, "ana", &[good.id]).await;
}

pub async fn a_picture_has_pictures_alone(chat: Fixture) {
    let room = chat.group(&["ana"]).await;
    let picture = chat.uploaded(room, "ana", "a.png").await;
    let mut file = chat.new_attachment(room, "ana", "a.pdf");
    file.media_type = "application/pdf".into();
    chat.run(chat.begin_item(&file)).await;
    chat.run(chat.finish_item(&file)).await;
    let image = || Body::Image { url: "/a".into(), caption: None };
    let item = chat.send_with_item(room, "ana", image(), &[picture.id, file.id]);
    assert!(matches!(chat.refused(item).await, ErrorKind::Invalid { .. }));
    chat.run(chat.send_with_item(room, "ana", image(), &[picture.id])).await;
    chat.run(chat.send_with_item(room, "ana", text("hi"), &[file.id])).await;
}

pub async fn an_attachment_goes_with_one_message(chat: Fixture) {
    let room = chat.group(&["ana"]).await;
    let one = chat.uploaded(room, "ana", "a.png").await;
    let item = || chat.send_with_item(room, "ana", text("hi"), &[one.id]);
    let outcomes = chat.commit(vec![item(), item()]).await;
    let first = sent(outcomes[0].as_ref().unwrap());
    assert_eq!(*outcomes[1].as_ref().unwrap_err().kind(), ErrorKind::AttachmentUsed(one.id));
    assert_eq!(chat.refused(item()).await, ErrorKind::AttachmentUsed(one.id));
    assert_eq!(chat.stage(&one).await, Some(Stage::Sent(first.id)));
    assert_eq!(chat.history(room).await, [(*first).clone()]);
}

pub async fn a_retry_names_the_same_attachments(chat: Fixture) {
    let room = chat.group(&["ana"]).await;
    let (one, other) = (chat.uploaded(room, "ana", "a").await, chat.uploaded(room, "ana", "b").await);
    let named = |ids: &[AttachmentId]| {
        let mut item = chat.send_with_item(room, "ana", text("hi"), ids);
        if let Op::Send { client_id, .. } = &mut item.op {
            *client_id = Some("c1".parse().expect("a good id"));
        }
        item
    };
    let first = sent(&chat.run(named(&[one.id])).await);
    assert_eq!(sent(&chat.run(named(&[one.id])).await), first);
    for ids in [&[other.id][..], &[one.id, other.id], &[]] {
        assert_eq!(chat.refused(named(ids)).await, ErrorKind::ClientIdConflict);
    }
    assert_eq!(chat.stage(&other).await, Some(Stage::Waiting));
    let plain = sent(&chat.run(chat.send_as_item(room, "ana", "hi", "c2")).await);
    assert_eq!(sent(&chat.run(chat.send_as_item(room, "ana", "hi", "c2")).await), plain);
}

pub async fn whoever_may_not_send_may_not_upload(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let of_eve = chat.new_attachment(room, "eve", "a");
    assert_eq!(chat.refused(chat.begin_item(&of_eve)).await, ErrorKind::NotAParticipant(room));
    let of_ben = chat.new_attachment(room, "ben", "a");
    let op = AttachOp::Begin(Box::new(of_ben.clone()));
    for by in [Some("ana"), None] {
        let kind = chat.refused(chat.attach_item(room, by, op.clone())).await;
        assert!(matches!(kind, ErrorKind::Invalid { .. }), "for nobody else: {kind:?}");
    }
    let nowhere = chat.new_attachment(RoomId::generate(), "ana", "a");
    assert_eq!(chat.refused(chat.begin_item(&nowhere)).await, ErrorKind::RoomNotFound(nowhere.room));
    assert_eq!(
        chat.refused(chat.finish_item(&of_ben)).await,
        ErrorKind::AttachmentNotFound(of_ben.id),
        "what was never begun"
    );

    let read_only = |role| Op::SetRole { about: super::kit::profile("ben"), role };
    chat.run(chat.item(room, Some("ana"), read_only(Role::ReadOnly))).await;
    let kind = chat.refused(chat.begin_item(&of_ben)).await;
    assert!(matches!(kind, ErrorKind::Forbidden(_)), "who only reads: {kind:?}");
    chat.run(chat.item(room, Some("ana"), read_only(Role::Member))).await;

    chat.run(chat.begin_item(&of_ben)).await;
    chat.run(chat.leave_item(room, "ben")).await;
    assert_eq!(chat.refused(chat.finish_item(&of_ben)).await, ErrorKind::NotAParticipant(room));
    chat.run(chat.close_item(room, Some("ana"))).await;
    let late = chat.new_attachment(room, "ana", "a");
    assert_eq!(chat.refused(chat.begin_item(&late)).await, ErrorKind::RoomClosed(room));

    let direct = chat.direct("ana", "cho").await;
    chat.run(chat.relation_item("cho", RelationOp::Block, "ana")).await;
    let blocked = chat.new_attachment(direct, "ana", "a");
    assert_eq!(chat.refused(chat.begin_item(&blocked)).await, ErrorKind::Unreachable(user("cho")));
}

pub async fn what_no_message_has_is_found_and_ended(chat: Fixture) {
    let (room, other) = (chat.group(&["ana"]).await, chat.group(&["ana"]).await);
    let arriving = chat.new_attachment(room, "ana", "a");
    chat.run(chat.begin_item(&arriving)).await;
    let waiting = chat.uploaded(other, "ana", "b").await;
    let used = chat.uploaded(room, "ana", "c").await;
    chat.send_with(room, "ana", &[used.id]).await;
    let late = chat.uploaded(room, "ana", "d").await;
    let before = waiting.created_at;
    assert_eq!(chat.unsent(before, 10).await, [arriving.id, waiting.id], "oldest first");
    assert_eq!(chat.unsent(before, 1).await, [arriving.id]);
    assert_eq!(chat.unsent(late.created_at, 10).await, [arriving.id, waiting.id, late.id]);
    assert_eq!(chat.unsent(Timestamp::from_millis(0), 10).await, []);

    let discard = |one: &Attachment| chat.attach_item(one.room, None, AttachOp::Discard(one.id));
    let forget = |one: &Attachment| chat.attach_item(one.room, None, AttachOp::Forget(one.id));
    for item in [discard(&used), forget(&used)] {
        assert_eq!(chat.refused(item).await, ErrorKind::AttachmentUsed(used.id));
    }
    assert_eq!(chat.refused(forget(&waiting)).await, ErrorKind::AttachmentUsed(waiting.id));
    for _ in 0..2 {
        chat.run(discard(&waiting)).await;
        assert_eq!(chat.stage(&waiting).await, Some(Stage::Arriving));
    }
    let item = chat.send_with_item(other, "ana", text("hi"), &[waiting.id]);
    assert_eq!(chat.refused(item).await, ErrorKind::AttachmentNotFound(waiting.id), "its bytes go next");
    for one in [&arriving, &waiting] {
        for _ in 0..2 {
            chat.run(forget(one)).await;
            assert_eq!(chat.stage(one).await, None);
        }
    }
    assert_eq!(chat.unsent(late.created_at, 10).await, [late.id]);
    let Some(chat) = chat.reopened().await else { return };
    assert_eq!(chat.unsent(late.created_at, 10).await, [late.id]);
}

pub async fn an_attachment_is_sent_or_discarded_and_never_both(chat: Fixture) {
    let room = chat.group(&["ana"]).await;
    let mut files = Vec::new();
    for turn in 0..20 {
        files.push(chat.uploaded(room, "ana", &turn.to_string()).await);
    }
    let mut tasks = Vec::new();
    for (turn, file) in files.iter().enumerate() {
        let send = chat.send_with_item(room, "ana", text("hi"), &[file.id]);
        let discard = chat.attach_item(room, None, AttachOp::Discard(file.id));
        let items = if turn % 2 == 0 { [send, discard] } else { [discard, send] };
        for item in items {
            let store = Arc::clone(&chat.store);
            let is_send = matches!(item.op, Op::Send { .. });
            let id = file.id;
            tasks.push(tokio::spawn(async move {
                let batch = crate::store::Batch::of([item]);
                let outcome = store.commit(batch).await.expect("the store commits").remove(0);
                (id, is_send, outcome.is_ok())
            }));
        }
    }
    let (mut sent, mut discarded) = (HashSet::new(), HashSet::new());
    for task in tasks {
        let (id, is_send, is_done) = task.await.unwrap();
        if is_done {
            if is_send { &mut sent } else { &mut discarded }.insert(id);
        }
    }
    assert!(sent.is_disjoint(&discarded));
    assert_eq!(sent.len() + discarded.len(), files.len());
    for file in &files {
        let stage = chat.stage(file).await.unwrap();
        assert_eq!(matches!(stage, Stage::Sent(_)), sent.contains(&file.id));
    }
}

pub async fn attachments_are_taken_in_with_their_message(chat: Fixture) {
    let create = chat.create_item(RoomKind::Group, &["ana"]);
    let room = create.room;
    chat.run(create).await;
    let file = chat.uploaded(room, "ana", "a.png").await;
    let first = chat.send_with(room, "ana", &[file.id]).await;
    let elsewhere = RoomId::generate();
    let mut record = chat.room(room).await;
    record.id = elsewhere;
    chat.run(RoomRecord::Room(record)).await;
    let moved = Attachment { room: elsewhere, ..file.clone() };
    let record = |id, seq| {
        let message = Message {
            id,
            room: elsewhere,
            seq,
            n: seq,
            own_n: seq,
            attachments: Arc::new([moved.clone()]),
            ..Message::clone(&first)
        };
        RoomRecord::Message(message, None)
    };
    let id = MessageId::generate();
    for _ in 0..2 {
        chat.run(record(id, 1)).await;
    }
    let message = chat.store().message(elsewhere, id).await.unwrap().unwrap();
    assert_eq!(&*message.attachments, std::slice::from_ref(&moved));
    let stored = chat.stored(&moved).await.unwrap();
    assert_eq!(stored, StoredAttachment { attachment: moved.clone(), stage: Stage::Sent(id) });
    let kind = chat.refused(record(MessageId::generate(), 2)).await;
    let room = elsewhere;
    assert_eq!(kind, ErrorKind::Contradiction(Contradiction::Message { room, seq: 2 }), "one has it");
}

pub async fn what_is_kept_of_one_user_has_a_bound_over_all_their_rooms(chat: Fixture) {
    let (room, other) = (chat.group(&["ana", "ben"]).await, chat.group(&["ana"]).await);
    assert_eq!(chat.bytes_of("ana").await, 0);
    let (one, two) = (chat.arriving(room, "ana", 60).await, chat.arriving(other, "ana", 41).await);
    assert_eq!(chat.bytes_of("ana").await, 0, "what arrives has no size yet");
    chat.run(chat.finish_within(&one, 100)).await;
    assert_eq!(chat.refused(chat.finish_within(&two, 100)).await, ErrorKind::QuotaExceeded(100));
    assert_eq!((chat.stage(&two).await, chat.bytes_of("ana").await), (Some(Stage::Arriving), 60));
    let fits = Attachment { size: 40, ..two.clone() };
    chat.run(chat.finish_within(&fits, 100)).await;
    for done in [&one, &fits] {
        chat.run(chat.finish_within(done, 0)).await;
    }
    assert_eq!(chat.bytes_of("ana").await, 100, "once more counts nothing twice, and is no new file");
    let of_ben = chat.arriving(room, "ben", 100).await;
    chat.run(chat.finish_within(&of_ben, 100)).await;
    assert_eq!((chat.bytes_of("ana").await, chat.bytes_of("ben").await), (100, 100), "of each by themselves");

    // What is sent counts on, and what is deleted until its bytes are gone.
    let sent = chat.send_with(room, "ana", &[one.id]).await;
    assert_eq!(chat.bytes_of("ana").await, 100);
    let delete = Op::Amend { message: sent.id, change: Amend::Delete { within: None } };
    chat.run(chat.item(room, Some("ana"), delete)).await;
    let late = chat.arriving(room, "ana", 1).await;
    assert_eq!(chat.refused(chat.finish_within(&late, 100)).await, ErrorKind::QuotaExceeded(100));
    // Within a batch each sees what the ones before it have freed and taken.
    let others = [chat.arriving(room, "ana", 59).await, chat.arriving(other, "ana", 1).await];
    let forget = chat.attach_item(room, None, AttachOp::Forget(one.id));
    let finish = |one| chat.finish_within(one, 100);
    let items = vec![forget, finish(&late), finish(&others[0]), finish(&others[1])];
    let done: Vec<bool> = chat.commit(items).await.iter().map(Result::is_ok).collect();
    assert_eq!((done, chat.bytes_of("ana").await), (vec![true, true, true, false], 100));
    let Some(chat) = chat.reopened().await else { return };
    assert_eq!((chat.bytes_of("ana").await, chat.bytes_of("ben").await), (100, 100));
}

pub async fn uploads_that_end_at_once_never_pass_the_bound_together(chat: Fixture) {
    for round in 0..3 {
        let who = format!("ana{round}");
        let mut files = Vec::new();
        for _ in 0..8 {
            let room = chat.group(&[&who]).await;
            files.push(chat.arriving(room, &who, 10).await);
        }
        let mut tasks = Vec::new();
        for file in &files {
            let (store, item) = (Arc::clone(&chat.store), chat.finish_within(file, 35));
            tasks.push(tokio::spawn(async move {
                store.commit(crate::store::Batch::of([item])).await.expect("the store commits").remove(0)
            }));
        }
        let mut taken = 0;
        for task in tasks {
            match task.await.unwrap() {
                Ok(_) => taken += 1,
                Err(error) => assert_eq!(*error.kind(), ErrorKind::QuotaExceeded(35)),
            }
        }
        assert_eq!((taken, chat.bytes_of(&who).await), (3, 30));
    }
}

pub async fn what_is_taken_in_counts_whatever_the_bound(chat: Fixture) {
    let create = chat.create_item(RoomKind::Group, &["ana"]);
    let room = create.room;
    chat.run(create).await;
    let file = chat.arriving(room, "ana", 7).await;
    chat.run(chat.finish_item(&file)).await;
    let first = chat.send_with(room, "ana", &[file.id]).await;
    let elsewhere = RoomId::generate();
    let mut record = chat.room(room).await;
    record.id = elsewhere;
    chat.run(RoomRecord::Room(record)).await;
    let attachments = Arc::new([Attachment { room: elsewhere, ..file.clone() }]);
    let id = MessageId::generate();
    let message =
        Message { id, room: elsewhere, seq: 1, n: 1, own_n: 1, attachments, ..Message::clone(&first) };
    for _ in 0..2 {
        chat.run(RoomRecord::Message(message.clone(), None)).await;
        assert_eq!(chat.bytes_of("ana").await, 14);
    }
    let late = chat.arriving(room, "ana", 1).await;
    assert_eq!(chat.refused(chat.finish_within(&late, 14)).await, ErrorKind::QuotaExceeded(14));
}
