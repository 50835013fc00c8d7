//! Unions are enums with named variants, decoded by their discriminator, or, without one, by the
//! properties that each variant requires.
//!
//! Typify ignores discriminators and takes the first variant that decodes: an MPC wallet became a
//! custodial one and lost its vault. The catalog knows the variants and their tags; typify makes
//! some type of that name, which is replaced here. Models stand in a `Box`: they differ much in
//! size, and may hold the union themselves.

use std::collections::BTreeMap;

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::{Attribute, File};

use super::docs::Docs;
use super::replace::{Names, Replacements};
use super::{Context, models, tree};
use crate::catalog::{Kind, Model, Union, UnionVariant};
use crate::rust_name;

pub(super) fn pass(file: &mut File, context: &mut Context<'_>) {
    let Some(items) = tree::module(&mut file.items, "models") else {
        return;
    };
    let catalog = context.catalog;
    let by_name: BTreeMap<&str, &Model> = catalog
        .models
        .iter()
        .map(|model| (model.name.as_str(), model))
        .collect();
    let mut replacements = Replacements::default();
    let mut changes = Vec::new();
    for model in &catalog.models {
        let Kind::Union(union) = &model.kind else {
            continue;
        };
        let name = rust_name::model(&model.name);
        let written = Written::of(model, union, &by_name);
        replacements.add(name.clone(), written.tokens());
        if let Some(first) = written.parts.first() {
            let ident = &first.model;
            context.shapes.union(
                &written.ident,
                &first.ident,
                syn::parse_quote!(::std::boxed::Box<#ident>),
            );
        }
        changes.push(match &union.discriminator {
            Some(tag) => format!("{name}: its variants are told apart by `{tag}`"),
            None => format!("{name}: its variants are told apart by what they require"),
        });
    }
    replacements.apply(items, context);
    changes
        .into_iter()
        .for_each(|change| context.change(change));
}

struct Written<'a> {
    ident: Ident,
    attributes: Vec<Attribute>,
    union: &'a Union,
    parts: Vec<Part<'a>>,
}

struct Part<'a> {
    ident: Ident,
    model: Ident,
    variant: &'a UnionVariant,
    target: Option<&'a Model>,
}

impl<'a> Written<'a> {
    fn of(model: &Model, union: &'a Union, models: &BTreeMap<&str, &'a Model>) -> Self {
        let mut names = Names::default();
        let name = rust_name::model(&model.name);
        let mut attributes = Vec::new();
        models::head(&mut attributes, &name, Some(model));
        Self {
            ident: format_ident!("{name}"),
            attributes,
            union,
            parts: union
                .variants
                .iter()
                .map(|variant| Part {
                    ident: names.take(&variant.name),
                    model: format_ident!("{}", rust_name::model(&variant.model)),
                    variant,
                    target: models.get(variant.model.as_str()).copied(),
                })
                .collect(),
        }
    }

    fn tokens(&self) -> TokenStream {
        let Self {
            ident,
            attributes,
            union,
            parts,
        } = self;
        let idents: Vec<&Ident> = parts.iter().map(|part| &part.ident).collect();
        let unknown = Names::of(&idents).unknown();
        let docs = parts.iter().map(|part| part.docs(union).tokens());
        let models: Vec<&Ident> = parts.iter().map(|part| &part.model).collect();
        let behaviour = match &union.discriminator {
            Some(tag) => {
                let (told, untold): (Vec<_>, Vec<_>) =
                    parts.iter().partition(|part| !part.variant.tags.is_empty());
                let told = told.into_iter().map(
                    |Part {
                         ident,
                         model,
                         variant,
                         ..
                     }| {
                        let tags = &variant.tags;
                        quote!(#ident(#model) = #(#tags)|*)
                    },
                );
                let untold = (!untold.is_empty()).then(|| {
                    let untold = untold
                        .iter()
                        .map(|Part { ident, model, .. }| quote!(#ident(#model)));
                    quote!(; #(#untold),*)
                });
                quote! {
                    ::cobo_model::tagged_union! {
                        #ident, #unknown, #tag { #(#told),* #untold }
                    }
                }
            }
            None => {
                let shapes = parts.iter().map(Part::shape);
                quote! {
                    ::cobo_model::shaped_union! {
                        #ident, #unknown { #(#idents(#models) = #shapes),* }
                    }
                }
            }
        };
        let from: Vec<TokenStream> = parts
            .iter()
            .filter(|part| models.iter().filter(|model| **model == &part.model).count() == 1)
            .map(|Part { ident, model, .. }| quote!(#ident(#model)))
            .collect();
        let about = if union.discriminator.is_some() {
            " A value whose tag the document does not know, kept as it came."
        } else {
            " A value that is none of the others, kept as it came."
        };
        quote! {
            #(#attributes)*
            #[derive(Clone)]
            #[non_exhaustive]
            pub enum #ident {
                #(#docs #idents(::std::boxed::Box<#models>),)*
                #[doc = #about]
                #unknown(::serde_json::Value),
            }
            #behaviour
            ::cobo_model::union_from! { #ident { #(#from),* } }
        }
    }
}

impl Part<'_> {
    fn docs(&self, union: &Union) -> Docs {
        let tags: Vec<String> = self
            .variant
            .tags
            .iter()
            .map(|tag| format!("`{tag}`"))
            .collect();
        let text = match &union.discriminator {
            Some(name) if tags.is_empty() => format!(
                "A [`{}`], which no `{name}` tells from the others: it is written as it is, and \
                 never read.",
                self.model
            ),
            Some(name) => format!("`{name}` is {}.", tags.join(" or ")),
            None => format!("A [`{}`].", self.model),
        };
        Docs::new().paragraph(text)
    }

    /// How a value of this variant looks.
    fn shape(&self) -> TokenStream {
        let object = self
            .target
            .is_some_and(|model| matches!(model.kind, Kind::Object));
        let required = &self.variant.required;
        let known = self.target.iter().flat_map(|model| &model.fields);
        let known = known.map(|field| &field.name);
        quote!((#object, [#(#required),*], [#(#known),*]))
    }
}
