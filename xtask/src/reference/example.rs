//! Writes Rust examples from the document's examples: complete programs that compile.

use serde_json::Value;

use super::json;
use super::literal::{indented, integer, json_literal, literal};
use super::rust_type::RustType;
use super::site::{Api, Site};
use crate::catalog::{Body, Model, Operation, Parameter};
use crate::document::{entries, flag, items, schema_reference};
use crate::rust_name;

/// The maximum depth of models that are built; deeper ones are written as JSON.
const DEPTH: usize = 3;

/// A program that calls an operation with all required values and those that the document has an
/// example for.
pub(super) fn call(site: &Site<'_>, api: &Api<'_>, operation: &Operation) -> String {
    let mut writer = Writer::new(site);
    writer.deprecated = operation.deprecated;
    let mut setters = Vec::new();
    for parameter in &operation.parameters {
        if let Some(value) = writer.parameter(operation, parameter) {
            setters.push(format!(".{}({value})", rust_name::parameter(parameter)));
        }
    }
    let mut request = String::new();
    if let Some(body) = &operation.body {
        request = format!("\nlet request = {};\n", writer.body(body));
        setters.push(format!(
            ".{}(request)",
            rust_name::body(operation, &body.model)
        ));
    }
    let chain: Vec<String> = [format!(".{}()", rust_name::method(operation))]
        .into_iter()
        .chain(setters)
        .chain([".send()".to_owned(), ".await;".to_owned()])
        .collect();
    let name = format!("{}::{}", api.name, rust_name::method(operation));
    let client = &site.names.client;
    let main = format!(
        "\
// Replace <YOUR_APP_SECRET_IN_HEX> with the app's secret: 32 bytes in hexadecimal.
let signer = Ed25519Signer::from_hex(\"<YOUR_APP_SECRET_IN_HEX>\")?;
// This is the development environment. `Environment::production()` is the other one, and
// `Environment::custom` takes the URL of any host.
let client = {client}::new(cobo_auth::Client::new(Environment::development(), signer)?);
{request}
let result = client
{}

match result {{
    Ok(response) => println!(\"Response from `{name}`: {{response:?}}\"),
    Err(error) => {{
        eprintln!(\"Error when calling `{name}`: {{error}}\");
        eprintln!(\"HTTP status: {{:?}}, body: {{:?}}\", error.status(), error.body());
    }}
}}
Ok(())",
        indented(&chain.join("\n"), 4),
    );
    let allow = if writer.deprecated {
        "#![allow(deprecated)]\n\n"
    } else {
        ""
    };
    let models = if writer.models {
        format!("{{{client}, models}}")
    } else {
        client.clone()
    };
    format!(
        "{allow}use cobo_auth::{{Ed25519Signer, Environment}};\nuse {}::{models};\n\n\
         #[tokio::main]\nasync fn main() -> Result<(), Box<dyn std::error::Error>> {{\n{}\n}}\n",
        site.names.library,
        indented(&main, 4)
    )
}

/// A program that builds a model; `None` if the model has no builder.
pub(super) fn build(site: &Site<'_>, model: &Model) -> Option<String> {
    if !has_builder(model) {
        return None;
    }
    let mut writer = Writer::new(site);
    writer.deprecated = model.deprecated;
    let builder = writer.builder(model, &[]);
    let allow = if writer.deprecated {
        "#![allow(deprecated)]\n\n"
    } else {
        ""
    };
    let main = format!("let value = {builder}\n    .build()?;\nprintln!(\"{{value:?}}\");\nOk(())");
    Some(format!(
        "{allow}use {}::models;\n\n\
         fn main() -> Result<(), Box<dyn std::error::Error>> {{\n{}\n}}\n",
        site.names.library,
        indented(&main, 4)
    ))
}

/// Whether the generated code has a struct with named fields for the model.
pub(super) fn has_builder(model: &Model) -> bool {
    let composed = ["oneOf", "anyOf", "allOf"]
        .iter()
        .any(|key| model.schema.get(key).is_some());
    !model.fields.is_empty() && !composed
}

/// The values of a schema that is an enum of strings.
pub(super) fn enum_values(schema: &Value) -> Vec<&str> {
    let kind = schema.get("type").and_then(Value::as_str);
    if !matches!(kind, None | Some("string")) {
        return Vec::new();
    }
    items(schema.get("enum"))
        .filter_map(Value::as_str)
        .collect()
}

/// Whether the value is converted where it is used. Setters convert, lists do not.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Converted,
    Exact,
}

struct Writer<'a> {
    site: &'a Site<'a>,
    /// Whether an expression uses the `models` module.
    models: bool,
    /// Whether an expression uses a deprecated item.
    deprecated: bool,
}

impl<'a> Writer<'a> {
    fn new(site: &'a Site<'a>) -> Self {
        Self {
            site,
            models: false,
            deprecated: false,
        }
    }

    fn parameter(&mut self, operation: &Operation, parameter: &Parameter) -> Option<String> {
        let Parameter {
            name,
            schema,
            example,
            required,
            deprecated,
            ..
        } = parameter;
        if !required && (*deprecated || example.is_none()) {
            return None;
        }
        self.deprecated |= deprecated;
        let ty = RustType::of(schema, &format!("{}-{name}", operation.id));
        // Optional lists of unnamed types are left out, because their items would be guessed.
        if !required
            && matches!(&ty, RustType::List(item) if item.model().is_none() && **item != RustType::Text)
        {
            return None;
        }
        Some(self.value(&ty, schema, example.as_ref(), Form::Converted, &[]))
    }

    /// The builder of a body's model, or the model itself if it has no builder.
    fn body(&mut self, body: &Body) -> String {
        match self.site.model(&body.model) {
            Some(model) if has_builder(model) => {
                self.deprecated |= model.deprecated;
                self.builder(model, &[])
            }
            _ => {
                let target = schema_reference(&body.model);
                self.decoded(&RustType::Model(body.model.clone()), &target, None)
            }
        }
    }

    /// A builder with all required fields and those that have an example. `within` lists the
    /// enclosing models.
    fn builder(&mut self, model: &Model, within: &[&str]) -> String {
        self.models = true;
        let within: Vec<&str> = within
            .iter()
            .copied()
            .chain([model.name.as_str()])
            .collect();
        let mut out = format!("models::{}::builder()", rust_name::model(&model.name));
        for field in &model.fields {
            if !field.required && (field.deprecated || field.example.is_none()) {
                continue;
            }
            let ty = RustType::of(&field.schema, &format!("{}-{}", model.name, field.name));
            if !field.required && !is_simple(&ty) {
                continue;
            }
            self.deprecated |= field.deprecated;
            let nullable = field.required && flag(&field.schema, "nullable");
            let form = if nullable {
                Form::Exact
            } else {
                Form::Converted
            };
            let value = self.value(&ty, &field.schema, field.example.as_ref(), form, &within);
            let setter = match rust_name::field(&field.name).as_str() {
                "build" => "build_".to_owned(),
                name => name.to_owned(),
            };
            out.push_str(&format!("\n    .{setter}({})", hanging(&value)));
        }
        out
    }

    fn value(
        &mut self,
        ty: &RustType,
        schema: &Value,
        example: Option<&Value>,
        form: Form,
        within: &[&str],
    ) -> String {
        let json = || json::of_schema(self.site, schema, example);
        let exact = form == Form::Exact;
        match ty {
            RustType::Text | RustType::Secret => {
                let text = literal(json().as_str().unwrap_or("text"));
                match ty {
                    _ if !exact => text,
                    RustType::Secret => format!("cobo_auth::Secret::new({text})"),
                    _ => format!("{text}.to_owned()"),
                }
            }
            RustType::Integer(name) => integer(&json(), name),
            RustType::Number => match json().as_f64().unwrap_or(1.0) {
                // No literal preserves a fraction exactly, so it is decoded from JSON.
                number if number.fract() != 0.0 => self.decoded(ty, schema, example),
                number if exact => format!("cobo_auth::Number::from({number})"),
                number => number.to_string(),
            },
            RustType::Bool => json().as_bool().unwrap_or(true).to_string(),
            RustType::List(item) => self.list(item, schema, &json(), within),
            RustType::Map(of) => self.map(of, schema, &json(), within),
            RustType::Model(name) => self.model(ty, name, schema, example, form, within),
            RustType::Inline { is_enum: true, .. } => {
                let text = literal(json().as_str().unwrap_or("text"));
                if exact {
                    format!("{}::from({text})", self.named(ty))
                } else {
                    text
                }
            }
            RustType::Json => format!("serde_json::json!({})", json_literal(&json())),
            RustType::Object | RustType::Inline { .. } => self.decoded(ty, schema, example),
        }
    }

    fn list(&mut self, item: &RustType, schema: &Value, given: &Value, within: &[&str]) -> String {
        let schema = schema.get("items").unwrap_or(&Value::Null);
        // A model that contains itself would never end.
        let endless = item.model().is_some_and(|name| within.contains(&name));
        let items: Vec<String> = items(Some(given).filter(|_| !endless))
            .map(|example| self.value(item, schema, Some(example), Form::Exact, within))
            .collect();
        if items.is_empty() {
            return format!("Vec::<{}>::new()", self.named(item));
        }
        format!("vec![{}]", items.join(", "))
    }

    fn map(&mut self, of: &RustType, schema: &Value, given: &Value, within: &[&str]) -> String {
        let schema = schema.get("additionalProperties").unwrap_or(&Value::Null);
        let endless = of.model().is_some_and(|name| within.contains(&name));
        let pairs: Vec<String> = entries(Some(given).filter(|_| !endless))
            .map(|(key, example)| {
                let value = self.value(of, schema, Some(example), Form::Exact, within);
                format!("({}.to_owned(), {value})", literal(key))
            })
            .collect();
        let map = "std::collections::BTreeMap";
        if pairs.is_empty() {
            return format!("{map}::<String, {}>::new()", self.named(of));
        }
        format!("{map}::from([{}])", pairs.join(", "))
    }

    fn model(
        &mut self,
        ty: &RustType,
        name: &str,
        schema: &Value,
        example: Option<&Value>,
        form: Form,
        within: &[&str],
    ) -> String {
        let Some(model) = self.site.model(name) else {
            return self.decoded(ty, schema, example);
        };
        self.deprecated |= model.deprecated;
        if has_builder(model) && within.len() < DEPTH && !within.contains(&name) {
            return format!("{}\n    .build()?", self.builder(model, within));
        }
        let values = enum_values(&model.schema);
        let Some(first) = values.first() else {
            return self.decoded(ty, schema, example);
        };
        let given = example
            .or(model.schema.get("example"))
            .and_then(Value::as_str);
        let text = literal(given.unwrap_or(first));
        if form == Form::Exact {
            format!("{}::from({text})", self.named(ty))
        } else {
            text
        }
    }

    /// A value without a known constructor, decoded from JSON.
    fn decoded(&mut self, ty: &RustType, schema: &Value, example: Option<&Value>) -> String {
        let value = json_literal(&json::of_schema(self.site, schema, example));
        format!(
            "serde_json::from_value::<{}>(serde_json::json!({value}))?",
            self.named(ty)
        )
    }

    fn named(&mut self, ty: &RustType) -> String {
        let name = ty.full();
        self.models |= name.contains("models::");
        name
    }
}

/// Whether a value of the type fits on one line and is certainly valid.
fn is_simple(ty: &RustType) -> bool {
    match ty {
        RustType::List(item) => **item == RustType::Text,
        RustType::Inline { is_enum, .. } => *is_enum,
        RustType::Text | RustType::Secret | RustType::Integer(_) | RustType::Number => true,
        RustType::Bool => true,
        RustType::Map(_) | RustType::Model(_) | RustType::Object | RustType::Json => false,
    }
}

/// Formats an argument of several lines for an indented call.
fn hanging(value: &str) -> String {
    if value.contains('\n') {
        format!("\n{},\n    ", indented(value, 8))
    } else {
        value.to_owned()
    }
}
