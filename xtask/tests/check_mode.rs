//! `--check` lists every stale, missing and orphaned file and writes nothing.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output as Run};

use xtask::output::{Kind, MANIFEST, Output};

fn files(files: &[(&str, &str)]) -> BTreeMap<String, String> {
    files
        .iter()
        .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
        .collect()
}

fn names(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(root).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(names(&path));
        }
        found.push(path.to_string_lossy().into_owned());
    }
    found.sort();
    found
}

#[test]
fn check_lists_every_missing_changed_and_extra_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    std::fs::create_dir_all(root.join("generated/deep")).expect("a folder");
    for (path, text) in [
        ("same.rs", "same\n"),
        ("old.rs", "one\ntwo\n"),
        ("gone.rs", ""),
        ("deep/gone.rs", ""),
    ] {
        std::fs::write(root.join("generated").join(path), text).expect("a file");
    }
    let wanted = files(&[
        ("generated/same.rs", "same\n"),
        ("generated/old.rs", "one\nthree\n"),
        ("generated/new.rs", "new\n"),
        ("pages/new.md", "new\n"),
    ]);
    let output = Output::folders(root, &["generated", "pages"], wanted).expect("files");
    let before = names(root);
    let found = output.differences().expect("differences");
    let listed: Vec<String> = found
        .iter()
        .map(|difference| {
            difference
                .to_string()
                .lines()
                .next()
                .unwrap_or_default()
                .to_owned()
        })
        .collect();
    assert_eq!(
        listed,
        [
            "orphaned: generated/deep/gone.rs",
            "orphaned: generated/gone.rs",
            "missing: generated/new.rs",
            "stale: generated/old.rs",
            "missing: pages/new.md",
        ]
    );
    let Kind::Stale(diff) = &found[3].kind else {
        panic!("{found:?}")
    };
    assert!(diff.contains("-two\n+three"), "{diff}");
    assert_eq!(names(root), before);

    let written = output.write().expect("written");
    assert_eq!(
        written.wrote,
        ["generated/new.rs", "generated/old.rs", "pages/new.md"]
    );
    assert_eq!(
        written.removed,
        ["generated/deep/gone.rs", "generated/gone.rs"]
    );
    assert_eq!(written.unchanged, 1);
    assert_eq!(
        output.differences().expect("differences").len(),
        2,
        "removed ones were listed"
    );
}

#[test]
fn standalone_output_keeps_files_it_did_not_generate() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().join("crate");
    let first = files(&[("src/lib.rs", "1"), ("src/old.rs", "1")]);
    Output::standalone(&root, first)
        .expect("a new folder")
        .write()
        .expect("written");
    std::fs::write(root.join("notes.txt"), "mine").expect("a file");

    let second = Output::standalone(&root, files(&[("src/lib.rs", "2")])).expect("its own folder");
    let written = second.write().expect("written");
    assert_eq!(written.wrote, [MANIFEST, "src/lib.rs"]);
    assert_eq!(written.removed, ["src/old.rs"]);
    assert!(root.join("notes.txt").exists());
}

#[test]
fn non_empty_folder_without_a_manifest_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("notes.txt"), "mine").expect("a file");
    let reason = Output::standalone(folder.path(), files(&[("a", "a")])).expect_err("refused");
    assert!(reason.contains("not empty"), "{reason}");
}

#[test]
fn manifest_path_outside_the_folder_is_never_deleted() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().join("crate");
    std::fs::create_dir(&root).expect("a folder");
    std::fs::write(folder.path().join("precious"), "").expect("a file");
    std::fs::write(root.join(MANIFEST), "../precious\n").expect("a file");
    Output::standalone(&root, files(&[("a", "a")]))
        .expect("it")
        .write()
        .expect("written");
    assert!(folder.path().join("precious").exists());
}

/// A checkout with the documents and nothing generated.
fn checkout(root: &Path) {
    for folder in ["openapi/decisions", "crates/cobo-waas2"] {
        std::fs::create_dir_all(root.join(folder)).expect("a folder");
    }
    std::fs::copy("../openapi/oauth.yaml", root.join("openapi/oauth.yaml")).expect("a copy");
    for (path, text) in [
        ("Cargo.toml", "[workspace]\n"),
        (
            "openapi/waas2.yaml",
            "openapi: 3.0.3\ninfo: {title: Tiny, version: '1'}\npaths: {}\n",
        ),
        ("openapi/decisions/waas2.yaml", "[]\n"),
        (
            "crates/cobo-waas2/Cargo.toml",
            concat!(
                "# features: begin\n",
                "[features]\n",
                "default = [\"rustls-aws-lc\"]\n",
                "# TLS by rustls with AWS-LC\n",
                "rustls-aws-lc = [\"cobo-auth/rustls-aws-lc\"]\n",
                "# TLS by rustls with ring\n",
                "rustls-ring = [\"cobo-auth/rustls-ring\"]\n",
                "# Mozilla's root certificates, for machines that have none\n",
                "webpki-roots = [\"cobo-auth/webpki-roots\"]\n",
                "# features: end\n",
            ),
        ),
    ] {
        std::fs::write(root.join(path), text).expect("a file");
    }
}

fn regen(root: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let Run {
        status,
        stdout,
        stderr,
    } = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .current_dir(root)
        .arg("regen")
        .args(arguments)
        .output()
        .expect("a run");
    assert!(stderr.is_empty(), "{}", String::from_utf8_lossy(&stderr));
    (status.code(), String::from_utf8(stdout).expect("text"))
}

#[test]
fn regen_checks_and_writes_all_workspace_crates() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    checkout(root);
    let (code, stdout) = regen(root, &["--check"]);
    assert_eq!(code, Some(1));
    assert!(
        stdout.starts_with(concat!(
            "crates/cobo-oauth/src/generated: 6 missing\n",
            "crates/cobo-sandbox/src/generated: 1 missing\ncrates/cobo-waas2/",
        )),
        "{stdout}"
    );
    let (code, stdout) = regen(root, &["--check", "--verbose"]);
    assert_eq!(code, Some(1));
    assert!(
        stdout.contains("missing: crates/cobo-oauth/src/generated/models.rs"),
        "{stdout}"
    );
    assert!(!root.join("crates/cobo-oauth").exists());

    let (code, stdout) = regen(root, &[]);
    assert_eq!(code, Some(0));
    assert!(
        stdout.starts_with(concat!(
            "crates/cobo-oauth/src/generated: 6 new\n",
            "crates/cobo-sandbox/src/generated: 1 new\ncrates/cobo-waas2/",
        )),
        "{stdout}"
    );
    // Anywhere in the checkout will do.
    let deep = root.join("crates/cobo-oauth/src");
    assert_eq!(regen(&deep, &["--check"]), (Some(0), String::new()));
    let (_, again) = regen(root, &[]);
    assert!(again.starts_with("unchanged: "), "{again}");

    let document = root.join("openapi/oauth.yaml");
    let text = std::fs::read_to_string(&document).expect("it");
    std::fs::write(
        &document,
        text.replace("A renewed org access token", "Another text"),
    )
    .expect("written");
    std::fs::write(root.join("crates/cobo-oauth/src/generated/extra.rs"), "").expect("written");
    std::fs::remove_file(root.join("crates/cobo-oauth/src/generated/client.rs")).expect("removed");
    let (code, stdout) = regen(root, &["--check", "--verbose"]);
    assert_eq!(code, Some(1));
    for line in [
        "stale: crates/cobo-oauth/src/generated/models.rs",
        "missing: crates/cobo-oauth/src/generated/client.rs",
        "orphaned: crates/cobo-oauth/src/generated/extra.rs",
        "run the command without --check to write these files",
    ] {
        assert!(stdout.contains(line), "{stdout}");
    }
}
