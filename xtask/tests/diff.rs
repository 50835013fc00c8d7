//! The comparison of two documents.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that fails may panic"
)]

use serde_json::{Value, json};
use xtask::api::Api;
use xtask::diff::{Change, Class, Surface, changes, json, markdown, text};
use xtask::report::Log;
use xtask::stage::transforms::transform;
use xtask::stage::{Options, load};

#[path = "diff/marks.rs"]
mod marks;

fn document(root: &Value) -> Surface {
    let (options, mut log) = (Options::default(), Log::default());
    let mut document = load::read(root.to_string().as_bytes(), "it.json", &options).unwrap();
    transform(&mut document, &options, &mut log).unwrap();
    Surface::of(&Api::of(&document, &mut log))
}

/// Two operations: one that reads and one that writes.
fn base() -> Value {
    serde_json::from_str(include_str!("diff/shops.json")).unwrap()
}

/// The changes that an edit of the tiny document makes.
fn after(edit: impl FnOnce(&mut Value)) -> Vec<String> {
    let old = base();
    let mut new = old.clone();
    edit(&mut new);
    lines(&changes(&document(&old), &document(&new)))
}

fn lines(changes: &[Change]) -> Vec<String> {
    let written = text(changes);
    written.lines().skip(1).map(str::to_owned).collect()
}

/// What a pointer points to.
fn at<'a>(root: &'a mut Value, pointer: &str) -> &'a mut Value {
    root.pointer_mut(pointer).unwrap()
}

fn object<'a>(root: &'a mut Value, pointer: &str) -> &'a mut serde_json::Map<String, Value> {
    at(root, pointer).as_object_mut().unwrap()
}

const ORDER: &str = "/components/schemas/Order/properties";
const GET: &str = "/paths/~1orders~1{id}/get";
const PUT: &str = "/paths/~1orders~1{id}/put";

#[test]
fn diff_reports_added_removed_and_moved_operations() {
    let found = after(|root| {
        let put = object(root, "/paths/~1orders~1{id}").remove("put").unwrap();
        *at(root, "/paths") = json!({
            "/orders/{id}": at(root, "/paths/~1orders~1{id}").clone(),
            "/orders/{id}/content": {"put": put},
        });
        at(root, GET)["deprecated"] = json!(true);
        at(root, GET)["tags"] = json!(["Shops"]);
    });
    insta::assert_debug_snapshot!("diff_operations_moved", found);
    let found = after(|root| {
        let mut put = object(root, "/paths/~1orders~1{id}").remove("put").unwrap();
        put["operationId"] = json!("drop_order");
        object(root, "/paths/~1orders~1{id}").insert("delete".into(), put);
        at(root, GET)["operationId"] = json!("read_order");
    });
    insta::assert_debug_snapshot!("diff_operations_added", found);
}

#[test]
fn diff_reports_parameter_changes() {
    let found = after(|root| {
        let parameters = at(root, GET)["parameters"].as_array_mut().unwrap();
        parameters[1]["required"] = json!(true);
        parameters[1]["deprecated"] = json!(true);
        parameters[1]["schema"] = json!({"type": "string"});
        parameters.push(
            json!({"name": "must", "in": "query", "required": true, "schema": {"type": "string"}}),
        );
        parameters.push(json!({"name": "may", "in": "header", "schema": {"type": "array", "items": {"type": "string"}}}));
    });
    insta::assert_debug_snapshot!("diff_parameters", found);
    let gone = after(|root| {
        at(root, GET)["parameters"]
            .as_array_mut()
            .unwrap()
            .remove(1);
    });
    let expected = [
        "operation get_order",
        "  breaking   query.page: removed (i64)",
    ];
    assert_eq!(gone, expected);
}

#[test]
fn diff_classifies_field_changes_by_request_and_response_use() {
    let found = after(|root| {
        at(root, ORDER)["added"] = json!({"type": "integer"});
        at(root, ORDER)["needed"] = json!({"type": "boolean"});
        object(root, ORDER).remove("labels");
        at(root, "/components/schemas/Order")["required"] = json!(["note", "needed"]);
        at(root, ORDER)["note"]["nullable"] = json!(true);
        at(root, ORDER)["note"]["deprecated"] = json!(true);
        at(root, ORDER)["lines"]["items"]["properties"]["count"] = json!({"type": "number"});
    });
    insta::assert_debug_snapshot!("diff_fields", found);
}

#[test]
fn swapped_documents_give_the_reverse_diff() {
    let mut new = base();
    at(&mut new, ORDER)["note"]["nullable"] = json!(true);
    at(&mut new, ORDER)["note"]["deprecated"] = json!(true);
    at(&mut new, GET)["deprecated"] = json!(true);
    at(&mut new, GET)["parameters"][1]["required"] = json!(true);
    at(&mut new, GET)["parameters"][1]["deprecated"] = json!(true);
    at(&mut new, PUT)["requestBody"]["required"] = json!(true);
    at(&mut new, PUT)["responses"]["204"] = at(&mut new, GET)["responses"]["200"].clone();
    let found = changes(&document(&new), &document(&base()));
    insta::assert_debug_snapshot!("diff_back", lines(&found));
}

#[test]
fn diff_reports_enum_and_union_changes() {
    let found = after(|root| {
        at(root, ORDER)["status"]["enum"] = json!(["open", "lost"]);
        let mapping = object(root, "/components/schemas/Buyer/discriminator/mapping");
        mapping.remove("company");
        mapping.insert("state".into(), json!("#/components/schemas/State"));
        at(root, "/components/schemas/Buyer")["oneOf"] = json!([
            {"$ref": "#/components/schemas/State"}, {"$ref": "#/components/schemas/Person"}]);
        at(root, "/components/schemas")["State"] =
            json!({"type": "object", "properties": {"kind": {"type": "string"}}});
        at(root, "/components/schemas/Person/properties")["age"] = json!({"type": "integer"});
    });
    insta::assert_debug_snapshot!("diff_unions", found);
    let told = after(|root| {
        at(root, "/components/schemas/Buyer/discriminator")["propertyName"] = json!("type");
    });
    insta::assert_debug_snapshot!("diff_discriminator", told);
}

#[test]
fn diff_matches_untagged_union_variants_by_their_type() {
    let text = json!({"type": "string"});
    let amount = json!({"type": "object", "properties": {"amount": {"type": "string"}}});
    let mut old = base();
    at(&mut old, ORDER)["note"] = json!({"oneOf": [text, amount]});
    let mut new = old.clone();
    at(&mut new, ORDER)["note"] = json!({"anyOf": [
        {"type": "object", "properties": {"amount": {"type": "string"}, "unit": {"type": "string"}}},
        {"type": "boolean"},
        text,
    ]});
    insta::assert_debug_snapshot!(
        "diff_untagged",
        lines(&changes(&document(&old), &document(&new)))
    );
}

#[test]
fn diff_reports_body_and_media_type_changes() {
    let found = after(|root| {
        at(root, PUT)["requestBody"] = json!({"required": true, "content": {"multipart/form-data": {
            "schema": {"$ref": "#/components/schemas/Order"}}}});
        at(root, PUT)["responses"]["204"] = at(root, GET)["responses"]["200"].clone();
        at(root, GET)["requestBody"] =
            json!({"content": {"application/json": {"schema": {"type": "object"}}}});
        object(root, GET).insert("responses".into(), json!({"200": {"description": "none"}}));
    });
    insta::assert_debug_snapshot!("diff_bodies", found);
    let gone = after(|root| {
        object(root, PUT).remove("requestBody");
    });
    let expected = [
        "operation put_order",
        "  breaking   request: removed (Order)",
    ];
    assert_eq!(gone[..2], expected);
}

#[test]
fn models_unused_by_operations_are_compared_by_name() {
    let found = after(|root| {
        at(root, "/components/schemas/Event/properties")["at"] = json!({"type": "integer"});
        at(root, "/components/schemas")["Alarm"] =
            json!({"type": "object", "properties": {"level": {"type": "integer"}}});
    });
    let unused = "used by no request and no successful response";
    let expected = [
        &format!("model Alarm, {unused}"),
        "  compatible added (object)",
        "             level: i64, optional",
        &format!("model Event, {unused}"),
        "  compatible at: added (i64, optional)",
    ];
    assert_eq!(found, expected);
    let gone = after(|root| {
        object(root, "/components/schemas").remove("Event");
    });
    let expected = [
        &format!("model Event, {unused}"),
        "  breaking   removed (object)",
    ];
    assert_eq!(gone, expected);
}

/// A document of the folder of faults, in a form that this repository has.
fn things() -> Value {
    json!({
        "openapi": "3.0.3",
        "info": {"title": "Things", "version": "1"},
        "paths": {"/things": {
            "get": {"operationId": "get_thing", "responses": {
                "200": {"description": "", "content": {"application/json": {
                    "schema": {"$ref": "#/components/schemas/Thing"}}}},
                "400": {"description": "", "content": {"application/json": {
                    "schema": {"$ref": "#/components/schemas/Failure"}}}},
            }},
            "post": {"operationId": "make_thing", "requestBody": {"required": true, "content": {
                "application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}},
                "responses": {"204": {"description": ""}}},
        }},
        "components": {"schemas": {
            "Failure": {"type": "object", "required": ["code"], "properties": {
                "code": {"type": "integer"}, "text": {"type": "string"}}},
            "Thing": {"type": "object", "required": ["id"], "properties": {
                "id": {"type": "string"}, "key": {"type": "string"},
                "part": {"$ref": "#/components/schemas/Part"}}},
            "Part": {"type": "object", "properties": {"size": {"type": "integer"}}},
        }},
    })
}

/// The changes that an edit of [`things`] makes, without the first line.
fn edited(edit: impl FnOnce(&mut Value)) -> Vec<Change> {
    let mut new = things();
    edit(&mut new);
    changes(&document(&things()), &document(&new))
}

#[test]
fn model_used_only_in_error_responses_is_compared() {
    let found = edited(|root| {
        object(root, "/components/schemas/Failure/properties").remove("text");
    });
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].class, Class::Breaking);
    assert!(text(&found).contains("  breaking   text: removed (String)"));
}

#[test]
fn renamed_model_is_one_breaking_change() {
    let found = edited(|root| {
        let part = object(root, "/components/schemas").remove("Part").unwrap();
        at(root, "/components/schemas")["Piece"] = part;
        at(root, "/components/schemas/Thing/properties/part")["$ref"] =
            json!("#/components/schemas/Piece");
    });
    // Once, and not again at each place that names the type.
    assert_eq!(found.len(), 1);
    let expected = "  breaking   renamed, from Part to Piece\n";
    assert!(text(&found).contains(expected), "{}", text(&found));
}

#[test]
fn model_change_is_reported_once_with_all_affected_operations() {
    let found = edited(|root| {
        object(root, "/components/schemas/Part/properties").remove("size");
        at(root, "/components/schemas/Part/properties")["weight"] = json!({"type": "integer"});
    });
    let places: Vec<_> = found.iter().map(|change| change.path.as_str()).collect();
    assert_eq!(places, ["size", "weight"]);
    for change in &found {
        assert_eq!(change.operations, ["get_thing", "make_thing"]);
    }
}

#[test]
fn stored_api_surface_reads_back_unchanged() {
    for root in [base(), things()] {
        let surface = document(&root);
        assert_eq!(Surface::read(&surface.write()), Some(surface));
        assert_eq!(Surface::read(&root.to_string()), None);
    }
}

#[test]
fn description_order_and_bounds_changes_are_not_reported_by_diff() {
    let found = after(|root| {
        at(root, ORDER)["note"] = json!({
            "type": "string", "description": "x", "maxLength": 3, "default": "y", "example": "z"});
        at(root, "/components/schemas/Order")["required"] = json!(["id"]);
        at(root, GET)["summary"] = json!("Get");
        at(root, GET)["responses"]["400"] = json!({"description": "new"});
    });
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn diff_is_printed_as_text_markdown_and_json() {
    let mut new = base();
    object(&mut new, ORDER).remove("note");
    at(&mut new, ORDER)["status"]["enum"] = json!(["open", "done", "late"]);
    at(&mut new, "/info")["version"] = json!("2");
    let new = document(&new);
    let found = changes(&document(&base()), &new);
    insta::assert_snapshot!("diff_text", text(&found));
    insta::assert_snapshot!("diff_markdown", markdown(&found, &new.version));
    insta::assert_snapshot!("diff_json", json(&found));
    assert_eq!(text(&[]), "no difference that a caller sees\n");
    assert_eq!(json(&[]), "[]\n");
}

#[test]
fn diff_terminates_on_recursive_schemas() {
    let mut old = base();
    at(&mut old, "/components/schemas")["Person"] = json!({"type": "object", "properties": {
        "kind": {"type": "string"}, "self": {"$ref": "#/components/schemas/Person"},
        "list": {"type": "array", "items": {"$ref": "#/components/schemas/Buyer"}}}});
    let mut new = old.clone();
    at(&mut new, "/components/schemas/Person/properties")["age"] = json!({"type": "integer"});
    let (old, new) = (document(&old), document(&new));
    assert!(changes(&old, &old).is_empty());
    assert_eq!(changes(&old, &new).len(), 1);
}
