//! Socket.IO packets, protocol 5. Pure: text in, a packet out, borrowing from it.

use super::engineio::Malformed;

/// The most binary attachments of one packet.
pub(super) const MAX_ATTACHMENTS: usize = 16;

/// What a packet is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Connect,
    Disconnect,
    Event,
    Ack,
}

/// A packet from a client: `<kind>[<attachments>-][<namespace>,][<id>][<data>]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Packet<'a> {
    pub(super) kind: Kind,
    /// How many binary frames follow.
    pub(super) attachments: usize,
    /// `/` is the main one.
    pub(super) namespace: &'a str,
    pub(super) id: Option<u64>,
    /// JSON, not looked into.
    pub(super) data: &'a str,
}

impl<'a> Packet<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Self, Malformed> {
        let mut chars = text.chars();
        let (kind, is_binary) = match chars.next() {
            Some('0') => (Kind::Connect, false),
            Some('1') => (Kind::Disconnect, false),
            Some('2') => (Kind::Event, false),
            Some('3') => (Kind::Ack, false),
            Some('5') => (Kind::Event, true),
            Some('6') => (Kind::Ack, true),
            // CONNECT_ERROR is the server's alone.
            _ => return Err(Malformed),
        };
        let mut rest = chars.as_str();
        let mut attachments = 0;
        if is_binary {
            let (count, after) = number(rest);
            attachments = usize::try_from(count?.ok_or(Malformed)?).map_err(|_| Malformed)?;
            rest = after.strip_prefix('-').ok_or(Malformed)?;
            if attachments > MAX_ATTACHMENTS {
                return Err(Malformed);
            }
        }
        let namespace = match rest.starts_with('/') {
            true => {
                let (namespace, after) = rest.split_once(',').unwrap_or((rest, ""));
                rest = after;
                namespace
            }
            false => "/",
        };
        let (id, data) = number(rest);
        Ok(Self { kind, attachments, namespace, id: id?, data })
    }
}

/// The digits at the start, if there are any, and what follows them.
fn number(text: &str) -> (Result<Option<u64>, Malformed>, &str) {
    let end = text.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    let number = if digits.is_empty() { Ok(None) } else { digits.parse().map(Some).map_err(|_| Malformed) };
    (number, rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn packet(kind: Kind, namespace: &str, id: Option<u64>, data: &'static str) -> Packet<'static> {
        let namespace = if namespace == "/" { "/" } else { "/admin" };
        Packet { kind, attachments: 0, namespace, id, data }
    }

    #[test]
    fn the_protocols_examples() {
        let sid = r#"{"sid":"oSO0OpakMV_3jnilAAAA"}"#;
        for (text, expected) in [
            ("0".to_owned(), packet(Kind::Connect, "/", None, "")),
            ("0/admin".to_owned(), packet(Kind::Connect, "/admin", None, "")),
            ("0/admin,".to_owned(), packet(Kind::Connect, "/admin", None, "")),
            (format!("0/admin,{sid}"), packet(Kind::Connect, "/admin", None, sid)),
            (r#"2["foo"]"#.to_owned(), packet(Kind::Event, "/", None, r#"["foo"]"#)),
            (r#"2/admin,["bar"]"#.to_owned(), packet(Kind::Event, "/admin", None, r#"["bar"]"#)),
            (r#"212["foo"]"#.to_owned(), packet(Kind::Event, "/", Some(12), r#"["foo"]"#)),
            (r#"3/admin,13["bar"]"#.to_owned(), packet(Kind::Ack, "/admin", Some(13), r#"["bar"]"#)),
            ("1".to_owned(), packet(Kind::Disconnect, "/", None, "")),
            ("1/admin,".to_owned(), packet(Kind::Disconnect, "/admin", None, "")),
        ] {
            assert_eq!(Packet::parse(&text), Ok(expected), "{text}");
        }
        let text = r#"52-/admin,7["baz",{"_placeholder":true,"num":0}]"#;
        let read = Packet::parse(text).unwrap();
        assert_eq!((read.attachments, read.namespace, read.id), (2, "/admin", Some(7)));
        assert_eq!(Packet::parse("61-15[]").unwrap().id, Some(15));
    }

    #[test]
    fn what_breaks_the_protocol() {
        for wrong in ["", "abc", "4", "7", "5[]", "5-[]", "51[]", "517-[]", "299999999999999999999[]"] {
            assert_eq!(Packet::parse(wrong), Err(Malformed), "{wrong}");
        }
    }

    #[test]
    fn the_kept_inputs_make_it_panic_no_more() {
        for text in crate::corpus::inputs("socketio") {
            let _ = Packet::parse(&text);
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[0-9/,\\[\\]{}\"a-]{0,40}|.{0,40}") {
            let _ = Packet::parse(&text);
        }

        #[test]
        fn what_is_written_reads_back(
            kind in 0usize..4,
            namespace in "/[a-z/]{0,9}",
            id: Option<u64>,
            data in "(\\[\"[^,]{0,20}\\])?",
        ) {
            let text = format!("{kind}{namespace},{}{data}", id.map(|id| id.to_string()).unwrap_or_default());
            let read = Packet::parse(&text).unwrap();
            prop_assert_eq!((read.namespace, read.id, read.data), (&*namespace, id, &*data));
        }
    }
}
