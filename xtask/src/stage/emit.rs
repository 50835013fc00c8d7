//! Writes the files beside the code: those of a stand-alone crate, and notes for people and tools.

use std::collections::BTreeMap;

use crate::api::Api;
use crate::print::{Header, api_txt};

mod standalone;

pub use standalone::{features, standalone};

/// The notes beside the code: the public API as text for people, and the API surface that the next
/// run compares with.
pub fn notes(api: &Api, surface: String, header: &Header) -> BTreeMap<String, String> {
    let head = header.line().replacen("//", "#", 1);
    let lines = api_txt::print(api);
    let text = format!("{head}# The public API, for reviews.\n\n{lines}");
    BTreeMap::from([(API.to_owned(), text), (SURFACE.to_owned(), surface)])
}

/// The file with the crate's public API as text.
pub const API: &str = "api.txt";
/// The file with the API surface that a comparison reads.
pub const SURFACE: &str = "surface.json";
