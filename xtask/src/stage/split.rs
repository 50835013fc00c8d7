//! Takes the one generated file apart: client, operations, models.

use syn::{File, Item, parse_quote};

use crate::catalog::Catalog;
use crate::refusal::{Refusal, Refusals};

mod imports;

/// The files of a generated crate; each is a module of one that re-exports them.
pub struct Modules {
    pub client: File,
    pub operations: File,
    pub models: File,
}

pub fn run(file: File, catalog: &Catalog) -> Result<Modules, Refusals> {
    let mut refusals = Refusals::default();
    let mut client = empty();
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
            item => client.items.push(item),
        }
    }
    client.items.insert(
        0,
        parse_quote!(
            use super::operations;
        ),
    );
    let [(_, operations), (_, models)] = modules;
    let mut modules = Modules {
        client,
        operations: File {
            items: operations.unwrap_or_default(),
            ..empty()
        },
        models: File {
            items: models.unwrap_or_default(),
            ..empty()
        },
    };
    for file in [
        &mut modules.client,
        &mut modules.operations,
        &mut modules.models,
    ] {
        imports::tidy(&mut file.items);
    }
    if has_deprecated_model(catalog) {
        for file in [&mut modules.operations, &mut modules.models] {
            file.attrs.push(parse_quote!(
                #![allow(deprecated, reason = "the document deprecates what this has to name")]
            ));
        }
    }
    refusals.or(modules)
}

fn empty() -> File {
    File {
        shebang: None,
        frontmatter: None,
        attrs: Vec::new(),
        items: Vec::new(),
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
