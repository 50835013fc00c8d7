//! Generates the client crate's Rust code: client, operations and models. If the document has
//! several tags, each of these is split by tag.

use std::collections::BTreeSet;

use proc_macro2::TokenStream;
use quote::quote;

use crate::api::{Api, ModelId, Type};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::print::CrateNames;

pub(crate) mod blank_lines;
mod builders;
mod client;
mod imports;
mod layout;
pub(crate) mod macros;
mod models;
mod operations;
mod pages;
mod paths;
mod tags;
mod types;
mod wrappers;

pub use layout::Feature;

/// The files of a generated crate, and its cargo features.
#[derive(Debug, Clone, PartialEq)]
pub struct Code {
    pub files: Vec<File>,
    pub features: Vec<Feature>,
}

/// A file of generated code.
#[derive(Debug, Clone, PartialEq)]
pub struct File {
    /// The path below the folder of generated code, `models/wallets.rs`.
    pub path: String,
    pub text: String,
}

/// Generates the code of an API. `header` becomes the first line of each file.
pub fn print(api: &Api, names: &CrateNames, header: &str) -> Result<Code, Diagnostics> {
    let (modules, features) = match layout::Layout::of(api) {
        Some(layout) => (
            tags::modules(api, names, &layout),
            layout
                .groups
                .iter()
                .map(|group| group.feature.clone())
                .collect(),
        ),
        None => (whole(api, names), Vec::new()),
    };
    let deprecates = has_deprecated_model(api);
    let mut files = Vec::new();
    let mut problems = Diagnostics::default();
    for module in modules {
        match module.text(header, deprecates) {
            Ok(text) => files.push(File {
                path: module.path,
                text,
            }),
            Err(error) => problems.push(Diagnostic::of_file(
                &module.path,
                format!("the generated code is not Rust: {error}"),
            )),
        }
    }
    problems.or(Code { files, features })
}

const ROOT: &str = "The client, the operations and the models of the document.";
const CLIENT: &str = "The client, with one method for each operation.";
const OPERATIONS: &str = "For each operation, a constant that describes it and a request builder.";
const MODELS: &str = "The models of requests and responses.\n\n\
    The module `builder` has a builder for each model that a request contains. Any release of the\n\
    API may add fields and enum values; a response with new ones still decodes.";
const BUILDERS: &str = " Builders of the models that requests contain. Setters cannot fail; `build` \
    names all missing fields.";

/// A module of generated code.
struct Module {
    path: String,
    /// The documentation at its top.
    docs: String,
    tokens: TokenStream,
    /// Whether its paths are shortened.
    tidy: bool,
    /// The names that it imports from this crate.
    imported: BTreeSet<String>,
}

impl Module {
    fn new(path: &str, docs: &str, tokens: TokenStream) -> Self {
        Self {
            path: path.to_owned(),
            docs: docs.to_owned(),
            tokens,
            tidy: true,
            imported: BTreeSet::new(),
        }
    }

    /// A module that only declares or re-exports other modules.
    fn plain(path: &str, docs: &str, tokens: TokenStream) -> Self {
        Self {
            tidy: false,
            ..Self::new(path, docs, tokens)
        }
    }

    fn text(&self, header: &str, deprecates: bool) -> syn::Result<String> {
        let mut file: syn::File = syn::parse2(self.tokens.clone())?;
        if self.tidy {
            imports::tidy(&mut file.items, &self.imported);
        }
        if deprecates && (self.path.starts_with("models") || self.path.starts_with("operations")) {
            file.attrs.push(syn::parse_quote!(
                #![allow(deprecated, reason = "the document deprecates what this has to name")]
            ));
        }
        let text = macros::set(&prettyplease::unparse(&file));
        let text = blank_lines::between_items(&text);
        let docs: String = self
            .docs
            .lines()
            .map(|line| format!("//! {line}").trim_end().to_owned() + "\n")
            .collect();
        Ok(format!("{header}{docs}\n{text}"))
    }
}

/// The modules for a document with at most one tag: three files, and no features.
fn whole(api: &Api, names: &CrateNames) -> Vec<Module> {
    let client = client::client(api, &names.client);
    let methods = client::methods(api, names, api.operations.iter());
    let operations = api
        .operations
        .iter()
        .map(|operation| operations::operation(api, &names.client, operation));
    let models = models(api, &api.sorted(), BUILDERS);
    vec![
        root(&names.client),
        Module::new(
            "client.rs",
            CLIENT,
            quote!(use super::operations; #client #methods),
        ),
        Module::new("models.rs", MODELS, models),
        Module::new(
            "operations.rs",
            OPERATIONS,
            quote!(use super::models; #(#operations)*),
        ),
    ]
}

fn root(client: &str) -> Module {
    let client = types::ident(client);
    Module::plain(
        "mod.rs",
        ROOT,
        quote! {
            mod client;
            pub mod models;
            pub mod operations;

            pub use client::#client;
        },
    )
}

/// The code of these models and of their builders.
fn models(api: &Api, ids: &[ModelId], docs: &str) -> TokenStream {
    let models = ids.iter().map(|id| models::model(api, *id));
    let builders: Vec<TokenStream> = ids
        .iter()
        .filter_map(|id| builders::builder(api, *id))
        .collect();
    let builders = (!builders.is_empty()).then(|| {
        quote! {
            #[doc = #docs]
            pub mod builder {
                #(#builders)*
            }
        }
    });
    quote!(#(#models)* #builders)
}

/// A type as code outside of the crate writes it, with `models` in scope.
pub fn argument(api: &Api, ty: &Type) -> TokenStream {
    types::Types::new(api, types::From::Operations).plain(ty)
}

/// Whether generated code uses a deprecated item: a field of a model that is built, or any
/// deprecated model.
fn has_deprecated_model(api: &Api) -> bool {
    api.models.iter().any(|model| {
        let fields = model.object().into_iter().flat_map(|object| &object.fields);
        model.deprecated || fields.into_iter().any(|field| field.deprecated)
    })
}
