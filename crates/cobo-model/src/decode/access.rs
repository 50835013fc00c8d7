//! Passes the items of a list and the properties of an object to a visitor, tracked.

use std::fmt;
use std::rc::Rc;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::deserializer::Tracked;
use super::path::Step;
use super::tracker::Tracker;

pub(super) struct Items<'t, A> {
    inner: A,
    tracker: &'t Rc<Tracker>,
    index: usize,
}

impl<'t, A> Items<'t, A> {
    pub(super) fn new(inner: A, tracker: &'t Rc<Tracker>) -> Self {
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

pub(super) struct Properties<'t, A> {
    inner: A,
    tracker: &'t Rc<Tracker>,
    /// Whether the visitor is a model. A model reports its fields to the tracker itself.
    of_model: bool,
    name: Option<String>,
}

impl<'t, A> Properties<'t, A> {
    pub(super) fn new(inner: A, tracker: &'t Rc<Tracker>) -> Self {
        Self {
            inner,
            tracker,
            of_model: false,
            name: None,
        }
    }

    pub(super) fn of_model(inner: A, tracker: &'t Rc<Tracker>) -> Self {
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

/// Keeps the name of a property that is read as text. Other keys (numbers, enums) are not kept.
struct Named<'a, T> {
    inner: T,
    name: &'a mut Option<String>,
}

impl<'de, K: DeserializeSeed<'de>> DeserializeSeed<'de> for Named<'_, K> {
    type Value = K::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<K::Value, D::Error> {
        self.inner.deserialize(Named {
            inner: deserializer,
            name: self.name,
        })
    }
}

macro_rules! named {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            self.inner.$method(Named { inner: visitor, name: self.name })
        })*
    };
}

macro_rules! unnamed {
    ($($method:ident($($argument:ident: $ty:ty),*))*) => {
        $(fn $method<V: Visitor<'de>>(
            self,
            $($argument: $ty,)*
            visitor: V,
        ) -> Result<V::Value, D::Error> {
            self.inner.$method($($argument,)* visitor)
        })*
    };
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Named<'_, D> {
    type Error = D::Error;

    named! { deserialize_any deserialize_str deserialize_string deserialize_identifier }

    unnamed! {
        deserialize_bool() deserialize_i8() deserialize_i16() deserialize_i32()
        deserialize_i64() deserialize_i128() deserialize_u8() deserialize_u16()
        deserialize_u32() deserialize_u64() deserialize_u128() deserialize_f32()
        deserialize_f64() deserialize_char() deserialize_bytes() deserialize_byte_buf()
        deserialize_option() deserialize_unit() deserialize_seq() deserialize_map()
        deserialize_ignored_any()
        deserialize_unit_struct(name: &'static str)
        deserialize_newtype_struct(name: &'static str)
        deserialize_tuple(len: usize)
        deserialize_tuple_struct(name: &'static str, len: usize)
        deserialize_struct(name: &'static str, fields: &'static [&'static str])
        deserialize_enum(name: &'static str, variants: &'static [&'static str])
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Named<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }

    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<V::Value, E> {
        *self.name = Some(name.to_owned());
        self.inner.visit_str(name)
    }

    fn visit_borrowed_str<E: serde::de::Error>(self, name: &'de str) -> Result<V::Value, E> {
        *self.name = Some(name.to_owned());
        self.inner.visit_borrowed_str(name)
    }

    fn visit_string<E: serde::de::Error>(self, name: String) -> Result<V::Value, E> {
        *self.name = Some(name.clone());
        self.inner.visit_string(name)
    }
}
