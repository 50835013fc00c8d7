//! A snapshot of the generated crate's public API. A change of the document that affects callers
//! fails this test until the snapshot is accepted.

use std::path::Path;

use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, Block, Field, ImplItem, Item, ItemStruct, Visibility, parse_quote};

/// The API of a file as a caller sees it: public items with signatures, without docs and bodies.
fn public_api(file: &str) -> String {
    let path = Path::new("../crates/cobo-oauth/src/generated").join(file);
    let mut file = syn::parse_file(&std::fs::read_to_string(path).unwrap()).unwrap();
    PublicOnly.visit_file_mut(&mut file);
    prettyplease::unparse(&file)
}

struct PublicOnly;

fn keep(items: &mut Vec<Item>) {
    items.retain(|item| match item {
        Item::Struct(item) => is_public(&item.vis),
        Item::Enum(item) => is_public(&item.vis),
        Item::Type(item) => is_public(&item.vis),
        Item::Fn(item) => is_public(&item.vis),
        Item::Static(item) => is_public(&item.vis),
        Item::Const(item) => is_public(&item.vis),
        Item::Mod(item) => is_public(&item.vis),
        Item::Use(item) => is_public(&item.vis),
        Item::Impl(_) => true,
        _ => false,
    });
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

impl VisitMut for PublicOnly {
    fn visit_file_mut(&mut self, file: &mut syn::File) {
        keep(&mut file.items);
        visit_mut::visit_file_mut(self, file);
    }

    fn visit_item_mod_mut(&mut self, module: &mut syn::ItemMod) {
        if let Some((_, items)) = &mut module.content {
            keep(items);
        }
        visit_mut::visit_item_mod_mut(self, module);
    }

    fn visit_item_impl_mut(&mut self, block: &mut syn::ItemImpl) {
        if block.trait_.is_some() {
            // For this block only its existence matters.
            block.items.clear();
        } else {
            block.items.retain(|item| match item {
                ImplItem::Fn(function) => is_public(&function.vis),
                _ => false,
            });
        }
        visit_mut::visit_item_impl_mut(self, block);
    }

    fn visit_item_struct_mut(&mut self, item: &mut ItemStruct) {
        if let syn::Fields::Named(fields) = &mut item.fields {
            fields.named = std::mem::take(&mut fields.named)
                .into_iter()
                .filter(|field: &Field| is_public(&field.vis))
                .collect();
        }
        visit_mut::visit_item_struct_mut(self, item);
    }

    fn visit_attributes_mut(&mut self, attributes: &mut Vec<Attribute>) {
        let seen = ["derive", "non_exhaustive", "deprecated", "must_use"];
        attributes.retain(|attribute| seen.iter().any(|name| attribute.path().is_ident(name)));
    }

    fn visit_block_mut(&mut self, block: &mut Block) {
        *block = parse_quote!({});
    }
}

#[test]
fn client() {
    insta::assert_snapshot!(public_api("client.rs"));
}

#[test]
fn operations() {
    insta::assert_snapshot!(public_api("operations.rs"));
}

#[test]
fn models() {
    insta::assert_snapshot!(public_api("models.rs"));
}

#[test]
fn module() {
    insta::assert_snapshot!(public_api("mod.rs"));
}

#[test]
fn every_page_with_an_example_is_compiled() {
    let library = std::fs::read_to_string("support/lib.rs").unwrap();
    for entry in std::fs::read_dir("../docs/reference").unwrap() {
        let path = entry.unwrap().path();
        // The pages of WaaS 2.0 have the examples that are compiled as the crate's doctests.
        if path.is_dir() {
            continue;
        }
        if std::fs::read_to_string(&path).unwrap().contains("```rust") {
            let name = path.file_name().unwrap().to_str().unwrap();
            let listed = format!("\"../../docs/reference/{name}\"");
            assert!(
                library.contains(&listed),
                "add {name} to the pages in tests/support/lib.rs"
            );
        }
    }
}
