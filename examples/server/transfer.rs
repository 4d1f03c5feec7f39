//! `--export` and `--import`: moves what the store holds, instead of serving it.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chat_core::ChatEngine;
use chat_core::store::Store;
use chat_core::transfer::{Counts, Scope, TransferError};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::fs::File;
use tokio::io::{AsyncRead, AsyncWrite, BufReader, BufWriter};

use crate::{Failure, chain, failed};

/// What is read or written at once.
const BUFFER: usize = 256 * 1024;

/// Where the lines go to or come from.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    /// Standard output or input.
    Standard,
    /// A file.
    File(PathBuf),
}

impl From<&Path> for Place {
    fn from(path: &Path) -> Self {
        if path == Path::new("-") { Self::Standard } else { Self::File(path.to_owned()) }
    }
}

pub(crate) async fn export(store: Arc<dyn Store>, to: Place) -> Result<(), Failure> {
    let engine = engine(store).await?;
    let began = Instant::now();
    let bar = bar(None);
    let (counts, said) = match to {
        Place::Standard => {
            let counts = write(&engine, &mut tokio::io::stdout(), &bar).await?;
            (counts, "standard output".to_owned())
        }
        Place::File(path) => {
            // Under its own name stands a whole export or none.
            let mut partial = path.clone().into_os_string();
            partial.push(".partial");
            let done = export_to(&engine, &path, Path::new(&partial), &bar).await;
            if done.is_err() {
                let _ = tokio::fs::remove_file(&partial).await;
            }
            (done?, path.display().to_string())
        }
    };
    bar.finish_and_clear();
    let line = format!("exported {counts} to {said} in {}", seconds(began));
    // What is on standard output then are the records.
    if said == "standard output" {
        eprintln!("{line}")
    } else {
        println!("{line}")
    }
    Ok(())
}

async fn export_to(
    engine: &ChatEngine,
    path: &Path,
    partial: &Path,
    bar: &ProgressBar,
) -> Result<Counts, Failure> {
    let at = |error: io::Error| failed(path.display(), error);
    let mut file = File::create(partial).await.map_err(at)?;
    let counts = write(engine, &mut file, bar).await?;
    file.sync_all().await.map_err(at)?;
    tokio::fs::rename(partial, path).await.map_err(at)?;
    Ok(counts)
}

async fn write<W: AsyncWrite + Send + Unpin>(
    engine: &ChatEngine,
    to: &mut W,
    bar: &ProgressBar,
) -> Result<Counts, Failure> {
    let mut to = BufWriter::with_capacity(BUFFER, bar.wrap_async_write(to));
    // It flushes at its end.
    let counts = engine.admin().export(Scope::All, &mut to).await;
    counts.map_err(|error| failed("the export broke off", chain(&error)))
}

pub(crate) async fn import(store: Arc<dyn Store>, from: Place) -> Result<(), Failure> {
    let engine = engine(store).await?;
    let began = Instant::now();
    let (counts, said) = match from {
        Place::Standard => {
            (read(&engine, tokio::io::stdin(), &bar(None)).await?, "standard input".to_owned())
        }
        Place::File(path) => {
            let at = |error: io::Error| failed(path.display(), error);
            let file = File::open(&path).await.map_err(at)?;
            let length = file.metadata().await.map_err(at)?.len();
            (read(&engine, file, &bar(Some(length))).await?, path.display().to_string())
        }
    };
    println!("imported {counts} from {said} in {}; the counts agree", seconds(began));
    Ok(())
}

async fn read<R: AsyncRead + Send + Unpin>(
    engine: &ChatEngine,
    from: R,
    bar: &ProgressBar,
) -> Result<Counts, Failure> {
    let mut from = BufReader::with_capacity(BUFFER, bar.wrap_async_read(from));
    let show =
        |counts: Counts| bar.set_message(format!("{} messages in {} rooms", counts.messages, counts.rooms));
    let counts = engine.admin().import(&mut from, show).await;
    bar.finish_and_clear();
    counts.map_err(|error| {
        let is_no_export = matches!(
            error,
            TransferError::Cut { line: 0 }
                | TransferError::Format { .. }
                | TransferError::Malformed { line: 1, .. }
                | TransferError::Misplaced { line: 1, .. }
        );
        let then = if is_no_export {
            ""
        } else {
            " (what came before it is kept; run it again when that is mended)"
        };
        failed("the import broke off", chain(&error) + then)
    })
}

async fn engine(store: Arc<dyn Store>) -> Result<ChatEngine, Failure> {
    Ok(ChatEngine::builder().shared_store(store).build().await?)
}

fn seconds(since: Instant) -> String {
    format!("{:.1} s", since.elapsed().as_secs_f64())
}

/// On standard error, and hidden where that is no terminal.
fn bar(length: Option<u64>) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::with_draw_target(length, ProgressDrawTarget::hidden());
    }
    let shape = match length {
        Some(_) => "{bar:30} {percent}% of {total_bytes}, {bytes_per_sec}, {eta} left; {msg}",
        None => "{spinner} {bytes}, {bytes_per_sec}",
    };
    let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template(shape) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}
