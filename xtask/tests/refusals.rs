//! What is refused is named with its place, all of it in one run, and nothing is written.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::Command;

use xtask::diagnostic::Diagnostics;
use xtask::stage::{Options, load};

#[path = "refusals/documents.rs"]
mod documents;
#[path = "refusals/mends.rs"]
mod mends;

use documents::REFUSED;

fn load(name: &str) -> Diagnostics {
    let source = format!("{name}.yaml");
    let path = Path::new("tests/documents/refused").join(&source);
    load::run(&path, &source, &Options::default()).expect_err(name)
}

#[test]
fn each_refused_document_reports_pointer_file_and_reason() {
    for (name, expected) in REFUSED {
        let problems = load(name);
        let found: Vec<_> = problems.iter().collect();
        assert_eq!(found.len(), expected.len(), "{name}: {problems}");
        for (problem, (pointer, reason)) in found.iter().zip(*expected) {
            assert_eq!(problem.pointer.as_deref(), *pointer, "{name}: {problems}");
            assert!(problem.message.contains(reason), "{name}: {problems}");
            assert_eq!(problem.file, format!("{name}.yaml"));
            assert!(problem.line.is_some(), "{name}: {problems}");
        }
    }
}

#[test]
fn every_document_in_the_refused_folder_has_a_test() {
    let names = std::fs::read_dir("tests/documents/refused")
        .expect("the folder")
        .map(|entry| {
            entry
                .expect("an entry")
                .path()
                .file_stem()
                .expect("a name")
                .to_string_lossy()
                .into_owned()
        });
    for name in names {
        assert!(
            REFUSED.iter().any(|(tested, _)| *tested == name),
            "{name} is not tested"
        );
    }
}

#[test]
fn error_has_the_line_number_of_its_cause() {
    let lines = |name| {
        load(name)
            .iter()
            .map(|problem| problem.line)
            .collect::<Vec<_>>()
    };
    assert_eq!(lines("openapi-3.1"), [Some(1)]);
    assert_eq!(lines("unknown-type"), [Some(24)]);
    assert_eq!(lines("duplicate-key"), [Some(23)]);
    assert_eq!(lines("two-successes"), [Some(16)]);
}

#[test]
fn missing_document_file_is_refused() {
    let path = Path::new("tests/documents/none.yaml");
    let problems = load::run(path, "none.yaml", &Options::default()).expect_err("no file");
    assert_eq!(problems.to_string(), "none.yaml: the file does not exist\n");
}

#[test]
fn each_error_is_one_stderr_line_with_a_suggestion_and_nothing_is_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out");
    let run = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args([
            "regen",
            "--spec",
            "tests/documents/refused/many-problems.yaml",
            "--out",
        ])
        .arg(&out)
        .output()
        .expect("a run");
    assert_eq!(run.status.code(), Some(2));
    assert!(run.stdout.is_empty());
    let stderr = String::from_utf8(run.stderr).expect("text");
    let problems = stderr.lines().filter(|line| !line.starts_with("  mend: "));
    assert_eq!(problems.count(), 6, "{stderr}");
    assert!(stderr.starts_with(
        "tests/documents/refused/many-problems.yaml:1: /openapi: OpenAPI 3.1.0 is not supported"
    ));
    assert!(!out.exists());
}

#[test]
fn unsupported_multipart_in_an_unselected_operation_is_not_refused() {
    let text = std::fs::read_to_string("tests/documents/refused/multipart-body.yaml").expect("it");
    let text = text.replace(
        "operationId: list_things",
        "operationId: upload\n      tags: [Files]",
    );
    let options = Options {
        tags: vec!["Things".to_owned()],
        ..Options::default()
    };
    let problems = load::read(text.as_bytes(), "it", &options).expect_err("no such tag");
    assert_eq!(
        problems.to_string(),
        "it: no operation has the tag `Things`; the tags of operations are `Files`\n  mend: correct `--tag`\n"
    );
    let options = Options {
        tags: vec!["Files".to_owned()],
        ..Options::default()
    };
    assert!(load::read(text.as_bytes(), "it", &options).is_err());
}
