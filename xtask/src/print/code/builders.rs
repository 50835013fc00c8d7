//! Generates builders of models. Setters cannot fail, and all missing fields are reported at once.
//!
//! Only models that requests contain have builders, since callers never build a response.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::models::{rest_docs, setter_docs};
use super::paths::{BOX, FROM, INTO, INTO_ITERATOR, MODEL, NONE, NULLABLE, SOME};
use super::types::{From, Types, ident};
use crate::api::{Api, Field, ModelId, Nested, Object, Presence, Rest};
use crate::print::docs::deprecated;

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
    let constants = constants(object);
    Some(quote! {
        #MODEL::builder!(#name #constants);

        impl #name {
            #(#setters)*
            #(#rest)*
        }
    })
}

/// The constants of a builder: the tags of a variant, which callers do not set.
fn constants(object: &Object) -> Option<TokenStream> {
    let constants = object
        .fields
        .iter()
        .enumerate()
        .filter_map(|(index, field)| {
            let value = field.constant.as_ref()?;
            let (index, name) = (Literal::usize_unsuffixed(index), ident(&field.rust));
            let value = match field.presence {
                Presence::Required => quote!(#value),
                _ => quote!(#SOME(#FROM::from(#value))),
            };
            Some(quote!(#index #name = #value))
        });
    let constants: Vec<_> = constants.collect();
    (!constants.is_empty()).then(|| quote!({ #(#constants),* }))
}

fn setter(types: &Types<'_>, index: usize, field: &Field) -> TokenStream {
    if field.constant.is_some() {
        return TokenStream::new();
    }
    let required = field.presence.is_required();
    let docs = setter_docs(field).when(required, "Required.").tokens();
    let deprecated = deprecated(field.deprecated);
    let index = Literal::usize_unsuffixed(index);
    let (name, setter) = (ident(&field.rust), ident(&field.setter));
    let nested = types.api.nested(&field.ty);
    let (taken, value) = match nested {
        Some(Nested::Model(id)) => {
            let model = types.model(id);
            let value = quote!(self.0.nested(#index, value));
            let value = if field.boxed {
                quote!(#BOX::new(#value))
            } else {
                value
            };
            (quote!(impl #MODEL::IntoField<#model>), value)
        }
        Some(Nested::List(id)) => {
            let model = types.model(id);
            (
                quote!(impl #INTO_ITERATOR<Item = impl #MODEL::IntoField<#model>>),
                quote!(self.0.nested_list(#index, value)),
            )
        }
        None => {
            let ty = types.value(field);
            (quote!(impl #INTO<#ty>), quote!(value.into()))
        }
    };
    let value = match field.presence {
        Presence::Required => value,
        Presence::OrNull | Presence::Optional => quote!(#SOME(#value)),
        Presence::Nullable => quote!(#SOME(#NULLABLE::Value(#value))),
    };
    let clear = nested.map(|_| quote!(self.0.clear(#index);));
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
                #clear
                self.0.set(#index).#name = #null;
                self
            }
        }
    });
    quote! {
        #docs
        #deprecated
        pub fn #setter(mut self, value: #taken) -> Self {
            let value = #value;
            self.0.set(#index).#name = value;
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
