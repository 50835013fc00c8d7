//! One run reports the problems of all stages, each with its place and what would mend it.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use std::process::{Command, Output};

/// `load` refuses the cookie, `merge-all-of` the conflict (with --strict), `unsupported` the object in a header.
/// The two operations that refer to the broken schema have problems too, which only follow from it.
const DOCUMENT: &str = r"openapi: 3.0.3
info: {title: Tiny, version: 1.0.0}
paths:
  /cookie:
    get:
      operationId: read_cookie
      parameters: [{name: c, in: cookie, schema: {type: string}}]
      responses: {'200': {description: Done.}}
  /header:
    get:
      operationId: send_object
      parameters:
        - name: h
          in: header
          schema: {type: object, properties: {a: {type: string}}}
      responses: {'200': {description: Done.}}
  /broken:
    get:
      operationId: read_broken
      responses:
        '200':
          description: Done.
          content: {application/json: {schema: {$ref: '#/components/schemas/Broken'}}}
  /heir:
    get:
      operationId: read_heir
      responses:
        '200':
          description: Done.
          content: {application/json: {schema: {$ref: '#/components/schemas/Heir'}}}
components:
  schemas:
    Broken: {type: object, properties: {a: {$ref: '#/components/schemas/Nothing'}}}
    Base: {type: object, properties: {fee: {type: string}}}
    Heir:
      allOf:
        - $ref: '#/components/schemas/Base'
        - {type: object, properties: {fee: {type: object, properties: {amount: {type: string}}}}}
";

const FEE: &str = "/components/schemas/Heir/properties/fee";

fn regen(document: &str, decisions: &str, arguments: &[&str]) -> (Option<i32>, String, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text);
    write("it.yaml", document).expect("a file");
    write("decisions.yaml", decisions).expect("a file");
    let Output {
        status,
        stdout,
        stderr,
    } = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["regen", "--spec"])
        .arg(folder.path().join("it.yaml"))
        .arg("--out")
        .arg(folder.path().join("out"))
        .arg("--decisions")
        .arg(folder.path().join("decisions.yaml"))
        .args(arguments)
        .output()
        .expect("a run");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    let place = format!("{}/", folder.path().display());
    (
        status.code(),
        text(stdout),
        text(stderr).replace(&place, ""),
    )
}

#[test]
fn one_run_reports_the_problems_of_all_stages() {
    let (code, _, stderr) = regen(DOCUMENT, "[]", &["--strict"]);
    assert_eq!(code, Some(2));
    insta::assert_snapshot!(stderr);
}

#[test]
fn undecided_conflict_is_reported_as_a_warning_on_every_run() {
    let start = DOCUMENT.find("  /cookie").expect("it");
    let end = DOCUMENT.find("  /heir").expect("it");
    let document = format!("{}{}", &DOCUMENT[..start], &DOCUMENT[end..]);
    let document = document.replace("schemas/Nothing", "schemas/Base");
    for arguments in [&[][..], &["--check"]] {
        let (_, _, stderr) = regen(&document, "[]", arguments);
        assert!(stderr.starts_with("it.yaml:"), "{stderr}");
        assert!(
            stderr.contains(&format!(": {FEE}: warning: two parts of `allOf`")),
            "{stderr}"
        );
        assert!(
            stderr.ends_with("reason: \"the reason\"} (first, last or raw)\n"),
            "{stderr}"
        );
    }
    // The entry of the mend decides.
    let (_, _, stderr) = regen(&document, "[]", &[]);
    let (_, entry) = stderr.split_once("`--decisions`: ").expect("an entry");
    let (entry, _) = entry.split_once(" (first").expect("an entry");
    let (code, _, stderr) = regen(&document, entry, &["--strict"]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
}

#[test]
fn suggested_decision_that_leaves_out_an_operation_fixes_the_error() {
    let decisions = "- {operation: \"read_cookie\", leave_out: \"the reason\"}\n\
                     - {operation: \"send_object\", leave_out: \"the reason\"}\n";
    let document = DOCUMENT.replace("schemas/Nothing", "schemas/Base");
    let (code, _, stderr) = regen(&document, decisions, &[]);
    assert_eq!(code, Some(0), "{stderr}");
}
