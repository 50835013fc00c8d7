//! Writes the public API of a generated crate as text: a line for each method, setter, field and
//! variant, sorted alphabetically, so that a diff of two versions shows the changes.

use std::collections::BTreeSet;

use super::rust_type::{JSON, RustType, STRING, last};
use crate::api::{Api, Model, ModelId, ModelKind, Nested, Operation, Type};

/// The lines, without a header.
pub fn print(api: &Api) -> String {
    let mut printer = Printer {
        api,
        lines: BTreeSet::new(),
        models: api.models.iter().map(|model| model.rust.as_str()).collect(),
    };
    for operation in &api.operations {
        printer.operation(operation);
    }
    for model in &api.models {
        printer.model(model);
    }
    let lines = printer.lines.into_iter();
    lines.map(|line| line + "\n").collect()
}

struct Printer<'a> {
    api: &'a Api,
    lines: BTreeSet<String>,
    /// The names of all models. A runtime type with the same name is written with its full path.
    models: BTreeSet<&'a str>,
}

/// The notation for models.
#[derive(Clone, Copy)]
enum From {
    Models,
    Builders,
    Operations,
}

impl Printer<'_> {
    fn line(&mut self, text: impl Into<String>, deprecated: bool) {
        let mark = if deprecated { " (deprecated)" } else { "" };
        self.lines.insert(text.into() + mark);
    }

    fn operation(&mut self, operation: &Operation) {
        let Operation { rust, request, .. } = operation;
        self.line(
            format!("client.{rust}() -> operations::{request}"),
            operation.deprecated,
        );
        let path = format!("operations::{request}");
        self.line(&path, false);
        for parameter in &operation.parameters {
            let ty = self.text(&RustType::of(&parameter.ty), From::Operations);
            let text = format!("{path}::{}(impl Into<{ty}>)", parameter.rust);
            self.line(text, parameter.deprecated);
        }
        if let Some(body) = &operation.body {
            let model = self.api.model(body.model);
            let taken = match model.kind {
                ModelKind::Object(_) => format!("Into<models::builder::{}>", model.rust),
                ModelKind::Union(_) => format!("IntoField<models::{}>", model.rust),
                _ => format!("Into<models::{}>", model.rust),
            };
            self.line(format!("{path}::{}(impl {taken})", body.rust), false);
        }
        let success = match operation.success.model {
            Some(id) if operation.success.nullable => {
                self.text(&RustType::Model(id).option(), From::Operations)
            }
            Some(id) => self.name(id, From::Operations),
            None => "()".to_owned(),
        };
        self.line(
            format!("{path}::send() -> CallFuture<Response<{success}>>"),
            false,
        );
        if operation.pages.is_some() {
            self.line(format!("{path}::pages() -> Pages<{success}>"), false);
            let page = self.api.page_of(operation);
            if page.is_some_and(|page| page.items.is_some()) {
                self.line(format!("{path}::items() -> Items<{success}>"), false);
            }
        }
    }

    fn model(&mut self, model: &Model) {
        let path = format!("models::{}", model.rust);
        self.line(&path, model.deprecated);
        match &model.kind {
            ModelKind::Object(object) => {
                for field in &object.fields {
                    let text = format!(
                        "{path}.{}: {}",
                        field.rust,
                        self.text(&RustType::field(field), From::Models)
                    );
                    self.line(text, field.deprecated);
                }
                if let Some(rest) = &object.rest {
                    let ty = self.text(&RustType::map(&rest.ty), From::Models);
                    self.line(format!("{path}.{}: {ty}", rest.rust), false);
                }
                if model.in_requests {
                    self.builder(model);
                }
            }
            ModelKind::StringEnum(open) => {
                for value in &open.values {
                    self.line(format!("{path}::{}", value.rust), false);
                }
                if open.values.iter().any(|value| value.outcome.is_some()) {
                    self.line(format!("{path}::outcome() -> Option<Outcome>"), false);
                }
                let text = self.outside(STRING);
                self.line(format!("{path}::{}({text})", open.unknown), false);
            }
            ModelKind::IntegerEnum(open) => {
                for value in &open.values {
                    self.line(format!("{path}::{}", value.rust), false);
                }
                self.line(format!("{path}::{}(i64)", open.unknown), false);
            }
            ModelKind::Union(union) => {
                for variant in &union.variants {
                    let held = RustType::Model(variant.model).boxed();
                    let held = self.text(&held, From::Models);
                    self.line(format!("{path}::{}({held})", variant.rust), false);
                }
                let json = self.outside(JSON);
                self.line(format!("{path}::{}({json})", union.unknown), false);
            }
            ModelKind::Wrapper(ty) => self.wrapper(model, ty),
        }
        if let Some(page) = &model.page {
            self.line(format!("{path}: CursorPage"), false);
            if page.items.is_some() {
                self.line(format!("{path}: PageItems"), false);
            }
        }
    }

    fn wrapper(&mut self, model: &Model, ty: &Type) {
        let path = format!("models::{}", model.rust);
        let held = self.text(&RustType::of(ty), From::Models);
        self.line(format!("{path}.0: {held}"), false);
        let from = if *ty == Type::Number { "T" } else { &held };
        self.line(format!("{path}: From<{from}>"), false);
        if self.api.is_text(ty) {
            self.line(format!("{path}: FromStr"), false);
            self.line(format!("{path}: fmt::Display"), false);
        }
    }

    fn builder(&mut self, model: &Model) {
        let Some(object) = model.object() else {
            return;
        };
        let path = format!("models::builder::{}", model.rust);
        self.line(&path, false);
        for field in &object.fields {
            if field.constant.is_some() {
                continue;
            }
            let taken = match self.api.nested(&field.ty) {
                Some(Nested::Model(id)) => {
                    format!("IntoField<{}>", self.name(id, From::Builders))
                }
                Some(Nested::List(id)) => format!(
                    "IntoIterator<Item = impl IntoField<{}>>",
                    self.name(id, From::Builders)
                ),
                None => {
                    let ty = self.text(&RustType::value(field), From::Builders);
                    format!("Into<{ty}>")
                }
            };
            let text = format!("{path}::{}(impl {taken})", field.setter);
            self.line(text, field.deprecated);
            if let Some(null) = &field.null_setter {
                self.line(format!("{path}::{null}()"), field.deprecated);
            }
        }
        if let Some(rest) = &object.rest {
            let ty = self.text(&RustType::map(&rest.ty), From::Builders);
            self.line(format!("{path}::{}(impl Into<{ty}>)", rest.rust), false);
        }
    }

    fn name(&self, id: ModelId, from: From) -> String {
        let name = &self.api.model(id).rust;
        match from {
            From::Models => name.clone(),
            From::Builders => format!("super::{name}"),
            From::Operations => format!("models::{name}"),
        }
    }

    /// A type of another crate. JSON maps are written in full, as in the code.
    fn outside(&self, path: &'static str) -> String {
        let name = last(path);
        if self.models.contains(name) || path == "serde_json::Map" {
            path.to_owned()
        } else {
            name.to_owned()
        }
    }

    fn text(&self, ty: &RustType, from: From) -> String {
        ty.text(&|path| self.outside(path), &|id| self.name(id, from))
    }
}
