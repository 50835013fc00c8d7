//! JSON objects into models, and back.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor as Visit,
};
use serde::ser::{SerializeMap, Serializer};

use super::{Bounds, Model, Property, Seen};
use crate::value::Part;

/// Reads a model from an object.
///
/// # Errors
///
/// Something else than an object; a required property that is absent; a value of another type.
pub fn deserialize<'de, M: Model, D: Deserializer<'de>>(deserializer: D) -> Result<M, D::Error> {
    deserializer.deserialize_map(Object(PhantomData))
}

struct Object<M>(PhantomData<M>);

impl<'de, M: Model> Visit<'de> for Object<M> {
    type Value = M;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "struct {}", M::NAME)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<M, A::Error> {
        let mut model = M::blank();
        let mut seen = Seen::default();
        let mut next = 0;
        loop {
            let key = Key {
                properties: M::PROPERTIES,
                next,
                rest: M::REST,
            };
            let Some(found) = map.next_key_seed(key)? else {
                break;
            };
            let mut reader = Reader {
                map: &mut map,
                property: None,
            };
            match found {
                Found::Property(index) => {
                    let property = &M::PROPERTIES[index];
                    if !seen.insert(index) {
                        return Err(A::Error::duplicate_field(property.name));
                    }
                    reader.property = Some(property);
                    model.read(index, &mut reader)?;
                    next = index + 1;
                }
                Found::Rest(name) => model.read_rest(name, &mut reader)?,
                Found::Unknown => reader.skip()?,
            }
        }
        for (index, property) in M::PROPERTIES.iter().enumerate() {
            if !property.optional && !property.nullable && !seen.has(index) {
                return Err(A::Error::missing_field(property.name));
            }
        }
        Ok(model)
    }
}

/// Finds the property of a name. They mostly come in the document's order, so it is looked for
/// from the one after the last.
#[derive(Clone, Copy)]
struct Key {
    properties: &'static [Property],
    next: usize,
    rest: bool,
}

enum Found {
    Property(usize),
    Rest(String),
    Unknown,
}

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Found;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Found, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visit<'_> for Key {
    type Value = Found;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a property")
    }

    fn visit_str<E>(self, name: &str) -> Result<Found, E> {
        let (before, after) = self.properties.split_at(self.next);
        let is_it = |property: &Property| property.name == name;
        let found = after.iter().position(is_it).map(|index| index + self.next);
        Ok(match found.or_else(|| before.iter().position(is_it)) {
            Some(index) => Found::Property(index),
            None if self.rest => Found::Rest(name.to_owned()),
            None => Found::Unknown,
        })
    }
}

/// The value of one property, on its way into a model.
pub struct Reader<'a, A> {
    map: &'a mut A,
    property: Option<&'static Property>,
}

impl<'de, A: MapAccess<'de>> Reader<'_, A> {
    /// Reads the value into a field.
    ///
    /// # Errors
    ///
    /// A value of another type, or out of bounds.
    pub fn read<T: Part>(&mut self, field: &mut T) -> Result<(), A::Error> {
        struct Value<T>(PhantomData<T>);

        impl<'de, T: Part> DeserializeSeed<'de> for Value<T> {
            type Value = T;

            fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
                T::read(deserializer)
            }
        }

        *field = self.map.next_value_seed(Value(PhantomData))?;
        if let Some(bounds) = self.property.and_then(|property| property.bounds)
            && !field.is_within(bounds)
        {
            return Err(match bounds {
                Bounds::NotEmpty => A::Error::custom("field out of bounds: a string is empty"),
                Bounds::AtLeast(least) => A::Error::custom(format_args!(
                    "field out of bounds: a number is less than {least}"
                )),
            });
        }
        Ok(())
    }

    /// Reads the value into a field that keeps what has no field of its own.
    ///
    /// # Errors
    ///
    /// A value of another type.
    pub fn insert<T: Part>(
        &mut self,
        name: String,
        field: &mut BTreeMap<String, T>,
    ) -> Result<(), A::Error> {
        field.insert(name, self.map.next_value()?);
        Ok(())
    }

    /// Passes the value over.
    ///
    /// # Errors
    ///
    /// What is no JSON.
    pub fn skip(&mut self) -> Result<(), A::Error> {
        self.map.next_value::<IgnoredAny>().map(drop)
    }
}

/// Writes a model as an object.
///
/// # Errors
///
/// A value that cannot be written.
pub fn serialize<M: Model, S: Serializer>(model: &M, serializer: S) -> Result<S::Ok, S::Error> {
    let mut writer = Writer {
        map: serializer.serialize_map(None)?,
        properties: M::PROPERTIES,
        failed: None,
    };
    model.write(&mut writer);
    match writer.failed {
        None => writer.map.end(),
        Some(error) => Err(error),
    }
}

/// An object on its way out of a model. It keeps the first error, so that a model is a list of
/// calls that cannot fail.
pub struct Writer<M: SerializeMap> {
    map: M,
    properties: &'static [Property],
    failed: Option<M::Error>,
}

impl<M: SerializeMap> Writer<M> {
    /// Writes the property at `index`, unless it may be absent and is.
    pub fn write<T: Part>(&mut self, index: usize, field: &T) {
        let property = &self.properties[index];
        if self.failed.is_none() && !(property.optional && field.is_absent()) {
            self.failed = self.map.serialize_entry(property.name, field).err();
        }
    }

    /// Writes the properties that have no field of their own.
    pub fn write_rest<T: Part>(&mut self, field: &BTreeMap<String, T>) {
        for (name, value) in field {
            if self.failed.is_none() {
                self.failed = self.map.serialize_entry(name, value).err();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::codegen::model;
    use crate::{Nullable, Number};

    #[derive(Clone, Debug)]
    struct Wallet {
        id: String,
        name: Option<String>,
        note: Option<Nullable<String>>,
        parent: Option<String>,
        type_: i64,
        rest: std::collections::BTreeMap<String, Number>,
    }
    model! {
        Wallet { 0 id not_empty(), 1 name?, 2 note?, 3 parent or_null(), 4 type_ = "type" at_least(-1); rest }
    }

    fn read(text: &str) -> Result<Wallet, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn an_object_is_read_in_any_order_and_written_in_the_documents() {
        for (text, written) in [
            (
                r#"{"type":1,"id":"a"}"#,
                r#"{"id":"a","parent":null,"type":1}"#,
            ),
            (
                r#"{"more":1.50,"parent":"p","note":null,"id":"a","name":null,"type":-1}"#,
                r#"{"id":"a","note":null,"parent":"p","type":-1,"more":1.50}"#,
            ),
            (
                r#"{"id":"a","name":"","note":"n","parent":null,"type":2}"#,
                r#"{"id":"a","name":"","note":"n","parent":null,"type":2}"#,
            ),
        ] {
            let wallet = read(text).unwrap();
            assert_eq!(serde_json::to_string(&wallet).unwrap(), written);
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, says) in [
            ("{}", "missing field `id`"),
            (r#"{"id":"a"}"#, "missing field `type`"),
            (r#"{"id":"a","id":"b","type":1}"#, "duplicate field `id`"),
            (
                r#"{"id":"","type":1}"#,
                "field out of bounds: a string is empty",
            ),
            (
                r#"{"id":"a","type":-2}"#,
                "field out of bounds: a number is less than -1",
            ),
            (
                r#"{"id":1,"type":1}"#,
                "invalid type: integer `1`, expected a string",
            ),
            (
                r#"["a",null,null,null,1]"#,
                "invalid type: sequence, expected struct Wallet",
            ),
            (
                r#"{"id":"a","type":1,"more":"x"}"#,
                "another type, expected a number",
            ),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.starts_with(says), "{text}: {error}");
        }
    }

    #[test]
    fn a_value_and_a_text_are_read_alike() {
        let value = json!({"id": "a", "type": 1, "note": null, "x": 2});
        let wallet: Wallet = serde_json::from_value(value.clone()).unwrap();
        assert_eq!(wallet.note, Some(Nullable::Null));
        let mut written = serde_json::to_value(&wallet).unwrap();
        assert_eq!(
            written.as_object_mut().unwrap().remove("parent"),
            Some(json!(null))
        );
        assert_eq!(written, value);
    }
}
