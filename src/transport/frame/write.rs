//! The writing half (RFC 6455, 5.2): whole frames. A server's frames are not masked.

use serde::Serialize;

use super::json::write_json;
use crate::event::CloseReason;
use crate::transport::status::close_code;

const FIN: u8 = 0x80;

/// What a frame holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Opcode {
    Text = 0x1,
    Binary = 0x2,
    Close = 0x8,
    Ping = 0x9,
}

/// Appends a value as a text frame of JSON.
pub(crate) fn push_json(out: &mut Vec<u8>, value: &impl Serialize) {
    push_text(out, |out| write_json(out, value));
}

/// Appends what is written as one text frame; nothing when it cannot be written.
pub(crate) fn push_text<E>(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>) {
    // The header's length depends on the payload's: written after it, and moved in place.
    let start = out.len();
    out.extend_from_slice(&[FIN | Opcode::Text as u8, 0, 0, 0]);
    let body = out.len();
    if write(out).is_err() {
        // The types of the wire always serialize: no map has a key that is no text.
        out.truncate(start);
        return;
    }
    let length = out.len() - body;
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ 0..=125), _) => {
            out[start + 1] = short;
            out.drain(start + 2..body);
        }
        (_, Ok(medium)) => {
            out[start + 1] = 126;
            out[start + 2..body].copy_from_slice(&medium.to_be_bytes());
        }
        _ => {
            out[start + 1] = 127;
            out.splice(start + 2..body, (length as u64).to_be_bytes());
        }
    }
}

/// Appends a binary frame.
pub(crate) fn push_binary(out: &mut Vec<u8>, bytes: &[u8]) {
    let start = out.len();
    push_text(out, |out| {
        out.extend_from_slice(bytes);
        Ok::<_, std::convert::Infallible>(())
    });
    out[start] = FIN | Opcode::Binary as u8;
}

/// Appends an empty ping.
pub(crate) fn push_ping(out: &mut Vec<u8>) {
    out.extend_from_slice(&[FIN | Opcode::Ping as u8, 0]);
}

/// Appends a close with the code and words for this reason.
pub(crate) fn push_close(out: &mut Vec<u8>, reason: CloseReason) {
    let (code, text) = close_code(reason);
    // A control frame's payload ends at 125 bytes (RFC 6455, 5.5); these texts are shorter.
    let text = text.get(..text.len().min(123)).unwrap_or_default();
    out.extend_from_slice(&[FIN | Opcode::Close as u8, u8::try_from(text.len() + 2).unwrap_or(2)]);
    out.extend_from_slice(&code.to_be_bytes());
    out.extend_from_slice(text.as_bytes());
}

/// The first of the frames that were written here: its first byte, its payload, and its whole length.
pub(crate) fn split(frames: &[u8]) -> Option<(u8, &[u8], usize)> {
    let (first, short) = (*frames.first()?, *frames.get(1)?);
    let (head, length): (usize, usize) = match short {
        126 => (4, u16::from_be_bytes(frames.get(2..4)?.try_into().ok()?).into()),
        127 => (10, usize::try_from(u64::from_be_bytes(frames.get(2..10)?.try_into().ok()?)).ok()?),
        short => (2, short.into()),
    };
    let end = head.checked_add(length)?;
    Some((first & !FIN, frames.get(head..end)?, end))
}

impl Opcode {
    /// Whether a frame's first byte, without its flag, says this.
    pub(crate) fn is(self, first: u8) -> bool {
        self as u8 == first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_of_any_length_reads_back() {
        for length in [0, 1, 120, 123, 124, 130, 60_000, 65_533, 65_534, 70_000] {
            let text = "x".repeat(length);
            let mut out = vec![1, 2, 3];
            push_json(&mut out, &text);
            let mut stream = std::io::Cursor::new(out.split_off(3));
            let mut socket = tungstenite::WebSocket::from_raw_socket(
                &mut stream,
                tungstenite::protocol::Role::Client,
                None,
            );
            assert_eq!(socket.read().unwrap().into_text().unwrap().as_str(), format!("\"{text}\""));
        }
    }

    #[test]
    fn frames_one_after_another_are_told_apart() {
        let mut out = Vec::new();
        push_json(&mut out, &"x".repeat(200));
        push_binary(&mut out, &[7; 70_000]);
        push_ping(&mut out);
        push_close(&mut out, CloseReason::Ended);
        let mut rest = &out[..];
        let mut seen = Vec::new();
        while let Some((opcode, payload, length)) = split(rest) {
            seen.push((opcode, payload.len()));
            rest = &rest[length..];
        }
        assert_eq!(seen, [(1, 202), (2, 70_000), (9, 0), (8, 2)]);
        assert!(rest.is_empty());
        for cut in 0..4 {
            assert!(split(&out[..cut]).is_none(), "a part of a frame is none");
        }
    }
}
