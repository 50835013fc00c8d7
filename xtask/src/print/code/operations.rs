//! Generates request builders: setters that cannot fail, around a draft of the request. The runtime
//! checks for missing values, serialises them, and makes the request.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::models::deprecated;
use super::paths::{
    CODEGEN, ENDPOINT, ERROR, INPUT, INTO, ITEMS, NONE, NULLABLE, OPERATION, OPTION, PAGES,
    RESPONSE, RESULT, SOME,
};
use super::types::{From, Types, ident};
use crate::api::{Api, Body, Field, Location, Operation, Pages, Parameter, Presence, Type};
use crate::print::docs::Docs;
use crate::print::markdown;

/// The code of an operation: its entry in the table, its builder, and the builder's methods.
pub(super) fn operation(api: &Api, operation: &Operation) -> TokenStream {
    let printer = Printer {
        types: Types::new(api, From::Operations),
        api,
        operation,
    };
    let endpoint = printer.endpoint();
    let (request, entry) = (ident(&operation.request), ident(&operation.entry));
    let method = ident(&operation.rust);
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
        #endpoint

        #CODEGEN::request!(#request, #entry, #method #held);

        impl #request<'_> {
            #(#setters)*
            #body
            #send
            #pages
        }
    }
}

/// The table of these operations.
pub(super) fn table<'a>(operations: impl Iterator<Item = &'a Operation>) -> TokenStream {
    let entries = operations.map(|operation| ident(&operation.entry));
    quote! {
        /// The operations that are here.
        pub(crate) static ENDPOINTS: &[&#ENDPOINT] = &[#(&#entries),*];
    }
}

/// The function that looks up an operation in these tables.
pub(super) fn find(tables: &TokenStream) -> TokenStream {
    quote! {
        /// The operation with this id: its method, its path, and the scopes that it needs.
        pub fn operation(id: &str) -> #OPTION<&'static #OPERATION> {
            #CODEGEN::find(&[#tables], id)
        }
    }
}

struct Printer<'a> {
    types: Types<'a>,
    api: &'a Api,
    operation: &'a Operation,
}

impl Printer<'_> {
    /// The static description of the operation that the runtime uses to send it.
    fn endpoint(&self) -> TokenStream {
        let Operation {
            id, method, path, ..
        } = self.operation;
        let entry = ident(&self.operation.entry);
        let repeatable = self.operation.repeatable.then(|| quote!(.repeatable()));
        let scopes = &self.operation.scopes;
        let needs = (!scopes.is_empty()).then(|| quote!(.needs(&[#(#scopes),*])));
        let credential = (!self.operation.credential).then(|| quote!(.without_credential()));
        let inputs = self.operation.parameters.iter().map(input);
        let body = self.operation.body.as_ref().map(|body| {
            let (name, required) = (&body.rust, body.required);
            quote!(.body(#name, #required))
        });
        let json = self.operation.success.model.is_none();
        let json = json.then(|| quote!(.not_json()));
        quote! {
            static #entry: #ENDPOINT = #ENDPOINT::new(#id, #method, #path, &[#(#inputs),*])
                #repeatable #needs #credential #body #json;
        }
    }

    /// The type that holds the body until the request is sent.
    fn held(&self, body: &Body) -> TokenStream {
        let model = self.api.model(body.model);
        let name = ident(&model.rust);
        match model.object() {
            Some(_) => quote!(models::builder::#name),
            None => quote!(models::#name),
        }
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
                self.draft.set::<#ty>(#index, value);
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
                "Takes the model, or its builder as far as it has been filled in.",
            )
            .when(body.required, "Required.")
            .tokens();
        let (setter, ty) = (ident(&body.rust), self.held(body));
        quote! {
            #docs
            pub fn #setter(mut self, value: impl #INTO<#ty>) -> Self {
                self.draft.set_body(value.into());
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
                "Fails without sending anything where a required value is missing (all are named) \
                 or a value cannot be sent; and where the request or its response fails.",
            ))
            .tokens();
        let form = self.operation.body.as_ref().filter(|body| body.form);
        let form = form.and_then(|body| self.api.model(body.model).object());
        let sent = match form {
            Some(object) => {
                let parts: TokenStream = object.fields.iter().map(part).collect();
                quote! {
                    self.client
                        .carry_out(
                            self.draft.form(&self.client.baseurl, |form, body| form #parts)?,
                        )
                        .await
                }
            }
            None => quote!(self.client.exchange(self.draft).await),
        };
        let decode = match self.operation.success.model {
            Some(_) => quote!(decode),
            None => quote!(decode_empty),
        };
        let success = self.success();
        quote! {
            #docs
            pub async fn send(self) -> #RESULT<#RESPONSE<#success>, #ERROR> {
                #CODEGEN::#decode(#sent?)
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
        let model = self.operation.success.model.map(|id| self.api.model(id));
        let page = model.and_then(|model| model.page.as_ref());
        let items = page.and_then(|page| page.items).map(|_| {
            quote! {
                /// The items of the whole list, from [`Pages`](::cobo_auth::Pages) that are fetched
                /// when they are asked for.
                pub fn items(self) -> #ITEMS<#success> {
                    self.pages().items()
                }
            }
        });
        quote! {
            /// The whole list in [`Pages`](::cobo_auth::Pages), each fetched when it is asked for.
            pub fn pages(self) -> #PAGES<#success> {
                self.client.pages(self.draft, #after, #before)
            }
            #items
        }
    }
}

fn input(parameter: &Parameter) -> TokenStream {
    let name = &parameter.wire;
    let required = parameter.required.then(|| quote!(.required()));
    let secret = parameter.ty.has_secret().then(|| quote!(.secret()));
    match parameter.location {
        Location::Path => quote!(#INPUT::path(#name) #secret),
        Location::Query => quote!(#INPUT::query(#name) #required #secret),
        Location::Header => quote!(#INPUT::header(#name) #required #secret),
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
