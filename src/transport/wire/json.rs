//! JSON that came in, with the field at fault named.

use std::borrow::Cow;
use std::ops::Deref;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::error::{Error, ErrorKind, Result, parse_field};
use crate::id::{MessageId, RoomId};
use crate::model::{Cursor, Custom, HistoryQuery, Limit, PageQuery, Reaction, Revision, Token};

/// Parses the text of a JSON object.
///
/// # Errors
/// [`Invalid`](ErrorKind::Invalid) with the path of the field at fault, or `body`.
pub(crate) fn parse<'a, T: Deserialize<'a>>(text: &'a [u8]) -> Result<T> {
    // Looked through once for the whole text: of bytes, each string would be by itself.
    match std::str::from_utf8(text) {
        Ok(text) => parse_text(text),
        Err(_) => check_object(text).and_then(|()| parse_slowly(text)),
    }
}

/// The same of what is known to be text.
pub(crate) fn parse_text<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T> {
    check_object(text.as_bytes())?;
    // Once more to name the field: only where it went wrong.
    serde_json::from_str(text).or_else(|_| parse_slowly(text.as_bytes()))
}

/// An array would be read as the fields in their order.
fn check_object(text: &[u8]) -> Result<()> {
    if text.trim_ascii_start().first() == Some(&b'[') {
        return Err(invalid("body".into(), "must be an object".into()).into());
    }
    Ok(())
}

/// Parses with an eye on where in the text it is, to name the field at fault.
fn parse_slowly<'a, T: Deserialize<'a>>(text: &'a [u8]) -> Result<T> {
    let mut json = serde_json::Deserializer::from_slice(text);
    let value = serde_path_to_error::deserialize(&mut json).map_err(fault)?;
    json.end().map_err(|error| {
        let kind = invalid("body".into(), "is not one JSON value".into());
        Error::with_source(kind, error)
    })?;
    Ok(value)
}

/// A text that is borrowed where nothing in it is escaped.
#[derive(Debug, Deserialize)]
pub(crate) struct Word<'a>(#[serde(borrow)] Cow<'a, str>);

impl Deref for Word<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

fn invalid(field: Cow<'static, str>, reason: Cow<'static, str>) -> ErrorKind {
    ErrorKind::Invalid { field, reason }
}

fn fault(error: serde_path_to_error::Error<serde_json::Error>) -> Error {
    let path = error.path().to_string();
    let inner = error.into_inner();
    let text = inner.to_string();
    // serde names a missing field in its text alone: missing field `name`.
    let missing = text.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
    let kind = match (missing, path.as_str()) {
        (Some(field), ".") => invalid(field.to_owned().into(), "is missing".into()),
        (Some(field), path) => invalid(format!("{path}.{field}").into(), "is missing".into()),
        (None, "." | "?") => invalid("body".into(), "is not valid JSON of the expected shape".into()),
        (None, _) if inner.is_syntax() || inner.is_eof() => {
            invalid("body".into(), "is not valid JSON".into())
        }
        (None, _) => invalid(path.into(), "has a wrong type or value".into()),
    };
    Error::with_source(kind, inner)
}

/// A place in a room's history, as a number or a text.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum PlaceJson {
    Seq(u64),
    Text(String),
}

/// What is left out is `None`, and null is not.
pub(crate) fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(json: D) -> Result<Option<T>, D::Error> {
    T::deserialize(json).map(Some)
}

/// What an edit asks for. Words that are left out stay beside a `custom`, and are taken away without one.
pub(crate) fn revision(content: Option<Option<String>>, custom: Option<Custom>) -> Revision {
    let content = if custom.is_none() { Some(content.flatten()) } else { content };
    Revision { content: content.map(|words| words.map(Into::into)), custom }
}

/// A whole number that is not negative: in JSON, `2.0` is one too.
pub(crate) fn whole<'de, D: Deserializer<'de>>(json: D) -> Result<Option<u64>, D::Error> {
    let not_whole = |_| D::Error::custom("is no whole number");
    number(json)?.map(|number| number.try_into().map_err(not_whole)).transpose()
}

/// A whole number, which may be negative: in JSON, `-2.0` is one too.
pub(crate) fn whole_signed<'de, D: Deserializer<'de>>(json: D) -> Result<Option<i64>, D::Error> {
    let not_whole = |_| D::Error::custom("is no whole number");
    number(json)?.map(|number| number.try_into().map_err(not_whole)).transpose()
}

fn number<'de, D: Deserializer<'de>>(json: D) -> Result<Option<i128>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Number {
        Whole(u64),
        Signed(i64),
        Float(f64),
    }
    /// Beyond it a float stands for several whole numbers.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match Option::<Number>::deserialize(json)? {
        None => Ok(None),
        Some(Number::Whole(whole)) => Ok(Some(whole.into())),
        Some(Number::Signed(signed)) => Ok(Some(signed.into())),
        #[allow(clippy::cast_possible_truncation, reason = "whole, and in range")]
        Some(Number::Float(float)) if float.fract() == 0.0 && (-EXACT..=EXACT).contains(&float) => {
            Ok(Some(float as i128))
        }
        Some(Number::Float(_)) => Err(D::Error::custom("is no whole number")),
    }
}

/// A `seq` or a `messageUuid`, as a text.
pub(crate) fn parse_place(field: &'static str, text: &str) -> Result<Cursor> {
    if !text.is_empty() && text.len() <= 20 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return parse_number(field, text).map(Cursor::Seq);
    }
    let wrong = |_| Error::invalid(field, "must be a messageUuid or a seq");
    parse_field(field, text).map(Cursor::Message).map_err(wrong)
}

impl PlaceJson {
    pub(crate) fn parse(self, field: &'static str) -> Result<Cursor> {
        match self {
            Self::Seq(seq) => Ok(Cursor::Seq(seq)),
            Self::Text(text) => parse_place(field, &text),
        }
    }
}

/// A whole number that is not negative, as a text.
pub(crate) fn parse_number(field: &'static str, text: &str) -> Result<u64> {
    text.parse().map_err(|_| Error::invalid(field, "must be a whole number"))
}

/// The size of a page, as a text.
pub(crate) fn parse_limit(text: Option<&str>, default: Limit) -> Result<Limit> {
    match text {
        None => Ok(default),
        Some(text) => Limit::new(parse_number("limit", text)?),
    }
}

/// A field that has to be there.
pub(crate) fn missing(field: &'static str) -> Error {
    Error::invalid(field, "is missing")
}

/// A position to resume from, as a text.
pub(crate) fn parse_since(text: &str) -> Result<Token> {
    text.parse().map_err(|error| {
        let kind = invalid("since".into(), format!("{error}").into());
        Error::with_source(kind, error)
    })
}

/// Where a mark moves to: a `messageUuid`, a `seq`, or the newest message.
pub(crate) fn parse_mark(message: Option<&str>, seq: Option<u64>) -> Result<Option<Cursor>> {
    match (message, seq) {
        (Some(_), Some(_)) => Err(Error::invalid("seq", "must not be given beside messageUuid")),
        (Some(id), None) => Ok(Some(Cursor::Message(parse_field("messageUuid", id)?))),
        (None, seq) => Ok(seq.map(Cursor::Seq)),
    }
}

/// The message that is to be changed.
pub(crate) fn parse_message(id: Option<&str>) -> Result<MessageId> {
    parse_field("messageUuid", id.ok_or_else(|| missing("messageUuid"))?)
}

/// The room that a message is passed on to.
pub(crate) fn parse_target(room: Option<&str>) -> Result<RoomId> {
    parse_field("toRoomUuid", room.ok_or_else(|| missing("toRoomUuid"))?)
}

/// A reaction, as a text.
pub(crate) fn parse_reaction(text: Option<&str>) -> Result<Reaction> {
    let text = text.ok_or_else(|| missing("reaction"))?;
    text.parse().map_err(|error| {
        let kind = invalid("reaction".into(), format!("{error}").into());
        Error::with_source(kind, error)
    })
}

/// What names a part of a room's history.
#[derive(Debug)]
pub(crate) struct HistoryArgs {
    pub(crate) page: Option<u64>,
    pub(crate) limit: Option<u64>,
    pub(crate) before: Option<PlaceJson>,
    pub(crate) after: Option<PlaceJson>,
    pub(crate) around: Option<PlaceJson>,
}

impl HistoryArgs {
    pub(crate) fn parse(self) -> Result<HistoryQuery> {
        let limit = self.limit.map_or(Ok(Limit::MESSAGES), Limit::new)?;
        match (self.before, self.after, self.around, self.page) {
            (Some(place), None, None, None) => Ok(HistoryQuery::Before(place.parse("before")?, limit)),
            (None, Some(place), None, None) => Ok(HistoryQuery::After(place.parse("after")?, limit)),
            (None, None, Some(place), None) => Ok(HistoryQuery::Around(place.parse("around")?, limit)),
            (None, None, None, page) => Ok(HistoryQuery::Page(PageQuery::new(page.unwrap_or(1), limit)?)),
            _ => Err(Error::invalid("before", "must not be given beside after, around or page")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Place {
        #[serde(deserialize_with = "whole")]
        seq: Option<u64>,
        name: Option<String>,
    }

    fn place(text: &str) -> Result<Place> {
        parse(text.as_bytes())
    }

    #[test]
    fn an_array_is_not_read_as_the_fields_in_their_order() {
        for text in ["[]", "[1]", " [null, null]", "\n[1, \"x\"]"] {
            let error = place(text).unwrap_err();
            assert!(
                matches!(error.kind(), ErrorKind::Invalid { field, .. } if field == "body"),
                "{text}: {error}"
            );
        }
        assert_eq!(place(" {}").unwrap(), Place::default());
        let error = parse::<Place>(b"[null, \"\xff\"]").unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Invalid { field, .. } if field == "body"), "{error}");
    }

    #[test]
    fn a_number_is_whole_however_it_is_written() {
        for (text, seq) in [
            ("{}", None),
            (r#"{"seq":null}"#, None),
            (r#"{"seq":2}"#, Some(2)),
            (r#"{"seq":2.0}"#, Some(2)),
            (r#"{"seq":18446744073709551615}"#, Some(u64::MAX)),
        ] {
            assert_eq!(place(text).unwrap().seq, seq, "{text}");
        }
        for text in
            [r#"{"seq":2.5}"#, r#"{"seq":-1}"#, r#"{"seq":-1.0}"#, r#"{"seq":1e300}"#, r#"{"seq":"2"}"#]
        {
            assert!(place(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_signed_number_is_whole_however_it_is_written() {
        for (text, number) in
            [("null", None), ("-540", Some(-540)), ("-540.0", Some(-540)), ("324.0", Some(324))]
        {
            assert_eq!(
                whole_signed(&mut serde_json::Deserializer::from_str(text)).unwrap(),
                number,
                "{text}"
            );
        }
        for text in ["-0.5", "9223372036854775808", "-1e300", "\"2\""] {
            assert!(whole_signed(&mut serde_json::Deserializer::from_str(text)).is_err(), "{text}");
        }
    }
}
