//! The command line.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::{Parser, ValueEnum};

/// A chat server: REST, WebSocket and Socket.IO on one port, and one place for everything it keeps.
///
/// Without a key it runs in development mode: whoever asks gets a token, on this machine alone.
#[derive(Debug, Parser)]
#[command(name = "server", version)]
pub(crate) struct Args {
    /// Where to listen. Port 0 takes a free one.
    #[arg(long, env = "CHAT_ADDR", default_value = "127.0.0.1:7777", value_name = "HOST:PORT")]
    pub(crate) addr: SocketAddr,

    /// Where to keep everything: a file, `memory`, or a database as postgres://USER:PASSWORD@HOST/NAME.
    // A URL may hold a password, so the help does not show what the environment says.
    #[arg(
        long,
        env = "CHAT_DB",
        hide_env_values = true,
        default_value = "chat.db",
        value_name = "PATH|memory|URL"
    )]
    pub(crate) db: String,

    /// Development mode: tokens for whoever asks, pages of any origin. The default without a key.
    #[arg(long, env = "CHAT_DEV")]
    pub(crate) dev: bool,

    /// A file whose bytes are the secret of HS256 tokens, at least 32 (one final newline is removed).
    #[arg(long, env = "CHAT_JWT_SECRET_FILE", value_name = "FILE", conflicts_with = "jwt_public_key")]
    pub(crate) jwt_secret_file: Option<PathBuf>,

    /// A PEM file with the public key of RS256, ES256 or EdDSA tokens.
    #[arg(long, env = "CHAT_JWT_PUBLIC_KEY", value_name = "FILE")]
    pub(crate) jwt_public_key: Option<PathBuf>,

    /// Who may chat with whom.
    #[arg(long, env = "CHAT_POLICY", value_enum, default_value_t = PolicyName::Open)]
    pub(crate) policy: PolicyName,

    /// Origins of web pages that are let in, separated by commas, such as https://example.org.
    #[arg(long, env = "CHAT_ORIGINS", value_name = "LIST", value_delimiter = ',')]
    pub(crate) origins: Vec<String>,

    /// Write everything in --db to a file as lines of JSON, and end. `-` is standard output.
    #[arg(long, value_name = "FILE", conflicts_with = "import")]
    pub(crate) export: Option<PathBuf>,

    /// Take what --export has written into --db, and end. `-` is standard input. Run again, it skips what is
    /// there. No server may use --db meanwhile.
    #[arg(long, value_name = "FILE")]
    pub(crate) import: Option<PathBuf>,

    /// NATS, by which the nodes on one database hear of each other: nats://USER:PASSWORD@HOST, or several
    /// servers of one cluster separated by commas.
    #[arg(long, env = "CHAT_NATS", hide_env_values = true, value_name = "URL", value_delimiter = ',')]
    pub(crate) nats: Vec<String>,

    /// Where to show /metrics to Prometheus, instead of beside everything else: for production, a port that clients do
    /// not reach.
    #[arg(long, env = "CHAT_METRICS_ADDR", value_name = "HOST:PORT")]
    pub(crate) metrics_addr: Option<SocketAddr>,

    /// The number of this node among several, for whoever operates them.
    #[arg(long, env = "CHAT_NODE_ID", value_name = "N", default_value_t = 0)]
    pub(crate) node_id: u16,
}

/// Who may chat with whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PolicyName {
    /// Everybody with everybody.
    Open,
    /// Direct chats between friends only.
    Friends,
}

impl Args {
    /// Whether development mode holds.
    pub(crate) fn is_dev(&self) -> bool {
        self.dev || (self.jwt_secret_file.is_none() && self.jwt_public_key.is_none())
    }

    /// Whether it moves what is kept, and does not serve it.
    pub(crate) fn is_transfer(&self) -> bool {
        self.export.is_some() || self.import.is_some()
    }

    /// Whether the database is PostgreSQL's. Its URL may hold a password and is shown nowhere.
    pub(crate) fn is_postgres(&self) -> bool {
        self.db.starts_with("postgres://") || self.db.starts_with("postgresql://")
    }

    /// What this version cannot do, or should not.
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.is_transfer() {
            return self.check_transfer();
        }
        if !self.nats.is_empty() && !self.is_postgres() {
            return Err("--nats connects several nodes, and they need one store: give --db a database of \
                        PostgreSQL"
                .into());
        }
        if self.is_dev() && !self.dev && !self.addr.ip().is_loopback() {
            return Err(format!(
                "without a key anybody could be anybody: {} is open to others. Give --jwt-secret-file or \
                 --jwt-public-key, or --dev if that is what you want",
                self.addr
            ));
        }
        Ok(())
    }

    fn check_transfer(&self) -> Result<(), String> {
        if self.db == "memory" {
            return Err("a store in memory ends with this command: give --db a file or a database".into());
        }
        if let Some(file) = self.import.as_ref().filter(|file| *file != Path::new("-") && !file.exists()) {
            return Err(format!("{}: there is no such file to import", file.display()));
        }
        if self.export.is_some() && !self.is_postgres() && !Path::new(&self.db).exists() {
            return Err(format!("{}: there is no such file to export", self.db));
        }
        Ok(())
    }
}
