//! Replaces the document's samples that are not value of their enum: an example must not show them.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Api, Model, ModelId, ModelKind, Type};
use crate::decisions::{CORRECT, keys, setting};
use crate::document::{Document, at, item, value_text};
use crate::report::Log;

impl Api {
    /// Replaces such samples by the first value of their enum, and reports each.
    pub(super) fn fix_samples(&mut self, document: &Document, log: &mut Log) {
        let models = self.models.clone();
        let mut fixer = Fixer {
            models: &models,
            document,
            log,
            reported: BTreeSet::new(),
        };
        for (place, model) in self.models.iter_mut().enumerate() {
            let ty = Type::Model(ModelId(place));
            fixer.fix(&mut model.example, &ty, &model.pointer, &model.rust);
        }
        for model in &mut self.models {
            let ModelKind::Object(object) = &mut model.kind else {
                continue;
            };
            for field in &mut object.fields {
                let pointer = at(&at(&model.pointer, "properties"), &field.wire);
                let of = format!("{}.{}", model.rust, field.rust);
                fixer.fix(&mut field.example, &field.ty, &pointer, &of);
            }
        }
        for operation in &mut self.operations {
            for (index, parameter) in operation.parameters.iter_mut().enumerate() {
                let pointer = item(&at(&operation.pointer, "parameters"), index);
                let of = format!("the parameter `{}` of {}", parameter.wire, operation.id);
                fixer.fix(&mut parameter.example, &parameter.ty, &pointer, &of);
            }
        }
    }
}

struct Fixer<'a> {
    models: &'a [Model],
    document: &'a Document,
    log: &'a mut Log,
    /// The model and the sample of each report. An enum that was written in its place has the same
    /// sample as its holder.
    reported: BTreeSet<(Option<ModelId>, String)>,
}

impl Fixer<'_> {
    /// Replaces the sample at `pointer` if it is wrong. `of` names its holder in the report.
    fn fix(&mut self, sample: &mut Option<Value>, ty: &Type, pointer: &str, of: &str) {
        let wrong = sample
            .as_ref()
            .and_then(|given| Some((given.to_string(), self.first_instead(ty, given)?)));
        let Some((given, first)) = wrong else {
            return;
        };
        *sample = Some(first.clone());
        if !self.reported.insert((ty.model(), given.clone())) {
            return;
        }
        let text = format!(
            "the example of {of} is {given}, which is not a value of its enum: examples show {first}"
        );
        let mend = match self.document.origin(pointer) {
            Some(holder) => setting(&holder, &keys(&[("example", first)])),
            None => CORRECT.to_owned(),
        };
        let problem = self.document.error(&at(pointer, "example"), text);
        self.log.warn(problem.mended_by(mend));
    }

    /// The first value of the enum, if the sample is not one of its values.
    fn first_instead(&self, ty: &Type, sample: &Value) -> Option<Value> {
        if sample.is_null() {
            return None;
        }
        match ty {
            Type::Model(id) => match &self.models[id.0].kind {
                ModelKind::StringEnum(open) => {
                    let values = open.values.iter().map(|value| value.value.clone());
                    first_of(values, sample)
                }
                ModelKind::IntegerEnum(open) => {
                    first_of(open.values.iter().map(|value| value.value), sample)
                }
                ModelKind::Wrapper(inner) if inner.model() != Some(*id) => {
                    self.first_instead(inner, sample)
                }
                _ => None,
            },
            Type::OrNull(inner) => self.first_instead(inner, sample),
            Type::List(item) => match sample {
                Value::Array(items) => {
                    let mut first = items
                        .iter()
                        .filter_map(|sample| self.first_instead(item, sample));
                    Some(Value::Array(vec![first.next()?]))
                }
                // A list may be given as it is sent, with commas.
                Value::String(text) => {
                    let mut parts = text.split(',');
                    parts.find_map(|part| self.first_instead(item, &Value::from(part.trim())))
                }
                sample => self.first_instead(item, sample),
            },
            _ => None,
        }
    }
}

fn first_of<T: ToString + Into<Value>>(
    values: impl Iterator<Item = T>,
    sample: &Value,
) -> Option<Value> {
    let text = value_text(sample);
    let values: Vec<T> = values.collect();
    if values.iter().any(|value| value.to_string() == text) {
        return None;
    }
    values.into_iter().next().map(Into::into)
}
