//! What is looked for, and what was found, as JSON.

use std::str::FromStr;

use serde::{Deserialize, Serialize, Serializer};

use super::{MessageJson, missing};
use crate::error::{Error, ErrorKind, Result, parse_field};
use crate::model::{Hit, Hits, Limit, SearchCursor, SearchQuery, SnippetPart};

/// What is looked for, as texts.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SearchArgs {
    pub(crate) q: Option<String>,
    pub(crate) room_uuid: Option<String>,
    pub(crate) sender_uuid: Option<String>,
    pub(crate) after: Option<String>,
    pub(crate) before: Option<String>,
    pub(crate) has_attachment: Option<bool>,
    pub(crate) cursor: Option<String>,
    pub(crate) limit: Option<u64>,
}

impl SearchArgs {
    pub(crate) fn parse(self) -> Result<SearchQuery> {
        let mut query = SearchQuery::new(self.q.ok_or_else(|| missing("q"))?);
        query.room = self.room_uuid.map(|text| parse_field("roomUuid", &text)).transpose()?;
        query.sender = self.sender_uuid.map(|text| parse_field("senderUuid", &text)).transpose()?;
        query.after = parsed("after", self.after)?;
        query.before = parsed("before", self.before)?;
        query.has_attachment = self.has_attachment;
        query.cursor = parsed("cursor", self.cursor)?;
        query.limit = self.limit.map_or(Ok(Limit::ROOMS), Limit::new)?;
        Ok(query)
    }
}

fn parsed<T: FromStr>(field: &'static str, text: Option<String>) -> Result<Option<T>>
where
    T::Err: std::error::Error + Send + Sync + 'static,
{
    let parse = |text: String| {
        text.parse().map_err(|error: T::Err| {
            let kind = ErrorKind::Invalid { field: field.into(), reason: format!("{error}").into() };
            Error::with_source(kind, error)
        })
    };
    text.map(parse).transpose()
}

/// A page of what was found.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = SearchResults))]
pub(crate) struct HitsJson<'a> {
    /// The messages, the newest first. A page may hold fewer than were asked for, and yet others follow.
    results: Vec<HitJson<'a>>,
    /// The `cursor` of the next page; null on the last one.
    #[serde(serialize_with = "cursor")]
    #[cfg_attr(feature = "openapi", schema(required, value_type = Option<String>))]
    next_cursor: Option<SearchCursor>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = SearchResult))]
struct HitJson<'a> {
    /// The message.
    message: MessageJson<'a>,
    /// Its words around the first match, in parts that follow one another; at most 160 characters in all, with an
    /// ellipsis where the words go on.
    snippet: Vec<SnippetPartJson<'a>>,
}

/// A part of a snippet. It is plain text: nothing in it is markup, and nothing was escaped.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = SnippetPart))]
struct SnippetPartJson<'a> {
    /// The words.
    text: &'a str,
    /// Whether it is what was looked for.
    is_match: bool,
}

fn cursor<S: Serializer>(cursor: &Option<SearchCursor>, s: S) -> std::result::Result<S::Ok, S::Error> {
    match cursor {
        Some(cursor) => s.collect_str(cursor),
        None => s.serialize_none(),
    }
}

impl<'a> From<&'a Hits> for HitsJson<'a> {
    fn from(page: &'a Hits) -> Self {
        let part = |part: &'a SnippetPart| SnippetPartJson { text: &part.text, is_match: part.is_match };
        let hit = |hit: &'a Hit| HitJson {
            message: (&hit.view).into(),
            snippet: hit.snippet.iter().map(part).collect(),
        };
        Self { results: page.hits.iter().map(hit).collect(), next_cursor: page.next }
    }
}
