//! The program that exercises a generated crate passes on documents that have every kind of shape, and sees each of
//! these mistakes in a crate.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that fails may panic"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use xtask::cli::{Outcome, Say};
use xtask::{exercise, regen};

struct Silent;

impl Say for Silent {
    fn say(&mut self, _: &dyn std::fmt::Display) {}
    fn refuse(&mut self, line: &dyn std::fmt::Display) {
        panic!("{line}");
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The same folder each time, so that a second run finds what the first one compiled.
fn folder() -> PathBuf {
    root().join("target/generated/exercise")
}

fn document() -> PathBuf {
    root().join("xtask/tests/exercise/whole.yaml")
}

/// Writes the crate and its program.
fn write() {
    let client = folder().join("client");
    let request = regen::Request {
        standalone: Some(regen::Standalone {
            spec: document(),
            out: client.clone(),
            ..regen::Standalone::default()
        }),
        ..regen::Request::default()
    };
    assert_eq!(regen::run(&request, &mut Silent), Outcome::Done);
    let request = exercise::Request {
        spec: document(),
        client,
        out: folder().join("program"),
        ..exercise::Request::default()
    };
    let written = regen::write(exercise::run(&request), &mut Silent);
    assert_eq!(written, Outcome::Done);
    // The same versions as the workspace, all of which have been downloaded.
    fs::copy(
        root().join("Cargo.lock"),
        folder().join("program/Cargo.lock"),
    )
    .unwrap();
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
fn a_crate_passes_and_its_mistakes_are_seen() {
    write();
    let (passed, told) = run();
    assert!(passed, "{told}");
    assert!(told.starts_with("6 operations in "), "{told}");
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
