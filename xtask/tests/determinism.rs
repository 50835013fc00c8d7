//! The same document makes the same bytes, wherever it is generated.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

fn tree(root: &Path, prefix: &str, found: &mut BTreeMap<String, Vec<u8>>) {
    for entry in std::fs::read_dir(root).expect("a folder") {
        let entry = entry.expect("an entry");
        let name = format!("{prefix}/{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            tree(&entry.path(), &name, found);
        } else {
            found.insert(name, std::fs::read(entry.path()).expect("a file"));
        }
    }
}

#[test]
fn runs_in_different_folders_generate_identical_crates() {
    let folder = tempfile::tempdir().expect("a folder");
    let trees: Vec<BTreeMap<String, Vec<u8>>> = ["one", "deep/two"]
        .iter()
        .map(|place| {
            let out = folder.path().join(place).join("out");
            let report = folder.path().join(place).join("report.json");
            let status = Command::new(env!("CARGO_BIN_EXE_xtask"))
                .args(["regen", "--spec", "../openapi/oauth.yaml", "--out"])
                .arg(&out)
                .args(["--auth-dependency", "0.1"])
                .arg("--report")
                .arg(&report)
                .status()
                .expect("a run");
            assert!(status.success());
            let mut found = BTreeMap::new();
            tree(&folder.path().join(place), "", &mut found);
            found
        })
        .collect();
    assert!(trees[0].len() > 5, "{:?}", trees[0].keys());
    assert_eq!(trees[0], trees[1]);
}

#[test]
fn relative_dependency_is_identical_in_different_checkouts() {
    let manifests: Vec<String> = ["one", "deep/er/two"]
        .iter()
        .map(|place| {
            let folder = tempfile::tempdir().expect("a folder");
            let root = folder.path().join(place);
            for folder in ["openapi", "crates/cobo-auth"] {
                std::fs::create_dir_all(root.join(folder)).expect("a folder");
            }
            std::fs::write(root.join("Cargo.toml"), "[workspace]\n").expect("a file");
            std::fs::copy("../openapi/oauth.yaml", root.join("it.yaml")).expect("a copy");
            let status = Command::new(env!("CARGO_BIN_EXE_xtask"))
                .current_dir(&root)
                .args(["regen", "--spec", "it.yaml", "--out", "target/out"])
                .status()
                .expect("a run");
            assert!(status.success());
            std::fs::read_to_string(root.join("target/out/Cargo.toml")).expect("a manifest")
        })
        .collect();
    assert_eq!(manifests[0], manifests[1]);
    for line in [
        "name = \"cobo-oauth\"",
        "cobo-model = { version = \"0.1.0\", path = \"../../crates/cobo-model\" }",
        "license = \"MIT OR Apache-2.0\"",
    ] {
        assert!(manifests[0].contains(line), "{line}\n{}", manifests[0]);
    }
}
