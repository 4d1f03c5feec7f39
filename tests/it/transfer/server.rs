//! The example server moves what it keeps.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use chat_core::store::{PostgresStore, SqliteStore};
use chat_core::transfer::Scope;

use super::compare::seen_by_all;
use super::kit::{engine_on, export};
use super::town::Town;
use crate::examples::example;

fn server(folder: &Path, args: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(example("server"))
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may have ended without reading.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        // Those of the engine that has filled it may go a moment later.
        .filter(|name| !name.ends_with("-wal") && !name.ends_with("-shm"))
        .collect();
    names.sort();
    names
}

/// A folder with a `chat.db` in it, and what its users see.
async fn filled() -> (tempfile::TempDir, String, String) {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path().join("chat.db")).await.unwrap();
    let Town { engine, store, .. } = Town::filled(engine_on(store).await).await;
    let (seen, lines) = (seen_by_all(&engine).await, export(&engine, Scope::All).await);
    drop((engine, store));
    (dir, seen, lines)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_moves_a_file_into_postgresql_and_back_into_a_file() {
    let Some(database) = crate::postgres::Database::fresh().await else { return };
    let (dir, seen, lines) = filled().await;
    let run = |args: &[&str]| {
        let done = server(dir.path(), args, b"");
        assert!(done.status.success(), "{done:?}");
        assert_eq!(text(&done.stderr), "", "no bar without a terminal");
        let said = text(&done.stdout);
        assert_eq!(said.lines().count(), 1, "{said}");
        said
    };
    let said = run(&["--export", "out.jsonl"]);
    assert!(said.starts_with("exported 8 rooms, "), "{said}");
    assert_eq!(std::fs::read_to_string(dir.path().join("out.jsonl")).unwrap(), lines);
    for _ in 0..2 {
        let said = run(&["--db", &database.url, "--import", "out.jsonl"]);
        assert!(said.starts_with("imported 8 rooms, ") && said.contains("the counts agree"), "{said}");
    }
    run(&["--db", &database.url, "--export", "back.jsonl"]);
    assert_eq!(std::fs::read_to_string(dir.path().join("back.jsonl")).unwrap(), lines);
    run(&["--db", "new.db", "--import", "back.jsonl"]);
    assert_eq!(files(dir.path()), ["back.jsonl", "chat.db", "new.db", "out.jsonl"], "and no key of a server");
    let moved = engine_on(PostgresStore::connect(&database.url).await.unwrap()).await.0;
    assert_eq!(seen_by_all(&moved).await, seen);
    let back = engine_on(SqliteStore::open(dir.path().join("new.db")).await.unwrap()).await.0;
    assert_eq!(seen_by_all(&back).await, seen);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dash_stands_for_standard_output_and_input() {
    let (dir, seen, lines) = filled().await;
    let out = server(dir.path(), &["--export", "-"], b"");
    assert_eq!(text(&out.stdout), lines, "nothing but records");
    assert!(text(&out.stderr).starts_with("exported 8 rooms, "));
    let done = server(dir.path(), &["--db", "new.db", "--import", "-"], &out.stdout);
    assert!(text(&done.stdout).contains("from standard input"), "{done:?}");
    let back = engine_on(SqliteStore::open(dir.path().join("new.db")).await.unwrap()).await.0;
    assert_eq!(seen_by_all(&back).await, seen);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_fails_ends_with_one_line_and_leaves_no_part_of_an_export() {
    let (dir, _, lines) = filled().await;
    let half = lines.floor_char_boundary(lines.len() / 2);
    std::fs::write(dir.path().join("cut.jsonl"), &lines[..half]).unwrap();
    std::fs::write(dir.path().join("page.html"), "<html>").unwrap();
    std::fs::create_dir(dir.path().join("folder")).unwrap();
    let before = files(dir.path());
    for (args, says) in [
        (&["--export", "no/folder/out.jsonl"][..], "no/folder/out.jsonl: No such file"),
        (&["--export", "folder"], "folder: Is a directory"),
        (&["--db", "typo.db", "--export", "out.jsonl"], "typo.db: there is no such file to export"),
        (&["--db", "memory", "--import", "cut.jsonl"], "a store in memory ends with this command"),
        (&["--import", "missing.jsonl"], "missing.jsonl: there is no such file"),
        (&["--import", "page.html"], "the import broke off: line 1 is no record"),
        (&["--db", "other.db", "--import", "cut.jsonl"], "run it again"),
    ] {
        let done = server(dir.path(), args, b"");
        let (said, why) = (text(&done.stdout), text(&done.stderr));
        assert_eq!((done.status.code(), &*said), (Some(1), ""), "{args:?}: {why}");
        assert!(
            why.starts_with("error: ") && why.contains(says) && why.lines().count() == 1,
            "{args:?}: {why}"
        );
    }
    let both = server(dir.path(), &["--export", "a", "--import", "b"], b"");
    assert!(!both.status.success() && text(&both.stderr).contains("cannot be used with"));
    let after: Vec<_> = files(dir.path()).into_iter().filter(|name| name != "other.db").collect();
    assert_eq!(after, before);
}
