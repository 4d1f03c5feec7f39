//! What an app keeps of its own.

use std::fmt;
use std::sync::Arc;

use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// A JSON object of the app's own: kept, shown and never looked into. Empty by default.
///
/// Most of what can have one has none, and pays nothing for it.
#[derive(Clone, Default)]
pub struct Custom(Option<Arc<RawValue>>);

impl Custom {
    /// The object, written as short as can be.
    pub fn as_str(&self) -> &str {
        self.0.as_deref().map_or("{}", RawValue::get)
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The object's members.
    ///
    /// # Errors
    /// Never for what was made here; serde_json's own.
    pub fn to_map(&self) -> serde_json::Result<Map<String, Value>> {
        serde_json::from_str(self.as_str())
    }

    /// Where `null` is none.
    pub(crate) fn or_none<'de, D: Deserializer<'de>>(value: D) -> Result<Self, D::Error> {
        Option::deserialize(value).map(Option::unwrap_or_default)
    }
}

impl From<&Map<String, Value>> for Custom {
    fn from(map: &Map<String, Value>) -> Self {
        if map.is_empty() {
            return Self::default();
        }
        // Members have names and values are values: nothing of it cannot be written.
        let raw = serde_json::value::to_raw_value(map).expect("a map of values is JSON");
        Self(Some(raw.into()))
    }
}

impl std::str::FromStr for Custom {
    type Err = serde_json::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        serde_json::from_str::<Map<String, Value>>(text).map(|map| Self::from(&map))
    }
}

impl Serialize for Custom {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Some(raw) => raw.serialize(s),
            None => s.serialize_map(Some(0))?.end(),
        }
    }
}

impl<'de> Deserialize<'de> for Custom {
    fn deserialize<D: Deserializer<'de>>(value: D) -> Result<Self, D::Error> {
        Map::deserialize(value).map(|map| Self::from(&map))
    }
}

impl PartialEq for Custom {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Custom {}

impl fmt::Debug for Custom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_written_as_short_as_can_be_and_nothing_else_is_taken() {
        let custom: Custom = "{ \"b\" : [1, 2.50], \"a\": \"\\u0000 \\\"x\" }".parse().unwrap();
        assert_eq!(custom, serde_json::from_str(custom.as_str()).unwrap());
        assert!(!custom.as_str().contains(": ") && !custom.as_str().contains('\0'), "{custom:?}");
        assert_eq!(serde_json::to_string(&custom).unwrap(), custom.as_str());
        assert_eq!(custom.to_map().unwrap()["a"], "\0 \"x");
        for bad in ["", "[]", "1", "null", "{", "{}x", "{1:2}"] {
            assert!(bad.parse::<Custom>().is_err(), "{bad:?}");
        }
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(200), "]".repeat(200));
        assert!(deep.parse::<Custom>().is_err(), "as deep as serde_json reads");
    }

    #[test]
    fn without_anything_it_is_empty() {
        assert!(Custom::default().is_empty() && "{ }".parse::<Custom>().unwrap().is_empty());
        assert_eq!(Custom::default().as_str(), "{}");
        assert_eq!(serde_json::to_string(&Custom::default()).unwrap(), "{}");
        assert!(serde_json::from_str::<Custom>("{}").unwrap().is_empty());
        assert!(!"{\"a\":{}}".parse::<Custom>().unwrap().is_empty());
    }
}
