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
fn no_tag_filter_keeps_all_operations_and_models() {
    let (operations, models) = names(&selected(&[]).expect("selected"));
    assert_eq!(operations, ["get_thing", "set_thing", "list_others"]);
    assert_eq!(models, ["Thing", "Part", "Other", "ThingSize"]);
}

#[test]
fn tag_filter_keeps_tagged_operations_and_referenced_models() {
    let (operations, models) = names(&selected(&["Kept"]).expect("selected"));
    assert_eq!(operations, ["get_thing", "set_thing"]);
    assert_eq!(models, ["Thing", "Part", "ThingSize"]);
}

#[test]
fn several_tag_filters_keep_operations_of_all_these_tags() {
    let (operations, _) = names(&selected(&["Kept", "Dropped"]).expect("selected"));
    assert_eq!(operations.len(), 3);
}

#[test]
fn unknown_tag_filter_is_refused_and_lists_the_known_tags() {
    let problems = selected(&["Kept", "Unknown"]).expect_err("refused");
    assert_eq!(
        problems,
        "select.yaml: no operation has the tag `Unknown`; the tags of operations are `Dropped`, \
         `Kept`\n  mend: correct `--tag`\n"
    );
}

#[test]
fn operation_parameter_overrides_the_path_parameter_of_the_same_name() {
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
