//! Handles a union that also has properties: adds these properties to each variant.
//!
//! Typify has no type for such a schema. Each variant becomes a new component that includes the
//! properties, and the schema becomes a plain union.

use serde_json::{Map, Value, json};

use super::Merger;
use super::merge::{Conflict, is_annotation, merge};
use crate::document::{at, entries, items, reference, schema_name, schema_reference};
use crate::rust_name;
use crate::schema::is_union;
use crate::stage::Stage;

/// The maximum nesting of unions.
const DEPTH: usize = 8;

/// Splits `parts` into their only union and the other parts. Returns `None` if there are several
/// unions, or no properties to add to the variants.
pub(super) fn split(parts: &[Value]) -> Option<(Value, Vec<Value>)> {
    let (unions, rest): (Vec<&Value>, Vec<&Value>) = parts.iter().partition(|part| is_union(part));
    let [union] = unions.as_slice() else {
        return None;
    };
    let objects = entries(Some(union)).all(|(key, value)| {
        ["oneOf", "anyOf", "discriminator", "nullable"].contains(&key.as_str())
            || is_annotation(key)
            || (key == "type" && value == "object")
    });
    let more = rest.iter().any(|part| part.get("properties").is_some())
        && rest.iter().all(|part| part.get("$ref").is_none());
    (objects && more).then(|| ((*union).clone(), rest.into_iter().cloned().collect()))
}

impl Merger<'_> {
    /// A union whose variants also have the properties of `rest`.
    pub(super) fn spread(
        &mut self,
        union: &Value,
        rest: Vec<Value>,
        pointer: &str,
        conflicts: &mut Vec<Conflict>,
        open: &mut Vec<String>,
    ) -> Result<Map<String, Value>, String> {
        let rest = Value::Object(merge(&self.rules, rest, pointer, conflicts)?);
        let names: Vec<&str> = pointer
            .split('/')
            .filter(|part| !["", "components", "schemas", "properties"].contains(part))
            .collect();
        let base = rust_name::model(&names.join("-"));
        let mut result = self.variants(union, &rest, &base, conflicts, open, DEPTH)?;
        for (key, value) in entries(Some(&rest)) {
            if is_annotation(key) || key == "nullable" {
                result.insert(key.clone(), value.clone());
            }
        }
        self.log.change(
            Stage::MergeAllOf,
            format!("{pointer}: each variant has the properties beside the union"),
        );
        Ok(result)
    }

    fn variants(
        &mut self,
        union: &Value,
        rest: &Value,
        base: &str,
        conflicts: &mut Vec<Conflict>,
        open: &mut Vec<String>,
        depth: usize,
    ) -> Result<Map<String, Value>, String> {
        if depth == 0 {
            return Err("its unions nest too deep".to_owned());
        }
        let mut result = union.as_object().cloned().unwrap_or_default();
        for key in ["oneOf", "anyOf"] {
            let Some(parts) = union.get(key) else {
                continue;
            };
            let mut renamed = Vec::new();
            for (index, part) in items(Some(parts)).enumerate() {
                let target = reference(part).and_then(schema_name);
                let wanted = match &target {
                    Some(name) => rust_name::model(&format!("{base}-{name}")),
                    None => format!("{base}Variant{}", index + 1),
                };
                let schema = match &target {
                    Some(name) if open.contains(name) => {
                        return Err("a variant consists of the whole".to_owned());
                    }
                    Some(name) => self.component(name, open),
                    None => part.clone(),
                };
                let name = self.names.take(&wanted);
                let pointer = at("/components/schemas", &name);
                let schema = if is_union(&schema) {
                    self.variants(&schema, rest, &name, conflicts, open, depth - 1)?
                } else {
                    merge(&self.rules, vec![rest.clone(), schema], &pointer, conflicts)?
                };
                self.added.push((name.clone(), Value::Object(schema)));
                renamed.push((target, name));
            }
            let references = renamed.iter().map(|(_, name)| schema_reference(name));
            result.insert(key.to_owned(), Value::Array(references.collect()));
            let mapping = result
                .get_mut("discriminator")
                .and_then(|value| value.get_mut("mapping"))
                .and_then(Value::as_object_mut);
            for target in mapping.into_iter().flat_map(Map::values_mut) {
                let old = target.as_str().and_then(schema_name);
                if let Some((_, new)) = renamed
                    .iter()
                    .find(|(target, _)| target.is_some() && *target == old)
                {
                    *target = json!(at("#/components/schemas", new));
                }
            }
        }
        Ok(result)
    }
}
