//! `cargo xtask release` passes on a small workspace, and fails on each of these faults in it.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

const WORKSPACE: &str = r#"
[workspace]
resolver = "3"
members = ["first", "second", "tools"]

[workspace.package]
version = "0.3.0"
repository = "https://git.example/project"
"#;

/// `DEPENDENCIES` is replaced.
const LIBRARY: &str = r#"
[package]
name = "NAME"
description = "A library"
readme = "README.md"
keywords = ["cobo"]
categories = ["api-bindings"]
version.workspace = true
repository.workspace = true
edition = "2024"
rust-version = "1.89"
license = "MIT OR Apache-2.0"
include = ["/src/**/*.rs", "/README.md", "/LICENSE-*"]

[package.metadata.docs.rs]
all-features = true

DEPENDENCIES
"#;

const TOOLS: &str = r#"
[package]
name = "tools"
version = "0.1.0"
edition = "2024"
publish = false
"#;

const CHANGELOG: &str =
    "# Changelog\n\n## 0.3.0 - 2026-11-27\n\n- All of it.\n\n## 0.2.0 - 2026-01-01\n";

/// A workspace with two libraries and a tool, committed and tagged.
fn workspace() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        let parent = path.parent().expect("a parent");
        fs::create_dir_all(parent).expect("a folder");
        fs::write(path, text).expect("a file");
    };
    write("Cargo.toml", WORKSPACE);
    write("CHANGELOG.md", CHANGELOG);
    write("openapi/README.md", "");
    write(".gitignore", "/target\n/Cargo.lock\n");
    write("tools/Cargo.toml", TOOLS);
    write("tools/src/lib.rs", "");
    for (name, dependencies, source) in [
        ("first", "", "pub fn one() {}"),
        (
            "second",
            "[dependencies]\nfirst = { path = \"../first\", version = \"0.3.0\" }\n\n[dev-dependencies]\n\
             tools = { path = \"../tools\" }",
            "pub fn two() { first::one() }",
        ),
    ] {
        let manifest = LIBRARY
            .replace("NAME", name)
            .replace("DEPENDENCIES", dependencies);
        write(&format!("{name}/Cargo.toml"), &manifest);
        write(&format!("{name}/src/lib.rs"), source);
        write(&format!("{name}/README.md"), name);
        write(&format!("{name}/tests/needless.rs"), "");
    }
    for licence in ["LICENSE-APACHE", "LICENSE-MIT"] {
        for folder in ["", "first/", "second/"] {
            write(&format!("{folder}{licence}"), licence);
        }
    }
    git(folder.path(), &["init", "--quiet"]);
    git(folder.path(), &["add", "."]);
    git(
        folder.path(),
        &["commit", "--quiet", "--message", "release"],
    );
    git(folder.path(), &["tag", "v0.3.0"]);
    folder
}

fn git(folder: &Path, arguments: &[&str]) {
    let status = Command::new("git")
        .current_dir(folder)
        .args(["-c", "user.name=a", "-c", "user.email=a@b.example"])
        .args(arguments)
        .status()
        .expect("git");
    assert!(status.success(), "{arguments:?}");
}

fn release(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .current_dir(folder)
        .arg("release")
        .args(arguments)
        // Nothing outside of the workspace is needed.
        .env("CARGO_NET_OFFLINE", "true")
        .env_remove("CARGO_TARGET_DIR")
        .output()
        .expect("a run");
    let text = [stdout, stderr].map(|bytes| String::from_utf8(bytes).expect("text"));
    (status.code().expect("a code"), text.concat())
}

fn edit(folder: &Path, path: &str, old: &str, new: &str) {
    let path = folder.join(path);
    let text = fs::read_to_string(&path).expect("a text");
    assert!(text.contains(old), "{path:?} does not contain {old:?}");
    fs::write(path, text.replace(old, new)).expect("a file");
}

#[test]
fn workspace_that_is_ready_passes() {
    let folder = workspace();
    let (code, text) = release(folder.path(), &[]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("order: first, second"), "{text}");
    assert!(
        text.contains("second packed: 8 files"),
        "the sources, README, two licences and four files of cargo: {text}"
    );
    assert!(
        text.contains("publish with `cargo publish --workspace`"),
        "{text}"
    );
}

/// What was edited, and the error that it must cause.
const FAULTS: [(&str, &str, &str, &str); 18] = [
    (
        "CHANGELOG.md",
        "## 0.3.0 - 2026-11-27",
        "## 0.2.9 - 2026-11-27",
        "CHANGELOG.md has neither `## 0.3.0 - DATE` nor `## Unreleased` with changes",
    ),
    (
        "CHANGELOG.md",
        "2026-11-27",
        "27.11.2026",
        "the date of 0.3.0 is `27.11.2026`",
    ),
    (
        "CHANGELOG.md",
        "- All of it.",
        "### API",
        "the entry of 0.3.0 is empty",
    ),
    (
        "first/Cargo.toml",
        "version.workspace = true",
        "version = \"0.3.1\"",
        "second has version 0.3.0, another crate has 0.3.1",
    ),
    (
        "second/Cargo.toml",
        "version = \"0.3.0\"",
        "version = \"0.3\"",
        "second: the dependency `first` has the requirement `^0.3` instead of `^0.3.0`",
    ),
    (
        "second/Cargo.toml",
        "[dev-dependencies]",
        "[build-dependencies]",
        "second: the dependency `tools` is not published",
    ),
    (
        "second/Cargo.toml",
        "\"../tools\"",
        "\"../tools\", version = \"0.1.0\"",
        "second: the test dependency `tools` has a version",
    ),
    (
        "first/Cargo.toml",
        "description = \"A library\"",
        "",
        "first: the manifest has no `description`",
    ),
    (
        "first/Cargo.toml",
        "license = \"MIT OR Apache-2.0\"",
        "",
        "first: the manifest has no `license`",
    ),
    (
        "first/Cargo.toml",
        "rust-version = \"1.89\"",
        "",
        "first: the manifest has no `rust-version`",
    ),
    (
        "first/Cargo.toml",
        "keywords = [\"cobo\"]",
        "",
        "first: the manifest has no `keywords`",
    ),
    (
        "first/Cargo.toml",
        "categories = [\"api-bindings\"]",
        "",
        "first: the manifest has no `categories`",
    ),
    (
        "first/Cargo.toml",
        "readme = \"README.md\"",
        "readme = false",
        "first: the manifest has no `readme`",
    ),
    (
        "first/Cargo.toml",
        "all-features = true",
        "",
        "first: the manifest has no `package.metadata.docs.rs.all-features`",
    ),
    (
        "first/Cargo.toml",
        "\"/README.md\"",
        "\"/tests/**\", \"/README.md\"",
        "first: the package contains `tests/needless.rs`",
    ),
    (
        "first/Cargo.toml",
        "/LICENSE-*",
        "/LICENSE-MIT",
        "first: the package has no `LICENSE-APACHE`",
    ),
    (
        "second/LICENSE-MIT",
        "LICENSE-MIT",
        "../LICENSE-MIT",
        "second: `LICENSE-MIT` differs from the file of the workspace",
    ),
    // The file is in the checkout, but not in the package.
    (
        "second/src/lib.rs",
        "pub fn two()",
        "const _: &str = include_str!(\"../tests/needless.rs\"); pub fn two()",
        "the packed crates do not build without this checkout: ",
    ),
];

#[test]
fn each_fault_is_an_error_with_and_without_dry_run() {
    for (path, old, new, expected) in FAULTS {
        let folder = workspace();
        edit(folder.path(), path, old, new);
        for arguments in [&["--dry-run"][..], &[]] {
            let (code, text) = release(folder.path(), arguments);
            assert_eq!(code, 1, "{path}: {new}: {text}");
            let is_named = |line: &str| line.starts_with("error: ") && line.contains(expected);
            assert!(text.lines().any(is_named), "{path}: {new}: {text}");
        }
    }
}

#[test]
fn packages_are_compiled_again_after_a_change() {
    let folder = workspace();
    let (code, text) = release(folder.path(), &["--dry-run"]);
    assert_eq!(code, 0, "{text}");

    let (path, old, new, expected) = FAULTS[FAULTS.len() - 1];
    edit(folder.path(), path, old, new);
    let (code, text) = release(folder.path(), &["--dry-run"]);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains(expected), "{text}");
}

#[test]
fn package_above_the_limit_of_crates_io_is_an_error() {
    let folder = workspace();
    // Does not compress: digits of a generator of random numbers.
    let mut state = 1_u64;
    let mut text = String::from("pub fn one() {}\n//");
    while text.len() < 30 << 20 {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        text.push_str(&format!("{state:016x}"));
    }
    fs::write(folder.path().join("first/src/lib.rs"), text).expect("a file");

    let (code, text) = release(folder.path(), &["--dry-run"]);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("crates.io accepts 10485760"), "{text}");
}

#[test]
fn missing_step_fails_a_release_and_is_listed_by_a_dry_run() {
    let undated = |folder: &Path| {
        edit(folder, "CHANGELOG.md", "0.3.0 - 2026-11-27", "Unreleased");
    };
    let without_repository = |folder: &Path| {
        edit(folder, "Cargo.toml", "https://git.example/project", "");
    };
    let untagged = |folder: &Path| git(folder, &["tag", "--delete", "v0.3.0"]);
    let changed = |folder: &Path| fs::write(folder.join("new"), "").expect("a file");
    type Fault<'a> = &'a dyn Fn(&Path);
    let steps: [(Fault<'_>, &str); 4] = [
        (
            &undated,
            "rename `## Unreleased` in CHANGELOG.md to `## 0.3.0 - DATE`",
        ),
        (
            &without_repository,
            "set `workspace.package.repository` in Cargo.toml: without a repository: first, second",
        ),
        (&untagged, "tag the commit as `v0.3.0`"),
        (&changed, "commit all changes"),
    ];
    for (undo, expected) in steps {
        let folder = workspace();
        undo(folder.path());
        for (arguments, expected_code) in [(&["--dry-run"][..], 0), (&[], 1)] {
            let (code, text) = release(folder.path(), arguments);
            assert_eq!(code, expected_code, "{text}");
            assert!(
                text.contains(&format!("before a release: {expected}")),
                "{text}"
            );
            assert!(!text.contains("publish with"), "{text}");
        }
    }
}
