//! Queries: reads the parameters that a document describes, and the filters and page that they select.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::parameter::{Location, Parameter};

/// The parameters that choose a page. They are not filters.
const PAGING: [&str; 3] = ["limit", "before", "after"];

/// The filters and the page that a query asks a list for.
pub(crate) struct Query {
    texts: HashMap<String, String>,
    /// The filters: a parameter's name, and the values of which an item must have one.
    pub(crate) filters: Vec<(String, Vec<String>)>,
    /// The page size that the document gives as the default of `limit`.
    pub(crate) default_limit: Option<usize>,
}

impl Query {
    pub(super) fn of(parameters: &[Parameter], query: &str) -> Self {
        let texts = read(parameters, query, &mut Vec::new());
        let in_query = || {
            parameters
                .iter()
                .filter(|it| it.location == Location::Query)
        };
        let filter = |parameter: &Parameter| {
            let text = texts.get(&parameter.name).filter(|text| !text.is_empty())?;
            // The whole text is a value too, because a name can contain a comma.
            let parts = text.split(parameter.separator).map(str::to_owned);
            let values = parts.chain([text.clone()]).collect();
            Some((parameter.name.clone(), values))
        };
        let is_filter = |parameter: &&Parameter| !PAGING.contains(&parameter.name.as_str());
        let limit = in_query().find(|parameter| parameter.name == "limit");
        Self {
            filters: in_query().filter(is_filter).filter_map(filter).collect(),
            default_limit: limit
                .and_then(|limit| limit.schema.get("default"))
                .and_then(Value::as_u64)
                .and_then(|limit| usize::try_from(limit).ok())
                .filter(|limit| *limit > 0),
            texts,
        }
    }

    /// The text of a parameter; `None` if it is missing or empty.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        let text = self.texts.get(name)?;
        (!text.is_empty()).then_some(text)
    }
}

/// Reads the query parameters that the document describes. Each other parameter is added to `problems`.
pub(super) fn read(
    parameters: &[Parameter],
    query: &str,
    problems: &mut Vec<String>,
) -> HashMap<String, String> {
    let mut found = HashMap::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (Some(name), Some(value)) = (decoded(name), decoded(value)) else {
            problems.push("the query is not UTF-8".to_owned());
            continue;
        };
        let is_known =
            |parameter: &Parameter| parameter.location == Location::Query && parameter.name == name;
        if !parameters.iter().any(is_known) {
            problems.push(format!(
                "the operation has no query parameter {}",
                quoted(&name)
            ));
            continue;
        }
        match found.entry(name) {
            Entry::Vacant(entry) => {
                entry.insert(value);
            }
            Entry::Occupied(entry) => {
                let name = entry.key();
                problems.push(format!("the query parameter {name} is repeated"));
            }
        }
    }
    found
}

fn decoded(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    let text = percent_decode_str(&spaced).decode_utf8().ok()?;
    Some(text.into_owned())
}

/// A parameter name from the request, shortened for an error message.
fn quoted(name: &str) -> String {
    let short: String = name.chars().take(40).collect();
    format!("{short:?}")
}
