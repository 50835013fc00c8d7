//! The same document in other words differs in nothing, and releases differ in what they do.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that fails may panic, and one that is skipped says so"
)]

use std::path::{Path, PathBuf};

use serde_json::Value;
use xtask::diff::{Change, changes, json, surface, text};
use xtask::document::Document;
use xtask::stage::{Options, load};

mod support;

use support::Dice;

fn read(bytes: &[u8]) -> Document {
    load::read(bytes, "document.yaml", &Options::default()).unwrap()
}

fn lines(changes: &[Change]) -> Vec<String> {
    let written = text(changes);
    written.lines().skip(1).map(str::to_owned).collect()
}

const TINY: [(&str, &[u8]); 6] = [
    ("shops", include_bytes!("diff/shops.json")),
    ("kinds", include_bytes!("rust/kinds.yaml")),
    ("odd", include_bytes!("rust/odd.yaml")),
    ("pages", include_bytes!("rust/pages.yaml")),
    ("tags", include_bytes!("rust/tags.yaml")),
    ("tiny", include_bytes!("rust/tiny.yaml")),
];

/// Every rewriting of a document alone, and all of them together.
fn forms(root: &Value) -> Vec<(&'static str, Value)> {
    let apply = |edit: &dyn Fn(&mut Value)| {
        let mut root = root.clone();
        edit(&mut root);
        root
    };
    vec![
        (
            "shuffled",
            apply(&|root| support::shuffled(root, &mut Dice::new(1))),
        ),
        ("unspoken", apply(&support::unspoken)),
        (
            "inlined",
            apply(&|root| support::inlined(root, 3, &mut Dice::new(2))),
        ),
        ("hoisted", apply(&support::hoisted)),
        ("renamed", apply(&support::renamed)),
        ("flattened", apply(&support::flattened)),
        (
            "all",
            apply(&|root| {
                support::flattened(root);
                support::inlined(root, 2, &mut Dice::new(3));
                support::hoisted(root);
                support::renamed(root);
                support::unspoken(root);
                support::shuffled(root, &mut Dice::new(4));
            }),
        ),
    ]
}

fn says_the_same(name: &str, document: &Document) {
    for (how, root) in forms(&document.root) {
        let other = Document::from_value("other", root);
        for (old, new) in [(document, &other), (&other, document)] {
            let found = lines(&changes(old, new));
            assert!(
                found.is_empty(),
                "{name}, {how}: {} {found:#?}",
                found.len()
            );
        }
    }
    let surface = surface(document);
    let surface = read(surface.as_bytes());
    let found = lines(&changes(document, &surface));
    assert!(found.is_empty(), "{name}, its surface: {found:#?}");
}

#[test]
fn two_forms_of_a_tiny_document_differ_in_nothing() {
    for (name, bytes) in TINY {
        says_the_same(name, &read(bytes));
    }
}

/// The official releases, where they are.
fn releases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/specs");
    let files = std::fs::read_dir(folder).into_iter().flatten();
    let mut files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    if files.is_empty() {
        println!("SKIPPED: ../shared/specs is not there");
    }
    files
}

#[test]
fn two_forms_of_a_release_differ_in_nothing() {
    for path in releases() {
        says_the_same(
            &path.display().to_string(),
            &read(&std::fs::read(&path).unwrap()),
        );
    }
}

/// The lists were made from the documents by other means, and read over.
#[test]
fn releases_differ_as_the_lists_made_by_hand_say() {
    let releases = releases();
    for pair in releases.windows(2) {
        let [old, new] = pair else { continue };
        let name = |path: &Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
        let list = format!("tests/diff/{}-{}.json", name(old), name(new));
        let Ok(list) = std::fs::read_to_string(&list) else {
            println!("SKIPPED: there is no {list}");
            continue;
        };
        let one = |path| read(&std::fs::read(path).unwrap());
        let found: Value = serde_json::from_str(&json(&changes(&one(old), &one(new)))).unwrap();
        let lines = |list: &Value| {
            let list = list.as_array().unwrap();
            let mut lines: Vec<String> = list
                .iter()
                .map(|change| {
                    let keys = ["operation", "path", "kind", "before", "after", "class"];
                    keys.map(|key| change[key].to_string()).join(" ")
                })
                .collect();
            lines.sort();
            lines
        };
        similar_asserts(
            &lines(&serde_json::from_str(&list).unwrap()),
            &lines(&found),
        );
    }
}

fn similar_asserts(expected: &[String], found: &[String]) {
    let missing: Vec<_> = expected
        .iter()
        .filter(|line| !found.contains(line))
        .collect();
    let more: Vec<_> = found
        .iter()
        .filter(|line| !expected.contains(line))
        .collect();
    assert!(
        missing.is_empty() && more.is_empty(),
        "missing {missing:#?}, more {more:#?}"
    );
}
