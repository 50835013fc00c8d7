//! Enums are open: a value that the document does not know is kept and written back.
//!
//! An enum of the catalog came out of typify as a wrapper of its type, or, where it stands in a
//! property, as a closed enum. Both are replaced by the enum itself, with its documentation; what it
//! does is one line, a macro of `cobo-model`.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};
use syn::{Attribute, Fields, File, Item, ItemEnum};

use super::attribute::{Serde, derives, is_doc};
use super::docs::Docs;
use super::replace::{Names, Replacements};
use super::{Context, models, tree};
use crate::catalog::{Kind, Model};
use crate::rust_name;

pub(super) fn pass(file: &mut File, context: &mut Context<'_>) {
    let Some(items) = tree::module(&mut file.items, "models") else {
        return;
    };
    let mut replacements = Replacements::default();
    for model in &context.catalog.models {
        let name = rust_name::model(&model.name);
        if let Some(open) = Open::of_model(model) {
            replacements.add(name, open.tokens());
            context.shapes.values(&open.ident, open.examples());
        }
    }
    for item in items.iter() {
        if let Item::Enum(item) = item
            && is_string_enum(item)
            && !replacements.has(&item.ident.to_string())
        {
            replacements.add(item.ident.to_string(), Open::of_item(item).tokens());
        }
    }
    for name in replacements.apply(items, context) {
        context.change(format!("{name}: open, unknown values are kept"));
    }
}

/// Values only, each a string of its own.
fn is_string_enum(item: &ItemEnum) -> bool {
    let serde = Serde::of(&item.attrs);
    !item.variants.is_empty()
        && item
            .variants
            .iter()
            .all(|variant| matches!(variant.fields, Fields::Unit))
        && !serde.has("untagged")
        && !serde.has("tag")
        && derives(&item.attrs, "Serialize")
        && derives(&item.attrs, "Deserialize")
}

struct Open {
    ident: Ident,
    attributes: Vec<Attribute>,
    integers: bool,
    variants: Vec<Variant>,
}

struct Variant {
    ident: Ident,
    /// A literal.
    value: Literal,
    docs: Docs,
}

impl Variant {
    fn new(names: &mut Names, name: &str, value: Literal, text: &str, about: Option<&str>) -> Self {
        Self {
            ident: names.take(name),
            value,
            docs: Docs::new()
                .paragraph(format!("`{}`.", text.replace('`', "'")))
                .described(about),
        }
    }
}

impl Open {
    fn of_model(model: &Model) -> Option<Self> {
        let mut names = Names::default();
        let variants: Vec<Variant> = match &model.kind {
            Kind::StringEnum(variants) => variants
                .iter()
                .map(|variant| {
                    let value = Literal::string(&variant.value);
                    let about = variant.description.as_deref();
                    Variant::new(&mut names, &variant.name, value, &variant.value, about)
                })
                .collect(),
            Kind::IntegerEnum(variants) => variants
                .iter()
                .map(|variant| {
                    let value = Literal::i64_unsuffixed(variant.value);
                    let text = variant.value.to_string();
                    let about = variant.description.as_deref();
                    Variant::new(&mut names, &variant.name, value, &text, about)
                })
                .collect(),
            _ => return None,
        };
        let name = rust_name::model(&model.name);
        let mut attributes = Vec::new();
        models::head(&mut attributes, &name, Some(model));
        Some(Self {
            ident: format_ident!("{name}"),
            attributes,
            integers: matches!(model.kind, Kind::IntegerEnum(_)),
            variants,
        })
    }

    /// A closed enum of typify's.
    fn of_item(item: &ItemEnum) -> Self {
        let mut names = Names::default();
        let variants = item.variants.iter().map(|variant| {
            let name = variant.ident.to_string();
            let value = Serde::of(&variant.attrs)
                .text("rename")
                .unwrap_or_else(|| name.clone());
            Variant::new(&mut names, &name, Literal::string(&value), &value, None)
        });
        Self {
            variants: variants.collect(),
            ident: item.ident.clone(),
            attributes: item
                .attrs
                .iter()
                .filter(|other| is_doc(other) || other.path().is_ident("deprecated"))
                .cloned()
                .collect(),
            integers: false,
        }
    }

    /// Each variant and what is written for it, for examples.
    fn examples(&self) -> Vec<(String, String)> {
        self.variants
            .iter()
            .map(|variant| {
                let value = match syn::parse_str(&variant.value.to_string()) {
                    Ok(syn::Lit::Str(text)) => text.value(),
                    _ => variant.value.to_string(),
                };
                (variant.ident.to_string(), value)
            })
            .collect()
    }

    fn tokens(&self) -> TokenStream {
        let Self {
            ident,
            attributes,
            integers,
            variants,
        } = self;
        let idents: Vec<&Ident> = variants.iter().map(|variant| &variant.ident).collect();
        let docs = variants.iter().map(|variant| variant.docs.tokens());
        let values = variants.iter().map(|variant| &variant.value);
        let unknown = Names::of(&idents).unknown();
        let (holds, open) = if *integers {
            (quote!(i64), quote!(open_integer_enum))
        } else {
            (quote!(::std::string::String), quote!(open_enum))
        };
        quote! {
            #(#attributes)*
            #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
            #[non_exhaustive]
            pub enum #ident {
                #(#docs #idents,)*
                /// A value that the document does not know, kept as it came.
                #unknown(#holds),
            }
            ::cobo_model::#open! { #ident, #unknown { #(#idents = #values),* } }
        }
    }
}
