//! Rows as they are moved, page by page.

use rusqlite::Connection;

use super::columns::{
    ban_columns, follow_columns, hidden_columns, member_columns, message_joins, relation_columns,
};
use super::error::SqliteError;
use super::held;
use super::joins;
use super::read::{ROOM, all, beyond, beyond_user};
use crate::store::columns::{
    ReadRecord, audit_columns, int, invite_columns, message_columns, relation, report_columns, room_columns,
    settings_columns,
};
use crate::store::{Queue, Record, RecordPage, RoomRecord};

pub(super) const PROFILES: &str = "SELECT user, nickname, image, last_seen, logged_out FROM profiles WHERE user > ?1 ORDER BY user LIMIT ?2";

pub(super) const PROFILES_IN: &str = "SELECT p.user, p.nickname, p.image, p.last_seen, p.logged_out \
     FROM members m CROSS JOIN profiles p ON p.user = m.user \
     WHERE m.room = ?1 AND m.user > ?2 ORDER BY m.user LIMIT ?3";

pub(super) const RELATIONS: &str = concat!(
    "SELECT ",
    relation_columns!(),
    " FROM relations f WHERE (f.user, f.other) > (?1, ?2) ORDER BY f.user, f.other LIMIT ?3"
);

pub(super) const SETTINGS: &str = concat!(
    "SELECT v.user, ",
    settings_columns!(),
    " FROM settings v WHERE v.user > ?1 ORDER BY v.user LIMIT ?2"
);

pub(super) const QUIET: &str = "SELECT user, until, daily_from, daily_to, utc_offset FROM do_not_disturb \
     WHERE user > ?1 ORDER BY user LIMIT ?2";

pub(super) const ROOMS: &str =
    concat!("SELECT ", room_columns!(), " FROM rooms r WHERE r.id > ?1 ORDER BY r.id LIMIT ?2");

pub(super) const MESSAGES: &str = concat!(
    "SELECT ",
    message_columns!(),
    ", s.body_hash FROM messages s",
    message_joins!(),
    " WHERE s.room = ?1 AND s.seq > ?2 ORDER BY s.seq LIMIT ?3"
);

// The messages' own rows are found by their keys, one for each reaction.
pub(super) const REACTIONS: &str = "SELECT x.room, x.seq, x.reaction, x.user, s.id \
     FROM reactions x CROSS JOIN messages s ON s.room = x.room AND s.seq = x.seq \
     WHERE x.room = ?1 AND (x.seq, x.reaction, x.user) > (?2, ?3, ?4) \
     ORDER BY x.seq, x.reaction, x.user LIMIT ?5";

pub(super) const MEMBERS: &str = concat!(
    "SELECT ",
    member_columns!(),
    " FROM members m WHERE m.room = ?1 AND m.user > ?2 ORDER BY m.user LIMIT ?3"
);

pub(super) const BANS: &str = concat!(
    "SELECT ",
    ban_columns!(),
    " FROM bans b WHERE b.room = ?1 AND b.user > ?2 ORDER BY b.user LIMIT ?3"
);

pub(super) const REPORTS: &str = concat!(
    "SELECT ",
    report_columns!(),
    " FROM reports w WHERE w.room = ?1 AND (w.message, w.made_by) > (?2, ?3) \
     ORDER BY w.message, w.made_by LIMIT ?4"
);
// The messages' own rows are found by their keys.
pub(super) const HIDDEN: &str = concat!(
    "SELECT ",
    hidden_columns!(),
    " FROM hidden h CROSS JOIN messages s ON s.room = h.room AND s.seq = h.seq \
     WHERE h.room = ?1 AND (h.user, h.seq) > (?2, ?3) ORDER BY h.user, h.seq LIMIT ?4"
);

pub(super) const PROFILE_OF: &str =
    "SELECT user, nickname, image, last_seen, logged_out FROM profiles WHERE user = ?1";

pub(super) const MESSAGES_BY: &str = concat!(
    "SELECT ",
    message_columns!(),
    ", s.body_hash FROM messages s INDEXED BY messages_by_sender",
    message_joins!(),
    " WHERE s.room = ?1 AND s.sender = ?2 AND s.seq > ?3 ORDER BY s.seq LIMIT ?4"
);

// Named, for SQLite would rather walk the room's reactions.
pub(super) const REACTIONS_BY: &str = "SELECT x.room, x.seq, x.reaction, x.user, s.id \
     FROM reactions x INDEXED BY reactions_by_user \
     CROSS JOIN messages s ON s.room = x.room AND s.seq = x.seq \
     WHERE x.room = ?1 AND x.user = ?2 AND (x.seq, x.reaction) > (?3, ?4) ORDER BY x.seq, x.reaction LIMIT ?5";

pub(super) const BANS_OF: &str = concat!(
    "SELECT ",
    ban_columns!(),
    " FROM bans b INDEXED BY bans_by_user WHERE b.user = ?1 AND b.room > ?2 ORDER BY b.room LIMIT ?3"
);

pub(super) const FOLLOWS: &str = concat!(
    "SELECT ",
    follow_columns!(),
    " FROM follows g CROSS JOIN messages s ON s.room = g.room AND s.seq = g.root \
     WHERE g.room = ?1 AND (g.root, g.user) > (?2, ?3) ORDER BY g.root, g.user LIMIT ?4"
);

// Few former states are kept of a message, and each counts those before it.
pub(super) const EDITS: &str = "SELECT e.room, e.seq, s.id, s.edited_at, \
         (SELECT count(*) FROM edits b WHERE b.room = e.room AND b.seq = e.seq AND b.version <= e.version), \
         e.version, e.content, e.since \
     FROM edits e CROSS JOIN messages s ON s.room = e.room AND s.seq = e.seq \
     WHERE e.room = ?1 AND e.seq = ?2 AND e.version > ?3 ORDER BY e.version LIMIT ?4";

pub(super) const ACTS: &str = concat!(
    "SELECT ",
    audit_columns!(),
    " FROM audit t WHERE t.room = ?1 AND t.pos > ?2 ORDER BY t.pos LIMIT ?3"
);

pub(super) const INVITES: &str = concat!(
    "SELECT ",
    invite_columns!(),
    " FROM invites i INDEXED BY invites_by_room WHERE i.room = ?1 AND i.code > ?2 ORDER BY i.code LIMIT ?3"
);

pub(super) fn records(conn: &Connection, page: &RecordPage, limit: u32) -> Result<Vec<Record>, SqliteError> {
    match page {
        RecordPage::Profiles { after } => {
            all(conn, PROFILES, &[&beyond_user(after.as_ref()), &limit], |columns| columns.profile_record())
        }
        RecordPage::ProfilesIn { room, after } => {
            let params = (room.to_bytes(), beyond_user(after.as_ref()));
            all(conn, PROFILES_IN, &[&params.0, &params.1, &limit], |columns| columns.profile_record())
        }
        RecordPage::ProfileOf(user) => {
            all(conn, PROFILE_OF, &[&user.as_str()], |columns| columns.profile_record())
        }
        RecordPage::MessagesBy { room, user, after } => {
            let params = rusqlite::params![room.to_bytes(), user.as_str(), int(*after), limit];
            all(conn, MESSAGES_BY, params, |columns| columns.message_record())
        }
        RecordPage::ReactionsBy { room, user, after } => {
            let (seq, reaction) =
                after.as_ref().map_or((0, ""), |(seq, reaction)| (int(*seq), reaction.as_str()));
            let params = rusqlite::params![room.to_bytes(), user.as_str(), seq, reaction, limit];
            all(conn, REACTIONS_BY, params, |columns| columns.reaction_record())
        }
        RecordPage::BansOf { user, after } => {
            all(conn, BANS_OF, &[&user.as_str(), &beyond(*after), &limit], |columns| columns.ban_record())
        }
        RecordPage::Relations { after } => {
            let (user, other) =
                after.as_ref().map(|(user, other)| (user.as_str(), other.as_str())).unwrap_or_default();
            all(conn, RELATIONS, &[&user, &other, &limit], |columns| Ok(Record::Relation(relation(columns)?)))
        }
        RecordPage::Settings { after } => {
            all(conn, SETTINGS, &[&beyond_user(after.as_ref()), &limit], |columns| columns.settings_record())
        }
        RecordPage::DoNotDisturb { after } => {
            all(conn, QUIET, &[&beyond_user(after.as_ref()), &limit], |columns| columns.quiet_record())
        }
        RecordPage::Rooms { after } => {
            all(conn, ROOMS, &[&beyond(*after), &limit], |columns| columns.room_record())
        }
        RecordPage::Room(room) => all(conn, ROOM, &[&room.to_bytes()], |columns| columns.room_record()),
        RecordPage::Held { room, after } => {
            let held = held::held(conn, &Queue::Room(*room), *after, limit)?;
            Ok(held.into_iter().map(|one| Record::Room(RoomRecord::Held(one))).collect())
        }
        RecordPage::JoinRequests { room, after } => {
            let requests = joins::requests(conn, &Queue::Room(*room), *after, limit)?;
            let record = |(request, _)| Record::Room(RoomRecord::JoinRequest(request));
            Ok(requests.into_iter().map(record).collect())
        }
        RecordPage::Messages { room, after } => {
            let params = (room.to_bytes(), int(*after));
            all(conn, MESSAGES, &[&params.0, &params.1, &limit], |columns| columns.message_record())
        }
        RecordPage::Edits { room, seq, after } => {
            let params = rusqlite::params![room.to_bytes(), int(*seq), after.map_or(-1, int), limit];
            all(conn, EDITS, params, |columns| columns.edit_record())
        }
        RecordPage::Reactions { room, after } => {
            let (seq, reaction, user) = after
                .as_ref()
                .map_or((0, "", ""), |(seq, reaction, user)| (int(*seq), reaction.as_str(), user.as_str()));
            all(conn, REACTIONS, rusqlite::params![room.to_bytes(), seq, reaction, user, limit], |columns| {
                columns.reaction_record()
            })
        }
        RecordPage::Members { room, after } => {
            let params = (room.to_bytes(), beyond_user(after.as_ref()));
            all(conn, MEMBERS, &[&params.0, &params.1, &limit], |columns| columns.member_record())
        }
        RecordPage::Bans { room, after } => {
            let params = (room.to_bytes(), beyond_user(after.as_ref()));
            all(conn, BANS, &[&params.0, &params.1, &limit], |columns| columns.ban_record())
        }
        RecordPage::Reports { room, after } => {
            // The empty blob is before every id.
            let (message, user) =
                after.as_ref().map_or((Vec::new(), ""), |(id, user)| (id.to_bytes().to_vec(), user.as_str()));
            let params = (room.to_bytes(), message, user);
            all(conn, REPORTS, &[&params.0, &params.1, &params.2, &limit], |columns| columns.report_record())
        }
        RecordPage::Hidden { room, after } => {
            let (user, seq) = after.as_ref().map_or(("", 0), |(user, seq)| (user.as_str(), int(*seq)));
            let params = rusqlite::params![room.to_bytes(), user, seq, limit];
            all(conn, HIDDEN, params, |columns| columns.hidden_record())
        }
        RecordPage::Follows { room, after } => {
            let (root, user) = after.as_ref().map_or((0, ""), |(root, user)| (int(*root), user.as_str()));
            let params = rusqlite::params![room.to_bytes(), root, user, limit];
            all(conn, FOLLOWS, params, |columns| columns.follow_record())
        }
        RecordPage::Acts { room, after } => {
            let params = (room.to_bytes(), int(after.unwrap_or(0)));
            all(conn, ACTS, &[&params.0, &params.1, &limit], |columns| columns.act_record())
        }
        RecordPage::Invites { room, after } => {
            // The empty blob is before every code.
            let after = after.map(|code| code.to_bytes().to_vec()).unwrap_or_default();
            all(conn, INVITES, &[&room.to_bytes(), &after, &limit], |columns| columns.invite_record())
        }
    }
}
