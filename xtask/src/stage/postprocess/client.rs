//! The client: one constructor, and a documented method for each operation.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{File, Item, ItemImpl, parse_quote};

use super::docs::Docs;
use super::pages::Structs;
use super::{Context, example, markdown, tree};
use crate::catalog::{Catalog, Operation};
use crate::reference::permissions;
use crate::rust_name;

pub(super) fn pass(file: &mut File, context: &mut Context<'_>) {
    let Some(info) = client_info(file) else {
        return context.refuse("the client has no `ClientInfo`");
    };
    let catalog = context.catalog;
    let docs = client_docs(catalog).tokens();
    let methods = catalog.operations.iter().map(|operation| {
        let name = format_ident!("{}", rust_name::method(operation));
        let request = format_ident!("{}", rust_name::request(operation));
        let docs = method_docs(operation, context).tokens();
        let deprecated = super::attribute::deprecated(operation.deprecated);
        quote! {
            #docs
            #deprecated
            pub fn #name(&self) -> operations::#request<'_> {
                operations::#request::new(self)
            }
        }
    });
    let structs = Structs::of(file);
    let paged = catalog
        .operations
        .iter()
        .any(|operation| structs.paging(operation).is_some());
    let pages = paged.then(|| {
        quote! {
            /// A list in pages, by the places of the parameters that take a cursor.
            #[allow(dead_code, reason = "without operations nothing is listed")]
            pub(crate) fn pages<P: ::cobo_auth::Page>(
                &self,
                draft: ::cobo_auth::codegen::Draft,
                after: usize,
                before: ::std::option::Option<usize>,
            ) -> ::cobo_auth::Pages<P> {
                let client = self.clone();
                ::cobo_auth::codegen::pages(draft, after, before, move |draft| {
                    let client = client.clone();
                    async move { client.exchange(draft).await }
                })
            }
        }
    });
    let tokens: TokenStream = quote! {
        #docs
        #[derive(Clone, Debug)]
        pub struct Client {
            pub(crate) baseurl: ::std::string::String,
            /// Progenitor's traits ask for one. It can send nothing: `inner` is the only sender.
            pub(crate) client: ::reqwest::Client,
            pub(crate) inner: ::cobo_auth::Client,
        }

        impl Client {
            /// A client of the API that `inner` signs for and sends to.
            pub fn new(inner: ::cobo_auth::Client) -> Self {
                Self {
                    baseurl: inner.base_url().to_owned(),
                    client: ::cobo_auth::codegen::request_factory(&inner),
                    inner,
                }
            }

            /// Makes a request, signs it, sends it, and verifies what comes back.
            #[allow(dead_code, reason = "without operations nothing is sent")]
            pub(crate) async fn exchange<B: ::cobo_model::IntoBody>(
                &self,
                draft: ::cobo_auth::codegen::Draft<B>,
            ) -> ::std::result::Result<::cobo_auth::Response<::cobo_auth::Body>, ::cobo_auth::Error> {
                self.carry_out(draft.json(&self.baseurl)?).await
            }

            /// Signs a request, sends it, and verifies what comes back.
            #[allow(dead_code, reason = "without operations nothing is sent")]
            pub(crate) async fn carry_out(
                &self,
                outgoing: ::cobo_auth::codegen::Outgoing,
            ) -> ::std::result::Result<::cobo_auth::Response<::cobo_auth::Body>, ::cobo_auth::Error> {
                let info = ::progenitor_client::OperationInfo {
                    operation_id: outgoing.operation.id(),
                };
                let client = Self {
                    inner: outgoing.client(&self.inner),
                    ..self.clone()
                };
                let result = client.exec(outgoing.request, &info).await;
                ::cobo_auth::codegen::outcome(outgoing.operation, result)
            }

            #pages
        }

        #info

        const _: () = {
            #[allow(dead_code, reason = "a check at compile time: no hooks, no signatures")]
            fn assert_client_hooks()
            where
                Client: ::progenitor_client::ClientHooks<::cobo_auth::Client>,
            {
            }
        };

        impl Client {
            #(#methods)*
        }
    };
    let client = match syn::parse2::<File>(tokens) {
        Ok(client) => client.items,
        Err(error) => return context.refuse(format!("the client is not Rust: {error}")),
    };
    let modules = file
        .items
        .drain(..)
        .filter(|item| matches!(item, Item::Mod(_)));
    let modules: Vec<Item> = modules.collect();
    file.items = client;
    file.items.extend(modules);
}

/// Progenitor's `ClientInfo`, by its full path.
fn client_info(file: &File) -> Option<ItemImpl> {
    file.items.iter().find_map(|item| match item {
        Item::Impl(info) if tree::impl_trait(item).as_deref() == Some("ClientInfo") => {
            let mut info = info.clone();
            if let Some((path, _)) = &mut info.trait_ {
                *path = parse_quote!(::progenitor_client::ClientInfo<::cobo_auth::Client>);
            }
            Some(info)
        }
        _ => None,
    })
}

fn client_docs(catalog: &Catalog) -> Docs {
    Docs::new()
        .paragraph(format!(
            "A client of {}.",
            markdown::rustdoc(&catalog.title)
        ))
        .described(catalog.description.as_deref())
        .when(
            !catalog.version.is_empty(),
            format!("Version {} of the API.", catalog.version),
        )
        .paragraph("Cheap to clone: clones share connections, keys and tokens.")
}

fn method_docs(operation: &Operation, context: &Context<'_>) -> Docs {
    let request = format!(
        "Sends a `{}` request to `{}`.",
        operation.method, operation.path
    );
    let repeats = if operation.repeatable {
        "May be repeated: where it is not known whether a request arrived, it can be sent again."
    } else {
        "Not to be repeated: it is not sent again where it may have arrived."
    };
    Docs::new()
        .described(operation.summary.as_deref())
        .described(operation.description.as_deref())
        .paragraph(request)
        .paragraph(repeats)
        .paragraph(permissions(operation))
        .when(
            operation.deprecated,
            "Deprecated: Cobo may remove this operation.",
        )
        .paragraph(arguments(operation))
        .paragraph(returns(operation))
        .paragraph(format!(
            "# Example\n\n```no_run\n{}```",
            example::doctest(
                operation,
                &context.shapes,
                context.catalog,
                context.crate_name
            )
        ))
}

fn arguments(operation: &Operation) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut argument = |name: String, required: bool, text: Option<&str>| {
        let text = text.map(markdown::rustdoc).unwrap_or_default();
        // One item of a list: its paragraphs become one.
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let required = if required { "" } else { " (optional)" };
        let colon = if text.is_empty() { "" } else { ": " };
        lines.push(format!("- `{name}`{required}{colon}{text}"));
    };
    for parameter in &operation.parameters {
        let name = rust_name::parameter(parameter);
        argument(name, parameter.required, parameter.description.as_deref());
    }
    if let Some(body) = &operation.body {
        let name = rust_name::body(operation, &body.model);
        argument(name, body.required, body.description.as_deref());
    }
    if lines.is_empty() {
        return String::new();
    }
    format!("# Arguments\n\n{}", markdown::wrapped(&lines.join("\n")))
}

fn returns(operation: &Operation) -> String {
    let description = operation
        .success
        .description
        .as_deref()
        .map(markdown::rustdoc);
    let description = description.unwrap_or_default();
    let text = match &operation.success.model {
        Some(model) => {
            let model = rust_name::model(model);
            let colon = if description.is_empty() { "." } else { ": " };
            format!("[`{model}`](crate::models::{model}){colon}{description}")
        }
        None => format!("No value. {description}"),
    };
    format!("# Returns\n\n{}", text.trim_end())
}
