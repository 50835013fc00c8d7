//! The comparison of two documents.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that fails may panic"
)]

use serde_json::{Value, json};
use xtask::diff::{Change, changes, json, markdown, text};
use xtask::document::Document;

fn document(root: &Value) -> Document {
    Document::from_value("document", root.clone())
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
fn operations_come_and_go() {
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
fn parameters_change() {
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
    let gone = after(|root| *at(root, &format!("{GET}/parameters/1")) = json!({"$ref": "#/x"}));
    assert_eq!(gone, ["breaking   get_order query.page: removed (integer)"]);
}

#[test]
fn fields_change_for_requests_and_for_responses() {
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
fn the_other_way_round() {
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
fn enums_and_unions_change() {
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
fn unions_without_a_discriminator_are_told_by_what_they_are() {
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
fn bodies_and_media_types_change() {
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
    assert_eq!(gone, ["breaking   put_order request: removed"]);
}

#[test]
fn what_no_operation_reaches_is_compared_by_name() {
    let found = after(|root| {
        at(root, "/components/schemas/Event/properties")["at"] = json!({"type": "integer"});
        at(root, "/components/schemas")["Alarm"] =
            json!({"type": "object", "properties": {"level": {"type": "integer"}}});
    });
    let expected = [
        "compatible - models.Alarm: added",
        "compatible - models.Event.at: added (integer)",
    ];
    assert_eq!(found, expected);
    let gone = after(|root| {
        object(root, "/components/schemas").remove("Event");
    });
    assert_eq!(gone, ["breaking   - models.Event: removed"]);
}

#[test]
fn prose_order_bounds_and_names_are_no_difference() {
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
fn every_format() {
    let mut new = base();
    object(&mut new, ORDER).remove("note");
    at(&mut new, ORDER)["status"]["enum"] = json!(["open", "done", "late"]);
    at(&mut new, "/info")["version"] = json!("2");
    let new = document(&new);
    let found = changes(&document(&base()), &new);
    insta::assert_snapshot!("diff_text", text(&found));
    insta::assert_snapshot!("diff_markdown", markdown(&found, &new));
    insta::assert_snapshot!("diff_json", json(&found));
    assert_eq!(text(&[]), "no difference that a user sees\n");
    assert_eq!(json(&[]), "[]\n");
}

/// Schemas that are in themselves, by any way, and deep ones.
#[test]
fn what_is_in_itself_ends() {
    let mut old = base();
    at(&mut old, "/components/schemas")["Company"] = json!({"allOf": [
        {"$ref": "#/components/schemas/Company"}, {"$ref": "#/components/schemas/Loop"}]});
    at(&mut old, "/components/schemas")["Loop"] = json!({"$ref": "#/components/schemas/Loop"});
    at(&mut old, "/components/schemas")["Person"] = json!({"type": "object", "properties": {
        "kind": {"type": "string"}, "self": {"$ref": "#/components/schemas/Person"},
        "list": {"type": "array", "items": {"$ref": "#/components/schemas/Buyer"}}}});
    let mut deep = json!({"type": "string"});
    for _ in 0..2000 {
        deep = json!({"type": "array", "items": deep});
    }
    at(&mut old, ORDER)["note"] = deep;
    let mut new = old.clone();
    at(&mut new, "/components/schemas/Person/properties")["age"] = json!({"type": "integer"});
    let (old, new) = (document(&old), document(&new));
    assert!(changes(&old, &old).is_empty());
    let found = lines(&changes(&old, &new));
    assert!(!found.is_empty());
    // Nothing is dropped iteratively by `serde_json`.
    std::mem::forget((old, new));
}
