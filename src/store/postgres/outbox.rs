//! The outbox, as the host writes it on a connection of its own to the same database.

use sqlx::{AssertSqlSafe, PgConnection, Postgres, Transaction, query};

use super::columns::Uuid;
use super::error::PostgresError;
use crate::error::Result;
use crate::store::columns::{body_code, custom_text};
use crate::store::{HostTransaction, OutboxEntry};

pub(super) const TABLE: &str = "chat.outbox";

impl HostTransaction for PgConnection {
    async fn put(&mut self, outbox: &str, entry: &OutboxEntry) -> Result<()> {
        // The name is the store's own, and no text of anybody's.
        let sql = AssertSqlSafe(format!(
            "INSERT INTO {outbox} (id, room, author, kind, content, image_url, client_id, created_at, custom) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
        ));
        let written = query(sql)
            .bind(Uuid::from(entry.id))
            .bind(Uuid::from(entry.room))
            .bind(entry.author.as_str())
            .bind(body_code(&entry.body))
            .bind(entry.body.content())
            .bind(entry.body.image_url())
            .bind(entry.client_id.as_str())
            .bind(entry.at.as_millis())
            .bind(custom_text(&entry.custom));
        written.execute(self).await.map_err(|error| {
            let code = error.as_database_error().and_then(|error| error.code());
            match code.as_deref() {
                // No such table, or no such schema.
                Some("42P01" | "3F000") => PostgresError::NoOutbox(error),
                _ => error.into(),
            }
        })?;
        Ok(())
    }
}

impl HostTransaction for Transaction<'_, Postgres> {
    async fn put(&mut self, outbox: &str, entry: &OutboxEntry) -> Result<()> {
        PgConnection::put(self, outbox, entry).await
    }
}
