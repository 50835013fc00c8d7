//! String enums are open: a value that the document does not know is kept and written back.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::{Attribute, Fields, File, Item, ItemEnum};

use super::attribute::{Serde, derives, is_doc};
use super::docs::Docs;
use super::{Context, tree};

pub(super) fn pass(file: &mut File, context: &mut Context<'_>) {
    let Some(items) = tree::module(&mut file.items, "models") else {
        return;
    };
    let mut opened = Vec::new();
    let mut out = Vec::with_capacity(items.len());
    for item in items.drain(..) {
        match item {
            Item::Enum(item) if is_string_enum(&item) => {
                opened.push(item.ident.to_string());
                out.extend(open(item));
            }
            // Its own were for the closed enum; `Default` stays as it is.
            item if tree::impl_target(&item).is_some_and(|name| opened.contains(&name))
                && matches!(
                    tree::impl_trait(&item).as_deref(),
                    Some("Display" | "FromStr" | "TryFrom" | "Serialize" | "Deserialize")
                ) => {}
            item => out.push(item),
        }
    }
    *items = out;
    for name in opened {
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

fn open(item: ItemEnum) -> Vec<Item> {
    let ident = &item.ident;
    let attributes: Vec<&Attribute> = item
        .attrs
        .iter()
        .filter(|other| is_doc(other) || other.path().is_ident("deprecated"))
        .collect();
    let (names, values): (Vec<&Ident>, Vec<String>) = item
        .variants
        .iter()
        .map(|variant| {
            let value = Serde::of(&variant.attrs).text("rename");
            (
                &variant.ident,
                value.unwrap_or_else(|| variant.ident.to_string()),
            )
        })
        .unzip();
    let unknown = unknown_variant(&names);
    let docs: Vec<TokenStream> = values
        .iter()
        .map(|value| Docs::new().paragraph(format!("`{value}`.")).tokens())
        .collect();
    let tokens = quote! {
        #(#attributes)*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum #ident {
            #(#docs #names,)*
            /// A value that the document does not know, kept as it came.
            #unknown(::std::string::String),
        }
        impl #ident {
            /// The value as it is written.
            pub fn as_str(&self) -> &str {
                match self {
                    #(Self::#names => #values,)*
                    Self::#unknown(value) => value,
                }
            }

            fn known(value: &str) -> ::std::option::Option<Self> {
                match value {
                    #(#values => ::std::option::Option::Some(Self::#names),)*
                    _ => ::std::option::Option::None,
                }
            }
        }
        impl ::std::convert::From<&str> for #ident {
            fn from(value: &str) -> Self {
                Self::known(value).unwrap_or_else(|| Self::#unknown(value.to_owned()))
            }
        }
        impl ::std::convert::From<::std::string::String> for #ident {
            fn from(value: ::std::string::String) -> Self {
                Self::known(&value).unwrap_or(Self::#unknown(value))
            }
        }
        impl ::std::str::FromStr for #ident {
            type Err = ::std::convert::Infallible;

            fn from_str(value: &str) -> ::std::result::Result<Self, Self::Err> {
                ::std::result::Result::Ok(value.into())
            }
        }
        impl ::std::fmt::Display for #ident {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
        impl ::serde::Serialize for #ident {
            fn serialize<S: ::serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::std::result::Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
        impl<'de> ::serde::Deserialize<'de> for #ident {
            fn deserialize<D: ::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::std::result::Result<Self, D::Error> {
                let value: ::std::string::String = ::serde::Deserialize::deserialize(deserializer)?;
                ::std::result::Result::Ok(value.into())
            }
        }
    };
    match syn::parse2::<File>(tokens) {
        Ok(file) => file.items,
        // Not reached: the tokens above are items. The closed enum is still better than none.
        Err(_) => vec![Item::Enum(item)],
    }
}

/// `Unknown`, unless the document has such a value.
fn unknown_variant(names: &[&Ident]) -> Ident {
    let mut name = "Unknown".to_owned();
    while names.iter().any(|other| **other == name) {
        name.push_str("Value");
    }
    format_ident!("{name}")
}
