//! Writes the public API of a generated crate as text: a line for each method, setter, field and
//! variant, sorted alphabetically, so that a diff of two versions shows the changes.

use std::collections::BTreeSet;

use crate::api::{Api, Field, Model, ModelId, ModelKind, Operation, Presence, Type};

/// The lines, without a header.
pub fn print(api: &Api) -> String {
    let mut printer = Printer {
        api,
        lines: BTreeSet::new(),
        models: api.models.iter().map(|model| model.rust.as_str()).collect(),
    };
    printer.line("Client", false);
    printer.line("Client: ClientInfo<cobo_auth::Client>", false);
    printer.line("Client::new(cobo_auth::Client)", false);
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
            format!("Client::{rust}() -> operations::{request}<'_>"),
            operation.deprecated,
        );
        let path = format!("operations::{request}");
        self.line(&path, false);
        for parameter in &operation.parameters {
            let ty = self.plain(&parameter.ty, From::Operations);
            let text = format!("{path}::{}(impl Into<{ty}>)", parameter.rust);
            self.line(text, parameter.deprecated);
        }
        if let Some(body) = &operation.body {
            let model = self.api.model(body.model);
            let held = match model.object() {
                Some(_) => format!("models::builder::{}", model.rust),
                None => format!("models::{}", model.rust),
            };
            self.line(format!("{path}::{}(impl Into<{held}>)", body.rust), false);
        }
        let success = match operation.success.model {
            Some(id) if operation.success.nullable => self.option(&self.name(id, From::Operations)),
            Some(id) => self.name(id, From::Operations),
            None => "()".to_owned(),
        };
        self.line(
            format!("{path}::send() -> Result<Response<{success}>, Error>"),
            false,
        );
        if operation.pages.is_some() {
            self.line(format!("{path}::pages() -> Pages<{success}>"), false);
            let model = operation.success.model.map(|id| self.api.model(id));
            let page = model.and_then(|model| model.page.as_ref());
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
                    let text = format!("{path}.{}: {}", field.rust, self.field(field));
                    self.line(text, field.deprecated);
                }
                if let Some(rest) = &object.rest {
                    let ty = self.map(&rest.ty, From::Models);
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
                let text = self.outside("std::string", "String");
                self.line(format!("{path}::{}({text})", open.unknown), false);
            }
            ModelKind::IntegerEnum(open) => {
                for value in &open.values {
                    self.line(format!("{path}::{}", value.rust), false);
                }
                self.line(format!("{path}::{}(i64)", open.unknown), false);
            }
            ModelKind::Union(union) => {
                let boxed = self.outside("std::boxed", "Box");
                for variant in &union.variants {
                    let held = self.name(variant.model, From::Models);
                    self.line(format!("{path}::{}({boxed}<{held}>)", variant.rust), false);
                }
                let json = self.outside("serde_json", "Value");
                self.line(format!("{path}::{}({json})", union.unknown), false);
            }
            ModelKind::Wrapper(ty) => self.wrapper(model, ty),
        }
        if let Some(page) = &model.page {
            self.line(format!("{path}: Page"), false);
            if page.items.is_some() {
                self.line(format!("{path}: Listed"), false);
            }
        }
    }

    fn wrapper(&mut self, model: &Model, ty: &Type) {
        let path = format!("models::{}", model.rust);
        let held = self.plain(ty, From::Models);
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
            let ty = self.value(field, From::Builders);
            let text = format!("{path}::{}(impl Into<{ty}>)", field.setter);
            self.line(text, field.deprecated);
            if let Some(null) = &field.null_setter {
                self.line(format!("{path}::{null}()"), field.deprecated);
            }
        }
        if let Some(rest) = &object.rest {
            let ty = self.map(&rest.ty, From::Builders);
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

    /// A type of another crate.
    fn outside(&self, path: &str, name: &str) -> String {
        if self.models.contains(name) {
            format!("{path}::{name}")
        } else {
            name.to_owned()
        }
    }

    fn plain(&self, ty: &Type, from: From) -> String {
        match ty {
            Type::String => self.outside("std::string", "String"),
            Type::Bool => "bool".to_owned(),
            Type::Integer => "i64".to_owned(),
            Type::Number => self.outside("cobo_model", "Number"),
            Type::Secret => self.outside("cobo_model", "Secret"),
            Type::File => self.outside("cobo_model", "File"),
            Type::Json => self.outside("serde_json", "Value"),
            Type::Model(id) => self.name(*id, from),
            Type::List(item) => {
                format!(
                    "{}<{}>",
                    self.outside("std::vec", "Vec"),
                    self.plain(item, from)
                )
            }
            Type::Map(value) if **value == Type::Json => format!(
                "serde_json::Map<{}, {}>",
                self.plain(&Type::String, from),
                self.plain(value, from)
            ),
            Type::Map(value) => self.map(value, from),
            Type::OrNull(inner) => self.option(&self.plain(inner, from)),
        }
    }

    fn map(&self, value: &Type, from: From) -> String {
        format!(
            "{}<{}, {}>",
            self.outside("std::collections", "BTreeMap"),
            self.plain(&Type::String, from),
            self.plain(value, from)
        )
    }

    fn option(&self, inner: &str) -> String {
        format!("{}<{inner}>", self.outside("std::option", "Option"))
    }

    fn value(&self, field: &Field, from: From) -> String {
        let ty = self.plain(&field.ty, from);
        if field.boxed {
            format!("{}<{ty}>", self.outside("std::boxed", "Box"))
        } else {
            ty
        }
    }

    fn field(&self, field: &Field) -> String {
        let ty = self.value(field, From::Models);
        match field.presence {
            Presence::Required => ty,
            Presence::OrNull | Presence::Optional => self.option(&ty),
            Presence::Nullable => {
                let nullable = self.outside("cobo_model", "Nullable");
                self.option(&format!("{nullable}<{ty}>"))
            }
        }
    }
}
