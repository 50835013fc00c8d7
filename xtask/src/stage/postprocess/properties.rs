//! How structs are read and written: `cobo_model::model!` with a list of their properties, in the
//! place of serde's derived code, which is four times as much for the compiler.

use std::collections::BTreeMap;

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{ToTokens, quote};
use syn::punctuated::Punctuated;
use syn::{Attribute, Field, Fields, File, Item, ItemEnum, ItemStruct, Path, Token, parse_quote};

use super::attribute::{Serde, derives};
use super::models::{model, wire_name};
use super::{Context, tree};
use crate::catalog::{self, Bounds};

/// What a field is on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Required,
    /// Required, and null where there is no value.
    OrNull,
    Optional,
    /// Optional, and null is a value.
    Nullable,
    /// It holds what has no field of its own.
    Rest,
}

/// A field of a struct, with its place in the list of properties.
#[derive(Debug, Clone)]
pub(super) struct Property<'a> {
    pub(super) field: &'a Field,
    pub(super) ident: &'a Ident,
    pub(super) wire: String,
    pub(super) kind: Kind,
    pub(super) index: usize,
}

/// The properties of a struct that typify derived serde's traits for.
pub(super) fn of(item: &ItemStruct) -> Vec<Property<'_>> {
    let named = item
        .fields
        .iter()
        .filter_map(|field| Some((field, field.ident.as_ref()?)));
    let mut index = 0;
    named
        .map(|(field, ident)| {
            let kind = kind(field);
            let property = Property {
                field,
                ident,
                wire: wire_name(field),
                index,
                kind,
            };
            // What holds the rest is none of the list.
            index += usize::from(property.kind != Kind::Rest);
            property
        })
        .collect()
}

fn kind(field: &Field) -> Kind {
    let serde = Serde::of(&field.attrs);
    match tree::argument_of(&field.ty, "Option") {
        _ if serde.has("flatten") => Kind::Rest,
        Some(inner) if tree::argument_of(inner, "Nullable").is_some() => Kind::Nullable,
        // It is written in any case.
        Some(_) if serde.text("skip_serializing_if").is_none() => Kind::OrNull,
        Some(_) => Kind::Optional,
        None if serde.has("default") => Kind::Optional,
        None => Kind::Required,
    }
}

pub(super) fn pass(file: &mut File, context: &mut Context<'_>) {
    let Some(items) = tree::module(&mut file.items, "models") else {
        return;
    };
    let wrappers: Vec<Ident> = items
        .iter()
        .filter_map(|item| match item {
            Item::Struct(item) if matches!(item.fields, Fields::Unnamed(_)) => {
                Some(item.ident.clone())
            }
            _ => None,
        })
        .collect();
    let mut out = Vec::with_capacity(items.len() * 2);
    for mut item in std::mem::take(items) {
        let behaviour = match &mut item {
            Item::Struct(item) if derives(&item.attrs, "Deserialize") => match &item.fields {
                Fields::Named(_) => {
                    let known = model(context, &item.ident.to_string());
                    let behaviour = behaviour(item, known);
                    plain(item);
                    Some(behaviour)
                }
                Fields::Unnamed(fields) if fields.unnamed.len() == 1 => Some(wrapper(&item.ident)),
                _ => None,
            },
            Item::Enum(item) if derives(&item.attrs, "Deserialize") => placeholder(item),
            _ => None,
        };
        // Wrappers with a `Deserialize` of their own, which checks what it reads.
        if tree::impl_trait(&item).as_deref() == Some("Deserialize")
            && let Some(name) = tree::impl_target(&item)
            && let Some(ident) = wrappers.iter().find(|ident| **ident == name)
        {
            out.push(wrapper(ident));
        }
        out.push(item);
        out.extend(behaviour);
    }
    *items = out;
}

fn wrapper(ident: &Ident) -> Item {
    parse_quote!(::cobo_model::wrapper!(#ident);)
}

fn behaviour(item: &ItemStruct, known: Option<&catalog::Model>) -> Item {
    let ident = &item.ident;
    let properties = of(item);
    let bounds: BTreeMap<&str, Bounds> = known
        .into_iter()
        .flat_map(|model| &model.fields)
        .filter_map(|field| Some((field.name.as_str(), field.checked?)))
        .collect();
    let listed = properties
        .iter()
        .filter(|property| property.kind != Kind::Rest)
        .map(|property| entry(property, bounds.get(property.wire.as_str())));
    let rest = properties
        .iter()
        .find(|property| property.kind == Kind::Rest)
        .map(|property| {
            let ident = property.ident;
            quote!(; #ident)
        });
    parse_quote!(::cobo_model::model! { #ident { #(#listed),* #rest } })
}

/// `0 name? = "wire"`, as `cobo_model::model!` reads it.
fn entry(property: &Property<'_>, bounds: Option<&Bounds>) -> TokenStream {
    let Property {
        ident, wire, index, ..
    } = property;
    let index = Literal::usize_unsuffixed(*index);
    let named = (*ident != wire.as_str()).then(|| quote!(= #wire));
    let mark = match property.kind {
        Kind::Optional | Kind::Nullable => Some(quote!(?)),
        Kind::OrNull => Some(quote!(or_null())),
        Kind::Required | Kind::Rest => None,
    };
    let bounds = bounds.map(|bounds| match bounds {
        Bounds::NotEmpty => quote!(not_empty()),
        Bounds::AtLeast(least) => {
            let least = Literal::i64_unsuffixed(*least);
            quote!(at_least(#least))
        }
    });
    quote!(#index #ident #named #mark #bounds)
}

/// Takes away what serde's derives needed.
fn plain(item: &mut ItemStruct) {
    without_serde(&mut item.attrs);
    for field in &mut item.fields {
        field
            .attrs
            .retain(|attribute| !attribute.path().is_ident("serde"));
    }
}

fn without_serde(attributes: &mut Vec<Attribute>) {
    attributes.retain(|attribute| !attribute.path().is_ident("serde"));
    for attribute in attributes {
        if !attribute.path().is_ident("derive") {
            continue;
        }
        let derived = attribute.parse_args_with(Punctuated::<Path, Token![,]>::parse_terminated);
        if let Ok(derived) = derived {
            let kept = derived.into_iter().filter(|path| {
                let last = path.segments.last().map(|last| last.ident.to_string());
                !matches!(last.as_deref(), Some("Serialize" | "Deserialize"))
            });
            *attribute = {
                let kept: Vec<Path> = kept.collect();
                parse_quote!(#[derive(#(#kept),*)])
            };
        }
    }
}

/// Implements `FieldValue` for an enum that typify wrote: the first variant is the placeholder.
fn placeholder(item: &ItemEnum) -> Option<Item> {
    let ident = &item.ident;
    let variant = item.variants.first()?;
    let name = &variant.ident;
    let part = quote!(::cobo_model::FieldValue::placeholder());
    let value = match &variant.fields {
        Fields::Unit => quote!(Self::#name),
        Fields::Unnamed(fields) => {
            let parts = fields.unnamed.iter().map(|_| &part);
            quote!(Self::#name(#(#parts),*))
        }
        Fields::Named(fields) => {
            let idents = fields.named.iter().filter_map(|field| field.ident.as_ref());
            quote!(Self::#name { #(#idents: #part),* })
        }
    };
    let tokens = quote! {
        impl ::cobo_model::FieldValue for #ident {
            fn placeholder() -> Self {
                #value
            }
        }
    };
    syn::parse2(tokens.into_token_stream()).ok()
}
