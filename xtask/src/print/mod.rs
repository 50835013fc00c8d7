//! Printers: they write the output from an [`Api`](crate::api::Api), and read nothing else, neither
//! the document nor the output of another printer.

use heck::ToUpperCamelCase as _;

pub mod api_txt;
pub mod code;
pub(crate) mod docs;
pub(crate) mod example;
pub mod markdown;
pub mod reference;
pub(crate) mod rust_type;

/// The names of a generated crate, as code that uses it writes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrateNames {
    /// The crate: `cobo_oauth`.
    pub library: String,
    /// The type of its client: `OAuthClient`.
    pub client: String,
}

impl CrateNames {
    /// The names of a stand-alone crate: `cobo-my-api` has the client `MyApiClient`.
    pub fn of_crate(name: &str) -> Self {
        let library = name.replace('-', "_");
        let api = library.strip_prefix("cobo_").unwrap_or(&library);
        let api = api.strip_suffix("_client").unwrap_or(api);
        Self {
            client: format!("{}Client", api.to_upper_camel_case()),
            library,
        }
    }
}
