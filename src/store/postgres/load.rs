//! Locks and loads the rows that a batch is decided on: one statement for each kind of row, however many.
//!
//! Every transaction locks in one order, each kind in the order of its keys, so that none waits for one
//! that waits for it: lanes, rooms, what has no row yet, profiles.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use sha2::{Digest, Sha256};
use sqlx::postgres::PgArguments;
use sqlx::query::Query;
use sqlx::{PgConnection, Postgres, query};

use super::columns::{Uuid, member_columns, message_joins, relation_columns};
use super::connections::fetch;
use super::error::PostgresError;
use super::read::{CODES, INVITES};
use super::{alerts, amend, attachments, edits, follows, held, hidden, joins, keeping, moderation, settings};
use crate::clock::Timestamp;
use crate::id::{ClientId, MessageId, RoomId, UserId};
use crate::model::{Position, Profile, RoomKey};
use crate::store::columns::{ReadRow, int, message_columns, relation, room_columns, seniority};
use crate::store::{Batch, Item, Keyed, Needs, Ordinals, Rows, Sent};

type Result<T, E = PostgresError> = std::result::Result<T, E>;

pub(super) const LOCK_ROOMS: &str =
    concat!("SELECT ", room_columns!(), " FROM chat.rooms r WHERE r.id = ANY($1) ORDER BY r.id FOR UPDATE");

/// Whether any of the messages of [`SENT`] is there, their keys being these parameters.
macro_rules! is_any_sent {
    ($rooms:literal, $senders:literal, $clients:literal) => {
        concat!(
            "EXISTS (SELECT FROM UNNEST(",
            $rooms,
            "::uuid[], ",
            $senders,
            "::text[], ",
            $clients,
            "::text[]) AS k (room, sender, client_id) \
                 JOIN chat.messages s ON s.room = k.room AND s.sender = k.sender AND s.client_id = k.client_id)"
        )
    };
}

pub(super) use is_any_sent;

/// With each of them, whether any of the messages of [`SENT`] is there.
pub(super) const MEMBERS: &str = concat!(
    "SELECT ",
    member_columns!(),
    ", ",
    is_any_sent!("$3", "$4", "$5"),
    " FROM UNNEST($1::uuid[], $2::text[]) AS k (room, user_id) \
     JOIN chat.members m ON m.room = k.room AND m.user_id = k.user_id"
);

/// All of the rooms are looked at, which is worth it when their owners change. The empty text that all ids
/// are beyond makes one index better than the others which begin with the room.
pub(super) const HEIRS: &str = concat!(
    "SELECT ",
    member_columns!(),
    ", p.nickname, p.image FROM UNNEST($1::uuid[], $2::int8[]) AS k (room, count) \
     CROSS JOIN LATERAL (SELECT m.* FROM chat.members m WHERE m.room = k.room AND m.user_id > $3 AND m.active \
         ORDER BY ",
    seniority!(),
    ", m.user_id LIMIT k.count) m LEFT JOIN chat.profiles p ON p.user_id = m.user_id"
);

pub(super) const SENT: &str = concat!(
    "SELECT ",
    message_columns!(),
    ", s.body_hash FROM UNNEST($1::uuid[], $2::text[], $3::text[]) AS k (room, sender, client_id) \
     JOIN chat.messages s ON s.room = k.room AND s.sender = k.sender AND s.client_id = k.client_id",
    message_joins!()
);

pub(super) const PLACES: &str = "SELECT s.id, s.room, s.seq FROM UNNEST($1::uuid[], $2::uuid[]) AS k (room, id) \
     JOIN chat.messages s ON s.room = k.room AND s.id = k.id";

pub(super) const KEYS: &str = "SELECT key, room FROM chat.room_keys WHERE key = ANY($1)";

pub(super) const ORDINALS: &str = "SELECT s.room, k.user_id, s.seq, s.n, coalesce((SELECT o.own_n \
         FROM chat.messages o WHERE o.room = k.room AND o.sender || '' = k.user_id AND o.seq <= k.seq \
         ORDER BY o.seq DESC LIMIT 1), 0) \
     FROM UNNEST($1::uuid[], $2::text[], $3::int8[]) AS k (room, user_id, seq) \
     JOIN chat.messages s ON s.room = k.room AND s.seq = k.seq";

pub(super) const RELATIONS: &str = concat!(
    "SELECT ",
    relation_columns!(),
    " FROM UNNEST($1::text[], $2::text[]) AS k (user_id, other) \
     JOIN chat.relations f ON f.user_id = k.user_id AND f.other = k.other"
);

/// Locks the rooms and loads all that the batch needs, the lanes being locked.
pub(super) async fn load(
    conn: &mut PgConnection,
    position: Position,
    needs: &Needs,
    batch: &Batch,
) -> Result<Rows> {
    let mut rows = Rows::at(position);
    if !needs.rooms.is_empty() {
        let ids: Vec<Uuid> = needs.rooms.iter().map(|id| Uuid::from(*id)).collect();
        let rooms = fetch(conn, query(LOCK_ROOMS).bind(ids), |columns| columns.room()).await?;
        rows.rooms = rooms.into_iter().map(|room| (room.id, Arc::new(room))).collect();
    }
    let relations = needs.relations_with(&rows.rooms);
    if position.lanes() > 1 {
        lock_absent(conn, needs, &relations, batch).await?;
    }
    write_profiles(conn, batch).await?;
    write_erasures(conn, batch).await?;
    if !needs.more.oldest.is_empty() {
        rows.more.oldest = keeping::load(conn, &needs.more.oldest).await?;
    }
    let senders = needs.senders(&rows.more.oldest);
    let sent = SentKeys::of(&needs.sent);
    // Hardly anything is sent twice: one way to the server and back less.
    let mut may_be_sent = !needs.sent.is_empty();
    if !needs.members.is_empty() || !senders.is_empty() {
        let members = needs.members.iter().chain(senders.iter().filter(|one| !needs.members.contains(*one)));
        let (rooms, users): (Vec<Uuid>, Vec<&str>) =
            members.map(|(room, user)| (Uuid::from(*room), user.as_str())).unzip();
        let members = fetch(conn, sent.bind(query(MEMBERS).bind(rooms).bind(users)), |columns| {
            Ok((columns.member()?, columns.value::<bool>()?))
        });
        let members = members.await?;
        may_be_sent &= members.first().is_none_or(|(_, is_any_sent)| *is_any_sent);
        let keyed =
            members.into_iter().map(|(member, _)| ((member.room, member.user.clone()), Arc::new(member)));
        rows.members = keyed.collect();
    }
    load_rest(conn, needs, &relations, may_be_sent.then_some(&sent), &mut rows).await?;
    if needs.more.is_there() {
        load_more(conn, needs, &mut rows).await?;
    }
    Ok(rows)
}

/// What is neither a room nor a membership, and yet looked into by messages and marks.
pub(super) async fn load_rest(
    conn: &mut PgConnection,
    needs: &Needs,
    relations: &[(UserId, UserId)],
    sent: Option<&SentKeys<'_>>,
    rows: &mut Rows,
) -> Result<()> {
    if let Some(sent) = sent {
        rows.sent = load_sent(conn, sent).await?;
    }
    let ordinals = needs.ordinals_in(&rows.rooms);
    if !ordinals.is_empty() {
        rows.ordinals = load_ordinals(conn, &ordinals).await?;
    }
    if !relations.is_empty() {
        let (users, others): (Vec<&str>, Vec<&str>) =
            relations.iter().map(|(user, other)| (user.as_str(), other.as_str())).unzip();
        let found =
            fetch(conn, query(RELATIONS).bind(users).bind(others), |columns| relation(columns)).await?;
        let keyed =
            found.into_iter().map(|relation| ((relation.user.clone(), relation.other.clone()), relation));
        rows.relations = keyed.collect();
    }
    rows.settings = settings::load(conn, &needs.settings).await?;
    Ok(())
}

async fn load_more(conn: &mut PgConnection, needs: &Needs, rows: &mut Rows) -> Result<()> {
    let heirs = needs.heirs(&rows.members);
    if !heirs.is_empty() {
        let (rooms, counts): (Vec<Uuid>, Vec<i64>) =
            heirs.into_iter().map(|(room, count)| (Uuid::from(room), i64::from(count))).unzip();
        let heirs = fetch(conn, query(HEIRS).bind(rooms).bind(counts).bind(""), |columns| {
            let member = columns.member()?;
            let profile = columns.profile(member.user.clone())?;
            Ok((member, profile))
        });
        heirs.await?.into_iter().for_each(|(member, profile)| rows.add_heir(member, profile));
    }
    if !needs.more.places.is_empty() {
        let (rooms, ids): (Vec<Uuid>, Vec<Uuid>) =
            needs.more.places.iter().map(|(room, id)| (Uuid::from(*room), Uuid::from(*id))).unzip();
        let found = fetch(conn, query(PLACES).bind(rooms).bind(ids), |columns| {
            Ok((MessageId::from_bytes(columns.bytes()?), (columns.room_id()?, columns.number()?)))
        });
        rows.more.places = found.await?.into_iter().collect();
    }
    if !needs.more.keys.is_empty() {
        let keys: Vec<&str> = needs.more.keys.iter().map(RoomKey::as_str).collect();
        let found = fetch(conn, query(KEYS).bind(keys), |columns| {
            Ok((columns.value::<String>()?, columns.room_id()?))
        });
        let found: HashMap<String, RoomId> = found.await?.into_iter().collect();
        let held = needs.more.keys.iter().filter_map(|key| Some((key.clone(), *found.get(key.as_str())?)));
        rows.more.keys = held.collect();
    }
    amend::load(conn, needs, rows).await?;
    if !needs.more.invites.is_empty() {
        let rooms: Vec<Uuid> = needs.more.invites.iter().copied().map(Uuid::from).collect();
        let links = fetch(conn, query(INVITES).bind(rooms), |columns| columns.invite()).await?;
        rows.more.invites = links.into_iter().map(|link| (link.code, link)).collect();
    }
    if !needs.more.codes.is_empty() {
        let codes: Vec<Uuid> = needs.more.codes.iter().copied().map(Uuid::from).collect();
        let links = fetch(conn, query(CODES).bind(codes), |columns| columns.invite()).await?;
        rows.more.invites.extend(links.into_iter().map(|link| (link.code, link)));
    }
    if !needs.more.attachments.is_empty() {
        rows.more.attachments = attachments::load(conn, &needs.more.attachments).await?;
    }
    rows.more.stored_bytes = attachments::load_stored_bytes(conn, &needs.more.stored_bytes).await?;
    rows.more.bans = moderation::load(conn, &needs.more.bans).await?;
    rows.more.reports = moderation::load_reports(conn, needs).await?;
    rows.more.acts = moderation::load_acts(conn, &needs.more.acts).await?;
    rows.more.hidden = hidden::load(conn, &needs.more.hidden).await?;
    edits::load(conn, needs, rows).await?;
    follows::load(conn, needs, rows).await?;
    held::load(conn, needs, rows).await?;
    joins::load(conn, needs, rows).await?;
    Ok(())
}

/// What messages may have been sent under, by columns.
pub(super) struct SentKeys<'a> {
    rooms: Vec<Uuid>,
    senders: Vec<&'a str>,
    clients: Vec<&'a str>,
}

impl<'a> SentKeys<'a> {
    pub(super) fn of(keys: &'a [(RoomId, UserId, ClientId)]) -> Self {
        Self {
            rooms: keys.iter().map(|(room, ..)| Uuid::from(*room)).collect(),
            senders: keys.iter().map(|(_, sender, _)| sender.as_str()).collect(),
            clients: keys.iter().map(|(.., client)| client.as_str()).collect(),
        }
    }

    /// As the next three parameters.
    pub(super) fn bind<'q>(
        &'q self,
        query: Query<'q, Postgres, PgArguments>,
    ) -> Query<'q, Postgres, PgArguments> {
        query.bind(&self.rooms).bind(&self.senders).bind(&self.clients)
    }
}

async fn load_sent(
    conn: &mut PgConnection,
    keys: &SentKeys<'_>,
) -> Result<Keyed<(RoomId, UserId, ClientId), Sent>> {
    let sent = fetch(conn, keys.bind(query(SENT)), |columns| {
        let message = columns.message()?;
        let no_sense = || PostgresError::Value { column: "client_id".into() };
        let client = message.client_id.clone().ok_or_else(no_sense)?;
        let key = (message.room, message.sender.user.clone(), client);
        Ok((key, Sent { message: Arc::new(message), hash: columns.hash()? }))
    });
    Ok(sent.await?.into_iter().collect())
}

async fn load_ordinals(
    conn: &mut PgConnection,
    keys: &[(RoomId, UserId, u64)],
) -> Result<Keyed<(RoomId, UserId, u64), Ordinals>> {
    let rooms: Vec<Uuid> = keys.iter().map(|(room, ..)| Uuid::from(*room)).collect();
    let users: Vec<&str> = keys.iter().map(|(_, user, _)| user.as_str()).collect();
    let seqs: Vec<i64> = keys.iter().map(|(.., seq)| int(*seq)).collect();
    let found = fetch(conn, query(ORDINALS).bind(rooms).bind(users).bind(seqs), |columns| {
        let key = (columns.room_id()?, columns.parsed()?, columns.number()?);
        Ok((key, Ordinals { n: columns.number()?, own_n: columns.number()? }))
    });
    Ok(found.await?.into_iter().collect())
}

const LOCK_ABSENT: &str = "SELECT CASE WHEN k.alone THEN pg_advisory_xact_lock(k.number) \
         ELSE pg_advisory_xact_lock_shared(k.number) END \
     FROM UNNEST($1::int8[], $2::bool[]) AS k (number, alone)";

/// A batch of another lane may write the keys of rooms and the relations that this one reads, and finish uploads of those
/// whose bytes this one counts. Many have no row that could be locked, so a number made of the key is: by senders together,
/// by whoever changes a relation, takes a key or finishes an upload alone.
async fn lock_absent(
    conn: &mut PgConnection,
    needs: &Needs,
    relations: &[(UserId, UserId)],
    batch: &Batch,
) -> Result<()> {
    let changed: BTreeSet<i64> = batch
        .items
        .iter()
        .filter_map(|item| match item {
            Item::Relation(item) => Some(pair_number(&item.user.user, &item.other.user)),
            Item::Room(_) | Item::Settings(_) => None,
        })
        .collect();
    let mut numbers = BTreeMap::new();
    for (user, other) in relations {
        let number = pair_number(user, other);
        numbers.insert(number, changed.contains(&number));
    }
    numbers.extend(needs.more.keys.iter().map(|key| (number_of(&["key", key.as_str()]), true)));
    numbers.extend(batch.items.iter().filter_map(|item| match item {
        Item::Settings(item) => Some((number_of(&["settings", item.user.as_str()]), true)),
        _ => None,
    }));
    numbers.extend(needs.more.stored_bytes.iter().map(|user| (number_of(&["bytes", user.as_str()]), true)));
    if numbers.is_empty() {
        return Ok(());
    }
    let (numbers, alone): (Vec<i64>, Vec<bool>) = numbers.into_iter().unzip();
    query(LOCK_ABSENT).bind(numbers).bind(alone).execute(conn).await?;
    Ok(())
}

fn pair_number(one: &UserId, other: &UserId) -> i64 {
    let (one, other) = if one < other { (one, other) } else { (other, one) };
    number_of(&["pair", one.as_str(), other.as_str()])
}

fn number_of(parts: &[&str]) -> i64 {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let hash = hash.finalize();
    hash.iter().take(8).fold(0, |number, byte| (number << 8) | i64::from(*byte))
}

/// One statement for all, so that rows are locked in one order. What changes nothing writes nothing.
pub(super) const WRITE_PROFILES: &str = "INSERT INTO chat.profiles AS p (user_id, nickname, image, last_seen, logged_out) \
     SELECT * FROM UNNEST($1::text[], $2::text[], $3::text[], $4::int8[], $5::int8[]) \
     ON CONFLICT (user_id) DO UPDATE SET \
         nickname = coalesce(excluded.nickname, p.nickname), \
         image = CASE WHEN excluded.nickname IS NULL THEN p.image ELSE excluded.image END, \
         last_seen = greatest(p.last_seen, excluded.last_seen), \
         logged_out = greatest(p.logged_out, excluded.logged_out) \
     WHERE excluded.last_seen > coalesce(p.last_seen, -1) \
         OR excluded.logged_out > coalesce(p.logged_out, -1) OR excluded.nickname IS NOT NULL \
         AND (excluded.nickname, excluded.image) IS DISTINCT FROM (p.nickname, p.image)";

/// What a batch says of a user.
#[derive(Default)]
struct Written<'a> {
    profile: Option<&'a Profile>,
    last_seen: Option<Timestamp>,
    logged_out: Option<Timestamp>,
}

/// First of all that is written, for what is loaded shows profiles.
async fn write_profiles(conn: &mut PgConnection, batch: &Batch) -> Result<()> {
    let mut written: BTreeMap<&UserId, Written<'_>> = BTreeMap::new();
    for profile in &batch.profiles {
        written.entry(&profile.user).or_default().profile = Some(profile);
    }
    for (user, at) in &batch.last_seen {
        let seen = &mut written.entry(user).or_default().last_seen;
        *seen = (*seen).max(Some(*at));
    }
    for (user, at) in &batch.logouts {
        let logged_out = &mut written.entry(user).or_default().logged_out;
        *logged_out = (*logged_out).max(Some(*at));
    }
    if written.is_empty() {
        return Ok(());
    }
    let users: Vec<&str> = written.keys().map(|user| user.as_str()).collect();
    let profiles = || written.values().map(|written| written.profile);
    let nicknames: Vec<Option<&str>> = profiles().map(|profile| profile.map(|p| &*p.nickname)).collect();
    let images: Vec<Option<&str>> =
        profiles().map(|profile| profile.and_then(|p| p.image.as_deref())).collect();
    let times = |time: fn(&Written<'_>) -> Option<Timestamp>| -> Vec<Option<i64>> {
        written.values().map(|written| time(written).map(Timestamp::as_millis)).collect()
    };
    let (seen, logged_out) = (times(|written| written.last_seen), times(|written| written.logged_out));
    let write = query(WRITE_PROFILES).bind(users).bind(nicknames).bind(images).bind(seen).bind(logged_out);
    write.execute(conn).await?;
    Ok(())
}

/// When they logged out stays: older tokens must not hold again.
pub(super) const FORGET_PROFILE: &str =
    "UPDATE chat.profiles SET nickname = NULL, image = NULL, last_seen = NULL WHERE user_id = $1";

const BEGIN_ERASURE: &str = "INSERT INTO chat.erasures (user_id) VALUES ($1) ON CONFLICT DO NOTHING";

pub(super) const END_ERASURE: &str = "DELETE FROM chat.erasures WHERE user_id = $1";

/// In the order of the users, as profiles are locked.
async fn write_erasures(conn: &mut PgConnection, batch: &Batch) -> Result<()> {
    let erased: BTreeMap<&UserId, bool> =
        batch.erased.iter().map(|(user, is_begun)| (user, *is_begun)).collect();
    for (user, is_begun) in erased {
        for sql in [FORGET_PROFILE, alerts::END_OF_USER, if is_begun { BEGIN_ERASURE } else { END_ERASURE }] {
            query(sql).bind(user.as_str()).execute(&mut *conn).await?;
        }
    }
    Ok(())
}

/// Whether what a lost commit would have left behind is there.
pub(super) async fn is_there(
    conn: &mut PgConnection,
    room: RoomId,
    message: Option<MessageId>,
) -> Result<bool> {
    let found = match message {
        Some(id) => {
            let sought = query("SELECT FROM chat.messages WHERE room = $1 AND id = $2");
            sought.bind(Uuid::from(room)).bind(Uuid::from(id)).fetch_optional(conn).await?
        }
        None => {
            query("SELECT FROM chat.rooms WHERE id = $1").bind(Uuid::from(room)).fetch_optional(conn).await?
        }
    };
    Ok(found.is_some())
}
