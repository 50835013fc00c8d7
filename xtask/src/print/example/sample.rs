//! Chooses sample values: the sample of the document if it fits the type, otherwise an invented one.

use std::cell::Cell;

use serde_json::{Value, json};

use crate::api::{Api, Field, Model, ModelId, ModelKind, Object, Presence, Type, Union, Variant};

/// Optional properties are left out below this depth, counted from the shown model.
const DEPTH: usize = 5;
/// Optional properties are left out after this number of values.
const VALUES: usize = 200;

/// A value of a type of the model.
#[derive(Debug, Clone)]
pub(super) enum Sample {
    Text(String),
    Secret(String),
    Bool(bool),
    Integer(i64),
    /// The digits of a number.
    Number(String),
    /// A date, `YYYY-MM-DD`.
    Date(String),
    File,
    Json(Value),
    /// A value that may be null, and its type.
    OrNull(Type, Option<Box<Sample>>),
    /// The type of the items, and the items.
    List(Type, Vec<Sample>),
    /// The type of the values, and the entries.
    Map(Type, Vec<(String, Sample)>),
    /// The set fields, by their index. `None` is `null`.
    Object(ModelId, Vec<(usize, Option<Sample>)>),
    /// The index of a listed value. `None`: the enum lists none.
    Enum(ModelId, Option<usize>),
    Wrapper(ModelId, Box<Sample>),
    /// The index of the variant, its tag if it has one, and what it holds.
    Union(ModelId, usize, Option<String>, Box<Sample>),
    /// The `Unknown` variant of a union, which holds any JSON.
    Unknown(ModelId),
}

/// Which optional properties are set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// None, except the first one of an object that would otherwise be empty, as in a program's
    /// request. Optional properties may exclude each other, and the document does not say which do.
    Least,
    /// All properties, up to the limits [`DEPTH`] and [`VALUES`], as in a server's response.
    All,
}

/// A discriminator and its value.
type Tag<'a> = (&'a str, &'a str);

pub(super) struct Sampler<'a> {
    api: &'a Api,
    extent: Extent,
    left: Cell<usize>,
    /// The unions that have a discriminator.
    unions: Vec<&'a Union>,
}

impl<'a> Sampler<'a> {
    pub(super) fn new(api: &'a Api, extent: Extent) -> Self {
        Self {
            api,
            extent,
            left: Cell::new(VALUES),
            unions: api.models.iter().filter_map(tagged).collect(),
        }
    }

    /// A value of the type. `given` is the document's sample of it.
    pub(super) fn of(&self, ty: &Type, given: Option<&Value>) -> Sample {
        self.value(ty, given, &[])
            .or_else(|| self.unknown(ty))
            .unwrap_or_else(|| Sample::Json(json!({})))
    }

    /// `None` if the type contains itself. `within` lists the enclosing models.
    fn value(&self, ty: &Type, given: Option<&Value>, within: &[ModelId]) -> Option<Sample> {
        self.left.set(self.left.get().saturating_sub(1));
        let given = given.filter(|given| !given.is_null() || matches!(ty, Type::OrNull(_)));
        Some(match ty {
            Type::String => Sample::Text(text(given)),
            Type::Secret => Sample::Secret(text(given)),
            Type::Bool => Sample::Bool(parsed(given, Value::as_bool).unwrap_or(true)),
            Type::Integer => Sample::Integer(parsed(given, Value::as_i64).unwrap_or(1)),
            Type::Number => Sample::Number(number(given).unwrap_or_else(|| "1".to_owned())),
            Type::Date => Sample::Date(date(given)),
            Type::File => Sample::File,
            Type::Json => Sample::Json(given.cloned().unwrap_or_else(|| json!({}))),
            Type::OrNull(inner) => {
                let value = match given {
                    Some(Value::Null) => None,
                    given => Some(Box::new(self.value(inner, given, within)?)),
                };
                Sample::OrNull((**inner).clone(), value)
            }
            Type::List(item) => {
                let samples: Vec<Option<&Value>> = match given {
                    Some(Value::Array(items)) if !items.is_empty() => {
                        items.iter().map(Some).collect()
                    }
                    // The document's sample of a list may be a single item.
                    other => vec![other.filter(|other| !other.is_array())],
                };
                let items = samples.into_iter();
                let items = items.filter_map(|given| self.value(item, given, within));
                Sample::List((**item).clone(), items.collect())
            }
            Type::Map(of) => {
                let given = given.and_then(Value::as_object);
                let entries: Vec<(String, Option<&Value>)> = match given {
                    Some(map) => map
                        .iter()
                        .map(|(key, value)| (key.clone(), Some(value)))
                        .collect(),
                    None => vec![("key".to_owned(), None)],
                };
                let entries = entries.into_iter();
                let entries =
                    entries.filter_map(|(key, given)| Some((key, self.value(of, given, within)?)));
                Sample::Map((**of).clone(), entries.collect())
            }
            Type::Model(id) => self.model(*id, given, within, None)?,
        })
    }

    /// `tag` selects the variant of a union, and is the value of an object's discriminator.
    fn model(
        &self,
        id: ModelId,
        given: Option<&Value>,
        within: &[ModelId],
        tag: Option<Tag<'_>>,
    ) -> Option<Sample> {
        if within.contains(&id) {
            return None;
        }
        let within: Vec<ModelId> = within.iter().copied().chain([id]).collect();
        let model = self.api.model(id);
        let given = given.or(model.example.as_ref());
        match &model.kind {
            ModelKind::Object(object) => self.object(id, object, given, &within, tag),
            ModelKind::StringEnum(open) => {
                let given = given.map(|given| text(Some(given)));
                let mut values = open.values.iter();
                let found = values.position(|value| Some(&value.value) == given.as_ref());
                Some(Sample::Enum(id, found.or(first(&open.values))))
            }
            ModelKind::IntegerEnum(open) => {
                let given = parsed(given, Value::as_i64);
                let found = open
                    .values
                    .iter()
                    .position(|value| Some(value.value) == given);
                Some(Sample::Enum(id, found.or(first(&open.values))))
            }
            ModelKind::Wrapper(inner) => {
                let held = match inner {
                    Type::Model(inner) => self.model(*inner, given, &within, tag),
                    inner => self.value(inner, given, &within),
                };
                Some(Sample::Wrapper(id, Box::new(held?)))
            }
            ModelKind::Union(union) => self.union(id, union, given, &within, tag),
        }
    }

    fn object(
        &self,
        id: ModelId,
        object: &Object,
        given: Option<&Value>,
        within: &[ModelId],
        tag: Option<Tag<'_>>,
    ) -> Option<Sample> {
        let mut fields = Vec::new();
        let only = Self::only(object);
        for (index, field) in object.fields.iter().enumerate() {
            let given = given.and_then(|given| given.get(&field.wire));
            let mut given = given.or(field.example.as_ref()).cloned();
            if let Some(tag) = self.tag(id, field, given.as_ref(), tag) {
                given = Some(Value::from(tag));
            }
            let required = field.presence.is_required();
            let may_be_null = field.presence.is_nullable();
            if !required && only != Some(index) && !self.sets(within) {
                continue;
            }
            if may_be_null && given == Some(Value::Null) {
                fields.push((index, None));
                continue;
            }
            let value = self.value(&field.ty, given.as_ref(), within);
            match value.or_else(|| self.unknown(&field.ty).filter(|_| required)) {
                Some(value) => fields.push((index, Some(value))),
                None if field.presence == Presence::OrNull => fields.push((index, None)),
                None if required => return None,
                None => {}
            }
        }
        Some(Sample::Object(id, fields))
    }

    /// Whether optional properties are set.
    fn sets(&self, within: &[ModelId]) -> bool {
        self.extent == Extent::All && within.len() <= DEPTH && self.left.get() > 0
    }

    /// The optional property that is set in an object that would otherwise be empty: the first one.
    fn only(object: &Object) -> Option<usize> {
        let callers_set = |field: &&Field| field.constant.is_none();
        let mut set = object.fields.iter().filter(callers_set);
        if set.any(|field| field.presence.is_required()) {
            return None;
        }
        let first = |field: &Field| callers_set(&field) && !field.deprecated;
        object.fields.iter().position(first)
    }

    /// Whether a value of the type is written on one line.
    pub(super) fn is_simple(&self, ty: &Type) -> bool {
        match ty {
            Type::Secret => true,
            Type::List(item) => **item == Type::String,
            ty => self.api.is_text(ty),
        }
    }

    /// The value to set for a discriminator: a tag that selects the model in a union. `None` if the field
    /// is not a discriminator, or if the document's sample already is such a tag.
    fn tag(
        &self,
        id: ModelId,
        field: &Field,
        given: Option<&Value>,
        tag: Option<Tag<'_>>,
    ) -> Option<String> {
        if let Some(constant) = &field.constant {
            return Some(constant.clone());
        }
        if let Some((_, tag)) = tag.filter(|(name, _)| *name == field.wire) {
            return Some(tag.to_owned());
        }
        let unions = self.unions.iter();
        let unions = unions.filter(|union| union.discriminator.as_ref() == Some(&field.wire));
        let variants = unions.flat_map(|union| &union.variants);
        let mut tags = variants
            .filter(|variant| self.holds(variant.model, id))
            .flat_map(|variant| &variant.tags);
        let given = given.and_then(Value::as_str);
        let first = tags.next()?;
        let fits = Some(first.as_str()) == given || tags.any(|tag| Some(tag.as_str()) == given);
        (!fits).then(|| first.clone())
    }

    /// Whether `outer` is the model, or a wrapper of it.
    fn holds(&self, outer: ModelId, id: ModelId) -> bool {
        outer == id
            || match &self.api.model(outer).kind {
                ModelKind::Wrapper(Type::Model(inner)) if *inner != outer => *inner == id,
                _ => false,
            }
    }

    /// The variant that the tag or the document's sample selects, else the first one that does not
    /// contain the union.
    fn union(
        &self,
        id: ModelId,
        union: &Union,
        given: Option<&Value>,
        within: &[ModelId],
        tag: Option<Tag<'_>>,
    ) -> Option<Sample> {
        let name = union.discriminator.as_deref();
        let said = given.and_then(|given| given.get(name?)?.as_str());
        let said = tag
            .filter(|(tagged, _)| Some(*tagged) == name)
            .map(|(_, tag)| tag)
            .or(said);
        let selected = |variant: &Variant| match name {
            Some(_) => said.is_some_and(|said| variant.tags.iter().any(|tag| tag == said)),
            None => given.is_some_and(|given| {
                variant.object
                    && given.is_object()
                    && variant
                        .required
                        .iter()
                        .all(|name| given.get(name).is_some())
            }),
        };
        let found = union.variants.iter().position(selected);
        let order = found.into_iter().chain(0..union.variants.len());
        order.into_iter().find_map(|index| {
            let variant = &union.variants[index];
            let is_given = found == Some(index);
            let tag = match said.filter(|_| is_given) {
                Some(said) => Some(said),
                None => variant.tags.first().map(String::as_str),
            };
            let given = given.filter(|_| is_given);
            let held = self.model(variant.model, given, within, name.zip(tag))?;
            Some(Sample::Union(
                id,
                index,
                tag.map(str::to_owned),
                Box::new(held),
            ))
        })
    }

    /// The `Unknown` variant, for a union whose variants all contain the union itself.
    fn unknown(&self, ty: &Type) -> Option<Sample> {
        match ty {
            Type::Model(id) => match &self.api.model(*id).kind {
                ModelKind::Union(_) => Some(Sample::Unknown(*id)),
                ModelKind::Wrapper(inner) => {
                    Some(Sample::Wrapper(*id, Box::new(self.unknown(inner)?)))
                }
                _ => None,
            },
            _ => None,
        }
    }
}

impl Model {
    /// The discriminator of a union.
    pub(super) fn discriminator(&self) -> Option<&str> {
        match &self.kind {
            ModelKind::Union(union) => union.discriminator.as_deref(),
            _ => None,
        }
    }
}

fn tagged(model: &Model) -> Option<&Union> {
    match &model.kind {
        ModelKind::Union(union) if union.discriminator.is_some() => Some(union),
        _ => None,
    }
}

fn first<T>(values: &[T]) -> Option<usize> {
    (!values.is_empty()).then_some(0)
}

/// The sample as text. Documents often leave texts unquoted.
fn text(given: Option<&Value>) -> String {
    match given {
        Some(Value::String(text)) => text.clone(),
        Some(value @ (Value::Number(_) | Value::Bool(_))) => value.to_string(),
        _ => "text".to_owned(),
    }
}

/// The sample as a date. An example that is not one would make a program that fails.
fn date(given: Option<&Value>) -> String {
    let given = given.and_then(Value::as_str);
    match given.filter(|text| text.parse::<cobo_model::Date>().is_ok()) {
        Some(text) => text.to_owned(),
        None => "2026-07-28".to_owned(),
    }
}

/// The sample as a bool or an integer. Documents sometimes quote these.
fn parsed<T: std::str::FromStr>(
    given: Option<&Value>,
    plain: impl Fn(&Value) -> Option<T>,
) -> Option<T> {
    match given? {
        Value::String(text) => text.parse().ok(),
        other => plain(other),
    }
}

fn number(given: Option<&Value>) -> Option<String> {
    match given? {
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => {
            let number: Option<serde_json::Number> = serde_json::from_str(text).ok();
            number.map(|number| number.to_string())
        }
        _ => None,
    }
}
