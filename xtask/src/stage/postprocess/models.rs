//! Models: documentation, the document's order and marks, nothing that breaks when Cobo adds a
//! field.

use proc_macro2::Ident;
use syn::punctuated::Punctuated;
use syn::{
    Attribute, Field, Fields, FieldsNamed, File, Item, ItemEnum, ItemStruct, Type, parse_quote,
};

use super::attribute::{Serde, is_doc};
use super::docs::Docs;
use super::fresh::fresh;
use super::{Context, tree};
use crate::catalog;

/// Said of every secret field, since the two behave differently.
pub(super) const SECRET_NOTE: &str =
    "This is a secret: `Debug` does not show it, **`Serialize` writes it**.";

pub(super) fn pass(file: &mut File, context: &mut Context<'_>) {
    let Some(items) = tree::module(&mut file.items, "models") else {
        return context.refuse("there is no module of models");
    };
    for item in items.iter_mut() {
        match item {
            Item::Struct(item) => structure(item, context),
            Item::Enum(item) => variants(item, context),
            _ => {}
        }
    }
    context.shapes.read(items);
}

pub(super) fn model<'a>(context: &Context<'a>, name: &str) -> Option<&'a catalog::Model> {
    context.catalog.model_of_type(name)
}

/// What stands above a model: its documentation, and that it is deprecated.
pub(super) fn head(attributes: &mut Vec<Attribute>, name: &str, model: Option<&catalog::Model>) {
    let docs = Docs::new()
        .described(model.and_then(|model| model.description.as_deref()))
        .or(format!("`{}`.", model.map_or(name, |model| &model.name)));
    let mut serde = Serde::take(attributes);
    // A newer Cobo may send more than this document knows.
    serde.remove("deny_unknown_fields");
    let rest: Vec<Attribute> = attributes
        .drain(..)
        .filter(|other| !is_doc(other))
        .collect();
    attributes.extend(docs.attributes());
    if model.is_some_and(|model| model.deprecated) {
        attributes.push(parse_quote!(#[deprecated]));
    }
    attributes.extend(rest);
    serde.put(attributes);
}

fn structure(item: &mut ItemStruct, context: &mut Context<'_>) {
    let name = item.ident.to_string();
    let model = model(context, &name);
    head(&mut item.attrs, &name, model);
    let Fields::Named(fields) = &mut item.fields else {
        return;
    };
    item.attrs.push(parse_quote!(#[non_exhaustive]));
    name_rest(fields);
    for field in &mut fields.named {
        let wire = wire_name(field);
        let known = model.and_then(|model| model.fields.iter().find(|field| field.name == wire));
        self::field(field, &wire, known);
    }
    if let Some(model) = model {
        order(fields, model);
    }
}

/// Typify keeps what has no field in `extra`, and does not ask whether a property has that name.
fn name_rest(fields: &mut FieldsNamed) {
    let is_rest = |field: &Field| Serde::of(&field.attrs).has("flatten");
    let taken: Vec<Ident> = fields
        .named
        .iter()
        .filter(|field| !is_rest(field))
        .filter_map(|field| field.ident.clone())
        .collect();
    let taken: Vec<&Ident> = taken.iter().collect();
    for field in fields.named.iter_mut().filter(|field| is_rest(field)) {
        field.ident = field
            .ident
            .as_ref()
            .map(|ident| fresh(&ident.to_string(), &taken));
    }
}

/// What a field is called on the wire.
pub(super) fn wire_name(field: &Field) -> String {
    Serde::of(&field.attrs)
        .text("rename")
        .or_else(|| field.ident.as_ref().map(ToString::to_string))
        .unwrap_or_default()
}

fn field(field: &mut Field, wire: &str, known: Option<&catalog::Field>) {
    let mut serde = Serde::take(&mut field.attrs);
    // Typify has a type of its own for a map of anything, which holds other maps up.
    if serde.has("flatten") && tree::argument_of(&field.ty, "Map").is_some() {
        field.ty = parse_quote!(
            ::std::collections::BTreeMap<::std::string::String, ::serde_json::Value>
        );
    }
    // A value of its own kind, or none: typify boxes the two together, and absence would be written
    // as null.
    if let Some(inner) =
        tree::argument_of(&field.ty, "Box").and_then(|boxed| tree::argument_of(boxed, "Option"))
    {
        field.ty = parse_quote!(::std::option::Option<::std::boxed::Box<#inner>>);
        serde.set(parse_quote!(
            skip_serializing_if = "::std::option::Option::is_none"
        ));
    }
    if optional_collection(&serde, &field.ty) {
        // An empty list and no list are different requests.
        let ty = &field.ty;
        field.ty = parse_quote!(::std::option::Option<#ty>);
        serde.remove("skip_serializing_if");
        serde.set(parse_quote!(
            skip_serializing_if = "::std::option::Option::is_none"
        ));
    }
    if let Some(known) = known.filter(|known| known.nullable && known.checked.is_none()) {
        nullable(&mut serde, &mut field.ty, known);
    }
    let docs = Docs::new()
        .described(known.and_then(|known| known.description.as_deref()))
        .described(
            super::attribute::doc_text(&field.attrs)
                .as_deref()
                .filter(|_| known.is_none()),
        )
        .or(if serde.has("flatten") {
            "Properties that have no field of their own.".to_owned()
        } else {
            format!("The property `{wire}`.")
        })
        .when(
            known.is_some_and(|known| known.nullable && !known.required),
            "It may be null, which is not the same as absent.",
        )
        .when(known.is_some_and(|known| known.secret), SECRET_NOTE);
    field.attrs.retain(|attribute| !is_doc(attribute));
    let rest = std::mem::take(&mut field.attrs);
    field.attrs = docs.attributes();
    if known.is_some_and(|known| known.deprecated) {
        field.attrs.push(parse_quote!(#[deprecated]));
    }
    field.attrs.extend(rest);
    serde.put(&mut field.attrs);
}

/// Where the document allows null: a value that has to be there is written as null where it has
/// none, and an absent one is read as null; one that need not be there tells null and absent apart.
fn nullable(serde: &mut Serde, ty: &mut Type, known: &catalog::Field) {
    let inner = tree::argument_of(ty, "Option").unwrap_or(ty).clone();
    for setting in ["default", "skip_serializing_if", "deserialize_with"] {
        serde.remove(setting);
    }
    serde.set(parse_quote!(default));
    if known.required {
        *ty = parse_quote!(::std::option::Option<#inner>);
    } else {
        *ty = parse_quote!(::std::option::Option<::cobo_model::Nullable<#inner>>);
        serde.set(parse_quote!(
            skip_serializing_if = "::std::option::Option::is_none"
        ));
    }
}

/// Typify leaves out an optional list or map when it is empty.
fn optional_collection(serde: &Serde, ty: &Type) -> bool {
    let skips_empty = serde
        .text("skip_serializing_if")
        .is_some_and(|function| function.ends_with("::is_empty"));
    skips_empty && serde.has("default") && tree::argument_of(ty, "Option").is_none()
}

fn order(fields: &mut FieldsNamed, model: &catalog::Model) {
    let position = |field: &Field| {
        let wire = wire_name(field);
        model
            .fields
            .iter()
            .position(|known| known.name == wire)
            .unwrap_or(usize::MAX)
    };
    let mut sorted: Vec<Field> = std::mem::take(&mut fields.named).into_iter().collect();
    sorted.sort_by_key(position);
    fields.named = Punctuated::from_iter(sorted);
}

fn variants(item: &mut ItemEnum, context: &mut Context<'_>) {
    let name = item.ident.to_string();
    head(&mut item.attrs, &name, model(context, &name));
    item.attrs.push(parse_quote!(#[non_exhaustive]));
    let mut holds = false;
    for variant in &mut item.variants {
        holds |= !matches!(variant.fields, Fields::Unit);
        if !variant.attrs.iter().any(is_doc) {
            let docs = Docs::new().paragraph(format!("`{}`.", variant.ident));
            variant.attrs.splice(0..0, docs.attributes());
        }
        if let Fields::Named(fields) = &mut variant.fields {
            for field in &mut fields.named {
                let wire = wire_name(field);
                self::field(field, &wire, None);
            }
        }
    }
    if holds {
        let reason = "the document decides what a variant holds";
        item.attrs
            .push(parse_quote!(#[allow(clippy::large_enum_variant, reason = #reason)]));
    }
}
