//! What the generated models are made of.

use std::collections::BTreeMap;

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::{Fields, Item, ItemEnum, ItemStruct, Type};

use crate::catalog::Operation;
use crate::rust_name;
use crate::stage::postprocess::attribute::Serde;
use crate::stage::postprocess::{models::wire_name, tree};

/// The models by their names in Rust, and the types that operations take.
#[derive(Debug, Clone, Default)]
pub struct Shapes {
    models: BTreeMap<String, Shape>,
    inputs: BTreeMap<(String, String), Type>,
}

#[derive(Debug, Clone)]
pub enum Shape {
    Object(Vec<Property>),
    /// The variants of a string enum and what is written for each.
    Values(Vec<(String, String)>),
    Wrapper(Type),
    /// The first variant that holds one value.
    Union(String, Type),
}

#[derive(Debug, Clone)]
pub struct Property {
    /// The setter.
    pub name: String,
    pub wire: String,
    pub required: bool,
    /// What the setter takes.
    pub ty: Type,
}

impl Shapes {
    /// Reads the models, while enums are still closed.
    pub fn read(&mut self, items: &[Item]) {
        for item in items {
            let (name, shape) = match item {
                Item::Struct(item) => (&item.ident, structure(item)),
                Item::Enum(item) => (&item.ident, variants(item)),
                _ => continue,
            };
            if let Some(shape) = shape {
                self.models.insert(name.to_string(), shape);
            }
        }
    }

    /// Notes the variants of an enum, each with what is written for it.
    pub fn values(&mut self, name: &Ident, values: Vec<(String, String)>) {
        self.models.insert(name.to_string(), Shape::Values(values));
    }

    /// Notes a union's first variant and what it holds.
    pub fn union(&mut self, name: &Ident, variant: &Ident, ty: Type) {
        self.models
            .insert(name.to_string(), Shape::Union(variant.to_string(), ty));
    }

    /// Notes the type of an operation's parameter.
    pub fn take(&mut self, operation: &Operation, name: &str, ty: Type) {
        self.inputs
            .insert((rust_name::method(operation), name.to_owned()), ty);
    }

    pub fn input(&self, operation: &Operation, name: &str) -> Option<&Type> {
        self.inputs
            .get(&(rust_name::method(operation), name.to_owned()))
    }

    /// The shape of a type that is a model, `models::Token` or, among the models, `Token`.
    pub fn of(&self, ty: &Type) -> Option<&Shape> {
        let segments = tree::type_segments(ty);
        match segments.as_slice() {
            [name] => self.models.get(name),
            [module, name] if module == "models" || module == "super" => self.models.get(name),
            _ => None,
        }
    }

    /// If the type is a list, how the list is reached in it.
    pub fn list(&self, ty: &Type) -> Option<TokenStream> {
        if tree::argument_of(ty, "Vec").is_some() {
            return Some(TokenStream::new());
        }
        match self.of(ty)? {
            Shape::Wrapper(inner) => self.list(inner).map(|rest| quote!(.0 #rest)),
            _ => None,
        }
    }
}

fn structure(item: &ItemStruct) -> Option<Shape> {
    match &item.fields {
        Fields::Unit => None,
        Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
            Some(Shape::Wrapper(fields.unnamed.first()?.ty.clone()))
        }
        Fields::Unnamed(_) => None,
        Fields::Named(fields) => Some(Shape::Object(
            fields
                .named
                .iter()
                .filter_map(|field| {
                    let name = field.ident.as_ref()?.to_string();
                    let serde = Serde::of(&field.attrs);
                    let inner = tree::argument_of(&field.ty, "Option");
                    let required =
                        inner.is_none() && !serde.has("default") && !serde.has("flatten");
                    Some(Property {
                        name,
                        wire: wire_name(field),
                        required,
                        ty: inner.unwrap_or(&field.ty).clone(),
                    })
                })
                .collect(),
        )),
    }
}

fn variants(item: &ItemEnum) -> Option<Shape> {
    if item
        .variants
        .iter()
        .all(|variant| matches!(variant.fields, Fields::Unit))
    {
        let values = item.variants.iter().map(|variant| {
            let name = variant.ident.to_string();
            let value = Serde::of(&variant.attrs)
                .text("rename")
                .unwrap_or_else(|| name.clone());
            (name, value)
        });
        return Some(Shape::Values(values.collect()));
    }
    item.variants
        .iter()
        .find_map(|variant| match &variant.fields {
            Fields::Unnamed(fields) if fields.unnamed.len() == 1 => Some(Shape::Union(
                variant.ident.to_string(),
                fields.unnamed.first()?.ty.clone(),
            )),
            _ => None,
        })
}
