//! Texts that are not JSON, or nested too deep.

use cobo_model::decode;
use serde_json::Value;

use super::{Node, Page, Pet, error};

#[test]
fn invalid_json_is_reported_with_its_line_and_column() {
    for (json, says) in [
        ("", "the JSON ends too early"),
        (r#"{"data": [{"id": "a"#, "the JSON ends too early"),
        (r#"{"data": [}"#, "not valid JSON (line 1, column 11)"),
        ("{\n  \"total\": 1x}", "not valid JSON (line 2, column 13)"),
        (r#"{"total": 01}"#, "not valid JSON (line 1, column 12)"),
        (
            r#"{"data": [], "total": 1} x"#,
            "not valid JSON (line 1, column 26)",
        ),
        ("<html>", "not valid JSON (line 1, column 1)"),
    ] {
        let error = error::<Page>(json);
        assert_eq!(error.to_string(), says, "{json}");
        assert!(error.is_invalid_json());
        assert!(!error.is_too_deep());
        assert_eq!(error.wrong_value(), None);
    }
}

#[test]
fn json_nested_too_deep_is_a_specific_error() {
    let objects = |depth| {
        let open = r#"{"child":"#.repeat(depth);
        format!("{open}null{}", "}".repeat(depth))
    };
    decode::<Node>(objects(100).as_bytes()).unwrap();
    let lists = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let pets = |depth| {
        let open = r#"{"kind":"cat","lives":1,"friends":["#.repeat(depth);
        format!("{open}{}", "]}".repeat(depth))
    };
    decode::<Pet>(pets(40).as_bytes()).unwrap();
    for error in [
        error::<Node>(&objects(200)),
        error::<Value>(&lists),
        error::<Vec<Pet>>(&format!("[{}]", pets(100))),
    ] {
        assert_eq!(error.to_string(), "the JSON is nested too deep");
        assert!(error.is_too_deep());
        assert!(!error.is_invalid_json());
    }
}
