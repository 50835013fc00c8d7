//! Refuses what would generate, and then not compile or do something else than the document says.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::catalog::{Bounds, Catalog, Field, Location, Operation};
use crate::document::{Document, at};
use crate::refusal::Refusals;
use crate::rust_name;
use crate::schema::meant;

pub(super) fn check(document: &Document, catalog: &Catalog) -> Result<(), Refusals> {
    let mut refusals = Refusals::default();
    let schemas = "/components/schemas";
    let models = catalog
        .models
        .iter()
        .map(|model| (rust_name::model(&model.name), &model.name));
    for (rust, name) in twice(models) {
        let reason = format!("another schema is named `{rust}` in Rust as well");
        refusals.push(document.refuse(&at(schemas, name), reason));
    }
    for model in &catalog.models {
        let properties = at(&at(schemas, &model.name), "properties");
        let fields = model
            .fields
            .iter()
            .map(|field| (rust_name::field(&field.name), &field.name));
        for (rust, name) in twice(fields) {
            let reason = format!("another property is named `{rust}` in Rust as well");
            refusals.push(document.refuse(&at(&properties, name), reason));
        }
        for field in &model.fields {
            if let Some(reason) = unchecked(field) {
                refusals.push(document.refuse(&at(&properties, &field.name), reason));
            }
        }
    }
    let ids = catalog
        .operations
        .iter()
        .map(|operation| (rust_name::method(operation), operation));
    for (rust, operation) in twice(ids) {
        let reason = format!("another operation is named `{rust}` in Rust as well");
        refusals.push(document.refuse(&pointer(document, operation), reason));
    }
    for operation in &catalog.operations {
        for reason in parameters(document, operation) {
            refusals.push(document.refuse(&pointer(document, operation), reason));
        }
    }
    refusals.or(())
}

fn pointer(document: &Document, operation: &Operation) -> String {
    document
        .operations()
        .find(|place| {
            place.path == operation.path && place.method.eq_ignore_ascii_case(&operation.method)
        })
        .map(|place| place.pointer())
        .unwrap_or_default()
}

/// Every name after the first that is equal to an earlier one.
fn twice<T: Copy>(names: impl Iterator<Item = (String, T)>) -> Vec<(String, T)> {
    let mut seen = BTreeMap::new();
    names
        .filter(|(name, _)| seen.insert(name.clone(), ()).is_some())
        .collect()
}

/// Why the bounds of a property that has `x-cobo-checked` would not be enforced.
fn unchecked(field: &Field) -> Option<&'static str> {
    let text = |key| field.schema.get(key).and_then(Value::as_str);
    match field.checked? {
        Bounds::AtLeast(_) if !matches!(text("format"), None | Some("int64")) => {
            Some("`x-cobo-checked` on an integer takes the format `int64` only")
        }
        Bounds::NotEmpty if field.schema.get("enum").is_some() => {
            Some("an enum cannot have `x-cobo-checked`")
        }
        _ => None,
    }
}

fn parameters(document: &Document, operation: &Operation) -> Vec<String> {
    let mut reasons = Vec::new();
    let names = operation
        .parameters
        .iter()
        .map(|parameter| (rust_name::parameter(parameter), parameter.name.as_str()));
    for (rust, name) in twice(names) {
        reasons.push(format!(
            "parameter `{name}`: another one is named `{rust}` in Rust as well"
        ));
    }
    for parameter in &operation.parameters {
        let rust = rust_name::parameter(parameter);
        if ["new", "send"].contains(&rust.as_str()) {
            reasons.push(format!(
                "parameter `{rust}` has the name of a method of every builder"
            ));
        }
        if rust == "body" && operation.body.is_some() {
            reasons.push("parameter `body` stands beside a request body".to_owned());
        }
        if parameter.location == Location::Header && !is_token(&parameter.name) {
            reasons.push(format!(
                "`{}` cannot be the name of a header",
                parameter.name
            ));
        }
        let schema = meant(document, &parameter.schema);
        let one = schema.and_then(|schema| schema.get("items")).or(schema);
        let one = one.and_then(|schema| meant(document, schema));
        let in_text = parameter.location != Location::Query || one != schema;
        if in_text && one.is_some_and(|schema| !is_scalar(schema)) {
            reasons.push(format!(
                "parameter `{}` is not text, a number, or a list of such",
                rust
            ));
        } else if one.is_some_and(|schema| schema.get("properties").is_some()) {
            reasons.push(format!(
                "parameter `{rust}` is an object: give each of its properties a parameter, or leave \
                 the operation out with --decisions"
            ));
        }
    }
    for name in template_names(&operation.path) {
        let known = |parameter: &crate::catalog::Parameter| {
            parameter.location == Location::Path && parameter.name == name
        };
        if !operation.parameters.iter().any(known) {
            reasons.push(format!(
                "the path names `{name}`, and there is no such path parameter"
            ));
        }
    }
    reasons
}

fn template_names(path: &str) -> impl Iterator<Item = &str> {
    path.split('{')
        .skip(1)
        .filter_map(|rest| rest.split('}').next())
}

/// Whether the schema's type in Rust can be written as text.
fn is_scalar(schema: &Value) -> bool {
    let kind = schema.get("type").and_then(Value::as_str);
    matches!(kind, Some("string" | "integer" | "number" | "boolean"))
}

/// A token of RFC 9110.
fn is_token(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}
