//! Types whose definitions are replaced as a whole.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, format_ident};
use syn::{File, GenericArgument, Item, PathArguments, Type};

use super::{Context, tree};
use crate::rust_name;

/// What stands for a type, by its name.
#[derive(Default)]
pub(super) struct Replacements(BTreeMap<String, TokenStream>);

impl Replacements {
    pub(super) fn add(&mut self, name: String, tokens: TokenStream) {
        self.0.insert(name, tokens);
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Puts each definition in the place of the type's own, and drops what was implemented for
    /// that. The names of the types that were found.
    pub(super) fn apply(mut self, items: &mut Vec<Item>, context: &mut Context<'_>) -> Vec<String> {
        let all: BTreeSet<String> = self.0.keys().cloned().collect();
        let mut found = Vec::new();
        let mut out = Vec::with_capacity(items.len());
        for item in items.drain(..) {
            let defines = match &item {
                Item::Struct(item) => Some(item.ident.to_string()),
                Item::Enum(item) => Some(item.ident.to_string()),
                Item::Type(item) => Some(item.ident.to_string()),
                _ => None,
            };
            if let Some(name) = defines
                && let Some(tokens) = self.0.remove(&name)
            {
                match syn::parse2::<File>(tokens) {
                    Ok(file) => out.extend(file.items),
                    Err(error) => context.refuse(format!("`{name}` is not Rust: {error}")),
                }
                found.push(name);
            } else if !concerns(&item, &all) {
                out.push(item);
            }
        }
        *items = out;
        for name in self.0.into_keys() {
            context.refuse(format!("there is no type `{name}` to replace"));
        }
        found
    }
}

/// Whether the item implements something for one of the types, or converts out of one.
fn concerns(item: &Item, names: &BTreeSet<String>) -> bool {
    if tree::impl_target(item).is_some_and(|name| names.contains(&name)) {
        return true;
    }
    let Item::Impl(item) = item else { return false };
    let Some(from) = item
        .trait_
        .as_ref()
        .and_then(|(path, _)| path.segments.last())
        .filter(|segment| segment.ident == "From")
    else {
        return false;
    };
    let PathArguments::AngleBracketed(arguments) = &from.arguments else {
        return false;
    };
    // A union of typify's is made of its parts: that conversion stays, one out of a wrapper goes.
    let unwraps = item.to_token_stream().to_string().contains("value . 0");
    unwraps
        && arguments.args.iter().any(|argument| match argument {
            GenericArgument::Type(Type::Path(ty)) => ty
                .path
                .segments
                .last()
                .is_some_and(|segment| names.contains(&segment.ident.to_string())),
            _ => false,
        })
}

/// The names of the variants of one enum, each once.
#[derive(Default)]
pub(super) struct Names(BTreeSet<String>);

impl Names {
    pub(super) fn of(taken: &[&Ident]) -> Self {
        Self(taken.iter().map(ToString::to_string).collect())
    }

    /// `name` as that of a variant, with a number after it if it is taken.
    pub(super) fn take(&mut self, name: &str) -> Ident {
        let name = rust_name::model(name);
        let mut free = name.clone();
        let mut count = 1;
        while !self.0.insert(free.clone()) {
            count += 1;
            free = format!("{name}{count}");
        }
        format_ident!("{free}")
    }

    /// `Unknown`, unless the document has such a value.
    pub(super) fn unknown(&self) -> Ident {
        let mut name = "Unknown".to_owned();
        while self.0.contains(&name) {
            name.push_str("Value");
        }
        format_ident!("{name}")
    }
}
