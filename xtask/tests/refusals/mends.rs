//! Every refusal says what mends the document.

use std::path::Path;

use xtask::decisions::Decisions;
use xtask::stage::{Options, load as stage};

use super::documents::REFUSED;
use super::load;

/// What a person has to do is never left to guess, except where the file is not even readable.
#[test]
fn each_refusal_names_a_mend() {
    for (name, _) in REFUSED {
        for problem in load(name).iter() {
            let named = problem.mend.as_deref().is_some_and(|mend| !mend.is_empty());
            assert!(named || problem.pointer.is_none(), "{problem}");
        }
    }
}

/// A value that is not in an operation is set; the entry that the refusal names mends the document.
#[test]
fn suggested_decision_that_sets_a_value_mends_the_document() {
    for (name, value) in [
        ("unknown-type", "\"integer\""),
        ("schema-list", "{type: object}"),
        ("secret-number", "false"),
        ("checked-nothing", "false"),
        ("endless-reference", "\"#/components/schemas/Thing\""),
    ] {
        let entries = load(name)
            .iter()
            .map(|problem| {
                let mend = problem.mend.as_deref().unwrap_or_default();
                let (_, entry) = mend.split_once("`--decisions`: ").expect(mend);
                entry.replace("VALUE", value)
            })
            .collect::<Vec<_>>();
        let options = Options {
            decisions: Decisions::parse("decisions.yaml", &entries.join("\n")).expect("decisions"),
            ..Options::default()
        };
        let path = format!("tests/documents/refused/{name}.yaml");
        let mended = stage::run(Path::new(&path), name, &options);
        assert!(mended.is_ok(), "{name}: {entries:?} {:?}", mended.err());
    }
}
