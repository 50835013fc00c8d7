//! Where an answer has its list, and its cursors.

use serde_json::{Map, Value, json};

/// Where the list is in an answer.
pub(crate) enum Place {
    /// The answer itself is the list.
    Whole,
    /// The list is the property with this name.
    Property(String),
}

impl Place {
    /// Finds the list of an answer with cursors: `data`, or else the only list.
    pub(crate) fn in_page(answer: &Value) -> Option<Self> {
        let object = answer.as_object()?;
        if object.get("data").is_some_and(Value::is_array) {
            return Some(Self::Property("data".to_owned()));
        }
        let mut lists = object.iter().filter(|(_, value)| value.is_array());
        let (name, _) = lists.next()?;
        lists.next().is_none().then(|| Self::Property(name.clone()))
    }

    /// Finds the list of an answer without cursors: an object has a list only if it has `data`.
    pub(crate) fn of(answer: &Value) -> Option<Self> {
        match answer {
            Value::Array(_) => Some(Self::Whole),
            _ if cursors(answer).is_some() => Self::in_page(answer),
            _ => answer
                .get("data")
                .filter(|data| data.is_array())
                .map(|_| Self::Property("data".to_owned())),
        }
    }

    pub(crate) fn items<'a>(&self, answer: &'a Value) -> Option<&'a Vec<Value>> {
        match self {
            Self::Whole => answer.as_array(),
            Self::Property(name) => answer.get(name)?.as_array(),
        }
    }

    pub(crate) fn set(&self, answer: &mut Value, items: Vec<Value>) {
        match self {
            Self::Whole => *answer = Value::Array(items),
            Self::Property(name) => {
                if let Some(list) = answer.get_mut(name) {
                    *list = Value::Array(items);
                }
            }
        }
    }
}

/// Whether an answer has cursors.
pub(crate) fn has_cursors(answer: &Value) -> bool {
    cursors(answer).is_some()
}

/// The object that contains the cursors: `pagination`, or the answer itself.
fn cursors(answer: &Value) -> Option<&Map<String, Value>> {
    let pagination = answer.get("pagination").and_then(Value::as_object);
    pagination.or_else(|| {
        let object = answer.as_object()?;
        object.contains_key("after").then_some(object)
    })
}

/// Sets the cursors of an answer, and its `total_count` if it has one.
pub(crate) fn set_cursors(answer: &mut Value, before: &str, after: &str, total: usize) {
    let has_pagination = answer.get("pagination").is_some_and(Value::is_object);
    let holder = if has_pagination {
        answer.get_mut("pagination")
    } else {
        Some(answer)
    };
    let Some(holder) = holder.and_then(Value::as_object_mut) else {
        return;
    };
    for (name, cursor) in [("before", before), ("after", after)] {
        // Cobo's `pagination` always has both cursors.
        if has_pagination || holder.contains_key(name) {
            holder.insert(name.to_owned(), json!(cursor));
        }
    }
    if let Some(count) = holder.get_mut("total_count") {
        *count = json!(total);
    }
}
