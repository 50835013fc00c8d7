//! A component that is a number keeps all of its digits: typify's wrapper of it holds an `f64`.
//!
//! It is read from text as well, since typify's wrapper of another component of that type is.

use quote::{format_ident, quote};
use serde_json::Value;
use syn::File;

use super::replace::Replacements;
use super::{Context, models, tree};
use crate::catalog::Kind;
use crate::rust_name;

pub(super) fn pass(file: &mut File, context: &mut Context<'_>) {
    let Some(items) = tree::module(&mut file.items, "models") else {
        return;
    };
    let mut replacements = Replacements::default();
    for model in &context.catalog.models {
        let is_number = model.schema.get("type").and_then(Value::as_str) == Some("number");
        if !is_number || model.kind != Kind::Other {
            continue;
        }
        let name = rust_name::model(&model.name);
        let ident = format_ident!("{name}");
        let mut attributes = Vec::new();
        models::head(&mut attributes, &name, Some(model));
        replacements.add(
            name,
            quote! {
                #(#attributes)*
                #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq, Eq, Hash)]
                #[serde(transparent)]
                pub struct #ident(pub ::cobo_model::Number);

                impl<T: ::std::convert::Into<::cobo_model::Number>> ::std::convert::From<T> for #ident {
                    fn from(value: T) -> Self {
                        Self(value.into())
                    }
                }

                impl ::std::str::FromStr for #ident {
                    type Err = <::cobo_model::Number as ::std::str::FromStr>::Err;

                    fn from_str(text: &str) -> ::std::result::Result<Self, Self::Err> {
                        text.parse().map(Self)
                    }
                }

                impl ::std::fmt::Display for #ident {
                    fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                        ::std::fmt::Display::fmt(&self.0, f)
                    }
                }
            },
        );
    }
    for name in replacements.apply(items, context) {
        context.change(format!("{name}: keeps all digits"));
    }
}
