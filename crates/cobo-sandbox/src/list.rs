//! Lists without scripted pages: items made from the document, filtered and divided into a finite number of pages.

use serde_json::Value;

use crate::reply::Failure;
use crate::spec::{Documented, Place, Query, has_cursors, set_cursors};

/// The page size if neither the query nor the document gives one. It is Cobo's default.
const LIMIT: usize = 10;

/// Answers a query of a list operation. `answer` is a success made from the document; an answer without a list is
/// returned unchanged. The items are those of `stored`, or else made from the document.
pub(crate) fn answer(
    operation: &Documented,
    mut answer: Value,
    query: &str,
    stored: Option<Vec<Value>>,
) -> Result<Value, Failure> {
    let place = Place::of(&answer);
    let has_cursors = has_cursors(&answer);
    let Some(place) = place else {
        if has_cursors {
            set_cursors(&mut answer, "", "", 0);
        }
        return Ok(answer);
    };
    let query = operation.read_query(query);
    let made = operation.items(&place);
    let items = filtered(made, stored.as_deref().unwrap_or(made), &query);
    let total = items.len();
    let (start, end) = range(&query, total, has_cursors)?;
    if has_cursors {
        let cursor = |index: usize| format!("item-{index}");
        let before = if start > 0 {
            cursor(start)
        } else {
            String::new()
        };
        let after = if end < total {
            cursor(end)
        } else {
            String::new()
        };
        set_cursors(&mut answer, &before, &after, total);
    }
    let page = items
        .into_iter()
        .skip(start)
        .take(end - start)
        .cloned()
        .collect();
    place.set(&mut answer, page);
    Ok(answer)
}

/// The index range of the page that a query asks for; the end is exclusive.
fn range(query: &Query, total: usize, has_cursors: bool) -> Result<(usize, usize), Failure> {
    let limit = match query.text("limit") {
        Some(text) => text
            .parse()
            .ok()
            .filter(|limit| *limit > 0)
            .ok_or_else(|| Failure::malformed("the query parameter limit must be 1 or more"))?,
        None if has_cursors => query.default_limit.unwrap_or(LIMIT),
        None => usize::MAX,
    };
    let at = |text: &str| {
        let index = text
            .strip_prefix("item-")
            .and_then(|text| text.parse().ok());
        index
            .filter(|index| (1..total).contains(index))
            .ok_or_else(Failure::unknown_cursor)
    };
    if let Some(after) = query.text("after") {
        let start = at(after)?;
        return Ok((start, start.saturating_add(limit).min(total)));
    }
    if let Some(before) = query.text("before") {
        let end = at(before)?;
        return Ok((end.saturating_sub(limit), end));
    }
    Ok((0, limit.min(total)))
}

/// The items that match every filter of a query. `made` are items with all properties, which tell what a parameter
/// filters by.
fn filtered<'a>(made: &[Value], items: &'a [Value], query: &Query) -> Vec<&'a Value> {
    let mut left: Vec<&Value> = items.iter().collect();
    for (name, values) in &query.filters {
        if let Some(property) = property(made, name) {
            left.retain(|item| {
                let value = item.get(property);
                value.is_some_and(|value| values.iter().any(|wanted| matches(value, wanted)))
            });
        }
    }
    left
}

/// The property that a query parameter filters by: the one with the same name, or with its singular (`wallet_ids`
/// filters by `wallet_id`). `None` if the parameter is not a filter, such as `sort_by`.
fn property<'a>(items: &[Value], parameter: &'a str) -> Option<&'a str> {
    let names = [
        Some(parameter),
        parameter.strip_suffix('s'),
        parameter.strip_suffix("es"),
    ];
    let is_comparable = |name: &&str| {
        let mut values = items.iter().filter_map(|item| item.get(*name));
        values.any(|value| !value.is_null() && !value.is_object())
    };
    names.into_iter().flatten().find(is_comparable)
}

/// Whether a property has the value that a filter asks for. A list matches if one of its items does.
fn matches(value: &Value, wanted: &str) -> bool {
    match value {
        Value::String(text) => text == wanted,
        Value::Array(values) => values.iter().any(|value| matches(value, wanted)),
        Value::Bool(_) | Value::Number(_) => {
            serde_json::from_str(wanted).is_ok_and(|wanted: Value| wanted == *value)
        }
        Value::Null | Value::Object(_) => false,
    }
}
