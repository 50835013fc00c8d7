//! What YAML says is what the stages see: no text becomes a number, no key gets lost.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use serde_json::{Value, json};
use xtask::stage::{Options, load};

const HEAD: &str = "openapi: 3.0.3\ninfo: {title: Tiny, version: 1.0}\npaths: {}\n";

fn read(text: &str) -> Value {
    let text = format!("{HEAD}{text}");
    load::read(text.as_bytes(), "tiny.yaml", &Options::default())
        .expect("a document")
        .root
        .get("x-it")
        .expect("the extension")
        .clone()
}

#[test]
fn unquoted_hexadecimal_example_is_a_string() {
    let found = read(
        "x-it:\n  example: 0x00ab\n  examples: [0xffffffffffffffffff, \
         0xdAC17F958D2ee523a2206206994597C13D831ec7]\n  other: {example: {deep: 0x01}}\n",
    );
    assert_eq!(
        found,
        json!({
            "example": "0x00ab",
            "examples": ["0xffffffffffffffffff", "0xdAC17F958D2ee523a2206206994597C13D831ec7"],
            "other": {"example": {"deep": "0x01"}},
        })
    );
}

#[test]
fn values_of_a_string_enum_are_strings() {
    let found = read(
        "x-it:\n  text: {type: string, enum: [0x1, 1.10, 007, true, ~, '2', b]}\n  \
         number: {enum: [0x1], type: integer}\n",
    );
    assert_eq!(
        found,
        json!({
            "text": {"type": "string", "enum": ["0x1", "1.10", "007", "true", null, "2", "b"]},
            "number": {"enum": [1], "type": "integer"},
        })
    );
}

#[test]
fn example_hash_in_exponent_notation_is_a_string() {
    assert_eq!(
        read("x-it: {example: 12e4567890123}"),
        json!({"example": "12e4567890123"})
    );
}

#[test]
fn integers_beyond_64_bits_keep_all_digits() {
    let found = read("x-it: {example: 340282366920938463463}");
    assert_eq!(found, json!({"example": "340282366920938463463"}));
    assert_eq!(read("x-it: 18446744073709551615"), json!(u64::MAX));
    assert_eq!(read("x-it: -9223372036854775808"), json!(i64::MIN));
}

#[test]
fn only_true_and_false_are_booleans() {
    assert_eq!(
        read("x-it: [on, no, yes, true, ~]"),
        json!(["on", "no", "yes", true, null])
    );
}

#[test]
fn yaml_anchors_and_merge_keys_are_resolved() {
    let found = read("x-it:\n  a: &a {b: 1}\n  c: *a\n  d:\n    <<: *a\n    e: 2\n");
    assert_eq!(
        found,
        json!({"a": {"b": 1}, "c": {"b": 1}, "d": {"b": 1, "e": 2}})
    );
}

#[test]
fn anchor_with_400_aliases_is_accepted() {
    let found = read(&format!(
        "x-it:\n  a: &a {{b: 1}}\n  c: [{}]\n",
        ["*a"; 400].join(", ")
    ));
    assert_eq!(found["c"].as_array().map(Vec::len), Some(400));
}

#[test]
fn exponentially_expanding_aliases_are_refused() {
    let mut text = format!("{HEAD}x-it:\n  - &a0 [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]\n");
    for level in 1..9 {
        let inner = [format!("*a{}", level - 1).as_str(); 10].join(", ");
        text.push_str(&format!("  - &a{level} [{inner}]\n"));
    }
    let problems = load::read(text.as_bytes(), "bomb.yaml", &Options::default());
    assert!(
        problems
            .expect_err("a bomb")
            .to_string()
            .contains("its aliases")
    );
}

#[test]
fn numeric_mapping_keys_are_strings() {
    assert_eq!(
        read("x-it: {200: a, 0x10: b}"),
        json!({"200": "a", "0x10": "b"})
    );
}

#[test]
fn json_document_is_accepted() {
    let text = "{\n\t\"openapi\": \"3.0.3\", \"info\": {\"title\": \"\\ud83d\\ude00 \\/\", \
                \"version\": \"1\"},\n\t\"paths\": {}\n}";
    let document = load::read(text.as_bytes(), "it.json", &Options::default()).expect("it");
    assert_eq!(document.root["info"]["title"], "\u{1f600} /");
    assert_eq!(document.lines["/paths"], 3);
}

#[test]
fn unquoted_version_number_is_a_string() {
    let text = "openapi: 3.0\ninfo: {title: Tiny, version: 1.5}\npaths: {}\n";
    let document = load::read(text.as_bytes(), "it.yaml", &Options::default()).expect("it");
    assert_eq!(document.root["openapi"], "3.0");
    assert_eq!(document.root["info"]["version"], "1.5");
}

#[test]
fn deeply_nested_document_is_refused_and_does_not_exhaust_the_stack() {
    for (open, close) in [("[", "]"), ("{a: ", "}")] {
        let text = format!(
            "{HEAD}x-it: {}1{}\n",
            open.repeat(1_500),
            close.repeat(1_500)
        );
        let refused = load::read(text.as_bytes(), "deep.yaml", &Options::default());
        let problems = format!("{:?}", refused.expect_err("a problem"));
        assert!(
            problems.contains("exceeds a limit for documents"),
            "{problems}"
        );
    }
}
