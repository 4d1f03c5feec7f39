//! What is broken, or contradicts the store, is refused with the number of its line.

use std::error::Error as _;

use chat_core::model::{Draft, NewRoom};
use chat_core::transfer::{MAX_LINE_BYTES, Scope, TransferError};
use chat_core::{ChatEngine, Contradiction, ErrorKind};

use super::compare::records;
use super::kit::{export, id, import, shared_memory};
use super::town::Town;

/// A small export: line 1 is the header, 2 and 3 profiles, 4 the room, 5 to 7 messages, 8 and 9 members,
/// 10 the footer.
async fn lines() -> (ChatEngine, Vec<String>) {
    let (engine, _) = shared_memory(1).await;
    for name in ["ana", "ben"] {
        let profile = chat_core::model::Profile {
            nickname: "x".into(),
            ..chat_core::model::Profile::unknown(id(name))
        };
        engine.admin().set_profile(profile).await.unwrap();
    }
    let ana = engine.as_user(id("ana"));
    let room = ana.create_room(NewRoom::direct("ben")).await.unwrap().id();
    for words in ["one", "two", "three"] {
        ana.send(room, Draft::text(words).with_client_id(words)).await.unwrap();
    }
    let lines: Vec<String> = export(&engine, Scope::All).await.lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), 10);
    (engine, lines)
}

async fn refused(lines: &[String]) -> TransferError {
    let (engine, _) = shared_memory(1).await;
    import(&engine, &(lines.join("\n") + "\n")).await.unwrap_err()
}

#[tokio::test]
async fn what_is_no_export_is_refused_and_changes_nothing() {
    let (_, lines) = lines().await;
    let (engine, store) = shared_memory(1).await;
    let before = store.position().await.unwrap();
    let mut without = lines.clone();
    without.remove(0);
    let texts = ["", "\n", "hello\n", "[]\n", "{\"record\":\"footer\"}\n", "\u{0}", &without.join("\n")];
    for text in texts {
        let error = import(&engine, text).await.unwrap_err();
        match &error {
            TransferError::Cut { line: 0 } => assert_eq!(text, ""),
            TransferError::Malformed { line: 1, .. } | TransferError::Misplaced { line: 1, .. } => {}
            other => panic!("{text:?}: {other:?}"),
        }
    }
    assert_eq!(store.position().await.unwrap(), before, "not even the epoch");
    assert!(records(&*store, 500).await.all.is_empty());
}

#[tokio::test]
async fn another_format_is_refused_whatever_else_is_in_its_header() {
    let (_, mut lines) = lines().await;
    lines[0] = "{\"record\":\"header\",\"format\":2,\"zip\":true}".into();
    assert!(matches!(refused(&lines).await, TransferError::Format { found: 2 }));
}

#[tokio::test]
async fn a_file_that_was_cut_is_refused_wherever_it_was_cut() {
    let (_, lines) = lines().await;
    let whole = lines.join("\n") + "\n";
    let (engine, _) = shared_memory(1).await;
    for end in 1..whole.len() - 1 {
        let Some(text) = whole.get(..end) else { continue };
        let line = text.matches('\n').count() as u64;
        match import(&engine, text).await.unwrap_err() {
            TransferError::Cut { line: at } if text.ends_with('\n') => assert_eq!(at, line),
            TransferError::Malformed { line: at, .. } if !text.ends_with('\n') => assert_eq!(at, line + 1),
            // All of a line but its end.
            TransferError::Cut { line: at } => assert_eq!(at, line + 1),
            other => panic!("{text}: {other:?}"),
        }
    }
    import(&engine, whole.trim_end()).await.unwrap();
    import(&engine, &whole.replace('\n', "\r\n")).await.unwrap();
}

#[tokio::test]
async fn a_footer_that_counts_others_is_refused() {
    let (_, lines) = lines().await;
    for (from, to) in [("\"messages\":3", "\"messages\":4"), ("\"profiles\":2", "\"profiles\":1")] {
        let mut doctored = lines.clone();
        doctored[9] = doctored[9].replace(from, to);
        let error = refused(&doctored).await;
        assert!(matches!(error, TransferError::Counts { line: 10, .. }), "{error:?}");
    }
    let mut fewer = lines.clone();
    fewer.remove(8);
    let error = refused(&fewer).await;
    assert!(matches!(error, TransferError::Counts { line: 9, .. }), "{error:?}");
}

#[tokio::test]
async fn a_room_that_does_not_become_what_was_exported_is_refused() {
    let (_, lines) = lines().await;
    let mut doctored = lines.clone();
    doctored[3] = doctored[3].replace("\"seq\":3", "\"seq\":4");
    let error = refused(&doctored).await;
    let TransferError::Incomplete { line: 4, expected, there, .. } = error else { panic!("{error:?}") };
    assert_eq!((expected.seq, there.seq), (4, 3));
    // The footer knows nothing of a message that is missing, but whoever sent it does.
    let mut doctored = lines.clone();
    doctored.remove(6);
    doctored[8] = doctored[8].replace("\"messages\":3", "\"messages\":2");
    assert!(matches!(contradiction(refused(&doctored).await), (7, Contradiction::Marks { .. })));
    let mut doctored = lines.clone();
    doctored[3] = doctored[3].replace("\"seq\":3", "\"seq\":2");
    assert!(matches!(refused(&doctored).await, TransferError::Misplaced { line: 7, .. }));
    let mut doctored = lines.clone();
    doctored[3] = doctored[3].replace("\"countable\":3", "\"countable\":2");
    assert!(matches!(refused(&doctored).await, TransferError::Incomplete { line: 4, .. }));
}

#[tokio::test]
async fn a_broken_line_is_named() {
    let (_, lines) = lines().await;
    let instead = |line: usize, from: &str, to: &str| {
        let mut lines = lines.clone();
        let changed = lines[line - 1].replace(from, to);
        assert_ne!(changed, lines[line - 1], "{from}");
        lines[line - 1] = changed;
        (line as u64, lines)
    };
    let broken = [
        instead(3, "{", "garbage {"),
        instead(3, "\"record\"", "\"what\""),
        instead(3, "profile", "person"),
        instead(2, "\"nickname\"", "\"name\""),
        instead(2, "\"nickname\":\"x\"", "\"nickname\":\"\\u0000\""),
        instead(2, "\"user\":\"ana\"", "\"user\":\"\""),
        instead(4, "DIRECT", "GROUP"),
        instead(4, "DIRECT", "direct"),
        instead(4, "\"seq\":3", "\"seq\":18446744073709551615"),
        instead(4, "\"seq\":3", "\"seq\":-3"),
        instead(5, "TEXT", "IMAGE"),
        instead(5, "\"clientId\":\"one\",", ""),
        instead(5, "\"bodyHash\":\"", "\"bodyHash\":\"A"),
        instead(5, "\"createdAt\":\"2", "\"createdAt\":\"x"),
        instead(6, "}", ",\"edited\":true}"),
        instead(8, "\"active\":true", "\"active\":1"),
        instead(8, "\"role\":\"owner\"", "\"role\":\"king\""),
        instead(10, "}", "} {}"),
    ];
    for (line, lines) in broken {
        let error = refused(&lines).await;
        assert!(matches!(error, TransferError::Malformed { line: at, .. } if at == line), "{error:?}");
        assert!(error.to_string().contains(&line.to_string()) && error.source().is_some());
    }
    let mut twice = lines.clone();
    twice.insert(3, lines[0].clone());
    assert!(matches!(refused(&twice).await, TransferError::Misplaced { line: 4, .. }));
    let mut more = lines.clone();
    more.push(lines[1].clone());
    assert!(matches!(refused(&more).await, TransferError::Misplaced { line: 11, .. }));
    let mut homeless = lines.clone();
    homeless.remove(3);
    assert!(matches!(refused(&homeless).await, TransferError::Misplaced { line: 4, .. }));
}

#[tokio::test]
async fn a_line_without_an_end_is_read_no_further_than_its_bound() {
    let (_, lines) = lines().await;
    let (engine, _) = shared_memory(1).await;
    let head = lines[..2].join("\n");
    let line = |length: usize| {
        let profile = "{\"record\":\"profile\",\"user\":\"big\",\"nickname\":\"\"}\n";
        let nickname = "x".repeat(length - profile.len());
        format!("{head}\n{}", profile.replace("\"nickname\":\"", &format!("\"nickname\":\"{nickname}")))
    };
    let error = import(&engine, &line(MAX_LINE_BYTES + 1)).await.unwrap_err();
    assert!(matches!(error, TransferError::TooLong { line: 3 }), "{error:?}");
    let error = import(&engine, &line(MAX_LINE_BYTES)).await.unwrap_err();
    assert!(matches!(error, TransferError::Cut { line: 3 }), "one byte less is read: {error:?}");
    // What could not be read back is not written.
    let nickname = "\u{1}".repeat(MAX_LINE_BYTES / 6);
    let profile = chat_core::model::Profile {
        nickname: nickname.into(),
        ..chat_core::model::Profile::unknown(id("big"))
    };
    let (engine, store) = shared_memory(1).await;
    let batch = chat_core::store::Batch { profiles: vec![profile], ..Default::default() };
    store.commit(batch).await.unwrap();
    let error = engine.admin().export(Scope::All, &mut Vec::new()).await.unwrap_err();
    assert!(matches!(error, TransferError::TooLong { line: 2 }), "{error:?}");
}

fn contradiction(error: TransferError) -> (u64, Contradiction) {
    let TransferError::Refused { line, source } = error else { panic!("{error:?}") };
    let ErrorKind::Contradiction(why) = source.kind() else { panic!("{source:?}") };
    (line, why.clone())
}

#[tokio::test]
async fn what_contradicts_the_store_is_refused_and_named() {
    let (_, lines) = lines().await;
    let text = lines.join("\n");
    let room: serde_json::Value = serde_json::from_str(&lines[3]).unwrap();
    let room = room["id"].as_str().unwrap().parse().unwrap();

    // The same two people have another room here.
    let (engine, _) = shared_memory(1).await;
    let other = engine.as_user(id("ben")).create_room(NewRoom::direct("ana")).await.unwrap().id();
    let refused = contradiction(import(&engine, &text).await.unwrap_err());
    assert_eq!(refused, (4, Contradiction::Key { room, other }));

    let doctored = |line: usize, from: &str, to: &str| {
        let mut lines = lines.clone();
        lines[line - 1] = lines[line - 1].replace(from, to);
        lines.join("\n")
    };
    let message_id = |line: usize| {
        let line: serde_json::Value = serde_json::from_str(&lines[line - 1]).unwrap();
        line["id"].as_str().unwrap().to_owned()
    };
    let fresh = chat_core::MessageId::generate().to_string();
    let imported = async |text: &str| {
        let (engine, _) = shared_memory(1).await;
        contradiction(import(&engine, text).await.unwrap_err())
    };
    // Against itself.
    let twice = doctored(6, &message_id(6), &message_id(5));
    assert_eq!(imported(&twice).await, (6, Contradiction::Message { room, seq: 2 }));
    let twice = doctored(6, "\"clientId\":\"two\"", "\"clientId\":\"one\"");
    assert_eq!(imported(&twice).await, (6, Contradiction::Message { room, seq: 2 }));
    let gap = doctored(6, "\"seq\":2", "\"seq\":3");
    assert_eq!(imported(&gap).await, (6, Contradiction::Gap { room, seq: 3, there: 1 }));
    let none = doctored(5, "\"seq\":1", "\"seq\":0");
    assert_eq!(imported(&none).await, (5, Contradiction::Message { room, seq: 0 }));
    for (from, to) in [("\"n\":2", "\"n\":3"), ("\"ownN\":2", "\"ownN\":3")] {
        assert_eq!(imported(&doctored(6, from, to)).await, (6, Contradiction::Counts { room, seq: 2 }));
    }
    for (from, to) in [
        ("\"readSeq\":0", "\"readSeq\":4"),
        ("\"deliveredSeq\":0", "\"deliveredSeq\":9"),
        ("\"joinedSeq\":0", "\"joinedSeq\":4"),
        ("\"ownN\":3", "\"ownN\":4"),
        ("\"readN\":0", "\"readN\":4"),
    ] {
        let marks = (8, Contradiction::Marks { room, user: id("ana") });
        assert_eq!(imported(&doctored(8, from, to)).await, marks, "{from}");
    }

    // Against what was imported before.
    let (engine, store) = shared_memory(1).await;
    import(&engine, &text).await.unwrap();
    let before = records(&*store, 500).await;
    for (line, from, to, why) in [
        (4, "\"createdAt\":\"2", "\"createdAt\":\"3", Contradiction::Room { room }),
        (6, &*message_id(6), &*fresh, Contradiction::Message { room, seq: 2 }),
    ] {
        let refused = contradiction(import(&engine, &doctored(line, from, to)).await.unwrap_err());
        assert_eq!(refused, (line as u64, why));
    }
    assert_eq!(records(&*store, 500).await, before, "nothing has changed");
}

#[tokio::test]
async fn an_id_that_another_room_has_is_refused_on_every_store() {
    let (_, lines) = lines().await;
    for house in super::kit::House::all().await {
        let town = Town::filled(super::kit::engine(&house).await).await;
        let (engine, position) = (&town.engine, house.store.position().await.unwrap());
        let direct = export(engine, Scope::Room(town.direct)).await;
        let line = direct.lines().find(|line| line.contains("\"record\":\"message\"")).unwrap();
        let taken: serde_json::Value = serde_json::from_str(line).unwrap();
        let message: serde_json::Value = serde_json::from_str(&lines[4]).unwrap();
        let text = lines.join("\n").replace(message["id"].as_str().unwrap(), taken["id"].as_str().unwrap());
        let text = text.replace("\"ana\"", "\"zoe\"");
        match import(engine, &text).await {
            Err(error) => assert!(matches!(contradiction(error), (5, Contradiction::Message { seq: 1, .. }))),
            // There an id is one of its room's.
            Ok(_) => assert_ne!(house.name, "SQLite"),
        }
        assert!(house.store.position().await.unwrap().epoch != position.epoch);
    }
}

/// Each kind of line that the version before did not have, taken out of an export.
fn of_the_version_before(lines: &str) -> String {
    const NEW: [(&str, &str); 6] = [
        ("invite", "invites"),
        ("edit", "edits"),
        ("doNotDisturb", "doNotDisturb"),
        ("act", "acts"),
        ("held", "held"),
        ("joinRequest", "joinRequests"),
    ];
    let mut before = String::new();
    for line in lines.lines() {
        let mut line: serde_json::Value = serde_json::from_str(line).unwrap();
        let record = line["record"].as_str().unwrap().to_owned();
        if NEW.iter().any(|(new, _)| *new == record) {
            continue;
        }
        if record == "footer" {
            for (_, count) in NEW {
                assert!(line.as_object_mut().unwrap().remove(count).unwrap().as_u64() > Some(0), "{count}");
            }
        }
        before += &(line.to_string() + "\n");
    }
    before
}

#[tokio::test]
async fn an_export_of_the_version_before_is_taken_in() {
    let town = Town::filled(shared_memory(1).await).await;
    let lines = export(&town.engine, Scope::All).await;
    let (engine, store) = shared_memory(1).await;
    let counts = import(&engine, &of_the_version_before(&lines)).await.unwrap();
    assert_eq!(
        (counts.invites, counts.edits, counts.do_not_disturb, counts.acts, counts.held, counts.join_requests),
        (0, 0, 0, 0, 0, 0)
    );
    // And what it did not have comes with a later one.
    import(&engine, &lines).await.unwrap();
    assert_eq!(export(&engine, Scope::All).await, lines);
    let (_, whole) = super::engine_with(&lines).await;
    let rows = |rows| super::compare::without_positions(rows);
    assert_eq!(rows(records(&*store, 500).await), rows(records(&*whole, 500).await));
}

#[tokio::test]
async fn a_line_of_what_hangs_on_a_room_or_user_is_named_where_it_makes_no_sense() {
    let town = Town::filled(shared_memory(1).await).await;
    let text = export(&town.engine, Scope::All).await;
    let lines: Vec<&str> = text.lines().collect();
    // In the first line of its kind that has these words.
    let instead = |record: &str, from: &str, to: &str| {
        let start = format!("{{\"record\":\"{record}\"");
        let is_it = |line: &&str| line.starts_with(&start) && line.contains(from);
        let at = lines.iter().position(is_it).unwrap_or_else(|| panic!("{record}: {from}"));
        let mut lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        lines[at] = lines[at].replace(from, to);
        (at as u64 + 1, lines.join("\n"))
    };
    let broken = [
        ("invite", "\"maxUses\":9", "\"maxUses\":0"),
        ("invite", "\"uses\":0,\"user\"", "\"uses\":2,\"user\""),
        ("invite", "\"maxUses\":1,", ""),
        ("invite", "\"expiresAt\":\"2", "\"expiresAt\":\"1"),
        ("invite", "\"code\":\"", "\"code\":\"x"),
        ("edit", "\"n\":1", "\"n\":0"),
        ("edit", "\"content\":\"", "\"content\":\"\\u0000"),
        ("edit", "\"since\":", "\"version\":7,\"since\":"),
        ("doNotDisturb", "\"from\":1320", "\"from\":1440"),
        ("doNotDisturb", "\"from\":1320", "\"from\":420"),
        ("doNotDisturb", "\"until\":\"9999-12-31T23:59:59.999Z\"", "\"daily\":null"),
        ("act", "\"kind\":\"unmute\"", "\"kind\":\"deleteRoom\""),
        ("act", "\"kind\":\"unmute\"", "\"kind\":\"unmute\",\"message\":1"),
        ("act", "\"kind\":\"mute\"", "\"kind\":\"setRole\""),
        ("act", "\"seconds\":9", "\"seconds\":999999999"),
        ("act", "\"reason\":\"", "\"reason\":\"\\u0000"),
        ("held", "\"type\":\"TEXT\"", "\"type\":\"SYSTEM\""),
        ("held", "\"type\":\"TEXT\"", "\"type\":\"IMAGE\""),
        ("held", "\"bodyHash\":\"", "\"bodyHash\":\"A"),
        ("held", "\"reason\":\"", "\"reason\":\"\\u0000"),
        ("joinRequest", "\"reason\":\"", "\"reason\":\"\\u0000"),
        ("joinRequest", "\"invite\":\"", "\"invite\":\"x"),
        ("joinRequest", "\"at\":", "\"id\":7,\"at\":"),
    ];
    for (record, from, to) in broken {
        let (line, text) = instead(record, from, to);
        let (engine, _) = shared_memory(1).await;
        let error = import(&engine, &text).await.unwrap_err();
        assert!(
            matches!(error, TransferError::Malformed { line: at, .. } if at == line),
            "{record}: {from}: {error:?}"
        );
        let why = error.source().unwrap().to_string();
        assert!(!why.contains("code") || !why.contains(lines[line as usize - 1]), "no code is shown: {why}");
    }
    let nowhere = chat_core::RoomId::generate().to_string();
    for record in ["invite", "edit", "act", "held", "joinRequest"] {
        let group = format!("\"room\":\"{}\"", town.group);
        let (line, text) = instead(record, &group, &format!("\"room\":\"{nowhere}\""));
        let (engine, _) = shared_memory(1).await;
        let error = import(&engine, &text).await.unwrap_err();
        assert!(matches!(error, TransferError::Misplaced { line: at, .. } if at == line), "{error:?}");
    }

    // What contradicts the lines before it.
    let message: serde_json::Value = serde_json::from_str(
        lines
            .iter()
            .find(|line| {
                line.contains("\"record\":\"message\"")
                    && line.contains("\"sender\":\"ana\"")
                    && line.contains(&town.group.to_string())
            })
            .unwrap(),
    )
    .unwrap();
    let held: serde_json::Value =
        serde_json::from_str(lines.iter().find(|line| line.contains("\"record\":\"held\"")).unwrap())
            .unwrap();
    let (room, seq) = (town.group, message["seq"].as_u64().unwrap());
    let imported = async |text: &str| {
        let (engine, _) = shared_memory(1).await;
        contradiction(import(&engine, text).await.unwrap_err())
    };
    let (_, twice) = instead("held", held["id"].as_str().unwrap(), message["id"].as_str().unwrap());
    assert_eq!(imported(&twice).await.1, Contradiction::Message { room, seq }, "an id is one message's");
    let (line, gap) = instead("edit", "\"n\":2", "\"n\":3");
    assert!(matches!(imported(&gap).await, (at, Contradiction::Edit { n: 3, there: 1, .. }) if at == line));
    let codes: Vec<serde_json::Value> = lines
        .iter()
        .filter(|line| line.contains("\"record\":\"invite\""))
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let (line, twice) =
        instead("invite", codes[1]["code"].as_str().unwrap(), codes[0]["code"].as_str().unwrap());
    assert_eq!(imported(&twice).await, (line, Contradiction::Invite { room }));
}
