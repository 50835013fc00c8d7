//! `send` of a request builder.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::ExprMethodCall;

use super::chain::call;
use super::{Input, Place, Request};
use crate::catalog::Location;
use crate::rust_name;
use crate::stage::postprocess::docs::Docs;
use crate::stage::postprocess::request::{fresh, take};
use crate::stage::postprocess::{markdown, tree};

pub(super) fn send(request: &Request<'_>, client: &Ident) -> TokenStream {
    let Request {
        operation,
        entry,
        inputs,
        success,
        ..
    } = request;
    let mut idents: Vec<&Ident> = inputs.iter().map(|input| &input.ident).collect();
    idents.push(client);
    let names = Names {
        missing: fresh("missing", &idents),
        url: fresh("url", &idents),
        request: fresh("request", &idents),
        info: fresh("info", &idents),
        result: fresh("result", &idents),
    };
    let Names {
        url,
        request: built,
        info,
        result,
        ..
    } = &names;
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
    let check = check(request, &names);
    let texts = inputs.iter().filter_map(|input| text(input, entry));
    let format = format(request);
    let make = make(request, &names, client);
    let outcome = quote!(::cobo_auth::codegen::outcome(&#entry, #result)?);
    let decoded = if *success == syn::parse_quote!(()) {
        quote!(::cobo_auth::codegen::decode_empty(#outcome))
    } else if *success == syn::parse_quote!(::cobo_auth::Body) {
        quote!(::std::result::Result::Ok(#outcome))
    } else {
        quote!(::cobo_auth::codegen::decode(#outcome))
    };
    let fields = inputs.iter().map(|input| &input.ident);
    quote! {
        #docs
        pub async fn send(
            self,
        ) -> ::std::result::Result<::cobo_auth::Response<#success>, ::cobo_auth::Error> {
            let Self { #client, #(#fields),* } = self;
            #check
            #(#texts)*
            let #url = format!(#format, #client.baseurl);
            #make
            let #built = ::cobo_auth::codegen::built(&#entry, #built.build())?;
            let #info = ::progenitor_client::OperationInfo { operation_id: #entry.id() };
            let #result = #client.exec(#built, &#info).await;
            #decoded
        }
    }
}

/// Local names that no input has.
struct Names {
    missing: Ident,
    url: Ident,
    request: Ident,
    info: Ident,
    result: Ident,
}

/// Takes what is required, and builds the body.
fn check(request: &Request<'_>, names: &Names) -> TokenStream {
    let missing = &names.missing;
    let required: Vec<(&Ident, TokenStream)> = request
        .inputs
        .iter()
        .filter_map(|input| {
            let Input {
                ident,
                name,
                required,
                ..
            } = input;
            let value = match (&input.place, required) {
                (Place::Builder(_), true) => {
                    quote!(#missing.nested(#name, #ident.unwrap_or_default().build()))
                }
                // What is not there is not missing; what is there has to be complete.
                (Place::Builder(_), false) => quote! {
                    match #ident {
                        ::std::option::Option::Some(#ident) => #missing
                            .nested(#name, #ident.build())
                            .map(::std::option::Option::Some),
                        ::std::option::Option::None => {
                            ::std::option::Option::Some(::std::option::Option::None)
                        }
                    }
                },
                // Nothing is sent of an empty one.
                (Place::Parameter(parameter), true)
                    if parameter.location == Location::Query && is_text(&input.ty) =>
                {
                    quote!(#missing.text(#name, #ident))
                }
                (Place::Parameter(_) | Place::Body(_), true) => {
                    quote!(#missing.take(#name, #ident))
                }
                (Place::Parameter(_) | Place::Body(_), false) => return None,
            };
            Some((ident, value))
        })
        .collect();
    let entry = &request.entry;
    take(
        missing,
        &quote!(::cobo_auth::codegen::Missing::new(&#entry)),
        &required,
        &quote!(#missing.into_error()),
    )
}

/// Writes a list or a path parameter as text.
fn text(input: &Input<'_>, entry: &Ident) -> Option<TokenStream> {
    let Place::Parameter(parameter) = input.place else {
        return None;
    };
    let Input {
        ident,
        name,
        required,
        list,
        ..
    } = input;
    let joined = list.as_ref().map(|items| {
        if *required {
            return quote! {
                let #ident = ::cobo_auth::codegen::comma_list(&#entry, #name, &#ident #items)?;
            };
        }
        quote! {
            let #ident = match #ident {
                ::std::option::Option::Some(#ident) => ::std::option::Option::Some(
                    ::cobo_auth::codegen::comma_list(&#entry, #name, &#ident #items)?,
                ),
                ::std::option::Option::None => ::std::option::Option::None,
            };
        }
    });
    // As text: in a query, a number with more digits than an `f64` has could not be written.
    let number = (parameter.location == Location::Query && is_number(input)).then(|| {
        if *required {
            quote!(let #ident = #ident.to_string();)
        } else {
            quote!(let #ident = #ident.map(|#ident| #ident.to_string());)
        }
    });
    let segment = (parameter.location == Location::Path)
        .then(|| quote!(let #ident = ::cobo_auth::codegen::path_segment(&#entry, #name, #ident)?;));
    let header = (parameter.location == Location::Header).then(|| {
        if *required {
            return quote! {
                let #ident = ::cobo_auth::codegen::header_value(&#entry, #name, #ident)?;
            };
        }
        quote! {
            let #ident = match #ident {
                ::std::option::Option::Some(#ident) => ::std::option::Option::Some(
                    ::cobo_auth::codegen::header_value(&#entry, #name, #ident)?,
                ),
                ::std::option::Option::None => ::std::option::Option::None,
            };
        }
    });
    Some(quote!(#joined #number #segment #header))
}

fn is_number(input: &Input<'_>) -> bool {
    let segments = tree::type_segments(&input.ty);
    segments.last().is_some_and(|name| name == "Number") || input.number
}

/// The parts of a form, one for each property of its model.
fn form(request: &Request<'_>, body: &Ident) -> Option<TokenStream> {
    let entry = &request.entry;
    let model = request.form?;
    let parts = model.fields.iter().map(|field| {
        let ident = quote::format_ident!("{}", rust_name::field(&field.name));
        let name = &field.name;
        let list = field.schema.get("items");
        let is_file = |schema: &serde_json::Value| {
            schema.get("format").and_then(serde_json::Value::as_str) == Some("binary")
        };
        let some = field.required && !field.nullable;
        match (is_file(&field.schema), list.is_some_and(is_file), some) {
            (true, _, true) => quote!(.files(#name, [&#body.#ident])),
            (true, _, false) if field.required => quote!(.files(#name, &#body.#ident)),
            (true, _, false) if field.nullable => {
                quote!(.files(#name, #body.#ident.iter().filter_map(::cobo_auth::Nullable::value)))
            }
            (true, _, false) => quote!(.files(#name, &#body.#ident)),
            (_, true, true) => quote!(.files(#name, &#body.#ident)),
            (_, true, false) => quote!(.files(#name, #body.#ident.iter().flatten())),
            (_, _, true) => {
                quote!(.value(#name, ::std::option::Option::Some(&#body.#ident)))
            }
            (_, _, false) => quote!(.value(#name, #body.#ident.as_ref())),
        }
    });
    Some(quote! {
        ::cobo_auth::codegen::Form::new(&#entry) #(#parts)* .finish()?
    })
}

/// `{}/wallets/{wallet_id}`: path parameters are local names by now.
fn format(request: &Request<'_>) -> String {
    let mut format = "{}".to_owned();
    let mut rest = request.operation.path.as_str();
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        format.push_str(before);
        let parameter = request
            .operation
            .parameters
            .iter()
            .find(|parameter| parameter.location == Location::Path && parameter.name == name);
        if let Some(parameter) = parameter {
            format.push_str(&format!("{{{}}}", rust_name::parameter(parameter)));
        }
        rest = after;
    }
    format.push_str(rest);
    format
}

/// The headers that are parameters and may be absent; the others stand in the chain.
fn optional_headers(request: &Request<'_>, built: &Ident) -> TokenStream {
    header_inputs(request)
        .filter(|input| !input.required)
        .map(|Input { ident, name, .. }| {
            quote! {
                let #built = match #ident {
                    ::std::option::Option::Some(#ident) => #built.header(#name, #ident),
                    ::std::option::Option::None => #built,
                };
            }
        })
        .collect()
}

fn header_inputs<'a>(request: &'a Request<'a>) -> impl Iterator<Item = &'a Input<'a>> {
    request.inputs.iter().filter(|input| match input.place {
        Place::Parameter(parameter) => parameter.location == Location::Header,
        Place::Builder(_) | Place::Body(_) => false,
    })
}

/// Progenitor's request: less its own headers, and with the body under its own name.
fn make(request: &Request<'_>, names: &Names, client: &Ident) -> TokenStream {
    let Names {
        url,
        request: built,
        ..
    } = names;
    let method = &request.chain.method;
    let body = request
        .inputs
        .iter()
        .find(|input| !matches!(input.place, Place::Parameter(_)));
    let mut later = TokenStream::new();
    let calls: TokenStream = request
        .chain
        .calls
        .iter()
        .filter_map(
            |one: &ExprMethodCall| match one.method.to_string().as_str() {
                // Progenitor's own header, and those that are parameters.
                "headers" => {
                    let headers = header_inputs(request).filter(|input| input.required);
                    Some(
                        headers
                            .map(|Input { ident, name, .. }| quote!(.header(#name, #ident)))
                            .collect(),
                    )
                }
                "json" => {
                    let Input {
                        ident, required, ..
                    } = body?;
                    if let Some(form) = form(request, ident) {
                        let set = quote! {
                            let (content_type, form) = #form;
                            #built.header(::reqwest::header::CONTENT_TYPE, content_type).body(form)
                        };
                        later = if *required {
                            quote!(let #built = { #set };)
                        } else {
                            quote! {
                                let #built = match #ident {
                                    ::std::option::Option::Some(#ident) => { #set }
                                    ::std::option::Option::None => #built,
                                };
                            }
                        };
                        return None;
                    }
                    if *required {
                        return Some(quote!(.json(&#ident)));
                    }
                    later = quote! {
                        let #built = match #ident {
                            ::std::option::Option::Some(#ident) => #built.json(&#ident),
                            ::std::option::Option::None => #built,
                        };
                    };
                    None
                }
                _ => Some(call(one)),
            },
        )
        .collect();
    let headers = optional_headers(request, built);
    quote! {
        let #built = #client.client.#method(#url) #calls;
        #headers
        #later
    }
}

fn is_text(ty: &syn::Type) -> bool {
    tree::type_segments(ty)
        .last()
        .is_some_and(|name| name == "String")
}
