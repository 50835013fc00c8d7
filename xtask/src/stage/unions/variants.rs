//! Finds the variants of a union: the name of each, and how to tell it from the others.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::document::{entries, items, reference, schema_name, text};
use crate::marks::KIND;
use crate::schema::named;
use crate::stage::enums::unique;
use crate::stage::hoist::is_union;

/// The maximum nesting of unions.
const DEPTH: usize = 16;

pub(super) struct Schemas<'a>(&'a BTreeMap<String, Value>);

/// The mark of a union, and notes for the report.
pub(super) struct ResolvedUnion {
    pub(super) union: Value,
    pub(super) notes: Vec<String>,
    /// Contradictions between the mapping and the values that its variants allow; a person decides.
    pub(super) contradictions: Vec<String>,
}

struct Part {
    model: String,
    tags: Vec<String>,
}

impl<'a> Schemas<'a> {
    pub(super) fn new(schemas: &'a BTreeMap<String, Value>) -> Self {
        Self(schemas)
    }

    /// Builds the mark of a union. Fails with the reason if the variants cannot be told apart.
    pub(super) fn resolve(&self, name: &str, schema: &Value) -> Result<ResolvedUnion, String> {
        let mut notes = Vec::new();
        if ["oneOf", "anyOf"]
            .iter()
            .all(|key| schema.get(*key).is_some())
        {
            return Err("`oneOf` and `anyOf` at once have no type here".to_owned());
        }
        let mut models: Vec<String> = Vec::new();
        for part in parts(schema) {
            let model = named(part).ok_or("one of its variants has no name")?;
            if model == name || models.contains(&model) {
                notes.push(format!("{model} is listed twice"));
            } else {
                models.push(model);
            }
        }
        if self.holds(name, name, DEPTH) {
            return Err("it consists of itself".to_owned());
        }
        let property = schema
            .get("discriminator")
            .and_then(|value| text(value, "propertyName"));
        if let Some(odd) = models.iter().find(|model| !self.is_object(model, DEPTH)) {
            return Err(format!("{odd} is not an object"));
        }
        let mut contradictions = Vec::new();
        let mut found: Vec<Part> = models
            .into_iter()
            .map(|model| Part {
                model,
                tags: Vec::new(),
            })
            .collect();
        if let Some(property) = &property {
            self.mapping((name, schema), property, &mut found, &mut notes);
            contradictions = self.contradictions(property, &mut found);
            self.unmapped(property, &mut found, &mut notes);
            let mut seen = BTreeSet::new();
            for part in &mut found {
                part.tags.retain(|tag| {
                    let new = seen.insert(tag.clone());
                    if !new {
                        notes.push(format!("`{tag}` means another variant than {}", part.model));
                    }
                    new
                });
                if part.tags.is_empty() {
                    notes.push(format!(
                        "no value of `{property}` selects {} alone: the variant can be sent, but is \
                         never read",
                        part.model
                    ));
                }
            }
        }
        let property = property.filter(|_| found.iter().any(|part| !part.tags.is_empty()));
        notes.push(match &property {
            Some(property) => format!("its variants are told apart by `{property}`"),
            None => "it has no discriminator: its variants are told apart by what they require"
                .to_owned(),
        });
        let wanted: Vec<String> = found
            .iter()
            .map(|part| match part.tags.as_slice() {
                [tag] => tag.clone(),
                _ => part.model.clone(),
            })
            .collect();
        let variants: Vec<Value> = found
            .iter()
            .zip(unique(&wanted))
            .map(|(part, name)| {
                json!({
                    "name": name,
                    "tags": part.tags,
                    "model": part.model,
                    "required": self.required(&part.model, DEPTH),
                })
            })
            .collect();
        Ok(ResolvedUnion {
            union: json!({"discriminator": property, "variants": variants}),
            notes,
            contradictions,
        })
    }

    /// Finds tags of the mapping that their own variant does not allow. Such a variant also gets
    /// the values that it does allow, because a server may send either.
    fn contradictions(&self, property: &str, found: &mut [Part]) -> Vec<String> {
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
            contradictions.push(format!(
                "the mapping maps {} to {}, whose `{property}` allows only {}",
                list(&odd),
                part.model,
                list(&values)
            ));
            open.push((index, values));
        }
        for (index, values) in &open {
            let others = open.iter().filter(|(other, _)| other != index);
            let others: BTreeSet<&String> = others.flat_map(|(_, values)| values).collect();
            let own = values
                .iter()
                .filter(|value| !taken.contains(*value) && !others.contains(value));
            found[*index].tags.extend(own.cloned());
        }
        contradictions
    }

    /// Gives the tags of the mapping to the variants that they name.
    fn mapping(
        &self,
        (name, schema): (&str, &Value),
        property: &str,
        found: &mut Vec<Part>,
        notes: &mut Vec<String>,
    ) {
        let mapping = schema
            .get("discriminator")
            .and_then(|value| value.get("mapping"));
        let count = entries(mapping).count();
        let mut lost = Vec::new();
        let declared = found.len();
        for (index, (tag, target)) in entries(mapping).enumerate() {
            let target = target.as_str().and_then(schema_name);
            let target = target.filter(|name| self.0.contains_key(name));
            let own = found
                .iter()
                .position(|part| target.as_ref() == Some(&part.model))
                .or_else(|| {
                    // The target's copy, if references have been inlined.
                    let target = self.resolved(target.as_deref()?)?;
                    found
                        .iter()
                        .position(|part| self.resolved(&part.model) == Some(target))
                });
            match (own, target) {
                (Some(own), _) => found[own].tags.push(tag.clone()),
                // Neither the union itself, nor one that it is in.
                (None, Some(model))
                    if model != name
                        && !self.holds(&model, name, DEPTH)
                        && self.is_object(&model, DEPTH) =>
                {
                    notes.push(format!("{model} is in its mapping only"));
                    found.push(Part {
                        model,
                        tags: vec![tag.clone()],
                    });
                }
                _ => lost.push((index, tag.clone())),
            }
        }
        // If the number of mapped targets that are not parts equals the number of parts without a
        // tag, a tool has inlined the references of the parts but kept those of the mapping.
        let untagged = found[..declared].iter().filter(|part| part.tags.is_empty());
        if found.len() > declared && untagged.count() == found.len() - declared {
            found.retain(|part| !part.tags.is_empty());
            notes.push("its variants are the targets of its mapping".to_owned());
        }
        let written_out = lost.len() == count;
        for (index, tag) in lost {
            let says = found
                .iter()
                .position(|part| self.values(&part.model, property) == [tag.clone()]);
            // Tools that inline references keep the order.
            let same_place = (written_out && count == found.len()).then_some(index);
            if let Some(part) = says.or(same_place).and_then(|own| found.get_mut(own)) {
                notes.push(format!(
                    "`{tag}` is mapped to nothing: it selects {}",
                    part.model
                ));
                part.tags.push(tag);
            } else {
                notes.push(format!("`{tag}` is mapped to nothing"));
            }
        }
    }

    /// Gives tags to the variants that the mapping does not name: the tags of their own union, the
    /// values that no other variant allows, or else their names.
    fn unmapped(&self, property: &str, found: &mut [Part], notes: &mut Vec<String>) {
        let mut open: BTreeMap<usize, Vec<String>> = found
            .iter()
            .enumerate()
            .filter(|(_, part)| part.tags.is_empty())
            .map(|(index, part)| (index, self.tags(&part.model, property, DEPTH)))
            .collect();
        let unmapped: Vec<usize> = open.keys().copied().collect();
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
        for part in unmapped.into_iter().map(|index| &found[index]) {
            if !part.tags.is_empty() {
                notes.push(format!(
                    "{} is selected by {}, although the mapping does not name it",
                    part.model,
                    list(&part.tags)
                ));
            }
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
            for part in parts(schema).filter_map(named).filter(|name| !mapped(name)) {
                tags.extend(self.tags(&part, property, depth - 1));
            }
            return tags;
        }
        match self.values(model, property) {
            values if values.is_empty() => vec![model.to_owned()],
            values => values,
        }
    }

    /// The values that a model allows for a property.
    fn values(&self, model: &str, property: &str) -> Vec<String> {
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

    /// The properties that every value of the model has.
    fn required(&self, model: &str, depth: usize) -> Vec<String> {
        let Some(schema) = self.resolved(model) else {
            return Vec::new();
        };
        if !is_union(schema) {
            return items(schema.get("required"))
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect();
        }
        if depth == 0 {
            return Vec::new();
        }
        let mut all = parts(schema)
            .filter_map(named)
            .map(|model| self.required(&model, depth - 1));
        let first = all.next().unwrap_or_default();
        all.fold(first, |mut common, other| {
            common.retain(|name| other.contains(name));
            common
        })
    }

    /// Whether values of the model are objects.
    fn is_object(&self, model: &str, depth: usize) -> bool {
        let Some(schema) = self.resolved(model) else {
            return false;
        };
        if is_union(schema) {
            return depth > 0
                && parts(schema).all(|part| {
                    named(part).is_some_and(|model| self.is_object(&model, depth - 1))
                });
        }
        schema.get(KIND).and_then(Value::as_str) == Some("union")
            || schema.get("properties").is_some_and(Value::is_object)
            || schema.get("type").and_then(Value::as_str) == Some("object")
    }

    /// Whether the union `name` is a part of `model`, at any depth.
    fn holds(&self, model: &str, name: &str, depth: usize) -> bool {
        let Some(schema) = self.resolved(model).filter(|schema| is_union(schema)) else {
            return false;
        };
        parts(schema)
            .filter_map(named)
            .any(|part| part == name || (depth > 0 && self.holds(&part, name, depth - 1)))
    }

    fn resolved(&self, model: &str) -> Option<&'a Value> {
        let mut schema = self.0.get(model)?;
        for _ in 0..64 {
            match reference(schema).and_then(schema_name) {
                Some(name) => schema = self.0.get(&name)?,
                None => return Some(schema),
            }
        }
        None
    }
}

fn parts(schema: &Value) -> impl Iterator<Item = &Value> {
    items(schema.get("oneOf")).chain(items(schema.get("anyOf")))
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
