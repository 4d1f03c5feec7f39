//! Rows as they are moved, page by page. Each page is one statement.

use sqlx::query;

use super::columns::{
    Uuid, ban_columns, follow_columns, hidden_columns, member_columns, message_joins, relation_columns,
};
use super::connections::Connections;
use super::error::PostgresError;
use super::held;
use super::joins;
use super::read::{beyond, beyond_user};
use crate::store::columns::{
    ReadRecord, audit_columns, int, invite_columns, message_columns, relation, report_columns, room_columns,
    settings_columns,
};
use crate::store::{Queue, Record, RecordPage, RoomRecord};

pub(super) const PROFILES: &str = "SELECT user_id, nickname, image, last_seen, logged_out FROM chat.profiles \
     WHERE user_id > $1 ORDER BY user_id LIMIT $2";

// An OFFSET keeps PostgreSQL from walking all profiles beside the members.
pub(super) const PROFILES_IN: &str = "SELECT p.user_id, p.nickname, p.image, p.last_seen, p.logged_out FROM chat.members m \
     CROSS JOIN LATERAL (SELECT * FROM chat.profiles q WHERE q.user_id = m.user_id OFFSET 0) p \
     WHERE m.room = $1 AND m.user_id > $2 ORDER BY m.user_id LIMIT $3";

pub(super) const RELATIONS: &str = concat!(
    "SELECT ",
    relation_columns!(),
    " FROM chat.relations f WHERE (f.user_id, f.other) > ($1, $2) ORDER BY f.user_id, f.other LIMIT $3"
);

pub(super) const SETTINGS: &str = concat!(
    "SELECT v.user_id, ",
    settings_columns!(),
    " FROM chat.settings v WHERE v.user_id > $1 ORDER BY v.user_id LIMIT $2"
);

pub(super) const QUIET: &str = "SELECT user_id, until, daily_from, daily_to, utc_offset FROM chat.do_not_disturb \
     WHERE user_id > $1 ORDER BY user_id LIMIT $2";

pub(super) const ROOMS: &str =
    concat!("SELECT ", room_columns!(), " FROM chat.rooms r WHERE r.id >= $1 ORDER BY r.id LIMIT $2");

pub(super) const ROOM: &str = concat!("SELECT ", room_columns!(), " FROM chat.rooms r WHERE r.id = $1");

pub(super) const MESSAGES: &str = concat!(
    "SELECT ",
    message_columns!(),
    ", s.body_hash FROM chat.messages s",
    message_joins!(),
    " WHERE s.room = $1 AND s.seq > $2 ORDER BY s.seq LIMIT $3"
);

pub(super) const REACTIONS: &str = "SELECT x.room, x.seq, x.reaction, x.user_id, \
         (SELECT s.id FROM chat.messages s WHERE s.room = x.room AND s.seq = x.seq) \
     FROM chat.reactions x WHERE x.room = $1 AND (x.seq, x.reaction, x.user_id) > ($2, $3, $4) \
     ORDER BY x.seq, x.reaction, x.user_id LIMIT $5";

pub(super) const MEMBERS: &str = concat!(
    "SELECT ",
    member_columns!(),
    " FROM chat.members m WHERE m.room = $1 AND m.user_id > $2 ORDER BY m.user_id LIMIT $3"
);

pub(super) const BANS: &str = concat!(
    "SELECT ",
    ban_columns!(),
    " FROM chat.bans b WHERE b.room = $1 AND b.user_id > $2 ORDER BY b.user_id LIMIT $3"
);

pub(super) const REPORTS: &str = concat!(
    "SELECT ",
    report_columns!(),
    " FROM chat.reports w WHERE w.room = $1 AND (w.message, w.made_by) > ($2, $3) \
     ORDER BY w.message, w.made_by LIMIT $4"
);

pub(super) const HIDDEN: &str = concat!(
    "SELECT ",
    hidden_columns!(),
    " FROM chat.hidden h JOIN chat.messages s ON s.room = h.room AND s.seq = h.seq \
     WHERE h.room = $1 AND (h.user_id, h.seq) > ($2, $3) ORDER BY h.user_id, h.seq LIMIT $4"
);

pub(super) const PROFILE_OF: &str =
    "SELECT user_id, nickname, image, last_seen, logged_out FROM chat.profiles WHERE user_id = $1";

// `sender || ''` is what the index of a sender's messages has.
pub(super) const MESSAGES_BY: &str = concat!(
    "SELECT ",
    message_columns!(),
    ", s.body_hash FROM chat.messages s",
    message_joins!(),
    " WHERE s.room = $1 AND s.sender || '' = $2 AND s.seq > $3 ORDER BY s.seq LIMIT $4"
);

pub(super) const REACTIONS_BY: &str = "SELECT x.room, x.seq, x.reaction, x.user_id, \
         (SELECT s.id FROM chat.messages s WHERE s.room = x.room AND s.seq = x.seq) \
     FROM chat.reactions x WHERE x.room = $1 AND x.user_id = $2 AND (x.seq, x.reaction) > ($3, $4) \
     ORDER BY x.seq, x.reaction LIMIT $5";

pub(super) const BANS_OF: &str = concat!(
    "SELECT ",
    ban_columns!(),
    " FROM chat.bans b WHERE b.user_id = $1 AND b.room >= $2 ORDER BY b.room LIMIT $3"
);

pub(super) const FOLLOWS: &str = concat!(
    "SELECT ",
    follow_columns!(),
    " FROM chat.follows g JOIN chat.messages s ON s.room = g.room AND s.seq = g.root \
     WHERE g.room = $1 AND (g.root, g.user_id) > ($2, $3) ORDER BY g.root, g.user_id LIMIT $4"
);

// Few former states are kept of a message, and each counts those before it.
pub(super) const EDITS: &str = "SELECT e.room, e.seq, s.id, s.edited_at, \
         (SELECT count(*) FROM chat.edits b WHERE b.room = e.room AND b.seq = e.seq AND b.version <= e.version), \
         e.version, e.content, e.since \
     FROM chat.edits e JOIN chat.messages s ON s.room = e.room AND s.seq = e.seq \
     WHERE e.room = $1 AND e.seq = $2 AND e.version > $3 ORDER BY e.version LIMIT $4";

pub(super) const ACTS: &str = concat!(
    "SELECT ",
    audit_columns!(),
    " FROM chat.audit t WHERE t.room = $1 AND t.pos > $2 ORDER BY t.pos LIMIT $3"
);

pub(super) const INVITES: &str = concat!(
    "SELECT ",
    invite_columns!(),
    " FROM chat.invites i WHERE i.room = $1 AND i.code >= $2 ORDER BY i.code LIMIT $3"
);

pub(super) async fn records(
    db: &Connections,
    page: &RecordPage,
    limit: u32,
) -> Result<Vec<Record>, PostgresError> {
    let (count, limit) = (limit, i64::from(limit));
    match page {
        RecordPage::Profiles { after } => {
            let after = beyond_user(after.as_ref());
            db.all(|| query(PROFILES).bind(after).bind(limit), |columns| columns.profile_record()).await
        }
        RecordPage::ProfilesIn { room, after } => {
            let (room, after) = (Uuid::from(*room), beyond_user(after.as_ref()));
            let sought = || query(PROFILES_IN).bind(room).bind(after).bind(limit);
            db.all(sought, |columns| columns.profile_record()).await
        }
        RecordPage::ProfileOf(user) => {
            db.all(|| query(PROFILE_OF).bind(user.as_str()), |columns| columns.profile_record()).await
        }
        RecordPage::MessagesBy { room, user, after } => {
            let sought = || query(MESSAGES_BY).bind(Uuid::from(*room)).bind(user.as_str()).bind(int(*after));
            db.all(|| sought().bind(limit), |columns| columns.message_record()).await
        }
        RecordPage::ReactionsBy { room, user, after } => {
            let (seq, reaction) =
                after.as_ref().map_or((0, ""), |(seq, reaction)| (int(*seq), reaction.as_str()));
            let sought = || query(REACTIONS_BY).bind(Uuid::from(*room)).bind(user.as_str()).bind(seq);
            db.all(|| sought().bind(reaction).bind(limit), |columns| columns.reaction_record()).await
        }
        RecordPage::BansOf { user, after } => {
            let Some(from) = beyond(*after) else { return Ok(Vec::new()) };
            let sought = || query(BANS_OF).bind(user.as_str()).bind(from).bind(limit);
            db.all(sought, |columns| columns.ban_record()).await
        }
        RecordPage::Relations { after } => {
            let after = after.as_ref().map(|(user, other)| (user.as_str(), other.as_str()));
            let (user, other) = after.unwrap_or_default();
            let sought = || query(RELATIONS).bind(user).bind(other).bind(limit);
            db.all(sought, |columns| Ok(Record::Relation(relation(columns)?))).await
        }
        RecordPage::Settings { after } => {
            let after = beyond_user(after.as_ref());
            db.all(|| query(SETTINGS).bind(after).bind(limit), |columns| columns.settings_record()).await
        }
        RecordPage::DoNotDisturb { after } => {
            let after = beyond_user(after.as_ref());
            db.all(|| query(QUIET).bind(after).bind(limit), |columns| columns.quiet_record()).await
        }
        RecordPage::Rooms { after } => {
            let Some(from) = beyond(*after) else { return Ok(Vec::new()) };
            db.all(|| query(ROOMS).bind(from).bind(limit), |columns| columns.room_record()).await
        }
        RecordPage::Room(room) => {
            db.all(|| query(ROOM).bind(Uuid::from(*room)), |columns| columns.room_record()).await
        }
        RecordPage::Held { room, after } => {
            let held = held::held(db, &Queue::Room(*room), *after, count).await?;
            Ok(held.into_iter().map(|one| Record::Room(RoomRecord::Held(one))).collect())
        }
        RecordPage::JoinRequests { room, after } => {
            let requests = joins::requests(db, &Queue::Room(*room), *after, count).await?;
            let record = |(request, _)| Record::Room(RoomRecord::JoinRequest(request));
            Ok(requests.into_iter().map(record).collect())
        }
        RecordPage::Messages { room, after } => {
            let sought = || query(MESSAGES).bind(Uuid::from(*room)).bind(int(*after)).bind(limit);
            db.all(sought, |columns| columns.message_record()).await
        }
        RecordPage::Edits { room, seq, after } => {
            let sought = || query(EDITS).bind(Uuid::from(*room)).bind(int(*seq)).bind(after.map_or(-1, int));
            db.all(|| sought().bind(limit), |columns| columns.edit_record()).await
        }
        RecordPage::Reactions { room, after } => {
            let (seq, reaction, user) = after
                .as_ref()
                .map_or((0, "", ""), |(seq, reaction, user)| (int(*seq), reaction.as_str(), user.as_str()));
            let sought = || query(REACTIONS).bind(Uuid::from(*room)).bind(seq).bind(reaction).bind(user);
            db.all(|| sought().bind(limit), |columns| columns.reaction_record()).await
        }
        RecordPage::Members { room, after } => {
            let (room, after) = (Uuid::from(*room), beyond_user(after.as_ref()));
            let sought = || query(MEMBERS).bind(room).bind(after).bind(limit);
            db.all(sought, |columns| columns.member_record()).await
        }
        RecordPage::Bans { room, after } => {
            let (room, after) = (Uuid::from(*room), beyond_user(after.as_ref()));
            let sought = || query(BANS).bind(room).bind(after).bind(limit);
            db.all(sought, |columns| columns.ban_record()).await
        }
        RecordPage::Reports { room, after } => {
            // Beyond the least id and nobody is every report.
            let (message, user) = after
                .as_ref()
                .map_or((Uuid::NIL, ""), |(message, user)| (Uuid::from(*message), user.as_str()));
            let sought = || query(REPORTS).bind(Uuid::from(*room)).bind(message).bind(user).bind(limit);
            db.all(sought, |columns| columns.report_record()).await
        }
        RecordPage::Hidden { room, after } => {
            let (user, seq) = after.as_ref().map_or(("", 0), |(user, seq)| (user.as_str(), int(*seq)));
            let sought = || query(HIDDEN).bind(Uuid::from(*room)).bind(user).bind(seq).bind(limit);
            db.all(sought, |columns| columns.hidden_record()).await
        }
        RecordPage::Follows { room, after } => {
            let (root, user) = after.as_ref().map_or((0, ""), |(root, user)| (int(*root), user.as_str()));
            let sought = || query(FOLLOWS).bind(Uuid::from(*room)).bind(root).bind(user).bind(limit);
            db.all(sought, |columns| columns.follow_record()).await
        }
        RecordPage::Acts { room, after } => {
            let sought = || query(ACTS).bind(Uuid::from(*room)).bind(int(after.unwrap_or(0))).bind(limit);
            db.all(sought, |columns| columns.act_record()).await
        }
        RecordPage::Invites { room, after } => {
            // Beyond the greatest code there is none.
            let from = after.map_or(Some(Uuid::NIL), |code| Uuid::from(code).next());
            let Some(from) = from else { return Ok(Vec::new()) };
            let sought = || query(INVITES).bind(Uuid::from(*room)).bind(from).bind(limit);
            db.all(sought, |columns| columns.invite_record()).await
        }
    }
}
