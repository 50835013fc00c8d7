//! Describes models.

use super::operation::{back, required_or_optional, shown};
use super::site::Site;
use super::text::{code, line, prose, table};
use crate::api::{
    Bounds, Enum, Field, Model, ModelId, ModelKind, Object, Rest, Side, Type, Union, Variant,
};
use crate::print::example;
use crate::print::rust_type::RustType;

/// The page of a model.
pub(super) fn page(site: &Site<'_>, id: ModelId) -> String {
    let model = site.api.model(id);
    let mut parts = vec![format!("# {}", model.rust)];
    parts.extend(described(site, id, 2));
    parts.push(back(&model.rust));
    parts.retain(|part| !part.is_empty());
    parts.join("\n\n")
}

/// A section for each of these models. `title` is the title of the page.
pub(super) fn sections(site: &Site<'_>, ids: &[ModelId], title: &str) -> String {
    let mut parts = Vec::new();
    for id in ids {
        if let Some(anchor) = &site.place(*id).anchor {
            parts.push(format!("<a id=\"{anchor}\"></a>"));
        }
        parts.push(format!("### {}", site.api.model(*id).rust));
        parts.extend(described(site, *id, 4));
        parts.push(back(title));
    }
    parts.retain(|part| !part.is_empty());
    parts.join("\n\n")
}

/// The description of a model, in headings of this level.
fn described(site: &Site<'_>, id: ModelId, level: usize) -> Vec<String> {
    let model = site.api.model(id);
    let heading = "#".repeat(level);
    let mut parts = Vec::new();
    parts.extend(model.description.as_deref().map(prose));
    if model.deprecated {
        parts.push("**Deprecated:** Cobo may remove this model.".to_owned());
    }
    let path = format!("{}::models::{}", site.names.library, model.rust);
    parts.push(format!("In Rust: {}.", code(&path)));
    parts.extend(content(site, model, &heading));
    if let Some(program) = example::build(site.api, id, site.names) {
        parts.push(format!("{heading} Example\n\n```rust,no_run\n{program}```"));
    }
    let value = example::json(site.api, id);
    parts.push(format!(
        "{heading} Example in JSON\n\n```json\n{value:#}\n```"
    ));
    let uses = uses(site, id);
    if !uses.is_empty() {
        parts.push(format!("{heading} Used by\n\n{}", uses.join("\n")));
    }
    parts
}

/// The contents of a model.
fn content(site: &Site<'_>, model: &Model, heading: &str) -> Vec<String> {
    match &model.kind {
        ModelKind::Object(object) => fields(site, object, heading),
        ModelKind::StringEnum(open) => values(open, heading, |value| match value.trim() {
            "" => format!("{value:?}"),
            _ => value.clone(),
        }),
        ModelKind::IntegerEnum(open) => values(open, heading, i64::to_string),
        ModelKind::Union(union) => variants(site, union, heading),
        ModelKind::Wrapper(ty) => vec![format!(
            "Wraps a value of the type {}.",
            site.type_link(&RustType::of(ty))
        )],
    }
}

fn fields(site: &Site<'_>, object: &Object, heading: &str) -> Vec<String> {
    let rows = object.fields.iter().map(|field| self::field(site, field));
    let rows = rows.chain(object.rest.as_ref().map(|rest| self::rest(site, rest)));
    let table = table(&["Name", "Type", "Description", "Notes"], rows);
    let mut parts = vec![format!("{heading} Fields\n\n{}", table.trim_end())];
    if object.fields.iter().any(|field| field.secret) {
        parts.push(
            "`Debug` does not show a secret; **`Serialize` writes it**, since requests carry it."
                .to_owned(),
        );
    }
    if object.fields.iter().any(|field| field.bounds.is_some()) {
        parts.push("A response that fails one of the checks is an error.".to_owned());
    }
    parts
}

fn field(site: &Site<'_>, field: &Field) -> Vec<String> {
    let required = field.presence.is_required();
    let may_be_null = field.presence.is_nullable();
    let mut notes = vec![required_or_optional(required).to_owned()];
    if field.rust != field.wire {
        notes.push(format!("in JSON {}", code(&field.wire)));
    }
    match &field.constant {
        Some(value) => notes.push(format!("always {}, which the builder sets", code(value))),
        None if field.setter != field.rust => {
            notes.push(format!("set by {}", code(&field.setter)));
        }
        None => {}
    }
    notes.extend(field.side.map(|side| match side {
        Side::Requests => "in requests only".to_owned(),
        Side::Responses => "in responses only".to_owned(),
    }));
    if field.secret {
        notes.push("secret".to_owned());
    }
    if field.deprecated {
        notes.push("deprecated".to_owned());
    }
    notes.extend(field.bounds.map(|bounds| match bounds {
        Bounds::NotEmpty => "checked: not empty".to_owned(),
        Bounds::AtLeast(least) => format!("checked: at least {least}"),
    }));
    if may_be_null {
        notes.push("may be `null`".to_owned());
    }
    notes.extend(field.example.as_ref().map(shown));
    vec![
        format!("**{}**", field.rust),
        site.type_link(&RustType::field(field)),
        field.description.as_deref().map(line).unwrap_or_default(),
        notes.join("; "),
    ]
}

fn rest(site: &Site<'_>, rest: &Rest) -> Vec<String> {
    vec![
        format!("**{}**", rest.rust),
        site.type_link(&RustType::map(&rest.ty)),
        "All properties that have no separate field.".to_owned(),
        String::new(),
    ]
}

fn values<T>(open: &Enum<T>, heading: &str, text: impl Fn(&T) -> String) -> Vec<String> {
    let rows = open.values.iter().map(|value| {
        vec![
            code(&text(&value.value)),
            code(&value.rust),
            value.description.as_deref().map(line).unwrap_or_default(),
        ]
    });
    let table = table(&["Value", "Variant", "Description"], rows);
    vec![
        format!("{heading} Values\n\n{}", table.trim_end()),
        format!(
            "A value that is not in this list is kept in {}, and written back unchanged.",
            code(&open.unknown)
        ),
    ]
}

fn variants(site: &Site<'_>, union: &Union, heading: &str) -> Vec<String> {
    let selector = union.discriminator.as_deref().map(code);
    let rows = union
        .variants
        .iter()
        .map(|variant| self::variant(site, union, variant));
    let column = match &selector {
        Some(name) => name.clone(),
        None => "Required properties".to_owned(),
    };
    let table = table(&["Variant", "Type", &column, "Description"], rows);
    let by = match selector {
        Some(name) => format!("The property {name} selects the variant."),
        None if union.variants.iter().all(|variant| variant.object) => {
            "The properties of a value select the variant.".to_owned()
        }
        None => "The JSON type and the properties of a value select the variant.".to_owned(),
    };
    vec![
        format!("{heading} Variants\n\n{}", table.trim_end()),
        format!(
            "{by} A value of no variant is kept in {}, and written back unchanged.",
            code(&union.unknown)
        ),
    ]
}

fn variant(site: &Site<'_>, union: &Union, variant: &Variant) -> Vec<String> {
    let names = match union.discriminator {
        Some(_) => &variant.tags,
        None => &variant.required,
    };
    let names: Vec<String> = names.iter().map(|name| code(name)).collect();
    let description = site.api.model(variant.model).description.as_deref();
    vec![
        code(&variant.rust),
        site.type_link(&RustType::Model(variant.model)),
        names.join(", "),
        description.map(line).unwrap_or_default(),
    ]
}

/// The operations that take or return the model.
fn uses(site: &Site<'_>, id: ModelId) -> Vec<String> {
    let mut lines = Vec::new();
    for page in &site.pages {
        for operation in site.operations(page) {
            let mut parameters = operation.parameters.iter();
            let is_parameter = parameters.any(|parameter| Type::model(&parameter.ty) == Some(id));
            let is_body = operation.body.as_ref().is_some_and(|body| body.model == id);
            if is_parameter || is_body {
                lines.push(format!("- {} takes it", page.link(operation)));
            }
            if operation.success.model == Some(id) {
                lines.push(format!("- {} returns it", page.link(operation)));
            }
        }
    }
    lines
}
