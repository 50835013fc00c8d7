//! Takes the one generated file apart: client, operations, models; and each of these by the tags
//! of the document, if it has several.

use syn::{File, Item, parse_quote};

use crate::catalog::Catalog;
use crate::refusal::{Refusal, Refusals};

mod imports;
mod layout;
mod tags;

pub use layout::Feature;

/// The files of a generated crate, and the cargo features that they stand behind.
pub struct Split {
    pub modules: Vec<Module>,
    pub features: Vec<Feature>,
}

/// A file of generated code.
pub struct Module {
    /// Below the folder of generated code, `models/wallets.rs`.
    pub path: String,
    /// Said at its top.
    pub docs: String,
    pub file: File,
}

/// The items of the one file, by what they are.
struct Parts {
    client: Vec<Item>,
    operations: Vec<Item>,
    models: Vec<Item>,
}

pub fn run(file: File, catalog: &Catalog) -> Result<Split, Refusals> {
    let mut refusals = Refusals::default();
    let mut client = Vec::new();
    let mut modules = [("operations", None), ("models", None)];
    for item in file.items {
        match item {
            Item::Mod(module) => {
                let slot = modules.iter_mut().find(|(name, _)| module.ident == name);
                match (slot, module.content) {
                    (Some((_, slot @ None)), Some((_, items))) => *slot = Some(items),
                    _ => refusals.push(Refusal::of_file(
                        "generated code",
                        format!("nobody expects a module `{}`", module.ident),
                    )),
                }
            }
            item => client.push(item),
        }
    }
    let [(_, operations), (_, models)] = modules;
    let mut parts = Parts {
        client,
        operations: operations.unwrap_or_default(),
        models: models.unwrap_or_default(),
    };
    let mut split = match layout::Layout::of(catalog, &mut parts) {
        Some(layout) => tags::split(parts, &layout),
        None => whole(parts),
    };
    if has_deprecated_model(catalog) {
        for module in &mut split.modules {
            if module.path.starts_with("models") || module.path.starts_with("operations") {
                module.file.attrs.push(parse_quote!(
                    #![allow(deprecated, reason = "the document deprecates what this has to name")]
                ));
            }
        }
    }
    refusals.or(split)
}

const CLIENT: &str = "The client: one method for each operation.";
const OPERATIONS: &str = "A request builder for each operation, and the table of operations.";
const MODELS: &str = "What requests and responses are made of.\n\n\
    Models are read from responses and written into requests; `builder` has a builder for each\n\
    that a request is made of. New fields and new enum values may come with any release of the\n\
    API: they never make a response unreadable.";

/// A document with one tag or none is three files, and no feature.
fn whole(parts: Parts) -> Split {
    let Parts {
        mut client,
        operations,
        models,
    } = parts;
    client.insert(
        0,
        parse_quote!(
            use super::operations;
        ),
    );
    let root: File = parse_quote! {
        mod client;
        pub mod models;
        pub mod operations;

        pub use client::Client;
    };
    Split {
        modules: vec![
            plain("mod.rs", ROOT, root.items),
            module("client.rs", CLIENT, client, &[]),
            module("models.rs", MODELS, models, &[]),
            module("operations.rs", OPERATIONS, operations, &[]),
        ],
        features: Vec::new(),
    }
}

const ROOT: &str = "What the document says, in Rust.";

/// A file whose paths are shortened; `taken` are the names that it imports.
fn module(path: &str, docs: &str, mut items: Vec<Item>, taken: &[String]) -> Module {
    imports::tidy(&mut items, taken);
    plain(path, docs, items)
}

fn plain(path: &str, docs: &str, items: Vec<Item>) -> Module {
    Module {
        path: path.to_owned(),
        docs: docs.to_owned(),
        file: File {
            shebang: None,
            frontmatter: None,
            attrs: Vec::new(),
            items,
        },
    }
}

/// Whether generated code names something that the document deprecates: a field where its model is
/// built, a model anywhere.
fn has_deprecated_model(catalog: &Catalog) -> bool {
    catalog
        .models
        .iter()
        .any(|model| model.deprecated || model.fields.iter().any(|field| field.deprecated))
}
