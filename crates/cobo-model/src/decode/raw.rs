//! A JSON value as text: for values that must be inspected before their type is known, without
//! losing digits or unknown properties.

use std::fmt;
use std::rc::Rc;

use serde::de::{DeserializeOwned, Deserializer, Error, MapAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Number, Value};

use super::tracker::Tracker;

/// The type name that makes `serde_json` return the text of a value. Other deserializers return a
/// value, which is then written as text; digits beyond the precision of `f64` are lost in that
/// case.
pub(crate) const RAW_JSON: &str = "$serde_json::private::RawValue";

/// The text of one JSON value.
pub struct RawJson {
    text: String,
    /// The decoding that this value is a part of.
    tracker: Option<Rc<Tracker>>,
}

impl RawJson {
    fn new(text: String) -> Self {
        Self {
            text,
            tracker: None,
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the text of the property `name`, if the value is an object and the property a
    /// string, a number or a boolean.
    pub fn tag(&self, name: &str) -> Option<String> {
        let Entries(entries) = serde_json::from_str(&self.text).ok()?;
        let (_, value) = entries.into_iter().rfind(|(key, _)| key == name)?;
        if is_bare(value.get()) {
            return Some(value.get().to_owned());
        }
        serde_json::from_str(value.get()).ok()
    }

    /// The names of the object's properties; `None` if the value is not an object.
    pub(crate) fn names(&self) -> Option<Vec<String>> {
        let Entries(entries) = serde_json::from_str(&self.text).ok()?;
        Some(entries.into_iter().map(|(name, _)| name).collect())
    }

    /// Decodes the value.
    ///
    /// # Errors
    ///
    /// The value has another type.
    pub fn decode<T: DeserializeOwned, E: Error>(&self) -> Result<T, E> {
        let text = self.text.as_bytes();
        match &self.tracker {
            None => super::decode(text).map_err(E::custom),
            Some(tracker) => tracker
                .nested(|| super::read(text, tracker))
                .flatten()
                .ok_or_else(|| E::custom("the value does not decode")),
        }
    }

    /// Decodes the value if it has this type.
    pub fn attempt<T: DeserializeOwned>(&self) -> Option<T> {
        let tracker = match &self.tracker {
            Some(tracker) => tracker.attempt(),
            None => Tracker::default(),
        };
        let tracker = Rc::new(tracker);
        let decode = || super::decode_with(self.text.as_bytes(), &tracker).ok();
        tracker.nested(decode).flatten()
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
                let tracker = Tracker::handed_over();
                let text = map.next_entry::<String, String>()?;
                text.map(|(_, text)| RawJson { text, tracker })
                    .ok_or_else(|| A::Error::custom("the value is missing"))
            }

            fn visit_newtype_struct<D: Deserializer<'de>>(
                self,
                deserializer: D,
            ) -> Result<RawJson, D::Error> {
                Value::deserialize(deserializer).map(|value| RawJson::new(value.to_string()))
            }
        }

        deserializer.deserialize_newtype_struct(RAW_JSON, Text)
    }
}

impl Serialize for RawJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue = serde_json::from_str(&self.text).map_err(serde::ser::Error::custom)?;
        raw.serialize(serializer)
    }
}

/// Returns the JSON with its property `name` set to the first of `tags`, unless it already is one
/// of them.
pub(crate) fn with_tag(
    text: serde_json::Result<String>,
    name: &str,
    tags: &[&str],
) -> serde_json::Result<RawJson> {
    let raw = RawJson::new(text?);
    if raw
        .tag(name)
        .is_some_and(|tag| tags.contains(&tag.as_str()))
    {
        return Ok(raw);
    }
    let Some(tag) = tags.first() else {
        return Ok(raw);
    };
    let Ok(Entries(mut entries)) = serde_json::from_str(&raw.text) else {
        return Ok(raw);
    };
    let known = entries.iter_mut().find(|(key, _)| key == name);
    // A number or a boolean is replaced by a number or a boolean.
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
    serde_json::to_string(&Entries(entries)).map(RawJson::new)
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
