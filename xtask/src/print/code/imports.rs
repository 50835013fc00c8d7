//! Replaces full paths by short names and adds the `use` lines for them.
//!
//! The printers write only full paths, because these are never ambiguous. Each is shortened here,
//! unless the module defines its short name itself.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::TokenTree;
use quote::ToTokens;
use syn::punctuated::Punctuated;
use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, ExprPath, Item, Meta, Path, Token, TypePath};

use super::paths::{ALL, Import};

/// Shortens the paths of a module and its submodules, and adds the imports. `imported` holds names
/// that the module imports from this crate.
pub(super) fn tidy(items: &mut Vec<Item>, imported: &BTreeSet<String>) {
    let own = items.iter().filter_map(name);
    let taken: BTreeSet<String> = own.chain(imported.iter().cloned()).collect();
    let mut shortener = Shortener {
        taken,
        used: BTreeSet::new(),
    };
    for item in items.iter_mut() {
        match item {
            Item::Mod(module) => {
                if let Some((_, items)) = &mut module.content {
                    tidy(items, &BTreeSet::new());
                }
            }
            item => shortener.visit_item_mut(item),
        }
    }
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in shortener.used {
        if let Some((module, name)) = path.rsplit_once("::") {
            found
                .entry(module.to_owned())
                .or_default()
                .insert(name.to_owned());
        }
    }
    let mut written: Vec<Item> = items
        .extract_if(.., |item| matches!(item, Item::Use(_)))
        .collect();
    written.retain(|import| is_used(import, items));
    // The standard library first, then other crates, then this one.
    let (own, other): (Vec<_>, Vec<_>) = found
        .iter()
        .partition(|(module, _)| *module == "std" || module.starts_with("std::"));
    let mut uses: Vec<Item> = own
        .into_iter()
        .chain(other)
        .filter_map(|(module, names)| one(module, names))
        .collect();
    uses.extend(written);
    items.splice(0..0, uses);
}

/// Whether one of the items uses the imported module.
fn is_used(import: &Item, items: &[Item]) -> bool {
    let text = import.to_token_stream().to_string();
    if text.contains(['{', '*']) {
        return true;
    }
    let Some(module) = text.trim_end_matches([' ', ';']).rsplit(' ').next() else {
        return true;
    };
    let path = format!("{module} ::");
    items
        .iter()
        .any(|item| item.to_token_stream().to_string().contains(&path))
}

fn one(module: &str, names: &BTreeSet<String>) -> Option<Item> {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let text = match names.as_slice() {
        [name] => format!("use {module}::{name};"),
        names => format!("use {module}::{{{}}};", names.join(", ")),
    };
    syn::parse_str(&text).ok()
}

struct Shortener {
    /// The names that the module defines itself.
    taken: BTreeSet<String>,
    /// The paths to import.
    used: BTreeSet<String>,
}

impl Shortener {
    /// The number of leading path segments that the short form omits.
    fn dropped(&mut self, segments: &[String]) -> usize {
        for (full, import) in ALL.iter().filter(|(_, import)| *import != Import::Full) {
            let full_segments: Vec<&str> = full.split("::").collect();
            let Some((short, _)) = full_segments.split_last() else {
                continue;
            };
            if segments.len() < full_segments.len()
                || segments
                    .iter()
                    .zip(&full_segments)
                    .any(|(one, other)| one != other)
                || self.taken.contains(*short)
            {
                continue;
            }
            if *import == Import::Use {
                self.used.insert((*full).to_owned());
            }
            return full_segments.len() - 1;
        }
        0
    }
}

impl VisitMut for Shortener {
    fn visit_path_mut(&mut self, path: &mut Path) {
        let segments: Vec<String> = path
            .segments
            .iter()
            .map(|segment| segment.ident.to_string())
            .collect();
        let dropped = self.dropped(&segments);
        // Keep the leading colons only if the module defines the name of the other crate.
        let colons = path.leading_colon.is_some()
            && segments
                .first()
                .is_some_and(|first| self.taken.contains(first));
        if dropped > 0 {
            let kept = std::mem::take(&mut path.segments).into_iter().skip(dropped);
            path.segments = Punctuated::from_iter(kept);
        }
        if dropped > 0 || !colons {
            path.leading_colon = None;
        }
        visit_mut::visit_path_mut(self, path);
    }

    // The position in `<T as path>::Item` is a segment count, so this path is not shortened.
    fn visit_type_path_mut(&mut self, ty: &mut TypePath) {
        match &mut ty.qself {
            Some(qself) => self.visit_type_mut(&mut qself.ty),
            None => self.visit_path_mut(&mut ty.path),
        }
    }

    fn visit_expr_path_mut(&mut self, expression: &mut ExprPath) {
        match &mut expression.qself {
            Some(qself) => self.visit_type_mut(&mut qself.ty),
            None => self.visit_path_mut(&mut expression.path),
        }
    }

    fn visit_attribute_mut(&mut self, attribute: &mut Attribute) {
        let Meta::List(list) = &mut attribute.meta else {
            return;
        };
        if list.path.is_ident("derive") {
            let paths = list.parse_args_with(Punctuated::<Path, Token![,]>::parse_terminated);
            if let Ok(mut paths) = paths {
                paths.iter_mut().for_each(|path| self.visit_path_mut(path));
                list.tokens = paths.into_token_stream();
            }
        }
    }
}

/// The name that an item defines in its module.
fn name(item: &Item) -> Option<String> {
    Some(match item {
        Item::Struct(item) => item.ident.to_string(),
        Item::Enum(item) => item.ident.to_string(),
        Item::Mod(item) => item.ident.to_string(),
        Item::Static(item) => item.ident.to_string(),
        Item::Fn(item) => item.sig.ident.to_string(),
        // These macros define a type named by their first token.
        Item::Macro(item) => {
            let name = item.mac.path.segments.last()?.ident.to_string();
            if !["builder", "request"].contains(&name.as_str()) {
                return None;
            }
            match item.mac.tokens.clone().into_iter().next()? {
                TokenTree::Ident(ident) => ident.to_string(),
                _ => return None,
            }
        }
        _ => return None,
    })
}
