//! The examples run, and the README tells the truth.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output};

/// Where an example was built to.
pub(crate) fn example(name: &str) -> PathBuf {
    let mut path: PathBuf = std::env::current_exe().unwrap();
    path.pop();
    if path.ends_with("deps") {
        path.pop();
    }
    path.join("examples").join(name)
}

/// Runs an example in a folder of its own.
fn run(name: &str) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(example(name)).current_dir(folder.path()).output().unwrap();
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

fn stdout(name: &str) -> String {
    String::from_utf8(run(name).stdout).unwrap()
}

#[test]
fn hello_says_hello() {
    assert_eq!(stdout("hello"), "ana: Hello, Ben\n");
}

#[test]
fn the_readmes_first_code_is_the_hello_example_to_the_letter() {
    let readme = include_str!("../../README.md");
    let hello = include_str!("../../examples/hello.rs");
    let first = readme.split("```rust,no_run\n").nth(1).unwrap().split("```").next().unwrap();
    assert_eq!(first, hello);
}

#[test]
fn the_sqlite_demo_finds_history_and_unread_counts_after_a_restart() {
    let told = stdout("sqlite");
    let after = told.split("opening").nth(1).unwrap();
    assert!(after.contains("ana: 2 unread"), "{told}");
    assert!(after.contains("  4 ana: Bring water (not read)"), "{told}");
    assert!(after.contains("  1 ana: Are you running today? (read)"), "{told}");
}

#[test]
fn the_custom_store_demo_runs() {
    assert!(!stdout("custom_store").is_empty());
}

#[test]
fn the_transactional_demo_keeps_an_order_and_its_message_together() {
    let told = stdout("transactional");
    assert!(told.contains("ana hears shop: Your order 1 was placed: running shoes"), "{told}");
    assert!(told.contains("ana hears shop: Your order 2 was placed: a water bottle"), "{told}");
    assert!(told.contains("rolled back: a spaceship") && !told.contains("placed: a spaceship"), "{told}");
    assert!(told.ends_with("2 orders and 2 messages: never one without the other\n"), "{told}");
}

#[test]
fn the_bot_answers_what_it_is_asked() {
    let told = stdout("bot");
    assert!(told.contains("coach: that is 5.0 min a km"), "{told}");
    assert!(told.contains("coach: say it like: !pace"), "{told}");
    assert!(told.contains("coach, so far: …Three easy runs\n"), "{told}");
    assert!(told.ends_with("in the end: Three easy runs, one of them long, and a day of rest.\n"), "{told}");
}

#[test]
fn the_apps_own_login_opens_the_chat() {
    let output = Command::new(example("own_login")).arg("--demo").output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.contains("without a login: HTTP/1.1 401"), "{told}");
    assert!(told.contains("with one:        HTTP/1.1 200"), "{told}");
}

#[test]
fn the_apps_own_tables_say_who_is_who_and_whose_friend() {
    let told = stdout("own_tables");
    assert!(told.contains("Ana sees the room as \"Ben\""), "{told}");
    assert!(told.contains("Ana and Cho are no friends: NOT_FRIENDS"), "{told}");
    assert!(told.contains("Ben has blocked Ana: FORBIDDEN"), "{told}");
}

#[test]
fn a_push_goes_to_whoever_is_offline_and_has_not_read() {
    let told = stdout("push");
    let mut lines: Vec<_> = told.lines().collect();
    lines.sort();
    let expected = [
        "push to cho: 2 unread: ana: Seven o'clock?",
        "push to cho: ana added you to Runners",
        "push to dee: ana added you to Runners",
        "push to fay: ana invites you to Runners",
        "push to gil: ana wants to be your friend",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn the_servers_help_names_every_flag_of_the_contract() {
    let help = Command::new(example("server")).arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    for flag in [
        "addr",
        "db",
        "dev",
        "review",
        "jwt-secret-file",
        "jwt-public-key",
        "policy",
        "origins",
        "nats",
        "node-id",
        "export",
        "import",
        "config",
        "print-config",
        "check",
        "tls-cert",
        "tls-key",
        "restored",
        "metrics-addr",
    ] {
        assert!(help.contains(&format!("--{flag}")), "{flag} in {help}");
    }
}

#[test]
fn every_dependency_has_a_line_that_says_what_it_is_for() {
    let manifest = include_str!("../../Cargo.toml");
    let (mut is_dependencies, mut before, mut count) = (false, "", 0);
    for line in manifest.lines() {
        if line.starts_with('[') {
            is_dependencies = line.ends_with("dependencies]");
        } else if is_dependencies && line.contains(" = ") && !line.starts_with('#') {
            assert!(before.starts_with("# "), "{line}");
            count += 1;
        }
        before = line;
    }
    assert!(count > 40, "{count}");
}

/// Plain `cargo test` needs nothing but Rust, and says what it leaves out.
#[test]
fn what_is_left_out_is_said() {
    if std::env::var_os("CHAT_TESTS_RUN").is_none() {
        let mut out = std::io::stderr();
        let _ = writeln!(out, "skipped: the Node clients against the running server (tests/run runs them)");
    }
}
