//! The program that tests a generated crate passes on documents that have every kind of shape, and sees each of
//! these mistakes in a crate.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that fails may panic"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

use xtask::console::{Outcome, Reporter};
use xtask::stage::Stage;
use xtask::standalone::Standalone;
use xtask::{conformance, regen};

/// One at a time: they share a folder.
static FOLDER: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    FOLDER.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Default)]
struct Kept {
    refused: String,
}

impl Reporter for Kept {
    fn line(&mut self, _: &dyn std::fmt::Display) {}
    fn problem(&mut self, line: &dyn std::fmt::Display) {
        self.refused.push_str(&format!("{line}\n"));
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The same folder each time, so that a second run finds what the first one compiled.
fn folder() -> PathBuf {
    root().join("target/generated/conformance")
}

fn document() -> PathBuf {
    root().join("xtask/tests/conformance/whole.yaml")
}

/// Writes the crate and its program, or says why it cannot.
fn write(skip: &[Stage]) -> Result<(), String> {
    let client = folder().join("client");
    let mut console = Kept::default();
    let request = regen::Request {
        standalone: Some(Standalone {
            spec: document(),
            out: client.clone(),
            skip: skip.to_vec(),
            ..Standalone::default()
        }),
        ..regen::Request::default()
    };
    if regen::run(&request, &mut console) != Outcome::Done {
        return Err(console.refused);
    }
    let request = conformance::Request {
        spec: document(),
        client,
        out: folder().join("program"),
        skip: skip.to_vec(),
        ..conformance::Request::default()
    };
    if regen::write(conformance::run(&request), &mut console) != Outcome::Done {
        return Err(console.refused);
    }
    // The same versions as the workspace, all of which have been downloaded.
    fs::copy(
        root().join("Cargo.lock"),
        folder().join("program/Cargo.lock"),
    )
    .unwrap();
    Ok(())
}

/// Whether the program ends well, and what it prints.
fn run() -> (bool, String) {
    let output = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--", document().to_str().unwrap()])
        .current_dir(folder().join("program"))
        .env("CARGO_TARGET_DIR", root().join("target/generated"))
        .env("CARGO_NET_OFFLINE", "true")
        .output()
        .unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    (output.status.success(), stdout + &stderr)
}

fn break_client(file: &str, right: &str, wrong: &str) {
    let path = folder().join("client/src/generated").join(file);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(right), "{right} is not in {file}");
    fs::write(path, text.replacen(right, wrong, 1)).unwrap();
}

#[test]
fn conformance_passes_a_correct_crate_and_detects_each_injected_error() {
    let _alone = alone();
    write(&[]).unwrap();
    let (passed, told) = run();
    assert!(passed, "{told}");
    assert!(told.starts_with("12 operations in "), "{told}");
    assert!(told.ends_with(": 0 problems\n"), "{told}");

    for (file, right, wrong) in [
        ("operations/wallets.rs", r#"("limit")"#, r#"("limits")"#),
        ("models/wallets.rs", r#"= "MPC""#, r#"= "MPCs""#),
        ("models/wallets.rs", r#"= "type""#, r#"= "typ""#),
        ("models/wallets.rs", r#"Hot = "hot""#, r#"Hot = "hat""#),
    ] {
        break_client(file, right, wrong);
    }
    let (passed, told) = run();
    assert!(!passed, "{told}");
    for problem in [
        r#"list_wallets: the operation has no query parameter "limits""#,
        "create_wallet (Required, turn 3): the response was decoded as something unknown",
        "CustodialWallet (all, turn 0): /type is lost",
        "Temperature (a value of the enum): it was decoded as something unknown",
    ] {
        assert!(told.contains(problem), "{problem}\n{told}");
    }
}

/// What goes wrong without a stage: the document is refused, the crate does not compile, or the program finds that it
/// sends or decodes something wrongly.
fn without(stage: Stage) -> Option<String> {
    if let Err(refused) = write(&[stage]) {
        return Some(refused);
    }
    let (passed, told) = run();
    (!passed).then_some(told)
}

/// Every stage is needed: removing any of them makes this document fail. Most of these failures are
/// found by the cross-check before anything is written. `load` and `api` cannot be left out, `cross-check` changes
/// nothing, and `error-responses` matters only to a document whose operations declare no success.
#[test]
fn skipping_any_stage_makes_the_document_fail() {
    let _alone = alone();
    for (stage, part) in [
        (Stage::Select, "no path parameter has that name"),
        (Stage::Name, "the schema of its request body has no name"),
        (Stage::Hoist, "two readings of it differ"),
        (Stage::MergeAllOf, "two readings of it differ"),
        (
            Stage::DropUndeclared,
            "progenitor has a field `owner_id` as well",
        ),
        (Stage::Nullable, "`Owner` is one value to progenitor"),
        (Stage::Unions, "two readings of it differ"),
        (Stage::Enums, "two readings of it differ"),
    ] {
        let wrong = write(&[stage]).err().unwrap_or_default();
        assert!(wrong.contains(part), "{}: {wrong}", stage.name());
    }
    let wrong = without(Stage::Secrets).unwrap_or_default();
    assert!(
        wrong.contains("password is a secret and is shown"),
        "{wrong}"
    );
}
