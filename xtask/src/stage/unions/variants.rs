//! Finds the variants of a union: the name of each, and how to tell it from the others.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::document::{entries, items, reference, schema_name, text};
use crate::kind::{Union, UnionVariant};
use crate::schema::{is_union, named, parts};
use crate::stage::enums::unique;

/// The maximum nesting of unions.
pub(super) const DEPTH: usize = 16;

pub(super) struct Schemas<'a>(&'a BTreeMap<String, Value>);

/// A union, notes for the report, and what a person has to decide.
pub(super) struct ResolvedUnion {
    pub(super) union: Union,
    pub(super) notes: Vec<String>,
    pub(super) contradictions: Vec<Contradiction>,
    /// Tags of the mapping that select no variant.
    pub(super) lost: Vec<String>,
    pub(super) doubts: Vec<Doubt>,
}

/// What the document leaves open about how the variants of a union are told apart.
pub(super) struct Doubt {
    pub(super) message: String,
    pub(super) mend: String,
    /// What is generated until a person decides.
    pub(super) meanwhile: &'static str,
}

/// Why a union has no type, and what mends it.
pub(super) struct Untyped {
    pub(super) reason: String,
    pub(super) mend: String,
    /// The component to set keys of, and these keys, where that is the mend.
    pub(super) set: Option<(String, &'static str)>,
}

impl Untyped {
    pub(super) fn new(reason: impl Into<String>, mend: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            mend: mend.into(),
            set: None,
        }
    }

    pub(super) fn by_setting(self, model: &str, keys: &'static str) -> Self {
        Self {
            set: Some((model.to_owned(), keys)),
            ..self
        }
    }
}

/// Tags of the mapping that their own variant does not allow; a person decides.
pub(super) struct Contradiction {
    pub(super) reason: String,
    pub(super) model: String,
    pub(super) tags: Vec<String>,
    /// The values that this variant allows, and no other one, which should be in their place.
    pub(super) instead: Vec<String>,
}

pub(super) struct Part {
    pub(super) model: String,
    /// The values that select the variant.
    pub(super) tags: Vec<String>,
    /// Other values that are written unchanged.
    pub(super) keeps: Vec<String>,
}

impl<'a> Schemas<'a> {
    pub(super) fn new(schemas: &'a BTreeMap<String, Value>) -> Self {
        Self(schemas)
    }

    /// Finds the variants of a union. Fails with the reason if the variants cannot be told apart.
    pub(super) fn resolve(&self, name: &str, schema: &Value) -> Result<ResolvedUnion, Untyped> {
        let mut notes = Vec::new();
        if ["oneOf", "anyOf"]
            .iter()
            .all(|key| schema.get(*key).is_some())
        {
            let reason = "`oneOf` and `anyOf` at once have no type here";
            let untyped = Untyped::new(reason, "delete one of both");
            return Err(untyped.by_setting(name, "{\"anyOf\": []}"));
        }
        let mut models: Vec<String> = Vec::new();
        for part in parts(schema) {
            let model = named(part).ok_or_else(|| {
                Untyped::new("one of its parts has no name", "make each part a component")
            })?;
            if model == name || models.contains(&model) {
                notes.push(format!("{model} is listed twice"));
            } else {
                models.push(model);
            }
        }
        if self.holds(name, name, DEPTH) {
            let mend = "delete the variant through which it contains itself";
            return Err(Untyped::new("it consists of itself", mend));
        }
        let property = schema
            .get("discriminator")
            .and_then(|value| text(value, "propertyName"));
        let odd = models.iter().find(|model| !self.is_object(model, DEPTH));
        let scalars = odd.is_some();
        if let Some(odd) = odd {
            if property.is_some() {
                return Err(Untyped::new(
                    format!(
                        "the union has a discriminator, but its variant {odd} is not an object"
                    ),
                    format!("make {odd} an object, or delete the discriminator"),
                ));
            }
            self.distinct_types(&models, DEPTH)?;
        }
        let mut contradictions = Vec::new();
        let (mut lost, mut doubts) = (Vec::new(), Vec::new());
        let mut found: Vec<Part> = models
            .into_iter()
            .map(|model| Part {
                model,
                tags: Vec::new(),
                keeps: Vec::new(),
            })
            .collect();
        if let Some(property) = &property {
            let mapped = (name, schema, property.as_str());
            lost = self.mapping(mapped, &mut found, &mut notes, &mut doubts);
            contradictions = self.contradictions(property, &mut found);
            doubts.extend(self.unmapped(property, &mut found, &mut notes));
            let mut seen = BTreeSet::new();
            for part in &mut found {
                part.tags.retain(|tag| {
                    let new = seen.insert(tag.clone());
                    if !new {
                        notes.push(format!(
                            "`{tag}` selects another variant than {}",
                            part.model
                        ));
                    }
                    new
                });
            }
        }
        let declared = property;
        let property =
            (declared.clone()).filter(|_| found.iter().any(|part| !part.tags.is_empty()));
        match (&property, declared) {
            (Some(property), _) => doubts.extend(never_selected(property, &found)),
            (None, Some(declared)) => doubts.push(selects_nothing(&declared)),
            (None, None) => doubts.extend(self.same_shapes(&found)),
        }
        notes.push(match &property {
            Some(property) => format!("its variants are told apart by `{property}`"),
            None if scalars => {
                "it has no discriminator: its variants are told apart by their JSON \
                                types and by what they require"
                    .to_owned()
            }
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
        if let Some(property) = &property {
            self.own_values(property, &mut found);
        }
        let variants = found
            .into_iter()
            .zip(unique(&wanted))
            .map(|(part, name)| UnionVariant {
                name,
                required: self.required(&part.model, DEPTH),
                tags: part.tags,
                keeps: part.keeps,
                model: part.model,
            })
            .collect();
        Ok(ResolvedUnion {
            union: Union {
                discriminator: property,
                variants,
            },
            notes,
            contradictions,
            lost,
            doubts,
        })
    }

    /// Gives the tags of the mapping to the variants that they name. Returns the tags that name no
    /// variant.
    fn mapping(
        &self,
        (name, schema, property): (&str, &Value, &str),
        found: &mut Vec<Part>,
        notes: &mut Vec<String>,
        doubts: &mut Vec<Doubt>,
    ) -> Vec<String> {
        let mapping = schema
            .get("discriminator")
            .and_then(|value| value.get("mapping"));
        let targets: Vec<(&String, Option<String>)> = entries(mapping)
            .map(|(tag, target)| {
                let target = target.as_str().and_then(schema_name);
                (tag, target.filter(|name| self.0.contains_key(name)))
            })
            .collect();
        let mapped: BTreeSet<String> = targets
            .iter()
            .filter_map(|(_, name)| name.clone())
            .collect();
        // Tools that inline references leave copies of the targets.
        let mut copies: BTreeMap<String, usize> = BTreeMap::new();
        let mut lost = Vec::new();
        let declared = found.len();
        let count = targets.len();
        for (index, (tag, target)) in targets.into_iter().enumerate() {
            let own = target.as_ref().and_then(|target| {
                let listed = found.iter().position(|part| part.model == *target);
                listed.or_else(|| copies.get(target).copied()).or_else(|| {
                    let copy = self.copy(target, found, &mapped)?;
                    copies.insert(target.clone(), copy);
                    Some(copy)
                })
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
                        keeps: Vec::new(),
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
        let mut unused = Vec::new();
        for (index, tag) in lost {
            let says = found
                .iter()
                .position(|part| self.values(&part.model, property) == [tag.clone()]);
            // Tools that inline references keep the order.
            let same_place = (written_out && count == found.len()).then_some(index);
            if let (None, Some(part)) = (says, same_place.and_then(|own| found.get(own))) {
                doubts.push(Doubt {
                    message: format!("the mapping maps `{tag}` to no variant"),
                    mend: "correct the mapping".to_owned(),
                    meanwhile: "it selects the variant at the same position",
                });
                notes.push(format!("`{tag}` has the position of {}", part.model));
            }
            if let Some(part) = says.or(same_place).and_then(|own| found.get_mut(own)) {
                notes.push(format!(
                    "`{tag}` is mapped to nothing: it selects {}",
                    part.model
                ));
                part.tags.push(tag);
            } else {
                notes.push(format!("`{tag}` is mapped to nothing"));
                unused.push(tag);
            }
        }
        unused
    }

    /// The part that is a copy of a mapping's target. Several targets may be equal, so a part that is
    /// itself a target is not a copy, and a part that no other target has taken comes first.
    fn copy(&self, target: &str, found: &[Part], mapped: &BTreeSet<String>) -> Option<usize> {
        let target = self.resolved(target)?;
        let copies = || {
            let parts = found.iter().enumerate();
            parts.filter(|(_, part)| {
                self.resolved(&part.model) == Some(target) && !mapped.contains(&part.model)
            })
        };
        let free = copies().find(|(_, part)| part.tags.is_empty());
        free.or_else(|| copies().next()).map(|(index, _)| index)
    }

    /// The properties that every value of the model has.
    pub(super) fn required(&self, model: &str, depth: usize) -> Vec<String> {
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
    pub(super) fn is_object(&self, model: &str, depth: usize) -> bool {
        let Some(schema) = self.resolved(model) else {
            return false;
        };
        if is_union(schema) {
            return depth > 0
                && parts(schema).all(|part| {
                    named(part).is_some_and(|model| self.is_object(&model, depth - 1))
                });
        }
        schema.get("properties").is_some_and(Value::is_object)
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

    pub(super) fn resolved(&self, model: &str) -> Option<&'a Value> {
        self.0.get(&self.component(model)?)
    }

    /// The component at the end of all references; `None` if they do not end.
    pub(super) fn component(&self, model: &str) -> Option<String> {
        let mut name = model.to_owned();
        for _ in 0..64 {
            match self.0.get(&name).and_then(reference).and_then(schema_name) {
                Some(target) => name = target,
                None => return Some(name),
            }
        }
        None
    }
}

/// The variants that no tag selects, if a tag selects others.
fn never_selected(property: &str, found: &[Part]) -> Vec<Doubt> {
    let never = found.iter().filter(|part| part.tags.is_empty());
    let doubt = |Part { model, .. }: &Part| Doubt {
        message: format!("no value of the discriminator `{property}` selects {model} alone"),
        mend: format!(
            "give {model} a value that no other variant has, in the mapping and in the values that \
             {model} allows"
        ),
        meanwhile: "it can be written, but is never read",
    };
    never.map(doubt).collect()
}

fn selects_nothing(property: &str) -> Doubt {
    Doubt {
        message: format!("no value of the discriminator `{property}` selects a variant"),
        mend:
            "give each variant a value that no other variant has, in the mapping and in the values \
               that it allows, or delete the discriminator"
                .to_owned(),
        meanwhile: "the variants are told apart by what they require",
    }
}
