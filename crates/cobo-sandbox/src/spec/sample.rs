//! Makes values from schemas.

use serde_json::{Map, Value, json};

use super::dialect;
use super::document::Document;
use super::json::{entries, flag, items};

mod leaf;

/// Which properties the objects of a made value have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fields<'a> {
    /// All properties that the schema describes.
    All,
    /// The required properties.
    Required,
    /// The required properties, and this one in the outermost object.
    RequiredAnd(&'a str),
}

impl Fields<'_> {
    fn includes(self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Required => false,
            Self::RequiredAnd(other) => name == other,
        }
    }

    fn inner(self) -> Fields<'static> {
        match self {
            Self::All => Fields::All,
            Self::Required | Self::RequiredAnd(_) => Fields::Required,
        }
    }
}

/// A value made from a schema.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Sample {
    /// The value.
    pub value: Value,
    /// The number of turns needed to make every variant of every union in the value; 1 without unions.
    pub turns: usize,
}

/// How often an optional recursive schema is nested in itself.
const NESTED: usize = 2;

impl Document {
    /// Makes a value from a schema.
    pub(super) fn sample(&self, schema: &Value, fields: Fields<'_>, turn: usize) -> Sample {
        make(self, schema, fields, turn, &NOTHING)
    }

    /// Makes a value from a schema, with the variants that the discriminators in `like` select.
    pub(super) fn sample_like(&self, schema: &Value, fields: Fields<'_>, like: &Value) -> Value {
        make(self, schema, fields, 0, like).value
    }
}

fn make(
    document: &Document,
    schema: &Value,
    fields: Fields<'_>,
    turn: usize,
    like: &Value,
) -> Sample {
    let mut maker = Maker {
        document,
        open: Vec::new(),
        turns: 1,
        like,
    };
    let value = maker.value(
        schema,
        fields,
        Turn {
            left: turn,
            taken: 1,
        },
    );
    Sample {
        // A schema that requires itself, directly or through others, has no finite value.
        value: value.unwrap_or(Value::Null),
        turns: maker.turns,
    }
}

struct Maker<'a> {
    document: &'a Document,
    /// The references that are being expanded, outermost first.
    open: Vec<String>,
    turns: usize,
    /// The value whose discriminators select the variants of unions, at the place that is being made.
    like: &'a Value,
}

/// Selects no variants.
static NOTHING: Value = Value::Null;

/// The rest of the turn, for inner unions, and how many turns the outer unions use.
#[derive(Clone, Copy)]
struct Turn {
    left: usize,
    taken: usize,
}

/// A schema merged with all that it refers to and is composed of.
#[derive(Default)]
struct Shape {
    /// The schemas that describe no properties: of texts, numbers and lists.
    plain: Vec<Value>,
    /// The properties, each with its schemas: several parts may describe the same property.
    properties: Vec<(String, Vec<Value>)>,
    required: Vec<String>,
    additional: Option<Value>,
    unions: Vec<Map<String, Value>>,
    references: Vec<String>,
}

impl Maker<'_> {
    /// Makes a value; `None` if the value would be infinite.
    fn value(&mut self, schema: &Value, fields: Fields<'_>, turn: Turn) -> Option<Value> {
        let mut shape = Shape::default();
        self.gather(schema, &mut shape)?;
        let opened = shape.references.len();
        self.open.append(&mut shape.references);
        let value = self.of_shape(&shape, fields, turn);
        self.open.truncate(self.open.len() - opened);
        value
    }

    fn gather(&self, schema: &Value, shape: &mut Shape) -> Option<()> {
        let Some(schema) = schema.as_object() else {
            return Some(());
        };
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            let seen = |other: &&String| *other == reference;
            // A variant that extends its own union does not contain the union.
            let extends = shape.references.iter().any(|other| other == reference);
            let open = self.open.iter().filter(seen).count();
            if open >= NESTED || extends {
                return None;
            }
            let pointer = percent_encoding::percent_decode_str(reference.strip_prefix('#')?);
            let target = self.document.root.pointer(&pointer.decode_utf8().ok()?)?;
            shape.references.push(reference.to_owned());
            return self.gather(target, shape);
        }
        for part in items(schema.get("allOf")) {
            let reference = part.get("$ref").and_then(Value::as_str);
            let unions = shape.unions.len();
            self.gather(part, shape)?;
            if reference.is_some_and(|reference| self.open.iter().any(|open| open == reference)) {
                shape.unions.truncate(unions);
            }
        }
        for (name, property) in entries(schema.get("properties")) {
            match shape.properties.iter_mut().find(|(known, _)| known == name) {
                Some((_, schemas)) => schemas.push(property.clone()),
                None => shape
                    .properties
                    .push((name.clone(), vec![property.clone()])),
            }
        }
        let required = items(schema.get("required")).filter_map(Value::as_str);
        shape.required.extend(required.map(str::to_owned));
        if let Some(additional) = schema.get("additionalProperties") {
            shape.additional = Some(additional.clone());
        }
        if schema.contains_key("oneOf") || schema.contains_key("anyOf") {
            shape.unions.push(schema.clone());
        }
        let composed = ["allOf", "oneOf", "anyOf", "properties"];
        if !composed.iter().any(|key| schema.contains_key(*key)) {
            shape.plain.push(Value::Object(schema.clone()));
        }
        Some(())
    }

    fn of_shape(&mut self, shape: &Shape, fields: Fields<'_>, turn: Turn) -> Option<Value> {
        let mut value = None;
        for union in &shape.unions {
            let variant = self.variant(union, fields, turn)?;
            value = Some(merge(value, variant));
        }
        let undeclared = shape
            .required
            .iter()
            .any(|name| shape.properties.iter().all(|(known, _)| known != name));
        if shape.properties.is_empty() && !undeclared {
            return match value {
                Some(value) => Some(value),
                None => self.plain(shape, fields, turn),
            };
        }
        let mut object = Map::new();
        for (name, schemas) in &shape.properties {
            let required = shape.required.contains(name);
            if !required && !fields.includes(name) {
                continue;
            }
            let schema = match schemas.as_slice() {
                [schema] => schema.clone(),
                several => json!({ "allOf": several }),
            };
            let outer = self.like;
            self.like = outer.get(name).unwrap_or(&NOTHING);
            let value = self.value(&schema, fields.inner(), turn);
            self.like = outer;
            match value {
                Some(value) => object.insert(name.clone(), value),
                None if required => return None,
                None => None,
            };
        }
        // If a schema describes no property, make the names that it requires. If it describes some, other required
        // names are left over from an older release, see `dialect`.
        if shape.properties.is_empty() && value.is_none() {
            let names = shape.required.iter().cloned();
            object.extend(names.map(|name| (name, json!("text"))));
        }
        let object = Value::Object(object);
        Some(match value {
            // The variant's schema is more precise, so its values win.
            Some(variant) => merge(Some(object), variant),
            None => object,
        })
    }

    fn variant(
        &mut self,
        union: &Map<String, Value>,
        fields: Fields<'_>,
        turn: Turn,
    ) -> Option<Value> {
        let variants = union.get("oneOf").or_else(|| union.get("anyOf"))?;
        let tags = dialect::tags(&self.document.root, union, variants);
        let choices: Vec<(Option<String>, Value)> = match tags {
            Some(tags) => tags
                .into_iter()
                .map(|(tag, target)| (Some(tag), json!({ "$ref": target })))
                .collect(),
            None => items(Some(variants))
                .map(|variant| (None, variant.clone()))
                .collect(),
        };
        let taken = turn.taken.saturating_mul(choices.len());
        self.turns = self.turns.max(taken);
        let inner = Turn {
            left: turn.left.checked_div(choices.len())?,
            taken,
        };
        let name = union
            .get("discriminator")
            .and_then(|it| it.get("propertyName"));
        let given = name
            .and_then(Value::as_str)
            .and_then(|name| self.like.get(name)?.as_str());
        let selected = given.and_then(|given| {
            let mut tags = choices.iter().map(|(tag, _)| tag.as_deref());
            tags.position(|tag| tag == Some(given))
        });
        let first = match selected {
            Some(selected) => selected,
            None => turn.left.checked_rem(choices.len())?,
        };
        let (before, from) = choices.split_at(first);
        // If a variant has no finite value, try the next one.
        from.iter().chain(before).find_map(|(tag, schema)| {
            let mut value = self.value(schema, fields, inner)?;
            if let (Some(tag), Some(Value::String(name)), Value::Object(object)) =
                (tag, name, &mut value)
            {
                object.insert(name.clone(), json!(tag));
            }
            Some(value)
        })
    }

    fn plain(&mut self, shape: &Shape, fields: Fields<'_>, turn: Turn) -> Option<Value> {
        let kind = shape
            .plain
            .iter()
            .find_map(|schema| schema.get("type")?.as_str());
        let array = shape
            .plain
            .iter()
            .find(|schema| schema.get("items").is_some());
        match (kind, array) {
            (Some("array") | None, Some(array)) => {
                let wanted = array.get("minItems").and_then(Value::as_u64).unwrap_or(0);
                match self.value(array.get("items")?, fields.inner(), turn) {
                    Some(item) => {
                        let length = usize::try_from(wanted.clamp(1, 1_000)).unwrap_or(1);
                        Some(Value::Array(vec![item; length]))
                    }
                    None if wanted == 0 => Some(json!([])),
                    None => None,
                }
            }
            (Some("object"), _) | (None, None) if shape.additional.is_some() => {
                match &shape.additional {
                    Some(schema @ Value::Object(_)) if fields == Fields::All => {
                        let value = self.value(schema, fields, turn);
                        Some(value.map_or(json!({}), |value| json!({ "key": value })))
                    }
                    Some(Value::Bool(true)) if fields == Fields::All => {
                        Some(json!({ "key": "value" }))
                    }
                    _ => Some(json!({})),
                }
            }
            _ => Some(leaf::make(self.document, &shape.plain, kind, turn.left)),
        }
    }
}

/// Merges two objects. If both have a property, the second one's value is used.
fn merge(first: Option<Value>, second: Value) -> Value {
    match (first, second) {
        (Some(Value::Object(mut first)), Value::Object(second)) => {
            first.extend(second);
            Value::Object(first)
        }
        (_, second) => second,
    }
}

/// Whether a schema describes a file in a form.
pub(super) fn is_binary(schema: &Value) -> bool {
    schema.get("format").and_then(Value::as_str) == Some("binary")
}

/// Whether a parameter or a body is required, or included in `fields`.
pub(super) fn wanted(holder: &Value, name: &str, fields: Fields<'_>) -> bool {
    flag(holder, "required") || fields.includes(name)
}
