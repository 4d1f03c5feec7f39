//! A chat in which something of everything has happened, to be moved.

use std::sync::Arc;
use std::time::Duration;

use chat_core::model::{
    AuditEntry, Cursor, DailyHours, Draft, HistoryQuery, LastSeen, Limit, NewInvite, NewRoom, Profile, Quiet,
    ReportOutcome, Retention, Role, RoomUpdate, Sanction, SettingsUpdate, Verb,
};
use chat_core::store::{Batch, Store};
use chat_core::{Actor, ChatEngine, MessageId, RoomId, Timestamp};

use super::kit::{card, code, id, limit};

/// A store in which something of everything has happened.
pub(super) struct Town {
    pub(super) engine: ChatEngine,
    pub(super) store: Arc<dyn Store>,
    pub(super) direct: RoomId,
    pub(super) group: RoomId,
    pub(super) challenge: RoomId,
}

impl Town {
    pub(super) fn user(&self, name: &str) -> Actor {
        self.engine.as_user(id(name))
    }

    pub(super) async fn filled((engine, store): (ChatEngine, Arc<dyn Store>)) -> Self {
        let user = |name: &str| engine.as_user(id(name));
        let profile = |name: &str, nickname: &str, image: Option<&str>| Profile {
            user: id(name),
            nickname: nickname.into(),
            image: image.map(Into::into),
        };
        let admin = engine.admin();
        for known in [
            profile("ana", "Ana \"the\\fast\"", Some("https://example.org/a.png?x=1&y=2")),
            profile("ben", "벤", None),
            profile("فاطمة", "فاطمة الزهراء", None),
            profile("stranger", "in no room", None),
        ] {
            admin.set_profile(known).await.unwrap();
        }
        // Also one of whom nothing else is known.
        let seen = |name: &str, at| (id(name), Timestamp::from_millis(at));
        let last_seen = vec![seen("ben", 1_700_000_000_123), seen("🦊", 1_700_000_000_456)];
        let logouts = vec![seen("ben", 1_700_000_000_001), seen("🦊", 1_700_000_000_002)];
        store.commit(Batch { last_seen, logouts, ..Batch::default() }).await.unwrap();

        let (ana, ben, cho, dee) = (user("ana"), user("ben"), user("cho"), user("dee"));
        let direct = ana.create_room(NewRoom::direct("ben")).await.unwrap().id();
        let first = Draft::text("first").with_client_id("c1").with_custom(card());
        let first = ana.send(direct, first).await.unwrap().id;
        for words in
            ["안녕하세요 🏃‍♀️", "مرحبا بالعالم", "a \"quoted\" \\ line\nand \u{2028} another", "\u{202e}rtl"]
        {
            ben.send(direct, Draft::text(words)).await.unwrap();
        }
        ana.mark_read(direct, Some(Cursor::Seq(3))).await.unwrap();
        ana.send(direct, Draft::image("https://example.org/1.jpg")).await.unwrap();
        let with_caption =
            Draft { content: Some("자막".into()), ..Draft::image("https://example.org/2.jpg") };
        let captioned = ben.send(direct, with_caption.with_client_id("c1")).await.unwrap().id;
        ben.edit(direct, captioned, None).await.unwrap();
        ben.edit(direct, captioned, Some("또 다른 자막")).await.unwrap();

        // Two people whose first room has closed, and who have another one.
        let old = ana.create_room(NewRoom::direct("cho")).await.unwrap().id();
        cho.send(old, Draft::text("gone").with_client_id("c1")).await.unwrap();
        cho.leave(old).await.unwrap();
        let new = cho.create_room(NewRoom::direct("ana")).await.unwrap().id();
        assert_ne!(old, new);

        let group =
            ana.create_room(NewRoom::group("러너 🏃").with(["ben", "cho", "김철수"])).await.unwrap().id();
        for turn in 0..6 {
            for who in [&ana, &ben, &cho] {
                who.send(group, Draft::text(format!("{turn}")).with_client_id(format!("g{turn}")))
                    .await
                    .unwrap();
            }
        }
        user("김철수").mark_read(group, Some(Cursor::Seq(5))).await.unwrap();
        cho.mark_delivered(group, Some(Cursor::Seq(9))).await.unwrap();
        ana.invite(group, &[id("dee"), id("فاطمة")]).await.unwrap();
        let (edited, deleted) = (
            ana.send(group, Draft::text("helo").with_client_id("edited")).await.unwrap().id,
            ben.send(group, Draft::image("https://example.org/no.jpg")).await.unwrap().id,
        );
        for who in [&ana, &ben, &cho] {
            for message in [edited, deleted] {
                who.react(group, message, "👩‍👩‍👧‍👦".parse().unwrap(), true).await.unwrap();
            }
        }
        ana.pin(group, edited, true).await.unwrap();
        for (who, seq) in [(&ana, 3), (&cho, 2), (&cho, 5), (&dee, 4)] {
            let one = history_at(who, group, seq).await;
            who.hide(group, one).await.unwrap();
        }
        // The first of them are kept no more.
        for words in ["hel", "hallo", "안녕", "hello!", "hello"] {
            ana.edit(group, edited, Some(words)).await.unwrap();
        }
        ben.edit(group, deleted, Some("no words")).await.unwrap();
        ben.delete(group, deleted).await.unwrap();
        let answer = Draft::text("answer").quoting(edited).with_client_id("answer");
        let answer = cho.send(group, answer).await.unwrap().id;
        admin.pin(group, answer, true).await.unwrap();
        for who in [&ana, &cho, &dee] {
            who.follow_thread(group, answer).await.unwrap();
        }
        cho.unfollow_thread(group, answer).await.unwrap();
        let report = ana.report(group, answer, Some("why?\n🦊".into())).await.unwrap().id;
        ben.report(group, answer, None).await.unwrap();
        ana.resolve_report(group, report, ReportOutcome::Dismissed).await.unwrap();
        ben.forward(direct, first, group, Some("forward")).await.unwrap();
        dee.send(group, Draft::text("from dee")).await.unwrap();
        dee.leave(group).await.unwrap();
        ana.send(group, Draft::text("while dee is away")).await.unwrap();
        ana.invite(group, &[id("dee")]).await.unwrap();
        dee.send(group, Draft::text("dee again")).await.unwrap();
        ana.remove(group, &id("ben")).await.unwrap();
        ana.rename(group, "달리는 사람들").await.unwrap();
        user("فاطمة").send(group, Draft::text("שלום")).await.unwrap();
        ana.set_role(group, &id("김철수"), Role::Admin).await.unwrap();
        ana.set_role(group, &id("فاطمة"), Role::ReadOnly).await.unwrap();
        let update =
            RoomUpdate::new().with_permission(Verb::Remove, Role::Owner).with_topic("한강 \"dawn\"\n@6");
        ana.update_room(group, update).await.unwrap();

        let mention = Draft::text("buy @ana").quoting(answer).mentioning("ana").with_client_id("held");
        let mention = mention.with_custom(card());
        let reply = Draft::text("buy more").replying(answer);
        for waits in [mention, reply, Draft::text("buy nothing")] {
            assert_eq!(code(cho.send(group, waits).await), "HELD");
        }
        let waiting = ana.held(group, None, limit()).await.unwrap().held;
        // Of one moment, they come in any order.
        let rejected = waiting.iter().find(|held| held.body.content() == Some("buy nothing")).unwrap();
        ana.reject_held(group, rejected.id, Some("no".into())).await.unwrap();
        let cho_is = Sanction { reason: Some("광고\n🦊".into()), ..Sanction::seconds(60) };
        ana.mute(group, &id("cho"), cho_is).await.unwrap();
        ana.unmute(group, &id("cho")).await.unwrap();
        admin.ban(group, &id("eve"), Sanction::for_good()).await.unwrap();
        let rule = Retention::new(Some(365), None).unwrap();
        for update in [
            RoomUpdate::new().with_retention(Some(rule)),
            RoomUpdate::new().with_slow_mode(9),
            RoomUpdate::new().with_retention(None),
            RoomUpdate::new().with_slow_mode(0),
        ] {
            ana.update_room(group, update).await.unwrap();
        }
        let theirs = user("فاطمة").history(group, HistoryQuery::newest(Limit::new(1).unwrap())).await;
        ana.delete(group, theirs.unwrap().messages[0].message.id).await.unwrap();
        for new in [
            NewInvite { expires_in: Some(3600), max_uses: Some(9), user: None },
            NewInvite::of(id("🦊")),
            NewInvite::of(id("ben")),
        ] {
            ana.create_invite(group, new).await.unwrap();
        }
        let open = admin.create_invite(group, NewInvite::default()).await.unwrap();
        user("visitor").accept_invite(open.code).await.unwrap();
        user("visitor").leave(group).await.unwrap();
        for who in ["visitor", "rejected"].map(|who| user(&format!("{who} at the door"))) {
            assert_eq!(code(who.accept_invite(open.code).await), "JOIN_HELD");
        }
        let waiting = ana.join_requests(group, None, limit()).await.unwrap().requests;
        let rejected = waiting.iter().find(|(asked, _)| asked.user.as_str().starts_with("rejected")).unwrap();
        ana.reject_join(group, rejected.0.id, None).await.unwrap();

        let finished = ana.create_room(NewRoom::challenge("squats", "").with(["cho"])).await.unwrap().id();
        ana.send(finished, Draft::text("done")).await.unwrap();
        admin.close(finished).await.unwrap();
        let challenge = ana
            .create_room(
                NewRoom::challenge("squats", "100 days")
                    .with(["ben"])
                    .with_picture("https://a/b")
                    .with_custom("{\"days\":100}".parse().unwrap()),
            )
            .await
            .unwrap()
            .id();
        // Of the host's, without an owner; one that nobody writes in; one that all have left.
        admin.create_room(NewRoom::group("host").with(["ana", "🦊"]).public()).await.unwrap();
        let left = dee.create_room(NewRoom::group("").with(["cho"])).await.unwrap().id();
        for who in [&dee, &cho] {
            who.send(left, Draft::text("bye")).await.unwrap();
            who.leave(left).await.unwrap();
        }

        ana.request_friend(&id("ben")).await.unwrap();
        ben.accept_friend(&id("ana")).await.unwrap();
        cho.request_friend(&id("dee")).await.unwrap();
        let hidden = SettingsUpdate {
            read_receipts: Some(false),
            last_seen: Some(LastSeen::Friends),
            invisible: Some(true),
        };
        dee.set_settings(hidden).await.unwrap();
        let night = DailyHours::new(22 * 60, 7 * 60, 9 * 60);
        for (who, expires_in, daily) in
            [("ana", None, night), ("🦊", None, None), ("nobody else knows", Some(3600), night)]
        {
            user(who).set_do_not_disturb(Some(Quiet { expires_in, daily })).await.unwrap();
        }
        dee.block(&id("ben")).await.unwrap();
        ben.request_friend(&id("dee")).await.unwrap();
        // It is written within a second, and nothing is afterwards.
        let delivered =
            async || store.membership(group, &id("cho")).await.unwrap().unwrap().1.unwrap().delivered_seq;
        while delivered().await < 9 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Self { engine: engine.clone(), store, direct, group, challenge }
    }

    /// After the move: retries are known, numbers go on, keys are held, counts are exact.
    pub(super) async fn goes_on_in(&self, engine: &ChatEngine) {
        let user = |name: &str| engine.as_user(id(name));
        let (ana, ben) = (user("ana"), user("ben"));
        let history = HistoryQuery::newest(limit());
        let there = self.user("ana").history(self.direct, history).await.unwrap();
        let (head, first) = (&there.messages[0].message, &there.messages.last().unwrap().message);
        let again = Draft::text("first").with_client_id("c1").with_custom(card());
        let again = ana.send(self.direct, again).await.unwrap();
        assert_eq!((again.id, again.seq), (first.id, 1));
        let other = ana.send(self.direct, Draft::text("second").with_client_id("c1")).await;
        assert_eq!(code(other), "CLIENT_ID_CONFLICT");
        let before = ben.room(self.direct).await.unwrap().unread;
        let next = ana.send(self.direct, Draft::text("on it goes")).await.unwrap();
        assert_eq!(next.seq, head.seq + 1);
        assert_eq!(ben.room(self.direct).await.unwrap().unread, before + 1);
        assert_eq!(ben.create_room(NewRoom::direct("ana")).await.unwrap().id(), self.direct);
        let taken = ben.create_room(NewRoom::challenge("squats", "")).await;
        assert_eq!(code(taken.map(|room| room.id())), "CHALLENGE_ROOM_EXISTS");
        // What was done is known, in its order.
        let acts = async |engine: &ChatEngine| {
            let acts = engine.admin().audit(self.group, None, limit()).await.unwrap().entries;
            acts.into_iter().map(|entry| AuditEntry { pos: 0, ..entry }).collect::<Vec<_>>()
        };
        let (there, here) = (acts(&self.engine).await, acts(engine).await);
        assert_eq!((there.len() > 10, &here), (true, &there));
        // What was said before stands behind what is said next.
        let former = async |engine: &ChatEngine| {
            let edits = engine.admin().edits(self.direct, head.id, None, limit()).await.unwrap().edits;
            edits.into_iter().map(|edit| (edit.content, edit.since)).collect::<Vec<_>>()
        };
        ben.edit(self.direct, head.id, Some("once more")).await.unwrap();
        let there = former(&self.engine).await;
        assert_eq!((there.len(), &former(engine).await[1..]), (2, &there[..]));
        // Marks over a mixed history of own and other messages count as before.
        for seq in [2, 4, head.seq] {
            let here = ana.mark_read(self.group, Some(Cursor::Seq(seq))).await.unwrap();
            let there = self.user("ana").mark_read(self.group, Some(Cursor::Seq(seq))).await.unwrap();
            assert_eq!((here.read_seq, here.unread), (there.read_seq, there.unread));
        }
        let forbidden = user("dee").create_room(NewRoom::direct("ben")).await.map(|room| room.id());
        assert_eq!(code(forbidden), "FORBIDDEN", "a block holds");
        // What was held waits, a retry of it is known, and it is sent as its sender.
        let waiting = ana.held(self.group, None, limit()).await.unwrap().held;
        let quoted = waiting.iter().find_map(|held| held.quoted).unwrap();
        let again = Draft::text("buy @ana").quoting(quoted).mentioning("ana").with_custom(card());
        assert_eq!(code(user("cho").send(self.group, again.with_client_id("held")).await), "HELD");
        assert_eq!(ana.held(self.group, None, limit()).await.unwrap().held.len(), 2);
        for held in waiting {
            let sent = ana.approve_held(self.group, held.id).await.unwrap();
            assert_eq!((sent.id, &sent.sender.user), (held.id, &id("cho")));
        }
        // Who asked to come in waits, is known when they ask again, and comes in by what they have asked by.
        let waiting = ana.join_requests(self.group, None, limit()).await.unwrap().requests;
        let [(request, _)] = &waiting[..] else { panic!("{waiting:?}") };
        let visitor = user("visitor at the door");
        assert_eq!(code(visitor.accept_invite(request.invite.unwrap()).await), "JOIN_HELD");
        assert_eq!(visitor.own_join_requests(None, limit()).await.unwrap().requests[0].id, request.id);
        ana.approve_join(self.group, request.id).await.unwrap();
        assert_eq!(code(visitor.room(self.group).await), "OK");
        // Invite links are known, and let in as many as are left.
        let links = ana.invites(self.group).await.unwrap();
        let link = links.iter().find(|link| link.max_uses.is_some() && link.user.is_none()).unwrap();
        user("guest").accept_invite(link.code).await.unwrap();
        let links = ana.invites(self.group).await.unwrap();
        assert_eq!(links.iter().map(|link| link.uses).sum::<u32>(), 3);
        let theirs = user("🦊").invitations(None, limit()).await.unwrap().invitations;
        assert_eq!(theirs.iter().map(|invited| invited.room).collect::<Vec<_>>(), [self.group]);
        user("🦊").decline_invite(theirs[0].code).await.unwrap();
        assert_eq!(code(user("cho").invite(self.group, &[id("ben")]).await), "OK");
        assert!(ben.invitations(None, limit()).await.unwrap().invitations.is_empty());
    }
}

async fn history_at(actor: &Actor, room: RoomId, seq: u64) -> MessageId {
    let query = HistoryQuery::Around(Cursor::Seq(seq), Limit::new(1).unwrap());
    actor.history(room, query).await.unwrap().messages[0].message.id
}
