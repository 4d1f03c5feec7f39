//! Checks what users hand in against the rules and bounds, and turns it into what is stored.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::ChatEngine;
use crate::config::Config;
use crate::error::{Error, ErrorKind, Result, parse_field};
use crate::id::{AttachmentId, ChallengeId, ClientId, UserId};
use crate::model::{
    About, Body, Custom, Draft, Mentions, MessageType, NewRoom, Revision, RoomKind, RoomType, Visibility,
};
use crate::store::{Refers, Reply};

const MAX_URL_BYTES: usize = 2048;

impl Draft {
    /// The attachments that it names.
    pub(super) fn attached(&self, config: &Config) -> Result<Vec<AttachmentId>> {
        const FIELD: &str = "attachments";
        if self.attachments.len() > config.max_attachments {
            return Err(Error::invalid(FIELD, format!("must name at most {} files", config.max_attachments)));
        }
        self.attachments.iter().map(|id| parse_field(FIELD, id)).collect()
    }

    /// What it refers to.
    pub(super) fn refers(&self, config: &Config) -> Result<Refers> {
        let quoted = self.quoted_message_uuid.as_deref();
        let quoted = quoted.map(|id| parse_field("quotedMessageUuid", id)).transpose()?;
        let root = self.parent_message_uuid.as_deref();
        let root = root.map(|id| parse_field("parentMessageUuid", id)).transpose()?;
        let (in_room, max_followed) = (self.show_in_room, config.max_followed_threads);
        let thread = root.map(|root| Box::new(Reply { root, in_room, max_followed }));
        Ok(Refers { quoted, mentions: self.mentioned(config)?, thread, ..Refers::default() })
    }

    /// Whom it mentions.
    fn mentioned(&self, config: &Config) -> Result<Option<Box<Mentions>>> {
        const FIELD: &str = "mentions";
        if self.mentions.is_none() && !self.mentions_all {
            return Ok(None);
        }
        let named = self.mentions.as_deref().map(Vec::as_slice).unwrap_or_default();
        if named.len() > config.max_mentions {
            return Err(Error::invalid(FIELD, format!("must name at most {} people", config.max_mentions)));
        }
        let users = named.iter().map(|user| parse_field(FIELD, user)).collect::<Result<_>>()?;
        let mentions = Mentions { users, all: self.mentions_all };
        Ok(Some(mentions).filter(|mentions| !mentions.is_empty()).map(Box::new))
    }

    /// What the app keeps of its own with it.
    pub(super) fn kept(&mut self, config: &Config) -> Result<Custom> {
        check_custom(std::mem::take(&mut self.custom), config.max_message_custom_bytes)
    }

    /// Checks it against the rules and bounds. `picture` is where the first of its attachments is, if it has
    /// any; a TEXT that is only begun needs no words.
    pub(super) fn check(
        self,
        picture: Option<String>,
        is_begun: bool,
        config: &Config,
    ) -> Result<(Body, Option<ClientId>)> {
        let client_id = self.client_id.map(|id| parse_field("clientId", &id)).transpose()?;
        let content = check_content(self.content, config)?;
        let is_attached = picture.is_some();
        let body = match (self.r#type, content, self.image_url) {
            (MessageType::Text, Some(_), Some(_)) => {
                return Err(Error::invalid("imageUrl", "belongs to an IMAGE message only"));
            }
            (MessageType::Text, Some(text), None) => Body::Text(text),
            (MessageType::Text, None, None) if is_attached || is_begun => Body::Text("".into()),
            (MessageType::Text, None, _) => return Err(Error::invalid("content", "must not be blank")),
            (MessageType::Image, caption, Some(url)) => {
                Body::Image { url: check_url("imageUrl", url)?, caption }
            }
            (MessageType::Image, caption, None) => match picture {
                // Clients that know no attachments show it all the same.
                Some(url) => Body::Image { url: url.into(), caption },
                None => return Err(Error::invalid("imageUrl", "is missing")),
            },
            (MessageType::System, ..) => return Err(Error::invalid("type", "must be TEXT or IMAGE")),
        };
        Ok((body, client_id))
    }
}

impl ChatEngine {
    /// What a message shall say from now on; blank words are a mistake, and none may be meant.
    pub(super) fn check_words(
        &self,
        content: Option<impl AsRef<str> + Into<Arc<str>>>,
    ) -> Result<Option<Arc<str>>> {
        let is_given = content.is_some();
        let content = check_content(content, self.config())?;
        if is_given && content.is_none() {
            return Err(Error::invalid("content", "must not be blank"));
        }
        Ok(content)
    }

    /// What a message shall be from now on, within the bounds.
    pub(super) fn check_revision(&self, to: Revision) -> Result<Revision> {
        let content = to.content.map(|words| self.check_words(words)).transpose()?;
        let most = self.config().max_message_custom_bytes;
        Ok(Revision { content, custom: to.custom.map(|custom| check_custom(custom, most)).transpose()? })
    }
}

/// The words of a message, within the bound; blank ones are none.
fn check_content<T: AsRef<str> + Into<Arc<str>>>(
    content: Option<T>,
    config: &Config,
) -> Result<Option<Arc<str>>> {
    let content = content.filter(|text| !text.as_ref().trim().is_empty());
    if let Some(text) = content.as_ref().map(T::as_ref) {
        check_text("content", text)?;
        if text.len() > config.max_content_bytes {
            return Err(too_long("content", config.max_content_bytes));
        }
    }
    Ok(content.map(Into::into))
}

/// A room that can be made.
#[derive(Debug)]
pub(super) struct CheckedRoom {
    pub(super) kind: RoomKind,
    pub(super) name: Option<Arc<str>>,
    /// Everybody who will take part, the creator among them.
    pub(super) members: BTreeSet<UserId>,
    pub(super) about: About,
}

impl NewRoom {
    /// Checks it against the rules and bounds.
    pub(super) fn check(self, creator: Option<&UserId>, config: &Config) -> Result<CheckedRoom> {
        const FIELD: &str = "participantUuids";
        if self.participant_uuids.len() > config.max_participants {
            return Err(Error::invalid(
                FIELD,
                format!("must name at most {} people", config.max_participants),
            ));
        }
        let mut users = BTreeSet::new();
        for user in &self.participant_uuids {
            users.insert(parse_field::<UserId>(FIELD, user)?);
        }
        users.extend(creator.cloned());
        let name = self.name.map(|name| check_name(&name, config)).transpose()?.flatten();
        if self.challenge_uuid.is_some() && self.r#type != RoomType::Challenge {
            return Err(Error::invalid("challengeUuid", "belongs to a CHALLENGE room only"));
        }
        let kind = match self.r#type {
            RoomType::Direct => {
                let mut pair = users.iter().cloned();
                match (pair.next(), pair.next(), pair.next()) {
                    (Some(one), Some(other), None) => RoomKind::direct(one, other),
                    _ => return Err(Error::invalid(FIELD, "must name exactly one other person")),
                }
            }
            RoomType::Group => RoomKind::Group,
            RoomType::Challenge => {
                let challenge = self.challenge_uuid.as_deref().unwrap_or_default();
                RoomKind::Challenge(parse_field::<ChallengeId>("challengeUuid", challenge)?)
            }
        };
        if users.is_empty() {
            return Err(Error::invalid(FIELD, "must name somebody"));
        }
        let topic = self.topic.map(|topic| check_topic(&topic, config)).transpose()?.flatten();
        let picture = self.picture.map(check_picture).transpose()?.flatten();
        let visibility = self.visibility;
        if visibility == Visibility::Public && matches!(kind, RoomKind::Direct(_)) {
            return Err(Error::invalid("visibility", "must be private for a DIRECT room"));
        }
        let custom = check_custom(self.custom.unwrap_or_default(), config.max_custom_bytes)?;
        let about = About { topic, picture, visibility, custom };
        Ok(CheckedRoom { kind, name, members: users, about })
    }
}

fn too_long(field: &'static str, limit: usize) -> Error {
    ErrorKind::TooLarge { what: field.into(), limit }.into()
}

/// Refuses NUL and the other control characters, which no keyboard makes and many a terminal obeys.
pub(super) fn check_text(field: &'static str, text: &str) -> Result<()> {
    let is_refused = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    if may_hold_controls(text) && text.chars().any(is_refused) {
        return Err(Error::invalid(field, "must hold no control characters"));
    }
    Ok(())
}

/// A look at all bytes without a branch, for most texts hold none: the controls of ASCII, and the byte that those of
/// Latin-1 begin with.
fn may_hold_controls(text: &str) -> bool {
    text.bytes().fold(false, |seen, byte| seen | (byte < b' ') | (byte == 0x7f) | (byte == 0xc2))
}

fn check_url(field: &'static str, url: String) -> Result<Arc<str>> {
    if url.len() > MAX_URL_BYTES {
        return Err(Error::invalid(field, format!("must have at most {MAX_URL_BYTES} bytes")));
    }
    let host = url.split_once("://").and_then(|(scheme, rest)| {
        (scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")).then_some(rest)
    });
    let has_host = host.is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['/', '?', '#']));
    if !has_host || url.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(Error::invalid(field, "must be an http or https address"));
    }
    Ok(url.into())
}

/// A room's topic: trimmed, at most [`Config::max_topic_chars`].
pub(super) fn check_topic(topic: &str, config: &Config) -> Result<Option<Arc<str>>> {
    let topic = topic.trim();
    check_text("topic", topic)?;
    if topic.chars().count() > config.max_topic_chars {
        let reason = format!("must have at most {} characters", config.max_topic_chars);
        return Err(Error::invalid("topic", reason));
    }
    Ok(Some(topic).filter(|topic| !topic.is_empty()).map(Into::into))
}

/// A room's picture: an address, or none where it is empty.
pub(super) fn check_picture(url: String) -> Result<Option<Arc<str>>> {
    if url.is_empty() { Ok(None) } else { check_url("picture", url).map(Some) }
}

/// After how long something ends that is given in seconds; without any it never does.
pub(super) fn check_expiry(seconds: Option<u64>) -> Result<Option<Duration>> {
    const YEAR: u64 = 365 * 24 * 60 * 60;
    if seconds.is_some_and(|seconds| !(1..=YEAR).contains(&seconds)) {
        return Err(Error::invalid("expiresIn", format!("must be between 1 and {YEAR} seconds")));
    }
    Ok(seconds.map(Duration::from_secs))
}

/// What an app keeps of its own, in so many bytes at most.
pub(super) fn check_custom(custom: Custom, max_bytes: usize) -> Result<Custom> {
    if custom.as_str().len() > max_bytes {
        let reason = format!("must have at most {max_bytes} bytes");
        return Err(Error::invalid("custom", reason));
    }
    Ok(custom)
}

/// A room's name: trimmed, one line, at most [`Config::max_name_chars`].
pub(super) fn check_name(name: &str, config: &Config) -> Result<Option<Arc<str>>> {
    let name = name.trim();
    if name.is_empty() {
        return Ok(None);
    }
    if name.chars().any(char::is_control) {
        return Err(Error::invalid("name", "must hold no control characters"));
    }
    if name.chars().count() > config.max_name_chars {
        return Err(Error::invalid(
            "name",
            format!("must have at most {} characters", config.max_name_chars),
        ));
    }
    Ok(Some(name.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(draft: Draft) -> &'static str {
        draft.check(None, false, &Config::default()).map_or_else(|error| error.code(), |_| "OK")
    }

    #[test]
    fn a_text_needs_words_within_the_bound() {
        assert_eq!(code(Draft::text("hi")), "OK");
        assert_eq!(code(Draft::text("x".repeat(16 * 1024))), "OK");
        assert_eq!(code(Draft::text("x".repeat(16 * 1024 + 1))), "PAYLOAD_TOO_LARGE");
        for bad in ["", " \n\t", "a\0b", "\u{1b}[31m", "\u{9f}"] {
            assert_eq!(code(Draft::text(bad)), "INVALID_INPUT", "{bad:?}");
        }
        assert_eq!(code(Draft::text("hi").with_client_id("")), "INVALID_INPUT");
    }

    #[test]
    fn an_image_needs_a_web_address_and_may_have_a_caption() {
        assert_eq!(code(Draft::image("https://example.org/a.png")), "OK");
        assert_eq!(code(Draft::image("HTTP://example.org")), "OK");
        for bad in ["", "javascript:alert(1)", "https://", "https:///a", "ftp://a", "http://a b", "//a"] {
            assert_eq!(code(Draft::image(bad)), "INVALID_INPUT", "{bad:?}");
        }
        let blank = Draft { content: Some(" ".into()), ..Draft::image("https://a") };
        let (body, _) = blank.check(None, false, &Config::default()).unwrap();
        assert_eq!(body.content(), None, "a blank caption is none");
    }

    #[test]
    fn beside_attachments_nothing_else_is_needed() {
        let config = Config::default();
        let (id, picture) = (AttachmentId::generate(), Some("/api/here".to_owned()));
        let attached = Draft::attachment(id);
        assert_eq!(attached.attached(&config).unwrap(), [id]);
        let (body, _) = attached.clone().check(picture.clone(), false, &config).unwrap();
        assert_eq!(body.content(), Some(""));
        assert!(attached.check(None, false, &config).is_err());
        let image = Draft { r#type: MessageType::Image, ..Draft::attachment(id) };
        let (body, _) = image.clone().check(picture.clone(), false, &config).unwrap();
        assert_eq!(body.image_url(), Some("/api/here"));
        let image = Draft { image_url: Some("https://a".into()), ..image };
        assert_eq!(image.check(picture, false, &config).unwrap().0.image_url(), Some("https://a"));
        let many = (0..11).fold(Draft::text("hi"), |draft, _| draft.with_attachment(id));
        assert!(many.attached(&config).is_err());
        let bad = Draft { attachments: vec!["../../x".into()], ..Draft::text("hi") };
        assert!(bad.attached(&config).is_err());
    }

    #[test]
    fn a_direct_room_has_exactly_one_other_person() {
        let ana: UserId = "ana".parse().unwrap();
        let check = |new: NewRoom| new.check(Some(&ana), &Config::default());
        assert!(check(NewRoom::direct("ben")).is_ok());
        assert!(check(NewRoom::direct("ben").with(["ana", "ben"])).is_ok(), "oneself does not count");
        assert!(check(NewRoom::direct("ana")).is_err());
        assert!(check(NewRoom::direct("ben").with(["cho"])).is_err());
        assert!(check(NewRoom::challenge("", "x")).is_err());
        assert!(check(NewRoom::group("x".repeat(201))).is_err());
    }
}
