//! Finds the enums, which are generated as open enums with chosen names.
//!
//! The values of an enum and their names in Rust are kept in [`Document::kinds`]. Values such as `>` and
//! `>=`, or a value that is listed twice, get names that differ.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::load::enum_docs::KEY;
use super::{Options, Stage};
use crate::diagnostic::Diagnostics;
use crate::document::{Document, component_name, items, value_text};
use crate::kind::{EnumValue, Kind};
use crate::report::Log;
use crate::rust_name;
use crate::schema::{self, Holder};

mod names;

pub(super) use names::unique;

pub fn run(document: &mut Document, _options: &Options, log: &mut Log) -> Result<(), Diagnostics> {
    let kinds = &mut document.kinds;
    schema::each_mut(&mut document.root, &mut |pointer, schema, holder| {
        let Some(map) = schema.as_object_mut() else {
            return;
        };
        if !map.contains_key("enum") {
            return;
        }
        if holder != Holder::Component {
            // Only failure responses have inline enums here; all others have been lifted.
            map.shift_remove("enum");
            return;
        }
        if let Some(kind) = kind(map, pointer, log)
            && let Some(name) = component_name(pointer)
        {
            kinds.insert(name, kind);
        }
    });
    Ok(())
}

/// The enum of a component, or `None`, and then the schema loses its `enum`.
fn kind(map: &mut Map<String, Value>, pointer: &str, log: &mut Log) -> Option<Kind> {
    let values = map.get("enum").cloned().unwrap_or_default();
    let ty = map.get("type").and_then(Value::as_str);
    let is_text = ty == Some("string");
    if !is_text && ty != Some("integer") {
        map.shift_remove("enum");
        log.change(Stage::Enums, format!("{pointer}: dropped `enum`"));
        return None;
    }
    let given = ["x-enum-varnames", "x-enumNames"]
        .iter()
        .find_map(|key| map.get(*key).cloned());
    let described = ["x-enum-descriptions", KEY]
        .iter()
        .find_map(|key| map.get(*key).cloned());
    let description = map
        .get("description")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    let mut seen = BTreeSet::new();
    // Keeps the original index of each value, since the lists of names and descriptions also count
    // duplicate values.
    let values: Vec<(usize, &Value)> = items(Some(&values))
        .enumerate()
        .filter(|(_, value)| seen.insert(value.to_string()))
        .collect();
    let wanted: Vec<String> = values
        .iter()
        .map(|(index, value)| {
            let given = items(given.as_ref()).nth(*index).and_then(Value::as_str);
            match (given, value.as_str()) {
                (Some(given), _) => given.to_owned(),
                (None, Some(text)) => text.to_owned(),
                (None, None) => format!("Value{value}"),
            }
        })
        .collect();
    let names = names::unique(&wanted);
    let text_of = |(index, value): &(usize, &Value)| {
        // An object has the values as keys; a list has the order of the values.
        let text = described.as_ref().and_then(|described| match described {
            Value::Object(texts) => texts.get(&value_text(value)),
            list => list.get(*index),
        });
        text.and_then(Value::as_str)
            .map(str::to_owned)
            .or_else(|| names::described(&description, value))
    };
    let found = || values.iter().zip(&names);
    let kind = if is_text {
        let texts = found().filter_map(|(value, name)| {
            Some(EnumValue {
                value: value.1.as_str()?.to_owned(),
                name: name.clone(),
                description: text_of(value),
            })
        });
        Kind::StringEnum(texts.collect())
    } else {
        let numbers = found().filter_map(|(value, name)| {
            Some(EnumValue {
                value: value.1.as_i64()?,
                name: name.clone(),
                description: text_of(value),
            })
        });
        Kind::IntegerEnum(numbers.collect())
    };
    for (value, name) in wanted.iter().zip(&names) {
        if *name != rust_name::model(value) {
            log.change(Stage::Enums, format!("{pointer}: `{value}` is {name}"));
        }
    }
    let count = values.len();
    log.change(
        Stage::Enums,
        format!("{pointer}: an open enum of {count} values"),
    );
    Some(kind)
}
