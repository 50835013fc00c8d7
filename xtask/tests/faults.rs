//! Documents that were once generated wrongly, each for its whole kind. The code with their names
//! is compiled in `rust_compiles`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that fails may panic"
)]

use std::collections::BTreeMap;

use xtask::api::{Api, unsupported};
use xtask::decisions::Decisions;
use xtask::diagnostic::Diagnostics;
use xtask::print::CrateNames;
use xtask::print::code;
use xtask::report::Log;
use xtask::stage::transforms::transform;
use xtask::stage::{Options, Stage, cross_check, load};

#[path = "faults/mends.rs"]
mod mends;
#[path = "faults/names.rs"]
mod names;
#[path = "faults/places.rs"]
mod places;
#[path = "faults/unions.rs"]
mod unions;

const HEAD: &str = "openapi: 3.0.3\ninfo: {title: Tiny, version: 1.0.0}\n";

struct Generated {
    files: BTreeMap<String, String>,
    log: Log,
    api: Api,
}

fn generate(text: &str, options: &Options) -> Result<Generated, Diagnostics> {
    let mut log = Log::default();
    let mut document = load::read(text.as_bytes(), "it.yaml", options)?;
    load::notes(&document, &mut log);
    transform(&mut document, options, &mut log)?;
    let api = Api::of(&document, &mut log);
    unsupported::check(&document, &api)?;
    cross_check::run(&document, &api, &mut log)?;
    let files = code::print(&api, &CrateNames::of_crate("cobo-fault"), "")?
        .files
        .into_iter();
    Ok(Generated {
        files: files.map(|file| (file.path, file.text)).collect(),
        log,
        api,
    })
}

fn generated(text: &str) -> Generated {
    generate(text, &Options::default()).unwrap_or_else(|problems| panic!("{problems}\n{text}"))
}

/// The warnings of a run with these decisions.
fn warnings_with(text: &str, decisions: &str) -> Vec<String> {
    let options = Options {
        decisions: Decisions::parse("decisions.yaml", decisions).unwrap(),
        ..Options::default()
    };
    let it = generate(text, &options).unwrap_or_else(|problems| panic!("{problems}\n{text}"));
    it.log.warnings().iter().map(ToString::to_string).collect()
}

fn assert_has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "no `{part}` in:\n{text}");
    }
}

fn operation(rest: &str) -> String {
    format!("{HEAD}paths:\n  /it:\n    get:\n      operationId: get_it\n{rest}")
}

#[test]
fn schemas_without_constraints_leave_types_unchanged() {
    let it = generated(&format!(
        "{HEAD}paths: {{}}
components:
  schemas:
    A: {{oneOf: []}}
    B: {{allOf: []}}
    C: {{not: {{type: object}}}}
    D: {{type: object, properties: {{a: {{not: {{type: object}}}}, b: {{type: string, not: {{enum: [x]}}}}, c: {{anyOf: []}}}}}}
"
    ));
    assert_has(
        &it.files["models.rs"],
        &[
            "pub a: Option<Value>",
            "pub b: Option<String>",
            "pub c: Option<Value>",
        ],
    );
    let said: Vec<&str> = it.log.changes(Stage::CrossCheck).collect();
    assert_eq!(said, ["4 of 4 models agree"]);
}

#[test]
fn union_of_variants_with_the_same_scalar_type_becomes_that_type() {
    let text = operation(
        "      parameters:
        - {name: id, in: query, schema: {oneOf: [{type: string, format: uuid}, {$ref: '#/components/schemas/Name'}]}}
        - {name: count, in: query, schema: {anyOf: [{type: integer, maximum: 3}, {type: integer, minimum: 5}]}}
      responses: {200: {description: Done.}}
components: {schemas: {Name: {type: string, pattern: '^[a-z]+$'}}}
",
    );
    assert_has(
        &generated(&text).files["operations.rs"],
        &[
            "fn id(mut self, value: impl Into<String>)",
            "fn count(mut self, value: impl Into<i64>)",
        ],
    );
}

#[test]
fn json_body_is_sent_with_its_declared_media_type() {
    for (declared, sent) in [
        ("application/json-patch+json", "application/json-patch+json"),
        (
            "application/merge-patch+json; charset=utf-8",
            "application/merge-patch+json",
        ),
        ("'*/*'", "application/json"),
        ("application/json", "application/json"),
    ] {
        let it = generated(&operation(&format!(
            "      requestBody:
        content: {{{declared}: {{schema: {{type: object, properties: {{op: {{type: string}}}}}}}}}}
      responses: {{200: {{description: D.}}}}
"
        )));
        let body = it.api.operations[0].body.as_ref();
        assert_eq!(body.map(|body| body.media_type.as_str()), Some(sent));
    }
}

/// Whatever is wrong with it: a type that is not supported, a dangling reference, a key.
#[test]
fn errors_in_a_left_out_operation_do_not_refuse_the_document() {
    let text = format!(
        "{HEAD}paths:
  /a/{{gone}}:
    get:
      operationId: bad
      tags: 7
      parameters: [{{$ref: '#/components/parameters/Gone'}}]
      responses: {{200: {{description: D., content: {{text/plain: {{schema: {{type: text}}}}}}}}}}
  /b:
    get: {{operationId: good, responses: {{200: {{description: D.}}}}}}
"
    );
    assert!(generate(&text, &Options::default()).is_err());
    let decisions = "- {operation: bad, leave_out: The server does not have it yet.}";
    let options = Options {
        decisions: Decisions::parse("decisions.yaml", decisions).unwrap(),
        ..Options::default()
    };
    let it = generate(&text, &options).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(it.api.operations.len(), 1);
    let said: Vec<&str> = it.log.changes(Stage::Select).collect();
    assert_eq!(said[0], "left out bad: The server does not have it yet.");
}

#[test]
fn operation_without_an_id_is_named_after_its_method_and_path() {
    let it = generated(&format!(
        "{HEAD}paths:
  /wallets/{{id}}/balances:
    get:
      parameters: [{{name: id, in: path, required: true, schema: {{type: string}}}}]
      responses: {{200: {{description: D.}}}}
"
    ));
    assert_has(
        &it.files["client.rs"],
        &["pub fn get_wallets_id_balances(&self)"],
    );
    let said: Vec<&str> = it.log.changes(Stage::Load).collect();
    assert_eq!(
        said,
        [
            "/paths/~1wallets~1{id}~1balances/get: it has no operationId: it is get_wallets_id_balances"
        ]
    );
}

#[test]
fn nullable_response_body_becomes_an_option() {
    let responses = |schema: &str| {
        operation(&format!(
            "      responses: {{200: {{description: D., content: {{application/json: {{schema: {schema}}}}}}}}}
components:
  schemas:
    N: {{type: object, nullable: true, properties: {{x: {{type: string}}}}}}
    P: {{type: object, properties: {{x: {{type: string}}}}}}
"
        ))
    };
    for (schema, model) in [
        ("{$ref: '#/components/schemas/N'}", "N"),
        (
            "{allOf: [{$ref: '#/components/schemas/P'}], nullable: true}",
            "GetIt200Response",
        ),
        (
            "{type: array, nullable: true, items: {type: string}}",
            "GetIt200Response",
        ),
        (
            "{type: object, nullable: true, properties: {y: {type: string}}}",
            "GetIt200Response",
        ),
    ] {
        let it = generated(&responses(schema));
        let result = format!("CallFuture<Response<Option<models::{model}>>>");
        assert_has(&it.files["operations.rs"], &[&result]);
    }
    let it = generated(&responses("{$ref: '#/components/schemas/P'}"));
    assert_has(
        &it.files["operations.rs"],
        &["CallFuture<Response<models::P>>"],
    );
}

#[test]
fn required_read_only_or_write_only_property_is_optional_in_a_shared_model() {
    let it = generated(&format!(
        "{HEAD}paths:
  /it:
    post:
      operationId: add_it
      requestBody: {{required: true, content: {{application/json: {{schema: {{$ref: '#/components/schemas/Both'}}}}}}}}
      responses: {{200: {{description: D., content: {{application/json: {{schema: {{$ref: '#/components/schemas/Both'}}}}}}}}}}
  /other:
    get:
      operationId: get_other
      responses: {{200: {{description: D., content: {{application/json: {{schema: {{$ref: '#/components/schemas/Given'}}}}}}}}}}
components:
  schemas:
    Both:
      type: object
      required: [id, key, name]
      properties: {{id: {{type: string, readOnly: true}}, key: {{type: string, writeOnly: true}}, name: {{type: string}}}}
    Given:
      type: object
      required: [id, key]
      properties: {{id: {{type: string, readOnly: true}}, key: {{type: string, writeOnly: true}}}}
"
    ));
    assert_has(
        &it.files["models.rs"],
        &["Both { 0 id?, 1 key?, 2 name }", "Given { 0 id, 1 key? }"],
    );
}

#[test]
fn openapi_version_without_a_patch_number_is_accepted() {
    let text = operation("      responses: {200: {description: D.}}\n");
    for version in ["3.0", "'3.0'", "3.0.0"] {
        generated(&text.replace("3.0.3", version));
    }
}

#[test]
fn control_characters_and_code_in_descriptions_are_escaped() {
    let it = generated(&operation(
        "      summary: \"Ends */ with \\\\\"
      description: \"~~~\\nunclosed {0}\\u202e\\u0000\\nnot rust\"
      responses: {200: {description: \"ok\\r\\nline\\rother\\u0007\"}}
",
    ));
    let client = &it.files["client.rs"];
    assert_has(
        client,
        &["/// ```text\n    /// unclosed {0}\n    /// not rust\n    /// ```"],
    );
    for text in it.files.values() {
        let odd = |c: char| c.is_control() && c != '\n';
        assert!(!text.contains(odd), "{text}");
    }
}

#[test]
fn null_setter_of_a_property_named_type_is_type_null() {
    let it = generated(&format!(
        "{HEAD}paths:
  /it:
    post:
      operationId: add_it
      requestBody: {{required: true, content: {{application/json: {{schema: {{$ref: '#/components/schemas/N'}}}}}}}}
      responses: {{200: {{description: D.}}}}
components: {{schemas: {{N: {{type: object, properties: {{type: {{type: string, nullable: true}}}}}}}}}}
"
    ));
    assert_has(&it.files["models.rs"], &["pub fn type_null(mut self)"]);
}

/// What is read as the base may be any of its heirs: nothing of them is lost.
#[test]
fn base_schema_with_a_discriminator_becomes_a_union_of_derived_schemas() {
    for (union, mapping) in [
        (
            "",
            ", mapping: {cat: '#/components/schemas/Cat', dog: '#/components/schemas/Dog'}",
        ),
        (
            "oneOf: [{$ref: '#/components/schemas/Cat'}, {$ref: '#/components/schemas/Dog'}], ",
            ", mapping: {cat: '#/components/schemas/Cat', dog: '#/components/schemas/Dog'}",
        ),
        ("", ""),
    ] {
        let it = generated(&format!(
            "{HEAD}paths:
  /it:
    get:
      operationId: get_it
      responses: {{200: {{description: D., content: {{application/json: {{schema: {{type: array, items: {{$ref: '#/components/schemas/Pet'}}}}}}}}}}}}
components:
  schemas:
    Pet: {{type: object, {union}required: [kind, name], properties: {{kind: {{type: string}}, name: {{type: string}}}}, discriminator: {{propertyName: kind{mapping}}}}}
    Cat: {{allOf: [{{$ref: '#/components/schemas/Pet'}}, {{type: object, required: [lives], properties: {{lives: {{type: integer}}}}}}]}}
    Dog: {{allOf: [{{$ref: '#/components/schemas/Pet'}}, {{type: object, properties: {{bark: {{type: string}}}}}}]}}
"
        ));
        let models = &it.files["models.rs"];
        let (cat, dog) = if mapping.is_empty() {
            ("Cat", "Dog")
        } else {
            ("cat", "dog")
        };
        let union = format!("Cat(Cat) = \"{cat}\", Dog(Dog) = \"{dog}\"");
        assert_has(
            models,
            &[
                "Pet, Unknown, \"kind\" {",
                &union,
                "Cat { 0 kind, 1 name, 2 lives }",
                "Dog { 0 kind, 1 name, 2 bark? }",
            ],
        );
        assert_eq!(it.log.raw_pointers(), [""; 0]);
    }
}

/// A server may send what the mapping says, or what the variant itself allows.
#[test]
fn discriminator_mapping_that_contradicts_an_enum_warns_and_accepts_both_values() {
    let text = format!(
        "{HEAD}paths: {{}}
components:
  schemas:
    Pet:
      oneOf: [{{$ref: '#/components/schemas/Cat'}}, {{$ref: '#/components/schemas/Dog'}}]
      discriminator: {{propertyName: kind, mapping: {{cat: '#/components/schemas/Cat', DOG: '#/components/schemas/Dog'}}}}
    Cat: {{type: object, required: [kind], properties: {{kind: {{type: string, enum: [cat]}}}}}}
    Dog: {{type: object, required: [kind], properties: {{kind: {{type: string, enum: [dog]}}}}}}
"
    );
    let it = generated(&text);
    let union = "Cat(Cat) = \"cat\", Dog(Dog) = \"DOG\" | \"dog\"";
    assert_has(&it.files["models.rs"], &[union]);
    let said: Vec<&str> = it.log.changes(Stage::Unions).collect();
    let contradiction = "the mapping maps `DOG` to Dog, whose `kind` allows only `dog`";
    assert_has(&said.join("\n"), &[contradiction]);
    let options = Options {
        strict: true,
        ..Options::default()
    };
    let refused = generate(&text, &options)
        .map(|_| ())
        .unwrap_err()
        .to_string();
    assert_has(&refused, &[contradiction]);
    let entry = "- {pointer: \"/components/schemas/Pet/discriminator\", set: {\"mapping\": \
                 {\"cat\":\"#/components/schemas/Cat\",\"dog\":\"#/components/schemas/Dog\"}}, \
                 reason: \"the reason\"}";
    assert_has(&refused, &[entry]);
    assert_eq!(warnings_with(&text, entry), [""; 0]);
}
