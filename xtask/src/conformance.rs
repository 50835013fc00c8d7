//! `xtask conformance`: generates a program that calls every operation of a document through its generated client, and
//! round-trips every model through JSON.
//!
//! Most of the program is handwritten (`templates/conformance`). The generated part only maps names to values: which
//! method takes the parameter `wallet_id`, and its type. `cobo-sandbox` makes the values. It reads the document
//! independently, so an error in the generator's reading is not repeated.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use serde_json::Value;
use syn::{Expr, parse_quote};

use crate::api::{Api, Location, Operation, Type, unsupported};
use crate::decisions::Decisions;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::document::{at, reference};
use crate::output::Output;
use crate::print::{CrateNames, code};
use crate::regen::targets;
use crate::report::Log;
use crate::stage::transforms::TRANSFORMS;
use crate::stage::{Options, Stage, load};
use crate::standalone;
use crate::workspace::Workspace;

const CARGO: &str = include_str!("../templates/conformance/Cargo.toml.in");
const MAIN: &str = include_str!("../templates/conformance/main.rs");
const CALL: &str = include_str!("../templates/conformance/call.rs");
const MODEL: &str = include_str!("../templates/conformance/model.rs");
const ODD: &str = include_str!("../templates/conformance/odd.rs");
const RECORD: &str = include_str!("../templates/conformance/record.rs");

/// Write a program that calls every operation of a document through the crate that `regen` made of it,
/// against a sandbox that checks each request, and that takes every model through JSON and back.
///
/// Run it with the document as its argument. Exits with 2 when the document or the arguments are refused.
#[derive(Debug, Clone, Default, Args)]
pub struct Request {
    /// The OpenAPI 3.0 document
    #[arg(long, value_name = "FILE")]
    pub spec: PathBuf,

    /// The folder of the crate that was generated from it
    #[arg(long, value_name = "DIR")]
    pub client: PathBuf,

    /// The folder of the program
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,

    /// What the crate was generated with
    #[arg(long, value_name = "FILE")]
    pub decisions: Option<PathBuf>,

    /// See [`Options::skip`].
    #[arg(skip)]
    #[doc(hidden)]
    pub skip: Vec<Stage>,
}

/// Generates the files of the program.
pub fn run(request: &Request) -> Result<Output, Diagnostics> {
    let source = request.spec.display().to_string();
    let refuse = |reason: String| Diagnostics::from(Diagnostic::of_file(".", reason));
    let auth = standalone::auth_path().map_err(refuse)?;
    let crates = Workspace::find().map(|workspace| workspace.root.join("crates"));
    let sandbox = crates.as_ref().map(|crates| crates.join("cobo-sandbox"));
    let client = request.client.canonicalize().map_err(|error| {
        let reason = format!("the client's folder cannot be read: {error}");
        Diagnostics::from(Diagnostic::of_file(
            request.client.display().to_string(),
            reason,
        ))
    })?;
    let name = std::fs::read_to_string(client.join("Cargo.toml"))
        .ok()
        .and_then(|manifest| package_name(&manifest))
        .ok_or_else(|| {
            let reason = "the client's folder has no Cargo.toml with a `name`: generate it first";
            Diagnostics::from(Diagnostic::of_file(
                request.client.display().to_string(),
                reason,
            ))
        })?;
    let decisions = Decisions::given(request.decisions.as_deref())?;
    let options = Options {
        decisions,
        skip: request.skip.clone(),
        ..Options::default()
    };
    let Program {
        named,
        calls,
        models,
    } = program(&request.spec, &source, &options)?;
    // A crate that was generated from the same document elsewhere has the same package name, but its
    // client is named after the package.
    let shipped = crates.and_then(|crates| crates.join(&name).canonicalize().ok());
    let client_type = match targets::client_of(&name) {
        Some(shipped_client) if shipped.as_ref() == Some(&client) => shipped_client.to_owned(),
        _ => CrateNames::of_crate(&name).client,
    };
    let text = |path: &Path| Value::from(path.to_string_lossy().replace('\\', "/")).to_string();
    let manifest = CARGO
        .replace("@client@", &Value::from(name).to_string())
        .replace("@client_path@", &text(&client))
        .replace(
            "@model@",
            &Value::from(standalone::model_path(&auth)).to_string(),
        )
        .replace("@auth@", &Value::from(auth).to_string())
        .replace("@sandbox@", &text(&sandbox.unwrap_or_default()));
    let files = BTreeMap::from([
        ("Cargo.toml".to_owned(), manifest),
        ("named.json".to_owned(), named.to_string()),
        ("src/main.rs".to_owned(), MAIN.to_owned()),
        (
            "src/call.rs".to_owned(),
            CALL.replace("GeneratedClient", &client_type),
        ),
        ("src/model.rs".to_owned(), MODEL.to_owned()),
        ("src/odd.rs".to_owned(), ODD.to_owned()),
        ("src/record.rs".to_owned(), RECORD.to_owned()),
        ("src/calls.rs".to_owned(), prettyplease::unparse(&calls)),
        ("src/models.rs".to_owned(), prettyplease::unparse(&models)),
    ]);
    let out = request.out.display().to_string();
    Output::standalone(&request.out, files)
        .map_err(|reason| Diagnostic::of_file(out, reason).into())
}

/// The name of the package, in a manifest that `regen` wrote.
fn package_name(manifest: &str) -> Option<String> {
    let value = manifest
        .lines()
        .find_map(|line| line.strip_prefix("name = "))?;
    serde_json::from_str(value).ok()
}

/// The generated program.
struct Program {
    /// The document after all schemas that become models are named; it is still plain OpenAPI.
    named: Value,
    calls: syn::File,
    models: syn::File,
}

fn program(path: &Path, source: &str, options: &Options) -> Result<Program, Diagnostics> {
    let mut document = load::run(path, source, options)?;
    let mut log = Log::default();
    let mut named = Value::Null;
    for (stage, transform) in TRANSFORMS {
        if !options.skip.contains(&stage) {
            transform(&mut document, options, &mut log)?;
        }
        if stage == Stage::DropUndeclared {
            named = document.root.clone();
        }
    }
    let api = Api::of(&document, &mut log);
    unsupported::check(&document, &api)?;
    require_bodies(&api, &mut named);
    Ok(Program {
        named,
        calls: calls(&api),
        models: models(&api),
    })
}

/// Requires the bodies that the client requires. A document may leave out whether a body is required
/// although its schema has required properties.
fn require_bodies(api: &Api, document: &mut Value) {
    for operation in &api.operations {
        if !operation.body.as_ref().is_some_and(|body| body.required) {
            continue;
        }
        let mut pointer = at(&operation.pointer, "requestBody");
        let target = document.pointer(&pointer).and_then(reference);
        if let Some(target) = target.and_then(|target| target.strip_prefix('#')) {
            pointer = target.to_owned();
        }
        if let Some(Value::Object(body)) = document.pointer_mut(&pointer) {
            body.insert("required".to_owned(), Value::Bool(true));
        }
    }
}

/// Generates a function for each operation, and the list of these functions.
fn calls(api: &Api) -> syn::File {
    let functions = api.operations.iter().map(|operation| {
        let name = format_ident!("{}", operation.rust);
        let sets = sets(api, operation);
        quote! {
            fn #name<'a>(client: &'a crate::call::Client, given: &'a mut Given) -> Calling<'a> {
                Box::pin(async move {
                    let mut call = client.#name();
                    #(#sets)*
                    answered(call.send().await)
                })
            }
        }
    });
    let entries = api.operations.iter().map(|operation| {
        let (id, name) = (&operation.id, format_ident!("{}", operation.rust));
        quote!((#id, #name))
    });
    parse_quote! {
        //! Which method takes which value. Written by `xtask conformance`.
        #![allow(deprecated, unused_mut, unused_variables, unused_imports)]

        use client::models;

        use crate::call::{Call, Calling, Given, answered};

        pub const ALL: &[(&str, Call)] = &[#(#entries),*];

        #(#functions)*
    }
}

/// The setter calls for an operation's parameters and body.
fn sets(api: &Api, operation: &Operation) -> Vec<TokenStream> {
    let taken = operation.parameters.iter().map(|parameter| {
        let name = &parameter.wire;
        let from: Expr = match parameter.location {
            Location::Path => parse_quote!(given.path),
            Location::Query => parse_quote!(given.query),
            Location::Header => parse_quote!(given.header),
        };
        (
            &parameter.rust,
            parameter.ty.clone(),
            quote!(#from),
            quote!((#name)),
        )
    });
    let body = operation.body.as_ref().map(|body| {
        let ty = Type::Model(body.model);
        (&body.rust, ty, quote!(given.body), quote!(()))
    });
    taken
        .chain(body)
        .map(|(setter, ty, from, arguments)| {
            let setter = format_ident!("{setter}");
            let ty = code::argument(api, &ty);
            quote! {
                if let Some(value) = #from::<#ty>#arguments? {
                    call = call.#setter(value);
                }
            }
        })
        .collect()
}

/// Generates the list of the client's models.
fn models(api: &Api) -> syn::File {
    let entries = api.models.iter().map(|model| {
        let (name, ty) = (&model.name, format_ident!("{}", model.rust));
        quote!((#name, round_trip::<models::#ty>))
    });
    parse_quote! {
        //! Every model by its name in the document. Written by `xtask conformance`.
        #![allow(deprecated)]

        use client::models;

        use crate::model::{RoundTrip, round_trip};

        pub const ALL: &[(&str, RoundTrip)] = &[#(#entries),*];
    }
}
