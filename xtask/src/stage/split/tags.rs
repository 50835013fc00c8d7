//! Files for each tag.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::{File, ImplItem, Item, parse_quote};

use super::layout::{Group, Layout, SHARED};
use super::{CLIENT, MODELS, Module, OPERATIONS, Parts, ROOT, Split, module, plain};
use crate::rust_name;
use crate::stage::postprocess::tree;

pub(super) fn split(parts: Parts, layout: &Layout) -> Split {
    let root: File = parse_quote! {
        mod client;
        pub mod models;
        pub mod operations;

        pub use client::Client;
    };
    let mut modules = vec![plain("mod.rs", ROOT, root.items)];
    modules.extend(client(parts.client, layout));
    modules.extend(operations(parts.operations, layout));
    modules.extend(models(parts.models, layout));
    Split {
        modules,
        features: layout
            .groups
            .iter()
            .map(|group| group.feature.clone())
            .collect(),
    }
}

/// The groups that have operations.
fn tagged(layout: &Layout) -> impl Iterator<Item = &Group> {
    layout
        .groups
        .iter()
        .filter(|group| !group.operations.is_empty())
}

impl Group {
    fn ident(&self) -> Ident {
        format_ident!("{}", self.module)
    }

    fn has(&self, name: &str, named: fn(&str) -> String) -> bool {
        self.operations.iter().any(|id| named(id) == name)
    }

    /// What stands before an item that only this group has.
    fn cfg(&self) -> TokenStream {
        let feature = &self.feature.name;
        quote!(#[cfg(feature = #feature)])
    }

    fn docs(&self, of: &str) -> String {
        format!("{}: {of}", self.about)
    }
}

/// The client itself, and for each tag its methods.
fn client(items: Vec<Item>, layout: &Layout) -> Vec<Module> {
    let mut modules = Vec::new();
    let mut rest = Vec::new();
    let mut methods: BTreeMap<&str, Vec<ImplItem>> = BTreeMap::new();
    for item in items {
        let Item::Impl(mut item) = item else {
            rest.push(item);
            continue;
        };
        let mut kept = Vec::new();
        for method in std::mem::take(&mut item.items) {
            let name = match &method {
                ImplItem::Fn(function) => function.sig.ident.to_string(),
                _ => String::new(),
            };
            let group = tagged(layout).find(|group| group.has(&name, rust_name::method_of));
            match group.filter(|_| item.trait_.is_none()) {
                Some(group) => methods.entry(&group.module).or_default().push(method),
                None => kept.push(method),
            }
        }
        if !kept.is_empty() {
            item.items = kept;
            rest.push(Item::Impl(item));
        }
    }
    let mods = tagged(layout).map(|group| {
        let (cfg, ident) = (group.cfg(), group.ident());
        let item: Item = parse_quote!(#cfg mod #ident;);
        item
    });
    let mods: Vec<Item> = mods.collect();
    rest.splice(0..0, mods);
    modules.push(module("client/mod.rs", CLIENT, rest, &[]));
    for group in tagged(layout) {
        let methods = methods.remove(group.module.as_str()).unwrap_or_default();
        let items = vec![
            parse_quote!(
                use crate::generated::{Client, operations};
            ),
            parse_quote!(impl Client { #(#methods)* }),
        ];
        let path = format!("client/{}.rs", group.module);
        modules.push(module(
            &path,
            &group.docs("methods of the client."),
            items,
            &[],
        ));
    }
    modules
}

/// The request builders of each tag.
fn operations(items: Vec<Item>, layout: &Layout) -> Vec<Module> {
    let mut by_group: BTreeMap<&str, Vec<Item>> = BTreeMap::new();
    for item in items {
        let name = tree::impl_target(&item).or_else(|| tree::item_name(&item));
        let Some(name) = name else { continue };
        let group = tagged(layout).find(|group| {
            group.has(&name, rust_name::request_of) || group.has(&name, rust_name::entry_of)
        });
        if let Some(group) = group {
            by_group.entry(&group.module).or_default().push(item);
        }
    }
    let mut root: Vec<Item> = Vec::new();
    for group in tagged(layout) {
        let (cfg, ident) = (group.cfg(), group.ident());
        root.push(parse_quote!(#cfg pub mod #ident;));
    }
    for group in tagged(layout) {
        let (cfg, ident) = (group.cfg(), group.ident());
        root.push(parse_quote!(#cfg pub use #ident::*;));
    }
    let tables = tagged(layout).map(|group| {
        let (cfg, ident) = (group.cfg(), group.ident());
        quote!(#cfg #ident::ENDPOINTS)
    });
    root.push(parse_quote! {
        /// The operation with this id: its method, its path, and the scopes that it needs.
        pub fn operation(
            id: &str,
        ) -> ::std::option::Option<&'static ::cobo_auth::Operation> {
            ::cobo_auth::codegen::find(&[#(#tables),*], id)
        }
    });
    let docs =
        format!("{OPERATIONS}\n\nEach tag of the document has a module, and a cargo feature.");
    let mut modules = vec![module("operations/mod.rs", &docs, root, &[])];
    for group in tagged(layout) {
        let mut items = by_group.remove(group.module.as_str()).unwrap_or_default();
        let entries = group
            .operations
            .iter()
            .map(|id| format_ident!("{}", rust_name::entry_of(id)));
        items.insert(
            0,
            parse_quote!(
                use crate::generated::models;
            ),
        );
        items.push(parse_quote! {
            /// The operations that are here.
            pub(crate) static ENDPOINTS: &[&::cobo_auth::codegen::Endpoint] = &[#(&#entries),*];
        });
        let path = format!("operations/{}.rs", group.module);
        modules.push(module(&path, &group.docs("request builders."), items, &[]));
    }
    modules
}

/// The models of each tag, those that several share, and those that none reaches.
fn models(items: Vec<Item>, layout: &Layout) -> Vec<Module> {
    let mut by_home: BTreeMap<&str, (Vec<Item>, Vec<Item>)> = BTreeMap::new();
    // What is implemented for a model stands behind it.
    let mut home = SHARED;
    for item in items {
        if let Item::Mod(inner) = &item
            && inner.ident == "builder"
        {
            for item in inner.content.iter().flat_map(|(_, items)| items) {
                let name = tree::impl_target(item).or_else(|| tree::item_name(item));
                let home = name.and_then(|name| layout.home.get(&name));
                let home = home.map_or(SHARED, String::as_str);
                by_home.entry(home).or_default().1.push(item.clone());
            }
            continue;
        }
        if let Some(found) = tree::item_name(&item).and_then(|name| layout.home.get(&name)) {
            home = found;
        }
        by_home.entry(home).or_default().0.push(item);
    }
    let mut mods: Vec<Item> = Vec::new();
    let mut uses: Vec<Item> = Vec::new();
    let mut builders: Vec<Item> = Vec::new();
    let mut modules = Vec::new();
    let shared = (
        SHARED,
        TokenStream::new(),
        "Models that several tags share.".to_owned(),
    );
    let groups = layout
        .groups
        .iter()
        .map(|group| (group.module.as_str(), group.cfg(), group.docs("models.")));
    for (name, cfg, docs) in [shared].into_iter().chain(groups) {
        let Some((mut items, builder)) = by_home.remove(name) else {
            continue;
        };
        let ident = format_ident!("{name}");
        mods.push(parse_quote!(#cfg pub mod #ident;));
        uses.push(parse_quote!(#cfg pub use #ident::*;));
        if !builder.is_empty() {
            builders.push(parse_quote!(#cfg pub use super::#ident::builder::*;));
            items.push(parse_quote! {
                #[doc = " Builders of what requests are made of."]
                pub mod builder {
                    #(#builder)*
                }
            });
        }
        let taken = foreign(&items, name, layout);
        if !taken.is_empty() {
            let idents = taken.iter().map(|name| format_ident!("{name}"));
            items.insert(0, parse_quote!(use super::{#(#idents),*};));
        }
        modules.push(module(&format!("models/{name}.rs"), &docs, items, &taken));
    }
    let mut root = mods;
    root.extend(uses);
    root.push(parse_quote! {
        #[doc = " Builders of what requests are made of: every setter takes what converts, `build` names what is missing."]
        pub mod builder {
            #(#builders)*
        }
    });
    let docs = format!(
        "{MODELS}\n\nEach tag of the document has a module, and a cargo feature; `shared` has what \
         several need."
    );
    modules.insert(0, plain("models/mod.rs", &docs, root));
    modules
}

/// The models of other modules that these items name.
fn foreign(items: &[Item], module: &str, layout: &Layout) -> Vec<String> {
    let mut named = BTreeSet::new();
    for item in items {
        tree::words(item.to_token_stream(), &mut named);
    }
    let own: BTreeSet<String> = items.iter().filter_map(tree::item_name).collect();
    named
        .into_iter()
        .filter(|name| layout.home.get(name).is_some_and(|home| home != module))
        .filter(|name| !own.contains(name))
        .filter(|name| {
            // A type of the standard library may have the same name: only what a model here names.
            layout.mentions.iter().any(|(model, mentions)| {
                mentions.contains(name) && layout.home.get(model).is_some_and(|home| home == module)
            })
        })
        .collect()
}
