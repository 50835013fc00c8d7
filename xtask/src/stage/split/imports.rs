//! Short names in the place of full paths, with the `use` lines that they take.
//!
//! A full path can never mean something else, so the passes write nothing but those. Here each is
//! shortened unless the module defines its short name itself.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::punctuated::Punctuated;
use syn::visit_mut::{self, VisitMut};
use syn::{
    Attribute, Expr, ExprLit, ExprMethodCall, ExprPath, Item, Lit, LitStr, Meta, Path, Token,
    TypePath, parse_quote,
};

use crate::stage::postprocess::tree;

/// What is shortened to its last segment. A path is matched from its start, so that the longer of
/// two stands first.
const SHORT: [(&str, Import); 38] = [
    ("std::option::Option::Some", Import::Prelude),
    ("std::option::Option::None", Import::Prelude),
    ("std::result::Result::Ok", Import::Prelude),
    ("std::result::Result::Err", Import::Prelude),
    ("std::option::Option", Import::Prelude),
    ("std::result::Result", Import::Prelude),
    ("std::string::String", Import::Prelude),
    ("std::vec::Vec", Import::Prelude),
    ("std::boxed::Box", Import::Prelude),
    ("std::convert::From", Import::Prelude),
    ("std::convert::Into", Import::Prelude),
    ("std::convert::TryFrom", Import::Prelude),
    ("std::default::Default", Import::Prelude),
    ("std::convert::Infallible", Import::Use),
    ("std::collections::BTreeMap", Import::Use),
    ("std::str::FromStr", Import::Use),
    ("std::fmt", Import::Use),
    ("cobo_auth::codegen::Endpoint", Import::Use),
    ("cobo_auth::codegen::Input", Import::Use),
    ("cobo_auth::codegen", Import::Use),
    ("cobo_auth::Error", Import::Use),
    ("cobo_auth::Items", Import::Use),
    ("cobo_auth::Listed", Import::Use),
    ("cobo_auth::Operation", Import::Use),
    ("cobo_auth::Pages", Import::Use),
    ("cobo_auth::Page", Import::Use),
    ("cobo_auth::Response", Import::Use),
    ("cobo_auth::Body", Import::Use),
    ("cobo_model::File", Import::Use),
    ("cobo_model::Nullable", Import::Use),
    ("cobo_model::Number", Import::Use),
    ("cobo_model::Secret", Import::Use),
    ("progenitor_client::ClientHooks", Import::Use),
    ("progenitor_client::ClientInfo", Import::Use),
    ("progenitor_client::OperationInfo", Import::Use),
    ("serde::Deserialize", Import::Use),
    ("serde::Serialize", Import::Use),
    ("serde_json::Value", Import::Use),
];

#[derive(Clone, Copy, PartialEq)]
enum Import {
    /// Known everywhere.
    Prelude,
    Use,
}

/// Shortens the paths of a module and of those in it, and imports what they take. `imported` are
/// names that stand for something of this crate.
pub(super) fn tidy(items: &mut Vec<Item>, imported: &[String]) {
    let own = items.iter().filter_map(tree::item_name);
    let taken: BTreeSet<String> = own.chain(imported.iter().cloned()).collect();
    let mut shortener = Shortener {
        taken,
        used: BTreeSet::new(),
        calls_hooks: false,
    };
    for item in items.iter_mut() {
        match item {
            Item::Mod(module) => {
                if let Some((_, items)) = &mut module.content {
                    tidy(items, &[]);
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
    if shortener.calls_hooks {
        // `exec` is a method of this trait.
        let names = found.entry("progenitor_client".to_owned()).or_default();
        if !names.contains("ClientHooks") {
            names.insert("ClientHooks as _".to_owned());
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

/// Whether one of the items names the module that is imported.
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
    /// What the module defines itself.
    taken: BTreeSet<String>,
    /// What has to be imported.
    used: BTreeSet<String>,
    /// Whether a method of the hooks is called.
    calls_hooks: bool,
}

impl Shortener {
    /// How many segments of a path the short form leaves out.
    fn dropped(&mut self, segments: &[String]) -> usize {
        for (full, import) in SHORT {
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
            if import == Import::Use {
                self.used.insert(full.to_owned());
            }
            return full_segments.len() - 1;
        }
        0
    }

    /// A path in the text of an attribute.
    fn text(&mut self, text: &LitStr) -> LitStr {
        let value = text.value();
        let path = value.trim_start_matches("::");
        let segments: Vec<String> = path.split("::").map(str::to_owned).collect();
        let dropped = self.dropped(&segments);
        LitStr::new(&segments[dropped..].join("::"), text.span())
    }
}

impl VisitMut for Shortener {
    fn visit_path_mut(&mut self, path: &mut Path) {
        let segments = tree::segments(path);
        let dropped = self.dropped(&segments);
        // Without the colons a path of another crate still means that crate.
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

    // In `<T as path>::Item` the path is counted in segments: it stays as it is.
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

    fn visit_expr_method_call_mut(&mut self, call: &mut ExprMethodCall) {
        self.calls_hooks |= call.method == "exec";
        visit_mut::visit_expr_method_call_mut(self, call);
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
        } else if list.path.is_ident("serde") {
            let settings = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated);
            if let Ok(settings) = settings {
                let settings = settings.into_iter().map(|setting| self.setting(setting));
                list.tokens =
                    Punctuated::<TokenStream, Token![,]>::from_iter(settings).into_token_stream();
            }
        }
    }
}

impl Shortener {
    fn setting(&mut self, setting: Meta) -> TokenStream {
        if let Meta::NameValue(pair) = &setting
            && let Expr::Lit(ExprLit {
                lit: Lit::Str(text),
                ..
            }) = &pair.value
            && ["::std", "::cobo_auth", "::cobo_model"]
                .iter()
                .any(|start| text.value().starts_with(start))
        {
            let (path, text) = (&pair.path, self.text(text));
            return parse_quote!(#path = #text);
        }
        setting.into_token_stream()
    }
}
