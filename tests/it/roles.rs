//! Roles and permissions in process: what is told live, to whoever was away, and to other nodes.

use chat_core::event::{Event, EventKind, Notification, RoomChange};
use chat_core::model::{Custom, Draft, Limit, NewInvite, NewRoom, Role, RoomUpdate, Verb, Visibility};
use chat_core::policy::{Policy, Question};
use chat_core::{ChatEngine, ErrorKind, RoomId, Session, UserId};

fn id(name: &str) -> UserId {
    name.parse().unwrap()
}

async fn group(engine: &ChatEngine, users: &[&str]) -> RoomId {
    let new = NewRoom::group("room").with(users[1..].iter().copied());
    engine.as_user(id(users[0])).create_room(new).await.unwrap().id()
}

fn code<T: std::fmt::Debug>(result: chat_core::Result<T>) -> &'static str {
    result.map_or_else(|error| error.code(), |_| "OK")
}

/// Who has which role from now on.
fn role(event: &Event) -> Option<(String, Role)> {
    match &event.kind {
        EventKind::Role(profile, role, _) => Some((profile.user.to_string(), *role)),
        _ => None,
    }
}

async fn next<T>(session: &mut Session, wanted: impl Fn(&Event) -> Option<T>) -> T {
    loop {
        let event = session.next().await.unwrap();
        if let Some(found) = wanted(&event) {
            return found;
        }
    }
}

#[tokio::test]
async fn a_role_is_told_live_and_shows_in_the_room_and_its_list() {
    let engine = ChatEngine::builder().build().await.unwrap();
    let room = group(&engine, &["ana", "ben", "cho"]).await;
    let [ana, ben, cho] = ["ana", "ben", "cho"].map(|name| engine.as_user(id(name)));
    let mut session = cho.connect().await.unwrap();
    ana.set_role(room, ben.user(), Role::Admin).await.unwrap();
    assert_eq!(next(&mut session, role).await, ("ben".to_owned(), Role::Admin));
    ana.leave(room).await.unwrap();
    assert_eq!(next(&mut session, role).await, ("ben".to_owned(), Role::Owner));
    assert_eq!(ben.room(room).await.unwrap().role, Role::Owner);
    let people = cho.participants(room, None, Limit::MESSAGES).await.unwrap().participants;
    let roles: Vec<_> = people.iter().map(|one| one.role).collect();
    assert_eq!(roles, [Role::Owner, Role::Member]);
    let history = cho.room(room).await.unwrap().last_message.unwrap();
    assert_eq!(history.message.seq, 1, "of a role there are no words: {history:?}");
}

#[tokio::test]
async fn whoever_was_away_learns_roles_and_permissions_as_they_are() {
    let engine = ChatEngine::builder().build().await.unwrap();
    let room = group(&engine, &["ana", "ben", "cho"]).await;
    let [ana, cho] = ["ana", "cho"].map(|name| engine.as_user(id(name)));
    let token = cho.connect().await.unwrap().next().await.unwrap().token.unwrap();
    ana.set_role(room, &id("ben"), Role::ReadOnly).await.unwrap();
    ana.set_role(room, &id("ben"), Role::Admin).await.unwrap();
    ana.invite(room, &[id("dee")]).await.unwrap();
    ana.set_role(room, &id("dee"), Role::ReadOnly).await.unwrap();
    let update = RoomUpdate::new().with_permission(Verb::Invite, Role::Owner);
    ana.update_room(room, update).await.unwrap();
    let mut session = cho.connect_since(token).await.unwrap();
    let (mut roles, mut joined, mut permissions) = (Vec::new(), Vec::new(), None);
    loop {
        let event = session.next().await.unwrap();
        roles.extend(role(&event));
        match &event.kind {
            EventKind::Participant(profile, true) => joined.push(profile.user.to_string()),
            EventKind::Room(RoomChange::Updated, room) => permissions = Some(room.permissions),
            EventKind::CaughtUp { recovered } => {
                assert!(recovered);
                break;
            }
            _ => {}
        }
    }
    let expected = [("ben".to_owned(), Role::Admin), ("dee".to_owned(), Role::ReadOnly)];
    assert_eq!((roles.as_slice(), joined.as_slice()), (expected.as_slice(), ["dee".to_owned()].as_slice()));
    assert_eq!(permissions.unwrap().least(Verb::Invite), Role::Owner);
}

#[tokio::test]
async fn whoever_only_reads_does_not_type() {
    let engine = ChatEngine::builder().build().await.unwrap();
    let room = group(&engine, &["ana", "ben", "cho"]).await;
    let [ana, ben, cho] = ["ana", "ben", "cho"].map(|name| engine.as_user(id(name)));
    ana.set_role(room, ben.user(), Role::ReadOnly).await.unwrap();
    let mut listening = cho.connect().await.unwrap();
    let (mute, loud) = (ben.connect().await.unwrap(), ana.connect().await.unwrap());
    for session in [&mute, &loud] {
        session.execute(chat_core::event::Command::Typing(room, true)).await.unwrap();
    }
    let typist = next(&mut listening, |event| match &event.kind {
        EventKind::Typing(profile, true) => Some(profile.user.to_string()),
        _ => None,
    });
    assert_eq!(typist.await, "ana");
    assert_eq!(code(ben.send(room, Draft::text("hi")).await), "FORBIDDEN");
    ben.mark_read(room, None).await.unwrap();
}

#[tokio::test]
async fn an_update_needs_something_to_change_that_can_be_changed() {
    let engine = ChatEngine::builder().build().await.unwrap();
    let room = group(&engine, &["ana", "ben"]).await;
    let ana = engine.as_user(id("ana"));
    for update in [
        RoomUpdate::new(),
        RoomUpdate::new().with_permission(Verb::Create, Role::Owner),
        RoomUpdate::new().with_permission(Verb::SetPermissions, Role::Admin),
        RoomUpdate::new().with_name("a\nb"),
    ] {
        assert_eq!(code(ana.update_room(room, update).await), "INVALID_INPUT");
    }
    let update = RoomUpdate::new().with_name("Runners").with_permission(Verb::Send, Role::Owner);
    let view = ana.update_room(room, update).await.unwrap();
    assert_eq!((&*view.name, view.room.permissions.least(Verb::Send)), ("Runners", Role::Owner));
    assert_eq!(code(engine.as_user(id("ben")).send(room, Draft::text("hi")).await), "FORBIDDEN");
    let update = RoomUpdate::new().with_name("").with_permission(Verb::Send, Role::Member);
    engine.admin().update_room(room, &id("ana"), update).await.unwrap();
    engine.as_user(id("ben")).send(room, Draft::text("hi")).await.unwrap();
}

/// Lets nobody govern.
#[derive(Debug)]
struct Anarchy;

#[async_trait::async_trait]
impl Policy for Anarchy {
    fn asks_about(&self, verb: Verb) -> bool {
        matches!(verb, Verb::SetRole | Verb::SetPermissions | Verb::SetVisibility | Verb::Join)
    }

    async fn check(&self, question: Question<'_>) -> chat_core::Result<()> {
        assert!(question.verb != Verb::SetRole || question.others == [id("ben")], "{question:?}");
        Err(ErrorKind::Forbidden("we are all equal".into()).into())
    }
}

#[tokio::test]
async fn a_policy_is_asked_about_roles_and_permissions() {
    let engine = ChatEngine::builder().policy(Anarchy).build().await.unwrap();
    let room = group(&engine, &["ana", "ben"]).await;
    let ana = engine.as_user(id("ana"));
    assert_eq!(code(ana.set_role(room, &id("ben"), Role::Admin).await), "FORBIDDEN");
    let update = RoomUpdate::new().with_permission(Verb::Send, Role::Owner);
    assert_eq!(code(ana.update_room(room, update).await), "FORBIDDEN");
    let update = RoomUpdate::new().with_visibility(Visibility::Public);
    assert_eq!(code(ana.update_room(room, update.clone()).await), "FORBIDDEN");
    engine.admin().update_room(room, ana.user(), update).await.unwrap();
    assert_eq!(code(engine.as_user(id("cho")).join(room).await), "FORBIDDEN");
    assert_eq!(code(ana.join(RoomId::generate()).await), "ROOM_NOT_FOUND");
    ana.update_room(room, RoomUpdate::new().with_name("Equals")).await.unwrap();
    engine.admin().set_role(room, &id("ben"), Role::Admin).await.unwrap();
}

fn custom(object: &str) -> Custom {
    object.parse().unwrap()
}

#[tokio::test]
async fn a_room_says_what_it_is_about_from_its_making_on() {
    let engine = ChatEngine::builder().build().await.unwrap();
    let ana = engine.as_user(id("ana"));
    let new = NewRoom::group("Runners")
        .with_topic(" Tuesdays\nat seven ")
        .with_picture("https://example.org/a.png")
        .with_custom(custom("{ \"week\": 4 }"));
    let view = ana.create_room(new.with(["ben"])).await.unwrap().view;
    let said = |view: &chat_core::model::RoomView| {
        let about = &view.room.about;
        (about.topic.as_deref().map(str::to_owned), about.picture.as_deref().map(str::to_owned))
    };
    let (topic, picture) =
        (Some("Tuesdays\nat seven".to_owned()), Some("https://example.org/a.png".to_owned()));
    assert_eq!(said(&view), (topic.clone(), picture));
    assert_eq!(view.room.about.custom.as_str(), "{\"week\":4}");
    let room = view.room.id;
    let mut session = engine.as_user(id("ben")).connect().await.unwrap();
    let update = RoomUpdate::new().with_picture("").with_custom(custom("{\"week\":5}"));
    let view = ana.update_room(room, update).await.unwrap();
    assert_eq!(view.room.about.custom.to_map().unwrap()["week"], 5);
    assert_eq!(said(&view), (topic, None));
    let told = next(&mut session, |event| match &event.kind {
        EventKind::Room(RoomChange::Updated, room) => Some(room.about.clone()),
        _ => None,
    });
    assert_eq!(told.await, view.room.about);
    for bad in [
        RoomUpdate::new().with_topic("x".repeat(1001)),
        RoomUpdate::new().with_topic("a\0b"),
        RoomUpdate::new().with_picture("javascript:alert(1)"),
        RoomUpdate::new().with_picture(format!("https://{}", "x".repeat(2048))),
        RoomUpdate::new().with_custom(custom(&format!("{{\"a\":\"{}\"}}", "x".repeat(4089)))),
    ] {
        assert_eq!(code(ana.update_room(room, bad).await), "INVALID_INPUT");
    }
    assert_eq!(code(ana.create_room(NewRoom::group("").with_picture("ftp://a")).await), "INVALID_INPUT");
    let largest = custom(&format!("{{\"a\":\"{}\"}}", "x".repeat(4088)));
    ana.update_room(room, RoomUpdate::new().with_custom(largest)).await.unwrap();
    assert_eq!(
        code(engine.as_user(id("ben")).update_room(room, RoomUpdate::new().with_custom(custom("{}"))).await),
        "FORBIDDEN"
    );
}

#[tokio::test]
async fn a_closed_room_is_opened_again_and_tells_it() {
    let engine = ChatEngine::builder().build().await.unwrap();
    let [ana, ben] = ["ana", "ben"].map(|name| engine.as_user(id(name)));
    let challenge = || NewRoom::challenge("c-1", "Ten days").with(["ben"]);
    let room = ana.create_room(challenge()).await.unwrap().id();
    let mut session = ben.connect().await.unwrap();
    ana.close(room).await.unwrap();
    let token = ben.connect().await.unwrap().next().await.unwrap().token.unwrap();
    assert_eq!(code(ben.reopen(room).await), "FORBIDDEN");
    assert!(ana.reopen(room).await.unwrap().room.active);
    let is_open = |event: &Event| match &event.kind {
        EventKind::Room(RoomChange::Updated, room) if room.active => Some(()),
        _ => None,
    };
    next(&mut session, is_open).await;
    next(&mut ben.connect_since(token).await.unwrap(), is_open).await;
    ben.send(room, Draft::text("on it goes")).await.unwrap();
    ana.close(room).await.unwrap();
    let other = ben.create_room(challenge()).await.unwrap().id();
    let error = ana.reopen(room).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::ChallengeRoomExists(other));
    engine.admin().close(other).await.unwrap();
    engine.admin().reopen(room).await.unwrap();
    assert_eq!(code(engine.admin().reopen(RoomId::generate()).await), "ROOM_NOT_FOUND");
}

#[tokio::test]
async fn public_rooms_are_found_by_a_part_of_their_names() {
    let engine = ChatEngine::builder().build().await.unwrap();
    let [ana, cho] = ["ana", "cho"].map(|name| engine.as_user(id(name)));
    for number in 0..30 {
        ana.create_room(NewRoom::group(format!("Läufer {number}")).public()).await.unwrap();
        ana.create_room(NewRoom::group(format!("LÄUFER private {number}"))).await.unwrap();
    }
    ana.create_room(NewRoom::group("").public()).await.unwrap();
    let limit = Limit::new(7).unwrap();
    let all = async |part: &str| {
        let (mut names, mut before) = (Vec::new(), None);
        loop {
            let page = cho.public_rooms(part, before, limit).await.unwrap();
            assert!(page.rooms.len() <= 7);
            names.extend(page.rooms.iter().map(|room| room.name.as_deref().unwrap_or("-").to_owned()));
            before = page.next;
            if before.is_none() {
                return names;
            }
        }
    };
    assert_eq!(all("").await.len(), 31);
    let sorted = |mut names: Vec<String>| {
        names.sort();
        names
    };
    let public = (0..30).map(|number| format!("Läufer {number}")).collect();
    assert_eq!(sorted(all(" läufer ").await), sorted(public), "each once, and no private one");
    assert_eq!(all("R 29").await, ["Läufer 29"]);
    assert!(all("nobody").await.is_empty());
    assert_eq!(code(cho.public_rooms(&"x".repeat(201), None, limit).await), "INVALID_INPUT");
    let direct = NewRoom { visibility: Visibility::Public, ..NewRoom::direct("ben") };
    assert_eq!(code(ana.create_room(direct).await), "INVALID_INPUT");
}

#[tokio::test]
async fn a_search_looks_at_so_many_rooms_a_page_and_goes_on() {
    let engine = ChatEngine::builder().build().await.unwrap();
    let ana = engine.as_user(id("ana"));
    let oldest = ana.create_room(NewRoom::group("needle").public()).await.unwrap().id();
    // Ids of one millisecond have no order.
    std::thread::sleep(std::time::Duration::from_millis(2));
    for _ in 0..500 {
        ana.create_room(NewRoom::group("hay").public()).await.unwrap();
    }
    let page = ana.public_rooms("needle", None, Limit::ROOMS).await.unwrap();
    assert!(page.rooms.is_empty() && page.next.is_some());
    let page = ana.public_rooms("needle", page.next, Limit::ROOMS).await.unwrap();
    assert_eq!((page.rooms[0].id, page.next), (oldest, None));
}

#[tokio::test]
async fn whoever_joins_a_public_room_hears_it_and_is_told_of() {
    let engine = ChatEngine::builder().build().await.unwrap();
    let [ana, cho] = ["ana", "cho"].map(|name| engine.as_user(id(name)));
    let room = ana.create_room(NewRoom::group("Runners").public()).await.unwrap().id();
    let [mut hers, mut theirs] = [ana.connect().await.unwrap(), cho.connect().await.unwrap()];
    assert_eq!(cho.join(room).await.unwrap().role, Role::Member);
    ana.send(room, Draft::text("welcome")).await.unwrap();
    let joined = |event: &Event| matches!(event.kind, EventKind::Participant(_, true)).then_some(());
    next(&mut hers, joined).await;
    let text = |event: &Event| matches!(event.kind, EventKind::Message(_)).then_some(());
    next(&mut theirs, text).await;
    let private = group(&engine, &["ana"]).await;
    assert_eq!(code(cho.join(private).await), "NOT_A_PARTICIPANT");
    assert_eq!(code(cho.join(RoomId::generate()).await), "ROOM_NOT_FOUND");
    let update = RoomUpdate::new().with_visibility(Visibility::Private);
    assert_eq!(code(cho.update_room(room, update.clone()).await), "FORBIDDEN");
    ana.update_room(room, update).await.unwrap();
    assert_eq!(code(engine.as_user(id("dee")).join(room).await), "NOT_A_PARTICIPANT");
}

#[tokio::test]
async fn an_invite_link_lets_in_as_many_as_it_says_and_is_seen_by_who_may() {
    let engine = ChatEngine::builder().build().await.unwrap();
    let room = group(&engine, &["ana", "ben"]).await;
    let [ana, ben, cho] = ["ana", "ben", "cho"].map(|name| engine.as_user(id(name)));
    for (bad, field) in [
        (NewInvite { expires_in: Some(0), ..NewInvite::default() }, "expiresIn"),
        (NewInvite { expires_in: Some(31_536_001), ..NewInvite::default() }, "expiresIn"),
        (NewInvite { max_uses: Some(0), ..NewInvite::default() }, "maxUses"),
    ] {
        let error = ana.create_invite(room, bad).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Invalid { field: named, .. } if named == field), "{error}");
    }
    let new = NewInvite { expires_in: Some(60), max_uses: Some(1), ..NewInvite::default() };
    let hers = ana.create_invite(room, new).await.unwrap();
    let his = ben.create_invite(room, NewInvite::default()).await.unwrap();
    let codes = async |actor: &chat_core::Actor| {
        let links = actor.invites(room).await.unwrap();
        links.iter().map(|link| link.code).collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(codes(&ana).await, [hers.code, his.code].into());
    assert_eq!(codes(&ben).await, [his.code].into(), "one's own");
    assert_eq!(code(cho.invites(room).await), "NOT_A_PARTICIPANT");
    let mut session = ana.connect().await.unwrap();
    assert_eq!(cho.accept_invite(hers.code).await.unwrap().role, Role::Member);
    let joined = |event: &Event| matches!(event.kind, EventKind::Participant(_, true)).then_some(());
    next(&mut session, joined).await;
    assert_eq!(code(engine.as_user(id("dee")).accept_invite(hers.code).await), "INVITE_NOT_FOUND");
    assert_eq!(codes(&ana).await, [his.code].into(), "what is used up holds no more");
    ana.revoke_invite(room, his.code).await.unwrap();
    assert_eq!(code(engine.as_user(id("dee")).accept_invite(his.code).await), "INVITE_NOT_FOUND");
    let hosts = engine.admin().create_invite(room, NewInvite::default()).await.unwrap();
    engine.admin().revoke_invite(room, hosts.code).await.unwrap();
    assert_eq!(code(engine.admin().revoke_invite(room, hosts.code).await), "INVITE_NOT_FOUND");
}

#[tokio::test]
async fn who_is_invited_is_told_and_accepts_or_declines() {
    let engine = ChatEngine::builder().build().await.unwrap();
    let ana = engine.as_user(id("ana"));
    let room = ana.create_room(NewRoom::group("Runners").with(["ben"])).await.unwrap().id();
    let [cho, dee] = ["cho", "dee"].map(|name| engine.as_user(id(name)));
    let (mut hers, mut chos, mut dees) =
        (ana.connect().await.unwrap(), cho.connect().await.unwrap(), dee.connect().await.unwrap());
    let invited = |event: &Event| match &event.kind {
        EventKind::Notification(Notification::Invited(invitation)) => Some(invitation.clone()),
        _ => None,
    };
    let ended = |event: &Event| match &event.kind {
        EventKind::Notification(Notification::InviteEnded(_, code)) => Some(*code),
        _ => None,
    };
    for who in ["cho", "dee"] {
        ana.create_invite(room, NewInvite::of(id(who))).await.unwrap();
    }
    let told = next(&mut chos, invited).await;
    let by = told.by.as_ref().map(|by| by.user.clone());
    assert_eq!((told.room, told.room_name.as_deref(), by), (room, Some("Runners"), Some(id("ana"))));
    let list = async |actor: &chat_core::Actor| {
        let page = actor.invitations(None, Limit::new(1).unwrap()).await.unwrap();
        assert_eq!(page.next, None);
        page.invitations
    };
    assert_eq!(list(&cho).await, std::slice::from_ref(&told), "as it was told live");
    assert_eq!(code(dee.accept_invite(told.code).await), "INVITE_NOT_FOUND");
    assert_eq!(code(dee.decline_invite(told.code).await), "INVITE_NOT_FOUND");
    assert_eq!(cho.accept_invite(told.code).await.unwrap().role, Role::Member);
    assert!(list(&cho).await.is_empty());

    let declined = next(&mut dees, invited).await.code;
    assert_eq!(dee.decline_invite(declined).await.unwrap(), room);
    assert_eq!(next(&mut dees, ended).await, declined, "the other devices");
    let told = next(&mut hers, |event| match &event.kind {
        EventKind::Notification(Notification::InviteDeclined(of, who)) => Some((*of, who.user.clone())),
        _ => None,
    });
    assert_eq!(told.await, (room, id("dee")));
    assert_eq!(code(dee.accept_invite(declined).await), "INVITE_NOT_FOUND");

    let again = ana.create_invite(room, NewInvite::of(id("dee"))).await.unwrap();
    assert_eq!(ana.invites(room).await.unwrap(), std::slice::from_ref(&again));
    ana.revoke_invite(room, again.code).await.unwrap();
    assert_eq!(next(&mut dees, ended).await, again.code);
    let hosts = engine.admin().create_invite(room, NewInvite::of(id("dee"))).await.unwrap();
    assert_eq!(list(&dee).await[0].by, None);
    ana.close(room).await.unwrap();
    assert!(list(&dee).await.is_empty(), "nobody comes into a closed room");
    assert_eq!(code(dee.accept_invite(hosts.code).await), "ROOM_CLOSED");
}
