//! Decides which values of the discriminator select which variant, beyond what the mapping says.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::variants::{Contradiction, DEPTH, Doubt, Part, Schemas};
use crate::document::{entries, items, schema_name, text};
use crate::schema::{is_union, named, parts};

impl Schemas<'_> {
    /// Finds tags of the mapping that their own variant does not allow. Such a variant also gets
    /// the values that it does allow, because a server may send either.
    pub(super) fn contradictions(&self, property: &str, found: &mut [Part]) -> Vec<Contradiction> {
        let mut contradictions = Vec::new();
        let taken: BTreeSet<String> = tags(found).cloned().collect();
        // The values that each variant with such a tag allows.
        let mut open: Vec<(usize, Vec<String>)> = Vec::new();
        for (index, part) in found.iter().enumerate() {
            let values = self.values(&part.model, property);
            let odd = part.tags.iter().filter(|tag| !values.contains(tag));
            let odd: Vec<String> = odd.cloned().collect();
            if values.is_empty() || odd.is_empty() {
                continue;
            }
            let reason = format!(
                "the mapping maps {} to {}, whose `{property}` allows only {}",
                list(&odd),
                part.model,
                list(&values)
            );
            contradictions.push(Contradiction {
                reason,
                model: part.model.clone(),
                tags: odd,
                instead: Vec::new(),
            });
            open.push((index, values));
        }
        let odd: BTreeSet<String> = contradictions
            .iter()
            .flat_map(|contradiction| contradiction.tags.iter().cloned())
            .collect();
        for (index, values) in &open {
            let others = open.iter().filter(|(other, _)| other != index);
            let others: BTreeSet<&String> = others.flat_map(|(_, values)| values).collect();
            let own = values
                .iter()
                .filter(|value| !taken.contains(*value) && !others.contains(value));
            found[*index].tags.extend(own.cloned());
        }
        for (contradiction, (index, values)) in contradictions.iter_mut().zip(&open) {
            let others = found.iter().enumerate();
            let others = others.filter(|(other, _)| other != index);
            let others: BTreeSet<String> = others
                .flat_map(|(_, part)| self.values(&part.model, property))
                .collect();
            let is_free = |value: &&String| {
                let is_kept = taken.contains(*value) && !odd.contains(*value);
                !is_kept && !others.contains(*value)
            };
            contradiction.instead = values.iter().filter(is_free).cloned().collect();
        }
        contradictions
    }

    /// Gives tags to the variants that the mapping does not name: the tags of their own union, the
    /// values that no other variant allows, or else their names.
    pub(super) fn unmapped(
        &self,
        property: &str,
        found: &mut [Part],
        notes: &mut Vec<String>,
    ) -> Vec<Doubt> {
        let mut open: BTreeMap<usize, Vec<String>> = found
            .iter()
            .enumerate()
            .filter(|(_, part)| part.tags.is_empty())
            .map(|(index, part)| (index, self.tags(&part.model, property, DEPTH)))
            .collect();
        let unmapped = open.clone();
        // Variants that allow only one value claim it before variants that allow several.
        for most in [1, usize::MAX] {
            let taken: BTreeSet<String> = tags(found).cloned().collect();
            open.retain(|index, _| found[*index].tags.is_empty());
            let turn = || open.iter().filter(|(_, values)| values.len() <= most);
            for (index, values) in turn() {
                let others: BTreeSet<&String> = turn()
                    .filter(|(other, _)| *other != index)
                    .flat_map(|(_, values)| values)
                    .collect();
                let own = values
                    .iter()
                    .filter(|value| !taken.contains(*value) && !others.contains(value));
                found[*index].tags = own.cloned().collect();
            }
        }
        for (index, values) in open {
            let part = &mut found[index];
            if part.tags.is_empty() && values.contains(&part.model) {
                part.tags.push(part.model.clone());
            }
        }
        let mut doubts = Vec::new();
        for (index, values) in unmapped {
            let part = &found[index];
            if part.tags.is_empty() {
                continue;
            }
            notes.push(format!(
                "{} is selected by {}, although the mapping does not name it",
                part.model,
                list(&part.tags)
            ));
            let others = found.iter().filter(|other| other.model != part.model);
            let others: BTreeSet<&String> = others.flat_map(|other| &other.tags).collect();
            let shared = values.iter().filter(|value| others.contains(value));
            let shared: Vec<String> = shared.cloned().collect();
            if !shared.is_empty() {
                doubts.push(Doubt {
                    message: format!(
                        "{} allows {} of `{property}`, which selects another variant",
                        part.model,
                        list(&shared)
                    ),
                    mend: format!("name {} in the mapping, or correct its values", part.model),
                    meanwhile: "a value with it is read as the other variant",
                });
            }
        }
        doubts
    }

    /// Variants of a union without a discriminator that have the same properties and require the same
    /// ones.
    pub(super) fn same_shapes(&self, found: &[Part]) -> Vec<Doubt> {
        let shape = |part: &Part| {
            let schema = self
                .resolved(&part.model)
                .filter(|schema| !is_union(schema))?;
            let known = schema.get("properties")?.as_object()?.keys();
            let known: BTreeSet<String> = known.cloned().collect();
            let required: BTreeSet<String> =
                self.required(&part.model, DEPTH).into_iter().collect();
            Some((known, required))
        };
        let mut seen = BTreeMap::new();
        let mut doubts = Vec::new();
        for part in found {
            let Some(shape) = shape(part) else {
                continue;
            };
            if let Some(first) = seen.get(&shape) {
                doubts.push(Doubt {
                    message: format!(
                        "{first} and {} have the same properties and require the same ones",
                        part.model
                    ),
                    mend: "add a discriminator, or delete one of the two".to_owned(),
                    meanwhile: "the second can be written, but is never read",
                });
            } else {
                seen.insert(shape, part.model.clone());
            }
        }
        doubts
    }

    /// Finds the values of each variant's own enum, or the tags of its own union, that no other
    /// variant has and that do not select it. They are written unchanged: replacing such a value by
    /// the tag of the mapping would change what a caller set. They are not read as this variant,
    /// since a value of another type may have them.
    pub(super) fn own_values(&self, property: &str, found: &mut [Part]) {
        let allowed: Vec<Vec<String>> = found
            .iter()
            .map(|part| self.allowed(&part.model, property))
            .collect();
        let taken: BTreeSet<String> = tags(found).cloned().collect();
        for (index, part) in found.iter_mut().enumerate() {
            if part.tags.is_empty() {
                continue;
            }
            let others = allowed.iter().enumerate();
            let others = others.filter(|(other, _)| *other != index);
            let others: BTreeSet<&String> = others.flat_map(|(_, values)| values).collect();
            let own = allowed[index].iter();
            let own = own.filter(|value| !taken.contains(*value) && !others.contains(value));
            part.keeps = own.cloned().collect();
        }
    }

    /// The values that a variant allows for the property; for a union, the tags of its variants.
    fn allowed(&self, model: &str, property: &str) -> Vec<String> {
        match self.resolved(model).is_some_and(is_union) {
            true => self.tags(model, property, DEPTH),
            false => self.values(model, property),
        }
    }

    /// The possible tags of a variant that the mapping does not name: those of its own union, the
    /// values that it allows for the property, or else its name.
    fn tags(&self, model: &str, property: &str, depth: usize) -> Vec<String> {
        let own = self.resolved(model).filter(|schema| is_union(schema));
        if let Some(schema) = own
            && depth > 0
        {
            let own = schema.get("discriminator");
            let shared = own.and_then(|own| text(own, "propertyName")).as_deref() == Some(property);
            let mapping = own.filter(|_| shared).and_then(|own| own.get("mapping"));
            let mapped = |name: &String| {
                entries(mapping)
                    .any(|(_, target)| target.as_str().and_then(schema_name).as_ref() == Some(name))
            };
            let mut tags: Vec<String> = entries(mapping).map(|(tag, _)| tag.clone()).collect();
            // A variant that does not allow the value by which the mapping selects it has others.
            for (tag, target) in entries(mapping) {
                let target = target.as_str().and_then(schema_name);
                let values = target.map(|target| self.values(&target, property));
                tags.extend(
                    values
                        .filter(|values| !values.contains(tag))
                        .into_iter()
                        .flatten(),
                );
            }
            for part in parts(schema).filter_map(named).filter(|name| !mapped(name)) {
                tags.extend(self.tags(&part, property, depth - 1));
            }
            let mut seen = BTreeSet::new();
            tags.retain(|tag| seen.insert(tag.clone()));
            return tags;
        }
        match self.values(model, property) {
            values if values.is_empty() => vec![model.to_owned()],
            values => values,
        }
    }

    /// The values that a model allows for a property.
    pub(super) fn values(&self, model: &str, property: &str) -> Vec<String> {
        let schema = self
            .resolved(model)
            .and_then(|schema| schema.get("properties")?.get(property));
        let schema = match schema.and_then(named) {
            Some(name) => self.resolved(&name),
            None => schema,
        };
        items(schema.and_then(|schema| schema.get("enum")))
            .filter_map(|value| match value {
                Value::String(text) => Some(text.clone()),
                Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
                _ => None,
            })
            .collect()
    }
}

fn tags(parts: &[Part]) -> impl Iterator<Item = &String> {
    parts.iter().flat_map(|part| &part.tags)
}

fn list(tags: &[String]) -> String {
    tags.iter()
        .map(|tag| format!("`{tag}`"))
        .collect::<Vec<_>>()
        .join(", ")
}
