//! Generates wrappers: models that hold a single value.

use proc_macro2::TokenStream;
use quote::quote;

use super::paths::{
    DESERIALIZE, FMT, FROM, FROM_STR, INFALLIBLE, INTO, MODEL, NUMBER, OK, RESULT, SERIALIZE,
};
use super::types::{Types, ident};
use crate::api::{Api, Model, ModelKind, Type};
use crate::print::docs::head;

pub(super) fn wrapper(types: &Types<'_>, model: &Model, ty: &Type) -> TokenStream {
    let head = head(model);
    let (name, holds) = (ident(&model.rust), types.plain(ty));
    let derives = match ty {
        Type::Number | Type::Date => quote!(Clone, Debug, PartialEq, Eq, Hash),
        Type::String => quote!(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd),
        Type::Bool
        | Type::Integer
        | Type::Secret
        | Type::File
        | Type::Json
        | Type::Model(_)
        | Type::List(_)
        | Type::Map(_)
        | Type::OrNull(_) => quote!(Clone, Debug),
    };
    let conversions = if *ty == Type::Number {
        number(&name)
    } else {
        let display = types.api.is_text(ty).then(|| {
            quote! {
                impl #FMT::Display for #name {
                    fn fmt(&self, f: &mut #FMT::Formatter<'_>) -> #FMT::Result {
                        self.0.fmt(f)
                    }
                }
            }
        });
        let from_str = from_str(types.api, ty, &name, &holds);
        let back = converts_back(types.api, ty).then(|| {
            quote! {
                impl #FROM<#name> for #holds {
                    fn from(value: #name) -> Self {
                        value.0
                    }
                }
            }
        });
        quote! {
            #back

            impl #FROM<#holds> for #name {
                fn from(value: #holds) -> Self {
                    Self(value)
                }
            }
            #display
            #from_str
        }
    };
    quote! {
        #head
        #[derive(#DESERIALIZE, #SERIALIZE, #derives)]
        #[serde(transparent)]
        pub struct #name(pub #holds);
        #MODEL::wrapper!(#name);
        #conversions
    }
}

/// The conversion into a number wrapper, from anything that converts to a number.
fn number(name: &proc_macro2::Ident) -> TokenStream {
    quote! {
        impl<T: #INTO<#NUMBER>> #FROM<T> for #name {
            fn from(value: T) -> Self {
                Self(value.into())
            }
        }

        impl #FROM_STR for #name {
            type Err = <#NUMBER as ::std::str::FromStr>::Err;

            fn from_str(text: &str) -> #RESULT<Self, Self::Err> {
                text.parse().map(Self)
            }
        }

        impl #FMT::Display for #name {
            fn fmt(&self, f: &mut #FMT::Formatter<'_>) -> #FMT::Result {
                #FMT::Display::fmt(&self.0, f)
            }
        }
    }
}

fn from_str(
    api: &Api,
    ty: &Type,
    name: &proc_macro2::Ident,
    holds: &TokenStream,
) -> Option<TokenStream> {
    if *ty == Type::String {
        return Some(quote! {
            impl #FROM_STR for #name {
                type Err = #INFALLIBLE;

                fn from_str(value: &str) -> #RESULT<Self, Self::Err> {
                    #OK(Self(value.to_string()))
                }
            }
        });
    }
    api.is_text(ty).then(|| {
        quote! {
            impl #FROM_STR for #name {
                type Err = <#holds as ::std::str::FromStr>::Err;

                fn from_str(value: &str) -> #RESULT<Self, Self::Err> {
                    #OK(Self(value.parse()?))
                }
            }
        }
    })
}

/// Whether the wrapper has a `From` conversion into its content. A wrapper of a number has none, because
/// it would conflict with the conversion that [`number`] generates.
fn converts_back(api: &Api, ty: &Type) -> bool {
    match ty {
        Type::Model(id) => match &api.model(*id).kind {
            ModelKind::Object(_) => true,
            ModelKind::Wrapper(inner) => *inner != Type::Number,
            _ => false,
        },
        _ => true,
    }
}
