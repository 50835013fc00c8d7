//! `xtask diff` as a command, and what `xtask regen` says of a document that has changed.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

const TAGS: &str = include_str!("rust/tags.yaml");

/// A release in which an order has lost its status.
fn breaking() -> String {
    let new = TAGS.replace(
        "        status: {$ref: '#/components/schemas/OrderStatus'}\n",
        "",
    );
    assert_ne!(new, TAGS);
    new
}

/// A release in which a keeper has got an age.
fn compatible() -> String {
    let new = TAGS.replace(
        "        wage: {$ref",
        "        age: {type: integer}\n        wage: {$ref",
    );
    assert_ne!(new, TAGS);
    new
}

fn xtask(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("old.yaml"), TAGS).unwrap();
    std::fs::write(folder.path().join("breaking.yaml"), breaking()).unwrap();
    std::fs::write(folder.path().join("compatible.yaml"), compatible()).unwrap();
    folder
}

#[test]
fn diff_with_fail_on_breaking_exits_1_only_for_breaking_changes() {
    let folder = folder();
    let code = |arguments: &[&str]| xtask(folder.path(), arguments).status.code();
    let fail = ["--fail-on", "breaking"];
    for (new, expected) in [
        ("old.yaml", 0),
        ("compatible.yaml", 0),
        ("breaking.yaml", 1),
    ] {
        assert_eq!(code(&["diff", "old.yaml", new]), Some(0), "{new}");
        let found = code(&[&["diff", "old.yaml", new], &fail[..]].concat());
        assert_eq!(found, Some(expected), "{new}");
    }
    let missing = xtask(folder.path(), &["diff", "old.yaml", "missing.yaml"]);
    assert_eq!(missing.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("missing.yaml"));
}

#[test]
fn diff_output_has_the_requested_format() {
    let folder = folder();
    let diff = |format: &str| {
        let arguments = ["diff", "old.yaml", "breaking.yaml", "--format", format];
        said(&xtask(folder.path(), &arguments))
    };
    let json: Value = serde_json::from_str(&diff("json")).unwrap();
    let change = &json.as_array().unwrap()[0];
    let keys: Vec<&String> = change.as_object().unwrap().keys().collect();
    let expected = [
        "kind",
        "operation",
        "model",
        "path",
        "before",
        "after",
        "class",
        "operations",
        "contents",
    ];
    assert_eq!(keys, expected);
    assert!(diff("markdown").starts_with("### API\n"));
    assert!(diff("text").contains("breaking   status: removed (OrderStatus)"));
}

#[test]
fn regen_prints_api_changes_since_the_previous_run() {
    let folder = folder();
    let regen = |document: &str| {
        let output = xtask(
            folder.path(),
            &["regen", "--spec", document, "--out", "out"],
        );
        assert!(output.status.success());
        said(&output)
    };
    assert!(
        !regen("old.yaml").contains("the API:"),
        "there is nothing to compare with"
    );
    assert!(!regen("old.yaml").contains("the API:"), "it is the same");
    let first = std::fs::read_to_string(folder.path().join("out/src/generated/api.txt")).unwrap();
    let said = regen("compatible.yaml");
    assert!(
        said.contains("the API: 1 change, 0 of them breaking"),
        "{said}"
    );
    assert!(
        said.contains(
            "model Keeper, used by list_keepers\n  compatible age: added (i64, optional)"
        ),
        "{said}"
    );
    // The API in Rust, as a review sees it.
    let second = std::fs::read_to_string(folder.path().join("out/src/generated/api.txt")).unwrap();
    let new: Vec<&str> = second
        .lines()
        .filter(|line| !first.contains(line))
        .collect();
    assert_eq!(
        new[1..],
        ["models::Keeper.age: std::option::Option<i64>"],
        "{new:?}"
    );
    // The stored surface can be given in place of the document.
    let surface = ["diff", "out/src/generated/surface.json", "breaking.yaml"];
    let found = String::from_utf8(xtask(folder.path(), &surface).stdout).unwrap();
    assert!(found.contains("age: removed (i64)"), "{found}");
}
