//! `types` becomes `models`, and the builders of operations `operations`: the names under which a
//! reader of the documentation looks for them.

use quote::format_ident;
use syn::visit_mut::{self, VisitMut};
use syn::{File, Item, Path};

use super::Context;

pub(super) fn pass(file: &mut File, _context: &mut Context<'_>) {
    for item in &mut file.items {
        if let Item::Mod(module) = item {
            match module.ident.to_string().as_str() {
                "types" => module.ident = format_ident!("models"),
                "builder" => module.ident = format_ident!("operations"),
                _ => {}
            }
            // It silences every lint of clippy; what is left to allow is allowed by name.
            module
                .attrs
                .retain(|attribute| !attribute.path().is_ident("allow"));
        }
    }
    Paths.visit_file_mut(file);
}

struct Paths;

impl VisitMut for Paths {
    fn visit_path_mut(&mut self, path: &mut Path) {
        if path.leading_colon.is_none()
            && path.segments.len() > 1
            && let Some(first) = path.segments.first_mut()
            && first.ident == "types"
        {
            first.ident = format_ident!("models");
        }
        visit_mut::visit_path_mut(self, path);
    }
}
