//! What a member wants to know of what was said. Pure.

use std::sync::Arc;

use crate::clock::Timestamp;
use crate::model::{Member, Message, NotifyLevel, ReplyTo};

/// What a member is to be told, all their messages being one notice.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    /// The newest one that mentions them, or the newest.
    pub(super) message: Arc<Message>,
    pub(super) is_mention: bool,
}

/// Of these messages, in their order, what the member has not read and wants to know of. `default` is the room's level;
/// `is_heard` says of whom they want to know anything, and `is_followed` of a reply whether they follow its thread, and have
/// not read it there.
pub(super) fn wanted(
    member: &Member,
    messages: &[Arc<Message>],
    default: NotifyLevel,
    now: Timestamp,
    is_heard: impl Fn(&Message) -> bool,
    is_followed: impl Fn(&ReplyTo, u64) -> bool,
) -> Option<Wanted> {
    let level = member.notify_at(now).map_or(default, |setting| setting.level);
    if !member.active || level == NotifyLevel::None {
        return None;
    }
    let known = member.read_seq.max(member.joined_seq);
    let unread = messages.iter().rev().take_while(|message| message.seq > known);
    let mut wanted: Option<Wanted> = None;
    for message in unread {
        if message.sender.user == member.user || !is_told(message) || !is_heard(message) {
            continue;
        }
        let is_mention = message.mentions(&member.user);
        // A reply that is meant for its thread alone is unread by nobody but who follows it.
        let aside = message.references.reply().filter(|reply| !reply.in_room);
        let is_untold = aside.is_some_and(|reply| !is_followed(reply, message.seq));
        let is_for_mentioned = level == NotifyLevel::Mentions || is_untold;
        if is_for_mentioned && !is_mention {
            continue;
        }
        let newest = wanted.get_or_insert_with(|| Wanted { message: message.clone(), is_mention });
        if is_mention && !newest.is_mention {
            (newest.message, newest.is_mention) = (message.clone(), true);
        }
    }
    wanted
}

/// Whether anybody is told of it at all: the server's own words, and what is gone, are in no notice.
pub(super) fn is_told(message: &Message) -> bool {
    message.body.is_countable() && !message.body.is_deleted()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::id::{MessageId, RoomId, UserId};
    use crate::model::{
        Body, Custom, MessageState, Notify, NotifySetting, Profile, References, Role, SystemKind,
    };

    fn user(name: &str) -> UserId {
        name.parse().unwrap()
    }

    fn message(seq: u64, sender: &str, body: Body) -> Arc<Message> {
        Arc::new(Message {
            id: MessageId::generate(),
            room: RoomId::from_bytes([1; 16]),
            seq,
            sender: Profile::unknown(user(sender)),
            body,
            client_id: None,
            origin: None,
            created_at: Timestamp::from_millis(seq.cast_signed()),
            pos: seq,
            n: seq,
            own_n: 0,
            state: MessageState::default(),
            attachments: Arc::default(),
            references: References::default(),
            custom: Custom::default(),
        })
    }

    fn member(read_seq: u64) -> Member {
        let at = Timestamp::from_millis(0);
        Member {
            room: RoomId::from_bytes([1; 16]),
            user: user("ben"),
            role: Role::Member,
            active: true,
            joined_at: at,
            joined_seq: 0,
            joined_pos: 1,
            changed_pos: 1,
            marks_pos: 1,
            marked_at: at,
            read_seq,
            delivered_seq: read_seq,
            read_n: 0,
            read_own_n: 0,
            own_n: 0,
            muted_until: None,
            slowed_at: None,
            notify: None,
            hidden: 0,
        }
    }

    fn choose(member: Member, level: NotifyLevel, until: Option<i64>) -> Member {
        let setting = Some(NotifySetting { level, until: until.map(Timestamp::from_millis) });
        Member { notify: Some(Box::new(Notify { setting, pos: 1, told_pos: 1 })), ..member }
    }

    fn told(member: &Member, messages: &[Arc<Message>]) -> Option<u64> {
        let now = Timestamp::from_millis(100);
        wanted(member, messages, NotifyLevel::All, now, |_| true, |_, _| false)
            .map(|wanted| wanted.message.seq)
    }

    fn text() -> Body {
        Body::Text("hi".into())
    }

    #[test]
    fn a_level_that_is_over_is_the_default_again() {
        let said = [message(1, "ana", text())];
        assert_eq!(told(&member(0), &said), Some(1));
        assert_eq!(told(&choose(member(0), NotifyLevel::None, None), &said), None);
        assert_eq!(told(&choose(member(0), NotifyLevel::None, Some(101)), &said), None);
        assert_eq!(told(&choose(member(0), NotifyLevel::None, Some(100)), &said), Some(1));
        assert_eq!(told(&choose(member(0), NotifyLevel::Mentions, None), &said), None);
        assert_eq!(told(&Member { active: false, ..member(0) }, &said), None);
        assert_eq!(told(&Member { joined_seq: 1, ..member(0) }, &said), None, "from before they came");
    }

    #[test]
    fn nobody_is_told_of_the_servers_words_nor_of_what_is_gone() {
        let system = Body::System { kind: SystemKind::Joined, text: "ana came".into() };
        let gone = Body::Deleted(crate::model::MessageType::Text);
        let said = [message(1, "ana", text()), message(2, "ana", system), message(3, "ana", gone)];
        assert_eq!(told(&member(0), &said), Some(1));
        assert_eq!(told(&member(1), &said), None);
    }

    #[test]
    fn a_reply_for_its_thread_alone_is_told_to_who_follows_it_and_to_whom_it_mentions() {
        let aside = |in_room| {
            let root = ReplyTo { root: MessageId::generate(), seq: 1, in_room };
            let thread = Some(Arc::new(crate::model::Thread::Reply(root)));
            let references = References { thread, ..References::default() };
            [Arc::new(Message { references, ..Message::clone(&message(5, "ana", text())) })]
        };
        let told = |member: &Member, said: &[Arc<Message>], mark: Option<u64>| {
            let is_followed = |_: &ReplyTo, seq| mark.is_some_and(|mark| seq > mark);
            let now = Timestamp::from_millis(100);
            wanted(member, said, NotifyLevel::All, now, |_| true, is_followed).is_some()
        };
        let said = aside(false);
        assert!(!told(&member(0), &said, None) && told(&member(0), &said, Some(4)));
        assert!(!told(&member(0), &said, Some(5)), "it is read in its thread");
        assert!(!told(&member(5), &said, Some(0)), "the room is read");
        assert!(!told(&choose(member(0), NotifyLevel::Mentions, None), &said, Some(0)));
        assert!(!told(&choose(member(0), NotifyLevel::None, None), &said, Some(0)));
        assert!(told(&member(0), &aside(true), None), "it is meant for the room too");
    }

    proptest! {
        #[test]
        fn however_many_there_are_it_is_the_newest_that_is_unread_of_somebody_else_and_heard(
            senders in proptest::collection::vec(0..4_usize, 0..20),
            read in 0..22_u64,
            blocked in 0..4_usize,
        ) {
            let names = ["ana", "ben", "cho", "dee"];
            let said: Vec<_> = (1..).zip(&senders).map(|(seq, of)| message(seq, names[*of], text())).collect();
            let is_heard = |message: &Message| message.sender.user != user(names[blocked]);
            let now = Timestamp::from_millis(100);
            let found = wanted(&member(read), &said, NotifyLevel::All, now, is_heard, |_, _| false);
            let expected = said.iter().filter(|one| one.seq > read && one.sender.user != user("ben"));
            let expected = expected.filter(|one| is_heard(one)).map(|one| one.seq).max();
            prop_assert_eq!(found.map(|found| found.message.seq), expected);
        }
    }
}
