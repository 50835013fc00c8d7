//! Tells the variants of a union without a discriminator apart by the types of JSON.

use std::collections::BTreeSet;

use serde_json::Value;

use super::variants::{Schemas, Untyped};
use crate::schema::{is_union, named, parts};

impl Schemas<'_> {
    /// The JSON types of the values of these variants. Fails with the reason if a type other than
    /// `object` belongs to two of them. Objects are told apart by their properties.
    pub(super) fn distinct_types(
        &self,
        models: &[String],
        depth: usize,
    ) -> Result<BTreeSet<&'static str>, Untyped> {
        let mut all = BTreeSet::new();
        for model in models {
            for kind in self.json_types(model, depth)? {
                if !all.insert(kind) && kind != "object" {
                    return Err(Untyped::new(
                        format!("{model} and another variant are both of the JSON type {kind}"),
                        format!("give {model} another JSON type, or delete the variant"),
                    ));
                }
            }
        }
        Ok(all)
    }

    fn json_types(&self, model: &str, depth: usize) -> Result<BTreeSet<&'static str>, Untyped> {
        if self.is_object(model, depth) {
            return Ok(BTreeSet::from(["object"]));
        }
        let schema = self.resolved(model).unwrap_or(&Value::Null);
        if is_union(schema) {
            let depth = depth.checked_sub(1);
            let depth = depth.ok_or_else(|| {
                let reason = format!("{model} is nested too deep");
                Untyped::new(reason, "list the variants of inner unions in the outer one")
            })?;
            let models: Vec<String> = parts(schema).filter_map(named).collect();
            return self.distinct_types(&models, depth);
        }
        let kind = match schema.get("type").and_then(Value::as_str) {
            Some("string") => "string",
            Some("integer" | "number") => "number",
            Some("boolean") => "boolean",
            Some("array") => "array",
            _ => {
                let reason = format!("{model} may be of any JSON type");
                let untyped = Untyped::new(reason, format!("give {model} a type"));
                let component = self.component(model).unwrap_or_else(|| model.to_owned());
                return Err(untyped.by_setting(&component, "{\"type\": VALUE}"));
            }
        };
        Ok(BTreeSet::from([kind]))
    }
}
