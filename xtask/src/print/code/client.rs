//! Generates the client: one constructor, and a documented method for each operation.

use proc_macro2::TokenStream;
use quote::quote;

use super::example;
use super::models::deprecated;
use super::paths::{
    AUTH_CLIENT, BODY, CLIENT_HOOKS, CLIENT_INFO, CODEGEN, ERROR, HTTP_CLIENT, INTO_BODY,
    OPERATION_INFO, OPTION, PAGE, PAGES, RESPONSE, RESULT, STRING,
};
use super::types::ident;
use crate::api::{Api, Operation};
use crate::print::docs::{Docs, permissions};
use crate::print::markdown;

/// The client without the methods of its operations.
pub(super) fn client(api: &Api) -> TokenStream {
    let docs = docs(api).tokens();
    let paged = api
        .operations
        .iter()
        .any(|operation| operation.pages.is_some());
    let pages = paged.then(pages);
    let version = &api.version;
    quote! {
        #docs
        #[derive(Clone, Debug)]
        pub struct Client {
            pub(crate) baseurl: #STRING,
            /// Progenitor's traits ask for one. It can send nothing: `inner` is the only sender.
            pub(crate) client: #HTTP_CLIENT,
            pub(crate) inner: #AUTH_CLIENT,
        }

        impl Client {
            /// A client of the API that `inner` signs for and sends to.
            pub fn new(inner: #AUTH_CLIENT) -> Self {
                Self {
                    baseurl: inner.base_url().to_owned(),
                    client: #CODEGEN::request_factory(&inner),
                    inner,
                }
            }

            /// Makes a request, signs it, sends it, and verifies what comes back.
            #[allow(dead_code, reason = "without operations nothing is sent")]
            pub(crate) async fn exchange<B: #INTO_BODY>(
                &self,
                draft: #CODEGEN::Draft<B>,
            ) -> #RESULT<#RESPONSE<#BODY>, #ERROR> {
                self.carry_out(draft.json(&self.baseurl)?).await
            }

            /// Signs a request, sends it, and verifies what comes back.
            #[allow(dead_code, reason = "without operations nothing is sent")]
            pub(crate) async fn carry_out(
                &self,
                outgoing: #CODEGEN::Outgoing,
            ) -> #RESULT<#RESPONSE<#BODY>, #ERROR> {
                let info = #OPERATION_INFO {
                    operation_id: outgoing.operation.id(),
                };
                let client = Self {
                    inner: outgoing.client(&self.inner),
                    ..self.clone()
                };
                let result = client.exec(outgoing.request, &info).await;
                #CODEGEN::outcome(outgoing.operation, result)
            }

            #pages
        }

        impl #CLIENT_INFO<#AUTH_CLIENT> for Client {
            fn api_version() -> &'static str {
                #version
            }

            fn baseurl(&self) -> &str {
                self.baseurl.as_str()
            }

            fn client(&self) -> &#HTTP_CLIENT {
                &self.client
            }

            fn inner(&self) -> &#AUTH_CLIENT {
                &self.inner
            }
        }

        const _: () = {
            #[allow(dead_code, reason = "a check at compile time: no hooks, no signatures")]
            fn assert_client_hooks()
            where
                Client: #CLIENT_HOOKS<#AUTH_CLIENT>,
            {
            }
        };
    }
}

fn pages() -> TokenStream {
    quote! {
        /// A list in pages, by the places of the parameters that take a cursor.
        #[allow(dead_code, reason = "without operations nothing is listed")]
        pub(crate) fn pages<P: #PAGE>(
            &self,
            draft: #CODEGEN::Draft,
            after: usize,
            before: #OPTION<usize>,
        ) -> #PAGES<P> {
            let client = self.clone();
            #CODEGEN::pages(draft, after, before, move |draft| {
                let client = client.clone();
                async move { client.exchange(draft).await }
            })
        }
    }
}

/// The methods of these operations.
pub(super) fn methods<'a>(
    api: &Api,
    library: &str,
    operations: impl Iterator<Item = &'a Operation>,
) -> TokenStream {
    let methods = operations.map(|operation| {
        let (name, request) = (ident(&operation.rust), ident(&operation.request));
        let docs = method_docs(api, library, operation).tokens();
        let deprecated = deprecated(operation.deprecated);
        quote! {
            #docs
            #deprecated
            pub fn #name(&self) -> operations::#request<'_> {
                operations::#request::new(self)
            }
        }
    });
    quote! {
        impl Client {
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

fn method_docs(api: &Api, library: &str, operation: &Operation) -> Docs {
    let repeats = if operation.repeatable {
        "May be repeated: where it is not known whether a request arrived, it can be sent again."
    } else {
        "Not to be repeated: it is not sent again where it may have arrived."
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
            example::doctest(api, operation, library)
        ))
}

fn arguments(operation: &Operation) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut argument = |name: &str, required: bool, text: Option<&str>| {
        let text = text.map(markdown::rustdoc).unwrap_or_default();
        // This is an item of a list, so its paragraphs are joined into one.
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
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
