//! A call, and the list that its query asks for.

use serde_json::{Map, Value};

use super::kind::Kind;
use crate::list;
use crate::organization::Organization;
use crate::reply::Failure;
use crate::signature::{RequestParts, split};
use crate::spec::{Documented, Query, Specification};

/// A call of an operation that the document allows.
pub(crate) struct Call<'a> {
    pub(crate) specification: &'a Specification,
    pub(crate) operation: &'a Documented,
    pub(crate) request: &'a RequestParts<'a>,
    /// Relative to the base URL.
    pub(crate) path: &'a str,
    pub(crate) organization: Option<&'a Organization>,
    /// The URL that must approve what the caller's key starts.
    pub(crate) callback: Option<String>,
    pub(crate) now_ms: u64,
}

impl Call<'_> {
    /// The path parameters.
    pub(crate) fn place(&self) -> Map<String, Value> {
        let found = self.operation.path.matches(self.path).unwrap_or_default();
        let values = found.into_iter();
        let values = values.map(|(name, value)| (name.to_owned(), value.into()));
        values.collect()
    }

    /// The query parameters.
    pub(crate) fn query(&self) -> Map<String, Value> {
        let query = self.operation.read_query(split(self.request.target).1);
        let named = query.filters.iter();
        let fields = named.map(|(name, _)| (name.clone(), query.text(name).into()));
        fields.collect()
    }

    /// The query's filters by properties that the store finds objects of a kind by: each a property, and the values of
    /// which an object must have one.
    pub(crate) fn lookups(&self, kind: &Kind) -> Vec<(&'static str, Vec<String>)> {
        let query = self.operation.read_query(split(self.request.target).1);
        let filters = query.filters.into_iter();
        let lookups = filters.filter_map(|(name, values)| {
            let property = kind.looked_up_by().find(|property| {
                name.strip_prefix(property)
                    .is_some_and(|rest| matches!(rest, "" | "s"))
            })?;
            Some((property, values))
        });
        lookups.collect()
    }

    /// Items with only those properties that the items of the answer have.
    pub(crate) fn described(&self, mut items: Vec<Value>) -> Vec<Value> {
        let answer = self.operation.answer();
        let sample = answer.as_ref().and_then(|answer| answer.pointer("/data/0"));
        for item in items.iter_mut().filter_map(Value::as_object_mut) {
            item.retain(|name, _| sample.is_some_and(|sample| sample.get(name).is_some()));
        }
        items
    }

    /// The page of a list that the query asks for.
    ///
    /// `renamed` are the query parameters that filter by a property with another name.
    pub(crate) fn list(
        &self,
        renamed: &[(&str, &str)],
        mut items: Vec<Value>,
    ) -> Result<Value, Failure> {
        let query = split(self.request.target).1;
        let read = self.operation.read_query(query);
        items.retain(|item| is_wanted(renamed, item, &read));
        if read.text("direction") == Some("DESC") {
            items.reverse();
        }
        let answer = self.operation.answer().unwrap_or_default();
        list::answer(self.operation, answer, query, Some(items))
    }
}

/// Whether an item matches the filters that have other names than its properties. `list` applies the others.
fn is_wanted(renamed: &[(&str, &str)], item: &Value, query: &Query) -> bool {
    query.filters.iter().all(|(name, values)| {
        let bound = || values.first()?.parse::<f64>().ok();
        let number = |property: &str| item.get(property)?.as_f64();
        if let Some(value) = name.strip_prefix("min_").and_then(number) {
            return bound().is_none_or(|bound| value >= bound);
        }
        if let Some(value) = name.strip_prefix("max_").and_then(number) {
            return bound().is_none_or(|bound| value <= bound);
        }
        let renamed = renamed.iter().find(|(parameter, _)| parameter == name);
        renamed.is_none_or(|(_, property)| {
            let is_wanted = |value: &Value| {
                let value = value.as_str();
                value.is_some_and(|value| values.iter().any(|wanted| wanted == value))
            };
            match item.get(*property) {
                Some(Value::Array(several)) => several.iter().any(is_wanted),
                value => value.is_some_and(is_wanted),
            }
        })
    })
}
