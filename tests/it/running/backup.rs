//! The recipes in `examples/server/deploy/README.md`, run as they stand there.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{People, Running, run, text};
use crate::examples::example;

/// The commands below a heading.
fn recipe(heading: &str) -> &'static str {
    let readme = include_str!("../../../examples/server/deploy/README.md");
    let section = readme.split(&format!("\n### {heading}\n")).nth(1);
    let section = section.unwrap_or_else(|| panic!("there is no {heading:?}"));
    section.split("```sh\n").nth(1).unwrap().split("```").next().unwrap()
}

/// Whether a program is there. Where it must be, it is.
fn has(program: &str) -> bool {
    let is_there = Command::new(program).arg("--version").output().is_ok();
    assert!(is_there || std::env::var_os("CHAT_TESTS_RUN").is_none(), "tests/run needs {program}");
    if !is_there {
        eprintln!("not run here: there is no {program}");
    }
    is_there
}

/// Runs commands in a folder, with the server as `chat-server`.
fn follow(recipe: &str, folder: &Path, env: &[(&str, &str)]) -> String {
    let bin = folder.join("bin");
    if !bin.exists() {
        std::fs::create_dir(&bin).unwrap();
        std::fs::copy(example("server"), bin.join("chat-server")).unwrap();
    }
    let path = std::env::var("PATH").unwrap();
    let path = format!("{}:{path}", bin.display());
    let mut shell = Command::new("sh");
    shell.args(["-eu", "-c", recipe]).current_dir(folder).env("PATH", path).envs(env.iter().copied());
    let done = shell.output().unwrap();
    assert!(done.status.success(), "{recipe}\n{}{}", text(&done.stdout), text(&done.stderr));
    text(&done.stdout)
}

/// Backs a server up while people write, restores it elsewhere, and looks at what they find there.
async fn comes_back(
    folder: &Path,
    (db, restored_db): (&str, &str),
    back_up: impl FnOnce() + Send + 'static,
    restore: impl FnOnce() -> String,
) {
    let server = Arc::new(Running::start(folder, &["--db", db]));
    let people = Arc::new(People::meet(&server).await);
    let (before, _) = people.connect(&server, None).await;
    for n in 0..50 {
        people.say(&server, &format!("before {n}")).await;
    }

    let is_over = Arc::new(AtomicBool::new(false));
    let traffic = (server.clone(), people.clone(), is_over.clone());
    let traffic = tokio::spawn(async move {
        let (server, people, is_over) = traffic;
        let mut last = 0;
        while !is_over.load(Ordering::SeqCst) {
            last = people.say(&server, "meanwhile").await;
        }
        last
    });
    tokio::task::spawn_blocking(back_up).await.unwrap();
    is_over.store(true, Ordering::SeqCst);
    let last = traffic.await.unwrap();
    let after = people.say(&server, "after the backup").await;
    assert_eq!(after, last + 1);
    let (newer, recovered) = people.connect(&server, Some(&before)).await;
    assert!(recovered, "on the same store it is good");
    let Some(server) = Arc::into_inner(server) else { panic!("the server is still in use") };
    server.stop();

    let said = restore();
    assert!(said.contains("what clients know of the database is void"), "{said}");
    let server = Running::start(folder, &["--db", restored_db]);
    // The older first: one that is ahead of the store would void both.
    for token in [&before, &newer] {
        assert!(!people.connect(&server, Some(token)).await.1, "who has seen more, or may have, reloads");
    }
    let history = people.history(&server).await;
    let seqs: Vec<_> = history.iter().map(|(seq, _)| *seq).collect();
    assert_eq!(seqs, (1..=seqs.len() as u64).collect::<Vec<_>>(), "without a gap");
    assert!(seqs.len() >= 50 && (seqs.len() as u64) < after, "{} of {after}", seqs.len());
    assert_eq!(history[49].1, "before 49");
    assert!(history[50..].iter().all(|(_, content)| content == "meanwhile"));

    assert_eq!(people.say(&server, "and on it goes").await, seqs.len() as u64 + 1);
    let (now, _) = people.connect(&server, None).await;
    people.say(&server, "more").await;
    assert!(people.connect(&server, Some(&now)).await.1, "from now on nobody need reload");
    server.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_is_backed_up_under_traffic_and_goes_on_from_the_backup() {
    if !has("sqlite3") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().to_owned();
    let back_up = move || drop(follow(recipe("Back up a file"), &folder, &[]));
    let restore = || {
        // Another place, with the key that people's tokens are signed with.
        std::fs::copy(dir.path().join("chat.db.dev-key"), dir.path().join("restored.db.dev-key")).unwrap();
        let said = follow(recipe("Restore a file"), dir.path(), &[]);
        assert!(said.starts_with("ok\n"), "the backup is whole: {said}");
        said
    };
    comes_back(dir.path(), ("chat.db", "restored.db"), back_up, restore).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_is_backed_up_under_traffic_and_goes_on_from_the_backup() {
    let Some(database) = crate::postgres::Database::fresh().await else { return };
    let Some(empty) = crate::postgres::Database::empty().await else { return };
    if !has("pg_dump") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (folder, url) = (dir.path().to_owned(), database.url.clone());
    let back_up = move || drop(follow(recipe("Back up a database"), &folder, &[("CHAT_DB", &url)]));
    let restore = || follow(recipe("Restore a database"), dir.path(), &[("RESTORED_DB", &empty.url)]);
    comes_back(dir.path(), (&database.url, &empty.url), back_up, restore).await;
}

#[test]
fn restored_needs_something_that_is_there_and_is_no_other_command() {
    let dir = tempfile::tempdir().unwrap();
    for (args, says) in [
        (&["--restored"][..], "chat.db: there is no such file that was restored"),
        (&["--restored", "--db", "memory"], "a store in memory ends with this command"),
        (&["--restored", "--import", "x"], "cannot be used with"),
    ] {
        let done = run(dir.path(), args);
        assert!(
            !done.status.success() && text(&done.stderr).contains(says),
            "{args:?}: {}",
            text(&done.stderr)
        );
    }
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "and makes none");
}
