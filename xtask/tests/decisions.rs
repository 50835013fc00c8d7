//! What a person decides about a document.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use xtask::decisions::Decisions;
use xtask::diagnostic::Diagnostics;
use xtask::document::Document;
use xtask::report::Log;
use xtask::stage::transforms::transform;
use xtask::stage::{Options, load};

const DOCUMENT: &str = r"
openapi: 3.0.3
info: {title: Tiny, version: 1.0.0}
paths:
  /things:
    get:
      operationId: list_things
      responses: {'200': {description: Done.}}
components:
  schemas:
    Base: {type: object, properties: {fee: {type: string}}}
    Heir:
      allOf:
        - $ref: '#/components/schemas/Base'
        - {type: object, properties: {fee: {type: object, properties: {amount: {type: string}}}}}
";
const FEE: &str = "/components/schemas/Heir/properties/fee";

fn run(decisions: &str, strict: bool) -> Result<(Document, Log), Diagnostics> {
    let options = Options {
        decisions: Decisions::parse("decisions.yaml", decisions)?,
        strict,
        ..Options::default()
    };
    let mut document = load::read(DOCUMENT.as_bytes(), "it.yaml", &options)?;
    let mut log = Log::default();
    transform(&mut document, &options, &mut log)?;
    Ok((document, log))
}

fn decide(what: &str) -> (Document, Log) {
    run(&format!("- {{pointer: {FEE}, use: {what}}}"), true).expect("a document")
}

#[test]
fn undecided_conflict_becomes_raw_json_and_is_refused_in_strict_mode() {
    let (_, log) = run("[]", false).expect("a document");
    assert_eq!(log.raw_pointers(), [FEE]);
    let refused = run("[]", true).expect_err("a problem").to_string();
    assert!(refused.contains(FEE), "{refused}");
}

#[test]
fn decision_selects_the_schema_used_for_a_conflict() {
    let kind = |(document, _): &(Document, Log)| {
        let fee = document.root.pointer(FEE).expect("it");
        let fee = document.resolve(fee).expect("a schema");
        fee.get("type").cloned()
    };
    assert_eq!(kind(&decide("first")), Some("string".into()));
    assert_eq!(kind(&decide("last")), Some("object".into()));
    let raw = decide("raw");
    assert_eq!(kind(&raw), None);
    assert_eq!(raw.1.raw_pointers(), [FEE]);
}

#[test]
fn decision_to_leave_out_an_operation_removes_it_and_logs_the_reason() {
    let (document, log) = run(
        "- {operation: list_things, leave_out: Not there yet.}",
        false,
    )
    .expect("it");
    assert_eq!(document.operations().count(), 0);
    assert!(
        log.changes(xtask::stage::Stage::Select)
            .any(|change| change == "left out list_things: Not there yet.")
    );
}

#[test]
fn invalid_or_unmatched_decisions_are_refused() {
    for odd in [
        "- {pointer: /components/schemas/Base, use: last}",
        "- {operation: gone, leave_out: Gone.}",
        "- {operation: list_things, leave_out: ''}",
        "- {pointer: /a}",
        "- {pointer: /a, use: both}",
        "- {pointer: /a, use: raw, operation: b}",
        "{}",
        "- {pointer: /a, use: raw}\n- {pointer: /a, use: raw}",
    ] {
        assert!(run(odd, false).is_err(), "{odd}");
    }
}

#[test]
fn decision_sets_an_extension_and_warns_about_an_unknown_pointer() {
    let decisions = "- {pointer: /paths/~1things/get, set: {x-cobo-repeatable: false}, reason: Why.}\n\
                     - {pointer: /gone, set: {x-cobo-secret: true}, reason: Why.}";
    let (document, _) = run(decisions, false).expect("a document");
    let mark = document
        .root
        .pointer("/paths/~1things/get/x-cobo-repeatable");
    assert_eq!(mark, Some(&false.into()));
    assert!(
        document
            .warnings
            .iter()
            .any(|warning| warning.pointer.as_deref() == Some("/gone"))
    );
}
