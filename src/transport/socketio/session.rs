//! The state of one client's protocols: which binary frames a packet still waits for, and the heartbeat.
//! Pure: what came goes in, what it means comes out; the time is an argument.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::engineio::Malformed;
use super::packet::{Kind, Packet};

/// What a client's messages mean.
#[derive(Debug)]
pub(super) enum Incoming<'a> {
    Connect {
        namespace: &'a str,
        auth: &'a str,
    },
    Disconnect {
        namespace: &'a str,
    },
    Event(Event<'a>),
    Ack(Event<'a>),
    /// Binary where text belongs.
    StrayBinary,
}

/// An event, or the answer to one.
#[derive(Debug)]
pub(super) struct Event<'a> {
    pub(super) namespace: Cow<'a, str>,
    pub(super) id: Option<u64>,
    /// A JSON array.
    pub(super) data: Cow<'a, str>,
    pub(super) attachments: Vec<Bytes>,
}

/// Puts packets and their attachments together.
#[derive(Debug, Default)]
pub(super) struct Assembly(Option<Box<Pending>>);

/// A packet whose attachments are still to come.
#[derive(Debug)]
struct Pending {
    kind: Kind,
    event: Event<'static>,
    missing: usize,
    bytes: usize,
}

impl Assembly {
    /// Takes the text of a message packet.
    pub(super) fn text<'a>(&mut self, text: &'a str) -> Result<Option<Incoming<'a>>, Malformed> {
        if self.0.is_some() {
            return Err(Malformed);
        }
        let Packet { kind, attachments, namespace, id, data } = Packet::parse(text)?;
        match kind {
            Kind::Connect if id.is_none() => Ok(Some(Incoming::Connect { namespace, auth: data })),
            Kind::Disconnect if id.is_none() && data.is_empty() => {
                Ok(Some(Incoming::Disconnect { namespace }))
            }
            Kind::Connect | Kind::Disconnect => Err(Malformed),
            Kind::Event | Kind::Ack if !data.starts_with('[') => Err(Malformed),
            Kind::Ack if id.is_none() => Err(Malformed),
            Kind::Event | Kind::Ack if attachments > 0 => {
                let (namespace, data) = (namespace.to_owned().into(), data.to_owned().into());
                let event = Event { namespace, id, data, attachments: Vec::new() };
                self.0 = Some(Box::new(Pending { kind, event, missing: attachments, bytes: 0 }));
                Ok(None)
            }
            Kind::Event | Kind::Ack => {
                let (namespace, data) = (namespace.into(), data.into());
                Ok(Some(incoming(kind, Event { namespace, id, data, attachments: Vec::new() })))
            }
        }
    }

    /// Takes a binary frame. All of one packet may have at most `max_bytes`.
    pub(super) fn binary(
        &mut self,
        bytes: Bytes,
        max_bytes: usize,
    ) -> Result<Option<Incoming<'static>>, Malformed> {
        let Some(pending) = &mut self.0 else { return Ok(Some(Incoming::StrayBinary)) };
        pending.bytes += bytes.len();
        pending.missing -= 1;
        pending.event.attachments.push(bytes);
        if pending.bytes > max_bytes {
            return Err(Malformed);
        }
        if pending.missing > 0 {
            return Ok(None);
        }
        Ok(self.0.take().map(|whole| incoming(whole.kind, whole.event)))
    }
}

fn incoming(kind: Kind, event: Event<'_>) -> Incoming<'_> {
    if kind == Kind::Ack { Incoming::Ack(event) } else { Incoming::Event(event) }
}

/// Pings from the server, pongs from the client.
#[derive(Debug)]
pub(super) struct Heartbeat {
    interval: Duration,
    timeout: Duration,
    /// When something is due: a ping, or the end where a pong is awaited.
    due: Instant,
    is_pinged: bool,
}

/// What is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beat {
    Ping,
    /// No pong came.
    End,
}

impl Heartbeat {
    pub(super) fn new(interval: Duration, timeout: Duration, now: Instant) -> Self {
        Self { interval, timeout, due: now + interval, is_pinged: false }
    }

    pub(super) fn due(&self) -> Instant {
        self.due
    }

    /// What is due by now, if anything is.
    pub(super) fn beat(&mut self, now: Instant) -> Option<Beat> {
        if now < self.due {
            return None;
        }
        if self.is_pinged {
            return Some(Beat::End);
        }
        self.is_pinged = true;
        // From when it was due: what wakes late must not make the whole later.
        self.due = (self.due + self.timeout).max(now);
        Some(Beat::Ping)
    }

    /// A pong came, or could not be read because this side was busy.
    pub(super) fn pong(&mut self, now: Instant) {
        if self.is_pinged {
            self.is_pinged = false;
            self.due = now + self.interval;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn seen(assembly: &mut Assembly, text: &str) -> String {
        format!("{:?}", assembly.text(text))
    }

    #[test]
    fn a_packet_waits_for_its_attachments_and_for_nothing_else() {
        let mut assembly = Assembly::default();
        assert!(assembly.text(r#"52-["a",{"_placeholder":true,"num":0}]"#).unwrap().is_none());
        assert!(assembly.binary(Bytes::from_static(b"x"), 10).unwrap().is_none());
        let whole = assembly.binary(Bytes::from_static(b"y"), 10).unwrap();
        assert!(matches!(whole, Some(Incoming::Event(event)) if event.attachments.len() == 2));
        assert!(matches!(assembly.binary(Bytes::new(), 10), Ok(Some(Incoming::StrayBinary))));
        assert!(assembly.text(r#"51-["a"]"#).unwrap().is_none());
        assert!(assembly.text(r#"2["a"]"#).is_err(), "text where an attachment belongs");
        let mut assembly = Assembly::default();
        assert!(assembly.text(r#"51-["a"]"#).unwrap().is_none());
        assert!(assembly.binary(Bytes::from_static(&[0; 11]), 10).is_err());
    }

    #[test]
    fn what_breaks_the_protocol() {
        for wrong in ["abc", "2{}", "2", r#"2abc["x"]"#, "3[]", "05", "1{}", r#"3"x""#] {
            assert_eq!(seen(&mut Assembly::default(), wrong), "Err(Malformed)", "{wrong}");
        }
    }

    #[test]
    fn a_ping_is_due_at_the_interval_and_the_end_at_the_timeout() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut heart = Heartbeat::new(Duration::from_millis(300), Duration::from_millis(200), start);
        assert_eq!(heart.beat(at(299)), None);
        assert_eq!(heart.beat(at(310)), Some(Beat::Ping));
        assert_eq!(heart.due(), at(500));
        heart.pong(at(320));
        assert_eq!(heart.due(), at(620));
        heart.pong(at(400));
        assert_eq!(heart.due(), at(620), "a pong that nobody asked for puts nothing off");
        assert_eq!(heart.beat(at(620)), Some(Beat::Ping));
        assert_eq!(heart.beat(at(819)), None);
        assert_eq!(heart.beat(at(820)), Some(Beat::End));
    }

    proptest! {
        #[test]
        fn no_messages_make_it_panic(
            messages in prop::collection::vec(prop_oneof![
                "[0-6][0-9]{0,2}-?(/a,)?[0-9]{0,3}(\\[\"a\"\\])?".prop_map(Ok),
                ".{0,20}".prop_map(Ok),
                prop::collection::vec(any::<u8>(), 0..20).prop_map(Err),
            ], 0..20),
        ) {
            let mut assembly = Assembly::default();
            for message in messages {
                let ended = match message {
                    Ok(text) => assembly.text(&text).is_err(),
                    Err(bytes) => assembly.binary(bytes.into(), 30).is_err(),
                };
                if ended {
                    break;
                }
                let waits = assembly.0.as_ref().map_or(0, |pending| pending.missing);
                prop_assert!(waits <= super::super::packet::MAX_ATTACHMENTS);
            }
        }
    }
}
