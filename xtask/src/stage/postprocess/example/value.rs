//! Values for examples: the document's where it has one that fits, else made up from the type.

use quote::ToTokens;
use serde_json::Value;
use syn::Type;

use super::shape::{Shape, Shapes};
use crate::catalog::{Catalog, Model};
use crate::stage::postprocess::tree;

/// Models within models are written out this far.
const DEPTH: usize = 4;

pub(super) struct Values<'a> {
    shapes: &'a Shapes,
    catalog: &'a Catalog,
    crate_name: &'a str,
    /// Whether an expression names a model.
    pub(super) uses_models: bool,
    /// Name and type of what could not be made up and has to come from outside.
    pub(super) arguments: Vec<(String, String)>,
}

/// Whether a setter converts what it is given.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    Converted,
    Exact,
}

impl<'a> Values<'a> {
    pub(super) fn new(shapes: &'a Shapes, catalog: &'a Catalog, crate_name: &'a str) -> Self {
        Self {
            shapes,
            catalog,
            crate_name,
            uses_models: false,
            arguments: Vec::new(),
        }
    }

    /// An argument for a setter. What is required and cannot be made up becomes an argument of the
    /// example itself.
    pub(super) fn of(
        &mut self,
        name: &str,
        ty: Option<&Type>,
        example: Option<&Value>,
        required: bool,
    ) -> Option<String> {
        let ty = ty?;
        if let Some(value) = self.expression(ty, example, Form::Converted, DEPTH) {
            return Some(value);
        }
        required.then(|| self.outside(name, ty))
    }

    /// An argument for the setter of a body: a builder, filled in.
    pub(super) fn body(&mut self, name: &str, ty: &Type) -> String {
        let value = match self.shapes.of(ty) {
            Some(Shape::Object(_)) => self.builder(ty, DEPTH),
            _ => self.expression(ty, None, Form::Converted, DEPTH),
        };
        value.unwrap_or_else(|| self.outside(name, ty))
    }

    fn outside(&mut self, name: &str, ty: &Type) -> String {
        let ty = ty
            .to_token_stream()
            .to_string()
            .replace(' ', "")
            .replace(',', ", ");
        let ty = if ty.starts_with("models::") || ty.contains("<models::") {
            ty.replace("models::", &format!("{}::models::", self.crate_name))
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
        if let Some(item) = tree::argument_of(ty, "Vec") {
            let items = match example {
                Some(Value::Array(items)) if !items.is_empty() => items.iter().map(Some).collect(),
                // A list that is written as its one item.
                other => vec![other.filter(|other| !other.is_array())],
            };
            let items = items
                .into_iter()
                .map(|example| self.expression(item, example, Form::Exact, depth))
                .collect::<Option<Vec<String>>>()?;
            return Some(format!("vec![{}]", items.join(", ")));
        }
        if let Some(inner) = tree::argument_of(ty, "Box") {
            let inner = self.expression(inner, example, Form::Exact, depth)?;
            return Some(if form == Form::Exact {
                format!("Box::new({inner})")
            } else {
                inner
            });
        }
        if let Some(shape) = self.shapes.of(ty) {
            let shape = shape.clone();
            return self.model(ty, &shape, example, depth);
        }
        let segments = tree::type_segments(ty);
        let name = segments.last()?.as_str();
        match (name, segments.len()) {
            ("String", _) => {
                let text = quoted(example);
                Some(if form == Form::Exact {
                    format!("{text}.to_owned()")
                } else {
                    text
                })
            }
            ("Secret", _) => {
                let text = quoted(example);
                let exact = form == Form::Exact;
                Some(if exact {
                    format!("{}::Secret::from({text})", self.crate_name)
                } else {
                    text
                })
            }
            ("bool", 1) => Some(example.and_then(Value::as_bool).unwrap_or(true).to_string()),
            ("i8" | "i16" | "i32" | "i64" | "u8" | "u16" | "u32" | "u64", 1) => {
                Some(integer(name, example))
            }
            ("f32" | "f64", 1) => {
                let number = example.and_then(Value::as_f64).unwrap_or(1.0);
                Some(format!(
                    "{number:?}{}",
                    if name == "f32" { "_f32" } else { "" }
                ))
            }
            _ => None,
        }
    }

    fn model(
        &mut self,
        ty: &Type,
        shape: &Shape,
        example: Option<&Value>,
        depth: usize,
    ) -> Option<String> {
        let depth = depth.checked_sub(1)?;
        let name = tree::type_segments(ty).pop()?;
        let value = match shape {
            Shape::Object(_) => {
                let builder = self.builder(ty, depth)?;
                let break_line = if builder.contains('\n') { "\n    " } else { "" };
                format!("{builder}{break_line}.build()?")
            }
            Shape::Values(values) => {
                let given = example.and_then(Value::as_str);
                let found = values
                    .iter()
                    .find(|(_, value)| Some(value.as_str()) == given);
                let (variant, _) = found.or_else(|| values.first())?;
                format!("models::{name}::{variant}")
            }
            Shape::Wrapper(inner) => {
                let inner = self.expression(inner, example, Form::Exact, depth)?;
                format!("models::{name}({inner})")
            }
            Shape::Union(variant, inner) => {
                let inner = self.expression(inner, None, Form::Exact, depth)?;
                format!("models::{name}::{variant}({inner})")
            }
        };
        self.uses_models = true;
        Some(value)
    }

    /// A builder with what is required and what has an example.
    fn builder(&mut self, ty: &Type, depth: usize) -> Option<String> {
        let name = tree::type_segments(ty).pop()?;
        let Some(Shape::Object(properties)) = self.shapes.of(ty).cloned() else {
            return None;
        };
        let model = self.catalog_model(&name);
        let mut lines = vec![format!("models::{name}::builder()")];
        for property in &properties {
            let field = model.and_then(|model| {
                model
                    .fields
                    .iter()
                    .find(|field| field.name == property.wire)
            });
            let example = field.and_then(|field| field.example.as_ref());
            let deprecated = field.is_some_and(|field| field.deprecated);
            if !property.required && (example.is_none() || deprecated) {
                continue;
            }
            match self.expression(&property.ty, example, Form::Converted, depth) {
                Some(value) => lines.push(setter(&property.name, &value)),
                None if property.required => return None,
                None => {}
            }
        }
        self.uses_models = true;
        // One setter may fit on the line of its builder.
        let length: usize = lines.iter().map(String::len).sum();
        if lines.len() == 2 && length < 60 && !lines.iter().any(|line| line.contains('\n')) {
            return Some(lines.concat());
        }
        Some(lines.join("\n").replace('\n', "\n    "))
    }

    fn catalog_model(&self, name: &str) -> Option<&'a Model> {
        self.catalog.model_of_type(name)
    }
}

/// A call of a setter, over several lines where its argument has several.
pub(super) fn setter(name: &str, value: &str) -> String {
    if value.contains('\n') {
        format!(".{name}(\n    {},\n)", value.replace('\n', "\n    "))
    } else {
        format!(".{name}({value})")
    }
}

/// The example as a string literal. An example that the document does not quote is text as well.
fn quoted(example: Option<&Value>) -> String {
    match example {
        Some(Value::String(text)) => format!("{text:?}"),
        Some(value @ (Value::Number(_) | Value::Bool(_))) => format!("{:?}", value.to_string()),
        _ => "\"text\"".to_owned(),
    }
}

fn integer(ty: &str, example: Option<&Value>) -> String {
    let number = match example {
        Some(Value::Number(number)) => number.as_i128(),
        Some(Value::String(text)) => text.parse().ok(),
        _ => None,
    };
    let bits: u32 = ty[1..].parse().unwrap_or(64);
    let (least, most) = match ty.as_bytes().first() {
        Some(b'u') => (0, (1_i128 << bits) - 1),
        _ => (-(1_i128 << (bits - 1)), (1_i128 << (bits - 1)) - 1),
    };
    let number = number
        .filter(|number| (least..=most).contains(number))
        .unwrap_or(1);
    // The default type of a literal converts into `i64` only.
    if ["i32", "i64"].contains(&ty) && i32::try_from(number).is_ok() {
        number.to_string()
    } else {
        format!("{number}_{ty}")
    }
}
