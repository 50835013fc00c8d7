//! A deserializer around another one that tells a [`Tracker`] which value is being read.

use std::fmt;
use std::rc::Rc;

use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error as _, MapAccess, SeqAccess, Visitor,
};

use super::integer::Integer;
use super::named::Named;
use super::path::Step;
use super::tracker::Tracker;
use super::{MODEL, RAW_JSON};

/// A value whose path the tracker knows.
pub(super) struct Tracked<'t, D> {
    inner: D,
    tracker: &'t Rc<Tracker>,
}

impl<'t, D> Tracked<'t, D> {
    pub(super) fn new(inner: D, tracker: &'t Rc<Tracker>) -> Self {
        Self { inner, tracker }
    }

    fn visitor<V>(&self, visitor: V, kind: Kind) -> Inside<'t, V> {
        Inside {
            visitor,
            kind,
            tracker: self.tracker,
        }
    }
}

/// Records why a value did not decode.
fn noted<T, E: fmt::Display>(
    tracker: &Tracker,
    expected: Option<&str>,
    result: Result<T, E>,
) -> Result<T, E> {
    if let Err(error) = &result {
        tracker.failed(error, expected);
    }
    result
}

/// Values that contain no other values, or whose contents are not tracked.
macro_rules! leaves {
    ($($method:ident = $expected:expr),* $(,)?) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            noted(self.tracker, $expected, self.inner.$method(visitor))
        })*
    };
}

/// Values that contain other values.
macro_rules! containers {
    ($($method:ident($($argument:ident: $ty:ty),*) = $inner:ident, $expected:expr);* $(;)?) => {
        $(fn $method<V: Visitor<'de>>(
            self,
            $($argument: $ty,)*
            visitor: V,
        ) -> Result<V::Value, D::Error> {
            let inside = self.visitor(visitor, Kind::Other);
            noted(self.tracker, $expected, self.inner.$inner($($argument,)* inside))
        })*
    };
}

macro_rules! integers {
    ($($method:ident = $ty:ident),* $(,)?) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            integer(self, stringify!($ty), visitor)
        })*
    };
}

fn integer<'de, D: Deserializer<'de>, V: Visitor<'de>>(
    value: Tracked<'_, D>,
    ty: &'static str,
    visitor: V,
) -> Result<V::Value, D::Error> {
    let tracker = value.tracker;
    let integer = noted(tracker, Some("an integer"), Integer::read(value.inner))?;
    let Integer::Whole(integer) = integer else {
        tracker.wrong(match integer {
            Integer::TooLarge => format!("the integer does not fit {ty}"),
            _ => "expected an integer".to_owned(),
        });
        return Err(D::Error::custom("invalid integer"));
    };
    let result = if let Ok(integer) = u64::try_from(integer) {
        visitor.visit_u64(integer)
    } else if let Ok(integer) = i64::try_from(integer) {
        visitor.visit_i64(integer)
    } else {
        match ty {
            "i128" | "u128" => visitor.visit_i128(integer),
            _ => {
                tracker.wrong(format!("the integer does not fit {ty}"));
                return Err(D::Error::custom("invalid integer"));
            }
        }
    };
    noted(tracker, Some(ty), result)
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Tracked<'_, D> {
    type Error = D::Error;

    integers! {
        deserialize_i8 = i8, deserialize_i16 = i16, deserialize_i32 = i32, deserialize_i64 = i64,
        deserialize_i128 = i128, deserialize_u8 = u8, deserialize_u16 = u16,
        deserialize_u32 = u32, deserialize_u64 = u64, deserialize_u128 = u128,
    }

    // `serde_json::Value` and untagged enums read any value, without a type, so that nothing inside
    // can be wrong or missing.
    leaves! {
        deserialize_any = None, deserialize_ignored_any = None,
        deserialize_bool = Some("a boolean"), deserialize_f32 = Some("a number"),
        deserialize_f64 = Some("a number"), deserialize_char = Some("a string"),
        deserialize_str = Some("a string"), deserialize_string = Some("a string"),
        deserialize_bytes = Some("a string"), deserialize_byte_buf = Some("a string"),
        deserialize_unit = Some("null"), deserialize_identifier = Some("a string"),
    }

    containers! {
        deserialize_option() = deserialize_option, None;
        deserialize_seq() = deserialize_seq, Some("a list");
        deserialize_tuple(len: usize) = deserialize_tuple, Some("a list");
        deserialize_tuple_struct(name: &'static str, len: usize) = deserialize_tuple_struct, Some("a list");
        deserialize_map() = deserialize_map, Some("an object");
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        let inside = self.visitor(visitor, Kind::Other);
        // As a map, so that a list is not accepted.
        let result = self.inner.deserialize_map(inside);
        noted(self.tracker, Some("an object"), result)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        if name == MODEL {
            let inside = self.visitor(visitor, Kind::Model);
            let result = self.inner.deserialize_map(inside);
            return noted(self.tracker, Some("an object"), result);
        }
        let kind = if name == RAW_JSON {
            Kind::RawJson
        } else {
            Kind::Other
        };
        let inside = self.visitor(visitor, kind);
        let result = self.inner.deserialize_newtype_struct(name, inside);
        noted(self.tracker, None, result)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        let result = self.inner.deserialize_unit_struct(name, visitor);
        noted(self.tracker, Some("null"), result)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        let result = self.inner.deserialize_enum(name, variants, visitor);
        noted(self.tracker, None, result)
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Tracked<'_, S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        self.inner
            .deserialize(Tracked::new(deserializer, self.tracker))
    }
}

/// The kind of visitor of an object.
#[derive(Clone, Copy)]
enum Kind {
    /// A model: it takes the tracker and reports its fields itself.
    Model,
    /// A [`RawJson`](super::RawJson): it takes the tracker, for the value of a union.
    RawJson,
    Other,
}

/// Passes the contained values to a visitor, tracked.
struct Inside<'t, V> {
    visitor: V,
    kind: Kind,
    tracker: &'t Rc<Tracker>,
}

macro_rules! forward {
    ($($method:ident($ty:ty)),* $(,)?) => {
        $(fn $method<E: serde::de::Error>(self, value: $ty) -> Result<V::Value, E> {
            self.visitor.$method(value)
        })*
    };
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Inside<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }

    forward! {
        visit_bool(bool), visit_i8(i8), visit_i16(i16), visit_i32(i32), visit_i64(i64),
        visit_i128(i128), visit_u8(u8), visit_u16(u16), visit_u32(u32), visit_u64(u64),
        visit_u128(u128), visit_f32(f32), visit_f64(f64), visit_char(char), visit_str(&str),
        visit_borrowed_str(&'de str), visit_string(String), visit_bytes(&[u8]),
        visit_borrowed_bytes(&'de [u8]), visit_byte_buf(Vec<u8>),
    }

    fn visit_none<E: serde::de::Error>(self) -> Result<V::Value, E> {
        self.visitor.visit_none()
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<V::Value, E> {
        self.visitor.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        self.visitor
            .visit_some(Tracked::new(deserializer, self.tracker))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> Result<V::Value, D::Error> {
        self.visitor
            .visit_newtype_struct(Tracked::new(deserializer, self.tracker))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_seq(Items::new(items, self.tracker))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        let tracker = self.tracker;
        match self.kind {
            Kind::Model => {
                tracker.hand_over(|| self.visitor.visit_map(Properties::of_model(map, tracker)))
            }
            Kind::RawJson => tracker.hand_over(|| self.visitor.visit_map(map)),
            Kind::Other => self.visitor.visit_map(Properties::new(map, tracker)),
        }
    }

    fn visit_enum<A: EnumAccess<'de>>(self, access: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_enum(access)
    }
}

/// Passes the items of a list to a visitor, tracked.
struct Items<'t, A> {
    inner: A,
    tracker: &'t Rc<Tracker>,
    index: usize,
}

impl<'t, A> Items<'t, A> {
    fn new(inner: A, tracker: &'t Rc<Tracker>) -> Self {
        Self {
            inner,
            tracker,
            index: 0,
        }
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Items<'_, A> {
    type Error = A::Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, A::Error> {
        let step = Step::Item(self.index);
        self.index += 1;
        let seed = Tracked::new(seed, self.tracker);
        self.tracker
            .step(step, || self.inner.next_element_seed(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint()
    }
}

/// Passes the properties of an object to a visitor, tracked.
struct Properties<'t, A> {
    inner: A,
    tracker: &'t Rc<Tracker>,
    /// Whether the visitor is a model. A model reports its fields to the tracker itself.
    of_model: bool,
    name: Option<String>,
}

impl<'t, A> Properties<'t, A> {
    fn new(inner: A, tracker: &'t Rc<Tracker>) -> Self {
        Self {
            inner,
            tracker,
            of_model: false,
            name: None,
        }
    }

    fn of_model(inner: A, tracker: &'t Rc<Tracker>) -> Self {
        Self {
            of_model: true,
            ..Self::new(inner, tracker)
        }
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Properties<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        if self.of_model {
            return self.inner.next_key_seed(seed);
        }
        self.name = None;
        let name = &mut self.name;
        self.inner.next_key_seed(Named { inner: seed, name })
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        let seed = Tracked::new(seed, self.tracker);
        if self.of_model {
            return self.inner.next_value_seed(seed);
        }
        let step = self.name.take().map_or(Step::AnyKey, Step::Key);
        self.tracker.step(step, || self.inner.next_value_seed(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint()
    }
}
