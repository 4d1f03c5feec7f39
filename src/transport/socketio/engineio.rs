//! Engine.IO packets, protocol 4, and payloads of several. Pure: bytes in, packets out.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use crate::transport::frame::{Opcode, split};

/// The most packets of one payload to a client: some clients refuse more.
pub(super) const MAX_PACKETS: usize = 16;

/// Between the packets of a payload.
const SEPARATOR: char = '\x1e';

/// What breaks the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a malformed packet")]
pub(super) struct Malformed;

/// A packet from a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packet<'a> {
    Close,
    Ping(&'a str),
    Pong,
    Message(&'a str),
    Upgrade,
    Noop,
}

impl<'a> Packet<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Self, Malformed> {
        let mut chars = text.chars();
        let kind = chars.next().ok_or(Malformed)?;
        let rest = chars.as_str();
        match kind {
            '1' => Ok(Self::Close),
            '2' => Ok(Self::Ping(rest)),
            '3' => Ok(Self::Pong),
            '4' => Ok(Self::Message(rest)),
            '5' => Ok(Self::Upgrade),
            '6' => Ok(Self::Noop),
            // `open` is the server's alone.
            _ => Err(Malformed),
        }
    }
}

/// A packet of a payload that a client posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Posted {
    /// As it came, its kind included.
    Text(String),
    Binary(Bytes),
}

/// The packets of a payload, each of a known kind.
pub(super) fn packets(payload: &str) -> Result<Vec<Posted>, Malformed> {
    let packet = |text: &str| match text.strip_prefix('b') {
        Some(base64) => {
            STANDARD.decode(base64).map(|bytes| Posted::Binary(bytes.into())).map_err(|_| Malformed)
        }
        None => Packet::parse(text).map(|_| Posted::Text(text.to_owned())),
    };
    payload.split(SEPARATOR).map(packet).collect()
}

/// A payload to a client, made of frames that are ready for a WebSocket.
#[derive(Debug, Default)]
pub(super) struct Payload {
    text: Vec<u8>,
    packets: usize,
    /// It ends with the close.
    pub(super) is_last: bool,
}

impl Payload {
    /// One packet.
    pub(super) fn of(packet: &str) -> Self {
        Self { text: packet.into(), packets: 1, is_last: false }
    }

    /// Takes whole frames as long as there is room, and says how many bytes of them it took.
    pub(super) fn fill(&mut self, frames: &[u8]) -> usize {
        let mut taken = 0;
        while self.packets < MAX_PACKETS
            && let Some((opcode, payload, length)) = split(&frames[taken..])
        {
            taken += length;
            if Opcode::Text.is(opcode) {
                self.begin();
                self.text.extend_from_slice(payload);
            } else if Opcode::Binary.is(opcode) {
                self.begin();
                self.text.push(b'b');
                self.text.extend_from_slice(STANDARD.encode(payload).as_bytes());
            } else if Opcode::Close.is(opcode) {
                self.begin();
                self.text.push(b'1');
                self.is_last = true;
            }
        }
        taken
    }

    fn begin(&mut self) {
        if self.packets > 0 {
            self.text.push(SEPARATOR as u8);
        }
        self.packets += 1;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.packets == 0
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::frame::{push_binary, push_close, push_text};
    use proptest::prelude::*;

    fn text(out: &mut Vec<u8>, text: &str) {
        push_text(out, |out| {
            out.extend_from_slice(text.as_bytes());
            Ok::<_, ()>(())
        });
    }

    #[test]
    fn the_protocols_examples() {
        assert_eq!(Packet::parse("4hello"), Ok(Packet::Message("hello")));
        assert_eq!(Packet::parse("2probe"), Ok(Packet::Ping("probe")));
        for wrong in ["", "abc", "0", "7", "é"] {
            assert_eq!(Packet::parse(wrong), Err(Malformed), "{wrong}");
        }
        let read = packets("4hello\x1ebAQIDBA==\x1e2").unwrap();
        let binary = Posted::Binary(Bytes::from_static(&[1, 2, 3, 4]));
        assert_eq!(read, [Posted::Text("4hello".into()), binary, Posted::Text("2".into())]);
        for wrong in ["", "4a\x1e", "\x1e4a", "b*", "4a\x1eabc"] {
            assert_eq!(packets(wrong), Err(Malformed), "{wrong:?}");
        }
    }

    #[test]
    fn frames_become_packets_of_a_payload_and_at_most_sixteen() {
        let mut frames = Vec::new();
        text(&mut frames, "4hello");
        push_binary(&mut frames, &[1, 2, 3, 4]);
        push_close(&mut frames, crate::event::CloseReason::Ended);
        let mut payload = Payload::default();
        assert_eq!(payload.fill(&frames), frames.len());
        assert!(payload.is_last);
        assert_eq!(payload.into_bytes(), b"4hello\x1ebAQIDBA==\x1e1");

        let mut frames = Vec::new();
        for number in 0..20 {
            text(&mut frames, &format!("4{number}"));
        }
        let mut first = Payload::default();
        let taken = first.fill(&frames);
        assert_eq!(first.into_bytes().split(|byte| *byte == 0x1e).count(), MAX_PACKETS);
        let mut second = Payload::default();
        assert_eq!(taken + second.fill(&frames[taken..]), frames.len());
        assert_eq!(second.into_bytes(), b"416\x1e417\x1e418\x1e419");
    }

    #[test]
    fn the_kept_inputs_make_it_panic_no_more() {
        for text in crate::corpus::inputs("engineio") {
            let _ = packets(&text);
        }
    }

    proptest! {
        #[test]
        fn no_payload_makes_it_panic(payload in "[0-7ab\x1e=+/]{0,40}|.{0,40}") {
            if let Ok(packets) = packets(&payload) {
                prop_assert_eq!(packets.len(), payload.split('\x1e').count());
            }
        }

        #[test]
        fn no_frames_make_it_panic(frames: Vec<u8>) {
            let mut payload = Payload::default();
            prop_assert!(payload.fill(&frames) <= frames.len());
        }

        #[test]
        fn what_goes_out_reads_back(texts in prop::collection::vec("[1-6][^\x1e]{0,200}", 1..16)) {
            let mut frames = Vec::new();
            texts.iter().for_each(|one| text(&mut frames, one));
            let mut payload = Payload::default();
            payload.fill(&frames);
            let read = packets(std::str::from_utf8(&payload.into_bytes()).unwrap()).unwrap();
            prop_assert!(read.into_iter().eq(texts.into_iter().map(Posted::Text)));
        }
    }
}
