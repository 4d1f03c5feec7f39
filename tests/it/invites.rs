//! What whoever has an invite link sees of where it leads, before they come in by it.

use std::time::Duration;

use chat_core::config::Rate;
use chat_core::model::{Draft, InviteCode, NewInvite, NewRoom, Sanction, Verb};
use chat_core::policy::{Policy, Question};
use chat_core::testing::ManualClock;
use chat_core::{ChatEngine, Config, ErrorKind, Result, UserId};

fn id(name: &str) -> UserId {
    name.parse().unwrap()
}

fn code<T: std::fmt::Debug>(result: Result<T>) -> &'static str {
    result.map_or_else(|error| error.code(), |_| "OK")
}

async fn engine(clock: &ManualClock, set: impl FnOnce(&mut Config)) -> ChatEngine {
    let mut config = Config::default();
    set(&mut config);
    ChatEngine::builder().clock(clock.clone()).config(config).build().await.unwrap()
}

#[tokio::test]
async fn whoever_has_a_link_sees_what_it_leads_to_and_uses_none_of_it_up() {
    let engine = engine(&ManualClock::default(), |_| {}).await;
    let [ana, cho] = ["ana", "cho"].map(|name| engine.as_user(id(name)));
    let new = NewRoom::group("Runners").with(["ben"]).with_topic("Tuesdays at seven");
    let room = ana.create_room(new.with_picture("https://example.org/r.png")).await.unwrap().id();
    ana.send(room, Draft::text("a secret")).await.unwrap();
    let once = NewInvite { expires_in: Some(60), max_uses: Some(1), ..NewInvite::default() };
    let link = ana.create_invite(room, once).await.unwrap();
    for _ in 0..2 {
        let seen = cho.invite_preview(link.code).await.unwrap();
        assert_eq!((seen.code, seen.room.id, seen.room.name.as_deref()), (link.code, room, Some("Runners")));
        let about = &seen.room.about;
        let (topic, picture) = (about.topic.as_deref(), about.picture.as_deref());
        assert_eq!((topic, picture), (Some("Tuesdays at seven"), Some("https://example.org/r.png")));
        assert_eq!((seen.room.members, seen.by.unwrap().user), (2, id("ana")));
        assert_eq!((seen.expires_at, seen.is_participant, seen.refusal), (link.expires_at, false, None));
    }
    assert_eq!(code(cho.room(room).await), "NOT_A_PARTICIPANT", "to look is not to come in");
    assert_eq!(ana.invites(room).await.unwrap()[0].uses, 0);
    let seen = ana.invite_preview(link.code).await.unwrap();
    assert!(seen.is_participant && seen.refusal.is_none());
    let hosts = engine.admin().create_invite(room, NewInvite::of(id("cho"))).await.unwrap();
    assert_eq!(cho.invite_preview(hosts.code).await.unwrap().by, None);
    cho.accept_invite(link.code).await.unwrap();
}

#[tokio::test]
async fn of_a_link_that_holds_no_more_or_is_somebody_elses_nothing_is_told() {
    let clock = ManualClock::default();
    let engine = engine(&clock, |_| {}).await;
    let [ana, cho] = ["ana", "cho"].map(|name| engine.as_user(id(name)));
    let new_room = async || ana.create_room(NewRoom::group("Runners")).await.unwrap().id();
    let (room, gone) = (new_room().await, new_room().await);
    let make = async |room, new| ana.create_invite(room, new).await.unwrap().code;
    let short = make(room, NewInvite { expires_in: Some(60), ..NewInvite::default() }).await;
    let once = make(room, NewInvite { max_uses: Some(1), ..NewInvite::default() }).await;
    let revoked = make(room, NewInvite::default()).await;
    let bens = make(room, NewInvite::of(id("ben"))).await;
    let of_gone = make(gone, NewInvite::default()).await;
    for code in [short, once, revoked, of_gone] {
        cho.invite_preview(code).await.unwrap();
    }
    clock.advance(Duration::from_secs(60));
    engine.as_user(id("dee")).accept_invite(once).await.unwrap();
    ana.revoke_invite(room, revoked).await.unwrap();
    ana.delete_room(gone).await.unwrap();
    for unknown in [short, once, revoked, bens, of_gone, InviteCode::generate()] {
        let error = cho.invite_preview(unknown).await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::InviteNotFound);
        // Nor does it tell whoever is in the room more than coming in by it would.
        assert_eq!(code(ana.invite_preview(unknown).await), "INVITE_NOT_FOUND");
    }
    engine.as_user(id("ben")).invite_preview(bens).await.unwrap();
}

#[tokio::test]
async fn what_would_keep_one_out_now_is_told_as_coming_in_tells_it() {
    let clock = ManualClock::default();
    let engine = engine(&clock, |config| config.max_room_members = 2).await;
    let [ana, cho] = ["ana", "cho"].map(|name| engine.as_user(id(name)));
    let room = ana.create_room(NewRoom::group("Runners")).await.unwrap().id();
    let link = ana.create_invite(room, NewInvite::default()).await.unwrap().code;
    let refusal = async || cho.invite_preview(link).await.unwrap().refusal;
    let is_refused_so = async |kind: ErrorKind| {
        assert_eq!(refusal().await, Some(kind.clone()));
        assert_eq!(*cho.accept_invite(link).await.unwrap_err().kind(), kind);
    };
    ana.invite(room, &[id("ben")]).await.unwrap();
    is_refused_so(ErrorKind::RoomFull(2)).await;
    let ban = ana.ban(room, &id("cho"), Sanction::seconds(60)).await.unwrap();
    is_refused_so(ErrorKind::Banned { user: id("cho"), until: ban.until }).await;
    ana.close(room).await.unwrap();
    is_refused_so(ErrorKind::RoomClosed(room)).await;
    ana.reopen(room).await.unwrap();
    ana.remove(room, &id("ben")).await.unwrap();
    clock.advance(Duration::from_secs(60));
    assert_eq!(refusal().await, None, "a ban that is over keeps nobody out");
    cho.accept_invite(link).await.unwrap();
}

/// Lets eve in nowhere.
#[derive(Debug)]
struct NoEve;

#[async_trait::async_trait]
impl Policy for NoEve {
    fn asks_about(&self, verb: Verb) -> bool {
        verb == Verb::Join
    }

    async fn check(&self, question: Question<'_>) -> Result<()> {
        match question.actor.as_str() {
            "eve" => Err(ErrorKind::Forbidden("not eve".into()).into()),
            "una" => Err(ErrorKind::Unavailable.into()),
            _ => Ok(()),
        }
    }
}

#[tokio::test]
async fn so_is_what_the_policy_says_unless_it_cannot_tell_now() {
    let engine = ChatEngine::builder().policy(NoEve).build().await.unwrap();
    let ana = engine.as_user(id("ana"));
    let room = ana.create_room(NewRoom::group("Runners")).await.unwrap().id();
    let link = ana.create_invite(room, NewInvite::default()).await.unwrap().code;
    let seen = engine.as_user(id("eve")).invite_preview(link).await.unwrap();
    assert_eq!(seen.refusal, Some(ErrorKind::Forbidden("not eve".into())));
    assert_eq!(code(engine.as_user(id("una")).invite_preview(link).await), "UNAVAILABLE");
}

#[tokio::test(start_paused = true)]
async fn to_look_at_links_is_limited_like_coming_in_by_them() {
    let engine = engine(&ManualClock::default(), |config| {
        config.rate_limits.changes = Some(Rate::per_second(1).with_burst(3));
    })
    .await;
    let cho = engine.as_user(id("cho"));
    for _ in 0..3 {
        assert_eq!(code(cho.invite_preview(InviteCode::generate()).await), "INVITE_NOT_FOUND");
    }
    assert_eq!(code(cho.invite_preview(InviteCode::generate()).await), "RATE_LIMITED");
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(code(cho.invite_preview(InviteCode::generate()).await), "INVITE_NOT_FOUND");
}
