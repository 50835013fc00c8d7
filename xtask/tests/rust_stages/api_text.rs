//! Writes the model as text for snapshots: all that the printers read, except prose.

use std::fmt::{self, Display, Formatter};

use xtask::api::{Api, Enum, Field, Model, ModelKind, Operation, Presence, Type};

/// The text of a model.
pub(crate) struct Text<'a>(pub(crate) &'a Api);

impl Display for Text<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let api = self.0;
        writeln!(f, "{} {}", api.title, api.version)?;
        for tag in &api.tags {
            let name = tag.name.as_deref().unwrap_or("(none)");
            writeln!(f, "tag {name}: {}", tag.module)?;
        }
        for operation in &api.operations {
            self.operation(f, operation)?;
        }
        for model in &api.models {
            self.write_model(f, model)?;
        }
        Ok(())
    }
}

impl Text<'_> {
    fn operation(&self, f: &mut Formatter<'_>, operation: &Operation) -> fmt::Result {
        let Operation {
            rust,
            request,
            entry,
            method,
            path,
            ..
        } = operation;
        writeln!(f, "\noperation {rust}, {request}, {entry}: {method} {path}")?;
        for (says, word) in [
            (operation.repeatable, "repeatable"),
            (operation.bearer, "bearer"),
            (!operation.credential, "without credential"),
            (operation.deprecated, "deprecated"),
        ] {
            if says {
                writeln!(f, "  {word}")?;
            }
        }
        if let Some((property, lookup)) = &operation.idempotency_key {
            writeln!(f, "  idempotent by {property}, found by {lookup}")?;
        }
        if !operation.scopes.is_empty() {
            writeln!(f, "  needs {:?}", operation.scopes)?;
        }
        for parameter in &operation.parameters {
            let optional = if parameter.required { "" } else { "?" };
            writeln!(
                f,
                "  {:?} {:?} {}{optional}: {}{}",
                parameter.location,
                parameter.wire,
                parameter.rust,
                self.ty(&parameter.ty),
                deprecated(parameter.deprecated)
            )?;
        }
        if let Some(body) = &operation.body {
            let optional = if body.required { "" } else { "?" };
            let model = &self.0.model(body.model).rust;
            writeln!(
                f,
                "  body {}{optional}: {model} as {}",
                body.rust, body.media_type
            )?;
        }
        let model = operation
            .success
            .model
            .map(|id| self.0.model(id).rust.as_str());
        let status = &operation.success.status;
        let null = if operation.success.nullable {
            " or null"
        } else {
            ""
        };
        writeln!(f, "  {status} {}{null}", model.unwrap_or("()"))?;
        if let Some(pages) = operation.pages {
            writeln!(f, "  pages by {pages:?}")?;
        }
        Ok(())
    }

    fn write_model(&self, f: &mut Formatter<'_>, model: &Model) -> fmt::Result {
        let marks = if model.in_requests {
            ", in requests"
        } else {
            ""
        };
        let marks = format!("{marks}{}", deprecated(model.deprecated));
        write!(f, "\nmodel {:?} {}{marks}: ", model.name, model.rust)?;
        match &model.kind {
            ModelKind::Object(object) => {
                writeln!(f, "object")?;
                for field in &object.fields {
                    self.field(f, field)?;
                }
                if let Some(rest) = &object.rest {
                    writeln!(f, "  rest {}: {}", rest.rust, self.ty(&rest.ty))?;
                }
            }
            ModelKind::StringEnum(open) => values(f, "strings", open)?,
            ModelKind::IntegerEnum(open) => values(f, "integers", open)?,
            ModelKind::Union(union) => {
                let by = union.discriminator.as_deref().unwrap_or("what is required");
                writeln!(f, "union by {by}")?;
                for variant in &union.variants {
                    writeln!(
                        f,
                        "  {} {:?}: {}, object {}, required {:?}, known {:?}",
                        variant.rust,
                        variant.tags,
                        self.0.model(variant.model).rust,
                        variant.object,
                        variant.required,
                        variant.known
                    )?;
                    if !variant.keeps.is_empty() {
                        writeln!(f, "    keeps {:?}", variant.keeps)?;
                    }
                }
                writeln!(f, "  else {}", union.unknown)?;
            }
            ModelKind::Wrapper(ty) => writeln!(f, "wrapper of {}", self.ty(ty))?,
        }
        if let Some(page) = &model.page {
            writeln!(f, "  {page:?}")?;
        }
        Ok(())
    }

    fn field(&self, f: &mut Formatter<'_>, field: &Field) -> fmt::Result {
        let presence = match field.presence {
            Presence::Required => "",
            Presence::OrNull => " or null",
            Presence::Optional => "?",
            Presence::Nullable => "? or null",
        };
        write!(f, "  {:?} {}{presence}: ", field.wire, field.rust)?;
        if field.boxed {
            write!(f, "boxed ")?;
        }
        write!(f, "{}", self.ty(&field.ty))?;
        if field.setter != field.rust {
            write!(f, ", setter {}", field.setter)?;
        }
        if let Some(null) = &field.null_setter {
            write!(f, ", {null}")?;
        }
        if let Some(bounds) = field.bounds {
            write!(f, ", {bounds:?}")?;
        }
        writeln!(f, "{}", deprecated(field.deprecated))
    }

    /// A type as text, `List<Map<Wallet>>`.
    fn ty(&self, ty: &Type) -> String {
        match ty {
            Type::Model(id) => self.0.model(*id).rust.clone(),
            Type::List(inner) => format!("List<{}>", self.ty(inner)),
            Type::Map(inner) => format!("Map<{}>", self.ty(inner)),
            Type::OrNull(inner) => format!("OrNull<{}>", self.ty(inner)),
            plain => format!("{plain:?}"),
        }
    }
}

fn deprecated(deprecated: bool) -> &'static str {
    if deprecated { ", deprecated" } else { "" }
}

fn values<T: fmt::Debug>(f: &mut Formatter<'_>, of: &str, open: &Enum<T>) -> fmt::Result {
    writeln!(f, "open enum of {of}")?;
    for value in &open.values {
        write!(f, "  {} = {:?}", value.rust, value.value)?;
        match value.outcome {
            Some(outcome) => writeln!(f, ", final: {outcome:?}")?,
            None => writeln!(f)?,
        }
    }
    writeln!(f, "  else {}", open.unknown)
}
