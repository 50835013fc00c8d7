//! Shapes that releases of a document have or not: each passes the transforms.
#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test fails by panicking, and one that is skipped says so"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use xtask::api::{Api, Field, Model, ModelKind, Presence, Type};
use xtask::report::Log;
use xtask::stage::transforms::transform;
use xtask::stage::{Options, load};

#[path = "shapes/catalog.rs"]
mod catalog;

const DOCUMENT: &str = r"
openapi: 3.0.3
info: {title: Tiny, version: 1.0.0}
paths:
  /things:
    get:
      operationId: list_things
      parameters:
        - {name: ids, in: query, schema: {type: array, items: {type: string}}}
        - {name: tags, in: query, explode: false, schema: {type: array, items: {type: string}}}
      responses: {'200': {description: Done., content: {application/json: {}}}}
    delete:
      operationId: delete_things
      responses: {'204': {description: Done.}}
    post:
      operationId: upload_thing
      requestBody:
        content:
          multipart/form-data:
            schema:
              type: object
              required: [file]
              properties:
                file: {type: string, format: binary}
                note: {type: string}
      responses: {'200': {description: Done.}}
components:
  schemas:
    Thing:
      type: object
      properties:
        hash:
          type: string
          example: 0x9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
        height: {type: integer, default: 99999999999999999999}
        code: {type: integer, enum: [1, 99999999999999999999]}
        level: {type: integer, enum: [1, 2]}
        maybe: {type: string, nullable: true, enum: [a, null]}
";

fn api() -> Api {
    let options = Options::default();
    let mut document = load::read(DOCUMENT.as_bytes(), "it.yaml", &options).expect("a document");
    transform(&mut document, &options, &mut Log::default()).expect("a transformed document");
    Api::of(&document, &mut Log::default())
}

fn model(api: &Api, name: &str) -> Model {
    let model = api.models.iter().find(|model| model.name == name);
    model.expect("a model").clone()
}

fn fields(model: &Model) -> Vec<Field> {
    model.object().expect("an object").fields.clone()
}

#[test]
fn success_response_without_a_schema_has_no_model() {
    let api = api();
    let mut operations = api.operations.iter();
    assert!(operations.all(|operation| operation.success.model.is_none()));
}

#[test]
fn array_query_parameters_are_supported() {
    let names: Vec<String> = api().operations[0]
        .parameters
        .iter()
        .map(|parameter| parameter.wire.clone())
        .collect();
    assert_eq!(names, ["ids", "tags"]);
}

#[test]
fn multipart_form_becomes_a_model_with_file_fields() {
    let api = api();
    let body = api.operations[2].body.as_ref().expect("a body");
    assert_eq!(body.media_type, "multipart/form-data");
    let fields: Vec<_> = fields(api.model(body.model))
        .into_iter()
        .map(|field| (field.wire, field.ty == Type::File))
        .collect();
    let expected = [("file".to_owned(), true), ("note".to_owned(), false)];
    assert_eq!(fields, expected);
}

#[test]
fn values_beyond_64_bits_are_accepted_as_exact_numbers() {
    let fields = fields(&model(&api(), "Thing"));
    let field = |name: &str| {
        let field = fields.iter().find(|field| field.wire == name);
        field.expect("a field")
    };
    let hash = field("hash").example.as_ref();
    let hash = hash.and_then(|text| text.as_str());
    assert!(hash.is_some_and(|hash| hash.starts_with("0x9f86d081") && hash.len() == 66));
    for name in ["height", "code"] {
        assert_eq!(field(name).ty, Type::Number, "{name}");
    }
}

#[test]
fn null_in_an_enum_makes_the_property_nullable_and_is_no_enum_value() {
    let api = api();
    let kind = |name: &str| model(&api, name).kind;
    assert!(matches!(kind("ThingLevel"), ModelKind::IntegerEnum(open) if open.values.len() == 2));
    assert!(matches!(kind("ThingMaybe"), ModelKind::StringEnum(open) if open.values.len() == 1));
    let nullable = |field: &Field| matches!(field.presence, Presence::OrNull | Presence::Nullable);
    let names: Vec<String> = fields(&model(&api, "Thing"))
        .into_iter()
        .filter(nullable)
        .map(|field| field.wire)
        .collect();
    assert_eq!(names, ["maybe"]);
}

/// `conformance/whole.yaml` goes through all tools, so it must have every shape that a document of Cobo has.
#[test]
fn whole_document_has_every_shape_of_the_releases() {
    let read = |path: &Path| {
        load::run(path, &path.display().to_string(), &Options::default()).expect("a document")
    };
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let whole = catalog::shapes(&read(&tests.join("tests/conformance/whole.yaml")));
    let mut documents = vec![
        tests.join("../openapi/oauth.yaml"),
        tests.join("../openapi/waas2.yaml"),
    ];
    let releases = std::fs::read_dir(tests.join("../../shared/specs"));
    let releases = releases.into_iter().flatten();
    let releases: Vec<PathBuf> = releases.map(|file| file.expect("a file").path()).collect();
    if releases.is_empty() {
        println!(
            "SKIPPED: ../shared/specs is not there: only the documents in openapi are compared"
        );
    }
    documents.extend(releases);
    let mut missing: BTreeMap<String, String> = BTreeMap::new();
    for path in documents {
        for (shape, pointer) in catalog::shapes(&read(&path)) {
            if !whole.contains_key(&shape) {
                let name = path.file_name().expect("a file").to_string_lossy();
                missing.entry(shape).or_insert(format!("{name}{pointer}"));
            }
        }
    }
    assert!(missing.is_empty(), "{} shapes: {missing:#?}", missing.len());
}
