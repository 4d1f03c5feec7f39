//! JSON as serde_json writes it, in little more than half of its instructions: what is told of the chat is written by this.
//!
//! Half of what serde_json takes is the look at each byte of each text for one that has to be escaped. Here the names of
//! fields are not looked at, for they are the code's own, and texts sixteen bytes at once. Whatever is rare or does not
//! matter is left to serde_json: texts with something to escape, and numbers.

use std::fmt::{Arguments, Display};
use std::io::Write as _;

use serde::Serialize;
use serde::ser::{self, Error as _, Serializer};
use serde_json::{Error, Result};

use crate::plain::PLAIN;

/// By this name a [`RawValue`](serde_json::value::RawValue) says that its one field is JSON already.
const RAW: &str = "$serde_json::private::RawValue";

/// Appends a value as JSON.
///
/// # Errors
/// As [`serde_json::to_writer`]: a map has a key that is no text, or the value's own.
pub(crate) fn write_json(out: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) -> Result<()> {
    value.serialize(Json { out, texts: Texts::Any })
}

struct Json<'a> {
    out: &'a mut Vec<u8>,
    texts: Texts,
}

/// What texts are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Texts {
    /// Anything.
    Any,
    /// Texts without anything to escape.
    Plain,
    /// JSON already.
    Raw,
}

/// An array or an object that is not closed yet.
struct Open<'a> {
    out: &'a mut Vec<u8>,
    is_first: bool,
    is_raw: bool,
    end: &'static [u8],
}

/// Whether a JSON text may hold these bytes as they are.
fn is_plain(text: &[u8]) -> bool {
    // Without a way out before the end, so that it is done with all bytes of a part at once.
    fn are_plain(part: &[u8]) -> bool {
        !part.iter().fold(false, |found, byte| found | (*byte < 0x20) | (*byte == b'"') | (*byte == b'\\'))
    }
    let (parts, rest) = text.as_chunks::<16>();
    // The last bytes are looked at together with some of those before them.
    let is_end_plain = match (text.last_chunk::<16>(), text.first_chunk::<8>(), text.last_chunk::<8>()) {
        (Some(end), ..) => rest.is_empty() || are_plain(end),
        (None, Some(start), Some(end)) => are_plain(start) && are_plain(end),
        _ => are_plain(rest),
    };
    is_end_plain && parts.iter().all(|part| are_plain(part))
}

impl<'a> Json<'a> {
    fn rare(self, value: &(impl Serialize + ?Sized)) -> Result<()> {
        serde_json::to_writer(self.out, value)
    }

    fn literal(self, text: &[u8]) -> Result<()> {
        self.out.extend_from_slice(text);
        Ok(())
    }

    fn open(self, start: &[u8], end: &'static [u8]) -> Open<'a> {
        self.out.extend_from_slice(start);
        Open { out: self.out, is_first: true, is_raw: false, end }
    }

    /// `{"name":` and what opens behind it.
    fn open_variant(self, name: &'static str, start: &[u8], end: &'static [u8]) -> Open<'a> {
        self.out.push(b'{');
        push_name(self.out, name);
        self.open(start, end)
    }
}

/// A text in which there is nothing to escape.
fn push_text(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

/// A name of the code's own, in which there is nothing to escape.
fn push_name(out: &mut Vec<u8>, name: &'static str) {
    debug_assert!(is_plain(name.as_bytes()), "{name}");
    out.push(b'"');
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
}

impl Open<'_> {
    fn comma(&mut self) {
        if !self.is_first {
            self.out.push(b',');
        }
        self.is_first = false;
    }

    fn element(&mut self, value: &(impl Serialize + ?Sized)) -> Result<()> {
        self.comma();
        write_json(self.out, value)
    }

    fn field(&mut self, name: &'static str, value: &(impl Serialize + ?Sized)) -> Result<()> {
        if self.is_raw {
            return value.serialize(Json { out: self.out, texts: Texts::Raw });
        }
        self.comma();
        push_name(self.out, name);
        write_json(self.out, value)
    }

    fn close(self) -> Result<()> {
        self.out.extend_from_slice(self.end);
        Ok(())
    }
}

macro_rules! numbers {
    ($($method:ident($number:ty))*) => {
        $(fn $method(self, number: $number) -> Result<()> {
            self.rare(&number)
        })*
    };
}

impl<'a> Serializer for Json<'a> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Open<'a>;
    type SerializeTuple = Open<'a>;
    type SerializeTupleStruct = Open<'a>;
    type SerializeTupleVariant = Open<'a>;
    type SerializeMap = Open<'a>;
    type SerializeStruct = Open<'a>;
    type SerializeStructVariant = Open<'a>;

    numbers! {
        serialize_i8(i8) serialize_i16(i16) serialize_i32(i32) serialize_i64(i64) serialize_i128(i128)
        serialize_u8(u8) serialize_u16(u16) serialize_u32(u32) serialize_u64(u64) serialize_u128(u128)
        serialize_f32(f32) serialize_f64(f64) serialize_char(char)
    }

    fn serialize_bool(self, value: bool) -> Result<()> {
        self.literal(if value { b"true" } else { b"false" })
    }

    fn serialize_str(self, text: &str) -> Result<()> {
        match self.texts {
            Texts::Raw => return self.literal(text.as_bytes()),
            Texts::Plain => debug_assert!(is_plain(text.as_bytes()), "{text}"),
            Texts::Any if !is_plain(text.as_bytes()) => return self.rare(text),
            Texts::Any => {}
        }
        push_text(self.out, text);
        Ok(())
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<()> {
        fn collect(json: Json<'_>, text: Arguments<'_>) -> Result<()> {
            let start = json.out.len();
            json.out.push(b'"');
            // A vector takes all that it is given.
            json.out.write_fmt(text).map_err(Error::custom)?;
            debug_assert!(json.texts != Texts::Plain || is_plain(&json.out[start + 1..]), "{text}");
            if json.texts == Texts::Plain || is_plain(&json.out[start + 1..]) {
                return json.literal(b"\"");
            }
            json.out.truncate(start);
            json.rare(&text.to_string())
        }
        collect(self, format_args!("{value}"))
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<()> {
        self.rare(bytes)
    }

    fn serialize_none(self) -> Result<()> {
        self.literal(b"null")
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<()> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<()> {
        self.literal(b"null")
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<()> {
        self.literal(b"null")
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<()> {
        debug_assert!(is_plain(variant.as_bytes()), "{variant}");
        push_text(self.out, variant);
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, name: &'static str, value: &T) -> Result<()> {
        match name {
            PLAIN => value.serialize(Json { texts: Texts::Plain, ..self }),
            _ => value.serialize(self),
        }
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<()> {
        let open = self.open_variant(variant, b"", b"}");
        write_json(open.out, value)?;
        open.close()
    }

    fn serialize_seq(self, _len: Option<usize>) -> Result<Open<'a>> {
        Ok(self.open(b"[", b"]"))
    }

    fn serialize_tuple(self, _len: usize) -> Result<Open<'a>> {
        Ok(self.open(b"[", b"]"))
    }

    fn serialize_tuple_struct(self, _: &'static str, _len: usize) -> Result<Open<'a>> {
        Ok(self.open(b"[", b"]"))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<Open<'a>> {
        Ok(self.open_variant(variant, b"[", b"]}"))
    }

    fn serialize_map(self, _len: Option<usize>) -> Result<Open<'a>> {
        Ok(self.open(b"{", b"}"))
    }

    fn serialize_struct(self, name: &'static str, _len: usize) -> Result<Open<'a>> {
        Ok(match name {
            RAW => Open { is_raw: true, ..self.open(b"", b"") },
            _ => self.open(b"{", b"}"),
        })
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<Open<'a>> {
        Ok(self.open_variant(variant, b"{", b"}}"))
    }
}

macro_rules! elements {
    ($($kind:ident::$method:ident)*) => {
        $(impl ser::$kind for Open<'_> {
            type Ok = ();
            type Error = Error;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
                self.element(value)
            }

            fn end(self) -> Result<()> {
                self.close()
            }
        })*
    };
}

elements! {
    SerializeSeq::serialize_element
    SerializeTuple::serialize_element
    SerializeTupleStruct::serialize_field
    SerializeTupleVariant::serialize_field
}

macro_rules! fields {
    ($($kind:ident)*) => {
        $(impl ser::$kind for Open<'_> {
            type Ok = ();
            type Error = Error;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<()> {
                self.field(name, value)
            }

            fn end(self) -> Result<()> {
                self.close()
            }
        })*
    };
}

fields! { SerializeStruct SerializeStructVariant }

impl ser::SerializeMap for Open<'_> {
    type Ok = ();
    type Error = Error;

    /// What is no text becomes one where serde_json makes it one.
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<()> {
        self.comma();
        let start = self.out.len();
        write_json(self.out, key)?;
        match self.out.get(start) {
            Some(b'"') => {}
            Some(b'-' | b'0'..=b'9' | b't' | b'f') => {
                self.out.insert(start, b'"');
                self.out.push(b'"');
            }
            _ => return Err(Error::custom("key must be a string")),
        }
        self.out.push(b':');
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        write_json(self.out, value)
    }

    fn end(self) -> Result<()> {
        self.close()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde_json::value::RawValue;
    use serde_json::{Value, json};

    use super::*;

    fn written(value: &impl Serialize) -> String {
        let mut out = b"before ".to_vec();
        write_json(&mut out, value).unwrap();
        String::from_utf8(out.split_off(7)).unwrap()
    }

    #[track_caller]
    fn assert_as_serde_json(value: &impl Serialize) {
        assert_eq!(written(value), serde_json::to_string(value).unwrap());
    }

    /// Shown by more than one write.
    struct Shown<'a>(&'a str);

    impl Display for Shown<'_> {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            let half = self.0.chars().count() / 2;
            self.0.chars().take(half).try_for_each(|one| write!(f, "{one}"))?;
            f.write_str(&self.0.chars().skip(half).collect::<String>())
        }
    }

    impl Serialize for Shown<'_> {
        fn serialize<S: Serializer>(&self, s: S) -> std::result::Result<S::Ok, S::Error> {
            s.collect_str(self)
        }
    }

    #[derive(Serialize)]
    struct Unit;
    #[derive(Serialize)]
    struct New(u8);
    #[derive(Serialize)]
    struct Pair(u8, Option<i64>);
    #[derive(Serialize)]
    enum Kind {
        One,
        Two(f64),
        Three(bool, char),
        Four { a: u8, b: () },
    }
    #[derive(Serialize)]
    struct Whole<'a> {
        kinds: [Kind; 4],
        unit: Unit,
        new: New,
        #[serde(rename = "the pair")]
        pair: Pair,
        #[serde(skip_serializing_if = "Option::is_none")]
        none: Option<u8>,
        bytes: Bytes<'a>,
        #[serde(flatten)]
        rest: BTreeMap<&'a str, i128>,
    }
    struct Bytes<'a>(&'a [u8]);

    impl Serialize for Bytes<'_> {
        fn serialize<S: Serializer>(&self, s: S) -> std::result::Result<S::Ok, S::Error> {
            s.serialize_bytes(self.0)
        }
    }

    #[test]
    fn every_shape_is_written_as_serde_json_writes_it() {
        assert_as_serde_json(&Whole {
            kinds: [Kind::One, Kind::Two(0.1), Kind::Three(true, '"'), Kind::Four { a: 1, b: () }],
            unit: Unit,
            new: New(7),
            pair: Pair(255, Some(i64::MIN)),
            none: None,
            bytes: Bytes(&[0, 255]),
            rest: [("a\"b", i128::MIN), ("c", 0)].into(),
        });
    }

    #[test]
    fn json_of_an_app_is_written_as_it_stands() {
        let raw = RawValue::from_string(r#"{"b": [1, "\u0041\""], "a":1.50}"#.to_owned()).unwrap();
        assert_as_serde_json(&BTreeMap::from([("custom", Some(&raw)), ("none", None)]));
    }

    #[test]
    fn what_is_plain_is_written_as_any_text() {
        let room = crate::RoomId::generate();
        let at = crate::Timestamp::from_millis(1_700_000_000_123);
        assert_as_serde_json(&BTreeMap::from([(room, at)]));
        assert_as_serde_json(&crate::model::Token {
            epoch: crate::model::Epoch(7),
            position: crate::model::Position::single(9),
        });
        // Whatever stands beside it is looked at.
        assert_as_serde_json(&(room, "\"", at, "\\"));
    }

    #[test]
    fn keys_that_are_no_texts_become_some_or_fail_as_in_serde_json() {
        assert_as_serde_json(&BTreeMap::from([(-1, true), (20, false)]));
        assert_as_serde_json(&BTreeMap::from([(true, 1), (false, 2)]));
        assert_as_serde_json(&BTreeMap::from([('"', 1), ('b', 2)]));
        let odd = BTreeMap::from([((), 1)]);
        assert!(serde_json::to_string(&odd).is_err() && write_json(&mut Vec::new(), &odd).is_err());
        let odd = BTreeMap::from([(vec![1], 1)]);
        assert!(serde_json::to_string(&odd).is_err() && write_json(&mut Vec::new(), &odd).is_err());
    }

    #[test]
    fn what_has_to_be_escaped_is_found_at_every_place_of_a_text() {
        for length in 0..70 {
            assert_as_serde_json(&"é".repeat(length));
            for at in 0..length {
                for odd in ['"', '\\', '\n', '\u{0}', '\u{1f}', '\u{7f}', '\u{2028}', ' ', '!'] {
                    let mut text: Vec<char> = vec!['x'; length];
                    text[at] = odd;
                    assert_as_serde_json(&text.into_iter().collect::<String>());
                }
            }
        }
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(|number| json!(number)),
            ".{0,40}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                proptest::collection::btree_map(".{0,20}", inner, 0..6)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_value_is_written_as_serde_json_writes_it(value in values()) {
            assert_as_serde_json(&value);
        }

        #[test]
        fn any_text_is_written_as_serde_json_writes_it(text in any::<String>()) {
            assert_as_serde_json(&text);
            assert_as_serde_json(&Shown(&text));
        }
    }
}
