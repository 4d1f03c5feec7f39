//! The documents against the code that speaks: the words, the examples, what is written.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::config::Config;
use crate::transport::rest::{Operation, RestOptions};
use crate::transport::{Request, socketio, ws};

fn openapi() -> Value {
    let text = super::openapi(&Config::default(), &RestOptions::default(), "/api");
    serde_json::from_str(&text).unwrap()
}

fn asyncapi() -> Value {
    serde_json::from_str(&super::asyncapi(&Config::default(), "/api")).unwrap()
}

/// A validator of a schema of this document.
fn validator(document: &Value, schema: &Value) -> jsonschema::Validator {
    let mut whole = schema.clone();
    let parts = document["components"].clone();
    match whole.as_object_mut().unwrap().remove("$ref") {
        Some(name) => whole = json!({ "$ref": name, "components": parts }),
        None => whole["components"] = parts,
    }
    jsonschema::draft202012::options().should_validate_formats(true).build(&whole).unwrap()
}

#[track_caller]
fn check(document: &Value, schema: &Value, value: &Value, what: &str) {
    let validator = validator(document, schema);
    let faults: Vec<_> = validator.iter_errors(value).map(|error| error.to_string()).collect();
    assert!(faults.is_empty(), "{what}: {value}: {faults:?}");
}

/// The words of a channel's messages of this kind, each with the message.
fn messages(document: &Value, channel: &str, kind: &str) -> Vec<(String, Value)> {
    let messages = document["channels"][channel]["messages"].as_object().unwrap();
    let of_kind = messages.iter().filter_map(|(key, message)| {
        let word = key.strip_prefix(kind)?.strip_prefix('.')?;
        assert_eq!(message["name"], word);
        Some((word.to_owned(), message.clone()))
    });
    of_kind.collect()
}

fn words(messages: &[(String, Value)]) -> BTreeSet<&str> {
    messages.iter().map(|(word, _)| word.as_str()).collect()
}

fn examples(message: &Value) -> Vec<&Value> {
    message["examples"].as_array().unwrap().iter().map(|example| &example["payload"]).collect()
}

#[test]
fn every_route_is_described_and_nothing_else() {
    let document = openapi();
    let described: BTreeSet<(String, String)> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, item)| {
            item.as_object().unwrap().keys().map(|method| (method.to_uppercase(), path.clone()))
        })
        .collect();
    let routed: BTreeSet<(String, String)> = Operation::ALL
        .iter()
        .flat_map(|one| one.paths().iter().map(|path| (one.method().to_string(), (*path).to_owned())))
        .collect();
    assert_eq!(described, routed);
    let text = super::openapi(&Config::default(), &RestOptions::default().without_friends(), "");
    assert!(!text.contains("/friends") && !text.contains("/blocks"), "what is not mounted is not described");
}

#[test]
fn every_example_of_the_rest_routes_obeys_its_schema() {
    let document = openapi();
    let mut count = 0;
    let mut check_content = |what: &str, content: &Value| {
        for content in content.as_object().unwrap().values() {
            for example in content["examples"].as_object().unwrap().values() {
                check(&document, &content["schema"], &example["value"], what);
                count += 1;
            }
        }
    };
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let what = format!("{method} {path}");
            if let Some(body) = operation.get("requestBody") {
                check_content(&what, &body["content"]);
            }
            for (status, response) in operation["responses"].as_object().unwrap() {
                check_content(&format!("{what} {status}"), &response["content"]);
            }
        }
    }
    assert!(count > 200, "{count}");
}

#[test]
fn every_reference_leads_somewhere_and_every_schema_is_used() {
    for document in [openapi(), asyncapi()] {
        let mut used = BTreeSet::new();
        collect_references(&document, &mut used);
        for reference in &used {
            let pointer = reference.trim_start_matches('#');
            assert!(document.pointer(pointer).is_some(), "{reference}");
        }
        for name in document["components"]["schemas"].as_object().unwrap().keys() {
            assert!(used.contains(&format!("#/components/schemas/{name}")), "{name} is used nowhere");
        }
    }
}

fn collect_references(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            into.extend(fields.get("$ref").and_then(Value::as_str).map(str::to_owned));
            fields.values().for_each(|field| collect_references(field, into));
        }
        Value::Array(items) => items.iter().for_each(|item| collect_references(item, into)),
        _ => {}
    }
}

#[test]
fn every_word_of_the_native_websocket_is_described_and_no_other() {
    let document = asyncapi();
    let (asks, events) = (messages(&document, "native", "ask"), messages(&document, "native", "event"));
    assert_eq!(words(&asks), ws::Op::ALL.iter().map(|op| op.name()).collect());
    assert_eq!(words(&events), ws::EventName::ALL.iter().map(|name| name.name()).collect());
}

#[test]
fn every_word_of_socketio_is_described_and_no_other() {
    let document = asyncapi();
    let (asks, events) = (messages(&document, "socketio", "ask"), messages(&document, "socketio", "event"));
    assert_eq!(words(&asks), socketio::Verb::ALL.iter().map(|verb| verb.name()).collect());
    assert_eq!(words(&events), socketio::EventName::ALL.iter().map(|name| name.name()).collect());
}

#[test]
fn what_clients_are_shown_to_send_is_understood() {
    let document = asyncapi();
    for (op, message) in messages(&document, "native", "ask") {
        for example in examples(&message) {
            check(&document, &message["payload"], example, &op);
            match ws::parse(&example.to_string()) {
                Request::Hello { .. } => assert_eq!(op, "hello"),
                Request::Command(id, command) => {
                    assert_eq!(id, Some(7), "{op}");
                    command.unwrap_or_else(|error| panic!("{op}: {error}"));
                }
                Request::Call(id, _) => assert_eq!((id, &*op), (Some(7), "call")),
            }
        }
    }
    for (verb, message) in messages(&document, "socketio", "ask") {
        for example in examples(&message) {
            check(&document, &message["payload"], example, &verb);
            let parsed = socketio::parse(&json!([verb, example]).to_string());
            if let Request::Command(_, command) = parsed.expect("an array") {
                command.unwrap_or_else(|error| panic!("{verb}: {error}"));
            }
        }
    }
}

#[test]
fn what_the_encoders_write_obeys_its_schema() {
    let document = asyncapi();
    for channel in ["native", "socketio"] {
        for kind in ["event", "answer"] {
            for (word, message) in messages(&document, channel, kind) {
                let examples = examples(&message);
                assert!(!examples.is_empty(), "{channel}: {word} has no example");
                for example in examples {
                    check(&document, &message["payload"], example, &format!("{channel}: {word}"));
                }
            }
        }
    }
}

#[test]
fn each_type_of_notification_is_shown() {
    let document = asyncapi();
    for (channel, data) in [("native", "/data/type"), ("socketio", "/type")] {
        let message = &document["channels"][channel]["messages"]["event.notification"];
        let shown: BTreeSet<_> =
            examples(message).iter().filter_map(|example| example.pointer(data)?.as_str()).collect();
        assert_eq!(shown.len(), 23, "{channel}: {shown:?}");
    }
}

#[test]
fn schemas_refuse_what_the_decoders_refuse() {
    let document = openapi();
    let schema =
        |name: &str| validator(&document, &json!({ "$ref": format!("#/components/schemas/{name}") }));
    let (draft, room) = (schema("Draft"), schema("NewRoom"));
    for bad in [
        json!({ "type": "TEXT" }),
        json!({ "type": "TEXT", "content": " \n" }),
        json!({ "type": "TEXT", "content": "a\u{0}" }),
        json!({ "type": "TEXT", "content": "x", "imageUrl": "https://example.org/x" }),
        json!({ "type": "IMAGE", "imageUrl": "ftp://example.org/x" }),
        json!({ "type": "IMAGE", "imageUrl": "https:///x" }),
        json!({ "type": "SYSTEM", "content": "x" }),
        json!({ "type": "TEXT", "content": "x", "clientId": " " }),
    ] {
        assert!(!draft.is_valid(&bad), "{bad}");
    }
    for bad in [
        json!({ "type": "DIRECT", "participantUuids": [] }),
        json!({ "type": "CHALLENGE", "participantUuids": ["ben"] }),
        json!({ "type": "GROUP", "participantUuids": ["ben"], "challengeUuid": "x" }),
        json!({ "type": "GROUP", "participantUuids": ["a\nb"] }),
        json!({ "type": "GROUP", "participantUuids": ["ben"], "name": "a\nb" }),
    ] {
        assert!(!room.is_valid(&bad), "{bad}");
    }
    let good = json!({ "type": "GROUP", "participantUuids": ["김철수"], "name": "  달리기\n" });
    assert!(room.is_valid(&good) && draft.is_valid(&json!({ "type": "TEXT", "content": "\n🦊\t" })));
}
