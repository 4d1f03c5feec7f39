//! What `--print-config` prints: TOML that can be read back, with a comment on where each value comes from.

use std::fmt::{Display, Write};

use serde::Serialize;
use toml::Value;

/// The text so far.
#[derive(Debug, Default)]
pub(crate) struct Page {
    text: String,
}

impl Page {
    /// Begins a table.
    pub(crate) fn table(&mut self, name: &str) {
        let _ = write!(self.text, "\n[{name}]\n");
    }

    /// A setting; one that has no value, as a comment.
    pub(crate) fn setting<T: Serialize>(&mut self, name: &str, value: &T, source: &str) {
        let Ok(mut value) = Value::try_from(value) else {
            let _ = writeln!(self.text, "# {name} is not set");
            return;
        };
        let masked = if mask(&mut value) { ", its password not shown" } else { "" };
        self.line(name, value, &format!("{source}{masked}"));
    }

    /// A value that is TOML already.
    pub(crate) fn line(&mut self, name: &str, value: impl Display, source: &str) {
        let _ = writeln!(self.text, "{name} = {value} # {source}");
    }

    /// What holds by itself as long as it is not written down.
    pub(crate) fn comment(&mut self, name: &str, value: &str, source: &str) {
        let _ = writeln!(self.text, "# {name} = {value} # {source}");
    }

    pub(crate) fn finish(self) -> String {
        self.text
    }
}

/// Masks the passwords in a value, and says whether there were any.
fn mask(value: &mut Value) -> bool {
    match value {
        Value::String(text) => {
            let shown = masked(text);
            let is_masked = shown != *text;
            *text = shown;
            is_masked
        }
        // All of them, not only those up to the first.
        Value::Array(values) => values.iter_mut().map(mask).filter(|is_masked| *is_masked).count() > 0,
        _ => false,
    }
}

/// A URL without what opens a door: its password, wherever it stands, or a user that is a token of NATS.
pub(crate) fn masked(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    // Up to the last @, for a password may hold one that is not escaped.
    let (user, place) = match rest.rsplit_once('@') {
        Some((user, place)) => (Some(user), place),
        None => (None, rest),
    };
    let user = match user.map(|user| user.split_once(':').unwrap_or((user, ""))) {
        None => String::new(),
        Some((user, "")) if scheme.starts_with("postgres") => format!("{}@", without_password(user)),
        Some((_, "")) => "***@".to_owned(),
        Some((user, _)) => format!("{user}:***@"),
    };
    format!("{scheme}://{user}{}", without_password(place))
}

/// Masks the parameters of a URL that are passwords.
fn without_password(place: &str) -> String {
    let Some((path, parameters)) = place.split_once('?') else { return place.to_owned() };
    let parameters = parameters.split('&').map(|parameter| match parameter.split_once('=') {
        Some((name, _)) if name.to_lowercase().contains("password") => format!("{name}=***"),
        _ => parameter.to_owned(),
    });
    format!("{path}?{}", parameters.collect::<Vec<_>>().join("&"))
}
