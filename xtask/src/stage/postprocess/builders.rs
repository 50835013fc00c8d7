//! Builders of models: setters cannot fail, and everything that is missing is named at once.
//!
//! Only what a request is made of has a builder: nobody builds a response.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::{Fields, File, Item, ItemStruct, Type, parse_quote};

use super::attribute::{doc_text, is_doc};
use super::docs::Docs;
use super::fresh::fresh;
use super::models::SECRET_NOTE;
use super::properties::{self, Kind, Property};
use super::{Context, tree};

pub(super) fn pass(file: &mut File, context: &mut Context<'_>) {
    let requested = requested(file);
    let Some(models) = tree::module(&mut file.items, "models") else {
        return;
    };
    let structs: Vec<ItemStruct> = models
        .iter()
        .filter_map(|item| match item {
            Item::Struct(item) if matches!(item.fields, Fields::Named(_)) => Some(item.clone()),
            _ => None,
        })
        .collect();
    let Some(builders) = tree::module(models, "builder") else {
        if !structs.is_empty() {
            context.refuse("there is no module of builders");
        }
        return;
    };
    let mut out: Vec<Item> = Vec::new();
    for item in structs
        .iter()
        .filter(|item| requested.contains(&item.ident.to_string()))
    {
        let old = builders.iter().find_map(|other| match other {
            Item::Struct(other) if other.ident == item.ident => Some(other),
            _ => None,
        });
        match old.and_then(|old| builder(item, old)) {
            Some(items) => out.extend(items),
            None => context.refuse(format!("`{}` has no builder that fits it", item.ident)),
        }
    }
    *builders = out;
    for item in models.iter_mut() {
        match item {
            Item::Mod(module) if module.ident == "builder" => {
                module.attrs.retain(|attribute| !is_doc(attribute));
                module.attrs.push(parse_quote!(#[doc = " Builders of what requests are made of: every setter takes what converts, `build` names what is missing."]));
            }
            _ => {}
        }
    }
    // The macro writes `Model::builder()`.
    models.retain(|item| !is_start(item));
}

/// Whether this is typify's `impl Model { pub fn builder() }`.
fn is_start(item: &Item) -> bool {
    let Item::Impl(implementation) = item else {
        return false;
    };
    tree::impl_trait(item).is_none()
        && implementation.items.iter().any(|item| match item {
            syn::ImplItem::Fn(item) => item.sig.ident == "builder",
            _ => false,
        })
}

/// The models that a request's body is made of.
fn requested(file: &mut File) -> BTreeSet<String> {
    let mut roots = BTreeSet::new();
    if let Some(operations) = tree::module(&mut file.items, "operations") {
        for item in operations.iter() {
            if let Item::Struct(item) = item {
                for field in &item.fields {
                    tree::words(field.ty.to_token_stream(), &mut roots);
                }
            }
        }
    }
    let models = tree::module(&mut file.items, "models")
        .into_iter()
        .flatten();
    let mentions: BTreeMap<String, BTreeSet<String>> =
        models.filter_map(|item| tree::mentions(item)).collect();
    let mut open: Vec<String> = roots.into_iter().collect();
    let mut found = BTreeSet::new();
    while let Some(name) = open.pop() {
        if let Some(mentioned) = mentions.get(&name)
            && found.insert(name)
        {
            open.extend(mentioned.iter().cloned());
        }
    }
    found
}

fn builder(model: &ItemStruct, old: &ItemStruct) -> Option<Vec<Item>> {
    let properties = properties::of(model);
    let taken: Vec<&Ident> = properties.iter().map(|property| property.ident).collect();
    let setters = properties
        .iter()
        .map(|property| setter(property, old, &taken))
        .collect::<Option<Vec<TokenStream>>>()?;
    let name = &model.ident;
    let setters = (!setters.is_empty()).then(|| {
        quote! {
            impl #name {
                #(#setters)*
            }
        }
    });
    let tokens = quote! {
        ::cobo_model::builder!(#name);
        #setters
    };
    Some(syn::parse2::<File>(tokens).ok()?.items)
}

/// What a setter takes. Typify's builder has the type as it is written from within the module of
/// builders.
fn taken_type(property: &Property<'_>, old: &ItemStruct) -> Option<Type> {
    let mut others = old.fields.iter();
    let other = match property.kind {
        // Typify has it last, and by this name.
        Kind::Rest => others.rfind(|other| other.ident.as_ref().is_some_and(|it| it == "extra")),
        _ => others.find(|other| other.ident.as_ref() == Some(property.ident)),
    }?;
    let ty = tree::argument_of(&other.ty, "Result")?;
    if property.kind == Kind::Rest && tree::argument_of(ty, "Map").is_some() {
        return Some(property.field.ty.clone());
    }
    let option = tree::argument_of(&property.field.ty, "Option");
    if let Some(inner) =
        tree::argument_of(ty, "Box").and_then(|boxed| tree::argument_of(boxed, "Option"))
    {
        return Some(parse_quote!(::std::boxed::Box<#inner>));
    }
    Some(match tree::argument_of(ty, "Option") {
        Some(inner) if option.is_some() => inner.clone(),
        _ => ty.clone(),
    })
}

fn setter(property: &Property<'_>, old: &ItemStruct, taken: &[&Ident]) -> Option<TokenStream> {
    let ty = taken_type(property, old)?;
    let Property {
        field,
        ident,
        wire,
        kind,
        index,
    } = property;
    let text = doc_text(&field.attrs).unwrap_or_default();
    // A builder is never serialised.
    let text = text.trim_end().strip_suffix(SECRET_NOTE).unwrap_or(&text);
    let docs = Docs::new()
        .paragraph(
            text.lines()
                .map(|line| format!("{}\n", line.strip_prefix(' ').unwrap_or(line)))
                .collect::<String>()
                .trim_end(),
        )
        .when(matches!(kind, Kind::Required | Kind::OrNull), "Required.")
        .tokens();
    let deprecated = field
        .attrs
        .iter()
        .filter(|other| other.path().is_ident("deprecated"));
    // `build` is what every builder has.
    let name = if *ident == "build" {
        format_ident!("build_")
    } else {
        (*ident).clone()
    };
    let deprecated: Vec<_> = deprecated.collect();
    let index = Literal::usize_unsuffixed(*index);
    let model = match kind {
        Kind::Rest => quote!(self.0.model()),
        _ => quote!(self.0.set(#index)),
    };
    let optional = tree::argument_of(&field.ty, "Option").is_some();
    let value = match kind {
        Kind::Nullable => {
            quote!(::std::option::Option::Some(::cobo_model::Nullable::Value(
                value.into()
            )))
        }
        _ if optional => quote!(::std::option::Option::Some(value.into())),
        _ => quote!(value.into()),
    };
    let null = match kind {
        Kind::OrNull => Some(quote!(::std::option::Option::None)),
        Kind::Nullable => Some(quote!(::std::option::Option::Some(
            ::cobo_model::Nullable::Null
        ))),
        _ => None,
    };
    let null = null.map(|null| {
        let name = fresh(&format!("{ident}_null"), taken);
        let text = format!(" Sets `{wire}` to null.");
        quote! {
            #[doc = #text]
            #(#deprecated)*
            pub fn #name(mut self) -> Self {
                #model.#ident = #null;
                self
            }
        }
    });
    Some(quote! {
        #docs
        #(#deprecated)*
        pub fn #name(mut self, value: impl ::std::convert::Into<#ty>) -> Self {
            #model.#ident = #value;
            self
        }
        #null
    })
}
