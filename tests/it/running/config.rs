//! Flags, environment, file, defaults; and what of them is shown.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use toml::{Table, Value};

use super::{People, Running, command, run, text};

const SECRET: &str = "an example secret of more than 32 bytes";

/// What holds by these arguments.
fn printed(folder: &Path, args: &[&str]) -> String {
    let done = run(folder, &[args, &["--print-config"]].concat());
    assert!(done.status.success(), "{}", text(&done.stderr));
    text(&done.stdout)
}

fn table(toml: &str) -> Table {
    toml.parse().unwrap_or_else(|error| panic!("{error}\n{toml}"))
}

/// Where each setting of a printed file comes from, by its name.
fn sources(printed: &str) -> BTreeMap<&str, &str> {
    let lines = printed.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| Some((line.split_once(" = ")?.0, line.rsplit_once(" # ")?.1))).collect()
}

fn error(folder: &Path, args: &[&str]) -> String {
    let done = run(folder, args);
    assert_eq!((done.status.code(), text(&done.stdout)), (Some(1), String::new()));
    text(&done.stderr)
}

#[test]
fn a_flag_counts_before_the_environment_that_before_the_file_and_that_before_the_default() {
    let dir = tempfile::tempdir().unwrap();
    let file = "addr = '127.0.0.1:1'\npolicy = 'friends'\nnode-id = 7\norigins = ['https://a']\n";
    fs::write(dir.path().join("chat.toml"), file).unwrap();
    let shown = |args: &[&str]| {
        let mut command = command(dir.path());
        command.env("CHAT_CONFIG", "chat.toml").env("CHAT_ADDR", "127.0.0.1:2").env("CHAT_NODE_ID", "8");
        let done = command.args(args).arg("--print-config").output().unwrap();
        assert!(done.status.success(), "{}", text(&done.stderr));
        text(&done.stdout)
    };
    let told = shown(&["--addr", "127.0.0.1:3"]);
    let (holds, from) = (table(&told), sources(&told));
    let of = |name: &str| (holds[name].clone(), from[name]);
    assert_eq!(of("addr"), ("127.0.0.1:3".into(), "flag --addr"));
    assert_eq!(of("node-id"), (8.into(), "environment CHAT_NODE_ID"));
    assert_eq!(of("policy"), ("friends".into(), "file"));
    assert_eq!(of("origins"), (vec!["https://a"].into(), "file"));
    assert_eq!(of("db"), ("chat.db".into(), "default"));
    // A flag that says what is the default counts too.
    let told = shown(&["--policy", "open"]);
    assert_eq!((&table(&told)["policy"], sources(&told)["policy"]), (&"open".into(), "flag --policy"));
    assert_eq!(sources(&told)["addr"], "environment CHAT_ADDR");
    // As compose files have it.
    let mut none = command(dir.path());
    none.env("CHAT_CONFIG", "chat.toml").env("CHAT_ORIGINS", "").env("CHAT_NATS", "").env("CHAT_DEV", "1");
    let told = text(&none.arg("--print-config").output().unwrap().stdout);
    let none = Value::Array(Vec::new());
    assert_eq!((&table(&told)["origins"], &table(&told)["nats"]), (&none, &none));
    assert_eq!(table(&told)["dev"], true.into());
}

#[test]
fn what_is_printed_can_be_read_back_and_is_printed_the_same() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("secret"), SECRET).unwrap();
    let file = "db = 'a \"b\".db'\norigins = ['https://a', 'https://b']\n\
                [engine]\nheartbeat = '1m 10s'\nmailbox-events = 77\nlanguage = 'korean'\n\
                [limits]\nmessages = { per-second = 3 }\ncalls = { per-second = 0 }\n";
    fs::write(dir.path().join("first.toml"), file).unwrap();
    for args in [&[][..], &["--dev"], &["--jwt-secret-file", "secret"]] {
        let first = printed(dir.path(), &[&["--config", "first.toml"], args].concat());
        fs::write(dir.path().join("second.toml"), &first).unwrap();
        let second = printed(dir.path(), &["--config", "second.toml"]);
        assert_eq!(table(&first), table(&second), "{args:?}");
        assert_eq!(table(&second)["engine"]["mailbox-events"], 77.into());
        assert!(sources(&second).values().all(|source| *source == "file"), "{second}");
        // Nothing that development mode brings is nailed down for the day on which a key is given.
        let limits = table(&first)["limits"].as_table().unwrap().len();
        let is_dev = args != ["--jwt-secret-file", "secret"];
        assert_eq!(limits, if is_dev { 2 } else { 6 });
        let dev = table(&first).get("dev").and_then(Value::as_bool);
        assert_eq!(dev, if args.is_empty() { None } else { Some(args == ["--dev"]) });
    }
}

#[test]
fn passwords_are_printed_nowhere_and_a_file_with_one_that_others_can_read_is_warned_of() {
    let dir = tempfile::tempdir().unwrap();
    for (db, shown) in [
        ("postgres://ana:s3cr@et@db/chat?sslmode=require", "postgres://ana:***@db/chat?sslmode=require"),
        ("postgresql://ana@db/chat?password=s3cret&user=x", "postgresql://ana@db/chat?password=***&user=x"),
        ("postgres:///chat?host=/run/db&user=a", "postgres:///chat?host=/run/db&user=a"),
    ] {
        let told = printed(dir.path(), &["--db", db, "--nats", "nats://s3cret@a,nats://ana:s3cret@b,c:4222"]);
        assert_eq!(table(&told)["db"], shown.into());
        assert_eq!(table(&told)["nats"], vec!["nats://***@a", "nats://ana:***@b", "c:4222"].into());
        assert!(!told.contains("s3cr"), "{told}");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let file = dir.path().join("chat.toml");
        for (db, mode, is_warned) in [
            ("postgres://ana:s3cret@db/chat", 0o644, true),
            ("postgres://ana:s3cret@db/chat", 0o640, false),
            ("postgres://db/chat", 0o644, false),
        ] {
            fs::write(&file, format!("db = '{db}'")).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
            let done = run(dir.path(), &["--config", "chat.toml", "--print-config"]);
            let said = text(&done.stderr);
            assert_eq!(
                said.starts_with("warning: chat.toml holds a password"),
                is_warned,
                "{db} {mode:o}: {said}"
            );
            assert!(!said.contains("s3cret"), "{said}");
        }
    }
}

#[test]
fn what_is_wrong_in_a_file_is_told_by_its_name_and_line_and_not_what_stands_there() {
    let dir = tempfile::tempdir().unwrap();
    for (file, line, says) in [
        ("\nadr = 'x'", 2, "unknown field `adr`, expected one of `addr`, "),
        ("[engine]\n\nheart-beat = '3s'", 3, "unknown field `heart-beat`"),
        ("[limits]\nmessages = { per-minute = 3 }", 2, "unknown field `per-minute`"),
        ("[server]", 1, "unknown field `server`"),
        ("node-id = 'one'", 1, "invalid type: string \"one\", expected u16"),
        ("addr = '7777'", 1, "invalid socket address"),
        ("policy = 'closed'", 1, "unknown variant `closed`, expected `open` or `friends`"),
        ("[engine]\nmailbox-events = 0", 2, "must be from 1 to 10000000, not 0"),
        ("[engine]\ncommit-queue = 9223372036854775807", 2, "must be from 1 to 10000000"),
        ("[engine]\nhello-timeout = '0s'", 2, "must be a time from \"1ms\" to \"24h\", not \"0s\""),
        ("[engine]\nheartbeat = 30", 2, "invalid type: integer `30`, expected a string"),
        ("[limits]\ncalls = { per-second = 1, burst = 0 }", 2, "expected a nonzero u32"),
        ("policy = 'open'\ndb = postgres://ana:s3cret@db", 2, ""),
        ("db = 'a'\ndb = 'b'", 2, "duplicate key"),
    ] {
        fs::write(dir.path().join("chat.toml"), file).unwrap();
        let said = error(dir.path(), &["--config", "chat.toml"]);
        assert!(said.starts_with(&format!("error: chat.toml, line {line}: ")), "{file}: {said}");
        assert!(
            said.contains(says) && said.lines().count() == 1 && !said.contains("s3cret"),
            "{file}: {said}"
        );
    }
    let said = error(dir.path(), &["--config", "missing.toml"]);
    assert!(said.starts_with("error: cannot read missing.toml: "), "{said}");
    fs::write(dir.path().join("chat.toml"), "jwt-public-key = 'a'\n").unwrap();
    let said = error(dir.path(), &["--config", "chat.toml", "--jwt-secret-file", "b"]);
    assert!(said.contains("not both"), "{said}");
}

#[tokio::test]
async fn the_bounds_and_limits_of_a_file_hold() {
    let dir = tempfile::tempdir().unwrap();
    let file =
        "db = 'memory'\n[engine]\nmax-content-bytes = 5\n[limits]\nmessages = { per-second = 1, burst = 2 }";
    fs::write(dir.path().join("chat.toml"), file).unwrap();
    let server = Running::start(dir.path(), &["--config", "chat.toml"]);
    let people = People::meet(&server).await;
    let (status, said) = people.try_say(&server, "six by").await;
    assert_eq!((status, said.contains("larger than 5 bytes")), (413, true), "{said}");
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(people.try_say(&server, "five!").await.0);
    }
    assert!(statuses.contains(&201) && statuses.contains(&429), "{statuses:?}");
}

#[test]
fn the_example_of_a_file_holds_every_setting_and_what_it_says_of_the_defaults_is_so() {
    let example = include_str!("../../../examples/server/deploy/config.example.toml");
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("secret"), SECRET).unwrap();
    fs::write(dir.path().join("example.toml"), example).unwrap();
    let production = &["--jwt-secret-file", "secret"];
    let defaults = table(&printed(dir.path(), production));
    let as_it_is = printed(dir.path(), &[&production[..], &["--config", "example.toml"]].concat());
    assert_eq!(table(&as_it_is), defaults, "as it is it changes nothing");

    // Its settings are comments that begin without a space.
    let settings = example.lines().map(|line| match line.strip_prefix('#') {
        Some(setting) if setting.starts_with(|first: char| first.is_ascii_lowercase()) => setting,
        _ => line,
    });
    let (of_default, examples): (Vec<_>, Vec<_>) =
        settings.partition(|line| !line.ends_with("# for example"));
    fs::write(dir.path().join("full.toml"), of_default.join("\n")).unwrap();
    let full = printed(dir.path(), &[&production[..], &["--config", "full.toml"]].concat());
    assert_eq!(table(&full), defaults, "what it says of the defaults is so");
    let from = sources(&full);
    let is_example = |name: &str| ["dev", "jwt-secret-file"].contains(&name);
    assert!(from.iter().all(|(name, source)| *source == "file" || is_example(name)), "{from:?}");

    let mut named: Vec<_> = examples.iter().map(|line| table(line).keys().next().unwrap().clone()).collect();
    named.sort();
    assert_eq!(
        named,
        ["blobs", "dev", "jwt-public-key", "jwt-secret-file", "metrics-addr", "tls-cert", "tls-key"]
    );
    assert!(examples.iter().all(|line| !matches!(table(line).values().next(), None | Some(Value::Table(_)))));
}
