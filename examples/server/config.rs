//! What holds: a flag before the environment, that before the file in `--config`, that before the defaults.

use std::collections::HashMap;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory, FromArgMatches};
use serde::{Deserialize, Serialize};

use crate::args::{Args, PolicyName};
use crate::print::{Page, masked};
use crate::tables::{EngineTable, LimitsTable};
use crate::{Failure, failed};

/// All settings, and where each comes from.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) args: Args,
    pub(crate) engine: EngineTable,
    pub(crate) limits: LimitsTable,
    sources: Sources,
}

/// Where a setting comes from. The environment's variables are named after the flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    Flag,
    Environment,
    File,
    Default,
}

#[derive(Debug)]
struct Sources {
    of: HashMap<String, Source>,
}

impl Sources {
    fn of_arguments(matches: &ArgMatches) -> Self {
        let source = |id: &str| match matches.value_source(id) {
            Some(ValueSource::CommandLine) => Source::Flag,
            Some(ValueSource::EnvVariable) => Source::Environment,
            _ => Source::Default,
        };
        Self { of: matches.ids().map(|id| (id.to_string(), source(id.as_str()))).collect() }
    }

    fn of(&self, id: &str) -> Source {
        self.of.get(id).copied().unwrap_or(Source::Default)
    }

    /// The file's value counts where nothing nearer gives one.
    fn fill<T>(&mut self, id: &str, holds: &mut T, of_file: Option<T>) {
        if let Some(value) = of_file.filter(|_| self.of(id) == Source::Default) {
            *holds = value;
            self.of.insert(id.to_owned(), Source::File);
        }
    }
}

/// The settings that a file can hold, each named and typed as in [`Args`].
macro_rules! settings {
    ($($name:ident: $type:ty,)*) => {
        #[derive(Debug, Default, Deserialize)]
        #[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
        struct File {
            $($name: Option<$type>,)*
            engine: EngineTable,
            limits: LimitsTable,
        }

        impl File {
            fn fill(self, args: &mut Args, sources: &mut Sources) -> (EngineTable, LimitsTable) {
                $(sources.fill(stringify!($name), &mut args.$name, self.$name);)*
                (self.engine, self.limits)
            }
        }

        impl Settings {
            /// Shows each of them.
            fn show(&self, page: &mut Page) {
                $(self.show_one(page, stringify!($name), &self.args.$name);)*
            }
        }
    };
}

settings! {
    addr: SocketAddr,
    db: String,
    dev: bool,
    review: bool,
    jwt_secret_file: Option<PathBuf>,
    jwt_public_key: Option<PathBuf>,
    tls_cert: Option<PathBuf>,
    tls_key: Option<PathBuf>,
    policy: PolicyName,
    origins: Vec<String>,
    blobs: Option<String>,
    public_url: String,
    nats: Vec<String>,
    node_id: u16,
    metrics_addr: Option<SocketAddr>,
}

impl Settings {
    /// Those of this process. Ends it where the command line is wrong, or asks for help.
    pub(crate) fn load() -> Result<Self, Failure> {
        let matches = Args::command().get_matches();
        let mut args = Args::from_arg_matches(&matches)?;
        let mut sources = Sources::of_arguments(&matches);
        let file = args.config.as_deref().map(File::read).transpose()?.unwrap_or_default();
        let (engine, limits) = file.fill(&mut args, &mut sources);
        // A variable that is empty says that there are none.
        args.origins.retain(|origin| !origin.is_empty());
        args.nats.retain(|url| !url.is_empty());
        args.check()?;
        Ok(Self { args, engine, limits, sources })
    }

    /// A file for `--config` that says what holds. Passwords are masked.
    pub(crate) fn print(&self) -> String {
        let mut page = Page::default();
        self.show(&mut page);
        let is_dev = self.args.is_dev();
        self.engine.show(&mut page);
        self.limits.show(&mut page, is_dev);
        page.finish()
    }

    fn show_one<T: Serialize>(&self, page: &mut Page, id: &str, value: &T) {
        let name = id.replace('_', "-");
        let source = match self.sources.of(id) {
            Source::Flag => format!("flag --{name}"),
            Source::Environment => format!("environment CHAT_{}", id.to_uppercase()),
            Source::File => "file".to_owned(),
            // Written out it would hold on when a key is given later.
            Source::Default if id == "dev" && self.args.is_dev() => {
                return page.comment(&name, "true", "default: no key is given");
            }
            Source::Default => "default".to_owned(),
        };
        page.setting(&name, value, &source);
    }
}

impl File {
    fn read(path: &Path) -> Result<Self, Failure> {
        let text = fs::read_to_string(path)
            .map_err(|error| failed(format!("cannot read {}", path.display()), error))?;
        let file: Self = toml::from_str(&text).map_err(|error| {
            // Not the error's own text: it shows the line, and a password may stand in it.
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            failed(format!("{}, line {line}", path.display()), error.message())
        })?;
        let urls = file.db.iter().chain(file.nats.iter().flatten());
        if urls.into_iter().any(|url| masked(url) != *url) && is_readable_by_others(path) {
            let path = path.display();
            eprintln!(
                "warning: {path} holds a password, and others on this machine can read it: chmod o-r {path}"
            );
        }
        Ok(file)
    }
}

#[cfg(unix)]
fn is_readable_by_others(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).is_ok_and(|found| found.permissions().mode() & 0o004 != 0)
}

#[cfg(not(unix))]
fn is_readable_by_others(_: &Path) -> bool {
    false
}
