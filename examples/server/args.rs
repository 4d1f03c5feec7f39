//! The command line.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::builder::BoolishValueParser;
use clap::{ArgAction, Parser, ValueEnum};
use serde::{Deserialize, Serialize};

/// A chat server: REST, WebSocket and Socket.IO on one port, and one place for everything it keeps.
///
/// Without a key it runs in development mode: whoever asks gets a token, on this machine alone.
///
/// What is not given as a flag is taken from the environment, then from the file in --config, then from the
/// defaults below.
#[derive(Debug, Parser)]
#[command(name = "server", version, after_help = "It logs to standard error. RUST_LOG=debug tells more.")]
pub(crate) struct Args {
    /// A TOML file with settings named like these flags, without the dashes in front. It may hold more: the
    /// engine's bounds in [engine] and rate limits in [limits].
    #[arg(long, env = "CHAT_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Print all settings that hold, and where each comes from, as a file for --config, and end.
    #[arg(long)]
    pub(crate) print_config: bool,

    /// Ask the server at --addr whether it is ready, and end: with 0 when it is.
    #[arg(long, conflicts_with = "print_config")]
    pub(crate) check: bool,

    /// Where to listen. Port 0 takes a free one.
    #[arg(long, env = "CHAT_ADDR", default_value = "127.0.0.1:7777", value_name = "HOST:PORT")]
    pub(crate) addr: SocketAddr,

    /// Where to keep everything: a file, made when it is not there; `memory`, gone with the server; or a
    /// database of PostgreSQL as postgres://USER:PASSWORD@HOST/NAME.
    // A URL may hold a password, so the help does not show what the environment says.
    #[arg(
        long,
        env = "CHAT_DB",
        hide_env_values = true,
        default_value = "chat.db",
        value_name = "PATH|memory|URL"
    )]
    pub(crate) db: String,

    /// Development mode: tokens for whoever asks, pages of any origin, no rate limits. The default without a
    /// key.
    // CHAT_DEV=1 is as good as CHAT_DEV=true, and CHAT_DEV=0 is none.
    #[arg(long, env = "CHAT_DEV", action = ArgAction::SetTrue, value_parser = BoolishValueParser::new())]
    pub(crate) dev: bool,

    /// In development mode: what members say in a room whose `custom` says `"review": true` waits until one of those who
    /// look after it approves it. Each message then costs a look at its room.
    #[arg(long, env = "CHAT_REVIEW", action = ArgAction::SetTrue, value_parser = BoolishValueParser::new())]
    pub(crate) review: bool,

    /// A file whose bytes are the secret of HS256 tokens, at least 32 (one final newline is removed).
    #[arg(long, env = "CHAT_JWT_SECRET_FILE", value_name = "FILE")]
    pub(crate) jwt_secret_file: Option<PathBuf>,

    /// A PEM file with the public key of RS256, ES256 or EdDSA tokens.
    #[arg(long, env = "CHAT_JWT_PUBLIC_KEY", value_name = "FILE")]
    pub(crate) jwt_public_key: Option<PathBuf>,

    /// Serve https: a PEM file with this server's certificate, and those that it rests on behind it. Read
    /// again on SIGHUP.
    #[arg(long, env = "CHAT_TLS_CERT", value_name = "FILE")]
    pub(crate) tls_cert: Option<PathBuf>,

    /// A PEM file with the private key of --tls-cert.
    #[arg(long, env = "CHAT_TLS_KEY", value_name = "FILE")]
    pub(crate) tls_key: Option<PathBuf>,

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

    /// After a restore of --db from a backup: void what clients know of it, so that they reload instead of
    /// missing what the backup does not hold, and end. No server may use --db meanwhile.
    #[arg(long, conflicts_with_all = ["export", "import", "print_config", "check"])]
    pub(crate) restored: bool,

    /// Where the files that go with messages are kept: a folder, made when it is not there, or a bucket of S3 or of
    /// what speaks like it, with AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION and, where it is not Amazon's,
    /// AWS_ENDPOINT in the environment. By default a folder beside the database, called like it with `.blobs` behind;
    /// that of a store in memory goes with the server. Several nodes need one that they share.
    #[arg(long, env = "CHAT_BLOBS", value_name = "DIR|s3://BUCKET/PREFIX")]
    pub(crate) blobs: Option<String>,

    /// Where clients reach this server's API, such as https://chat.example.org/api: pictures are shown from
    /// there by clients that know no files.
    #[arg(long, env = "CHAT_PUBLIC_URL", value_name = "URL", default_value = "/api")]
    pub(crate) public_url: String,

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
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
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

    /// Whether it does something to what is kept, and does not serve it.
    fn is_command(&self) -> bool {
        self.export.is_some() || self.import.is_some() || self.restored
    }

    /// Whether the database is PostgreSQL's. Its URL may hold a password and is shown nowhere.
    pub(crate) fn is_postgres(&self) -> bool {
        self.db.starts_with("postgres://") || self.db.starts_with("postgresql://")
    }

    /// What this version cannot do, or should not.
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.is_command() {
            return self.check_command();
        }
        if self.jwt_secret_file.is_some() && self.jwt_public_key.is_some() {
            return Err("tokens have one key: give --jwt-secret-file or --jwt-public-key, not both".into());
        }
        if self.review && !self.is_dev() {
            return Err("--review is for development mode: an app has rules of its own".into());
        }
        if self.tls_cert.is_some() != self.tls_key.is_some() {
            return Err("--tls-cert and --tls-key belong together: give both or none".into());
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

    fn check_command(&self) -> Result<(), String> {
        if self.db == "memory" {
            return Err("a store in memory ends with this command: give --db a file or a database".into());
        }
        if let Some(file) = self.import.as_ref().filter(|file| *file != Path::new("-") && !file.exists()) {
            return Err(format!("{}: there is no such file to import", file.display()));
        }
        let wanted = if self.export.is_some() { "to export" } else { "that was restored" };
        if self.import.is_none() && !self.is_postgres() && !Path::new(&self.db).exists() {
            return Err(format!("{}: there is no such file {wanted}", self.db));
        }
        Ok(())
    }
}
