//! Reads models from JSON objects.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};

use super::{Field, FieldSet, Model};
use crate::decode::{self, Step, Tracker};
use crate::value::{Bounds, FieldValue};

/// Reads a model from an object.
///
/// # Errors
///
/// The JSON value is not an object, a required field is missing, or a value has another type or is
/// out of bounds.
pub fn deserialize<'de, M: Model, D: Deserializer<'de>>(deserializer: D) -> Result<M, D::Error> {
    deserializer.deserialize_newtype_struct(decode::MODEL, ModelVisitor(PhantomData))
}

struct ModelVisitor<M>(PhantomData<M>);

impl<'de, M: Model> Visitor<'de> for ModelVisitor<M> {
    type Value = M;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "struct {}", M::NAME)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<M, D::Error> {
        deserializer.deserialize_map(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<M, A::Error> {
        let tracker = Tracker::handed_over();
        let mut model = M::placeholder();
        let mut found = FieldSet::default();
        let mut next = 0;
        loop {
            let key = KeySeed {
                fields: M::FIELDS,
                next,
                keep_others: M::KEEPS_OTHERS,
            };
            let Some(key) = map.next_key_seed(key)? else {
                break;
            };
            let mut reader = FieldReader {
                map: &mut map,
                field: None,
                tracker: tracker.as_deref(),
            };
            match key {
                Key::Field(index) => {
                    let field = &M::FIELDS[index];
                    if !found.insert(index) {
                        if let Some(tracker) = &tracker {
                            tracker.wrong(format!("the field {} appears twice", field.name));
                        }
                        return Err(A::Error::duplicate_field(field.name));
                    }
                    reader.field = Some(field);
                    model.read(index, &mut reader)?;
                    next = index + 1;
                }
                Key::Other(name) => model.read_other(name, &mut reader)?,
                Key::Ignored => reader.skip()?,
            }
        }
        for (index, field) in M::FIELDS.iter().enumerate() {
            if field.is_required_in_json() && !found.contains(index) {
                match &tracker {
                    // Decoding continues, so that the error names all missing fields.
                    Some(tracker) => tracker.missing(Step::Field(field.name)),
                    None => return Err(A::Error::missing_field(field.name)),
                }
            }
        }
        Ok(model)
    }
}

/// Finds the field with a name. Properties mostly come in the order of the document, so the search
/// starts after the field that was found last.
#[derive(Clone, Copy)]
struct KeySeed {
    fields: &'static [Field],
    next: usize,
    keep_others: bool,
}

enum Key {
    Field(usize),
    Other(String),
    Ignored,
}

impl<'de> DeserializeSeed<'de> for KeySeed {
    type Value = Key;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Key, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for KeySeed {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a property")
    }

    fn visit_str<E>(self, name: &str) -> Result<Key, E> {
        let (before, after) = self.fields.split_at(self.next);
        let has_name = |field: &Field| field.name == name;
        let found = after.iter().position(has_name);
        let found = found.map(|index| index + self.next);
        Ok(match found.or_else(|| before.iter().position(has_name)) {
            Some(index) => Key::Field(index),
            None if self.keep_others => Key::Other(name.to_owned()),
            None => Key::Ignored,
        })
    }
}

/// Reads the value of one property into a model.
pub struct FieldReader<'a, A> {
    map: &'a mut A,
    field: Option<&'static Field>,
    tracker: Option<&'a Tracker>,
}

impl<'de, A: MapAccess<'de>> FieldReader<'_, A> {
    /// Reads the value into a field.
    ///
    /// # Errors
    ///
    /// The value has another type or is out of bounds.
    pub fn read<T: FieldValue>(&mut self, into: &mut T) -> Result<(), A::Error> {
        let Some(field) = self.field else {
            return self.skip();
        };
        self.step(Step::Field(field.name), |reader| {
            *into = reader.map.next_value_seed(ValueSeed(PhantomData))?;
            match field.bounds {
                Some(bounds) if !into.within_bounds(bounds) => Err(reader.out_of_bounds(bounds)),
                _ => Ok(()),
            }
        })
    }

    /// Reads the value into the map that keeps properties without a field.
    ///
    /// # Errors
    ///
    /// The value has another type.
    pub fn insert<T: FieldValue>(
        &mut self,
        name: String,
        into: &mut BTreeMap<String, T>,
    ) -> Result<(), A::Error> {
        let step = Step::Key(name.clone());
        into.insert(name, self.step(step, |reader| reader.map.next_value())?);
        Ok(())
    }

    /// Skips the value.
    ///
    /// # Errors
    ///
    /// The value is not valid JSON.
    pub fn skip(&mut self) -> Result<(), A::Error> {
        self.map.next_value::<IgnoredAny>().map(drop)
    }

    fn step<T>(
        &mut self,
        step: Step,
        read: impl FnOnce(&mut Self) -> Result<T, A::Error>,
    ) -> Result<T, A::Error> {
        match self.tracker {
            Some(tracker) => tracker.step(step, || read(self)),
            None => read(self),
        }
    }

    fn out_of_bounds(&self, bounds: Bounds) -> A::Error {
        let what = match bounds {
            Bounds::NotEmpty => "the string is empty".to_owned(),
            Bounds::AtLeast(least) => format!("the number is less than {least}"),
        };
        let error = A::Error::custom(format_args!("field out of bounds: {what}"));
        if let Some(tracker) = self.tracker {
            tracker.wrong(what);
        }
        error
    }
}

struct ValueSeed<T>(PhantomData<T>);

impl<'de, T: FieldValue> DeserializeSeed<'de> for ValueSeed<T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        T::read(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::{Nullable, Number};

    #[derive(Clone, Debug)]
    struct Wallet {
        id: String,
        name: Option<String>,
        note: Option<Nullable<String>>,
        parent: Option<String>,
        type_: i64,
        others: std::collections::BTreeMap<String, Number>,
    }
    crate::model! {
        Wallet { 0 id not_empty(), 1 name?, 2 note?, 3 parent or_null(), 4 type_ = "type" at_least(-1); others }
    }

    fn read(text: &str) -> Result<Wallet, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn properties_are_read_in_any_order_and_written_in_document_order() {
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
    fn invalid_objects_fail_with_the_reason() {
        for (text, says) in [
            ("{}", "missing field `id`"),
            (r#"{"id":"a"}"#, "missing field `type`"),
            (r#"{"id":"a","id":"b","type":1}"#, "duplicate field `id`"),
            (
                r#"{"id":"","type":1}"#,
                "field out of bounds: the string is empty",
            ),
            (
                r#"{"id":"a","type":-2}"#,
                "field out of bounds: the number is less than -1",
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
                "invalid type, expected a number",
            ),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.starts_with(says), "{text}: {error}");
        }
    }

    #[test]
    fn json_value_and_json_text_decode_to_the_same_model() {
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
