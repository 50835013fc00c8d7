//! Writes samples as Rust expressions.

use super::literal::{indented, integer, json_literal, literal};
use super::sample::Sample;
use crate::api::{Api, Field, ModelId, ModelKind, Type};
use crate::print::rust_type::{RustType, last};

/// Whether a value is converted where it is used. Setters convert, lists do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Converted,
    Exact,
}

pub(super) struct Writer<'a> {
    api: &'a Api,
    /// Whether an expression uses the `models` module.
    pub(super) models: bool,
    /// Whether an expression uses a deprecated item.
    pub(super) deprecated: bool,
}

impl<'a> Writer<'a> {
    pub(super) fn new(api: &'a Api) -> Self {
        Self {
            api,
            models: false,
            deprecated: false,
        }
    }

    pub(super) fn value(&mut self, sample: &Sample, form: Form) -> String {
        let exact = form == Form::Exact;
        match sample {
            Sample::Text(text) if exact => format!("{}.to_owned()", literal(text)),
            Sample::Secret(text) if exact => {
                format!("cobo_auth::Secret::new({})", literal(text))
            }
            Sample::Text(text) | Sample::Secret(text) => literal(text),
            Sample::Bool(value) => value.to_string(),
            Sample::Integer(number) => integer(*number),
            Sample::Number(digits) => match digits.parse() {
                Ok(number) if exact => format!("cobo_auth::Number::from({})", integer(number)),
                Ok(number) => integer(number),
                // No literal keeps a fraction exactly.
                Err(_) => format!("{}.parse::<cobo_auth::Number>()?", literal(digits)),
            },
            Sample::Date(text) => format!("{}.parse::<cobo_auth::Date>()?", literal(text)),
            Sample::File => "cobo_auth::File::new(\"file.txt\", \"content\")".to_owned(),
            Sample::Json(value) => format!("serde_json::json!({})", json_literal(value)),
            Sample::OrNull(_, Some(value)) => format!("Some({})", self.value(value, Form::Exact)),
            Sample::OrNull(ty, None) => format!("None::<{}>", self.named(ty)),
            Sample::List(item, items) => self.list(item, items),
            Sample::Map(of, entries) => self.map(of, entries),
            // A setter takes the builder.
            Sample::Object(..) if !exact => self.builder(sample),
            Sample::Object(..) => {
                let builder = self.builder(sample);
                let separator = if builder.contains('\n') { "\n    " } else { "" };
                format!("{builder}{separator}.build()?")
            }
            Sample::Enum(id, index) => {
                let model = self.mark(*id);
                let variant = match (&self.api.model(*id).kind, index) {
                    (ModelKind::StringEnum(open), Some(index)) => open.values[*index].rust.clone(),
                    (ModelKind::IntegerEnum(open), Some(index)) => open.values[*index].rust.clone(),
                    (ModelKind::IntegerEnum(open), None) => format!("{}(1)", open.unknown),
                    (ModelKind::StringEnum(open), None) => {
                        format!("{}(\"text\".to_owned())", open.unknown)
                    }
                    _ => String::new(),
                };
                format!("{model}::{variant}")
            }
            Sample::Wrapper(id, held) => {
                let held = self.value(held, Form::Exact);
                format!("{}({held})", self.mark(*id))
            }
            // A setter takes the builder of a variant.
            Sample::Union(id, index, _, held) if !exact && self.converts(*id, *index, held) => {
                self.builder(held)
            }
            Sample::Union(id, index, _, held) => {
                let held = self.value(held, Form::Exact);
                let model = self.mark(*id);
                let variant = match &self.api.model(*id).kind {
                    ModelKind::Union(union) => union.variants[*index].rust.as_str(),
                    _ => "",
                };
                format!("{model}::{variant}(Box::new({}))", hanging(&held))
            }
            Sample::Unknown(id) => {
                let model = self.mark(*id);
                let unknown = match &self.api.model(*id).kind {
                    ModelKind::Union(union) => union.unknown.as_str(),
                    _ => "",
                };
                format!("{model}::{unknown}(serde_json::json!({{}}))")
            }
        }
    }

    /// Whether the builder of a variant converts into the union.
    fn converts(&self, id: ModelId, index: usize, held: &Sample) -> bool {
        match &self.api.model(id).kind {
            ModelKind::Union(union) => {
                matches!(held, Sample::Object(..)) && union.converts(&union.variants[index])
            }
            _ => false,
        }
    }

    /// The builder of an object, or of a variant of a union, with its setters and without `build`.
    pub(super) fn builder(&mut self, sample: &Sample) -> String {
        let Sample::Object(id, set) = sample else {
            let form = match sample {
                Sample::Union(..) => Form::Converted,
                _ => Form::Exact,
            };
            return self.value(sample, form);
        };
        let mut lines = vec![format!("{}::builder()", self.mark(*id))];
        let object = self.api.model(*id).object();
        let fields: &[Field] = object.map(|object| &object.fields[..]).unwrap_or_default();
        for (index, value) in set {
            let field = &fields[*index];
            // The builder sets it.
            if field.constant.is_some() {
                continue;
            }
            self.deprecated |= field.deprecated;
            let line = match (value, &field.null_setter) {
                (Some(value), _) => setter(&field.setter, &self.value(value, Form::Converted)),
                (None, Some(null)) => format!(".{null}()"),
                (None, None) => continue,
            };
            lines.push(line);
        }
        // A single short setter stays on the line of its builder.
        let length: usize = lines.iter().map(String::len).sum();
        if lines.len() == 2 && length < 60 && !lines.iter().any(|line| line.contains('\n')) {
            return lines.concat();
        }
        lines.join("\n").replace('\n', "\n    ")
    }

    fn list(&mut self, item: &Type, items: &[Sample]) -> String {
        let items: Vec<String> = items
            .iter()
            .map(|item| self.value(item, Form::Exact))
            .collect();
        if items.is_empty() {
            return format!("Vec::<{}>::new()", self.named(item));
        }
        if items.iter().any(|item| item.contains('\n')) {
            return format!("vec![\n{},\n]", indented(&items.join(",\n"), 4));
        }
        format!("vec![{}]", items.join(", "))
    }

    fn map(&mut self, of: &Type, entries: &[(String, Sample)]) -> String {
        let (map, of) = match of {
            Type::Json => ("serde_json::Map", "String, serde_json::Value".to_owned()),
            of => (
                "std::collections::BTreeMap",
                format!("String, {}", self.named(of)),
            ),
        };
        let entries: Vec<String> = entries
            .iter()
            .map(|(key, value)| {
                let value = self.value(value, Form::Exact);
                format!("({}.to_owned(), {value})", literal(key))
            })
            .collect();
        if entries.is_empty() {
            format!("{map}::<{of}>::new()")
        } else {
            format!("{map}::from_iter([{}])", entries.join(", "))
        }
    }

    /// The path of a model, which the example then uses.
    fn mark(&mut self, id: ModelId) -> String {
        let model = self.api.model(id);
        self.models = true;
        self.deprecated |= model.deprecated;
        format!("models::{}", model.rust)
    }

    /// A type, with `models` in scope.
    fn named(&mut self, ty: &Type) -> String {
        let api = self.api;
        if let Some(id) = ty.model() {
            self.mark(id);
        }
        RustType::of(ty).text(&in_example, &|id| format!("models::{}", api.model(id).rust))
    }
}

/// A path as a program writes it that depends on `cobo-auth`.
fn in_example(path: &'static str) -> String {
    match path {
        "std::string::String" | "std::vec::Vec" | "std::option::Option" | "std::boxed::Box" => {
            last(path).to_owned()
        }
        _ => match path.strip_prefix("cobo_model::") {
            Some(name) => format!("cobo_auth::{name}"),
            None => path.to_owned(),
        },
    }
}

/// A call of a setter, on several lines if its argument has several.
pub(super) fn setter(name: &str, value: &str) -> String {
    format!(".{name}({})", hanging(value))
}

/// An argument, on lines of its own if it has several.
fn hanging(value: &str) -> String {
    if value.contains('\n') {
        format!("\n{},\n", indented(value, 4))
    } else {
        value.to_owned()
    }
}
