//! Writes the page of a model.

use serde_json::Value;

use super::operation::{back, requiredness, shown, values};
use super::rust_type::RustType;
use super::site::Site;
use super::text::{code, line, prose, table};
use super::{example, json};
use crate::catalog::{Bounds, Field, Kind, Model};
use crate::document::{entries, flag, items, schema_name, text};
use crate::rust_name;

pub(super) fn page(site: &Site<'_>, model: &Model) -> String {
    let name = rust_name::model(&model.name);
    let mut parts = vec![format!("# {name}")];
    parts.extend(model.description.as_deref().map(prose));
    if model.deprecated {
        parts.push("**Deprecated:** Cobo may remove this model.".to_owned());
    }
    parts.push(format!(
        "In Rust: {}.",
        code(&format!("{}::models::{name}", site.names.library))
    ));
    parts.push(content(site, model));
    if site.is_in_requests(&model.name)
        && let Some(program) = example::build(site, model)
    {
        parts.push(format!("## Example\n\n```rust,no_run\n{program}```"));
    }
    let value = json::of_model(site, &model.name);
    parts.push(format!("## Example in JSON\n\n```json\n{value:#}\n```"));
    let uses = uses(site, &model.name);
    if !uses.is_empty() {
        parts.push(format!("## Used by\n\n{}", uses.join("\n")));
    }
    parts.push(back(&name));
    parts.retain(|part| !part.is_empty());
    parts.join("\n\n")
}

/// The description of a model's contents.
fn content(site: &Site<'_>, model: &Model) -> String {
    let schema = &model.schema;
    let mut parts = Vec::new();
    if !model.fields.is_empty() {
        let rows = model
            .fields
            .iter()
            .map(|field| self::field(site, model, field));
        let table = table(&["Name", "Type", "Description", "Notes"], rows);
        parts.push(format!("## Fields\n\n{}", table.trim_end()));
        if model.fields.iter().any(|field| field.secret) {
            parts.push(
                "`Debug` does not show a secret; **`Serialize` writes it**, since requests carry it."
                    .to_owned(),
            );
        }
    }
    if model.fields.iter().any(|field| field.checked.is_some()) {
        parts.push("A response that fails one of the checks is an error.".to_owned());
    }
    for (key, what) in [
        ("allOf", "All of"),
        ("oneOf", "One of"),
        ("anyOf", "Any of"),
    ] {
        let rows = items(schema.get(key)).map(|part| variant(site, model, part));
        let rows: Vec<Vec<String>> = rows.collect();
        if !rows.is_empty() {
            let table = table(&["Type", "Description", "Fields"], rows);
            parts.push(format!("## {what}\n\n{}", table.trim_end()));
        }
    }
    parts.extend(discriminator(site, schema));
    parts.extend(listed(model));
    if !example::enum_values(schema).is_empty() {
        parts.push(
            "A value that is not in this list is kept, and written back unchanged.".to_owned(),
        );
    }
    if parts.is_empty() {
        let ty = RustType::of(schema, &model.name);
        parts.push(format!(
            "Wraps a value of the type {}.",
            site.type_link(&ty, false)
        ));
    }
    parts.join("\n\n")
}

fn field(site: &Site<'_>, model: &Model, field: &Field) -> Vec<String> {
    let ty = RustType::of(&field.schema, &format!("{}-{}", model.name, field.name));
    let name = rust_name::field(&field.name);
    let mut notes = vec![requiredness(field.required).to_owned()];
    if name != field.name {
        notes.push(format!("in JSON {}", code(&field.name)));
    }
    if field.secret {
        notes.push("secret".to_owned());
    }
    if field.deprecated {
        notes.push("deprecated".to_owned());
    }
    match field.checked {
        Some(Bounds::NotEmpty) => notes.push("checked: not empty".to_owned()),
        Some(Bounds::AtLeast(least)) => notes.push(format!("checked: at least {least}")),
        None => {}
    }
    if flag(&field.schema, "nullable") {
        notes.push("may be `null`".to_owned());
    }
    notes.extend(values(&field.schema));
    notes.extend(field.example.as_ref().map(shown));
    let optional = !field.required || flag(&field.schema, "nullable");
    vec![
        format!("**{name}**"),
        site.type_link(&ty, optional),
        field.description.as_deref().map(line).unwrap_or_default(),
        notes.join("; "),
    ]
}

/// The description of a part of a union or `allOf`.
fn variant(site: &Site<'_>, model: &Model, part: &Value) -> Vec<String> {
    let ty = RustType::of(part, &model.name);
    let described = match ty.model().and_then(|name| site.model(name)) {
        Some(other) => other.description.clone(),
        None => text(part, "description"),
    };
    let link = match &ty {
        RustType::Inline { .. } => "an object".to_owned(),
        other => site.type_link(other, false),
    };
    let fields: Vec<String> = entries(part.get("properties"))
        .map(|(name, _)| code(name))
        .collect();
    vec![
        link,
        described.as_deref().map(line).unwrap_or_default(),
        fields.join(", "),
    ]
}

/// The property whose value selects the variant of a union.
fn discriminator(site: &Site<'_>, schema: &Value) -> Option<String> {
    let discriminator = schema.get("discriminator")?;
    let property = code(&text(discriminator, "propertyName")?);
    let rows = entries(discriminator.get("mapping")).filter_map(|(value, target)| {
        let target = target.as_str()?;
        let name = schema_name(target).unwrap_or_else(|| target.to_owned());
        Some(vec![code(value), site.link(&name)])
    });
    let rows: Vec<Vec<String>> = rows.collect();
    if rows.is_empty() {
        return Some(format!("The property {property} tells them apart."));
    }
    let table = table(&["Value", "Type"], rows);
    Some(format!(
        "The property {property} tells them apart:\n\n{}",
        table.trim_end()
    ))
}

/// The values of an enum: a table if some are described, else a list.
fn listed(model: &Model) -> Option<String> {
    let values: Vec<(String, Option<&str>)> = match &model.kind {
        Kind::StringEnum(values) => values
            .iter()
            .map(|value| {
                (
                    bare(&value.value.clone().into()),
                    value.description.as_deref(),
                )
            })
            .collect(),
        Kind::IntegerEnum(values) => values
            .iter()
            .map(|value| (bare(&value.value.into()), value.description.as_deref()))
            .collect(),
        _ => return None,
    };
    let shown = if values.iter().all(|(_, text)| text.is_none()) {
        let lines: Vec<String> = values
            .iter()
            .map(|(value, _)| format!("- {value}"))
            .collect();
        lines.join("\n")
    } else {
        let rows = values
            .into_iter()
            .map(|(value, text)| vec![value, text.map(line).unwrap_or_default()]);
        table(&["Value", "Description"], rows).trim_end().to_owned()
    };
    Some(format!("## Values\n\n{shown}"))
}

fn bare(value: &Value) -> String {
    match value.as_str() {
        Some(text) if !text.trim().is_empty() => code(text),
        _ => code(&value.to_string()),
    }
}

/// The operations that take or return the model.
fn uses(site: &Site<'_>, name: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for api in &site.apis {
        for operation in &api.operations {
            if operation
                .body
                .as_ref()
                .is_some_and(|body| body.model == name)
            {
                lines.push(format!("- {} takes it", api.link(operation)));
            }
            if operation.success.model.as_deref() == Some(name) {
                lines.push(format!("- {} returns it", api.link(operation)));
            }
        }
    }
    lines
}
