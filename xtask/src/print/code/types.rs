//! Writes types as tokens, depending on where they are used.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::paths::Path;
use crate::api::{Api, Field, ModelId, Type};
use crate::print::rust_type::RustType;

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
        self.tokens(&RustType::of(ty))
    }

    /// A map with values of this type.
    pub(super) fn map(&self, value: &Type) -> TokenStream {
        self.tokens(&RustType::map(value))
    }

    /// The type that a setter takes: the field's type without `Option`.
    pub(super) fn value(&self, field: &Field) -> TokenStream {
        self.tokens(&RustType::value(field))
    }

    pub(super) fn field(&self, field: &Field) -> TokenStream {
        self.tokens(&RustType::field(field))
    }

    fn tokens(&self, ty: &RustType) -> TokenStream {
        match ty {
            RustType::Plain(name) => path(name),
            RustType::Model(id) => self.model(*id),
            RustType::Generic(name, arguments) => {
                let name = path(name);
                let arguments = arguments.iter().map(|argument| self.tokens(argument));
                quote!(#name<#(#arguments),*>)
            }
        }
    }
}

fn path(name: &'static str) -> TokenStream {
    if name.contains("::") {
        let path = Path(name);
        quote!(#path)
    } else {
        let name = ident(name);
        quote!(#name)
    }
}
