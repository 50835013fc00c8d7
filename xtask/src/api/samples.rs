//! Replaces the document's samples that are not value of their enum: an example must not show them.

use serde_json::Value;

use super::{Api, ModelId, ModelKind, Type};
use crate::decisions::{CORRECT, keys, setting};
use crate::document::{Document, at, item};
use crate::report::Log;

impl Api {
    /// Replaces such samples by the first value of their enum, and reports each.
    pub(super) fn fix_samples(&mut self, document: &Document, log: &mut Log) {
        let mut models = Vec::new();
        let mut fields = Vec::new();
        for (place, model) in self.models.iter().enumerate() {
            if let Some(first) = self.first_instead(&Type::Model(ModelId(place)), &model.example) {
                models.push((place, first));
            }
            for (index, field) in model
                .object()
                .iter()
                .flat_map(|object| object.fields.iter().enumerate())
            {
                if let Some(first) = self.first_instead(&field.ty, &field.example) {
                    fields.push((place, index, first));
                }
            }
        }
        let mut parameters = Vec::new();
        for (place, operation) in self.operations.iter().enumerate() {
            for (index, parameter) in operation.parameters.iter().enumerate() {
                if let Some(first) = self.first_instead(&parameter.ty, &parameter.example) {
                    parameters.push((place, index, first));
                }
            }
        }
        let mut told = std::collections::BTreeSet::new();
        let mut replace = |pointer: &str,
                           of: &str,
                           id: Option<ModelId>,
                           sample: &mut Option<Value>,
                           first: Value| {
            let given = sample.take().unwrap_or_default();
            *sample = Some(first.clone());
            // An enum that was written in its place has the same sample as its holder.
            if !told.insert((id, given.to_string())) {
                return;
            }
            let text = format!(
                "the example of {of} is {given}, which is not a value of its enum: examples show {first}"
            );
            let mend = match document.origin(pointer) {
                Some(holder) => setting(&holder, &keys(&[("example", first)])),
                None => CORRECT.to_owned(),
            };
            log.warn(
                document
                    .error(&at(pointer, "example"), text)
                    .mended_by(mend),
            );
        };
        for (place, first) in models {
            let model = &mut self.models[place];
            replace(
                &model.pointer,
                &model.rust,
                Some(ModelId(place)),
                &mut model.example,
                first,
            );
        }
        for (place, index, first) in fields {
            let model = &mut self.models[place];
            let ModelKind::Object(object) = &mut model.kind else {
                continue;
            };
            let field = &mut object.fields[index];
            let pointer = at(&at(&model.pointer, "properties"), &field.wire);
            let of = format!("{}.{}", model.rust, field.rust);
            replace(&pointer, &of, field.ty.model(), &mut field.example, first);
        }
        for (place, index, first) in parameters {
            let operation = &mut self.operations[place];
            let parameter = &mut operation.parameters[index];
            let of = format!("the parameter `{}` of {}", parameter.wire, operation.id);
            replace(
                &item(&at(&operation.pointer, "parameters"), index),
                &of,
                parameter.ty.model(),
                &mut parameter.example,
                first,
            );
        }
    }

    /// The first value of the enum, if the sample is not one of its values.
    fn first_instead(&self, ty: &Type, sample: &Option<Value>) -> Option<Value> {
        let sample = sample.as_ref().filter(|sample| !sample.is_null())?;
        match ty {
            Type::Model(id) => match &self.model(*id).kind {
                ModelKind::StringEnum(open) => {
                    let values = open.values.iter().map(|value| value.value.clone());
                    first_of(values, sample)
                }
                ModelKind::IntegerEnum(open) => {
                    first_of(open.values.iter().map(|value| value.value), sample)
                }
                ModelKind::Wrapper(inner) if inner.model() != Some(*id) => {
                    self.first_instead(inner, &Some(sample.clone()))
                }
                _ => None,
            },
            Type::OrNull(inner) => self.first_instead(inner, &Some(sample.clone())),
            Type::List(item) => {
                let one =
                    |item_sample: &Value| self.first_instead(item, &Some(item_sample.clone()));
                match sample {
                    Value::Array(items) => {
                        let mut first = items.iter().filter_map(one);
                        Some(Value::Array(vec![first.next()?]))
                    }
                    // A list may be given as it is sent, with commas.
                    Value::String(text) => {
                        let mut parts = text.split(',');
                        parts.find_map(|part| one(&Value::from(part.trim())))
                    }
                    sample => one(sample),
                }
            }
            _ => None,
        }
    }
}

fn first_of<T: ToString + Into<Value>>(
    values: impl Iterator<Item = T>,
    sample: &Value,
) -> Option<Value> {
    let text = match sample {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let values: Vec<T> = values.collect();
    if values.iter().any(|value| value.to_string() == text) {
        return None;
    }
    values.into_iter().next().map(Into::into)
}
