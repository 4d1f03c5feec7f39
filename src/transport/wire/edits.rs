//! What edited messages said before, as JSON.

use serde::Serialize;

use crate::clock::Timestamp;
use crate::model::EditPage;

/// A page of a message's former states.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Edits))]
pub(crate) struct EditsJson<'a> {
    /// The states, the newest first.
    edits: Vec<EditJson<'a>>,
    /// The `cursor` of the next page; null on the last one.
    #[cfg_attr(feature = "openapi", schema(required))]
    next_cursor: Option<u64>,
}

/// A former state of a message.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Edit))]
struct EditJson<'a> {
    /// The version that it was; 0 where nothing had changed it.
    version: u64,
    /// What it said; null for an IMAGE without a caption.
    #[cfg_attr(feature = "openapi", schema(required))]
    content: Option<&'a str>,
    /// Since when it said that.
    edited_at: Timestamp,
}

impl<'a> From<&'a EditPage> for EditsJson<'a> {
    fn from(page: &'a EditPage) -> Self {
        let edits = page.edits.iter().map(|edit| EditJson {
            version: edit.version,
            content: edit.content.as_deref(),
            edited_at: edit.since,
        });
        Self { edits: edits.collect(), next_cursor: page.next }
    }
}
