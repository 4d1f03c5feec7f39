//! Who is mentioned where.

use sqlx::postgres::PgArguments;
use sqlx::query::Query;
use sqlx::{PgConnection, Postgres, query};

use super::columns::Uuid;
use super::error::PostgresError;
use super::write::each;
use crate::id::UserId;
use crate::store::columns::int;
use crate::store::{Mention, Rows};

/// How many messages beyond the read mark of `members m` mention them in `rooms r`. Most rooms of a list are read.
macro_rules! unread_mentions {
    () => {
        "CASE WHEN r.seq > m.read_seq THEN \
             (SELECT count(*) FROM chat.mentions w WHERE w.room = r.id AND w.user_id IN (m.user_id, '') \
                 AND w.seq > m.read_seq AND w.sender <> m.user_id) ELSE 0 END"
    };
}

pub(super) use unread_mentions;

const ADD: &str = "INSERT INTO chat.mentions (room, user_id, seq, sender) \
     SELECT * FROM UNNEST($1::uuid[], $2::text[], $3::int8[], $4::text[])";

pub(super) const END: &str = "DELETE FROM chat.mentions w \
     USING UNNEST($1::uuid[], $2::text[], $3::int8[]) AS k (room, user_id, seq) \
     WHERE w.room = k.room AND w.user_id = k.user_id AND w.seq = k.seq";

pub(super) async fn write(conn: &mut PgConnection, rows: &Rows) -> Result<(), PostgresError> {
    let new: Vec<Mention> = rows.new_mentions().collect();
    if !new.is_empty() {
        let senders = each(&new, |mention| mention.sender.as_str());
        bind(query(ADD), &new).bind(senders).execute(&mut *conn).await?;
    }
    if !rows.more.ended_mentions.is_empty() {
        bind(query(END), &rows.more.ended_mentions).execute(conn).await?;
    }
    Ok(())
}

fn bind<'q>(
    query: Query<'q, Postgres, PgArguments>,
    mentions: &'q [Mention],
) -> Query<'q, Postgres, PgArguments> {
    query
        .bind(each(mentions, |mention| Uuid::from(mention.room)))
        // Everybody is the empty text, which is nobody's id.
        .bind(each(mentions, |mention| mention.user.as_ref().map(UserId::as_str).unwrap_or_default()))
        .bind(each(mentions, |mention| int(mention.seq)))
}
