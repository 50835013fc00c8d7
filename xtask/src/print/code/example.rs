//! Generates examples of operations that compile as doctests, from the document's own examples.

use serde_json::Value;

use super::types::{From, Types};
use crate::api::{Api, Enum, Field, Model, ModelId, ModelKind, Operation, Presence, Type};
use crate::print::CrateNames;

/// The maximum depth of nested models in an example.
const DEPTH: usize = 4;

/// The example as a doctest, with the hidden lines that make it compile.
pub(super) fn doctest(api: &Api, operation: &Operation, names: &CrateNames) -> String {
    let mut values = Values {
        api,
        library: &names.library,
        uses_models: false,
        arguments: Vec::new(),
    };
    let call = values.call(operation);
    let library = &names.library;
    let mut out = String::new();
    if operation.deprecated {
        out.push_str("# #![allow(deprecated)]\n");
    }
    if values.uses_models {
        out.push_str(&format!("use {library}::models;\n"));
    }
    let mut inputs = vec![format!("client: &{library}::{}", names.client)];
    inputs.extend(
        values
            .arguments
            .iter()
            .map(|(name, ty)| format!("{name}: {ty}")),
    );
    out.push_str(&format!(
        "# async fn example({}) -> Result<(), {library}::Error> {{\n",
        inputs.join(", ")
    ));
    out.push_str(&call);
    out.push_str("# Ok(())\n# }\n");
    out
}

struct Values<'a> {
    api: &'a Api,
    library: &'a str,
    /// Whether an expression uses the `models` module.
    uses_models: bool,
    /// The names and types of values that cannot be invented, and become arguments of the example.
    arguments: Vec<(String, String)>,
}

/// Whether a setter converts its argument.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    Converted,
    Exact,
}

impl<'a> Values<'a> {
    /// The call, with all required values and those that the document has an example for.
    fn call(&mut self, operation: &Operation) -> String {
        let mut lines = vec![format!(".{}()", operation.rust)];
        for parameter in &operation.parameters {
            let example = parameter.example.as_ref();
            if !parameter.required && example.is_none() {
                continue;
            }
            let name = &parameter.rust;
            let value = self.expression(&parameter.ty, example, Form::Converted, DEPTH);
            let outside = || parameter.required.then_some(());
            match value {
                Some(value) => lines.push(setter(name, &value)),
                None if outside().is_some() => {
                    let value = self.outside(name, &parameter.ty);
                    lines.push(setter(name, &value));
                }
                None => {}
            }
        }
        if let Some(body) = operation.body.as_ref().filter(|body| body.required) {
            let value = match self.api.model(body.model).object() {
                Some(_) => self.builder(body.model, DEPTH),
                None => self.expression(&Type::Model(body.model), None, Form::Converted, DEPTH),
            };
            let value = value.unwrap_or_else(|| self.outside(&body.rust, &Type::Model(body.model)));
            lines.push(setter(&body.rust, &value));
        }
        lines.extend([".send()".to_owned(), ".await?;".to_owned()]);
        let call = lines
            .iter()
            .map(|line| format!("    {}\n", line.replace('\n', "\n    ")))
            .collect::<String>();
        format!("let response = client\n{call}")
    }

    fn outside(&mut self, name: &str, ty: &Type) -> String {
        let ty = Types::new(self.api, From::Operations).plain(ty);
        let ty = ty.to_string().replace(' ', "").replace(',', ", ");
        let ty = if ty.starts_with("models::") || ty.contains("<models::") {
            ty.replace("models::", &format!("{}::models::", self.library))
        } else {
            ty
        };
        self.arguments.push((name.to_owned(), ty));
        name.to_owned()
    }

    fn expression(
        &mut self,
        ty: &Type,
        example: Option<&Value>,
        form: Form,
        depth: usize,
    ) -> Option<String> {
        let exact = form == Form::Exact;
        match ty {
            Type::List(item) => {
                let items = match example {
                    Some(Value::Array(items)) if !items.is_empty() => {
                        items.iter().map(Some).collect()
                    }
                    // The document's example of a list may be a single item.
                    other => vec![other.filter(|other| !other.is_array())],
                };
                let items = items
                    .into_iter()
                    .map(|example| self.expression(item, example, Form::Exact, depth))
                    .collect::<Option<Vec<String>>>()?;
                Some(format!("vec![{}]", items.join(", ")))
            }
            Type::Model(id) => self.model(*id, example, depth),
            Type::String => {
                let text = quoted(example);
                Some(if exact {
                    format!("{text}.to_owned()")
                } else {
                    text
                })
            }
            Type::Secret => {
                let text = quoted(example);
                Some(if exact {
                    format!("{}::Secret::from({text})", self.library)
                } else {
                    text
                })
            }
            Type::Bool => Some(example.and_then(Value::as_bool).unwrap_or(true).to_string()),
            Type::Integer => Some(integer(example)),
            Type::Number | Type::File | Type::Json | Type::Map(_) | Type::OrNull(_) => None,
        }
    }

    fn model(&mut self, id: ModelId, example: Option<&Value>, depth: usize) -> Option<String> {
        let depth = depth.checked_sub(1)?;
        let Model { rust, kind, .. } = self.api.model(id);
        let value = match kind {
            ModelKind::Object(_) => {
                let builder = self.builder(id, depth)?;
                let break_line = if builder.contains('\n') { "\n    " } else { "" };
                format!("{builder}{break_line}.build()?")
            }
            ModelKind::StringEnum(open) => {
                let given = example.and_then(Value::as_str);
                variant(rust, open, |value| Some(value.as_str()) == given)?
            }
            ModelKind::IntegerEnum(open) => {
                let given = example.and_then(Value::as_str);
                variant(rust, open, |value| {
                    Some(value.to_string().as_str()) == given
                })?
            }
            ModelKind::Wrapper(inner) => {
                let inner = self.expression(inner, example, Form::Exact, depth)?;
                format!("models::{rust}({inner})")
            }
            ModelKind::Union(union) => {
                let first = union.variants.first()?;
                let ty = Type::Model(first.model);
                let inner = self.expression(&ty, None, Form::Exact, depth)?;
                format!("models::{rust}::{}(Box::new({inner}))", first.rust)
            }
        };
        self.uses_models = true;
        Some(value)
    }

    /// A builder call, with all required fields and those that have an example.
    fn builder(&mut self, id: ModelId, depth: usize) -> Option<String> {
        let model: &'a Model = self.api.model(id);
        let mut lines = vec![format!("models::{}::builder()", model.rust)];
        for field in &model.object()?.fields {
            if field.constant.is_some() {
                continue;
            }
            let Some(example) = wanted(field) else {
                continue;
            };
            let required = field.presence == Presence::Required;
            match (self.field(field, example, depth), &field.null_setter) {
                (Some(value), _) => lines.push(setter(&field.setter, &value)),
                (None, _) if required => return None,
                (None, Some(null)) if field.presence == Presence::OrNull => {
                    lines.push(format!(".{null}()"));
                }
                (None, _) => {}
            }
        }
        self.uses_models = true;
        // A single short setter stays on the line of its builder.
        let length: usize = lines.iter().map(String::len).sum();
        if lines.len() == 2 && length < 60 && !lines.iter().any(|line| line.contains('\n')) {
            return Some(lines.concat());
        }
        Some(lines.join("\n").replace('\n', "\n    "))
    }

    fn field(&mut self, field: &Field, example: Option<&Value>, depth: usize) -> Option<String> {
        if field.presence == Presence::Nullable {
            return None;
        }
        self.expression(&field.ty, example, Form::Converted, depth)
    }
}

/// Whether a model's example sets the field (outer `Option`), and the document's value, if any.
fn wanted(field: &Field) -> Option<Option<&Value>> {
    let example = field.example.as_ref();
    let required = matches!(field.presence, Presence::Required | Presence::OrNull);
    (required || (example.is_some() && !field.deprecated)).then_some(example)
}

/// The variant that the document's example names, or the first.
fn variant<T>(model: &str, open: &Enum<T>, is_given: impl Fn(&T) -> bool) -> Option<String> {
    let given = open.values.iter().find(|value| is_given(&value.value));
    let variant = &given.or_else(|| open.values.first())?.rust;
    Some(format!("models::{model}::{variant}"))
}

/// A call of a setter, on several lines if its argument has several.
fn setter(name: &str, value: &str) -> String {
    if value.contains('\n') {
        format!(".{name}(\n    {},\n)", value.replace('\n', "\n    "))
    } else {
        format!(".{name}({value})")
    }
}

/// The example as a string literal. An unquoted scalar in the document is converted to text.
fn quoted(example: Option<&Value>) -> String {
    match example {
        Some(Value::String(text)) => format!("{text:?}"),
        Some(value @ (Value::Number(_) | Value::Bool(_))) => format!("{:?}", value.to_string()),
        _ => "\"text\"".to_owned(),
    }
}

fn integer(example: Option<&Value>) -> String {
    let number = match example {
        Some(Value::Number(number)) => number.as_i64(),
        Some(Value::String(text)) => text.parse().ok(),
        _ => None,
    };
    let number = number.unwrap_or(1);
    // An unsuffixed literal defaults to `i32`.
    if i32::try_from(number).is_ok() {
        number.to_string()
    } else {
        format!("{number}_i64")
    }
}
