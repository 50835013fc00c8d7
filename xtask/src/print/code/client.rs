//! Generates the client: one constructor, and a documented method for each operation.

use proc_macro2::TokenStream;
use quote::quote;

use super::paths::{AS_REF, AUTH_CLIENT};
use super::types::ident;
use crate::api::{Api, Operation};
use crate::diagnostic::one_line;
use crate::print::CrateNames;
use crate::print::docs::{Docs, deprecated, permissions};
use crate::print::example;
use crate::print::markdown;

/// The client without the methods of its operations.
pub(super) fn client(api: &Api, name: &str) -> TokenStream {
    let docs = docs(api).tokens();
    let name = ident(name);
    quote! {
        #docs
        #[derive(Clone, Debug)]
        pub struct #name(#AUTH_CLIENT);

        impl #name {
            /// Creates a client that signs and sends its requests with `auth`.
            pub fn new(auth: #AUTH_CLIENT) -> Self {
                Self(auth)
            }
        }

        /// The client that signs and sends the requests.
        impl #AS_REF<#AUTH_CLIENT> for #name {
            fn as_ref(&self) -> &#AUTH_CLIENT {
                &self.0
            }
        }
    }
}

/// The methods of these operations.
pub(super) fn methods<'a>(
    api: &Api,
    crate_names: &CrateNames,
    operations: impl Iterator<Item = &'a Operation>,
) -> TokenStream {
    let methods = operations.map(|operation| {
        let (name, request) = (ident(&operation.rust), ident(&operation.request));
        let docs = method_docs(api, crate_names, operation).tokens();
        let deprecated = deprecated(operation.deprecated);
        quote! {
            #docs
            #deprecated
            pub fn #name(&self) -> operations::#request {
                operations::#request::new(&self.0)
            }
        }
    });
    let client = ident(&crate_names.client);
    quote! {
        impl #client {
            #(#methods)*
        }
    }
}

fn docs(api: &Api) -> Docs {
    Docs::new()
        .paragraph(format!("A client of {}.", markdown::rustdoc(&api.title)))
        .described(api.description.as_deref())
        .when(
            !api.version.is_empty(),
            format!("Version {} of the API.", api.version),
        )
        .paragraph("Cheap to clone: clones share connections, keys and tokens.")
}

fn method_docs(api: &Api, crate_names: &CrateNames, operation: &Operation) -> Docs {
    let keyed = operation.idempotency_key.as_ref().map(|(property, lookup)| {
        format!(
            "Cobo rejects a second request with the same `{property}`. Make it with \
             [`RequestId::random`](cobo_auth::RequestId::random), and store it before you send the \
             request. If an attempt fails and may have been carried out, the call is attempted again \
             with the same id. The error \
             [`RequestIdTaken`](cobo_auth::ErrorKind::RequestIdTaken) means that Cobo took a request \
             with this id, this one or an earlier one: look it up with `{lookup}`."
        )
    });
    let repeats = if let Some(keyed) = &keyed {
        keyed
    } else if operation.repeatable {
        "Repeatable: if an attempt fails and may have been carried out, the call is attempted again."
    } else {
        "Not repeatable: if an attempt may have been carried out, the call is not attempted again."
    };
    Docs::new()
        .described(operation.summary.as_deref())
        .described(operation.description.as_deref())
        .paragraph(format!(
            "Sends a `{}` request to `{}`.",
            operation.method, operation.path
        ))
        .paragraph(repeats)
        .paragraph(permissions(&operation.scopes, operation.credential))
        .when(
            operation.deprecated,
            "Deprecated: Cobo may remove this operation.",
        )
        .paragraph(arguments(operation))
        .paragraph(returns(api, operation))
        .paragraph(format!(
            "# Example\n\n```no_run\n{}```",
            example::doctest(api, operation, crate_names)
        ))
}

fn arguments(operation: &Operation) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut argument = |name: &str, required: bool, text: Option<&str>| {
        let text = text.map(markdown::rustdoc).unwrap_or_default();
        // This is an item of a list, so its paragraphs are joined into one.
        let text = one_line(&text);
        let required = if required { "" } else { " (optional)" };
        let colon = if text.is_empty() { "" } else { ": " };
        lines.push(format!("- `{name}`{required}{colon}{text}"));
    };
    for parameter in &operation.parameters {
        argument(
            &parameter.rust,
            parameter.required,
            parameter.description.as_deref(),
        );
    }
    if let Some(body) = &operation.body {
        argument(&body.rust, body.required, body.description.as_deref());
    }
    if lines.is_empty() {
        return String::new();
    }
    format!("# Arguments\n\n{}", markdown::wrapped(&lines.join("\n")))
}

fn returns(api: &Api, operation: &Operation) -> String {
    let description = operation.success.description.as_deref();
    let description = description.map(markdown::rustdoc).unwrap_or_default();
    let text = match operation.success.model {
        Some(id) => {
            let model = &api.model(id).rust;
            let colon = if description.is_empty() { "." } else { ": " };
            format!("[`{model}`](crate::models::{model}){colon}{description}")
        }
        None => format!("No value. {description}"),
    };
    format!("# Returns\n\n{}", text.trim_end())
}
