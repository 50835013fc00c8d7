//! A JSON value as the text that it was: for what has to be looked at before its type is known,
//! and must lose nothing by that.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeOwned, Deserializer, Error, MapAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Number, Value};

/// The name by which `serde_json` knows that a text is asked for. Another deserializer does not
/// know it and gives a value instead, which is written as text then: only the digits that an `f64`
/// does not have are lost on that way.
const TOKEN: &str = "$serde_json::private::RawValue";

/// How deep values that are read on their own may stand in each other. `serde_json` counts for
/// each text anew, so without this a hostile one would exhaust the stack.
const DEPTH: u8 = 64;

thread_local! {
    static DEEP: Cell<u8> = const { Cell::new(0) };
}

/// The text of one JSON value.
pub struct Raw(String);

impl Raw {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The property `name` as text, if it is a string, a number or a boolean and the value an
    /// object.
    pub fn tag(&self, name: &str) -> Option<String> {
        let Entries(entries) = serde_json::from_str(&self.0).ok()?;
        let (_, value) = entries.into_iter().rfind(|(key, _)| key == name)?;
        if is_bare(value.get()) {
            return Some(value.get().to_owned());
        }
        serde_json::from_str(value.get()).ok()
    }

    /// The names of an object's properties; `None` for everything else.
    pub(crate) fn names(&self) -> Option<Vec<String>> {
        let Entries(entries) = serde_json::from_str(&self.0).ok()?;
        Some(entries.into_iter().map(|(name, _)| name).collect())
    }

    /// The value of the text.
    ///
    /// # Errors
    ///
    /// A text that is not of this type.
    pub fn decode<T: DeserializeOwned, E: Error>(&self) -> Result<T, E> {
        let depth = DEEP.get();
        if depth == DEPTH {
            return Err(E::custom("the JSON is too deep"));
        }
        DEEP.set(depth + 1);
        let result = crate::decode::decode(self.0.as_bytes());
        DEEP.set(depth);
        // The place is one within this text, and misleads.
        result.map_err(|error: serde_json::Error| {
            let text = error.to_string();
            E::custom(text.split(" at line ").next().unwrap_or_default())
        })
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl<'de> Visitor<'de> for Text {
            type Value = Raw;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any JSON value")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
                let text = map.next_entry::<String, String>()?;
                text.map(|(_, text)| Raw(text))
                    .ok_or_else(|| A::Error::custom("there is no value"))
            }

            fn visit_newtype_struct<D: Deserializer<'de>>(
                self,
                deserializer: D,
            ) -> Result<Raw, D::Error> {
                Value::deserialize(deserializer).map(|value| Raw(value.to_string()))
            }
        }

        deserializer.deserialize_newtype_struct(TOKEN, Text)
    }
}

impl Serialize for Raw {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue = serde_json::from_str(&self.0).map_err(serde::ser::Error::custom)?;
        raw.serialize(serializer)
    }
}

/// The value as text, its property `name` set to the first of `tags` unless it is one of them.
pub(crate) fn tagged(
    text: serde_json::Result<String>,
    name: &str,
    tags: &[&str],
) -> serde_json::Result<Raw> {
    let raw = Raw(text?);
    if raw
        .tag(name)
        .is_some_and(|tag| tags.contains(&tag.as_str()))
    {
        return Ok(raw);
    }
    let Some(tag) = tags.first() else {
        return Ok(raw);
    };
    let Ok(Entries(mut entries)) = serde_json::from_str(&raw.0) else {
        return Ok(raw);
    };
    let known = entries.iter_mut().find(|(key, _)| key == name);
    // A tag that is no string stays what it is.
    let bare = is_bare(tag)
        && known
            .as_ref()
            .is_some_and(|(_, value)| is_bare(value.get()));
    let tag = if bare {
        RawValue::from_string((*tag).to_owned())?
    } else {
        serde_json::value::to_raw_value(tag)?
    };
    match known {
        Some((_, value)) => *value = tag,
        None => entries.insert(0, (name.to_owned(), tag)),
    }
    serde_json::to_string(&Entries(entries)).map(Raw)
}

/// Whether the text of a JSON value is that of a number or a boolean.
fn is_bare(text: &str) -> bool {
    matches!(text, "true" | "false") || serde_json::from_str::<Number>(text).is_ok()
}

/// An object, in its order.
struct Entries(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Entries;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

impl Serialize for Entries {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}
