//! Media types, as far as they decide what a body is.

use serde_json::Value;

use crate::document::entries;

/// What the generator makes of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Media<'a> {
    /// No media type at all.
    None,
    /// A body of JSON, by the key that it has in the document.
    Json(&'a str),
    Multipart(&'a str),
    /// Something else.
    Other(&'a str),
}

impl<'a> Media<'a> {
    /// Of the media types of a body the one that the generated code sends or reads.
    pub fn of(body: &'a Value) -> Self {
        let names = || entries(body.get("content")).map(|(name, _)| name.as_str());
        if let Some(name) = names().find(|name| is_json(name)) {
            Self::Json(name)
        } else if let Some(name) = names().find(|name| essence(name) == "multipart/form-data") {
            Self::Multipart(name)
        } else {
            names().next().map_or(Self::None, Self::Other)
        }
    }
}

fn is_json(name: &str) -> bool {
    let essence = essence(name);
    // A range that JSON falls into is what some tools write when nothing was said.
    matches!(
        essence.as_str(),
        "application/json" | "*/*" | "application/*"
    ) || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// The media type without its parameters.
fn essence(name: &str) -> String {
    name.split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
}
