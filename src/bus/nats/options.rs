//! How a node uses NATS.

use std::fmt;

/// Where the NATS servers are, and how a [`NatsBus`](super::NatsBus) uses them.
///
/// ```
/// use chat_core::bus::nats::NatsOptions;
/// let mut options = NatsOptions::at(["nats://one.internal", "nats://two.internal"]);
/// options.prefix = "staging".into();
/// options.name = "chat-core node 3".into();
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct NatsOptions {
    /// Servers of one cluster, at least one, each as [`NatsBus::connect`](super::NatsBus::connect) takes it.
    /// Those that have a login have the same one, which holds for all.
    pub urls: Vec<String>,
    /// What the subjects begin with: 1 to 64 letters, digits, `-` and `_`, in parts separated by dots. The
    /// same on all nodes of a server, and another for another server that shares the NATS. A login with limited
    /// rights needs to publish and to subscribe to `PREFIX.>`. Default `chat`.
    pub prefix: String,
    /// What NATS's own monitoring calls this node. Default `chat-core`.
    pub name: String,
}

impl NatsOptions {
    /// The default options, with servers.
    pub fn at(urls: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let urls = urls.into_iter().map(Into::into).collect();
        Self { urls, prefix: "chat".into(), name: "chat-core".into() }
    }
}

impl fmt::Debug for NatsOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A URL may hold a password.
        let mut debug = f.debug_struct("NatsOptions");
        debug.field("prefix", &self.prefix).field("name", &self.name).finish_non_exhaustive()
    }
}
