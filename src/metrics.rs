//! What an operator watches: every metric, named once.
//!
//! With the feature `metrics`, the engine and its transports count through the
//! [`metrics`](https://docs.rs/metrics) facade, for whichever recorder the host has installed before it builds
//! its first engine; without a recorder it costs next to nothing, without the feature nothing. Counters only
//! rise, and all nodes' may be added up. Labels take a few known values: never a user, a room or a token.
//!
//! | metric | kind | labels | tells |
//! | --- | --- | --- | --- |
//! | `chat_connections` | gauge | `transport` | live sessions |
//! | `chat_messages_sent_total` | counter | | sends that were committed, with retries that got the first message back |
//! | `chat_commit_batch_size` | histogram | | changes committed in one transaction |
//! | `chat_commit_seconds` | histogram | | how long the store took for it |
//! | `chat_deliveries_total` | counter | | events put into mailboxes of listeners |
//! | `chat_mailbox_entries` | histogram | | what waits for a connection: 64 of them are looked at each five seconds, in turn |
//! | `chat_dropped_ephemeral_total` | counter | | typing, presence and superseded marks dropped for slow readers |
//! | `chat_closes_total` | counter | `reason` | connections that ended; `lagged` were too slow, and resume |
//! | `chat_errors_total` | counter | `code` | errors told to clients, by [their code](crate::ErrorKind::code) |
//! | `chat_catch_ups_total` | counter | `recovered` | clients that were told what they missed, or to reload |
//! | `chat_requests_total` | counter | `route`, `method`, `status` | REST requests answered |
//! | `chat_request_seconds` | histogram | `route`, `method` | how long a REST request took |
//! | `chat_pushes_total` | counter | `outcome` | [notices](crate::push) that were `taken`, that `failed` and are tried again, that were `dropped` |
//! | `chat_bus_up` | gauge | | 1: other nodes can be told of something now |
//! | `chat_bus_packets_total` | counter | `direction` | packets to and from other nodes |
//! | `chat_bus_gaps_filled_total` | counter | `kind` | times the store was read for what the bus did not bring: some `rooms`, or `all` of them |
//! | `chat_nodes` | gauge | | other nodes that live |
//!
//! The last four are there where an engine has a [bus](crate::bus), `chat_request…` where [REST](crate::transport) is
//! mounted. Seconds want buckets from a millisecond to ten seconds; `examples/server/metrics.rs` has them, and
//! `examples/server/grafana.json` shows all of this.

#![cfg_attr(not(feature = "metrics"), allow(unused_variables, dead_code, reason = "nobody counts"))]
#![cfg_attr(not(feature = "rest"), allow(dead_code, reason = "each transport counts its part"))]

use std::time::Duration;

use crate::error::ErrorKind;
use crate::event::CloseReason;

/// Whether anything is counted at all.
pub(crate) const ARE_COUNTED: bool = cfg!(feature = "metrics");

/// What kind of number a metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "the facade has these")]
pub enum MetricKind {
    /// It only rises.
    Counter,
    /// It rises and falls.
    Gauge,
    /// How often values of which size were seen.
    Histogram,
}

/// A metric.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Metric {
    /// Its name, with its unit as a suffix where it has one: `_seconds`. Those that end in `_total` are counters.
    pub name: &'static str,
    /// Its kind.
    pub kind: MetricKind,
    /// What it tells.
    pub help: &'static str,
}

/// Declares the names and the list of all of them.
macro_rules! metrics {
    ($($ident:ident = $kind:ident $name:literal $help:literal;)*) => {
        $(const $ident: &str = $name;)*

        /// Every metric that there is, also without the feature `metrics`.
        pub const ALL: &[Metric] =
            &[$(Metric { name: $ident, kind: MetricKind::$kind, help: $help }),*];
    };
}

metrics! {
    CONNECTIONS = Gauge "chat_connections" "Live sessions";
    SENT = Counter "chat_messages_sent_total" "Sends that were committed";
    BATCH_SIZE = Histogram "chat_commit_batch_size" "Changes committed in one transaction";
    COMMIT_SECONDS = Histogram "chat_commit_seconds" "How long the store took to commit";
    DELIVERIES = Counter "chat_deliveries_total" "Events put into mailboxes of listeners";
    MAILBOX_ENTRIES = Histogram "chat_mailbox_entries" "What waits for some connections";
    DROPPED = Counter "chat_dropped_ephemeral_total" "Events that may be lost, dropped for slow readers";
    CLOSES = Counter "chat_closes_total" "Connections that ended";
    ERRORS = Counter "chat_errors_total" "Errors told to clients";
    CATCH_UPS = Counter "chat_catch_ups_total" "Clients that were told what they missed";
    REQUESTS = Counter "chat_requests_total" "REST requests answered";
    REQUEST_SECONDS = Histogram "chat_request_seconds" "How long a REST request took";
    BUS_UP = Gauge "chat_bus_up" "Whether other nodes can be told of something";
    BUS_PACKETS = Counter "chat_bus_packets_total" "Packets to and from other nodes";
    BUS_GAPS_FILLED = Counter "chat_bus_gaps_filled_total" "Reads of what the bus did not bring";
    PUSHES = Counter "chat_pushes_total" "Notices to people who are away";
    NODES = Gauge "chat_nodes" "Other nodes that live";
}

/// Something to count, only where anything is.
macro_rules! counted {
    ($($what:tt)*) => {
        #[cfg(feature = "metrics")]
        { $($what)*; }
    };
}

/// What is counted with every message: looked up in the recorder once.
#[cfg(feature = "metrics")]
struct Often {
    sent: ::metrics::Counter,
    deliveries: ::metrics::Counter,
    batch_size: ::metrics::Histogram,
    commit_seconds: ::metrics::Histogram,
}

#[cfg(feature = "metrics")]
static OFTEN: std::sync::OnceLock<Often> = std::sync::OnceLock::new();

/// Tells the recorder what there is, and begins the counters of an engine at zero: a rise from nothing is no rise to
/// whoever draws them.
pub(crate) fn describe() {
    #[cfg(feature = "metrics")]
    {
        use ::metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
        for Metric { name, kind, help } in ALL {
            match kind {
                MetricKind::Counter => describe_counter!(*name, *help),
                MetricKind::Gauge => describe_gauge!(*name, *help),
                MetricKind::Histogram if name.ends_with("_seconds") => {
                    describe_histogram!(*name, Unit::Seconds, *help);
                }
                MetricKind::Histogram => describe_histogram!(*name, *help),
            }
        }
        OFTEN.get_or_init(|| Often {
            sent: ::metrics::counter!(SENT),
            deliveries: ::metrics::counter!(DELIVERIES),
            batch_size: ::metrics::histogram!(BATCH_SIZE),
            commit_seconds: ::metrics::histogram!(COMMIT_SECONDS),
        });
        sent(0);
        delivered(0);
        dropped_ephemeral(0);
        ::metrics::counter!(CLOSES, "reason" => reason_name(CloseReason::Lagged)).increment(0);
        for outcome in [PushOutcome::Taken, PushOutcome::Failed, PushOutcome::Dropped] {
            ::metrics::counter!(PUSHES, "outcome" => outcome.name()).increment(0);
        }
        for recovered in ["true", "false"] {
            ::metrics::counter!(CATCH_UPS, "recovered" => recovered).increment(0);
        }
    }
}

/// The same for an engine with other nodes.
pub(crate) fn describe_nodes() {
    for direction in [Direction::In, Direction::Out] {
        bus_packets(direction, 0);
    }
    for kind in [Gap::Rooms, Gap::All] {
        bus_gaps_filled(kind, 0);
    }
}

/// A session began on this transport.
pub(crate) fn connected(transport: &'static str) {
    counted!(::metrics::gauge!(CONNECTIONS, "transport" => transport).increment(1.0));
}

/// It has ended.
pub(crate) fn disconnected(transport: &'static str) {
    counted!(::metrics::gauge!(CONNECTIONS, "transport" => transport).decrement(1.0));
}

/// So many sends were committed.
pub(crate) fn sent(messages: u64) {
    counted!(if let Some(often) = OFTEN.get() {
        often.sent.increment(messages);
    });
}

/// A batch of so many changes was committed.
pub(crate) fn committed(items: usize, took: Duration) {
    counted!(if let Some(often) = OFTEN.get() {
        often.batch_size.record(items as f64);
        often.commit_seconds.record(took);
    });
}

/// A publish went to so many mailboxes.
pub(crate) fn delivered(events: u64) {
    counted!(if let Some(often) = OFTEN.get() {
        often.deliveries.increment(events);
    });
}

/// So much waits for a connection.
pub(crate) fn mailbox(entries: usize) {
    counted!(::metrics::histogram!(MAILBOX_ENTRIES).record(entries as f64));
}

/// Events that may be lost were dropped.
pub(crate) fn dropped_ephemeral(events: u64) {
    counted!(::metrics::counter!(DROPPED).increment(events));
}

/// A connection was closed, or refused.
pub(crate) fn closed(reason: CloseReason) {
    counted!(::metrics::counter!(CLOSES, "reason" => reason_name(reason)).increment(1));
}

/// A client was told of an error.
pub(crate) fn failed(kind: &ErrorKind) {
    counted!(::metrics::counter!(ERRORS, "code" => kind.code()).increment(1));
}

/// A client came back: it is told what it missed, or else to reload.
pub(crate) fn caught_up(recovered: bool) {
    let recovered = if recovered { "true" } else { "false" };
    counted!(::metrics::counter!(CATCH_UPS, "recovered" => recovered).increment(1));
}

/// A REST request was answered. Routes are those of the router, methods those that HTTP knows.
pub(crate) fn answered(route: &str, method: &'static str, status: u16, took: Duration) {
    #[cfg(feature = "metrics")]
    {
        let route = ::metrics::SharedString::from(route.to_owned());
        let labels =
            [("route", route.clone()), ("method", method.into()), ("status", status.to_string().into())];
        ::metrics::counter!(REQUESTS, &labels).increment(1);
        ::metrics::histogram!(REQUEST_SECONDS, "route" => route, "method" => method).record(took);
    }
}

/// Whether the bus is up.
pub(crate) fn bus_is(up: bool) {
    counted!(::metrics::gauge!(BUS_UP).set(f64::from(u8::from(up))));
}

/// Which way a packet goes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Direction {
    In,
    Out,
}

/// So many packets passed.
pub(crate) fn bus_packets(direction: Direction, packets: u64) {
    let direction = match direction {
        Direction::In => "in",
        Direction::Out => "out",
    };
    counted!(::metrics::counter!(BUS_PACKETS, "direction" => direction).increment(packets));
}

/// What of the store was read for what the bus did not bring.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Gap {
    Rooms,
    All,
}

/// It was read so many times.
pub(crate) fn bus_gaps_filled(gap: Gap, times: u64) {
    let kind = match gap {
        Gap::Rooms => "rooms",
        Gap::All => "all",
    };
    counted!(::metrics::counter!(BUS_GAPS_FILLED, "kind" => kind).increment(times));
}

/// What came of a notice.
#[derive(Debug, Clone, Copy)]
pub(crate) enum PushOutcome {
    Taken,
    Failed,
    Dropped,
}

impl PushOutcome {
    fn name(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Failed => "failed",
            Self::Dropped => "dropped",
        }
    }
}

/// A notice was handed over, or not.
pub(crate) fn pushed(outcome: PushOutcome) {
    counted!(::metrics::counter!(PUSHES, "outcome" => outcome.name()).increment(1));
}

/// So many other nodes live.
pub(crate) fn nodes(live: usize) {
    counted!(::metrics::gauge!(NODES).set(live as f64));
}

fn reason_name(reason: CloseReason) -> &'static str {
    match reason {
        CloseReason::Unauthenticated => "unauthenticated",
        CloseReason::TokenExpired => "token_expired",
        CloseReason::Lagged => "lagged",
        CloseReason::TooManyRequests => "too_many_requests",
        CloseReason::FrameTooLarge => "frame_too_large",
        CloseReason::Protocol => "protocol",
        CloseReason::Restarting(_) => "restarting",
        CloseReason::Ended => "ended",
    }
}
