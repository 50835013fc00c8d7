//! Leaves out what nobody calls: conversions that can fail, `Deref` of wrappers, their errors.

use quote::ToTokens;
use syn::{File, Item};

use super::{Context, tree};

pub(super) fn pass(file: &mut File, _context: &mut Context<'_>) {
    file.items
        .retain(|item| !matches!(item, Item::Mod(module) if module.ident == "prelude"));
    let Some(models) = tree::module(&mut file.items, "models") else {
        return;
    };
    // A constrained wrapper decodes through its own conversion.
    let decodes: Vec<String> = models
        .iter()
        .filter(|item| tree::impl_trait(item).as_deref() == Some("Deserialize"))
        .filter(|item| mentions(item, "try_from"))
        .filter_map(tree::impl_target)
        .collect();
    models.retain(|item| match tree::impl_trait(item).as_deref() {
        Some("Deref") => false,
        Some("TryFrom") => tree::impl_target(item).is_some_and(|name| decodes.contains(&name)),
        _ => true,
    });
    for (module, used_as) in [("error", "ConversionError"), ("defaults", "defaults::")] {
        let is_module = |item: &Item| matches!(item, Item::Mod(found) if found.ident == module);
        if !models
            .iter()
            .any(|item| !is_module(item) && mentions(item, used_as))
        {
            models.retain(|item| !is_module(item));
        }
    }
}

/// Whether the path stands anywhere in the item, in code or in the text of an attribute.
fn mentions(item: &Item, path: &str) -> bool {
    item.to_token_stream()
        .to_string()
        .replace(' ', "")
        .contains(path)
}
