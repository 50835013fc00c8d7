//! `--report` says what was done, in the shape that other tools read.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::Command;

use serde_json::Value;

fn report(document: &str, arguments: &[&str]) -> (Option<i32>, Value) {
    let folder = tempfile::tempdir().expect("a folder");
    let report = folder.path().join("report.json");
    let run = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["regen", "--spec", document, "--out"])
        .arg(folder.path().join("out"))
        .arg("--report")
        .arg(&report)
        .args(arguments)
        .output()
        .expect("a run");
    let text = std::fs::read_to_string(&report).expect("a report");
    (
        run.status.code(),
        serde_json::from_str(&text).expect("JSON"),
    )
}

#[test]
fn report_lists_operations_models_and_every_stage() {
    let (code, report) = report("../openapi/oauth.yaml", &[]);
    assert_eq!(code, Some(0), "{report:#}");
    let keys: Vec<&str> = report
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        keys,
        [
            "operations",
            "operation_ids",
            "models",
            "errors",
            "warnings",
            "stages",
            "raw"
        ]
    );
    assert_eq!(report["operations"], 4);
    assert_eq!(
        report["operation_ids"],
        serde_json::json!([
            "get_token",
            "refresh_token",
            "exchange_permission_token",
            "refresh_permission_token"
        ])
    );
    assert_eq!(report["models"], 8);
    assert_eq!(report["errors"], serde_json::json!([]));
    assert_eq!(report["raw"], serde_json::json!([]));
    let stages: Vec<&str> = report["stages"]
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        stages,
        [
            "load",
            "deduplicate",
            "select",
            "name",
            "hoist",
            "merge-all-of",
            "drop-undeclared",
            "nullable",
            "secrets",
            "error-responses",
            "unions",
            "enums",
            "api",
            "cross-check"
        ]
    );
}

#[test]
fn report_lists_the_constraints_that_types_do_not_follow() {
    let (code, report) = report("tests/documents/constraints.yaml", &[]);
    assert_eq!(code, Some(0), "{report:#}");
    let thing = "/components/schemas/Thing";
    assert_eq!(
        report["stages"]["api"],
        serde_json::json!([
            format!("{thing}: not enforced: `additionalProperties: false`"),
            format!("{thing}/properties/default: not enforced: `pattern`, the format `uuid`"),
            format!("{thing}/properties/amount: not enforced: the format `float`"),
            format!("{thing}/properties/size: not enforced: the format `uint64`"),
            format!("{thing}/properties/size: it may be outside of 64 bits: any number"),
            format!("{thing}/properties/tags: not enforced: `minItems`, `uniqueItems`"),
            format!("{thing}/properties/tags/items: not enforced: `maxLength`"),
            format!("{thing}/properties/supply: not enforced: `maximum`"),
            format!("{thing}/properties/supply: it may be outside of 64 bits: any number"),
            format!("{thing}/properties/height: not enforced: `maximum`"),
            format!("{thing}/properties/height: it may be outside of 64 bits: any number"),
            format!("{thing}Quarter: not enforced: the format `date`"),
            "/paths/~1things/get/parameters/0/schema: not enforced: `default`, `minimum`, `maximum`, \
             the format `int32`"
                .to_owned(),
        ])
    );
}

#[test]
fn refused_run_writes_all_errors_to_the_report() {
    let (code, report) = report("tests/documents/refused/many-problems.yaml", &[]);
    assert_eq!(code, Some(2));
    assert_eq!(report["errors"].as_array().expect("a list").len(), 6);
    assert_eq!(report["operations"], 0);
}

#[test]
fn check_mode_writes_a_report() {
    let (code, report) = report("../openapi/oauth.yaml", &["--check"]);
    assert_eq!(code, Some(1));
    assert_eq!(report["operations"], 4);
}

#[test]
fn unwritable_report_path_is_an_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args([
            "regen",
            "--spec",
            "../openapi/oauth.yaml",
            "--check",
            "--out",
        ])
        .arg(folder.path().join("out"))
        .arg("--report")
        .arg(folder.path())
        .output()
        .expect("a run");
    assert_eq!(run.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&run.stderr).contains("the report cannot be written"));
    assert!(Path::new("tests").exists());
}

#[test]
fn empty_and_unknown_keys_are_listed_in_the_report() {
    let folder = tempfile::tempdir().expect("a folder");
    let document = folder.path().join("it.yaml");
    let text = "openapi: 3.0.3\ninfo: {title: Tiny, version: 1.0.0}\npaths:\n  /things:\n    get:\n      \
                operationId: list_things\n      parameters:\n      x-cobo-permission: read\n      \
                responses: {200: {description: Done.}}\n";
    std::fs::write(&document, text).expect("a file");
    let (code, report) = report(document.to_str().expect("a path"), &[]);
    assert_eq!(code, Some(0), "{report:#}");
    assert_eq!(
        report["stages"]["load"],
        serde_json::json!([
            "/paths/~1things/get/parameters: left out, since it says nothing",
            "/paths/~1things/get/x-cobo-permission: `x-cobo-permission` is not a mark of this project",
        ])
    );
}
