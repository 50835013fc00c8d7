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
use crate::catalog::{Catalog, KIND};
use crate::document::{Document, flag};
use crate::refusal::Refusals;
use crate::report::Log;
use crate::schema::{self, Holder};
use crate::silence;

mod blame;
mod convert;
mod limits;
mod unread;
pub mod upload;

/// What a property with `x-cobo-secret` is in Rust.
const SECRET: &str = "cobo_model::Secret";
/// What a number is that need not be an integer: an `f64` would round it.
const NUMBER: &str = "cobo_model::Number";
/// What a file of an upload is.
const FILE: &str = "cobo_model::File";

pub fn run(document: &Document, catalog: &Catalog, log: &mut Log) -> Result<syn::File, Refusals> {
    limits::check(document, catalog)?;
    let mut read = document.clone();
    unread::drop(&mut read.root);
    let mut root = read.root.clone();
    hide_enums(&mut root);
    let secrets = type_secrets(&mut root);
    if secrets > 0 {
        log.change(
            Stage::Generate,
            format!("{secrets} properties are `{SECRET}`"),
        );
    }
    let numbers = type_numbers(&mut root);
    if numbers > 0 {
        log.change(Stage::Generate, format!("{numbers} schemas are `{NUMBER}`"));
    }
    for operation in upload::hide(&mut root, catalog) {
        log.change(
            Stage::Generate,
            format!("{operation}: its form is sent as bytes, since a stream cannot be signed"),
        );
    }
    let api = convert::openapi(&read, root)?;
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
        .with_crate("cobo-model", CrateVers::Any, None);
    let tokens = silence::panics(|| Generator::new(&settings).generate_tokens(api))?
        .map_err(|error| error.to_string())?;
    syn::parse2(tokens).map_err(|error| format!("progenitor's output is not Rust: {error}"))
}

/// Takes away the values of the enums that are written later: typify would try to name them itself.
fn hide_enums(root: &mut Value) {
    schema::each_mut(root, &mut |_, schema, _| {
        if let Some(map) = schema.as_object_mut()
            && map.contains_key(KIND)
        {
            map.shift_remove("enum");
        }
    });
}

/// Gives each schema that has `x-cobo-secret` the Rust type of secrets.
fn type_secrets(value: &mut Value) -> usize {
    let mut found = 0;
    if flag(value, "x-cobo-secret") {
        set_type(value, SECRET);
        found += 1;
    }
    found
        + match value {
            Value::Object(entries) => entries.values_mut().map(type_secrets).sum(),
            Value::Array(items) => items.iter_mut().map(type_secrets).sum(),
            _ => 0,
        }
}

/// Gives each number that need not be an integer a type that keeps all of its digits.
fn type_numbers(root: &mut Value) -> usize {
    let mut found = 0;
    schema::each_mut(root, &mut |_, schema, holder| {
        let is_number = schema.get("type").and_then(Value::as_str) == Some("number");
        // A component of that type has a name of its own, around a number.
        if is_number && holder != Holder::Component {
            set_type(schema, NUMBER);
            found += 1;
        }
    });
    found
}

fn set_type(schema: &mut Value, path: &str) {
    if let Some(schema) = schema.as_object_mut() {
        schema.insert(
            "x-rust-type".to_owned(),
            json!({"crate": "cobo-model", "version": "*", "path": path}),
        );
    }
}
