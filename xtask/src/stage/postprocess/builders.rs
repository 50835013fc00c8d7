//! Builders of models: setters cannot fail, and everything that is missing is named at once.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::{Field, Fields, File, Item, ItemStruct, Type, parse_quote};

use super::attribute::{Serde, doc_text, is_doc};
use super::docs::Docs;
use super::models::{SECRET_NOTE, wire_name};
use super::request::{fresh, take};
use super::{Context, tree};

pub(super) fn pass(file: &mut File, context: &mut Context<'_>) {
    let Some(models) = tree::module(&mut file.items, "models") else {
        return;
    };
    let structs: Vec<ItemStruct> = models
        .iter()
        .filter_map(|item| match item {
            Item::Struct(item) if matches!(item.fields, Fields::Named(_)) => Some(item.clone()),
            _ => None,
        })
        .collect();
    let Some(builders) = tree::module(models, "builder") else {
        if !structs.is_empty() {
            context.refuse("there is no module of builders");
        }
        return;
    };
    let mut out: Vec<Item> = Vec::new();
    for item in &structs {
        let old = builders.iter().find_map(|other| match other {
            Item::Struct(other) if other.ident == item.ident => Some(other),
            _ => None,
        });
        match old.and_then(|old| builder(item, old)) {
            Some(items) => out.extend(items),
            None => context.refuse(format!("`{}` has no builder that fits it", item.ident)),
        }
    }
    *builders = out;
    for item in models.iter_mut() {
        match item {
            Item::Mod(module) if module.ident == "builder" => {
                module.attrs.retain(|attribute| !is_doc(attribute));
                module.attrs.push(parse_quote!(#[doc = " Builders of the models: every setter takes what converts, `build` names what is missing."]));
            }
            _ => {}
        }
    }
    for item in models.iter_mut() {
        if let Some(start) = start(item) {
            *item = start;
        }
    }
}

/// `Model::builder()`, in the place of typify's.
fn start(item: &Item) -> Option<Item> {
    let name = tree::impl_target(item).filter(|_| tree::impl_trait(item).is_none())?;
    let Item::Impl(item) = item else { return None };
    let is_builder = |item: &syn::ImplItem| match item {
        syn::ImplItem::Fn(item) => item.sig.ident == "builder",
        _ => false,
    };
    if !item.items.iter().any(is_builder) {
        return None;
    }
    let name = format_ident!("{name}");
    Some(parse_quote! {
        impl #name {
            /// A builder with nothing set.
            pub fn builder() -> builder::#name {
                ::std::default::Default::default()
            }
        }
    })
}

/// How a field comes out of what was set.
enum Kind {
    /// It has to be set.
    Required,
    /// It is an `Option` in the model as well.
    Optional,
    /// It has a value of its own where it is not set.
    Default(TokenStream),
}

struct Part<'a> {
    field: &'a Field,
    ident: &'a Ident,
    wire: String,
    /// What the setter takes.
    ty: Type,
    kind: Kind,
    /// How null is held, where the document allows it.
    null: Option<Null>,
}

/// What a field that may be null is made of.
#[derive(Clone, Copy)]
enum Null {
    /// `Option<T>`: it has to be set, to null at least.
    Option,
    /// `Nullable<T>`: it may be absent as well.
    Nullable,
}

fn builder(model: &ItemStruct, old: &ItemStruct) -> Option<Vec<Item>> {
    let parts = model
        .fields
        .iter()
        .map(|field| part(field, old))
        .collect::<Option<Vec<Part<'_>>>>()?;
    let name = &model.ident;
    let text = format!(" The builder of [`{name}`](super::{name}).");
    let (idents, types): (Vec<_>, Vec<_>) =
        parts.iter().map(|part| (part.ident, part.held())).unzip();
    let setters = parts.iter().map(|part| setter(part, &idents));
    let build = build(name, &parts);
    let taken = parts.iter().map(|Part { ident, kind, .. }| match kind {
        Kind::Optional => quote!(#ident: value.#ident),
        Kind::Required | Kind::Default(_) => {
            quote!(#ident: ::std::option::Option::Some(value.#ident))
        }
    });
    let value = if parts.is_empty() {
        quote!(_value)
    } else {
        quote!(value)
    };
    let tokens = quote! {
        #[doc = #text]
        #[derive(Clone, Debug, Default)]
        #[must_use = "a builder does nothing until its model is built or sent"]
        pub struct #name {
            #(#idents: ::std::option::Option<#types>,)*
        }
        impl #name {
            #(#setters)*
            #build
        }
        impl ::std::convert::From<super::#name> for #name {
            fn from(#value: super::#name) -> Self {
                Self { #(#taken,)* }
            }
        }
    };
    Some(syn::parse2::<File>(tokens).ok()?.items)
}

fn part<'a>(field: &'a Field, old: &ItemStruct) -> Option<Part<'a>> {
    let ident = field.ident.as_ref()?;
    let other = old
        .fields
        .iter()
        .find(|other| other.ident.as_ref() == Some(ident))?;
    // Typify's builder has the type as it is written from within the module of builders.
    let ty = tree::argument_of(&other.ty, "Result")?;
    let inner = tree::argument_of(ty, "Option");
    let serde = Serde::of(&field.attrs);
    let option = tree::argument_of(&field.ty, "Option");
    let null = match option {
        Some(inner) if tree::argument_of(inner, "Nullable").is_some() => Some(Null::Nullable),
        // It is written in any case.
        Some(_) if serde.text("skip_serializing_if").is_none() => Some(Null::Option),
        _ => None,
    };
    let kind = match null {
        Some(Null::Option) => Kind::Required,
        _ if option.is_some() => Kind::Optional,
        _ => match serde.text("default") {
            Some(function) => {
                let function: syn::Path = syn::parse_str(&function).ok()?;
                Kind::Default(quote!(unwrap_or_else(super::#function)))
            }
            None if serde.has("default") || serde.has("flatten") => {
                Kind::Default(quote!(unwrap_or_default()))
            }
            None => Kind::Required,
        },
    };
    let ty = match inner {
        Some(inner) if option.is_some() => inner,
        _ => ty,
    };
    Some(Part {
        field,
        ident,
        wire: wire_name(field),
        ty: ty.clone(),
        kind,
        null,
    })
}

impl Part<'_> {
    /// What is held until the model is built.
    fn held(&self) -> Type {
        let ty = &self.ty;
        match self.null {
            None => ty.clone(),
            Some(Null::Option) => parse_quote!(::std::option::Option<#ty>),
            Some(Null::Nullable) => parse_quote!(::cobo_auth::Nullable<#ty>),
        }
    }
}

fn setter(part: &Part<'_>, taken: &[&Ident]) -> TokenStream {
    let Part {
        field,
        ident,
        ty,
        kind,
        wire,
        null,
    } = part;
    let text = doc_text(&field.attrs).unwrap_or_default();
    // A builder is never serialised.
    let text = text.trim_end().strip_suffix(SECRET_NOTE).unwrap_or(&text);
    let docs = Docs::new()
        .paragraph(
            text.lines()
                .map(|line| format!("{}\n", line.strip_prefix(' ').unwrap_or(line)))
                .collect::<String>()
                .trim_end(),
        )
        .when(matches!(kind, Kind::Required), "Required.")
        .tokens();
    let deprecated = field
        .attrs
        .iter()
        .filter(|other| other.path().is_ident("deprecated"));
    // `build` is what every builder has.
    let name = if *ident == "build" {
        format_ident!("build_")
    } else {
        (*ident).clone()
    };
    let deprecated: Vec<_> = deprecated.collect();
    let value = match null {
        None => quote!(value.into()),
        Some(Null::Option) => quote!(::std::option::Option::Some(value.into())),
        Some(Null::Nullable) => quote!(::cobo_auth::Nullable::Value(value.into())),
    };
    let null = null.map(|null| {
        let name = fresh(&format!("{ident}_null"), taken);
        let text = format!(" Sets `{wire}` to null.");
        let null = match null {
            Null::Option => quote!(::std::option::Option::None),
            Null::Nullable => quote!(::cobo_auth::Nullable::Null),
        };
        quote! {
            #[doc = #text]
            #(#deprecated)*
            pub fn #name(mut self) -> Self {
                self.#ident = ::std::option::Option::Some(#null);
                self
            }
        }
    });
    quote! {
        #docs
        #(#deprecated)*
        pub fn #name(mut self, value: impl ::std::convert::Into<#ty>) -> Self {
            self.#ident = ::std::option::Option::Some(#value);
            self
        }
        #null
    }
}

fn build(name: &Ident, parts: &[Part<'_>]) -> TokenStream {
    let idents: Vec<&Ident> = parts.iter().map(|part| part.ident).collect();
    let missing = fresh("missing", &idents);
    let model = name.to_string();
    let required: Vec<(&Ident, TokenStream)> = parts
        .iter()
        .filter(|part| matches!(part.kind, Kind::Required))
        .map(|Part { ident, wire, .. }| (*ident, quote!(#missing.take(#wire, #ident))))
        .collect();
    let check = take(
        &missing,
        &quote!(::cobo_auth::codegen::Missing::model(#model)),
        &required,
        &quote!(#missing.into_fields()),
    );
    let values = parts.iter().map(|Part { ident, kind, .. }| match kind {
        Kind::Default(default) => quote!(#ident: #ident.#default),
        Kind::Required | Kind::Optional => quote!(#ident),
    });
    let rest = if required.is_empty() {
        " Cannot fail: every property is optional."
    } else {
        " Fails where required properties are missing, and names all of them."
    };
    quote! {
        #[doc = " The model."]
        #[doc = ""]
        #[doc = " # Errors"]
        #[doc = ""]
        #[doc = #rest]
        pub fn build(self) -> ::std::result::Result<super::#name, ::cobo_auth::MissingFields> {
            let Self { #(#idents),* } = self;
            #check
            ::std::result::Result::Ok(super::#name { #(#values),* })
        }
    }
}
