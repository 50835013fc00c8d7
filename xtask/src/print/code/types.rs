//! Writes types as tokens, depending on where they are used.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::paths::{
    BOX, BTREE_MAP, FILE, JSON, JSON_MAP, NULLABLE, NUMBER, OPTION, SECRET, STRING, VEC,
};
use crate::api::{Api, Field, ModelId, Presence, Type};

/// The place where a type is written, which decides how a model is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum From {
    Models,
    Builders,
    Operations,
}

pub(super) struct Types<'a> {
    pub(super) api: &'a Api,
    pub(super) from: From,
}

pub(super) fn ident(name: &str) -> Ident {
    format_ident!("{name}")
}

impl<'a> Types<'a> {
    pub(super) fn new(api: &'a Api, from: From) -> Self {
        Self { api, from }
    }

    pub(super) fn model(&self, id: ModelId) -> TokenStream {
        let name = ident(&self.api.model(id).rust);
        match self.from {
            From::Models => quote!(#name),
            From::Builders => quote!(super::#name),
            From::Operations => quote!(models::#name),
        }
    }

    pub(super) fn plain(&self, ty: &Type) -> TokenStream {
        match ty {
            Type::String => quote!(#STRING),
            Type::Bool => quote!(bool),
            Type::Integer => quote!(i64),
            Type::Number => quote!(#NUMBER),
            Type::Secret => quote!(#SECRET),
            Type::File => quote!(#FILE),
            Type::Json => quote!(#JSON),
            Type::Model(id) => self.model(*id),
            Type::List(item) => {
                let item = self.plain(item);
                quote!(#VEC<#item>)
            }
            Type::Map(value) if **value == Type::Json => quote!(#JSON_MAP<#STRING, #JSON>),
            Type::Map(value) => self.map(value),
            Type::OrNull(inner) => {
                let inner = self.plain(inner);
                quote!(#OPTION<#inner>)
            }
        }
    }

    /// A map with values of this type.
    pub(super) fn map(&self, value: &Type) -> TokenStream {
        let value = self.plain(value);
        quote!(#BTREE_MAP<#STRING, #value>)
    }

    /// The type that a setter takes: the field's type without `Option`.
    pub(super) fn value(&self, field: &Field) -> TokenStream {
        let ty = self.plain(&field.ty);
        if field.boxed { quote!(#BOX<#ty>) } else { ty }
    }

    pub(super) fn field(&self, field: &Field) -> TokenStream {
        let ty = self.value(field);
        match field.presence {
            Presence::Required => ty,
            Presence::OrNull | Presence::Optional => quote!(#OPTION<#ty>),
            Presence::Nullable => quote!(#OPTION<#NULLABLE<#ty>>),
        }
    }
}
