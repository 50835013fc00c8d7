//! Checks that each promise in SECURITY.md and README.md names an existing test.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const SECURITY: &str = include_str!("../../SECURITY.md");
const README: &str = include_str!("../../README.md");

/// The rows of SECURITY.md's tables: the promise, and the tests that it names.
fn promises() -> BTreeMap<&'static str, Vec<(&'static str, &'static str)>> {
    let rows = SECURITY.lines().filter_map(|line| {
        let (promise, tests) = line
            .strip_prefix("| ")?
            .strip_suffix(" |")?
            .split_once(" | ")?;
        let tests = tests.split(", ").filter_map(|test| {
            let test = test.strip_prefix('`')?.strip_suffix('`')?;
            test.split_once("::")
        });
        Some((promise, tests.collect()))
    });
    rows.filter(|(promise, _)| !matches!(*promise, "promise" | "---"))
        .collect()
}

/// The Rust files of the workspace, keyed by name without extension.
fn sources() -> BTreeMap<String, Vec<PathBuf>> {
    fn add(dir: &Path, sources: &mut BTreeMap<String, Vec<PathBuf>>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            if path.is_dir() && name != "target" {
                add(&path, sources);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                sources.entry(name).or_default().push(path);
            }
        }
    }

    let mut sources = BTreeMap::new();
    for folder in ["../crates", "../xtask", "."] {
        add(Path::new(folder), &mut sources);
    }
    sources
}

/// Whether a file contains a test of this name.
fn has_test(text: &str, name: &str) -> bool {
    let lines: Vec<_> = text.lines().map(str::trim).collect();
    let mut declared = lines.iter().enumerate().filter(|(_, line)| {
        let line = line.strip_prefix("async ").unwrap_or(line);
        line.strip_prefix("fn ").is_some_and(|rest| {
            rest.strip_prefix(name)
                .is_some_and(|rest| rest.starts_with('('))
        })
    });
    declared.any(|(number, _)| {
        let above = lines[..number].iter().rev();
        let mut attributes =
            above.take_while(|line| line.starts_with("#[") || line.starts_with("//"));
        attributes.any(|line| *line == "#[test]" || line.starts_with("#[tokio::test"))
    })
}

#[test]
fn every_promise_names_only_existing_tests() {
    let sources = sources();
    let exists = |program: &str, test: &str| {
        let mut files = sources.get(program).into_iter().flatten();
        files.any(|path| has_test(&fs::read_to_string(path).unwrap(), test))
    };
    let promises = promises();
    assert!(
        promises.len() > 40,
        "the tables are read: {}",
        promises.len()
    );
    let mut problems = Vec::new();
    for (promise, tests) in &promises {
        if tests.is_empty() {
            problems.push(format!("names no test: {promise}"));
        }
        for (program, test) in tests
            .iter()
            .filter(|(program, test)| !exists(program, test))
        {
            problems.push(format!("there is no test {program}::{test}: {promise}"));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert!(!exists("promises", "no_such_test") && !exists("promises", "has_test"));
}

/// Every bold sentence and every store in README.md must have a row in the tables.
#[test]
fn every_promise_of_the_readme_is_listed() {
    let promises = promises();
    let bold = README.lines().filter_map(|line| {
        let (promise, _) = line.strip_prefix("- **")?.split_once("**")?;
        Some(promise)
    });
    let stores = README.lines().filter_map(|line| {
        let (store, _) = line.strip_prefix("| `")?.split_once('`')?;
        store.ends_with("Store").then_some(store)
    });
    let named: Vec<_> = bold.chain(stores).collect();
    assert!(named.len() >= 8, "{named:?}");
    for promise in named {
        let listed = promises.keys().any(|row| row.contains(promise));
        assert!(listed, "no row of SECURITY.md has `{promise}`");
    }
    assert!(README.contains("(SECURITY.md#tests-of-the-promises)"));
}
