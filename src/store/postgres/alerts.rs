//! What people who are away are told of besides messages. Nodes take it from each other by the times in its rows.
//!
//! Whoever notes what came of some waits for no commit: a row that one is at just now is another alert after it.

use sqlx::{PgConnection, query};

use super::columns::Uuid;
use super::connections::Connections;
use super::error::PostgresError;
use super::write::each;
use crate::clock::Timestamp;
use crate::id::UserId;
use crate::store::columns::{alert, alert_code, alert_payload};
use crate::store::{Alert, AlertKey, PushBatch, Rows};

type Result<T, E = PostgresError> = std::result::Result<T, E>;

pub(super) const PUT: &str = "INSERT INTO chat.push_alerts (user_id, kind, subject, made_by, code, at, tries, due) \
     SELECT * FROM UNNEST($1::text[], $2::int2[], $3::text[], $4::text[], $5::uuid[], $6::int8[], $7::int8[], \
         $8::int8[]) \
     ON CONFLICT (user_id, kind, subject) DO UPDATE SET made_by = excluded.made_by, code = excluded.code, \
         at = excluded.at, tries = excluded.tries, due = excluded.due";

/// Only of those of whom there are too many, so that no other row is locked.
pub(super) const KEEP: &str = "DELETE FROM chat.push_alerts o USING (SELECT k.* FROM UNNEST($1::text[]) AS u (user_id) \
         CROSS JOIN LATERAL (SELECT g.user_id, g.kind, g.subject FROM chat.push_alerts g \
             WHERE g.user_id = u.user_id ORDER BY g.at DESC, g.kind DESC, g.subject DESC OFFSET $2 \
             FOR UPDATE SKIP LOCKED) k \
         WHERE (SELECT count(*) FROM chat.push_alerts c WHERE c.user_id = u.user_id) > $2) d \
     WHERE o.user_id = d.user_id AND o.kind = d.kind AND o.subject = d.subject";

pub(super) async fn write(conn: &mut PgConnection, rows: &Rows) -> Result<()> {
    let Some(terms) = rows.alert_terms.filter(|_| !rows.more.new_alerts.is_empty()) else { return Ok(()) };
    let alerts = &rows.more.new_alerts;
    let keys: Vec<AlertKey> = alerts.iter().map(Alert::key).collect();
    let payloads = each(alerts, |alert| alert_payload(&alert.occasion));
    let put = query(PUT)
        .bind(each(&keys, |key| key.user.as_str()))
        .bind(each(&keys, |key| alert_code(key.kind)))
        .bind(each(&keys, |key| key.subject.as_str()))
        .bind(each(&payloads, |(by, _)| by.map(UserId::as_str)))
        .bind(each(&payloads, |(_, code)| code.map(Uuid::from)))
        .bind(each(alerts, |alert| alert.at.as_millis()))
        .bind(each(alerts, |alert| i64::from(alert.tries)))
        .bind(each(alerts, |alert| alert.due.as_millis()));
    put.execute(&mut *conn).await?;
    let mut users = each(alerts, |alert| alert.user.as_str());
    users.dedup();
    query(KEEP).bind(users).bind(i64::from(terms.most)).execute(conn).await?;
    Ok(())
}

/// Those of a user, and those of a room: its kinds have the least codes.
pub(super) const END_OF_USER: &str = "DELETE FROM chat.push_alerts WHERE user_id = $1";
pub(super) const END_OF_ROOM: &str = "DELETE FROM chat.push_alerts WHERE subject = $1 AND kind <= 3";

/// Those that another node takes just now are left to it.
pub(super) const DUE: &str = "WITH due AS MATERIALIZED (SELECT t.user_id, t.kind, t.subject, t.due \
         FROM chat.push_alerts t WHERE t.due <= $1 ORDER BY t.due, t.user_id, t.kind, t.subject LIMIT $3 \
         FOR UPDATE SKIP LOCKED) \
     UPDATE chat.push_alerts t SET due = $2 FROM due d \
     WHERE t.user_id = d.user_id AND t.kind = d.kind AND t.subject = d.subject \
     RETURNING t.user_id, t.kind, t.subject, t.made_by, t.code, t.at, t.tries, d.due";

pub(super) async fn due(
    db: &Connections,
    now: Timestamp,
    until: Timestamp,
    limit: u32,
) -> Result<Vec<Alert>> {
    let take = || query(DUE).bind(now.as_millis()).bind(until.as_millis()).bind(i64::from(limit));
    let mut due = db.all(take, |columns| alert(columns)).await?;
    due.sort_by_cached_key(|alert| (alert.due, alert.key()));
    Ok(due)
}

macro_rules! unlocked {
    () => {
        "FROM UNNEST($1::text[], $2::int2[], $3::text[], $4::int8[], $5::int8[], $6::int8[]) \
             AS k (user_id, kind, subject, at, tries, due) \
         JOIN chat.push_alerts t ON t.user_id = k.user_id AND t.kind = k.kind AND t.subject = k.subject \
         WHERE t.at = k.at FOR UPDATE OF t SKIP LOCKED"
    };
}

pub(super) const END: &str = concat!(
    "WITH told AS MATERIALIZED (SELECT t.user_id, t.kind, t.subject ",
    unlocked!(),
    ") DELETE FROM chat.push_alerts o USING told d \
     WHERE o.user_id = d.user_id AND o.kind = d.kind AND o.subject = d.subject"
);

pub(super) const PUT_OFF: &str = concat!(
    "WITH later AS MATERIALIZED (SELECT t.user_id, t.kind, t.subject, k.tries, k.due ",
    unlocked!(),
    ") UPDATE chat.push_alerts o SET tries = d.tries, due = d.due FROM later d \
     WHERE o.user_id = d.user_id AND o.kind = d.kind AND o.subject = d.subject"
);

/// What has come of some.
pub(super) async fn conclude(conn: &mut PgConnection, batch: &PushBatch) -> Result<()> {
    for (sql, alerts) in [(END, &batch.told), (PUT_OFF, &batch.put_off)] {
        if alerts.is_empty() {
            continue;
        }
        let keys: Vec<AlertKey> = alerts.iter().map(Alert::key).collect();
        let noted = query(sql)
            .bind(each(&keys, |key| key.user.as_str()))
            .bind(each(&keys, |key| alert_code(key.kind)))
            .bind(each(&keys, |key| key.subject.as_str()))
            .bind(each(alerts, |alert| alert.at.as_millis()))
            .bind(each(alerts, |alert| i64::from(alert.tries)))
            .bind(each(alerts, |alert| alert.due.as_millis()));
        noted.execute(&mut *conn).await?;
    }
    Ok(())
}
