//! Implements access to the cursors and items of a page.

use proc_macro2::TokenStream;
use quote::quote;

use super::paths::{CODEGEN, NONE, OPTION, PAGE, PAGE_ITEMS, VEC};
use super::types::{From, Types, ident};
use crate::api::{Api, Model, Object, Page, Presence, Type};

pub(super) fn page(api: &Api, model: &Model, page: &Page) -> TokenStream {
    let Some(object) = model.object() else {
        return TokenStream::new();
    };
    let name = ident(&model.rust);
    let (at, cursors) = holder(api, object, page);
    let cursor = |index: usize| {
        let field = ident(&cursors.fields[index].rust);
        quote!(#CODEGEN::PageCursor::cursor(&#at.#field))
    };
    let after = cursor(page.after);
    let before = page.before.map_or(quote!(#NONE), cursor);
    let items = page.items.and_then(|items| {
        let field = &object.fields[items];
        let Type::List(item) = &field.ty else {
            return None;
        };
        let item = Types::new(api, From::Models).plain(item);
        let field = ident(&field.rust);
        Some(quote! {
            impl #PAGE_ITEMS for #name {
                type Item = #item;

                fn into_items(self) -> #VEC<#item> {
                    #CODEGEN::IntoItems::into_items(self.#field)
                }
            }
        })
    });
    quote! {
        impl #PAGE for #name {
            fn after(&self) -> #OPTION<&str> {
                #after
            }

            fn before(&self) -> #OPTION<&str> {
                #before
            }
        }
        #items
    }
}

/// The expression for the object that has the cursors, and that object.
fn holder<'a>(api: &'a Api, object: &'a Object, page: &Page) -> (TokenStream, &'a Object) {
    let field = page.holder.map(|holder| &object.fields[holder]);
    let held = field.and_then(|field| match field.ty {
        Type::Model(id) => Some((field, api.model(id).object()?)),
        _ => None,
    });
    let Some((field, cursors)) = held else {
        return (quote!(self), object);
    };
    let name = ident(&field.rust);
    let at = match field.presence {
        Presence::Required => quote!(self.#name),
        Presence::OrNull | Presence::Optional => quote!(self.#name.as_ref()?),
        Presence::Nullable => quote!(self.#name.as_ref()?.value()?),
    };
    (at, cursors)
}
