//! Routes of attachments.

use std::ops::Range;

use axum::Json;
use axum::body::Body;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::Mounted;
use super::extract::{Caller, InRoom, OfAttachment, Params};
use super::problem::Problem;
use super::rooms::done;
use crate::engine::Actor;
use crate::error::{Error, ErrorKind, Result};
use crate::model::Attachment;
use crate::transport::wire::{AttachmentJson, LinkJson};

/// Pictures that a browser shows and runs nothing of.
const SHOWN: [&str; 5] = ["image/jpeg", "image/png", "image/gif", "image/webp", "image/avif"];

/// Whatever a file holds, it runs nothing and loads nothing here.
const POLICY: HeaderValue = HeaderValue::from_static("sandbox; default-src 'none'");

/// The file is kept by whoever got it, and asked for again: so that who has left the room is told so.
const CACHING: HeaderValue = HeaderValue::from_static("private, no-cache");

pub(super) async fn upload(
    State(mounted): State<Mounted>,
    Caller(caller): Caller,
    InRoom(room): InRoom,
    params: Params,
    request: Request,
) -> Result<Response, Problem> {
    let limit = mounted.engine.config().max_attachment_bytes;
    let announced = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    if announced.and_then(|bytes| bytes.parse::<u64>().ok()).is_some_and(|bytes| bytes > limit as u64) {
        return Err(ErrorKind::TooLarge { what: "file".into(), limit }.into());
    }
    let bytes = request.into_body().into_data_stream().map(|bytes| {
        bytes.map_err(|error| {
            let kind = ErrorKind::Invalid { field: "body".into(), reason: "could not be read".into() };
            Error::with_source(kind, error)
        })
    });
    let attachment = caller.upload(room, params.get("name").unwrap_or_default(), bytes).await?;
    Ok((StatusCode::CREATED, Json(AttachmentJson::from(&attachment))).into_response())
}

pub(super) async fn download(
    Reader(caller): Reader,
    InRoom(room): InRoom,
    OfAttachment(id): OfAttachment,
    method: Method,
    asked: HeaderMap,
) -> Result<Response, Problem> {
    let download = caller.download(room, id).await?;
    let attachment = download.attachment();
    let mut headers = headers(&attachment.media_type, &format!("\"{id}\""));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::CONTENT_DISPOSITION, disposition(attachment));
    if is_known(&asked, &headers) {
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    let size = attachment.size;
    let (status, range) = match wanted(&asked, &headers, size) {
        Wanted::Whole => (StatusCode::OK, 0..size),
        Wanted::Part(range) => {
            let part = format!("bytes {}-{}/{size}", range.start, range.end - 1);
            headers.extend(text(&part).map(|part| (header::CONTENT_RANGE, part)));
            (StatusCode::PARTIAL_CONTENT, range)
        }
        Wanted::Nothing => {
            headers.extend(text(&format!("bytes */{size}")).map(|none| (header::CONTENT_RANGE, none)));
            return Ok((StatusCode::RANGE_NOT_SATISFIABLE, headers).into_response());
        }
    };
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(range.end - range.start));
    let body = match method {
        Method::HEAD => Body::empty(),
        _ => Body::from_stream(download.bytes(range).await?),
    };
    Ok((status, headers, body).into_response())
}

pub(super) async fn thumbnail(
    Reader(caller): Reader,
    InRoom(room): InRoom,
    OfAttachment(id): OfAttachment,
    asked: HeaderMap,
) -> Result<Response, Problem> {
    let download = caller.download(room, id).await?;
    let bytes = download.thumbnail().await?;
    let mut headers = headers("image/jpeg", &format!("\"{id}-thumbnail\""));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("inline"));
    if is_known(&asked, &headers) {
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    Ok((headers, Body::from_stream(bytes)).into_response())
}

pub(super) async fn discard(
    Caller(caller): Caller,
    InRoom(room): InRoom,
    OfAttachment(id): OfAttachment,
) -> Result<Response, Problem> {
    caller.discard(room, id).await?;
    Ok(done(room))
}

pub(super) async fn link(
    Caller(caller): Caller,
    InRoom(room): InRoom,
    OfAttachment(id): OfAttachment,
) -> Result<Response, Problem> {
    let link = caller.link(room, id).await?;
    Ok((StatusCode::CREATED, Json(LinkJson::from(&link))).into_response())
}

/// Who reads a file: the caller by their bearer token, or without one whoever made the link.
pub(super) struct Reader(Actor);

impl FromRequestParts<Mounted> for Reader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, mounted: &Mounted) -> Result<Self, Problem> {
        let params = Params::from_request_parts(parts, mounted).await?;
        let token = params.get("token").filter(|_| !parts.headers.contains_key(header::AUTHORIZATION));
        let Some(token) = token else {
            return Caller::from_request_parts(parts, mounted).await.map(|Caller(caller)| Self(caller));
        };
        let InRoom(room) = InRoom::from_request_parts(parts, mounted).await?;
        let OfAttachment(id) = OfAttachment::from_request_parts(parts, mounted).await?;
        let reader = mounted.engine.follow_link(room, id, token).await?;
        mounted.engine.check_call(reader.user())?;
        Ok(Self(reader))
    }
}

/// What every file is sent with.
fn headers(media_type: &str, tag: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    // Both are made of letters that may stand there.
    headers.extend(text(media_type).map(|media_type| (header::CONTENT_TYPE, media_type)));
    headers.extend(text(tag).map(|tag| (header::ETAG, tag)));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(header::CACHE_CONTROL, CACHING);
    // A link's token stands in the address.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers
}

fn text(text: &str) -> Option<HeaderValue> {
    HeaderValue::from_str(text).ok()
}

/// How a file is to be treated, and its name (RFC 6266): in ASCII for old clients, and as it is.
fn disposition(attachment: &Attachment) -> HeaderValue {
    const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'-').remove(b'_').remove(b'~');
    let shown = if SHOWN.contains(&&*attachment.media_type) { "inline" } else { "attachment" };
    let plain = |c: char| if c.is_ascii_graphic() && !"\"\\%".contains(c) || c == ' ' { c } else { '_' };
    let ascii: String = attachment.name.chars().map(plain).collect();
    let whole = utf8_percent_encode(&attachment.name, ESCAPED);
    let disposition = format!("{shown}; filename=\"{ascii}\"; filename*=UTF-8''{whole}");
    text(&disposition).unwrap_or(HeaderValue::from_static("attachment"))
}

/// Whether the client has the file already.
fn is_known(asked: &HeaderMap, headers: &HeaderMap) -> bool {
    let tag = headers.get(header::ETAG).and_then(|tag| tag.to_str().ok()).unwrap_or_default();
    let known = asked.get(header::IF_NONE_MATCH).and_then(|tags| tags.to_str().ok()).unwrap_or_default();
    known.split(',').map(str::trim).any(|one| one == "*" || one.trim_start_matches("W/") == tag)
}

#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    Whole,
    Part(Range<u64>),
    /// A part beyond the end.
    Nothing,
}

/// The part of a file that is asked for (RFC 9110, 14.2). Several parts, or what is none, bring all of it.
fn wanted(asked: &HeaderMap, headers: &HeaderMap, size: u64) -> Wanted {
    let Some(part) = asked.get(header::RANGE).and_then(|part| part.to_str().ok()) else {
        return Wanted::Whole;
    };
    // Of another version of the file, of which there is none.
    if asked.get(header::IF_RANGE).is_some_and(|tag| Some(tag) != headers.get(header::ETAG)) {
        return Wanted::Whole;
    }
    let sides = part.trim().strip_prefix("bytes=").and_then(|part| part.split_once('-'));
    let number = |side: &str| (!side.is_empty()).then(|| side.parse::<u64>().ok());
    let range = match sides.map(|(from, to)| (number(from.trim()), number(to.trim()))) {
        Some((Some(Some(from)), None)) => from..size,
        Some((Some(Some(from)), Some(Some(to)))) if from <= to => from..size.min(to.saturating_add(1)),
        Some((None, Some(Some(last)))) => size.saturating_sub(last)..size,
        _ => return Wanted::Whole,
    };
    if range.is_empty() { Wanted::Nothing } else { Wanted::Part(range) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::id::{AttachmentId, RoomId};

    #[test]
    fn a_part_of_a_file_is_what_was_asked_for_within_it() {
        let part = |asked: &str| {
            let asked = HeaderMap::from_iter([(header::RANGE, HeaderValue::from_str(asked).unwrap())]);
            wanted(&asked, &HeaderMap::new(), 10)
        };
        for (asked, range) in [
            ("bytes=0-0", 0..1),
            ("bytes=2-4", 2..5),
            ("bytes=4-", 4..10),
            ("bytes=4-99", 4..10),
            ("bytes=-3", 7..10),
            ("bytes=-99", 0..10),
            ("bytes=0-18446744073709551615", 0..10),
        ] {
            assert_eq!(part(asked), Wanted::Part(range), "{asked}");
        }
        for nothing in ["bytes=10-", "bytes=10-12", "bytes=-0"] {
            assert_eq!(part(nothing), Wanted::Nothing, "{nothing}");
        }
        for whole in ["bytes=", "bytes=-", "bytes=4-2", "bytes=0-1,3-4", "lines=1-2", "bytes=x-", "bytes=-x"]
        {
            assert_eq!(part(whole), Wanted::Whole, "{whole}");
        }
    }

    #[test]
    fn the_name_of_a_file_ends_no_header_and_no_quotes() {
        let mut attachment = Attachment {
            id: AttachmentId::generate(),
            room: RoomId::generate(),
            uploader: "ana".parse().unwrap(),
            name: "".into(),
            media_type: "application/octet-stream".into(),
            size: 1,
            dimensions: None,
            has_thumbnail: false,
            created_at: Timestamp::from_millis(0),
        };
        for (name, expected) in [
            ("a.png", "attachment; filename=\"a.png\"; filename*=UTF-8''a.png"),
            ("a\"; x=\"b", "attachment; filename=\"a_; x=_b\"; filename*=UTF-8''a%22%3B%20x%3D%22b"),
            ("사.png", "attachment; filename=\"_.png\"; filename*=UTF-8''%EC%82%AC.png"),
            ("a\r\nb: c", "attachment; filename=\"a__b: c\"; filename*=UTF-8''a%0D%0Ab%3A%20c"),
        ] {
            attachment.name = name.into();
            assert_eq!(disposition(&attachment).to_str().unwrap(), expected, "{name:?}");
        }
        attachment.media_type = "image/png".into();
        assert!(disposition(&attachment).to_str().unwrap().starts_with("inline; "));
        attachment.media_type = "image/svg+xml".into();
        assert!(disposition(&attachment).to_str().unwrap().starts_with("attachment; "));
    }
}
