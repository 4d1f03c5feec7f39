//! Bans, reports and the audit trail: read, loaded and written.

use std::collections::HashMap;

use sqlx::{PgConnection, query};

use super::columns::{Uuid, ban_columns};
use super::connections::{Connections, fetch};
use super::error::PostgresError;
use super::read::beyond_user;
use super::write::each;
use crate::clock::Timestamp;
use crate::id::{ReportId, RoomId, UserId};
use crate::model::{AuditEntry, Ban, Profile, Report};
use crate::store::columns::{
    self, act_columns, audit_columns, audit_entry, ban_of, int, outcome_code, report, report_columns,
};
use crate::store::{Needs, Rows};

type Result<T, E = PostgresError> = std::result::Result<T, E>;

pub(super) const BAN: &str =
    concat!("SELECT ", ban_columns!(), " FROM chat.bans b WHERE b.room = $1 AND b.user_id = $2");

pub(super) async fn ban(db: &Connections, room: RoomId, user: &UserId) -> Result<Option<Ban>> {
    db.one(|| query(BAN).bind(Uuid::from(room)).bind(user.as_str()), |columns| columns::ban(columns)).await
}

pub(super) const BANS: &str = concat!(
    "SELECT ",
    ban_columns!(),
    ", p.nickname, p.image FROM chat.bans b LEFT JOIN chat.profiles p ON p.user_id = b.user_id \
     WHERE b.room = $1 AND b.user_id > $2 AND b.until > $3 ORDER BY b.user_id LIMIT $4"
);

pub(super) async fn bans(
    db: &Connections,
    room: RoomId,
    now: Timestamp,
    after: Option<&UserId>,
    limit: u32,
) -> Result<Vec<(Ban, Profile)>> {
    let sought = || query(BANS).bind(Uuid::from(room)).bind(beyond_user(after)).bind(now.as_millis());
    db.all(|| sought().bind(i64::from(limit)), |columns| ban_of(columns)).await
}

pub(super) const AUDIT: &str = concat!(
    "SELECT ",
    audit_columns!(),
    " FROM chat.audit t WHERE t.room = $1 AND t.pos < $2 ORDER BY t.pos DESC LIMIT $3"
);

pub(super) async fn audit(
    db: &Connections,
    room: RoomId,
    before: Option<u64>,
    limit: u32,
) -> Result<Vec<AuditEntry>> {
    let before = int(before.unwrap_or(u64::MAX));
    let sought = || query(AUDIT).bind(Uuid::from(room)).bind(before).bind(i64::from(limit));
    db.all(sought, |columns| audit_entry(columns)).await
}

pub(super) const REPORTS: &str = concat!(
    "SELECT ",
    report_columns!(),
    " FROM chat.reports w WHERE w.outcome IS NULL AND w.id >= $1 ORDER BY w.id LIMIT $2"
);

pub(super) const REPORTS_IN: &str = concat!(
    "SELECT ",
    report_columns!(),
    " FROM chat.reports w WHERE w.outcome IS NULL AND w.room = $1 AND w.id >= $2 ORDER BY w.id LIMIT $3"
);

pub(super) async fn reports(
    db: &Connections,
    room: Option<RoomId>,
    after: Option<ReportId>,
    limit: u32,
) -> Result<Vec<Report>> {
    // Beyond the greatest id there is none.
    let from = after.map_or(Some(Uuid::NIL), |id| Uuid::from(id).next());
    let Some(from) = from else { return Ok(Vec::new()) };
    let limit = i64::from(limit);
    match room {
        Some(room) => {
            let sought = || query(REPORTS_IN).bind(Uuid::from(room)).bind(from).bind(limit);
            db.all(sought, |columns| report(columns)).await
        }
        None => db.all(|| query(REPORTS).bind(from).bind(limit), |columns| report(columns)).await,
    }
}

pub(super) const REPORTS_BY: &str = concat!(
    "SELECT ",
    report_columns!(),
    " FROM chat.reports w WHERE w.made_by = $1 AND w.id >= $2 ORDER BY w.id LIMIT $3"
);

pub(super) async fn reports_by(
    db: &Connections,
    user: &UserId,
    after: Option<ReportId>,
    limit: u32,
) -> Result<Vec<Report>> {
    // Beyond the greatest id there is none.
    let from = after.map_or(Some(Uuid::NIL), |id| Uuid::from(id).next());
    let Some(from) = from else { return Ok(Vec::new()) };
    let sought = || query(REPORTS_BY).bind(user.as_str()).bind(from).bind(i64::from(limit));
    db.all(sought, |columns| report(columns)).await
}

pub(super) const LOAD_REPORTED: &str = concat!(
    "SELECT ",
    report_columns!(),
    " FROM UNNEST($1::uuid[], $2::uuid[], $3::text[]) AS k (room, message, made_by) \
     JOIN chat.reports w ON w.room = k.room AND w.message = k.message AND w.made_by = k.made_by"
);

pub(super) const LOAD_REPORTS: &str = concat!(
    "SELECT ",
    report_columns!(),
    " FROM UNNEST($1::uuid[], $2::uuid[]) AS k (room, id) \
     JOIN chat.reports w ON w.id = k.id AND w.room = k.room"
);

pub(super) async fn load_reports(
    conn: &mut PgConnection,
    needs: &Needs,
) -> Result<HashMap<ReportId, Report>> {
    let mut reports = Vec::new();
    if !needs.more.reported.is_empty() {
        let rooms: Vec<Uuid> = needs.more.reported.iter().map(|(room, ..)| Uuid::from(*room)).collect();
        let messages: Vec<Uuid> = needs.more.reported.iter().map(|(_, id, _)| Uuid::from(*id)).collect();
        let users: Vec<&str> = needs.more.reported.iter().map(|(.., user)| user.as_str()).collect();
        let sought = query(LOAD_REPORTED).bind(rooms).bind(messages).bind(users);
        reports.extend(fetch(conn, sought, |columns| report(columns)).await?);
    }
    if !needs.more.reports.is_empty() {
        let (rooms, ids): (Vec<Uuid>, Vec<Uuid>) =
            needs.more.reports.iter().map(|(room, id)| (Uuid::from(*room), Uuid::from(*id))).unzip();
        let sought = query(LOAD_REPORTS).bind(rooms).bind(ids);
        reports.extend(fetch(conn, sought, |columns| report(columns)).await?);
    }
    Ok(reports.into_iter().map(|report| (report.id, report)).collect())
}

pub(super) const LOAD: &str = concat!(
    "SELECT ",
    ban_columns!(),
    " FROM UNNEST($1::uuid[], $2::text[]) AS k (room, user_id) \
     JOIN chat.bans b ON b.room = k.room AND b.user_id = k.user_id"
);

pub(super) async fn load(
    conn: &mut PgConnection,
    keys: &[(RoomId, UserId)],
) -> Result<HashMap<(RoomId, UserId), Ban>> {
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let (rooms, users): (Vec<Uuid>, Vec<&str>) =
        keys.iter().map(|(room, user)| (Uuid::from(*room), user.as_str())).unzip();
    let bans = fetch(conn, query(LOAD).bind(rooms).bind(users), |columns| columns::ban(columns)).await?;
    Ok(bans.into_iter().map(|ban| ((ban.room, ban.user.clone()), ban)).collect())
}

pub(super) const ACTS_AT: &str = concat!(
    "SELECT ",
    audit_columns!(),
    " FROM UNNEST($1::uuid[], $2::int8[]) AS k (room, at) \
     JOIN chat.audit t ON t.room = k.room AND t.at = k.at"
);

pub(super) async fn load_acts(
    conn: &mut PgConnection,
    keys: &[(RoomId, Timestamp)],
) -> Result<Vec<AuditEntry>> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let (rooms, moments): (Vec<Uuid>, Vec<i64>) =
        keys.iter().map(|(room, at)| (Uuid::from(*room), at.as_millis())).unzip();
    fetch(conn, query(ACTS_AT).bind(rooms).bind(moments), |columns| audit_entry(columns)).await
}

pub(super) const END_REPORTS: &str = "DELETE FROM chat.reports WHERE id = ANY($1)";

pub(super) async fn write(conn: &mut PgConnection, rows: &Rows) -> Result<()> {
    let written = || rows.more.written_bans.iter();
    let ended: Vec<_> = written().filter(|key| !rows.more.bans.contains_key(key)).collect();
    if !ended.is_empty() {
        let gone = query(
            "DELETE FROM chat.bans b USING UNNEST($1::uuid[], $2::text[]) AS k (room, user_id) \
             WHERE b.room = k.room AND b.user_id = k.user_id",
        );
        let gone = gone.bind(each(&ended, |key| Uuid::from(key.0))).bind(each(&ended, |key| key.1.as_str()));
        gone.execute(&mut *conn).await?;
    }
    let put: Vec<_> = written().filter_map(|key| rows.more.bans.get(key)).collect();
    if !put.is_empty() {
        let kept = query(
            "INSERT INTO chat.bans (room, user_id, made_by, made_at, until, reason) \
             SELECT * FROM UNNEST($1::uuid[], $2::text[], $3::text[], $4::int8[], $5::int8[], $6::text[]) \
             ON CONFLICT (room, user_id) DO UPDATE SET made_by = excluded.made_by, \
                 made_at = excluded.made_at, until = excluded.until, reason = excluded.reason",
        );
        let kept = kept
            .bind(each(&put, |ban| Uuid::from(ban.room)))
            .bind(each(&put, |ban| ban.user.as_str()))
            .bind(each(&put, |ban| ban.by.as_ref().map(UserId::as_str)))
            .bind(each(&put, |ban| ban.at.as_millis()))
            .bind(each(&put, |ban| ban.until.as_millis()))
            .bind(each(&put, |ban| ban.reason.as_deref()));
        kept.execute(&mut *conn).await?;
    }
    let ended = rows.more.written_reports.iter().filter(|id| !rows.more.reports.contains_key(id));
    let ended: Vec<Uuid> = ended.copied().map(Uuid::from).collect();
    if !ended.is_empty() {
        query(END_REPORTS).bind(ended).execute(&mut *conn).await?;
    }
    let put: Vec<_> = rows.more.written_reports.iter().filter_map(|id| rows.more.reports.get(id)).collect();
    if !put.is_empty() {
        let kept = query(
            "INSERT INTO chat.reports (id, room, message, sender, made_by, at, reason, resolved_at, resolved_by, \
                 outcome) \
             SELECT * FROM UNNEST($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::int8[], \
                 $7::text[], $8::int8[], $9::text[], $10::int8[]) \
             ON CONFLICT (id) DO UPDATE SET resolved_at = excluded.resolved_at, \
                 resolved_by = excluded.resolved_by, outcome = excluded.outcome",
        );
        let resolved = |report: &&Report| report.resolution.clone();
        let kept = kept
            .bind(each(&put, |report| Uuid::from(report.id)))
            .bind(each(&put, |report| Uuid::from(report.room)))
            .bind(each(&put, |report| Uuid::from(report.message)))
            .bind(each(&put, |report| report.sender.as_str()))
            .bind(each(&put, |report| report.by.as_str()))
            .bind(each(&put, |report| report.at.as_millis()))
            .bind(each(&put, |report| report.reason.as_deref()))
            .bind(each(&put, |report| resolved(report).map(|one| one.at.as_millis())))
            .bind(each(&put, |report| resolved(report)?.by.map(|by| by.to_string())))
            .bind(each(&put, |report| resolved(report).map(|one| i64::from(outcome_code(one.outcome)))));
        kept.execute(&mut *conn).await?;
    }
    let acts = &rows.more.new_acts;
    if !acts.is_empty() {
        let added = query(
            "INSERT INTO chat.audit (room, pos, at, made_by, act, value, message, whom, reason) \
             SELECT * FROM UNNEST($1::uuid[], $2::int8[], $3::int8[], $4::text[], $5::int2[], $6::int8[], \
                 $7::uuid[], $8::text[], $9::text[])",
        );
        let added = added
            .bind(each(acts, |entry| Uuid::from(entry.room)))
            .bind(each(acts, |entry| int(entry.pos)))
            .bind(each(acts, |entry| entry.at.as_millis()))
            .bind(each(acts, |entry| entry.by.as_ref().map(UserId::as_str)))
            .bind(each(acts, |entry| act_columns(entry.act).0))
            .bind(each(acts, |entry| act_columns(entry.act).1))
            .bind(each(acts, |entry| act_columns(entry.act).2.map(Uuid::from)))
            .bind(each(acts, |entry| entry.user.as_ref().map(UserId::as_str)))
            .bind(each(acts, |entry| entry.reason.as_deref()));
        added.execute(conn).await?;
    }
    Ok(())
}
