//! Names that collide, or that Rust does not have.

use super::{HEAD, assert_has, generated, operation};

#[test]
fn tags_with_the_same_reserved_module_name_are_numbered() {
    let it = generated(&format!(
        "{HEAD}paths:
  /p: {{get: {{operationId: a, tags: [default], responses: {{200: {{description: D.}}}}}}}}
  /q: {{get: {{operationId: b, tags: [Default], responses: {{200: {{description: D.}}}}}}}}
  /r: {{get: {{operationId: c, tags: [DEFAULT], responses: {{200: {{description: D.}}}}}}}}
"
    ));
    let modules: Vec<&str> = it.api.tags.iter().map(|tag| tag.module.as_str()).collect();
    assert_eq!(modules, ["default_tag", "default_tag2", "default_tag3"]);
}

/// A letter or digit to Unicode, and none in a name.
#[test]
fn characters_invalid_in_rust_identifiers_are_dropped() {
    let text = operation(
        "      responses: {200: {description: D., content: {application/json: {schema: {type: object, properties: {area_m²: {type: number}, ⓐ: {type: string}}}}}}}
",
    );
    assert_has(
        &generated(&text).files["models.rs"],
        &["0 area_m = \"area_m²\"?, 1 x = \"ⓐ\"?"],
    );
}

#[test]
fn generated_operation_ids_are_unique() {
    let it = generated(&format!(
        "{HEAD}paths:
  /it/{{id}}: {{get: {{parameters: [{{name: id, in: path, required: true, schema: {{type: string}}}}], responses: {{200: {{description: D.}}}}}}}}
  /it/id: {{get: {{responses: {{200: {{description: D.}}}}}}}}
  /other: {{get: {{operationId: getItId, responses: {{200: {{description: D.}}}}}}}}
"
    ));
    let ids: Vec<&str> = it
        .api
        .operations
        .iter()
        .map(|operation| operation.id.as_str())
        .collect();
    assert_eq!(ids, ["get_it_id2", "get_it_id3", "getItId"]);
}

#[test]
fn names_of_generated_items_and_crates_are_reserved() {
    let it = generated(&format!(
        "{HEAD}paths:
  /p: {{get: {{operationId: endpoints, tags: [Cobo Auth], responses: {{200: {{description: D.}}}}}}}}
  /q: {{get: {{operationId: b, tags: [std], responses: {{200: {{description: D.}}}}}}}}
  /r: {{get: {{operationId: c, tags: [serde_json], responses: {{200: {{description: D.}}}}}}}}
"
    ));
    assert_eq!(it.api.operations[0].entry, "ENDPOINTS_");
    let modules: Vec<&str> = it.api.tags.iter().map(|tag| tag.module.as_str()).collect();
    assert_eq!(modules, ["cobo_auth_tag", "std_tag", "serde_json_tag"]);
}

#[test]
fn modules_of_tags_that_are_one_keyword_are_in_snake_case() {
    let it = generated(&format!(
        "{HEAD}paths:
  /p: {{get: {{operationId: a, tags: [mod], responses: {{200: {{description: D.}}}}}}}}
  /q: {{get: {{operationId: b, tags: [Mod], responses: {{200: {{description: D.}}}}}}}}
  /r: {{get: {{operationId: c, tags: [MOD], responses: {{200: {{description: D.}}}}}}}}
"
    ));
    let modules: Vec<&str> = it.api.tags.iter().map(|tag| tag.module.as_str()).collect();
    assert_eq!(modules, ["mod_", "mod_tag", "mod_tag2"]);
}

/// An author of a document must not be able to write code: ends of comments, quotes and new lines
/// in ids, names, tags, titles and texts.
#[test]
fn names_and_texts_that_end_a_comment_never_become_code() {
    let it = generated(
        r##"openapi: 3.0.3
info: {title: "H\n*/ fn e0() {}", version: "1.0\n*/ fn e1() {}"}
tags: [{name: "T\n*/ fn e2() {}", description: "*/ fn e3() {}"}]
paths:
  /h:
    get:
      operationId: "get*/\nfn e4() {}\n/*"
      summary: "\n*/ fn e5() {} /* \"]"
      description: "```rust\nfn e6() {}\n``` #![doc = \"x\"]"
      tags: ["T\n*/ fn e2() {}"]
      parameters: [{name: "q\n*/ fn e7() {} /*", in: query, schema: {type: string}}]
      responses: {"200": {description: "D\n*/ fn e8() {}", content: {application/json: {schema: {$ref: "#/components/schemas/A"}}}}}
components:
  schemas:
    A:
      type: object
      required: ["a\n*/ fn e9() {} /*"]
      properties:
        "a\n*/ fn e9() {} /*": {type: string}
        "b\r\n": {type: string, enum: ["v\n*/ fn e10() {}", "*/"], x-enumDescriptions: {"*/": "*/ fn e11() {} /*"}}
    "Bad\n*/ Name": {type: object, properties: {x: {type: string}}}
"##,
    );
    for (path, text) in &it.files {
        let file = syn::parse_file(text).unwrap();
        let is_fn = |item: &&syn::Item| matches!(item, syn::Item::Fn(_));
        assert_eq!(file.items.iter().filter(is_fn).count(), 0, "{path}: {text}");
    }
}
