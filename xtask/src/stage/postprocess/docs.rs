//! Documentation attributes.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, parse_quote};

use super::markdown;

/// Paragraphs of documentation, written one after another.
#[derive(Debug, Clone, Default)]
pub(super) struct Docs(Vec<String>);

impl Docs {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// A paragraph in Markdown of our own.
    pub(super) fn paragraph(mut self, text: impl Into<String>) -> Self {
        let text = text.into();
        if !text.trim().is_empty() {
            self.0.push(text);
        }
        self
    }

    /// Text of the document, made safe for rustdoc.
    pub(super) fn described(self, text: Option<&str>) -> Self {
        match text {
            Some(text) => self.paragraph(markdown::rustdoc(text)),
            None => self,
        }
    }

    /// A paragraph for where nothing has been said so far.
    pub(super) fn or(self, text: impl Into<String>) -> Self {
        if self.0.is_empty() {
            self.paragraph(text)
        } else {
            self
        }
    }

    pub(super) fn when(self, condition: bool, text: impl Into<String>) -> Self {
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
                let line: String = line.chars().filter(|c| !turns_text(*c)).collect();
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
    pub(super) fn tokens(&self) -> TokenStream {
        let lines = self.lines();
        quote!(#(#[doc = #lines])*)
    }

    pub(super) fn attributes(&self) -> Vec<Attribute> {
        self.lines()
            .iter()
            .map(|line| parse_quote!(#[doc = #line]))
            .collect()
    }
}

/// Whether text after it may be shown in another order than it has: the compiler refuses such a
/// comment, which could show code that is not there.
fn turns_text(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
