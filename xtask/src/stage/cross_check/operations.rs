//! Compares operations and the members of unions with the reading of the parser that progenitor
//! uses.

use std::collections::BTreeSet;

use openapiv3::{Operation, Parameter, PathItem, ReferenceOr, Schema, SchemaKind, StatusCode};
use serde_json::Value;

use super::{DEFECT, Stage};
use crate::api::{self, Api, Location, ModelKind, Union, Variant};
use crate::decisions::leaving_out;
use crate::diagnostic::Diagnostics;
use crate::document::{Document, at, entries, schema_name};
use crate::report::Log;

/// Refuses each operation that the two readings see differently. Progenitor reads `plain`.
pub(super) fn run(
    document: &Document,
    plain: &Document,
    api: &Api,
    log: &mut Log,
    problems: &mut Diagnostics,
) {
    let mut agreed = 0;
    for (path, item) in entries(plain.root.get("paths")) {
        let item = match serde_json::from_value::<PathItem>(resolved(plain, item)) {
            Ok(item) => item,
            Err(reason) => {
                let pointer = at("/paths", path);
                let text =
                    format!("{pointer} is not cross-checked: progenitor cannot read it: {reason}");
                log.change(Stage::CrossCheck, text);
                continue;
            }
        };
        for (method, second) in item.iter() {
            let pointer = at(&at("/paths", path), method);
            let first = api.operations.iter().find(|operation| {
                operation.path == *path && operation.method.eq_ignore_ascii_case(method)
            });
            let found = match first {
                Some(first) => differences(document, api, first, second),
                None => vec!["only progenitor has it".to_owned()],
            };
            agreed += usize::from(found.is_empty());
            for difference in found {
                let problem = document.error(&pointer, reason(&difference));
                problems.push(match first {
                    Some(first) => problem.mended_by(leaving_out(&first.id)),
                    None => problem.mended_by(DEFECT),
                });
            }
        }
    }
    if !api.operations.is_empty() {
        let text = format!("{agreed} of {} operations agree", api.operations.len());
        log.change(Stage::CrossCheck, text);
    }
    for model in &api.models {
        let schema = plain.root.pointer(&model.pointer);
        if let (ModelKind::Union(union), Some(schema)) = (&model.kind, schema) {
            for difference in members(api, union, schema) {
                let problem = document.error(&model.pointer, reason(&difference));
                problems.push(problem.mended_by(DEFECT));
            }
        }
    }
}

fn reason(difference: &str) -> String {
    format!("two readings of it differ, which is a defect of the generator: {difference}")
}

/// The path item with its operations' parameters, bodies and responses in place of references.
fn resolved(document: &Document, item: &Value) -> Value {
    let mut item = item.clone();
    let operations = item
        .as_object_mut()
        .into_iter()
        .flat_map(|map| map.iter_mut());
    for (_, operation) in operations {
        for key in ["parameters", "responses"] {
            match operation.get_mut(key) {
                Some(Value::Array(list)) => {
                    list.iter_mut().for_each(|value| resolve(document, value));
                }
                Some(Value::Object(map)) => {
                    map.values_mut().for_each(|value| resolve(document, value));
                }
                _ => {}
            }
        }
        if let Some(body) = operation.get_mut("requestBody") {
            resolve(document, body);
        }
    }
    item
}

fn resolve(document: &Document, value: &mut Value) {
    if let Some(target) = document.resolve(value) {
        *value = target.clone();
    }
}

fn differences(
    document: &Document,
    api: &Api,
    first: &api::Operation,
    second: &Operation,
) -> Vec<String> {
    let mut found = Vec::new();
    let mut compare = |what: &str, first: String, second: String| {
        if first != second {
            found.push(format!("{what}: {first}, and {second} to progenitor"));
        }
    };
    compare(
        "its id",
        first.id.clone(),
        second.operation_id.clone().unwrap_or_default(),
    );
    let ours = first.parameters.iter().map(|parameter| {
        let place = match parameter.location {
            Location::Path => "path",
            Location::Query => "query",
            Location::Header => "header",
        };
        (place, parameter.wire.as_str(), parameter.required)
    });
    let theirs = second
        .parameters
        .iter()
        .filter_map(|parameter| match parameter {
            ReferenceOr::Item(parameter) => Some(parameter),
            ReferenceOr::Reference { .. } => None,
        });
    let theirs = theirs.map(|parameter| {
        let data = parameter.parameter_data_ref();
        let place = match parameter {
            Parameter::Path { .. } => "path",
            Parameter::Query { .. } => "query",
            Parameter::Header { .. } => "header",
            Parameter::Cookie { .. } => "cookie",
        };
        (place, data.name.as_str(), data.required || place == "path")
    });
    compare(
        "its parameters",
        format!("{:?}", ours.collect::<Vec<_>>()),
        format!("{:?}", theirs.collect::<Vec<_>>()),
    );
    let body = second.request_body.as_ref().and_then(ReferenceOr::as_item);
    let named = |id: api::ModelId| api.model(id).name.clone();
    compare(
        "its body",
        format!("{:?}", first.body.as_ref().map(|body| named(body.model))),
        format!(
            "{:?}",
            body.and_then(|body| body.content.values().next())
                .and_then(|media| name(media.schema.as_ref()?))
        ),
    );
    if let (Some(ours), Some(theirs)) = (&first.body, body) {
        // Where the document does not say so, a body that requires something is required.
        let pointer = at(&first.pointer, "requestBody");
        let declared = document.root.pointer(&pointer);
        let declared = declared.and_then(|body| document.resolve(body)?.get("required"));
        if declared.is_some() || theirs.required {
            compare(
                "whether its body is required",
                ours.required.to_string(),
                theirs.required.to_string(),
            );
        }
    }
    let success = second
        .responses
        .responses
        .iter()
        .find(|(status, _)| match status {
            StatusCode::Code(code) => (200..300).contains(code),
            StatusCode::Range(range) => *range == 2,
        });
    let success = success.and_then(|(_, response)| response.as_item());
    compare(
        "its success",
        format!("{:?}", first.success.model.map(named)),
        format!(
            "{:?}",
            success
                .and_then(|response| response.content.values().next())
                .and_then(|media| name(media.schema.as_ref()?))
        ),
    );
    found
}

/// The component that the schema refers to.
fn name(schema: &ReferenceOr<Schema>) -> Option<String> {
    match schema {
        ReferenceOr::Reference { reference } => schema_name(reference),
        ReferenceOr::Item(schema) => match &schema.schema_kind {
            SchemaKind::AllOf { all_of } if all_of.len() == 1 => name(&all_of[0]),
            _ => Some("a schema without a name".to_owned()),
        },
    }
}

/// The differences between the variants of a union and the members and tags that progenitor's parser
/// finds. Inline members have become components before. A mapping may add members, and may name
/// others in place of inlined copies.
fn members(api: &Api, union: &Union, schema: &Value) -> Vec<String> {
    let Ok(second) = serde_json::from_value::<Schema>(schema.clone()) else {
        return Vec::new();
    };
    let SchemaKind::OneOf { one_of } = second.schema_kind else {
        return Vec::new();
    };
    let listed: BTreeSet<String> = one_of.iter().filter_map(name).collect();
    let discriminator = second.schema_data.discriminator.unwrap_or_default();
    let mapping = discriminator.mapping.iter();
    let mapped: Vec<(&String, String)> = mapping
        .filter_map(|(tag, target)| Some((tag, schema_name(target)?)))
        .collect();
    let is_mapped = |name: &String| mapped.iter().any(|(_, target)| target == name);
    let variant = |variant: &Variant| api.model(variant.model).name.clone();
    let ours: BTreeSet<String> = union.variants.iter().map(variant).collect();
    let mut found = Vec::new();
    let complete = listed.is_subset(&ours) || ours.iter().all(is_mapped);
    let known = ours
        .iter()
        .all(|name| listed.contains(name) || is_mapped(name));
    if !(complete && known) {
        found.push(format!(
            "its variants: {ours:?}, and {listed:?} to progenitor"
        ));
    }
    let Some(property) = &union.discriminator else {
        return found;
    };
    if *property != discriminator.property_name {
        let theirs = &discriminator.property_name;
        found.push(format!(
            "its discriminator: {property}, and {theirs} to progenitor"
        ));
    }
    for (tag, target) in mapped.iter().filter(|(_, target)| ours.contains(target)) {
        let selects = |it: &&Variant| it.tags.contains(tag) && variant(it) == *target;
        if !union.variants.iter().any(|it| selects(&it)) {
            found.push(format!(
                "`{tag}`: another variant, and {target} to progenitor"
            ));
        }
    }
    found
}
