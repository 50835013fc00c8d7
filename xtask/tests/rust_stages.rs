//! What each stage from `generate` to `emit` makes of a tiny document that has one shape of each
//! kind.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that fails may panic"
)]

use std::collections::BTreeMap;

use xtask::catalog::Catalog;
use xtask::document::Document;
use xtask::report::Log;
use xtask::stage::{Options, Stage, emit, generate, load, postprocess, split, transform, verify};

const TINY: &[u8] = include_bytes!("rust/tiny.yaml");

fn document(text: &[u8]) -> (Document, Catalog) {
    let options = Options::default();
    let mut document = load::read(text, "tiny.yaml", &options).unwrap();
    transform(&mut document, &options, &mut Log::default()).unwrap();
    let catalog = Catalog::of(&document);
    (document, catalog)
}

fn modules(document: &Document, catalog: &Catalog, log: &mut Log) -> BTreeMap<String, String> {
    let file = generate::run(document, catalog, log).unwrap();
    let file = postprocess::run(file, catalog, "tiny", log).unwrap();
    let modules = split::run(file, catalog).unwrap();
    let header = emit::Header {
        command: "cargo xtask regen".to_owned(),
        sha256: "0".repeat(64),
        source: "tiny.yaml".to_owned(),
    };
    let modules = emit::modules(&modules, &header);
    verify::run(&modules, catalog).unwrap();
    modules
}

fn refused(document: &Document, catalog: &Catalog) -> String {
    // A syntax tree is too long to be shown.
    let result = generate::run(document, catalog, &mut Log::default());
    result.map(|_| "a syntax tree").unwrap_err().to_string()
}

#[test]
fn generate_runs_progenitor() {
    let (document, catalog) = document(TINY);
    let mut log = Log::default();
    let file = generate::run(&document, &catalog, &mut log).unwrap();
    let text = prettyplease::unparse(&file);
    assert!(text.contains("::cobo_model::Secret"), "{text}");
    insta::assert_snapshot!("generate", text);
    insta::assert_debug_snapshot!(
        "generate_log",
        log.changes(Stage::Generate).collect::<Vec<_>>()
    );
}

#[test]
fn postprocess_writes_full_paths() {
    let (document, catalog) = document(TINY);
    let mut log = Log::default();
    let file = generate::run(&document, &catalog, &mut log).unwrap();
    let file = postprocess::run(file, &catalog, "tiny", &mut log).unwrap();
    insta::assert_snapshot!("postprocess", prettyplease::unparse(&file));
    insta::assert_debug_snapshot!(
        "postprocess_log",
        log.changes(Stage::PostProcess).collect::<Vec<_>>()
    );
}

#[test]
fn emit_writes_files_for_readers() {
    let (document, catalog) = document(TINY);
    let modules = modules(&document, &catalog, &mut Log::default());
    for (name, text) in modules {
        insta::assert_snapshot!(format!("emit_{name}"), text);
    }
}

#[test]
fn kinds_that_typify_does_not_have_are_written() {
    let (document, catalog) = document(include_bytes!("rust/kinds.yaml"));
    let modules = modules(&document, &catalog, &mut Log::default());
    insta::assert_snapshot!("kinds_models.rs", modules["models.rs"]);
    insta::assert_snapshot!("kinds_operations.rs", modules["operations.rs"]);
}

/// A model that one tag reaches stands with that tag, what several reach is shared, what none
/// reaches is a feature of its own.
#[test]
fn tags_have_modules_of_their_own() {
    let (document, catalog) = document(include_bytes!("rust/tags.yaml"));
    let mut log = Log::default();
    let file = generate::run(&document, &catalog, &mut log).unwrap();
    let file = postprocess::run(file, &catalog, "tags", &mut log).unwrap();
    let split = split::run(file, &catalog).unwrap();
    insta::assert_debug_snapshot!("tags_features", split.features);
    let header = emit::Header {
        command: "cargo xtask regen".to_owned(),
        sha256: "0".repeat(64),
        source: "tags.yaml".to_owned(),
    };
    let modules = emit::modules(&split, &header);
    let what = |text: &str| -> Vec<String> {
        let items = text.lines().filter(|line| {
            ["pub ", "use ", "mod ", "#[cfg"]
                .iter()
                .any(|start| line.trim_start().starts_with(start))
        });
        items.map(str::to_owned).collect()
    };
    let outline: Vec<_> = modules
        .iter()
        .map(|(path, text)| (path, what(text)))
        .collect();
    insta::assert_debug_snapshot!("tags_modules", outline);
    let notes = emit::notes(&split, String::new(), &header);
    insta::assert_snapshot!("tags_api.txt", notes[emit::API]);
    let files = emit::standalone("tags", "../cobo-auth", &catalog, &split.features, modules);
    insta::assert_snapshot!("tags_Cargo.toml", files["Cargo.toml"]);
    insta::assert_snapshot!("tags_README.md", files["README.md"]);
}

#[test]
fn a_crate_of_its_own_has_every_file() {
    let (document, catalog) = document(TINY);
    let modules = modules(&document, &catalog, &mut Log::default());
    let files = emit::standalone("tiny-client", "../cobo-auth", &catalog, &[], modules);
    let names: Vec<&String> = files.keys().collect();
    insta::assert_debug_snapshot!("standalone_files", names);
    insta::assert_snapshot!("standalone_Cargo.toml", files["Cargo.toml"]);
    insta::assert_snapshot!("standalone_lib.rs", files["src/lib.rs"]);
    insta::assert_snapshot!("standalone_README.md", files["README.md"]);
}

#[test]
fn a_crate_of_its_own_asks_for_the_versions_of_the_workspace() {
    let (document, catalog) = document(TINY);
    let modules = modules(&document, &catalog, &mut Log::default());
    let files = emit::standalone("tiny", "../cobo-auth", &catalog, &[], modules);
    let workspace = include_str!("../../Cargo.toml");
    let version = |manifest: &str, name: &str| {
        let line = manifest
            .lines()
            .find_map(|line| line.strip_prefix(&format!("{name} = ")))
            .unwrap();
        let text = line.split("version = ").last().unwrap();
        text.split('"').nth(1).unwrap().to_owned()
    };
    for name in ["progenitor-client", "reqwest", "serde", "serde_json"] {
        assert_eq!(
            version(&files["Cargo.toml"], name),
            version(workspace, name),
            "{name}"
        );
    }
}

#[test]
fn output_is_the_same_on_every_run() {
    let (document, catalog) = document(TINY);
    let first = modules(&document, &catalog, &mut Log::default());
    let second = modules(&document, &catalog, &mut Log::default());
    assert_eq!(first, second);
}

#[test]
fn verify_names_what_is_gone_or_must_not_be() {
    let (document, catalog) = document(TINY);
    let mut modules = modules(&document, &catalog, &mut Log::default());
    for (file, from, to) in [
        ("client.rs", "pub fn make_box", "pub fn made_box"),
        ("operations.rs", "static REMOVE_BOX", "static REMOVED_BOX"),
        (
            "operations.rs",
            "Result<Response<()>",
            "Result<ResponseValue<()>",
        ),
        ("models.rs", "pub secret: Secret", "pub secret: String"),
        ("models.rs", "pub struct Person", "pub struct Someone"),
        (
            "client.rs",
            "impl Client {",
            "static SENT: HeaderName = HeaderName::from_static(\"api-version\"); impl Client {",
        ),
    ] {
        let text = modules.get_mut(file).unwrap();
        assert!(text.contains(from), "{file} has no `{from}`");
        *text = text.replace(from, to);
    }
    let refusals = verify::run(&modules, &catalog).unwrap_err();
    insta::assert_snapshot!("verify", refusals.to_string());
}

#[test]
fn what_cannot_be_expressed_is_refused_with_its_place() {
    let text = String::from_utf8(TINY.to_vec())
        .unwrap()
        .replace("name: X-Trace", "name: 'X Trace'")
        .replace(
            "first_name:\n",
            "firstName: {type: string}\n        first_name:\n",
        )
        .replace(
            "        life:\n          type: integer\n          format: int64",
            "        life:\n          type: integer\n          format: int32",
        );
    let (document, catalog) = document(text.as_bytes());
    let refusals = refused(&document, &catalog);
    insta::assert_snapshot!("limits", refusals);
}

#[test]
fn an_object_in_a_query_is_refused() {
    let text = String::from_utf8(TINY.to_vec()).unwrap().replace(
        "paths:\n",
        "paths:\n  /found:\n    get:\n      operationId: find\n      parameters:\n        - {name: filter, \
         in: query, schema: {type: object, properties: {a: {type: string}}}}\n      responses: {200: \
         {description: Done.}}\n",
    );
    let (document, catalog) = document(text.as_bytes());
    let refusals = refused(&document, &catalog);
    assert!(
        refusals.contains("/paths/~1found/get: parameter `filter` is an object: "),
        "{refusals}"
    );
}

#[test]
fn a_panic_of_the_generator_is_a_refusal_of_what_causes_it() {
    let (mut document, catalog) = document(TINY);
    // Two successes with different bodies, past the stage that refuses them.
    document.root["paths"]["/boxes"]["post"]["responses"]["200"] = serde_json::json!({
        "description": "Another.",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Item"}}},
    });
    let refusals = refused(&document, &catalog);
    insta::assert_snapshot!("blame_operation", refusals);

    let (mut document, catalog) = self::document(TINY);
    // An enum past the stage that names its values.
    document.root["components"]["schemas"]["Kind"] =
        serde_json::json!({"type": "string", "enum": ["a", "A"]});
    let refusals = refused(&document, &catalog);
    insta::assert_snapshot!("blame_schema", refusals);
}

#[test]
fn what_is_not_openapi_is_refused_where_it_stands() {
    let (mut document, catalog) = document(TINY);
    document.root["components"]["schemas"]["Item"]["properties"]["parent"] =
        serde_json::json!({"type": "string", "minLength": "many"});
    let refusals = refused(&document, &catalog);
    insta::assert_snapshot!("convert", refusals);
}
