//! What users let others see.
#![allow(missing_docs, reason = "the name of a case says what it checks")]

use super::Fixture;
use super::kit::user;
use crate::clock::Timestamp;
use crate::model::{LastSeen, Mark, Settings, SettingsUpdate};
use crate::store::{Answer, Batch, Item, Record, RecordPage, SettingsItem, SettingsOp, What};

const HIDDEN: SettingsUpdate = SettingsUpdate { last_seen: None, invisible: Some(true), read_receipts: None };
const PRIVATE: SettingsUpdate =
    SettingsUpdate { last_seen: None, invisible: None, read_receipts: Some(false) };
const OPEN: SettingsUpdate = SettingsUpdate { last_seen: None, invisible: None, read_receipts: Some(true) };

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + millis)
}

impl Fixture {
    /// What stands then, and whether it is new.
    async fn settle(&self, who: &str, op: SettingsOp) -> (Settings, bool) {
        let outcome = self.run(SettingsItem { user: user(who), op }).await;
        assert!(outcome.changes.is_empty(), "it takes no position");
        let Answer::Settings { user: of, now, is_new } = outcome.answer else { panic!("no settings") };
        assert_eq!(of, user(who));
        (now, is_new)
    }

    async fn settings(&self, who: &str) -> Option<Settings> {
        // One may be asked of twice.
        let found = self.store().settings(&[user(who), user(who)]).await.expect("the store reads");
        assert!(found.len() < 2, "each once: {found:?}");
        found.into_iter().next().map(|(of, settings)| {
            assert_eq!(of, user(who));
            settings
        })
    }
}

pub async fn what_was_never_settled_is_seen(chat: Fixture) {
    assert_eq!(chat.settings("ana").await, None);
    let nothing = SettingsUpdate::default();
    let (now, is_new) = chat.settle("ana", SettingsOp::Update(nothing, at(1))).await;
    assert_eq!((now, is_new), (Settings::default(), false));
    assert_eq!(chat.settings("ana").await, None, "nothing was");
    assert_eq!(chat.store().settings(&[]).await.expect("the store reads"), []);
}

pub async fn what_stands_already_is_no_news_and_each_state_is_later(chat: Fixture) {
    let friends = SettingsUpdate { last_seen: Some(LastSeen::Friends), ..HIDDEN };
    let (one, is_new) = chat.settle("ana", SettingsOp::Update(friends, at(5))).await;
    assert!(is_new && one.invisible && one.read_receipts && one.last_seen == LastSeen::Friends);
    assert_eq!((one.changed_at, chat.settings("ana").await), (at(5), Some(one)));
    assert_eq!(chat.settle("ana", SettingsOp::Update(friends, at(9))).await, (one, false));
    // A clock that was set back.
    let nobody = SettingsUpdate { last_seen: Some(LastSeen::Nobody), ..SettingsUpdate::default() };
    let (two, is_new) = chat.settle("ana", SettingsOp::Update(nobody, at(2))).await;
    assert!(is_new && two.changed_at > one.changed_at && two.invisible);
    assert_eq!((chat.settings("ana").await, chat.settings("ben").await), (Some(two), None));
}

pub async fn changes_at_once_lose_none(chat: Fixture) {
    let items = |update| {
        let item = SettingsItem { user: user("ana"), op: SettingsOp::Update(update, at(1)) };
        chat.store().commit(Batch::of([Item::from(item)]))
    };
    let nobody = SettingsUpdate { last_seen: Some(LastSeen::Nobody), ..SettingsUpdate::default() };
    let done = tokio::join!(items(HIDDEN), items(PRIVATE), items(nobody));
    for outcomes in [done.0, done.1, done.2] {
        outcomes.expect("the store commits").remove(0).expect("it is settled");
    }
    let now = chat.settings("ana").await.expect("something is settled");
    assert!(now.invisible && !now.read_receipts && now.last_seen == LastSeen::Nobody, "{now:?}");
    // Within a batch too.
    let item = |update| SettingsItem { user: user("ben"), op: SettingsOp::Update(update, at(1)) };
    let outcomes = chat.store().commit(Batch::of([item(HIDDEN), item(PRIVATE)])).await;
    assert_eq!(outcomes.expect("the store commits").len(), 2);
    let now = chat.settings("ben").await.expect("something is settled");
    assert!(now.invisible && !now.read_receipts, "{now:?}");
}

pub async fn whoever_hides_their_marks_counts_as_one_who_has_read_nothing(chat: Fixture) {
    let room = chat.group(&["ana", "ben", "cho"]).await;
    chat.run(chat.send_item(room, "ana", "one")).await;
    let read = async |who: &str| {
        let marks = chat.store().read_marks(&[room]).await.expect("the store reads");
        let of = marks[&room].iter().find(|(of, ..)| of.as_str() == who).cloned();
        of.map(|(_, _, read)| read).expect("a member")
    };
    let shared = async |who: &str, mark| {
        let outcome = chat.run(chat.mark_item(room, who, mark, None)).await;
        let [change] = &outcome.changes[..] else { panic!("{outcome:?}") };
        let What::Marked { is_shared, .. } = &change.what else { panic!("{change:?}") };
        *is_shared
    };
    chat.settle("ben", SettingsOp::Update(PRIVATE, at(1))).await;
    assert!(!shared("ben", Mark::Delivered).await && !shared("ben", Mark::Read).await);
    assert!(shared("cho", Mark::Read).await, "of everybody else it is told");
    assert_eq!((read("ben").await, read("cho").await), (0, 1));
    let member = chat.membership(room, "ben").await.expect("a member");
    assert_eq!((member.read_seq, member.delivered_seq), (1, 1), "the marks move all the same");
    chat.settle("ben", SettingsOp::Update(OPEN, at(2))).await;
    assert_eq!(read("ben").await, 1);
    chat.run(chat.send_item(room, "ana", "two")).await;
    // Settled in the very batch.
    let settled = SettingsItem { user: user("cho"), op: SettingsOp::Update(PRIVATE, at(3)) };
    let mark = chat.mark_item(room, "cho", Mark::Read, None);
    let outcomes = chat.store().commit(Batch::of([Item::from(settled), mark.into()])).await;
    let outcomes = outcomes.expect("the store commits");
    let told = &outcomes[1].as_ref().expect("it is marked").changes[0].what;
    assert!(matches!(told, What::Marked { is_shared: false, .. }), "{told:?}");
}

pub async fn settings_that_are_taken_in_end_nothing_later(chat: Fixture) {
    let (older, _) = chat.settle("ana", SettingsOp::Update(HIDDEN, at(1))).await;
    let (later, _) = chat.settle("ana", SettingsOp::Update(PRIVATE, at(2))).await;
    for (taken_in, of) in [(older, "ana"), (later, "ana"), (older, "ben"), (later, "ben"), (older, "ben")] {
        chat.settle(of, SettingsOp::Import(taken_in)).await;
    }
    assert_eq!((chat.settings("ana").await, chat.settings("ben").await), (Some(later), Some(later)));
    let page = async |after: Option<&str>| {
        let page = RecordPage::Settings { after: after.map(user) };
        chat.store().records(page, 1).await.expect("the store reads")
    };
    assert_eq!(page(None).await, [Record::Settings(user("ana"), later)]);
    assert_eq!(page(Some("ana")).await, [Record::Settings(user("ben"), later)]);
    assert_eq!(page(Some("ben")).await, []);
}

pub async fn settings_outlive_a_reopening(chat: Fixture) {
    let nobody = SettingsUpdate { last_seen: Some(LastSeen::Nobody), ..PRIVATE };
    let (settled, _) = chat.settle("ana", SettingsOp::Update(nobody, at(1))).await;
    let Some(chat) = chat.reopened().await else { return };
    assert_eq!(chat.settings("ana").await, Some(settled));
}
