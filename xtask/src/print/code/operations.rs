//! Generates request builders: setters that cannot fail, around a request of the runtime, which
//! checks for missing values, serialises them, and sends the request.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::paths::{
    CALL_FUTURE, CODEGEN, INTO, ITEMS, NONE, NULLABLE, OPERATION, OPTION, PAGES, PARAMETER,
    RESPONSE, SOME,
};
use super::types::{From, Types, ident};
use crate::api::{
    Api, Body, Field, Location, ModelKind, Operation, Pages, Parameter, Presence, Type,
};
use crate::print::docs::{Docs, deprecated};
use crate::print::markdown;

/// The code of an operation: its constant, its builder, and the builder's methods.
pub(super) fn operation(api: &Api, client: &str, operation: &Operation) -> TokenStream {
    let printer = Printer {
        types: Types::new(api, From::Operations),
        api,
        operation,
    };
    let constant = printer.constant();
    let (request, entry) = (ident(&operation.request), ident(&operation.entry));
    let (client, method) = (ident(client), ident(&operation.rust));
    let form = printer.form();
    let held = operation.body.as_ref().map(|body| {
        let ty = printer.held(body);
        quote!(, #ty)
    });
    let parameters = operation.parameters.iter().enumerate();
    let setters = parameters.map(|(index, parameter)| printer.setter(index, parameter));
    let body = operation
        .body
        .as_ref()
        .map(|body| printer.body_setter(body));
    let send = printer.send();
    let pages = operation.pages.map(|pages| printer.pages(pages));
    quote! {
        #constant

        #CODEGEN::request!(#request, #entry, #client::#method #held #form);

        impl #request {
            #(#setters)*
            #body
            #send
            #pages
        }
    }
}

struct Printer<'a> {
    types: Types<'a>,
    api: &'a Api,
    operation: &'a Operation,
}

impl Printer<'_> {
    /// The static description of the operation, which the runtime uses to send it.
    fn constant(&self) -> TokenStream {
        let Operation {
            id, method, path, ..
        } = self.operation;
        let docs = format!(" The operation `{id}`: `{method} {path}`.");
        let entry = ident(&self.operation.entry);
        let key = self.operation.idempotency_key.as_ref();
        // `GET`, `HEAD` and operations with a key are repeatable by default, the others are not.
        let default = matches!(method.as_str(), "GET" | "HEAD") || key.is_some();
        let key = key.map(|(property, lookup)| quote!(.idempotent_by(#property, #lookup)));
        let repeatable = self.operation.repeatable;
        let repeatable = (repeatable != default).then(|| quote!(.repeatable(#repeatable)));
        let scopes = &self.operation.scopes;
        let needs = (!scopes.is_empty()).then(|| quote!(.needs(&[#(#scopes),*])));
        let credential = (!self.operation.credential).then(|| quote!(.without_credential()));
        let parameters = self.operation.parameters.iter().map(parameter);
        let parameters = (!self.operation.parameters.is_empty())
            .then(|| quote!(.parameters(&[#(#parameters),*])));
        let body = self.operation.body.as_ref().map(|body| {
            let (name, required, media_type) = (&body.rust, body.required, &body.media_type);
            let declared = !body.form && media_type != "application/json";
            let media_type = declared.then(|| quote!(.body_type(#media_type)));
            quote!(.body(#name, #required) #media_type)
        });
        let json = self.operation.success.model.is_none();
        let json = json.then(|| quote!(.not_json()));
        let method = ident(&method.to_lowercase());
        quote! {
            #[doc = #docs]
            pub static #entry: #OPERATION = #OPERATION::#method(#id, #path)
                #parameters #body #json #key #repeatable #needs #credential;
        }
    }

    /// The function that writes the body as a form, if the operation takes one.
    fn form(&self) -> Option<TokenStream> {
        let body = self.operation.body.as_ref().filter(|body| body.form)?;
        let object = self.api.model(body.model).object()?;
        let model = self.types.model(body.model);
        let parts: TokenStream = object.fields.iter().map(part).collect();
        let rest = object.rest.as_ref().map(|rest| {
            let name = ident(&rest.rust);
            quote!(.values(&body.#name))
        });
        Some(quote!(; |form, body: &#model| form #parts #rest))
    }

    /// The type that holds the body until the request is sent.
    fn held(&self, body: &Body) -> TokenStream {
        let model = self.api.model(body.model);
        let name = ident(&model.rust);
        match model.object() {
            Some(_) => quote!(models::builder::#name),
            None if self.is_union(body) => quote!(::cobo_model::PartialModel<models::#name>),
            None => quote!(models::#name),
        }
    }

    fn is_union(&self, body: &Body) -> bool {
        matches!(self.api.model(body.model).kind, ModelKind::Union(_))
    }

    fn setter(&self, index: usize, parameter: &Parameter) -> TokenStream {
        let what = match parameter.location {
            Location::Path => "path parameter",
            Location::Query => "query parameter",
            Location::Header => "header",
        };
        let docs = Docs::new()
            .described(parameter.description.as_deref())
            .or(format!("The {what} `{}`.", parameter.wire))
            .when(parameter.required, "Required.")
            .tokens();
        let deprecated = deprecated(parameter.deprecated);
        let (setter, ty) = (ident(&parameter.rust), self.types.plain(&parameter.ty));
        let index = Literal::usize_unsuffixed(index);
        quote! {
            #docs
            #deprecated
            pub fn #setter(mut self, value: impl #INTO<#ty>) -> Self {
                self.request.set::<#ty>(#index, value);
                self
            }
        }
    }

    fn body_setter(&self, body: &Body) -> TokenStream {
        let docs = Docs::new()
            .described(body.description.as_deref())
            .or(format!("The body `{}`.", body.rust))
            .when(
                self.api.model(body.model).object().is_some(),
                "Takes the model or its builder.",
            )
            .when(
                self.is_union(body),
                "Takes the union, one of its variants, or the builder of one.",
            )
            .when(body.required, "Required.")
            .tokens();
        let (setter, ty) = (ident(&body.rust), self.held(body));
        if self.is_union(body) {
            let model = self.types.model(body.model);
            return quote! {
                #docs
                pub fn #setter(mut self, value: impl ::cobo_model::IntoField<#model>) -> Self {
                    self.request.set_body(::cobo_model::PartialModel::of(value));
                    self
                }
            };
        }
        quote! {
            #docs
            pub fn #setter(mut self, value: impl #INTO<#ty>) -> Self {
                self.request.set_body(value.into());
                self
            }
        }
    }

    fn success(&self) -> TokenStream {
        match self.operation.success.model.map(|id| self.types.model(id)) {
            Some(model) if self.operation.success.nullable => quote!(#OPTION<#model>),
            Some(model) => model,
            None => quote!(()),
        }
    }

    fn send(&self) -> TokenStream {
        let docs = Docs::new()
            .paragraph(format!(
                "Sends a `{}` request to `{}`.",
                self.operation.method, self.operation.path
            ))
            .paragraph("# Errors")
            .paragraph(markdown::wrapped(
                "Before anything is sent: required values are missing (the error names all of \
                 them), or a value cannot be sent. After that, any kind of [`Error`](::cobo_auth::Error).",
            ))
            .tokens();
        let send = match self.operation.success.model {
            Some(_) if self.operation.success.nullable => quote!(send_optional),
            Some(_) => quote!(send_decoded),
            None => quote!(send_empty),
        };
        let success = self.success();
        quote! {
            #docs
            pub fn send(self) -> #CALL_FUTURE<#RESPONSE<#success>> {
                self.request.#send()
            }
        }
    }

    /// The methods `pages` and `items` of a paged list.
    fn pages(&self, pages: Pages) -> TokenStream {
        let success = self.success();
        let after = Literal::usize_unsuffixed(pages.after);
        let before = match pages.before.map(Literal::usize_unsuffixed) {
            Some(before) => quote!(#SOME(#before)),
            None => quote!(#NONE),
        };
        let page = self.api.page_of(self.operation);
        let items = page.and_then(|page| page.items).map(|_| {
            quote! {
                /// The items of all pages. A page is fetched only when its first item is polled.
                pub fn items(self) -> #ITEMS<#success> {
                    self.pages().items()
                }
            }
        });
        quote! {
            /// The [`Pages`](::cobo_auth::Pages) of the list. A page is fetched only when it is polled.
            pub fn pages(self) -> #PAGES<#success> {
                self.request.pages(#after, #before)
            }
            #items
        }
    }
}

fn parameter(parameter: &Parameter) -> TokenStream {
    let name = &parameter.wire;
    let required = parameter.required.then(|| quote!(.required()));
    let secret = parameter.ty.has_secret().then(|| quote!(.secret()));
    match parameter.location {
        Location::Path => quote!(#PARAMETER::path(#name) #secret),
        Location::Query => quote!(#PARAMETER::query(#name) #required #secret),
        Location::Header => quote!(#PARAMETER::header(#name) #required #secret),
    }
}

/// The part of a form for this property.
fn part(field: &Field) -> TokenStream {
    let (name, wire) = (ident(&field.rust), &field.wire);
    let files = |ty: &Type| matches!(ty, Type::List(item) if **item == Type::File);
    match (&field.ty, field.presence) {
        (Type::File, Presence::Required) => quote!(.files(#wire, [&body.#name])),
        (Type::File, Presence::Nullable) => {
            quote!(.files(#wire, body.#name.iter().filter_map(#NULLABLE::value)))
        }
        (Type::File, _) => quote!(.files(#wire, &body.#name)),
        (ty, Presence::Required) if files(ty) => quote!(.files(#wire, &body.#name)),
        (ty, Presence::Nullable) if files(ty) => quote! {
            .files(#wire, body.#name.iter().filter_map(#NULLABLE::value).flatten())
        },
        (ty, _) if files(ty) => quote!(.files(#wire, body.#name.iter().flatten())),
        (_, Presence::Required) => quote!(.value(#wire, #SOME(&body.#name))),
        _ => quote!(.value(#wire, body.#name.as_ref())),
    }
}
