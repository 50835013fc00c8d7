//! Arguments that make no sense end with 2 and say why.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::{Command, Output};

fn run(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let Output { status, stderr, .. } = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .current_dir(folder)
        .args(arguments)
        .output()
        .expect("a run");
    (
        status.code().expect("a code"),
        String::from_utf8(stderr).expect("text"),
    )
}

#[test]
fn regen_with_incomplete_or_unknown_arguments_exits_2() {
    let here = Path::new(".");
    for arguments in [
        &["regen", "--spec", "a.yaml"][..],
        &["regen", "--out", "a"],
        &["regen", "--tag", "A"],
        &["regen", "--name", "a"],
        &["regen", "--nonsense"],
        &[],
    ] {
        assert_eq!(run(here, arguments).0, 2, "{arguments:?}");
    }
}

#[test]
fn invalid_or_reserved_crate_names_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out");
    let out = out.to_str().expect("text");
    for name in ["1st", "a b", "type", "serde", "cobo-auth", "", "../a", "é"] {
        let spec = "tests/documents/tiny.yaml";
        let (code, stderr) = run(
            Path::new("."),
            &["regen", "--spec", spec, "--out", out, "--name", name],
        );
        assert_eq!(code, 2, "{name}");
        assert!(stderr.contains("cannot be the crate's name"), "{stderr}");
    }
    assert!(!Path::new(out).exists());
}

#[test]
fn regen_outside_of_a_checkout_asks_for_spec_and_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let (code, stderr) = run(folder.path(), &["regen"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("--spec and --out"), "{stderr}");
}
