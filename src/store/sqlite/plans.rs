//! Holds fast that each read finds its rows by an index.

use rusqlite::{Connection, StatementStatus};

use super::{
    SqliteOptions, alerts, amend, attachments, edits, follows, held, hidden, joins, keeping, mentions,
    moderation, notify, push, read, records, rows, schema, search, settings, write,
};

/// The steps by which a read finds its rows. How a subquery finds its own is among them, and that they are walked then is
/// not.
fn plan(conn: &Connection, sql: &str) -> Vec<String> {
    let mut statement = conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let count = statement.parameter_count();
    let none = rusqlite::params_from_iter((0..count).map(|_| None::<i64>));
    let steps = statement.query_map(none, |row| row.get("detail")).unwrap();
    let mut steps: Vec<String> = steps.map(Result::unwrap).collect();
    let subqueries = steps.iter().filter_map(|step| step.strip_prefix("CO-ROUTINE "));
    let walked: Vec<String> =
        subqueries.flat_map(|name| [format!("CO-ROUTINE {name}"), format!("SCAN {name}")]).collect();
    steps.retain(|step| !walked.contains(step));
    steps
}

/// How often a statement is prepared once more, when it is run again with other values.
fn prepared_again(conn: &Connection, sql: &str) -> i32 {
    let mut statement = conn.prepare(sql).unwrap();
    for value in 1..=3_i64 {
        let values = rusqlite::params_from_iter((0..statement.parameter_count()).map(|_| value));
        statement.query(values).unwrap().next().unwrap();
    }
    statement.get_status(StatementStatus::RePrepare)
}

#[test]
fn each_read_finds_its_rows_by_an_index() {
    let dir = tempfile::tempdir().unwrap();
    let conn = schema::open_writer(&dir.path().join("chat.db"), &SqliteOptions::default()).unwrap();
    let primary = "PRIMARY KEY";
    // (a read, how it starts, whether it may sort)
    let reads = [
        (read::ROOM, primary, false),
        (read::MEMBER, primary, false),
        (read::ROOM_COUNT, "members_by_user (user=?)", false),
        (read::ROOMS_BY_ACTIVITY, "members_by_user (user=?)", true),
        (read::FIRST_PROFILES, "PRIMARY KEY (room=?)", false),
        (keeping::ROOMS, "rooms_keeping (id>?)", false),
        (keeping::CUT[0], "PRIMARY KEY (room=? AND seq<?)", false),
        (keeping::CUT[1], "PRIMARY KEY (room=? AND seq<?)", false),
        (keeping::CUT[2], "PRIMARY KEY (room=? AND seq<?)", false),
        (keeping::END[0], "PRIMARY KEY (room=?)", false),
        (keeping::END[1], "invites_by_room (room=?)", false),
        (keeping::END[2], "PRIMARY KEY (room=?)", false),
        (keeping::END[3], "(room=?)", false),
        (keeping::CUT_INDEX[1], "search_places_by_message (room=? AND seq<?)", false),
        (read::PUBLIC_ROOMS, "rooms_public (id<?)", false),
        (read::INVITE, "PRIMARY KEY (code=?)", false),
        (read::INVITES, "invites_by_room (room=?)", false),
        (read::INVITATIONS, "invites_by_user (invited=? AND code>?)", false),
        (read::MEMBERSHIPS, "members_by_user (user=? AND room>?)", false),
        (read::MEMBERSHIPS_PAST_TOO, "members_by_user (user=? AND room>?)", false),
        (read::STAYS, "members_by_user (user=?)", false),
        (read::MEMBERS, "PRIMARY KEY (room=? AND user>?)", false),
        (read::HEIRS, "PRIMARY KEY (room=?)", true),
        (read::READ_MARKS, "PRIMARY KEY (room=?)", false),
        (read::MEMBERS_SINCE, "members_by_change (room=? AND changed_pos>? AND changed_pos<?)", false),
        (read::FEW_MARKS_SINCE, "members_by_mark (room=? AND marks_pos>?)", true),
        (read::MANY_MARKS_SINCE, "PRIMARY KEY (room=? AND user>?)", false),
        (read::MESSAGES, "PRIMARY KEY (room=? AND seq>? AND seq<?)", false),
        (read::MESSAGE, "messages_by_id (id=?)", false),
        (read::MESSAGES_SINCE, "messages_by_pos (room=? AND pos>? AND pos<?)", false),
        (read::PROFILE, primary, false),
        (read::LOGOUT, primary, false),
        (rows::FORGET_PROFILE, primary, false),
        (rows::END_ERASURE, primary, false),
        (settings::SETTINGS, primary, false),
        (edits::EDITS, "PRIMARY KEY (room=? AND seq=? AND version<?)", false),
        (records::QUIET, "PRIMARY KEY (user>?)", false),
        (records::SETTINGS, "PRIMARY KEY (user>?)", false),
        (read::RELATION, "PRIMARY KEY (user=? AND other=?)", false),
        (read::RELATIONS, "relations_by_kind (user=? AND kind=? AND other>?)", false),
        (attachments::ATTACHMENT, "PRIMARY KEY (room=? AND id=?)", false),
        (attachments::STORED_BYTES, "COVERING INDEX attachments_of (uploader=?)", false),
        (attachments::UNSENT, "attachments_unsent (created_at<?)", false),
        (records::PROFILES, "PRIMARY KEY (user>?)", false),
        (records::PROFILE_OF, "PRIMARY KEY (user=?)", false),
        (records::MESSAGES_BY, "messages_by_sender (room=? AND sender=? AND seq>?)", false),
        (records::REACTIONS_BY, "reactions_by_user (room=? AND user=? AND (seq,reaction)>(?,?))", false),
        (records::BANS_OF, "bans_by_user (user=? AND room>?)", false),
        (moderation::REPORTS_BY, "reports_by_maker (made_by=? AND id>?)", false),
        (records::PROFILES_IN, "PRIMARY KEY (room=? AND user>?)", false),
        (records::RELATIONS, "PRIMARY KEY", false),
        (records::ROOMS, "PRIMARY KEY (id>?)", false),
        (records::MESSAGES, "PRIMARY KEY (room=? AND seq>?)", false),
        (records::MEMBERS, "PRIMARY KEY (room=? AND user>?)", false),
        (amend::AMENDED_SINCE, "messages_by_change (room=? AND changed_pos>? AND changed_pos<?)", false),
        (amend::REACTIONS, "PRIMARY KEY (room=? AND seq=? AND (reaction,user)>(?,?))", false),
        (amend::REACTIONS_OF, "reactions_by_user (room=? AND user=? AND seq>? AND seq<?)", false),
        (amend::REACTION, "PRIMARY KEY (room=? AND seq=? AND reaction=? AND user=?)", false),
        (amend::PINNED, "messages_pinned (room=? AND pinned_at>? AND (pinned_at,seq)<(?,?))", false),
        (amend::REPLIES, "messages_in_thread (room=? AND root=? AND seq<?)", false),
        (amend::PINS, "messages_pinned (room=?", false),
        (records::REACTIONS, "PRIMARY KEY (room=? AND (seq,reaction,user)>(?,?,?))", false),
        (search::ROOMS, "PRIMARY KEY (id>?)", false),
        (search::PROGRESS, primary, false),
        (search::PLACE, "search_places_by_message (room=? AND seq=?)", false),
        (search::LAST_PLACE, "INTEGER PRIMARY KEY (rowid>? AND rowid<?)", false),
        (search::OWN_ROOMS, "members_by_user (user=?)", false),
        (mentions::UNREAD, "PRIMARY KEY (room=? AND user=? AND seq>?)", false),
        (moderation::AUDIT, "PRIMARY KEY (room=? AND pos<?)", false),
        (moderation::BAN, primary, false),
        (moderation::REPORTS, "reports_waiting (id>?)", false),
        (moderation::REPORTS_IN, "reports_waiting_in (room=? AND id>?)", false),
        (moderation::REPORT, primary, false),
        (moderation::REPORTED, "(room=? AND message=? AND made_by=?)", false),
        (held::HELD, primary, false),
        (held::ALL, "PRIMARY KEY (id>?)", false),
        (held::IN_ROOM, "held_in_room (room=? AND id>?)", false),
        (held::BY_SENDER, "held_by_sender (sender=? AND id>?)", false),
        (held::PLACE, primary, false),
        (held::HELD_AS, "held_as (room=? AND sender=? AND client_id=?)", false),
        (held::COUNT, "COVERING INDEX held_as (room=?)", false),
        (joins::REQUEST, primary, false),
        (joins::ALL, "PRIMARY KEY (id>?)", false),
        (joins::IN_ROOM, "join_requests_in_room (room=? AND id>?)", false),
        (joins::BY_USER, "join_requests_by_user (user=? AND id>?)", false),
        (joins::PLACE, primary, false),
        (joins::OF_USER, "join_requests_as (room=? AND user=?)", false),
        (joins::COUNT, "COVERING INDEX join_requests_in_room (room=?)", false),
        (moderation::BANS, "PRIMARY KEY (room=? AND user>?)", false),
        (records::REPORTS, "(room=? AND (message,made_by)>(?,?))", false),
        (hidden::HIDDEN, "PRIMARY KEY (room=? AND user=? AND seq>? AND seq<?)", false),
        (hidden::HIDDEN_SINCE, "PRIMARY KEY (room=? AND user=?)", true),
        (hidden::ALL_HIDDEN_SINCE, "hidden_by_pos (room=? AND pos>? AND pos<?)", false),
        (hidden::LAST_SEEN, "PRIMARY KEY (room=?)", false),
        (hidden::UNHIDE, "PRIMARY KEY (room=? AND user=?)", false),
        (hidden::IS_HIDDEN, "PRIMARY KEY (room=? AND user=? AND seq=?)", false),
        (follows::FOLLOW, "PRIMARY KEY (room=? AND root=? AND user=?)", false),
        (follows::FOLLOWS, "follows_by_user (user=? AND (room,root)>(?,?))", false),
        (follows::FOLLOWS_SINCE, "follows_by_pos (room=? AND pos>? AND pos<?)", false),
        (follows::FOLLOWERS, "PRIMARY KEY (room=? AND root=? AND user>? AND user<?)", false),
        (follows::UNREAD, "messages_in_thread (room=? AND root=? AND seq>?)", false),
        (follows::COUNT, "follows_by_user (user=?)", false),
        (records::FOLLOWS, "PRIMARY KEY (room=? AND (root,user)>(?,?))", false),
        (keeping::CUT[5], "PRIMARY KEY (room=? AND root<?)", false),
        (records::HIDDEN, "PRIMARY KEY (room=? AND (user,seq)>(?,?))", false),
        (edits::COUNT, "PRIMARY KEY (room=? AND seq=?)", false),
        (records::EDITS, "PRIMARY KEY (room=? AND seq=? AND version>?)", false),
        (moderation::ACTS_AT, "audit_at (room=? AND at=?)", false),
        (records::ACTS, "PRIMARY KEY (room=? AND pos>?)", false),
        (records::INVITES, "invites_by_room (room=? AND code>?)", false),
        (records::BANS, "PRIMARY KEY (room=? AND user>?)", false),
        (write::WRITE_ROOM_COUNTS, primary, false),
        (rows::PLACE, "messages_by_id (id=?)", false),
        (rows::ROOM_WITH_KEY, primary, false),
        (rows::END_OUTBOX_ROW, "INTEGER PRIMARY KEY (rowid=?)", false),
        (rows::SENT, "messages_by_client_id (room=? AND sender=? AND client_id=?)", false),
        (rows::COUNT_AT, "PRIMARY KEY (room=? AND seq=?)", false),
        (notify::QUIET, primary, false),
        (push::ROOMS, "PRIMARY KEY (id>?)", false),
        (push::CONSIDERED, primary, false),
        (push::DUE, "push_retries_due (due<?)", false),
        (push::IS_DUE, "push_retries_due (due<?)", false),
        (push::WAITS, primary, false),
        (push::BLOCK, "(user=? AND", false),
        (alerts::DUE, "push_alerts_due (due<?)", false),
        (alerts::IS_DUE, "push_alerts_due (due<?)", false),
        (alerts::COUNT, "PRIMARY KEY (user=?)", false),
        (alerts::END_OF_USER, "PRIMARY KEY (user=?)", false),
        (alerts::END_OF_ROOM, "push_alerts_of_room (subject=?)", false),
        (rows::OWN_COUNT_AT, "messages_by_sender (room=? AND sender=? AND seq<?)", false),
    ];
    for (sql, start, may_sort) in reads {
        let plan = plan(&conn, sql);
        assert!(plan[0].starts_with("SEARCH") && plan[0].contains(start), "{sql}\n{plan:#?}");
        assert!(!plan.iter().any(|step| step.starts_with("SCAN")), "{sql}\n{plan:#?}");
        assert!(may_sort || !plan.iter().any(|step| step.contains("TEMP B-TREE")), "{sql}\n{plan:#?}");
        assert_eq!(prepared_again(&conn, sql), 0, "{sql}");
    }
    assert_eq!(plan(&conn, read::OUTBOX), ["SCAN o"], "in the order in which it lies");
    let found = plan(&conn, search::SEARCH);
    // Of FTS5: the terms and a range of places, in falling order.
    assert!(found[0].ends_with(":M1<>"), "by the terms: {found:#?}");
    let is_direct = |step: &String| step.starts_with("SEARCH");
    assert!(found[1..].iter().all(is_direct), "from place to row, and nothing is sorted: {found:#?}");
    let plan = plan(&conn, read::MARKS_MOVED);
    assert!(plan.iter().any(|step| step.contains("members_by_mark (room=? AND marks_pos>?)")), "{plan:#?}");
}
