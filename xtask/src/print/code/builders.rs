//! Generates builders of models. Setters cannot fail, and all missing fields are reported at once.
//!
//! Only models that requests contain have builders, since callers never build a response.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::models::{deprecated, rest_docs, setter_docs};
use super::paths::{INTO, MODEL, NONE, NULLABLE, SOME};
use super::types::{From, Types, ident};
use crate::api::{Api, Field, ModelId, Presence, Rest};

/// The builder of a model, if it has one.
pub(super) fn builder(api: &Api, id: ModelId) -> Option<TokenStream> {
    let model = api.model(id);
    let object = model.object().filter(|_| model.in_requests)?;
    let types = Types::new(api, From::Builders);
    let setters = object
        .fields
        .iter()
        .enumerate()
        .map(|(index, field)| setter(&types, index, field));
    let rest = object.rest.iter().map(|rest| rest_setter(&types, rest));
    let name = ident(&model.rust);
    Some(quote! {
        #MODEL::builder!(#name);

        impl #name {
            #(#setters)*
            #(#rest)*
        }
    })
}

fn setter(types: &Types<'_>, index: usize, field: &Field) -> TokenStream {
    let required = matches!(field.presence, Presence::Required | Presence::OrNull);
    let docs = setter_docs(field).when(required, "Required.").tokens();
    let deprecated = deprecated(field.deprecated);
    let index = Literal::usize_unsuffixed(index);
    let (name, setter) = (ident(&field.rust), ident(&field.setter));
    let ty = types.value(field);
    let value = match field.presence {
        Presence::Required => quote!(value.into()),
        Presence::OrNull | Presence::Optional => quote!(#SOME(value.into())),
        Presence::Nullable => quote!(#SOME(#NULLABLE::Value(value.into()))),
    };
    let null = field.null_setter.as_ref().map(|setter| {
        let setter = ident(setter);
        let docs = format!(" Sets `{}` to null.", field.wire);
        let null = match field.presence {
            Presence::Nullable => quote!(#SOME(#NULLABLE::Null)),
            _ => quote!(#NONE),
        };
        quote! {
            #[doc = #docs]
            #deprecated
            pub fn #setter(mut self) -> Self {
                self.0.set(#index).#name = #null;
                self
            }
        }
    });
    quote! {
        #docs
        #deprecated
        pub fn #setter(mut self, value: impl #INTO<#ty>) -> Self {
            self.0.set(#index).#name = #value;
            self
        }
        #null
    }
}

fn rest_setter(types: &Types<'_>, rest: &Rest) -> TokenStream {
    let docs = rest_docs().tokens();
    let (name, ty) = (ident(&rest.rust), types.map(&rest.ty));
    quote! {
        #docs
        pub fn #name(mut self, value: impl #INTO<#ty>) -> Self {
            self.0.model().#name = value.into();
            self
        }
    }
}
