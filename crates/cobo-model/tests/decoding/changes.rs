//! Errors for every change of a document.

use cobo_model::decode;
use serde_json::Value;

use super::{Page, error, text};

fn document() -> Value {
    serde_json::json!({
        "data": [
            {
                "id": "a", "type": "t", "level": 1, "token": "k",
                "transaction": {"transaction_id": "t", "amount": 1.5, "more": 7},
                "fees": {"BTC": {"transaction_id": "t"}},
            },
            {"id": "b", "transaction": {"transaction_id": "t"}, "fees": {}},
        ],
        "total": 2,
    })
}

/// Every value of a document is replaced by every kind of value. The error names the place of the
/// change, and nothing of the value.
#[test]
fn decode_error_shows_the_path_and_never_the_value() {
    let document = document();
    decode::<Page>(document.to_string().as_bytes()).unwrap();
    let others = [
        r#""SECRET""#,
        r#"["SECRET"]"#,
        r#"{"SECRET SECRET": "SECRET"}"#,
        "77077.5",
        "7.7077e100",
        "true",
        "null",
    ];
    let (mut refused, mut accepted) = (0, 0);
    for (pointer, path) in places(&document, "", "") {
        for other in others {
            let mut changed = document.clone();
            *changed.pointer_mut(&pointer).unwrap() = serde_json::from_str(other).unwrap();
            let json = changed.to_string();
            if decode::<Page>(json.as_bytes()).is_ok() {
                accepted += 1;
                continue;
            }
            refused += 1;
            let text = text::<Page>(&json);
            assert!(!text.contains("7077"), "{pointer} {other}: {text}");
            let error = error::<Page>(&json);
            let named = error.wrong_value().map(|(named, _)| named.to_owned());
            let named = named.into_iter().chain(error.missing_fields().to_vec());
            for named in named {
                let inside = named.strip_prefix(&path).unwrap_or_else(|| {
                    panic!("{pointer} {other}: {named} is not at or below {path}")
                });
                let whole_step =
                    inside.is_empty() || path.is_empty() || inside.starts_with(['.', '[']);
                assert!(whole_step, "{pointer} {other}: {named}");
            }
        }
    }
    assert!(refused > 100 && accepted > 10, "{refused} {accepted}");
}

#[test]
fn removed_required_field_is_reported_as_missing_at_its_path() {
    let document = document();
    let mut missing = 0;
    for (pointer, path) in places(&document, "", "") {
        let Some((parent, name)) = pointer.rsplit_once('/') else {
            continue;
        };
        let mut changed = document.clone();
        let Some(Value::Object(entries)) = changed.pointer_mut(parent) else {
            continue;
        };
        entries.remove(name);
        let json = changed.to_string();
        let optional = ["type", "level", "token", "amount", "more", "BTC"].contains(&name);
        assert_eq!(decode::<Page>(json.as_bytes()).is_ok(), optional, "{path}");
        if !optional {
            missing += 1;
            assert_eq!(error::<Page>(&json).missing_fields(), [path]);
        }
    }
    assert_eq!(missing, 11);
}

/// The values of a document, each by its JSON pointer and by its path.
fn places(value: &Value, pointer: &str, path: &str) -> Vec<(String, String)> {
    let mut found = vec![(pointer.to_owned(), path.to_owned())];
    match value {
        Value::Object(entries) => {
            for (name, value) in entries {
                let dot = if path.is_empty() { "" } else { "." };
                found.extend(places(
                    value,
                    &format!("{pointer}/{name}"),
                    &format!("{path}{dot}{name}"),
                ));
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                found.extend(places(
                    item,
                    &format!("{pointer}/{index}"),
                    &format!("{path}[{index}]"),
                ));
            }
        }
        _ => {}
    }
    found
}
