//! Generates models: structs, enums, unions and wrappers. Macros of the runtime implement them.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;

use super::paths::{BOX, JSON, MODEL, STRING};
use super::types::{From, Types, ident};
use super::{pages, wrappers};
use crate::api::{
    Api, Bounds, Enum, EnumValue, Field, Model, ModelId, ModelKind, Object, Outcome, Presence,
    Union, Variant,
};
use crate::print::docs::{Docs, deprecated, head};

/// The note on every secret field, since `Debug` and `Serialize` treat it differently.
pub(super) const SECRET_NOTE: &str =
    "This is a secret: `Debug` does not show it, **`Serialize` writes it**.";

/// The code of a model with all its implementations.
pub(super) fn model(api: &Api, id: ModelId) -> TokenStream {
    let model = api.model(id);
    let types = Types::new(api, From::Models);
    match &model.kind {
        ModelKind::Object(object) => {
            let structure = structure(&types, model, object);
            let page = model
                .page
                .as_ref()
                .map(|page| pages::page(api, model, page));
            quote!(#structure #page)
        }
        ModelKind::StringEnum(open) => {
            let holds = quote!(#STRING);
            self::open(model, open, &holds, &quote!(open_enum), |value| {
                (Literal::string(value), value.clone())
            })
        }
        ModelKind::IntegerEnum(open) => self::open(
            model,
            open,
            &quote!(i64),
            &quote!(open_integer_enum),
            |value| (Literal::i64_unsuffixed(*value), value.to_string()),
        ),
        ModelKind::Union(union) => self::union(&types, model, union),
        ModelKind::Wrapper(ty) => wrappers::wrapper(&types, model, ty),
    }
}

fn structure(types: &Types<'_>, model: &Model, object: &Object) -> TokenStream {
    let head = head(model);
    let name = ident(&model.rust);
    let default = object
        .fields
        .iter()
        .all(|field| !field.presence.is_required())
        .then(|| quote!(, Default));
    let fields = object.fields.iter().map(|field| {
        let docs = field_docs(field).tokens();
        let deprecated = deprecated(field.deprecated);
        let (name, ty) = (ident(&field.rust), types.field(field));
        quote!(#docs #deprecated pub #name: #ty,)
    });
    let rest = object.rest.as_ref().map(|rest| {
        let docs = rest_docs().tokens();
        let (name, ty) = (ident(&rest.rust), types.map(&rest.ty));
        quote!(#docs pub #name: #ty,)
    });
    let entries = object.fields.iter().enumerate().map(entry);
    let rest_entry = object.rest.as_ref().map(|rest| {
        let name = ident(&rest.rust);
        quote!(; #name)
    });
    quote! {
        #head
        #[derive(Clone, Debug #default)]
        #[non_exhaustive]
        pub struct #name {
            #(#fields)*
            #rest
        }
        #MODEL::model! { #name { #(#entries),* #rest_entry } }
    }
}

pub(super) fn field_docs(field: &Field) -> Docs {
    setter_docs(field).when(field.secret, SECRET_NOTE)
}

/// Like [`field_docs`], but without the secret note, since a builder is never serialised.
pub(super) fn setter_docs(field: &Field) -> Docs {
    Docs::new()
        .described(field.description.as_deref())
        .or(format!("The property `{}`.", field.wire))
        .when(
            field.presence == Presence::Nullable,
            "It may be null, which is not the same as absent.",
        )
}

pub(super) fn rest_docs() -> Docs {
    Docs::new().paragraph("All properties that have no separate field.")
}

/// The entry of a field, as the models macro reads it: `0 name = "wire"? not_empty()`.
fn entry((index, field): (usize, &Field)) -> TokenStream {
    let index = Literal::usize_unsuffixed(index);
    let (name, wire) = (ident(&field.rust), &field.wire);
    let named = (field.rust != *wire).then(|| quote!(= #wire));
    let mark = match field.presence {
        Presence::Optional | Presence::Nullable => Some(quote!(?)),
        Presence::OrNull => Some(quote!(or_null())),
        Presence::Required => None,
    };
    let bounds = field.bounds.map(|bounds| match bounds {
        Bounds::NotEmpty => quote!(not_empty()),
        Bounds::AtLeast(least) => {
            let least = Literal::i64_unsuffixed(least);
            quote!(at_least(#least))
        }
    });
    quote!(#index #name #named #mark #bounds)
}

fn open<T>(
    model: &Model,
    open: &Enum<T>,
    holds: &TokenStream,
    behaviour: &TokenStream,
    written: impl Fn(&T) -> (Literal, String),
) -> TokenStream {
    let head = head(model);
    let (name, unknown) = (ident(&model.rust), ident(&open.unknown));
    let idents: Vec<_> = open.values.iter().map(|value| ident(&value.rust)).collect();
    let docs = open.values.iter().map(|value| {
        let EnumValue {
            value,
            description,
            outcome,
            ..
        } = value;
        Docs::new()
            .paragraph(format!("`{}`.", written(value).1.replace('`', "'")))
            .described(description.as_deref())
            .when(outcome.is_some(), "This state is final.")
            .tokens()
    });
    let final_states = final_states(&name, open);
    let values = open.values.iter().map(|value| written(&value.value).0);
    quote! {
        #head
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum #name {
            #(#docs #idents,)*
            /// A value that is not in the document, kept as received.
            #unknown(#holds),
        }
        #MODEL::#behaviour! { #name, #unknown { #(#idents = #values),* } }
        #final_states
    }
}

/// The methods that say which states are final, if the document marks some.
fn final_states<T>(name: &Ident, open: &Enum<T>) -> Option<TokenStream> {
    let of = |outcome| {
        let values = open.values.iter();
        let values = values.filter(move |value| value.outcome == Some(outcome));
        values
            .map(|value| ident(&value.rust))
            .collect::<Vec<Ident>>()
    };
    let (success, failure) = (of(Outcome::Success), of(Outcome::Failure));
    let marked = !success.is_empty() || !failure.is_empty();
    marked.then(|| quote!(#MODEL::final_states! { #name { [#(#success),*], [#(#failure),*] } }))
}

fn union(types: &Types<'_>, model: &Model, union: &Union) -> TokenStream {
    let head = head(model);
    let (name, unknown) = (ident(&model.rust), ident(&union.unknown));
    let variants = union.variants.iter().map(|variant| {
        let docs = variant_docs(types, union, variant).tokens();
        let (name, model) = (ident(&variant.rust), types.model(variant.model));
        quote!(#docs #name(#BOX<#model>),)
    });
    let behaviour = match &union.discriminator {
        Some(tag) => {
            let (told, untold): (Vec<_>, Vec<_>) = union
                .variants
                .iter()
                .partition(|variant| !variant.tags.is_empty());
            let told = told.into_iter().map(|variant| {
                let (held, tags, keeps) = (held(types, variant), &variant.tags, &variant.keeps);
                let keeps = (!keeps.is_empty()).then(|| quote!(keeps #(#keeps)|*));
                quote!(#held = #(#tags)|* #keeps)
            });
            let untold = (!untold.is_empty()).then(|| {
                let untold = untold.into_iter().map(|variant| held(types, variant));
                quote!(; #(#untold),*)
            });
            quote!(#MODEL::tagged_union! { #name, #unknown, #tag { #(#told),* #untold } })
        }
        None => {
            let shaped = union.variants.iter().map(|variant| {
                let held = held(types, variant);
                let Variant {
                    object,
                    required,
                    known,
                    ..
                } = variant;
                quote!(#held = (#object, [#(#required),*], [#(#known),*]))
            });
            quote!(#MODEL::shaped_union! { #name, #unknown { #(#shaped),* } })
        }
    };
    let from = union
        .variants
        .iter()
        .filter(|variant| union.converts(variant));
    let from = from.map(|variant| {
        let (name, model) = (ident(&variant.rust), types.model(variant.model));
        let variant = types.api.model(variant.model);
        let builder = (variant.in_requests && variant.object().is_some()).then(|| {
            let builder = ident(&variant.rust);
            quote!(, crate::generated::models::builder::#builder)
        });
        quote!(#name(#model #builder))
    });
    let about = if union.discriminator.is_some() {
        " A value whose tag is not in the document, kept as received."
    } else {
        " A value that matches no other variant, kept as received."
    };
    quote! {
        #head
        #[derive(Clone)]
        #[non_exhaustive]
        pub enum #name {
            #(#variants)*
            #[doc = #about]
            #unknown(#JSON),
        }
        #behaviour
        #MODEL::union_from! { #name { #(#from),* } }
    }
}

/// The variant with its content: `Mpc(MpcWallet)`.
fn held(types: &Types<'_>, variant: &Variant) -> TokenStream {
    let (name, model) = (ident(&variant.rust), types.model(variant.model));
    quote!(#name(#model))
}

fn variant_docs(types: &Types<'_>, union: &Union, variant: &Variant) -> Docs {
    let model = &types.api.model(variant.model).rust;
    let tags: Vec<String> = variant.tags.iter().map(|tag| format!("`{tag}`")).collect();
    let text = match &union.discriminator {
        Some(name) if tags.is_empty() => format!(
            "A [`{model}`]. No value of `{name}` selects it, so it can be written, but is never \
             read."
        ),
        Some(name) => format!("`{name}` is {}.", tags.join(" or ")),
        None => format!("A [`{model}`]."),
    };
    Docs::new().paragraph(text)
}
