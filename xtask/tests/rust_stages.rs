//! What is printed of a tiny document that has one shape of each kind.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that fails may panic"
)]

use std::collections::BTreeMap;

use xtask::api::{Api, unsupported};
use xtask::document::Document;
use xtask::print::code::{self, Code};
use xtask::print::{CrateNames, Header};
use xtask::report::Log;
use xtask::stage::transforms::transform;
use xtask::stage::{Options, Stage, cross_check, emit, load};
use xtask::standalone::Dependency;

#[path = "rust_stages/api_text.rs"]
mod api_text;

use api_text::Text;

/// What a user can do about two readings that differ.
const MEND: &str =
    "  mend: report it with this schema; until it is mended, write the schema in another way\n";

const TINY: &[u8] = include_bytes!("rust/tiny.yaml");

fn document(text: &[u8]) -> (Document, Api) {
    let options = Options::default();
    let mut document = load::read(text, "tiny.yaml", &options).unwrap();
    let mut log = Log::default();
    transform(&mut document, &options, &mut log).unwrap();
    let api = Api::of(&document, &mut log);
    (document, api)
}

fn header() -> Header {
    Header {
        command: "cargo xtask regen".to_owned(),
        sha256: "0".repeat(64),
        source: "tiny.yaml".to_owned(),
    }
}

fn printed(document: &Document, api: &Api) -> Code {
    unsupported::check(document, api).unwrap();
    cross_check::run(document, api, &mut Log::default()).unwrap();
    code::print(api, &CrateNames::of_crate("cobo-tiny"), &header().line()).unwrap()
}

fn modules(document: &Document, api: &Api) -> BTreeMap<String, String> {
    let files = printed(document, api).files.into_iter();
    files.map(|file| (file.path, file.text)).collect()
}

/// Everything that printers read, of a document with every kind of shape.
#[test]
fn api_model_text_matches_the_snapshots() {
    let (_, api) = document(include_bytes!("conformance/whole.yaml"));
    insta::assert_snapshot!("api_whole", Text(&api).to_string());
    let (_, api) = document(include_bytes!("rust/odd.yaml"));
    insta::assert_snapshot!("api_odd", Text(&api).to_string());
    let (_, api) = document(include_bytes!("rust/kinds.yaml"));
    insta::assert_snapshot!("api_kinds", Text(&api).to_string());
}

#[test]
fn emit_writes_files_for_readers() {
    let (document, api) = document(TINY);
    let modules = modules(&document, &api);
    for (name, text) in modules {
        insta::assert_snapshot!(format!("emit_{name}"), text);
    }
}

#[test]
fn code_of_schema_types_unsupported_by_typify_matches_the_snapshots() {
    let (document, api) = document(include_bytes!("rust/kinds.yaml"));
    let modules = modules(&document, &api);
    insta::assert_snapshot!("kinds_models.rs", modules["models.rs"]);
    insta::assert_snapshot!("kinds_operations.rs", modules["operations.rs"]);
}

/// A model that one tag uses is in the module of that tag, one that several use is shared, and one
/// that no tag uses has a separate feature.
#[test]
fn models_of_one_tag_are_in_its_module_and_shared_models_are_separate() {
    let (document, api) = document(include_bytes!("rust/tags.yaml"));
    let code = printed(&document, &api);
    insta::assert_debug_snapshot!("tags_features", code.features);
    let what = |text: &str| -> Vec<String> {
        let items = text.lines().filter(|line| {
            ["pub ", "use ", "mod ", "#[cfg"]
                .iter()
                .any(|start| line.trim_start().starts_with(start))
        });
        items.map(str::to_owned).collect()
    };
    let outline: BTreeMap<_, _> = code
        .files
        .iter()
        .map(|file| (&file.path, what(&file.text)))
        .collect();
    let outline: Vec<_> = outline.into_iter().collect();
    insta::assert_debug_snapshot!("tags_modules", outline);
    let notes = emit::notes(&api, String::new(), &header());
    insta::assert_snapshot!("tags_api.txt", notes[emit::API]);
    let files = emit::standalone("tags", &Dependency::at("../cobo-auth"), &api, code);
    insta::assert_snapshot!("tags_Cargo.toml", files["Cargo.toml"]);
    insta::assert_snapshot!("tags_README.md", files["README.md"]);
}

#[test]
fn standalone_crate_has_every_file() {
    let (document, api) = document(TINY);
    let code = printed(&document, &api);
    let files = emit::standalone("tiny-client", &Dependency::at("../cobo-auth"), &api, code);
    let names: Vec<&String> = files.keys().collect();
    insta::assert_debug_snapshot!("standalone_files", names);
    insta::assert_snapshot!("standalone_Cargo.toml", files["Cargo.toml"]);
    insta::assert_snapshot!("standalone_lib.rs", files["src/lib.rs"]);
    insta::assert_snapshot!("standalone_README.md", files["README.md"]);
}

#[test]
fn standalone_crate_has_the_dependency_versions_of_the_workspace() {
    let (document, api) = document(TINY);
    let code = printed(&document, &api);
    let files = emit::standalone("tiny", &Dependency::at("../cobo-auth"), &api, code);
    let workspace = include_str!("../../Cargo.toml");
    let version = |manifest: &str, name: &str| {
        let line = manifest
            .lines()
            .find_map(|line| line.strip_prefix(&format!("{name} = ")))
            .unwrap();
        let text = line.split("version = ").last().unwrap();
        text.split('"').nth(1).unwrap().to_owned()
    };
    for name in ["serde", "serde_json"] {
        assert_eq!(
            version(&files["Cargo.toml"], name),
            version(workspace, name),
            "{name}"
        );
    }
}

#[test]
fn output_is_the_same_on_every_run() {
    let (document, api) = document(TINY);
    let first = modules(&document, &api);
    let second = modules(&document, &api);
    assert_eq!(first, second);
}

/// Names that collide are told apart; what no name mends is refused with its place.
#[test]
fn unsupported_header_name_is_refused_with_its_location() {
    let text = String::from_utf8(TINY.to_vec())
        .unwrap()
        .replace("name: X-Trace", "name: 'X Trace'");
    let (document, api) = document(text.as_bytes());
    let problems = unsupported::check(&document, &api).unwrap_err();
    insta::assert_snapshot!("unsupported", problems.to_string());
}

#[test]
fn object_schema_of_a_query_parameter_is_refused() {
    let text = String::from_utf8(TINY.to_vec()).unwrap().replace(
        "paths:\n",
        "paths:\n  /found:\n    get:\n      operationId: find\n      parameters:\n        - {name: filter, \
         in: query, schema: {type: object, properties: {a: {type: string}}}}\n      responses: {200: \
         {description: Done.}}\n",
    );
    let (document, api) = document(text.as_bytes());
    let problems = unsupported::check(&document, &api).unwrap_err().to_string();
    assert!(
        problems.contains("/paths/~1found/get: parameter `filter` is an object: "),
        "{problems}"
    );
}

fn cross_checked(document: &Document, api: &Api) -> (String, Vec<String>) {
    let mut log = Log::default();
    let refused = match cross_check::run(document, api, &mut log) {
        Ok(()) => String::new(),
        Err(problems) => problems.to_string(),
    };
    let said = log.changes(Stage::CrossCheck).map(str::to_owned).collect();
    (refused, said)
}

/// The document is changed after the model was made of it, as if one of the readings were wrong.
#[test]
fn cross_check_refuses_a_document_when_models_differ_from_progenitor() {
    for (pointer, value, reason) in [
        (
            "/components/schemas/NewBox/properties/sizes/items/type",
            "string",
            "/components/schemas/NewBox/properties/sizes: two readings of it differ, which is a \
             defect of the generator: it is `Vec<i64>`, and `Vec<String>` to progenitor",
        ),
        (
            "/components/schemas/Company/required/0",
            "registered",
            "/components/schemas/Company/properties/company_name: two readings of it differ, which \
             is a defect of the generator: it is required, and optional to progenitor",
        ),
        (
            "/components/schemas/Names/items/type",
            "boolean",
            "/components/schemas/Names: two readings of it differ, which is a defect of the \
             generator: it is `Vec<String>`, and `Vec<bool>` to progenitor",
        ),
    ] {
        let (mut document, api) = document(TINY);
        *document.root.pointer_mut(pointer).unwrap() = value.into();
        let (refused, _) = cross_checked(&document, &api);
        assert!(refused.contains(reason), "{refused}");
        assert_eq!(refused.matches("two readings").count(), 1, "{refused}");
        assert!(refused.ends_with(MEND), "{refused}");
    }
}

/// The same, for what operations and unions say.
#[test]
fn cross_check_refuses_a_document_when_tags_or_parameters_differ_from_progenitor() {
    for (pointer, value, reason) in [
        (
            "/components/schemas/Fee/discriminator/mapping/Fixed",
            "#/components/schemas/GasFee",
            "/components/schemas/Fee: two readings of it differ, which is a defect of the generator: \
             `Fixed`: another variant, and GasFee to progenitor\n  mend: report it with this \
             schema; until it is mended, write the schema in another way\n",
        ),
        (
            "/components/schemas/Fee/discriminator/propertyName",
            "type",
            "/components/schemas/Fee: two readings of it differ, which is a defect of the generator: \
             its discriminator: fee_type, and type to progenitor\n  mend: report it with this \
             schema; until it is mended, write the schema in another way\n",
        ),
        (
            "/paths/~1rates/get/operationId",
            "other",
            "/paths/~1rates/get: two readings of it differ, which is a defect of the generator: its \
             id: get_rate, and other to progenitor\n  mend: correct the document, or leave the \
             operation out with `--decisions`: - {operation: \"get_rate\", leave_out: \"the reason\"}\n",
        ),
    ] {
        let (mut document, api) = document(include_bytes!("conformance/whole.yaml"));
        *document.root.pointer_mut(pointer).unwrap() = value.into();
        let (refused, _) = cross_checked(&document, &api);
        assert_eq!(refused.split_once(": ").unwrap().1, reason);
    }
}

#[test]
fn schema_unreadable_by_progenitor_is_reported_and_not_refused() {
    let (mut document, api) = document(TINY);
    // An enum past the stage that names its values.
    document.root["components"]["schemas"]["Kind"] =
        serde_json::json!({"type": "string", "enum": ["a", "A"]});
    document.kinds.remove("Kind");
    let (refused, said) = cross_checked(&document, &api);
    assert_eq!(refused, "");
    assert_eq!(said[0], "4 of 4 operations agree");
    assert!(
        said[1].starts_with("/components/schemas/Kind is not cross-checked: progenitor cannot"),
        "{said:?}"
    );
    // Neither is what needs it; everything else is.
    assert_eq!(said.last().unwrap(), "7 of 11 models agree", "{said:?}");
}
