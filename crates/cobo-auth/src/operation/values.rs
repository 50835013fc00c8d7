//! The values of an operation's parameters, as text for a URL or a header.

use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::sign::target::{TargetError, comma_list};

/// A parameter's value.
#[derive(Clone)]
pub(crate) enum ParameterValue {
    Text(String),
    /// A list, which is sent as one value with commas between its items.
    List(Vec<String>),
    /// The value cannot be written as text.
    Unencodable,
}

impl ParameterValue {
    /// The text of a value: its JSON, and a string without quotes.
    pub(crate) fn of(value: &impl Serialize) -> Self {
        let Ok(json) = serde_json::to_string(value) else {
            return Self::Unencodable;
        };
        match json.as_bytes().first() {
            Some(b'"') => serde_json::from_str(&json).map_or(Self::Unencodable, Self::Text),
            Some(b'[') => {
                let items: Result<Vec<&RawValue>, _> = serde_json::from_str(&json);
                items.map_or(Self::Unencodable, |items| {
                    Self::List(items.into_iter().map(item_text).collect())
                })
            }
            _ => Self::Text(json),
        }
    }

    /// Whether the value is sent as an empty text.
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Text(text) => text.is_empty(),
            Self::List(items) => items.iter().all(String::is_empty) && items.len() < 2,
            Self::Unencodable => false,
        }
    }

    /// The value's texts: one, or those of the list's items.
    pub(crate) fn texts(&self) -> &[String] {
        match self {
            Self::Text(text) => std::slice::from_ref(text),
            Self::List(items) => items,
            Self::Unencodable => &[],
        }
    }

    /// The value as one text; `None` if it cannot be written as text.
    ///
    /// # Errors
    ///
    /// An item of a list contains a comma.
    pub(crate) fn joined(self, name: &str) -> Result<Option<String>, TargetError> {
        match self {
            Self::Text(text) => Ok(Some(text)),
            Self::List(items) => comma_list(name, items).map(Some),
            Self::Unencodable => Ok(None),
        }
    }
}

fn item_text(item: &RawValue) -> String {
    match serde_json::from_str(item.get()) {
        Ok(Value::String(text)) => text,
        _ => item.get().to_owned(),
    }
}
