//! Which tag has what: its operations, and the models that it alone reaches.

use std::collections::{BTreeMap, BTreeSet};

use heck::ToSnakeCase;
use quote::ToTokens;
use syn::Item;

use super::Parts;
use crate::catalog::{Catalog, Operation};
use crate::rust_name;
use crate::stage::postprocess::tree;

/// The module of models that several tags reach.
pub(super) const SHARED: &str = "shared";
/// The module of models that no operation reaches.
const OTHER: &str = "other";
const UNTAGGED: &str = "untagged";

/// A cargo feature of a generated crate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feature {
    /// `wallets-mpc-wallets`.
    pub name: String,
    /// The features that it cannot be without.
    pub needs: Vec<String>,
    /// What it is for, in a line.
    pub about: String,
}

/// What stands in a module of its own, behind a feature.
pub(super) struct Group {
    /// `wallets_mpc_wallets`.
    pub(super) module: String,
    pub(super) feature: Feature,
    /// What is said at the top of its files.
    pub(super) about: String,
    /// The ids of its operations.
    pub(super) operations: Vec<String>,
}

pub(super) struct Layout {
    pub(super) groups: Vec<Group>,
    /// The module of each model.
    pub(super) home: BTreeMap<String, String>,
    /// The models that each model names.
    pub(super) mentions: BTreeMap<String, BTreeSet<String>>,
}

impl Layout {
    /// `None` for a document with less than two tags.
    pub(super) fn of(catalog: &Catalog, parts: &mut Parts) -> Option<Self> {
        let mut groups = groups(catalog);
        if groups.len() < 2 {
            return None;
        }
        let mentions = mentions(&parts.models);
        let reached: Vec<BTreeSet<String>> = groups
            .iter()
            .map(|group| {
                let names: Vec<&Operation> = catalog
                    .operations
                    .iter()
                    .filter(|operation| group.operations.contains(&operation.id))
                    .collect();
                closure(&mentions, roots(&names, &parts.operations))
            })
            .collect();
        let mut home = BTreeMap::new();
        let mut other = BTreeSet::new();
        for model in mentions.keys() {
            let mut of = groups
                .iter()
                .zip(&reached)
                .filter(|(_, reached)| reached.contains(model));
            let module = match (of.next(), of.next()) {
                (Some((group, _)), None) => group.module.clone(),
                (Some(_), Some(_)) => SHARED.to_owned(),
                (None, _) => {
                    other.insert(model.clone());
                    OTHER.to_owned()
                }
            };
            home.insert(model.clone(), module);
        }
        if !other.is_empty() {
            let group = self::other(&groups, &home, &mentions, &other);
            groups.push(group);
        }
        Some(Self {
            groups,
            home,
            mentions,
        })
    }
}

/// The operations by their first tags, in the order of the document.
fn groups(catalog: &Catalog) -> Vec<Group> {
    let mut groups: Vec<(Option<&str>, Group)> = Vec::new();
    // The modules that there are without any tag.
    let mut taken: BTreeSet<String> = [
        SHARED,
        OTHER,
        UNTAGGED,
        "other_models",
        "builder",
        "default",
    ]
    .map(str::to_owned)
    .into();
    for operation in &catalog.operations {
        let tag = operation.tag.as_deref();
        if let Some((_, group)) = groups.iter_mut().find(|(other, _)| *other == tag) {
            group.operations.push(operation.id.clone());
            continue;
        }
        let mut module = match tag {
            Some(tag) => rust_name::field(&ascii(tag).to_snake_case()),
            None => UNTAGGED.to_owned(),
        };
        while tag.is_some() && !taken.insert(module.clone()) {
            module.push_str("_tag");
        }
        let title = tag.map_or("Operations without a tag".to_owned(), str::to_owned);
        let group = Group {
            feature: Feature {
                name: module.replace('_', "-"),
                needs: Vec::new(),
                about: title.clone(),
            },
            about: title,
            module,
            operations: vec![operation.id.clone()],
        };
        groups.push((tag, group));
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

/// A tag in letters that the names of files and of features may have: others are spelled out.
fn ascii(tag: &str) -> String {
    tag.chars()
        .map(|letter| match letter.is_ascii() {
            true => letter.to_string(),
            false => format!(" u{:x} ", u32::from(letter)),
        })
        .collect()
}

/// What no operation reaches. It may name what one does: then it needs that tag.
fn other(
    groups: &[Group],
    home: &BTreeMap<String, String>,
    mentions: &BTreeMap<String, BTreeSet<String>>,
    other: &BTreeSet<String>,
) -> Group {
    let named: BTreeSet<&String> = other
        .iter()
        .flat_map(|model| &mentions[model])
        .filter_map(|model| home.get(model))
        .collect();
    let needs = groups
        .iter()
        .filter(|group| named.contains(&group.module))
        .map(|group| group.feature.name.clone());
    Group {
        module: OTHER.to_owned(),
        feature: Feature {
            name: "other-models".to_owned(),
            needs: needs.collect(),
            about: "Models that no operation reaches, webhook payloads among them".to_owned(),
        },
        about: "What no operation reaches".to_owned(),
        operations: Vec::new(),
    }
}

/// The models, and what each of them names.
fn mentions(models: &[Item]) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = models
        .iter()
        .filter_map(|item| match item {
            // Modules of typify's, beside its types.
            Item::Mod(item) if item.ident != "builder" => {
                Some((item.ident.to_string(), BTreeSet::new()))
            }
            item => tree::mentions(item),
        })
        .collect();
    let names: BTreeSet<String> = found.keys().cloned().collect();
    for (name, mentioned) in &mut found {
        mentioned.retain(|other| names.contains(other) && other != name);
    }
    found
}

/// What these operations take and give.
fn roots(operations: &[&Operation], items: &[Item]) -> BTreeSet<String> {
    let requests: BTreeSet<String> = operations
        .iter()
        .map(|operation| rust_name::request(operation))
        .collect();
    let mut found = BTreeSet::new();
    for item in items {
        let name = tree::impl_target(item).or_else(|| tree::item_name(item));
        if name.is_some_and(|name| requests.contains(&name)) {
            tree::words(item.to_token_stream(), &mut found);
        }
    }
    found
}

fn closure(
    mentions: &BTreeMap<String, BTreeSet<String>>,
    roots: BTreeSet<String>,
) -> BTreeSet<String> {
    let mut open: Vec<String> = roots.into_iter().collect();
    let mut found = BTreeSet::new();
    while let Some(name) = open.pop() {
        if let Some(named) = mentions.get(&name)
            && found.insert(name)
        {
            open.extend(named.iter().cloned());
        }
    }
    found
}
