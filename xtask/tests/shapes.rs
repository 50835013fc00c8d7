//! Shapes that releases of a document have or not: each passes the transforms.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use xtask::catalog::{Catalog, Kind};
use xtask::report::Log;
use xtask::stage::{Options, load, transform};

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

fn catalog() -> Catalog {
    let options = Options::default();
    let mut document = load::read(DOCUMENT.as_bytes(), "it.yaml", &options).expect("a document");
    transform(&mut document, &options, &mut Log::default()).expect("a transformed document");
    Catalog::of(&document)
}

#[test]
fn a_success_without_a_schema_has_no_model() {
    let catalog = catalog();
    assert!(
        catalog
            .operations
            .iter()
            .all(|operation| operation.success.model.is_none())
    );
}

#[test]
fn lists_are_parameters() {
    let names: Vec<String> = catalog().operations[0]
        .parameters
        .iter()
        .map(|parameter| parameter.name.clone())
        .collect();
    assert_eq!(names, ["ids", "tags"]);
}

#[test]
fn a_form_is_a_model_with_files() {
    let catalog = catalog();
    let body = catalog.operations[2].body.as_ref().expect("a body");
    assert_eq!(body.media_type, "multipart/form-data");
    let model = catalog.models.iter().find(|model| model.name == body.model);
    let fields: Vec<_> = model
        .expect("a model")
        .fields
        .iter()
        .map(|field| (field.name.as_str(), field.binary))
        .collect();
    assert_eq!(fields, [("file", true), ("note", false)]);
}

#[test]
fn what_does_not_fit_into_64_bits_refuses_nothing() {
    let catalog = catalog();
    let thing = catalog.models.iter().find(|model| model.name == "Thing");
    let field = |name: &str| {
        let mut fields = thing.expect("it").fields.iter();
        fields.find(|field| field.name == name).expect("a field")
    };
    let hash = field("hash")
        .example
        .as_ref()
        .and_then(|text| text.as_str());
    assert!(hash.is_some_and(|hash| hash.starts_with("0x9f86d081") && hash.len() == 66));
    for name in ["height", "code"] {
        assert_eq!(field(name).schema["type"], "number", "{name}");
    }
}

#[test]
fn enums_are_named_and_null_is_the_place() {
    let catalog = catalog();
    let kind = |name: &str| {
        let model = catalog.models.iter().find(|model| model.name == name);
        model.expect("a model").kind.clone()
    };
    assert!(matches!(kind("ThingLevel"), Kind::IntegerEnum(values) if values.len() == 2));
    assert!(matches!(kind("ThingMaybe"), Kind::StringEnum(values) if values.len() == 1));
    let thing = catalog
        .models
        .iter()
        .find(|model| model.name == "Thing")
        .expect("it");
    let nullable = thing.fields.iter().filter(|field| field.nullable);
    assert_eq!(
        nullable
            .map(|field| field.name.as_str())
            .collect::<Vec<_>>(),
        ["maybe"]
    );
}
