//! Cases about reports of messages.
#![allow(missing_docs, reason = "the name of a case says what it checks")]

use super::Fixture;
use super::kit::user;
use super::moderation::is_forbidden;
use crate::error::ErrorKind;
use crate::id::{MessageId, ReportId, RoomId};
use crate::model::{Act, Report, ReportOutcome, Resolution};
use crate::store::{Amend, Answer, Op, Outcome, RoomItem};

/// The report that an outcome answers with.
fn reported(outcome: &Outcome) -> Report {
    let Answer::Reported(report) = &outcome.answer else { panic!("no report: {:?}", outcome.answer) };
    Report::clone(report)
}

impl Fixture {
    fn report_item(&self, room: RoomId, who: &str, message: MessageId, reason: Option<&str>) -> RoomItem {
        let reason = reason.map(str::to_owned);
        self.item(room, Some(who), Op::Report { id: ReportId::generate(), message, reason })
    }

    fn resolve_item(&self, room: RoomId, by: Option<&str>, id: ReportId, outcome: ReportOutcome) -> RoomItem {
        self.item(room, by, Op::Resolve { id, outcome })
    }

    async fn waiting(&self, room: Option<RoomId>) -> Vec<Report> {
        self.store().reports(room, None, 1000).await.expect("the store reads")
    }
}

pub async fn a_report_waits_until_somebody_says_what_came_of_it(chat: Fixture) {
    let (room, other) = (chat.group(&["ana", "ben", "cho"]).await, chat.group(&["ana", "ben"]).await);
    let [message, elsewhere] =
        [chat.send(room, "ben", "buy now").await, chat.send(other, "ben", "buy").await];
    let last_pos = chat.room(room).await.last_pos;
    let item = chat.report_item(room, "cho", message.id, Some("광고 🦊"));
    let (at, Op::Report { id, .. }) = (item.at, item.op.clone()) else { unreachable!() };
    let outcome = chat.run(item).await;
    assert!(outcome.changes.is_empty(), "nobody is told: {outcome:?}");
    let (by, sender, reason) = (user("cho"), user("ben"), Some("광고 🦊".to_owned()));
    let first = Report { id, room, message: message.id, sender, by, at, reason, resolution: None };
    assert_eq!(reported(&outcome), first);
    let again = chat.run(chat.report_item(room, "cho", message.id, None)).await;
    assert_eq!(reported(&again), first, "one of each user and message");
    let hosts = chat.direct("ana", "ben").await;
    let private = chat.send(hosts, "ben", "psst").await;
    let second = reported(&chat.run(chat.report_item(room, "ana", message.id, None)).await);
    let third = reported(&chat.run(chat.report_item(other, "ana", elsewhere.id, None)).await);
    let fourth = reported(&chat.run(chat.report_item(hosts, "ana", private.id, None)).await);
    let mut all = vec![first.clone(), second.clone(), third, fourth];
    all.sort_by_key(|report| report.id);
    assert_eq!(chat.waiting(None).await, all);
    let mut here = vec![first.clone(), second.clone()];
    here.sort_by_key(|report| report.id);
    assert_eq!(chat.waiting(Some(room)).await, here);
    for room in [None, Some(room)] {
        let (mut paged, mut after) = (Vec::new(), None);
        loop {
            let page = chat.store().reports(room, after, 1).await.expect("the store reads");
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            paged.extend(page);
        }
        assert_eq!(paged, chat.waiting(room).await);
    }
    assert_eq!(chat.room(room).await.last_pos, last_pos, "it takes no position");

    for (by, kind) in [("cho", None), ("eve", Some(ErrorKind::NotAParticipant(room)))] {
        let refused = chat.refused(chat.resolve_item(room, Some(by), id, ReportOutcome::Dismissed)).await;
        assert!(kind.map_or(is_forbidden(&refused), |kind| kind == refused), "{refused:?}");
    }
    let item = chat.resolve_item(room, Some("ana"), id, ReportOutcome::UserBanned);
    let at = item.at;
    let outcome = chat.run(item).await;
    let audit = chat.store().audit(room, None, 10).await.expect("the store reads");
    assert_eq!((audit.len(), audit[0].pos), (1, outcome.changes[0].pos.at));
    assert_eq!(audit[0].act, Act::Resolve(message.id, ReportOutcome::UserBanned));
    assert!(chat.run(chat.resolve_item(room, None, id, ReportOutcome::Dismissed)).await.changes.is_empty());
    let resolution = Some(Resolution { at, by: Some(user("ana")), outcome: ReportOutcome::UserBanned });
    let again = chat.run(chat.report_item(room, "cho", message.id, None)).await;
    assert_eq!(reported(&again), Report { resolution, ..first }, "also of one that is resolved");
    assert_eq!(chat.waiting(Some(room)).await, std::slice::from_ref(&second));
    for (room, id) in [(room, ReportId::generate()), (other, second.id)] {
        let kind = chat.refused(chat.resolve_item(room, None, id, ReportOutcome::Dismissed)).await;
        assert_eq!(kind, ErrorKind::ReportNotFound(id), "of this room alone");
    }
    let Some(chat) = chat.reopened().await else { return };
    assert_eq!(chat.waiting(Some(room)).await, [second]);
}

pub async fn whoever_reads_reports_what_others_have_said(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let message = chat.send(room, "ben", "hello").await;
    let kind = chat.refused(chat.report_item(room, "eve", message.id, None)).await;
    assert_eq!(kind, ErrorKind::NotAParticipant(room));
    let unknown = MessageId::generate();
    assert_eq!(
        chat.refused(chat.report_item(room, "ana", unknown, None)).await,
        ErrorKind::MessageNotFound(unknown)
    );
    let kind = chat.refused(chat.report_item(room, "ben", message.id, None)).await;
    assert!(is_forbidden(&kind), "{kind:?}");
    let delete = Op::Amend { message: message.id, change: Amend::Delete { within: None } };
    chat.run(chat.item(room, Some("ben"), delete)).await;
    let kind = chat.refused(chat.report_item(room, "ana", message.id, None)).await;
    assert_eq!(kind, ErrorKind::MessageDeleted(message.id));
    chat.run(chat.rename_item(room, Some("ana"), "ana", "another")).await;
    let notice = chat.history(room).await.pop().expect("it was told");
    let kind = chat.refused(chat.report_item(room, "ben", notice.id, None)).await;
    assert!(is_forbidden(&kind), "{kind:?}");
    assert!(chat.waiting(None).await.is_empty());
    // Within a batch, two of one user are one.
    let message = chat.send(room, "ben", "hello").await;
    let twice =
        [chat.report_item(room, "ana", message.id, None), chat.report_item(room, "ana", message.id, None)];
    let outcomes = chat.done(twice.to_vec()).await;
    assert_eq!(reported(&outcomes[0]), reported(&outcomes[1]));
    assert_eq!(chat.waiting(Some(room)).await.len(), 1);
}
