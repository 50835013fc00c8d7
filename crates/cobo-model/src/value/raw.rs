//! A JSON value as text: for values that must be inspected before their type is known, without
//! losing digits or unknown properties.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeOwned, Deserializer, Error, MapAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Number, Value};

/// The type name by which `serde_json` recognises that the text of a value is wanted. Other
/// deserializers give a value instead, which is then written as text; digits beyond the precision
/// of `f64` are lost in that case.
const TOKEN: &str = "$serde_json::private::RawValue";

/// How deep unions may nest. `serde_json` limits the depth of each text, and the text of a union's
/// value is decoded separately: without this limit a hostile response would exhaust the stack.
const MAX_NESTED_UNIONS: u8 = 64;

thread_local! {
    static DEEP: Cell<u8> = const { Cell::new(0) };
}

/// The text of one JSON value.
pub struct RawJson(String);

impl RawJson {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The text of the property `name`, if the value is an object and the property a string, a
    /// number or a boolean.
    pub fn tag(&self, name: &str) -> Option<String> {
        let Entries(entries) = serde_json::from_str(&self.0).ok()?;
        let (_, value) = entries.into_iter().rfind(|(key, _)| key == name)?;
        if is_bare(value.get()) {
            return Some(value.get().to_owned());
        }
        serde_json::from_str(value.get()).ok()
    }

    /// The names of the object's properties; `None` if the value is not an object.
    pub(crate) fn names(&self) -> Option<Vec<String>> {
        let Entries(entries) = serde_json::from_str(&self.0).ok()?;
        Some(entries.into_iter().map(|(name, _)| name).collect())
    }

    /// Decodes the value.
    ///
    /// # Errors
    ///
    /// The value has another type.
    pub fn decode<T: DeserializeOwned, E: Error>(&self) -> Result<T, E> {
        let depth = DEEP.get();
        if depth == MAX_NESTED_UNIONS {
            return Err(E::custom("the JSON is nested too deep"));
        }
        DEEP.set(depth + 1);
        let result = crate::decode::decode(self.0.as_bytes());
        DEEP.set(depth);
        // Line and column would be those within this text, which misleads.
        result.map_err(|error: serde_json::Error| {
            let text = error.to_string();
            E::custom(text.split(" at line ").next().unwrap_or_default())
        })
    }
}

impl<'de> Deserialize<'de> for RawJson {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl<'de> Visitor<'de> for Text {
            type Value = RawJson;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any JSON value")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawJson, A::Error> {
                let text = map.next_entry::<String, String>()?;
                text.map(|(_, text)| RawJson(text))
                    .ok_or_else(|| A::Error::custom("the value is missing"))
            }

            fn visit_newtype_struct<D: Deserializer<'de>>(
                self,
                deserializer: D,
            ) -> Result<RawJson, D::Error> {
                Value::deserialize(deserializer).map(|value| RawJson(value.to_string()))
            }
        }

        deserializer.deserialize_newtype_struct(TOKEN, Text)
    }
}

impl Serialize for RawJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue = serde_json::from_str(&self.0).map_err(serde::ser::Error::custom)?;
        raw.serialize(serializer)
    }
}

/// Returns the JSON with its property `name` set to the first of `tags`, unless it already is one of
/// them.
pub(crate) fn with_tag(
    text: serde_json::Result<String>,
    name: &str,
    tags: &[&str],
) -> serde_json::Result<RawJson> {
    let raw = RawJson(text?);
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
    // A number or boolean stays one.
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
    serde_json::to_string(&Entries(entries)).map(RawJson)
}

/// Whether the JSON text is a number or a boolean.
fn is_bare(text: &str) -> bool {
    matches!(text, "true" | "false") || serde_json::from_str::<Number>(text).is_ok()
}

/// The properties of an object, in their order.
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
