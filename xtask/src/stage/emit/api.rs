//! The public API of a generated crate as text: a line for each method, setter, field and variant,
//! in the order of the alphabet, so that two of them differ in what changed.

use std::collections::BTreeSet;

use quote::ToTokens;
use syn::{Attribute, Fields, FnArg, ImplItem, Item, ReturnType, Visibility};

use crate::stage::postprocess::tree;
use crate::stage::split::Split;

/// The lines, without a header.
pub(super) fn lines(split: &Split) -> String {
    let mut lines = BTreeSet::new();
    for module in &split.modules {
        // Behind which tag something stands is no part of its path.
        let place = match module.path.split(['/', '.']).next() {
            Some("models") => "models::",
            Some("operations") => "operations::",
            _ => "",
        };
        items(&module.file.items, place, &mut lines);
    }
    lines.into_iter().map(|line| line + "\n").collect()
}

fn items(items: &[Item], place: &str, lines: &mut BTreeSet<String>) {
    for item in items {
        let name = tree::impl_target(item).or_else(|| tree::item_name(item));
        let Some(name) = name else { continue };
        let path = format!("{place}{name}");
        match item {
            Item::Mod(inner) => {
                if let Some((_, content)) = &inner.content {
                    self::items(content, &format!("{path}::"), lines);
                }
            }
            Item::Macro(_) => {
                lines.insert(path);
            }
            Item::Type(item) if is_public(&item.vis) => {
                lines.insert(format!("{path} = {}", written(&item.ty)));
            }
            Item::Struct(item) if is_public(&item.vis) => {
                lines.insert(format!("{path}{}", mark(&item.attrs)));
                fields(&item.fields, &path, lines);
            }
            Item::Enum(item) if is_public(&item.vis) => {
                lines.insert(format!("{path}{}", mark(&item.attrs)));
                for variant in &item.variants {
                    let holds = match &variant.fields {
                        Fields::Unit => String::new(),
                        fields => written(fields),
                    };
                    let name = &variant.ident;
                    lines.insert(format!("{path}::{name}{holds}{}", mark(&variant.attrs)));
                }
            }
            Item::Impl(implementation) => match tree::impl_trait(item) {
                Some(of) => {
                    let of = implementation
                        .trait_
                        .as_ref()
                        .map_or(of, |(path, _)| written(path));
                    lines.insert(format!("{path}: {of}"));
                }
                None => methods(&implementation.items, &path, lines),
            },
            _ => {}
        }
    }
}

fn fields(fields: &Fields, path: &str, lines: &mut BTreeSet<String>) {
    for (index, field) in fields.iter().enumerate() {
        if is_public(&field.vis) {
            let name = match &field.ident {
                Some(ident) => ident.to_string(),
                None => index.to_string(),
            };
            let ty = written(&field.ty);
            lines.insert(format!("{path}.{name}: {ty}{}", mark(&field.attrs)));
        }
    }
}

fn methods(items: &[ImplItem], path: &str, lines: &mut BTreeSet<String>) {
    for item in items {
        let ImplItem::Fn(function) = item else {
            continue;
        };
        if !is_public(&function.vis) {
            continue;
        }
        let takes = function.sig.inputs.iter().filter_map(|input| match input {
            FnArg::Typed(input) => Some(written(&input.ty)),
            FnArg::Receiver(_) => None,
        });
        let takes = takes.collect::<Vec<_>>().join(", ");
        let gives = match &function.sig.output {
            ReturnType::Type(_, ty) => written(ty),
            ReturnType::Default => "()".to_owned(),
        };
        let gives = match gives.as_str() {
            "Self" => String::new(),
            gives => format!(" -> {gives}"),
        };
        let name = &function.sig.ident;
        let mark = mark(&function.attrs);
        lines.insert(format!("{path}::{name}({takes}){gives}{mark}"));
    }
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

fn mark(attributes: &[Attribute]) -> &'static str {
    let deprecated = attributes
        .iter()
        .any(|attribute| attribute.path().is_ident("deprecated"));
    if deprecated { " (deprecated)" } else { "" }
}

/// Tokens as a person would write them.
fn written(tokens: &impl ToTokens) -> String {
    let mut text = tokens.to_token_stream().to_string();
    for (from, to) in [
        (" :: ", "::"),
        (" < ", "<"),
        (" >", ">"),
        (" ,", ","),
        ("& ", "&"),
        ("( ", "("),
        (" )", ")"),
        (" (", "("),
        (" <", "<"),
    ] {
        text = text.replace(from, to);
    }
    text.trim_start_matches("::").to_owned()
}
