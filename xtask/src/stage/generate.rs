//! Runs progenitor over the transformed document.
//!
//! Progenitor reads `openapiv3` types and panics on what it does not expect, so what its output
//! could not express is refused first (`limits`), and a panic is turned into refusals of the
//! operations and schemas that cause it (`blame`).

use openapiv3::OpenAPI;
use progenitor::{CrateVers, GenerationSettings, Generator, HooksMode, InterfaceStyle};
use quote::quote;
use serde_json::{Value, json};

use super::Stage;
use crate::catalog::Catalog;
use crate::document::{Document, flag};
use crate::refusal::Refusals;
use crate::report::Log;

mod blame;
mod convert;
mod limits;
mod silence;

/// What a property with `x-cobo-secret` is in Rust.
const SECRET: &str = "cobo_auth::Secret";

pub fn run(document: &Document, catalog: &Catalog, log: &mut Log) -> Result<syn::File, Refusals> {
    limits::check(document, catalog)?;
    let mut root = document.root.clone();
    let secrets = type_secrets(&mut root);
    if secrets > 0 {
        log.change(
            Stage::Generate,
            format!("{secrets} properties are `{SECRET}`"),
        );
    }
    let api = convert::openapi(document, root)?;
    match progenitor(&api) {
        Ok(file) => Ok(file),
        Err(reason) => Err(blame::refusals(document, &api, &reason)),
    }
}

/// Progenitor's output, or why there is none.
fn progenitor(api: &OpenAPI) -> Result<syn::File, String> {
    let mut settings = GenerationSettings::default();
    settings
        .with_interface(InterfaceStyle::Builder)
        .with_hooks(HooksMode::Expected)
        .with_inner_type(quote!(::cobo_auth::Client))
        .with_map_type("::std::collections::BTreeMap")
        .with_crate("cobo-auth", CrateVers::Any, None);
    let tokens = silence::panics(|| Generator::new(&settings).generate_tokens(api))?
        .map_err(|error| error.to_string())?;
    syn::parse2(tokens).map_err(|error| format!("progenitor's output is not Rust: {error}"))
}

/// Gives each schema that has `x-cobo-secret` the Rust type of secrets.
fn type_secrets(value: &mut Value) -> usize {
    let mut found = 0;
    if flag(value, "x-cobo-secret")
        && let Some(schema) = value.as_object_mut()
    {
        schema.insert(
            "x-rust-type".to_owned(),
            json!({"crate": "cobo-auth", "version": "*", "path": SECRET}),
        );
        found += 1;
    }
    found
        + match value {
            Value::Object(entries) => entries.values_mut().map(type_secrets).sum(),
            Value::Array(items) => items.iter_mut().map(type_secrets).sum(),
            _ => 0,
        }
}
