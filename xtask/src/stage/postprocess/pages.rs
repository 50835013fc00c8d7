//! Lists that come in pages: an operation that takes a cursor, answered with an object that has
//! one. Its builder gets `pages` and, where it is known which property holds them, `items`.

use std::collections::BTreeMap;

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Field, File, Item, ItemStruct, Type};

use super::models::wire_name;
use super::{Context, tree};
use crate::catalog::{Location, Operation, Parameter};
use crate::rust_name;

/// What a list in pages is made of.
#[derive(Debug, Clone)]
pub(super) struct Paging {
    /// The indices of the parameters that take a cursor.
    pub(super) after: usize,
    pub(super) before: Option<usize>,
    /// Whether it is known where the items are.
    pub(super) items: bool,
}

/// The structs among the models, by their names.
pub(super) struct Structs(BTreeMap<String, ItemStruct>);

impl Structs {
    pub(super) fn of(file: &mut File) -> Self {
        let models = tree::module(&mut file.items, "models")
            .into_iter()
            .flatten();
        let structs = models.filter_map(|item| match item {
            Item::Struct(item) => Some((item.ident.to_string(), item.clone())),
            _ => None,
        });
        Self(structs.collect())
    }

    fn of_type(&self, ty: &Type) -> Option<&ItemStruct> {
        self.0.get(tree::type_segments(ty).last()?)
    }

    /// How an operation's list comes in pages, if it does.
    pub(super) fn paging(&self, operation: &Operation) -> Option<Paging> {
        let index = |name| {
            let is_it = |parameter: &Parameter| {
                parameter.name == name && parameter.location == Location::Query
            };
            operation.parameters.iter().position(is_it)
        };
        let model = rust_name::model(operation.success.model.as_ref()?);
        let page = Shape::of(self, &model)?;
        Some(Paging {
            after: index("after").filter(|_| operation.body.is_none())?,
            before: index("before").filter(|_| page.before.is_some()),
            items: page.items.is_some(),
        })
    }
}

/// Where cursors and items are in a page.
struct Shape {
    after: TokenStream,
    before: Option<TokenStream>,
    /// The property, and the type of an item.
    items: Option<(TokenStream, Type)>,
}

impl Shape {
    fn of(structs: &Structs, model: &str) -> Option<Self> {
        let page = structs.0.get(model)?;
        // The cursors stand in the page, or in an object of their own.
        let (at, cursors) = match property(page, "pagination") {
            Some(field) => {
                let ident = &field.ident;
                let (ty, optional) = present(&field.ty);
                let at = match optional {
                    Present::Always => quote!(self.#ident),
                    Present::Maybe => quote!(self.#ident.as_ref()?),
                    Present::Nullable => quote!(self.#ident.as_ref()?.value()?),
                };
                (at, structs.of_type(ty)?)
            }
            None => (quote!(self), page),
        };
        let cursor = |name| {
            let field = property(cursors, name).filter(|field| is_text(&field.ty))?;
            let ident = &field.ident;
            Some(quote!(::cobo_auth::codegen::Cursor::cursor(&#at.#ident)))
        };
        let lists: Vec<(&Field, Type)> = page
            .fields
            .iter()
            .filter_map(|field| Some((field, item(&field.ty)?)))
            .collect();
        let items = match lists.as_slice() {
            [only] => Some(only),
            several => several.iter().find(|(field, _)| wire_name(field) == "data"),
        };
        Some(Self {
            after: cursor("after")?,
            before: cursor("before"),
            items: items.map(|(field, item)| {
                let ident = &field.ident;
                (quote!(self.#ident), item.clone())
            }),
        })
    }
}

fn property<'a>(item: &'a ItemStruct, wire: &str) -> Option<&'a Field> {
    item.fields.iter().find(|field| wire_name(field) == wire)
}

enum Present {
    Always,
    Maybe,
    Nullable,
}

fn present(ty: &Type) -> (&Type, Present) {
    let Some(inner) = tree::argument_of(ty, "Option") else {
        return (ty, Present::Always);
    };
    match tree::argument_of(inner, "Nullable") {
        Some(inner) => (inner, Present::Nullable),
        None => (inner, Present::Maybe),
    }
}

fn is_text(ty: &Type) -> bool {
    let segments = tree::type_segments(present(ty).0);
    segments.last().is_some_and(|name| name == "String")
}

/// `T` of a property that is a list of them.
fn item(ty: &Type) -> Option<Type> {
    tree::argument_of(present(ty).0, "Vec").cloned()
}

/// Says of each response that is a page where its cursors and items are.
pub(super) fn pass(file: &mut File, context: &mut Context<'_>) {
    let structs = Structs::of(file);
    let mut pages: BTreeMap<String, TokenStream> = BTreeMap::new();
    for operation in &context.catalog.operations {
        let (Some(paging), Some(model)) = (structs.paging(operation), &operation.success.model)
        else {
            continue;
        };
        if !paging.items {
            context.change(format!(
                "{}: in pages, and no stream of items, since a page has several lists",
                operation.id
            ));
        }
        let model = rust_name::model(model);
        if let Some(shape) = Shape::of(&structs, &model) {
            pages.insert(model, shape.tokens(operation));
        }
    }
    let Some(models) = tree::module(&mut file.items, "models") else {
        return;
    };
    let mut out = Vec::with_capacity(models.len());
    for item in std::mem::take(models) {
        let page = match &item {
            Item::Struct(item) => pages.remove(&item.ident.to_string()),
            _ => None,
        };
        out.push(item);
        match page.map(syn::parse2::<File>) {
            Some(Ok(file)) => out.extend(file.items),
            Some(Err(error)) => context.refuse(format!("a page is not Rust: {error}")),
            None => {}
        }
    }
    *models = out;
}

impl Shape {
    fn tokens(&self, operation: &Operation) -> TokenStream {
        let Self {
            after,
            before,
            items,
        } = self;
        let name = operation.success.model.as_deref().unwrap_or_default();
        let name = quote::format_ident!("{}", rust_name::model(name));
        let before = match before {
            Some(before) => before.clone(),
            None => quote!(::std::option::Option::None),
        };
        let items = items.as_ref().map(|(field, item)| {
            quote! {
                impl ::cobo_auth::Listed for #name {
                    type Item = #item;

                    fn into_items(self) -> ::std::vec::Vec<#item> {
                        ::cobo_auth::codegen::List::into_list(#field)
                    }
                }
            }
        });
        quote! {
            impl ::cobo_auth::Page for #name {
                fn after(&self) -> ::std::option::Option<&str> {
                    #after
                }

                fn before(&self) -> ::std::option::Option<&str> {
                    #before
                }
            }
            #items
        }
    }
}
