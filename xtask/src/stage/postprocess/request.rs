//! What the two kinds of builders share: local names, and the check for what is missing.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

/// `name`, or a name like it that none of `taken` has.
pub(super) fn fresh(name: &str, taken: &[&Ident]) -> Ident {
    let mut name = name.to_owned();
    while taken.iter().any(|other| **other == name) {
        name.push('_');
    }
    format_ident!("{name}")
}

/// Takes every value that has to be there, or leaves with `error`. Each of `required` is a local
/// name and the `Option` that it comes from.
pub(super) fn take(
    missing: &Ident,
    new: &TokenStream,
    required: &[(&Ident, TokenStream)],
    error: &TokenStream,
) -> TokenStream {
    let (idents, values): (Vec<_>, Vec<_>) = required
        .iter()
        .map(|(ident, value)| (*ident, value))
        .unzip();
    let found = match idents.as_slice() {
        [] => return TokenStream::new(),
        [ident] => quote!(::std::option::Option::Some(#ident) = #ident),
        _ => quote!((#(::std::option::Option::Some(#idents)),*) = (#(#idents),*)),
    };
    quote! {
        let mut #missing = #new;
        #(let #idents = #values;)*
        let #found else {
            return ::std::result::Result::Err(#error);
        };
    }
}
