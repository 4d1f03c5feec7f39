//! What is changed about a room.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

use super::{Custom, Permissions, Retention, Role, Verb, Visibility};

/// What shall be another way about a room; what is `None` stays as it is.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RoomUpdate {
    /// Its name, one line of at most [`Config::max_name_chars`](crate::Config::max_name_chars); a blank one has a
    /// name made from nicknames.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it is about, in one line or more, of at most
    /// [`Config::max_topic_chars`](crate::Config::max_topic_chars); a blank one takes it away.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// The address of a picture, http or https and at most 2,048 bytes; an empty one takes it away.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
    /// By their [words](Permissions::word), the least roles that may do something. What is not named stays.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub permissions: Option<BTreeMap<String, Role>>,
    /// Who may find it and join it.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub visibility: Option<Visibility>,
    /// What the app keeps of its own with it, an object of at most
    /// [`Config::max_custom_bytes`](crate::Config::max_custom_bytes), instead of what is there.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub custom: Option<Custom>,
    /// How many seconds have to pass between two messages of a member who is no admin, at most
    /// [`MAX_SLOW_MODE`](super::MAX_SLOW_MODE); 0: none.
    #[serde(default, deserialize_with = "given_whole", skip_serializing_if = "Option::is_none")]
    pub slow_mode: Option<u32>,
    /// How long its messages are kept; `Some(None)` keeps them as long as
    /// [`Config::retention`](crate::Config::retention) says.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub retention: Option<Option<Retention>>,
}

/// Left out is `None`; null is wrong.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(value: D) -> Result<Option<T>, D::Error> {
    T::deserialize(value).map(Some)
}

/// The same of a whole number: in JSON, `2.0` is one too.
pub(super) fn given_whole<'de, D: Deserializer<'de>>(value: D) -> Result<Option<u32>, D::Error> {
    let number = f64::deserialize(value)?;
    if number.fract() != 0.0 || !(0.0..=f64::from(u32::MAX)).contains(&number) {
        return Err(serde::de::Error::custom("is no whole number"));
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole, and in range")]
    Ok(Some(number as u32))
}

impl RoomUpdate {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether it says something else of the room.
    pub(crate) fn describes(&self) -> bool {
        self.name.is_some() || self.topic.is_some() || self.picture.is_some() || self.custom.is_some()
    }

    /// Another name; a blank one has a name made from nicknames.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Another topic; a blank one takes it away.
    #[must_use]
    pub fn with_topic(mut self, topic: impl Into<String>) -> Self {
        self.topic = Some(topic.into());
        self
    }

    /// Another picture, by its address; an empty one takes it away.
    #[must_use]
    pub fn with_picture(mut self, address: impl Into<String>) -> Self {
        self.picture = Some(address.into());
        self
    }

    /// Makes it public or private.
    #[must_use]
    pub fn with_visibility(mut self, visibility: Visibility) -> Self {
        self.visibility = Some(visibility);
        self
    }

    /// Something else of the app's own, instead of what is there.
    #[must_use]
    pub fn with_custom(mut self, custom: Custom) -> Self {
        self.custom = Some(custom);
        self
    }

    /// Makes it slow, by so many seconds between two messages of a member; 0 makes it as any other.
    #[must_use]
    pub fn with_slow_mode(mut self, seconds: u32) -> Self {
        self.slow_mode = Some(seconds);
        self
    }

    /// Keeps its messages so long; `None` as long as [`Config::retention`](crate::Config::retention) says.
    #[must_use]
    pub fn with_retention(mut self, retention: Option<Retention>) -> Self {
        self.retention = Some(retention);
        self
    }

    /// Lets this role and greater ones do it. What [cannot be given](Permissions::set) is refused with the
    /// update, as [`Invalid`](crate::ErrorKind::Invalid).
    #[must_use]
    pub fn with_permission(mut self, verb: Verb, least: Role) -> Self {
        let word = Permissions::word(verb).map_or_else(|| format!("{verb:?}"), str::to_owned);
        self.permissions.get_or_insert_default().insert(word, least);
        self
    }
}
