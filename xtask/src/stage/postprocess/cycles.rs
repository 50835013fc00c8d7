//! A struct that needs a value of itself has none that ends, whatever the document says: what
//! leads back to it is made optional, so that what the server does send can be read.

use std::collections::{BTreeMap, BTreeSet};

use syn::{File, Item, Type, parse_quote};

use super::properties::{self, Kind};
use super::{Context, tree};

pub(super) fn pass(file: &mut File, context: &mut Context<'_>) {
    let Some(items) = tree::module(&mut file.items, "models") else {
        return;
    };
    let mut needs: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for item in items.iter() {
        if let Item::Struct(item) = item {
            let needed = properties::of(item)
                .into_iter()
                .filter(|property| property.kind == Kind::Required)
                .filter_map(|property| needed(&property.field.ty));
            needs.insert(item.ident.to_string(), needed.collect());
        }
    }
    for item in items.iter_mut() {
        let Item::Struct(item) = item else { continue };
        let name = item.ident.to_string();
        for field in &mut item.fields {
            let back = needed(&field.ty).is_some_and(|needed| reaches(&needs, &needed, &name));
            if !back {
                continue;
            }
            let ty = &field.ty;
            field.ty = parse_quote!(::std::option::Option<#ty>);
            field.attrs.push(parse_quote!(
                #[serde(skip_serializing_if = "::std::option::Option::is_none")]
            ));
            let field = field.ident.as_ref().map(ToString::to_string);
            context.change(format!(
                "{name}.{}: optional, since it leads back to {name}",
                field.unwrap_or_default()
            ));
        }
    }
}

/// The model without which there is no value of this type.
fn needed(ty: &Type) -> Option<String> {
    let ty = tree::argument_of(ty, "Box").unwrap_or(ty);
    let mut segments = tree::type_segments(ty);
    // A model stands there by its name alone; a type of the standard library may have the same.
    segments.pop().filter(|_| segments.is_empty())
}

fn reaches(needs: &BTreeMap<String, BTreeSet<String>>, from: &str, to: &str) -> bool {
    let (mut open, mut seen) = (vec![from], BTreeSet::new());
    while let Some(name) = open.pop() {
        if name == to {
            return true;
        }
        if seen.insert(name) {
            open.extend(needs.get(name).into_iter().flatten().map(String::as_str));
        }
    }
    false
}
