//! What the tests of a move are written with.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use chat_core::event::EventKind;
use chat_core::model::{
    AuditEntry, Cursor, DailyHours, Draft, HistoryQuery, LastSeen, Limit, Message, MessageState, NewInvite,
    NewRoom, PageQuery, Profile, Quiet, ReportOutcome, Retention, Role, Room, RoomUpdate, Sanction,
    SettingsUpdate, Token, Verb,
};
use chat_core::policy::{Editing, Hooks, Joining, Sending, Verdict, Welcome};
use chat_core::store::postgres::PostgresOptions;
use chat_core::store::{
    Batch, MemoryStore, PostgresStore, Record, RecordPage, RoomRecord, SqliteStore, Store,
};
use chat_core::transfer::{Counts, Scope, TransferError};
use chat_core::{Actor, ChatEngine, Config, MessageId, RoomId, Timestamp, UserId};

/// A fresh store of some kind.
pub(super) struct House {
    pub(super) name: &'static str,
    pub(super) store: Arc<dyn Store>,
    _guard: Box<dyn Any + Send + Sync>,
}

impl House {
    /// One of each kind; without PostgreSQL where there is none.
    pub(super) async fn all() -> Vec<Self> {
        let mut houses = Vec::new();
        for name in ["memory", "SQLite", "PostgreSQL with three lanes"] {
            houses.extend(Self::like(name).await);
        }
        houses
    }

    pub(super) async fn like(name: &'static str) -> Option<Self> {
        let (store, guard): (Arc<dyn Store>, Box<dyn Any + Send + Sync>) = match name {
            "memory" => (Arc::new(MemoryStore::new()), Box::new(())),
            "SQLite" => {
                let dir = tempfile::tempdir().unwrap();
                let store = SqliteStore::open(dir.path().join("chat.db")).await.unwrap();
                (Arc::new(store), Box::new(dir))
            }
            _ => {
                let database = crate::postgres::Database::fresh().await?;
                let mut options = PostgresOptions::default();
                options.lanes = 3;
                let store = PostgresStore::connect_with(&database.url, options).await.unwrap();
                (Arc::new(store), Box::new(database))
            }
        };
        Some(Self { name, store, _guard: guard })
    }
}

pub(super) async fn engine(house: &House) -> (ChatEngine, Arc<dyn Store>) {
    let store = house.store.clone();
    (engine_of(store.clone()).await, store)
}

pub(super) async fn engine_on(store: impl Store) -> (ChatEngine, Arc<dyn Store>) {
    let store: Arc<dyn Store> = Arc::new(store);
    (engine_of(store.clone()).await, store)
}

async fn engine_of(store: Arc<dyn Store>) -> ChatEngine {
    let mut config = Config::default();
    config.kept_edits = 3;
    ChatEngine::builder().shared_store(store).config(config).hooks(Wary).build().await.unwrap()
}

/// Holds what says "buy", and has whoever comes to a door wait.
#[derive(Debug)]
struct Wary;

#[async_trait::async_trait]
impl Hooks for Wary {
    fn asks_about(&self, _: Verb) -> bool {
        true
    }

    async fn before_send(&self, sending: Sending<'_>) -> chat_core::Result<Verdict> {
        let is_suspect = sending.body.content().is_some_and(|words| words.contains("buy"));
        Ok(if is_suspect { Verdict::Hold("광고?\n🦊".into()) } else { Verdict::Allow })
    }

    async fn before_edit(&self, _: Editing<'_>) -> chat_core::Result<Verdict> {
        Ok(Verdict::Allow)
    }

    async fn before_join(&self, joining: Joining<'_>) -> chat_core::Result<Welcome> {
        let has_door =
            joining.room.name.as_deref() == Some("door") || joining.actor.as_str().contains("door");
        Ok(if has_door { Welcome::Hold(Some("새 계정?\n🦊".into())) } else { Welcome::Allow })
    }
}

pub(super) async fn shared_memory(lanes: usize) -> (ChatEngine, Arc<dyn Store>) {
    engine_on(MemoryStore::with_lanes(lanes)).await
}

pub(super) fn id(name: &str) -> UserId {
    name.parse().unwrap()
}

pub(super) fn code<T: std::fmt::Debug>(result: chat_core::Result<T>) -> &'static str {
    result.map_or_else(|error| error.code(), |_| "OK")
}

pub(super) fn limit() -> Limit {
    Limit::new(100).unwrap()
}

pub(super) async fn export(engine: &ChatEngine, scope: Scope) -> String {
    let mut lines = Vec::new();
    let counts = engine.admin().export(scope, &mut lines).await.unwrap();
    let lines = String::from_utf8(lines).unwrap();
    let kinds = |kind: &str| lines.matches(&format!("{{\"record\":\"{kind}\"")).count() as u64;
    let Counts { profiles, relations, rooms, members, messages, reactions, hidden, follows, .. } = counts;
    for (kind, count) in [
        ("profile", profiles),
        ("relation", relations),
        ("room", rooms),
        ("member", members),
        ("message", messages),
        ("reaction", reactions),
        ("hidden", hidden),
        ("follow", follows),
        ("invite", counts.invites),
        ("doNotDisturb", counts.do_not_disturb),
        ("edit", counts.edits),
        ("act", counts.acts),
        ("held", counts.held),
        ("joinRequest", counts.join_requests),
    ] {
        assert_eq!(kinds(kind), count, "{kind}");
    }
    lines
}

pub(super) async fn import(engine: &ChatEngine, lines: &str) -> Result<Counts, TransferError> {
    let mut told = Counts::default();
    let read = engine.admin().import(&mut lines.as_bytes(), |so_far| told = so_far).await?;
    assert_eq!(told, read, "the last that is told is the whole");
    Ok(read)
}

pub(super) const PEOPLE: [&str; 7] = ["ana", "ben", "cho", "dee", "김철수", "فاطمة", "🦊"];

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
        let first = ana.send(direct, Draft::text("first").with_client_id("c1")).await.unwrap().id;
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
        let again = ana.send(self.direct, Draft::text("first").with_client_id("c1")).await.unwrap();
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
        let again = Draft::text("buy @ana").quoting(quoted).mentioning("ana");
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

/// Whether a client that comes back with this token is told everything that it missed.
pub(super) async fn recovers(engine: &ChatEngine, name: &str, token: Token) -> bool {
    let mut session = engine.as_user(id(name)).connect_since(token).await.unwrap();
    loop {
        let event = session.next().await.unwrap();
        if let EventKind::CaughtUp { recovered } = event.kind {
            return recovered;
        }
    }
}

fn unplaced_message(message: &Message) -> Message {
    let state = MessageState { changed_pos: 0, ..message.state.clone() };
    let mut message = Message { pos: 0, state, ..message.clone() };
    if let Some(quoted) = &mut message.references.quoted {
        Arc::make_mut(quoted).changed_pos = 0;
    }
    message
}

fn unplaced_room(room: &Room) -> Room {
    Room { created_pos: 0, changed_pos: 0, last_pos: 0, marks_pos: 0, threads_pos: 0, ..room.clone() }
}

/// What each user sees over the engine, but for positions.
pub(super) async fn seen_by_all(engine: &ChatEngine) -> String {
    let mut seen = Vec::new();
    for name in PEOPLE {
        let actor = engine.as_user(id(name));
        let rooms = actor.rooms(PageQuery::new(1, limit()).unwrap()).await.unwrap();
        seen.push(format!("{name} is in {} rooms", rooms.total));
        for view in &rooms.items {
            seen.push(seen_in(&actor, view.room.id).await);
        }
        for page in [
            actor.friends(None, limit()).await,
            actor.friend_requests(None, limit()).await,
            actor.blocked(None, limit()).await,
        ] {
            seen.push(format!("{:?}", page.unwrap()));
        }
    }
    seen.join("\n")
}

async fn history_at(actor: &Actor, room: RoomId, seq: u64) -> MessageId {
    let query = HistoryQuery::Around(Cursor::Seq(seq), Limit::new(1).unwrap());
    actor.history(room, query).await.unwrap().messages[0].message.id
}

/// What a participant sees of a room.
pub(super) async fn seen_in(actor: &Actor, room: RoomId) -> String {
    let view = actor.room(room).await.unwrap();
    let last = view.last_message.map(|seen| (unplaced_message(&seen.message), seen.receipt));
    let shown = (unplaced_room(&view.room), view.name, view.participants, view.unread, last);
    let history = actor.history(room, HistoryQuery::newest(limit())).await.unwrap();
    let messages: Vec<_> =
        history.messages.iter().map(|seen| (unplaced_message(&seen.message), &seen.receipt)).collect();
    let people = actor.participants(room, None, limit()).await.unwrap();
    format!("{shown:?}\n{messages:?}\n{:?}", people.participants)
}

/// Every row of a store, and how many rooms are among them.
#[derive(Debug, PartialEq)]
pub(super) struct Rows {
    pub(super) all: Vec<Record>,
    pub(super) rooms: u64,
}

/// All rows, read in pages of so many.
pub(super) async fn records(store: &dyn Store, limit: u32) -> Rows {
    let mut all = Vec::new();
    let mut profiles = RecordPage::Profiles { after: None };
    while let Some(page) = page(store, profiles.clone(), limit, &mut all).await {
        let Record::Profile { user, .. } = page else { panic!("{page:?}") };
        profiles = RecordPage::Profiles { after: Some(user) };
    }
    let mut relations = RecordPage::Relations { after: None };
    while let Some(page) = page(store, relations.clone(), limit, &mut all).await {
        let Record::Relation(side) = page else { panic!("{page:?}") };
        relations = RecordPage::Relations { after: Some((side.user, side.other)) };
    }
    let mut settings = RecordPage::Settings { after: None };
    while let Some(page) = page(store, settings.clone(), limit, &mut all).await {
        let Record::Settings(user, _) = page else { panic!("{page:?}") };
        settings = RecordPage::Settings { after: Some(user) };
    }
    let mut quiet = RecordPage::DoNotDisturb { after: None };
    while let Some(page) = page(store, quiet.clone(), limit, &mut all).await {
        let Record::DoNotDisturb(user, _) = page else { panic!("{page:?}") };
        quiet = RecordPage::DoNotDisturb { after: Some(user) };
    }
    let mut rooms = Vec::new();
    let mut after = None;
    while let Some(page) = page(store, RecordPage::Rooms { after }, limit, &mut rooms).await {
        let Record::Room(RoomRecord::Room(room)) = page else { panic!("{page:?}") };
        after = Some(room.id);
    }
    let count = rooms.len() as u64;
    for record in rooms {
        let Record::Room(RoomRecord::Room(Room { id: room, .. })) = record else { panic!("{record:?}") };
        all.push(record);
        let mut held = RecordPage::Held { room, after: None };
        while let Some(page) = page(store, held.clone(), limit, &mut all).await {
            let Record::Room(RoomRecord::Held(one)) = page else { panic!("{page:?}") };
            held = RecordPage::Held { room, after: Some(one.id) };
        }
        let mut asked = RecordPage::JoinRequests { room, after: None };
        while let Some(page) = page(store, asked.clone(), limit, &mut all).await {
            let Record::Room(RoomRecord::JoinRequest(one)) = page else { panic!("{page:?}") };
            asked = RecordPage::JoinRequests { room, after: Some(one.id) };
        }
        let mut after = 0;
        while let Some(page) = page(store, RecordPage::Messages { room, after }, limit, &mut all).await {
            let Record::Room(RoomRecord::Message(message, _)) = page else { panic!("{page:?}") };
            after = message.seq;
        }
        for seq in 1..=after {
            let mut edits = RecordPage::Edits { room, seq, after: None };
            while let Some(page) = page(store, edits.clone(), limit, &mut all).await {
                let Record::Room(RoomRecord::Edit(state)) = page else { panic!("{page:?}") };
                edits = RecordPage::Edits { room, seq, after: Some(state.edit.version) };
            }
        }
        let mut reactions = RecordPage::Reactions { room, after: None };
        while let Some(page) = page(store, reactions.clone(), limit, &mut all).await {
            let Record::Room(RoomRecord::Reaction(key, _)) = page else { panic!("{page:?}") };
            reactions = RecordPage::Reactions { room, after: Some((key.seq, key.reaction, key.user)) };
        }
        let mut members = RecordPage::Members { room, after: None };
        while let Some(page) = page(store, members.clone(), limit, &mut all).await {
            let Record::Room(RoomRecord::Member(member)) = page else { panic!("{page:?}") };
            members = RecordPage::Members { room, after: Some(member.user) };
        }
        let mut bans = RecordPage::Bans { room, after: None };
        while let Some(page) = page(store, bans.clone(), limit, &mut all).await {
            let Record::Room(RoomRecord::Ban(ban)) = page else { panic!("{page:?}") };
            bans = RecordPage::Bans { room, after: Some(ban.user) };
        }
        let mut reports = RecordPage::Reports { room, after: None };
        while let Some(page) = page(store, reports.clone(), limit, &mut all).await {
            let Record::Room(RoomRecord::Report(report)) = page else { panic!("{page:?}") };
            reports = RecordPage::Reports { room, after: Some((report.message, report.by)) };
        }
        let mut hidden = RecordPage::Hidden { room, after: None };
        while let Some(page) = page(store, hidden.clone(), limit, &mut all).await {
            let Record::Room(RoomRecord::Hidden(one)) = page else { panic!("{page:?}") };
            hidden = RecordPage::Hidden { room, after: Some((one.user, one.seq)) };
        }
        let mut follows = RecordPage::Follows { room, after: None };
        while let Some(page) = page(store, follows.clone(), limit, &mut all).await {
            let Record::Room(RoomRecord::Follow(one)) = page else { panic!("{page:?}") };
            follows = RecordPage::Follows { room, after: Some((one.root_seq, one.user)) };
        }
        let mut acts = RecordPage::Acts { room, after: None };
        while let Some(page) = page(store, acts.clone(), limit, &mut all).await {
            let Record::Room(RoomRecord::Act(entry)) = page else { panic!("{page:?}") };
            acts = RecordPage::Acts { room, after: Some(entry.pos) };
        }
        let mut invites = RecordPage::Invites { room, after: None };
        while let Some(page) = page(store, invites.clone(), limit, &mut all).await {
            let Record::Room(RoomRecord::Invite(invite)) = page else { panic!("{page:?}") };
            invites = RecordPage::Invites { room, after: Some(invite.code) };
        }
    }
    Rows { all, rooms: count }
}

/// Reads a page into the others; gives its last row.
async fn page(store: &dyn Store, page: RecordPage, limit: u32, all: &mut Vec<Record>) -> Option<Record> {
    let found = store.records(page, limit).await.unwrap();
    assert!(found.len() <= limit as usize);
    let last = found.last().cloned();
    all.extend(found);
    last
}

pub(super) fn without_positions(mut rows: Rows) -> Rows {
    for record in &mut rows.all {
        match record {
            Record::Room(RoomRecord::Room(room)) => *room = unplaced_room(room),
            Record::Room(RoomRecord::Message(message, _)) => *message = unplaced_message(message),
            Record::Room(RoomRecord::Member(member)) => {
                (member.joined_pos, member.changed_pos, member.marks_pos) = (0, 0, 0);
            }
            Record::Room(RoomRecord::Edit(state)) => state.edit.version = 0,
            // Nor with what a store need not know of what it refers to.
            Record::Room(RoomRecord::Held(held)) => {
                if let Some(forward) = &mut held.refers.forwarded {
                    forward.first = Profile::unknown(forward.first.user.clone());
                }
                if let Some(reply) = &mut held.refers.thread {
                    reply.max_followed = 0;
                }
            }
            Record::Room(RoomRecord::Hidden(hidden)) => hidden.pos = 0,
            Record::Room(RoomRecord::Act(entry)) => entry.pos = 0,
            Record::Room(RoomRecord::Follow(follow)) => follow.pos = 0,
            Record::Profile { .. }
            | Record::Relation(_)
            | Record::Settings(..)
            | Record::DoNotDisturb(..)
            | Record::Room(
                RoomRecord::JoinRequest(_)
                | RoomRecord::Reaction(..)
                | RoomRecord::Ban(_)
                | RoomRecord::Report(_)
                | RoomRecord::Invite(_),
            ) => {}
        }
    }
    rows
}
