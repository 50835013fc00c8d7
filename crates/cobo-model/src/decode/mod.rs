//! Decoding of JSON texts, stricter than serde's own rules.

use serde::de::{DeserializeOwned, Deserializer, Visitor};

/// Decodes a JSON text.
///
/// A struct must be an object. serde alone would also accept an array, with the items as the fields
/// in their order.
///
/// # Errors
///
/// The text is not valid JSON, or its value has another type.
pub fn decode<T: DeserializeOwned>(json: &[u8]) -> Result<T, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let value = T::deserialize(Objects(&mut deserializer))?;
    deserializer.end()?;
    Ok(value)
}

struct Objects<D>(D);

macro_rules! forward {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            self.0.$method(visitor)
        })*
    };
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Objects<D> {
    type Error = D::Error;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_enum(name, variants, visitor)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_unit_struct(name, visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_newtype_struct(name, visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_tuple(len, visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_tuple_struct(name, len, visitor)
    }

    fn is_human_readable(&self) -> bool {
        self.0.is_human_readable()
    }

    forward! {
        deserialize_any deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32
        deserialize_i64 deserialize_i128 deserialize_u8 deserialize_u16 deserialize_u32
        deserialize_u64 deserialize_u128 deserialize_f32 deserialize_f64 deserialize_char
        deserialize_str deserialize_string deserialize_bytes deserialize_byte_buf
        deserialize_option deserialize_unit deserialize_seq deserialize_map
        deserialize_identifier deserialize_ignored_any
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    struct Pair {
        a: u8,
        b: Option<u8>,
    }

    #[test]
    fn an_array_does_not_decode_as_a_struct() {
        assert_eq!(
            decode::<Pair>(br#"{"b":2,"a":1}"#).unwrap(),
            Pair { a: 1, b: Some(2) }
        );
        assert!(decode::<Pair>(b"[1,2]").is_err());
        assert!(decode::<Pair>(b"[1]").is_err());
    }

    #[test]
    fn other_types_decode_as_in_serde_json() {
        assert_eq!(decode::<Vec<u8>>(b"[1,2]").unwrap(), [1, 2]);
        assert_eq!(
            decode::<(u8, String)>(br#"[1,"x"]"#).unwrap(),
            (1, "x".into())
        );
        assert_eq!(decode::<Option<Pair>>(b"null").unwrap(), None);
        assert!(
            decode::<serde_json::Value>(br#"{"a":[1]}"#)
                .unwrap()
                .is_object()
        );
        assert!(decode::<Pair>(br#"{"a":1} x"#).is_err());
    }
}
