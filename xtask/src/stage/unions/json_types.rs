//! Tells the variants of a union without a discriminator apart by the types of JSON.

use std::collections::BTreeSet;

use serde_json::Value;

use super::variants::{Schemas, parts};
use crate::schema::named;
use crate::stage::hoist::is_union;

impl Schemas<'_> {
    /// The JSON types of the values of these variants. Fails with the reason if a type other than
    /// `object` belongs to two of them. Objects are told apart by their properties.
    pub(super) fn distinct_types(
        &self,
        models: &[String],
        depth: usize,
    ) -> Result<BTreeSet<&'static str>, String> {
        let mut all = BTreeSet::new();
        for model in models {
            for kind in self.json_types(model, depth)? {
                if !all.insert(kind) && kind != "object" {
                    return Err(format!(
                        "{model} and another variant are both of the JSON type {kind}"
                    ));
                }
            }
        }
        Ok(all)
    }

    fn json_types(&self, model: &str, depth: usize) -> Result<BTreeSet<&'static str>, String> {
        if self.is_object(model, depth) {
            return Ok(BTreeSet::from(["object"]));
        }
        let schema = self.resolved(model).unwrap_or(&Value::Null);
        if is_union(schema) {
            let depth = depth.checked_sub(1);
            let depth = depth.ok_or_else(|| format!("{model} is nested too deep"))?;
            let models: Vec<String> = parts(schema).filter_map(named).collect();
            return self.distinct_types(&models, depth);
        }
        let kind = match schema.get("type").and_then(Value::as_str) {
            Some("string") => "string",
            Some("integer" | "number") => "number",
            Some("boolean") => "boolean",
            Some("array") => "array",
            _ => return Err(format!("{model} may be of any JSON type")),
        };
        Ok(BTreeSet::from([kind]))
    }
}
