//! Classifies the media types of a body.

use serde_json::Value;

use crate::document::entries;

/// The media type that the generator uses for a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Media<'a> {
    /// The body has no media type.
    None,
    /// JSON, with its key in the document.
    Json(&'a str),
    Multipart(&'a str),
    /// Another media type.
    Other(&'a str),
}

impl<'a> Media<'a> {
    /// Chooses the media type that the generated code sends or reads.
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
    // Some tools write a range such as `*/*` when no media type was given; it includes JSON.
    matches!(
        essence.as_str(),
        "application/json" | "*/*" | "application/*"
    ) || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// The media type to send for a media type of JSON: the declared one, or `application/json` for a
/// range.
pub fn of_json(name: &str) -> String {
    let essence = essence(name);
    if essence.ends_with("+json") && !essence.contains('*') {
        essence
    } else {
        "application/json".to_owned()
    }
}

/// The media type without its parameters.
fn essence(name: &str) -> String {
    name.split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
}
