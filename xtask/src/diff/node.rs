//! A schema with its references and `allOf` resolved. Keywords beside a union are applied to each of its variants.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::alike::alike;
use crate::document::{Document, at, entries, flag, items, reference, schema_name, text};

/// A schema, as the list of parts that all apply.
#[derive(Clone)]
pub(super) struct Node<'a> {
    document: &'a Document,
    parts: Vec<Part<'a>>,
}

#[derive(Clone, Copy)]
struct Part<'a> {
    schema: &'a Value,
    /// Whether its union has already been entered.
    spent: bool,
}

/// Identifies a node within its document: equal values mean the same node.
pub(super) type Identity = Vec<(usize, bool)>;

/// The coarse kind of a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Any,
    String,
    File,
    Integer,
    Number,
    Boolean,
    StringEnum,
    IntegerEnum,
    List,
    Map,
    Object,
    Union,
}

impl Type {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Any => "any JSON",
            Self::String => "string",
            Self::File => "file",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::StringEnum => "enum",
            Self::IntegerEnum => "integer enum",
            Self::List => "list",
            Self::Map => "map",
            Self::Object => "object",
            Self::Union => "union",
        }
    }
}

impl<'a> Node<'a> {
    pub(super) fn of(document: &'a Document, schema: &'a Value) -> Self {
        Self::all(document, [schema])
    }

    fn all(document: &'a Document, schemas: impl IntoIterator<Item = &'a Value>) -> Self {
        let mut node = Self {
            document,
            parts: Vec::new(),
        };
        for schema in schemas {
            node.add(schema);
        }
        node.collapse();
        node
    }

    /// Adds a schema with everything that it refers to and consists of.
    fn add(&mut self, schema: &'a Value) {
        let mut open = vec![schema];
        let mut seen: BTreeSet<usize> = BTreeSet::new();
        while let Some(schema) = open.pop() {
            if !seen.insert(address(schema)) {
                continue;
            }
            if let Some(reference) = reference(schema) {
                open.extend(self.document.target(reference));
                continue;
            }
            self.parts.push(Part {
                schema,
                spent: false,
            });
            open.extend(items(schema.get("allOf")));
        }
    }

    /// Replaces a union of one schema without a discriminator by that schema.
    fn collapse(&mut self) {
        for _ in 0..64 {
            let only = self.parts.iter().enumerate().find_map(|(index, part)| {
                let (_, members) = part.union()?;
                let told = part.schema.get("discriminator").is_some();
                (members.len() == 1 && !told).then(|| (index, &members[0]))
            });
            let Some((index, member)) = only else { return };
            self.parts[index].spent = true;
            self.add(member);
        }
    }

    pub(super) fn identity(&self) -> Identity {
        let mut identity: Identity = self
            .parts
            .iter()
            .map(|part| (address(part.schema), part.spent))
            .collect();
        identity.sort_unstable();
        identity.dedup();
        identity
    }

    pub(super) fn nullable(&self) -> bool {
        self.parts.iter().any(|part| {
            flag(part.schema, "nullable") || items(part.schema.get("enum")).any(Value::is_null)
        })
    }

    pub(super) fn deprecated(&self) -> bool {
        self.parts
            .iter()
            .any(|part| flag(part.schema, "deprecated"))
    }

    pub(super) fn kind(&self) -> Type {
        if self.contradicts() {
            return Type::Any;
        }
        if self.union().is_some() {
            return Type::Union;
        }
        let said = self
            .parts
            .iter()
            .find_map(|part| part.schema.get("type").and_then(Value::as_str));
        let is = |format: &str| {
            let found = self
                .parts
                .iter()
                .filter_map(|part| part.schema.get("format"));
            found
                .into_iter()
                .any(|other| other.as_str() == Some(format))
        };
        let values = self.values();
        match said {
            Some("string") if is("binary") => Type::File,
            Some("string") if values.is_some() => Type::StringEnum,
            Some("string") => Type::String,
            Some("integer") if values.is_some() => Type::IntegerEnum,
            Some("integer") => Type::Integer,
            Some("number") => Type::Number,
            Some("boolean") => Type::Boolean,
            Some("array") => Type::List,
            _ if self.has("properties") => Type::Object,
            Some("object") => Type::Map,
            _ if self.has("items") => Type::List,
            _ if self.rest().is_some() => Type::Map,
            _ if values.is_some() => Type::StringEnum,
            _ => Type::Any,
        }
    }

    /// Whether its parts cannot all apply, because they have several types or several unions. Such a schema is raw JSON
    /// in Rust unless a decision resolves it.
    fn contradicts(&self) -> bool {
        let types: BTreeSet<&str> = self
            .parts
            .iter()
            .filter_map(|part| part.schema.get("type").and_then(Value::as_str))
            .collect();
        let unions: Vec<&Value> = self
            .parts
            .iter()
            .filter_map(|part| Some(part.union()?.0))
            .collect();
        types.len() > 1
            || unions.iter().skip(1).any(|other| {
                !std::ptr::eq(unions[0], *other) && !alike(self.document, unions[0], other)
            })
    }

    fn has(&self, key: &str) -> bool {
        let mut found = self.parts.iter().filter_map(|part| part.schema.get(key));
        found.any(|value| value.as_object().is_none_or(|map| !map.is_empty()))
    }

    /// The values of an enum without `null`, which is not a value of the Rust enum.
    pub(super) fn values(&self) -> Option<BTreeSet<String>> {
        let mut lists = self
            .parts
            .iter()
            .filter_map(|part| part.schema.get("enum"))
            .map(|list| {
                let values = items(Some(list)).filter(|value| !value.is_null());
                let written = values.map(|value| match value {
                    Value::String(text) => text.clone(),
                    value => value.to_string(),
                });
                written.collect::<BTreeSet<String>>()
            });
        let first = lists.next()?;
        Some(lists.fold(first, |all, list| &all & &list))
    }

    /// The properties of an object, and whether each is required.
    pub(super) fn properties(&self) -> BTreeMap<&'a str, (Node<'a>, bool)> {
        let mut found: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
        let mut required: BTreeSet<&str> = BTreeSet::new();
        for part in &self.parts {
            for (name, schema) in entries(part.schema.get("properties")) {
                found.entry(name).or_default().push(schema);
            }
            required.extend(items(part.schema.get("required")).filter_map(Value::as_str));
        }
        found
            .into_iter()
            .map(|(name, schemas)| {
                let node = Node::all(self.document, schemas);
                (name, (node, required.contains(name)))
            })
            .collect()
    }

    /// The schema of a list's items.
    pub(super) fn items(&self) -> Option<Node<'a>> {
        self.below("items")
    }

    /// The schema of undeclared properties.
    pub(super) fn rest(&self) -> Option<Node<'a>> {
        self.below("additionalProperties")
    }

    fn below(&self, key: &str) -> Option<Node<'a>> {
        let schemas: Vec<&Value> = self
            .parts
            .iter()
            .filter_map(|part| part.schema.get(key))
            .filter(|schema| schema.as_object().is_some_and(|schema| !schema.is_empty()))
            .collect();
        (!schemas.is_empty()).then(|| Node::all(self.document, schemas))
    }

    /// The union of this schema, if it has one.
    pub(super) fn union(&self) -> Option<Union<'a>> {
        let (index, (owner, members)) = self
            .parts
            .iter()
            .enumerate()
            .find_map(|(index, part)| Some((index, part.union()?)))?;
        // Any other union here is a copy of it; otherwise the schema would contradict itself.
        let mut base = self.clone();
        for part in &mut base.parts[index..] {
            part.spent |= part.union().is_some();
        }
        Some(Union {
            base,
            owner,
            members: members.iter().collect(),
        })
    }
}

impl<'a> Part<'a> {
    fn union(&self) -> Option<(&'a Value, &'a [Value])> {
        if self.spent {
            return None;
        }
        let list = ["oneOf", "anyOf"]
            .into_iter()
            .find_map(|key| self.schema.get(key)?.as_array())?;
        (!list.is_empty()).then_some((self.schema, list.as_slice()))
    }
}

/// A union as the document writes it.
pub(super) struct Union<'a> {
    /// The parts that apply to every variant.
    base: Node<'a>,
    owner: &'a Value,
    members: Vec<&'a Value>,
}

impl<'a> Union<'a> {
    /// The property whose value selects the variant.
    pub(super) fn discriminator(&self) -> Option<&'a str> {
        self.owner
            .get("discriminator")?
            .get("propertyName")?
            .as_str()
    }

    /// The variants by tag, and the variants without a tag in the order of the document.
    pub(super) fn variants(&self) -> (BTreeMap<String, Node<'a>>, Vec<Node<'a>>) {
        let Some(discriminator) = self.discriminator() else {
            let members = self.members.iter().map(|member| self.variant(member));
            return (BTreeMap::new(), members.collect());
        };
        let mut tagged = BTreeMap::new();
        let mut mapped: BTreeSet<usize> = BTreeSet::new();
        let mapping = self
            .owner
            .get("discriminator")
            .and_then(|discriminator| discriminator.get("mapping"));
        for (tag, target) in entries(mapping) {
            let target = target.as_str().and_then(|target| self.target(target));
            if let Some(schema) = target {
                mapped.insert(address(self.resolved(schema)));
                tagged.insert(tag.clone(), self.variant(schema));
            }
        }
        // If references were inlined, a member is a copy of the mapping's target.
        let referred = |member: &&&Value| reference(member).is_some();
        let named = self.members.iter().filter(referred);
        let named: BTreeSet<usize> = named.map(|member| address(self.resolved(member))).collect();
        let mut copies = mapped.difference(&named).count();
        let mut untagged = Vec::new();
        for member in &self.members {
            if mapped.contains(&address(self.resolved(member))) {
                continue;
            }
            if copies > 0 {
                copies -= 1;
                continue;
            }
            let node = self.variant(member);
            let values = node
                .properties()
                .get(discriminator)
                .and_then(|(property, _)| property.values());
            let name = reference(member).and_then(schema_name);
            match (values, name) {
                (Some(values), _) if !values.is_empty() => {
                    for value in values {
                        tagged.entry(value).or_insert_with(|| node.clone());
                    }
                }
                (_, Some(name)) => {
                    tagged.entry(name).or_insert(node);
                }
                _ => untagged.push(node),
            }
        }
        (tagged, untagged)
    }

    fn variant(&self, schema: &'a Value) -> Node<'a> {
        let mut node = self.base.clone();
        node.add(schema);
        node.collapse();
        node
    }

    /// Resolves a mapping target: a reference or a bare name. Some documents add a colon at the end.
    fn target(&self, target: &str) -> Option<&'a Value> {
        let target = target.trim_end_matches(':');
        let reference = if target.starts_with('#') {
            target.to_owned()
        } else {
            at("#/components/schemas", target)
        };
        self.base.document.target(&reference)
    }

    fn resolved(&self, schema: &'a Value) -> &'a Value {
        self.base.document.resolve(schema).unwrap_or(schema)
    }
}

fn address(value: &Value) -> usize {
    std::ptr::from_ref(value).addr()
}

/// `operationId`, or the method and path if it is missing.
pub(super) fn operation_id(operation: &Value, method: &str, path: &str) -> String {
    text(operation, "operationId")
        .unwrap_or_else(|| format!("{} {path}", method.to_ascii_uppercase()))
}
