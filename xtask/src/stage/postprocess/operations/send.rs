//! `send` of a request builder.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;
use serde_json::Value;

use super::Request;
use crate::rust_name;
use crate::stage::postprocess::docs::Docs;
use crate::stage::postprocess::fresh::fresh;
use crate::stage::postprocess::markdown;

pub(super) fn send(request: &Request<'_>) -> TokenStream {
    let Request {
        operation, success, ..
    } = request;
    let docs = Docs::new()
        .paragraph(format!(
            "Sends a `{}` request to `{}`.",
            operation.method, operation.path
        ))
        .paragraph("# Errors")
        .paragraph(markdown::wrapped(
            "Fails without sending anything where a required value is missing (all are named) or \
             a value cannot be sent; and where the request or its response fails.",
        ))
        .tokens();
    let sent = match form(request) {
        Some(form) => quote! {
            self.client
                .carry_out(self.draft.form(&self.client.baseurl, |form, body| form #form)?)
                .await
        },
        None => quote!(self.client.exchange(self.draft).await),
    };
    let decoded = if request.is_json() {
        quote!(::cobo_auth::codegen::decode(#sent?))
    } else if *success == syn::parse_quote!(()) {
        quote!(::cobo_auth::codegen::decode_empty(#sent?))
    } else {
        sent
    };
    quote! {
        #docs
        pub async fn send(
            self,
        ) -> ::std::result::Result<::cobo_auth::Response<#success>, ::cobo_auth::Error> {
            #decoded
        }
    }
}

/// `pages` and `items` of a list that comes in pages.
pub(super) fn pages(request: &Request<'_>) -> Option<TokenStream> {
    let paging = request.paging.as_ref()?;
    let success = &request.success;
    let taken: Vec<&Ident> = request.inputs.iter().map(|input| &input.ident).collect();
    let (pages, items) = (fresh("pages", &taken), fresh("items", &taken));
    let after = Literal::usize_unsuffixed(paging.after);
    let before = match paging.before.map(Literal::usize_unsuffixed) {
        Some(before) => quote!(::std::option::Option::Some(#before)),
        None => quote!(::std::option::Option::None),
    };
    let items = paging.items.then(|| {
        quote! {
            /// The items of the whole list, from [`Pages`](::cobo_auth::Pages) that are fetched
            /// when they are asked for.
            pub fn #items(self) -> ::cobo_auth::Items<#success> {
                self.#pages().items()
            }
        }
    });
    Some(quote! {
        /// The whole list in [`Pages`](::cobo_auth::Pages), each fetched when it is asked for.
        pub fn #pages(self) -> ::cobo_auth::Pages<#success> {
            self.client.pages(self.draft, #after, #before)
        }
        #items
    })
}

/// The parts of a form, one for each property of its model.
fn form(request: &Request<'_>) -> Option<TokenStream> {
    let parts = request.form?.fields.iter().map(|field| {
        let ident = quote::format_ident!("{}", rust_name::field(&field.name));
        let name = &field.name;
        let list = field.schema.get("items");
        let is_file =
            |schema: &Value| schema.get("format").and_then(Value::as_str) == Some("binary");
        let some = field.required && !field.nullable;
        match (is_file(&field.schema), list.is_some_and(is_file), some) {
            (true, _, true) => quote!(.files(#name, [&body.#ident])),
            (true, _, false) if field.required => quote!(.files(#name, &body.#ident)),
            (true, _, false) if field.nullable => {
                quote!(.files(#name, body.#ident.iter().filter_map(::cobo_model::Nullable::value)))
            }
            (true, _, false) => quote!(.files(#name, &body.#ident)),
            (_, true, false) if field.nullable && !field.required => quote! {
                .files(
                    #name,
                    body.#ident.iter().filter_map(::cobo_model::Nullable::value).flatten(),
                )
            },
            (_, true, true) => quote!(.files(#name, &body.#ident)),
            (_, true, false) => quote!(.files(#name, body.#ident.iter().flatten())),
            (_, _, true) => quote!(.value(#name, ::std::option::Option::Some(&body.#ident))),
            (_, _, false) => quote!(.value(#name, body.#ident.as_ref())),
        }
    });
    Some(parts.collect())
}
