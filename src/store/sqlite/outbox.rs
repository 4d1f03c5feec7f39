//! The outbox, as the host writes it on a connection of its own to the same file.

use std::future::ready;

use rusqlite::{Connection, Transaction, params};

use super::error::SqliteError;
use crate::error::Result;
use crate::store::columns::{body_code, custom_text};
use crate::store::{HostTransaction, OutboxEntry};

pub(super) const TABLE: &str = "chat_outbox";

impl HostTransaction for Connection {
    fn put(&mut self, outbox: &str, entry: &OutboxEntry) -> impl Future<Output = Result<()>> {
        ready(put(self, outbox, entry).map_err(Into::into))
    }
}

impl HostTransaction for Transaction<'_> {
    fn put(&mut self, outbox: &str, entry: &OutboxEntry) -> impl Future<Output = Result<()>> {
        ready(put(self, outbox, entry).map_err(Into::into))
    }
}

fn put(conn: &Connection, outbox: &str, entry: &OutboxEntry) -> Result<(), SqliteError> {
    let sql = format!(
        "INSERT INTO {outbox} (id, room, author, kind, content, image_url, client_id, created_at, custom) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
    );
    let values = params![
        entry.id.to_bytes(),
        entry.room.to_bytes(),
        entry.author.as_str(),
        body_code(&entry.body),
        entry.body.content(),
        entry.body.image_url(),
        entry.client_id.as_str(),
        entry.at.as_millis(),
        custom_text(&entry.custom),
    ];
    conn.execute(&sql, values).map(drop).map_err(|error| match error {
        // The only table that is named.
        error if error.to_string().contains("no such table") => SqliteError::NoOutbox(error),
        error => error.into(),
    })
}
