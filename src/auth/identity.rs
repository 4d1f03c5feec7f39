//! What a token says of its owner.

use std::sync::Arc;

use crate::clock::Timestamp;
use crate::id::UserId;
use crate::model::Profile;

/// The most characters that are kept of a nickname; the rest is cut off.
pub const MAX_NICKNAME_CHARS: usize = 200;

/// The most bytes of a picture's address; a longer one is none.
pub const MAX_IMAGE_BYTES: usize = 2048;

/// Who a token stands for, and for how long.
///
/// What a token says beside the user is text that somebody else chose; it is tidied here, so that no
/// authenticator has to.
///
/// ```
/// use chat_core::auth::Identity;
///
/// let user = "ana".parse()?;
/// let identity = Identity::new(user).with_nickname(" Ana\n ").with_image("javascript:alert(1)");
/// assert_eq!(identity.nickname.as_deref(), Some("Ana"));
/// assert_eq!(identity.image, None);
/// # Ok::<(), chat_core::id::IdError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Identity {
    /// The user.
    pub user: UserId,
    /// The name to show, when the token tells one: at most [`MAX_NICKNAME_CHARS`] where
    /// [`with_nickname`](Self::with_nickname) has tidied it.
    pub nickname: Option<Arc<str>>,
    /// The address of a picture, when the token tells one: at most [`MAX_IMAGE_BYTES`] where
    /// [`with_image`](Self::with_image) has checked it.
    pub image: Option<Arc<str>>,
    /// When the token was issued. After a [logout](crate::Actor::log_out) only those hold that were issued
    /// since; one that does not say when holds no more.
    pub issued: Option<Timestamp>,
    /// From this moment on the token holds no more, and what it opened is closed. `None`: it holds until
    /// the connection ends.
    pub expires: Option<Timestamp>,
}

impl Identity {
    /// A user of whom nothing but the id is known, and whose token does not expire.
    pub fn new(user: UserId) -> Self {
        Self { user, nickname: None, image: None, issued: None, expires: None }
    }

    /// With a name to show: trimmed, without control characters, and cut to [`MAX_NICKNAME_CHARS`]. A name
    /// of which nothing visible remains is none.
    #[must_use]
    pub fn with_nickname(mut self, nickname: impl AsRef<str>) -> Self {
        self.nickname = tidy_nickname(nickname.as_ref());
        self
    }

    /// With the address of a picture. What is no `http` or `https` address, or is longer than
    /// [`MAX_IMAGE_BYTES`], is none.
    #[must_use]
    pub fn with_image(mut self, address: impl AsRef<str>) -> Self {
        self.image = tidy_image(address.as_ref());
        self
    }

    /// With the moment at which the token was issued.
    #[must_use]
    pub fn with_issued(mut self, at: Timestamp) -> Self {
        self.issued = Some(at);
        self
    }

    /// With the moment from which on the token holds no more.
    #[must_use]
    pub fn with_expires(mut self, at: Timestamp) -> Self {
        self.expires = Some(at);
        self
    }

    /// What others see of the user. Without a nickname they see the id.
    pub fn profile(&self) -> Profile {
        let nickname = self.nickname.clone().unwrap_or_else(|| self.user.as_str().into());
        Profile { user: self.user.clone(), nickname, image: self.image.clone() }
    }
}

/// The nickname as it may be shown, if anything of it may.
pub(super) fn tidy_nickname(text: &str) -> Option<Arc<str>> {
    let kept: String = text
        .chars()
        .filter(|c| !is_control(*c))
        .skip_while(|c| c.is_whitespace())
        .take(MAX_NICKNAME_CHARS)
        .collect();
    let kept = kept.trim_end();
    kept.chars().any(|c| !c.is_whitespace() && !is_invisible(c)).then(|| kept.into())
}

/// Control characters, line breaks, and what turns the direction of the text that follows the name.
fn is_control(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Takes no room on a screen. Right within a name (a joiner in an emoji), but no name alone.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{3164}' | '\u{feff}')
}

fn tidy_image(text: &str) -> Option<Arc<str>> {
    let text = text.trim();
    if text.len() > MAX_IMAGE_BYTES {
        return None;
    }
    let (scheme, rest) = text.split_once("://")?;
    let known = ["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
    // No address holds these; a careless page that prints one would be tricked by them.
    let odd =
        |c: char| is_control(c) || c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '\\' | '`');
    (known && !rest.is_empty() && !rest.contains(odd)).then(|| text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nickname(text: &str) -> Option<String> {
        let identity = Identity::new("ana".parse().unwrap()).with_nickname(text);
        identity.nickname.map(|nickname| nickname.to_string())
    }

    fn has_image(text: &str) -> bool {
        Identity::new("ana".parse().unwrap()).with_image(text).image.is_some()
    }

    #[test]
    fn a_nickname_is_trimmed_and_loses_control_characters() {
        assert_eq!(nickname("  Ana Lima\t\n").as_deref(), Some("Ana Lima"));
        assert_eq!(nickname("A\0n\u{1b}[31ma\u{2028}").as_deref(), Some("An[31ma"));
        assert_eq!(nickname("\u{0} \u{202e}Ana").as_deref(), Some("Ana"));
        assert_eq!(nickname("김철수 👩‍👩‍👧").as_deref(), Some("김철수 👩‍👩‍👧"));
    }

    #[test]
    fn a_nickname_of_nothing_visible_is_none() {
        for blank in ["", "  ", "\n\t", "\u{200b}\u{feff}", "\u{3164}", " \u{7} "] {
            assert_eq!(nickname(blank), None, "{blank:?}");
        }
    }

    #[test]
    fn a_nickname_is_cut_to_its_bound_in_characters() {
        assert_eq!(nickname(&"é".repeat(200)).unwrap().chars().count(), 200);
        assert_eq!(nickname(&"é".repeat(100_000)).unwrap().chars().count(), 200);
        let spaced = format!("{} b", "a".repeat(199));
        assert_eq!(nickname(&spaced).unwrap().chars().count(), 199);
    }

    #[test]
    fn an_image_is_an_address_on_the_web_or_none() {
        for good in ["https://example.com/a.png?b=c#d", "HTTP://example.com", " http://[::1]:8080/ü "] {
            assert!(has_image(good), "{good}");
        }
        let fits = format!("https://e.com/{}", "a".repeat(MAX_IMAGE_BYTES - 14));
        assert!(has_image(&fits));
        assert!(!has_image(&format!("{fits}a")));
        for bad in [
            "",
            "https://",
            "javascript:alert(1)//https://",
            "data:image/png;base64,AA",
            "//example.com/a",
            "/a.png",
            "ftp://a/b",
            "https://a/b c",
            "https://a/\u{0}",
            "https://a/\"onerror=\"b",
            "https://a/' onerror='b",
        ] {
            assert!(!has_image(bad), "{bad}");
        }
    }

    #[test]
    fn a_profile_shows_the_id_until_there_is_a_nickname() {
        let identity = Identity::new("ana".parse().unwrap());
        assert_eq!(identity.profile(), Profile::unknown("ana".parse().unwrap()));
        let identity = identity.with_nickname("Ana").with_image("https://a/b");
        assert_eq!(&*identity.profile().nickname, "Ana");
        assert_eq!(identity.profile().image.as_deref(), Some("https://a/b"));
    }
}
