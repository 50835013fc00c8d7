//! Builds documentation attributes.

use proc_macro2::TokenStream;
use quote::quote;

use super::markdown;
use crate::api::Model;

/// A sequence of documentation paragraphs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Docs(Vec<String>);

impl Docs {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds a paragraph of our own Markdown.
    pub(crate) fn paragraph(mut self, text: impl Into<String>) -> Self {
        let text = text.into();
        if !text.trim().is_empty() {
            self.0.push(text);
        }
        self
    }

    /// Adds text of the document, escaped for rustdoc.
    pub(crate) fn described(self, text: Option<&str>) -> Self {
        match text {
            Some(text) => self.paragraph(markdown::rustdoc(text)),
            None => self,
        }
    }

    /// Adds a paragraph if the docs have no paragraph yet.
    pub(crate) fn or(self, text: impl Into<String>) -> Self {
        if self.0.is_empty() {
            self.paragraph(text)
        } else {
            self
        }
    }

    pub(crate) fn when(self, condition: bool, text: impl Into<String>) -> Self {
        if condition {
            self.paragraph(text)
        } else {
            self
        }
    }

    fn lines(&self) -> Vec<String> {
        let text = self.0.join("\n\n");
        text.trim()
            .lines()
            .map(|line| {
                let line = markdown::shown(line);
                let line = line.trim_end();
                if line.is_empty() {
                    String::new()
                } else {
                    format!(" {line}")
                }
            })
            .collect()
    }

    /// One `#[doc]` for each line, so that each is printed as `/// text`.
    pub(crate) fn tokens(&self) -> TokenStream {
        let lines = self.lines();
        quote!(#(#[doc = #lines])*)
    }
}

/// The permissions that an operation needs, and whether it is sent without an organization's token.
pub(crate) fn permissions(scopes: &[String], credential: bool) -> String {
    let names: Vec<String> = scopes.iter().map(|scope| format!("`{scope}`")).collect();
    let needs = match names.as_slice() {
        [] => String::new(),
        [one] => format!("Needs the permission {one}."),
        several => format!("Needs the permissions {}.", several.join(", ")),
    };
    let without = "Carries no access token, whatever credential the client has.";
    let without = if credential { "" } else { without };
    format!("{needs} {without}").trim().to_owned()
}

/// The documentation of a model, and its `#[deprecated]` attribute.
pub(crate) fn head(model: &Model) -> TokenStream {
    let docs = Docs::new()
        .described(model.description.as_deref())
        .or(format!("`{}`.", model.name))
        .tokens();
    let deprecated = deprecated(model.deprecated);
    quote!(#docs #deprecated)
}

/// `#[deprecated]`, if the document deprecates the item.
pub(crate) fn deprecated(deprecated: bool) -> Option<TokenStream> {
    deprecated.then(|| quote!(#[deprecated]))
}
