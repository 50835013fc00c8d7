//! What each transform makes of a tiny document: the changed document and what the report says.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use std::fmt::Write;
use std::path::Path;

use xtask::document::Document;
use xtask::report::Log;
use xtask::stage::transforms::TRANSFORMS;
use xtask::stage::{Options, Stage, load};

/// The document before the stage, after it, and the changes that it reports.
fn golden(stage: Stage) -> String {
    let source = format!("{}.yaml", stage.name());
    let path = Path::new("tests/documents/stages").join(&source);
    let options = Options {
        tags: if stage == Stage::Select {
            vec!["Kept".to_owned()]
        } else {
            Vec::new()
        },
        ..Options::default()
    };
    let mut document = load::run(&path, &source, &options).expect("a document");
    let before = json(&document);
    let mut log = Log::default();
    // One of them runs twice.
    for (_, run) in TRANSFORMS.into_iter().filter(|(of, _)| *of == stage) {
        run(&mut document, &options, &mut log).expect("a transformed document");
    }
    let mut text = format!("--- before\n{before}\n--- after\n{}\n", json(&document));
    if !document.kinds.is_empty() {
        writeln!(text, "--- kinds\n{:#?}", document.kinds).expect("text");
    }
    writeln!(text, "--- changes").expect("text");
    for change in log.changes(stage) {
        writeln!(text, "{change}").expect("text");
    }
    writeln!(text, "--- raw").expect("text");
    for pointer in log.raw_pointers() {
        writeln!(text, "{pointer}").expect("text");
    }
    text
}

fn json(document: &Document) -> String {
    serde_json::to_string_pretty(&document.root).expect("JSON")
}

#[test]
fn deduplicate() {
    insta::assert_snapshot!(golden(Stage::Deduplicate));
}

#[test]
fn select() {
    insta::assert_snapshot!(golden(Stage::Select));
}

#[test]
fn name() {
    insta::assert_snapshot!(golden(Stage::Name));
}

#[test]
fn hoist() {
    insta::assert_snapshot!(golden(Stage::Hoist));
}

#[test]
fn merge_all_of() {
    insta::assert_snapshot!(golden(Stage::MergeAllOf));
}

#[test]
fn drop_undeclared() {
    insta::assert_snapshot!(golden(Stage::DropUndeclared));
}

#[test]
fn nullable() {
    insta::assert_snapshot!(golden(Stage::Nullable));
}

#[test]
fn secrets() {
    insta::assert_snapshot!(golden(Stage::Secrets));
}

#[test]
fn unions() {
    insta::assert_snapshot!(golden(Stage::Unions));
}

#[test]
fn enums() {
    insta::assert_snapshot!(golden(Stage::Enums));
}

#[test]
fn error_responses() {
    insta::assert_snapshot!(golden(Stage::ErrorResponses));
}

/// Twice the same document comes out as once: nothing is left for a second run to change.
#[test]
fn running_a_stage_twice_gives_the_same_document() {
    for (stage, run) in TRANSFORMS {
        let source = format!("{}.yaml", stage.name());
        let path = Path::new("tests/documents/stages").join(&source);
        let options = Options::default();
        let mut document = load::run(&path, &source, &options).expect("a document");
        run(&mut document, &options, &mut Log::default()).expect("a run");
        let once = (json(&document), document.kinds.clone());
        run(&mut document, &options, &mut Log::default()).expect("a run");
        let twice = (json(&document), document.kinds);
        assert_eq!(once, twice, "{}", stage.name());
    }
}
