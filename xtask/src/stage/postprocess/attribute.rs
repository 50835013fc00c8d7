//! Attributes of generated items.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, Lit, Meta, Token, parse_quote};

/// The settings of `#[serde(..)]` on an item, in order.
#[derive(Default)]
pub(super) struct Serde(Vec<Meta>);

impl Serde {
    /// Takes the settings out of `attributes`.
    pub(super) fn take(attributes: &mut Vec<Attribute>) -> Self {
        let mut settings = Vec::new();
        attributes.retain(|attribute| {
            if !attribute.path().is_ident("serde") {
                return true;
            }
            match attribute.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated) {
                Ok(found) => {
                    settings.extend(found);
                    false
                }
                // Something else than settings: not ours to change.
                Err(_) => true,
            }
        });
        Self(settings)
    }

    /// Reads the settings and leaves them where they are.
    pub(super) fn of(attributes: &[Attribute]) -> Self {
        Self::take(&mut attributes.to_vec())
    }

    /// Puts the settings back, as one attribute.
    pub(super) fn put(self, attributes: &mut Vec<Attribute>) {
        let settings = self.0;
        if !settings.is_empty() {
            attributes.push(parse_quote!(#[serde(#(#settings),*)]));
        }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|meta| meta.path().is_ident(name))
    }

    /// The text of `name = "text"`.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.0.iter().find_map(|meta| match meta {
            Meta::NameValue(pair) if pair.path.is_ident(name) => text(&pair.value),
            _ => None,
        })
    }

    pub(super) fn remove(&mut self, name: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|meta| !meta.path().is_ident(name));
        self.0.len() < before
    }

    pub(super) fn set(&mut self, setting: Meta) {
        self.0.push(setting);
    }
}

/// The text of a string literal.
pub(super) fn text(value: &Expr) -> Option<String> {
    match value {
        Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) => Some(text.value()),
        _ => None,
    }
}

/// Whether one of the attributes derives `name`.
pub(super) fn derives(attributes: &[Attribute], name: &str) -> bool {
    attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("derive"))
        .any(|attribute| {
            attribute
                .to_token_stream()
                .to_string()
                .split(|c: char| !c.is_alphanumeric())
                .any(|word| word == name)
        })
}

pub(super) fn is_doc(attribute: &Attribute) -> bool {
    attribute.path().is_ident("doc")
}

/// The text of the `#[doc]` attributes.
pub(super) fn doc_text(attributes: &[Attribute]) -> Option<String> {
    let lines: Vec<String> = attributes
        .iter()
        .filter_map(|attribute| match &attribute.meta {
            Meta::NameValue(pair) if pair.path.is_ident("doc") => text(&pair.value),
            _ => None,
        })
        .collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// `#[deprecated]`, where the document says so.
pub(super) fn deprecated(deprecated: bool) -> Option<TokenStream> {
    deprecated.then(|| quote::quote!(#[deprecated]))
}
