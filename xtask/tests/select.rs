//! `--tag` keeps a part of a document, and all that this part needs.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use std::path::Path;

use xtask::api::Api;
use xtask::document::Document;
use xtask::report::Log;
use xtask::stage::{Options, load, select};

fn selected(tags: &[&str]) -> Result<Document, String> {
    let options = Options {
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        ..Options::default()
    };
    let path = Path::new("tests/documents/stages/select.yaml");
    let mut document =
        load::run(path, "select.yaml", &options).map_err(|problems| problems.to_string())?;
    select::run(&mut document, &options, &mut Log::default())
        .map_err(|problems| problems.to_string())?;
    Ok(document)
}

fn names(document: &Document) -> (Vec<String>, Vec<String>) {
    let api = Api::of(document, &mut Log::default());
    (
        api.operations
            .into_iter()
            .map(|operation| operation.id)
            .collect(),
        api.models.into_iter().map(|model| model.name).collect(),
    )
}

#[test]
fn without_tags_all_is_kept() {
    let (operations, models) = names(&selected(&[]).expect("selected"));
    assert_eq!(operations, ["get_thing", "set_thing", "list_others"]);
    assert_eq!(models, ["Thing", "Part", "Other", "ThingSize"]);
}

#[test]
fn a_tag_keeps_its_operations_and_what_they_reach() {
    let (operations, models) = names(&selected(&["Kept"]).expect("selected"));
    assert_eq!(operations, ["get_thing", "set_thing"]);
    assert_eq!(models, ["Thing", "Part", "ThingSize"]);
}

#[test]
fn several_tags_add_up() {
    let (operations, _) = names(&selected(&["Kept", "Dropped"]).expect("selected"));
    assert_eq!(operations.len(), 3);
}

#[test]
fn an_unknown_tag_is_refused_with_those_that_are_known() {
    let problems = selected(&["Kept", "Unknown"]).expect_err("refused");
    assert_eq!(
        problems,
        "select.yaml: no operation has the tag `Unknown`; the tags of operations are `Dropped`, \
         `Kept`\n"
    );
}

#[test]
fn an_operation_overrides_the_parameters_of_its_path() {
    let api = Api::of(&selected(&["Kept"]).expect("selected"), &mut Log::default());
    let pages: Vec<_> = api
        .operations
        .iter()
        .map(|operation| {
            let page = operation
                .parameters
                .iter()
                .find(|parameter| parameter.wire == "page");
            page.and_then(|page| page.description.clone())
                .expect("a description")
        })
        .collect();
    assert_eq!(pages, ["Of the operation, which wins.", "Of the path."]);
}
