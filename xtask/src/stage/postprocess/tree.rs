//! Ways into the syntax tree of a generated file.

use std::collections::BTreeSet;

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{
    AngleBracketedGenericArguments, GenericArgument, Item, ItemMod, Path, PathArguments, Type,
    TypePath,
};

/// The items of the module `name`; `None` where there is none with a body.
pub fn module<'a>(items: &'a mut [Item], name: &str) -> Option<&'a mut Vec<Item>> {
    items.iter_mut().find_map(|item| match item {
        Item::Mod(ItemMod {
            ident,
            content: Some((_, items)),
            ..
        }) if ident == name => Some(items),
        _ => None,
    })
}

/// The name of the type that an impl is of.
pub fn impl_target(item: &Item) -> Option<String> {
    match item {
        Item::Impl(item) => Some(last_segment(&item.self_ty)?.ident.to_string()),
        _ => None,
    }
}

/// The name of the trait that an impl is of, with no path and no arguments.
pub fn impl_trait(item: &Item) -> Option<String> {
    match item {
        Item::Impl(item) => {
            let (path, _) = item.trait_.as_ref()?;
            Some(path.segments.last()?.ident.to_string())
        }
        _ => None,
    }
}

/// The name that an item gives to the module it stands in.
pub fn item_name(item: &Item) -> Option<String> {
    match item {
        Item::Struct(item) => Some(item.ident.to_string()),
        Item::Enum(item) => Some(item.ident.to_string()),
        Item::Type(item) => Some(item.ident.to_string()),
        Item::Mod(item) => Some(item.ident.to_string()),
        Item::Trait(item) => Some(item.ident.to_string()),
        Item::Static(item) => Some(item.ident.to_string()),
        Item::Fn(item) => Some(item.sig.ident.to_string()),
        // These define a type of the name that they begin with.
        Item::Macro(item) => {
            let name = item.mac.path.segments.last()?.ident.to_string();
            if !["builder", "request"].contains(&name.as_str()) {
                return None;
            }
            match item.mac.tokens.clone().into_iter().next()? {
                TokenTree::Ident(ident) => Some(ident.to_string()),
                _ => None,
            }
        }
        _ => None,
    }
}

/// The name of a type that an item defines, and every name in the types of its fields.
pub fn mentions(item: &Item) -> Option<(String, BTreeSet<String>)> {
    let mut found = BTreeSet::new();
    let name = match item {
        Item::Struct(item) => {
            for field in &item.fields {
                words(field.ty.to_token_stream(), &mut found);
            }
            &item.ident
        }
        Item::Enum(item) => {
            for field in item.variants.iter().flat_map(|variant| &variant.fields) {
                words(field.ty.to_token_stream(), &mut found);
            }
            &item.ident
        }
        Item::Type(item) => {
            words(item.ty.to_token_stream(), &mut found);
            &item.ident
        }
        _ => return None,
    };
    Some((name.to_string(), found))
}

/// Adds every name outside of attributes.
pub fn words(tokens: TokenStream, found: &mut BTreeSet<String>) {
    let mut attribute = false;
    for token in tokens {
        match &token {
            TokenTree::Ident(ident) => {
                found.insert(ident.to_string());
            }
            TokenTree::Group(group) if !attribute => words(group.stream(), found),
            _ => {}
        }
        attribute = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '#');
    }
}

fn last_segment(ty: &Type) -> Option<&syn::PathSegment> {
    match ty {
        Type::Path(TypePath {
            qself: None, path, ..
        }) => path.segments.last(),
        _ => None,
    }
}

/// `T` of `Name<T, ..>`, where the type is a path that ends in `name`.
pub fn argument_of<'a>(ty: &'a Type, name: &str) -> Option<&'a Type> {
    let segment = last_segment(ty).filter(|segment| segment.ident == name)?;
    match &segment.arguments {
        PathArguments::AngleBracketed(AngleBracketedGenericArguments { args, .. }) => {
            args.iter().find_map(|argument| match argument {
                GenericArgument::Type(ty) => Some(ty),
                _ => None,
            })
        }
        _ => None,
    }
}

/// The segments of a path, without their arguments.
pub fn segments(path: &Path) -> Vec<String> {
    path.segments
        .iter()
        .map(|segment| segment.ident.to_string())
        .collect()
}

/// The segments of a type that is a plain path.
pub fn type_segments(ty: &Type) -> Vec<String> {
    match ty {
        Type::Path(TypePath {
            qself: None, path, ..
        }) => segments(path),
        _ => Vec::new(),
    }
}
