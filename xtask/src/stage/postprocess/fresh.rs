//! Names that nothing else has.

use proc_macro2::Ident;
use quote::format_ident;

/// `name`, or a name like it that none of `taken` has.
pub(super) fn fresh(name: &str, taken: &[&Ident]) -> Ident {
    let mut name = name.to_owned();
    while taken.iter().any(|other| **other == name) {
        name.push('_');
    }
    format_ident!("{name}")
}
