//! Reads a document and refuses defects that no later stage could handle.
//!
//! All problems are reported in one run, with their locations, so that a new release of a document
//! is fixed once. Later stages handle what is merely difficult for progenitor. They rely on the
//! shapes that are checked here.

use std::path::Path;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{Options, Stage, select};
use crate::document::Document;
use crate::refusal::{Refusal, Refusals};
use crate::report::Log;

pub(crate) mod enum_docs;
mod marks;
mod operations;
mod references;
mod shape;
mod yaml;

/// Reads the file at `path`. Messages call it `source`.
pub fn run(path: &Path, source: &str, options: &Options) -> Result<Document, Refusals> {
    let bytes = std::fs::read(path).map_err(|error| {
        let reason = match error.kind() {
            std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
            _ => format!("the file cannot be read: {error}"),
        };
        Refusal::of_file(source, reason)
    })?;
    read(&bytes, source, options)
}

/// Reads a document from the bytes of its file.
pub fn read(bytes: &[u8], source: &str, options: &Options) -> Result<Document, Refusals> {
    let not_yaml = |line, reason: &str| Refusal {
        line,
        ..Refusal::of_file(source, format!("this is not YAML: {reason}"))
    };
    let text = std::str::from_utf8(bytes).map_err(|_| not_yaml(None, "the text is not UTF-8"))?;
    let yaml = yaml::read(text).map_err(|(line, reason)| not_yaml(line, &reason))?;
    let mut document = Document {
        source: source.to_owned(),
        sha256: hex::encode(Sha256::digest(bytes)),
        root: yaml.root,
        lines: yaml.lines,
        slips: Vec::new(),
        left_out: Vec::new(),
    };
    let mut refusals = Refusals::default();
    for (pointer, line) in yaml.duplicates {
        let refusal = document.refuse(&pointer, "this key stands twice in its object");
        refusals.push(Refusal {
            line: Some(line),
            ..refusal
        });
    }
    check(&mut document, options, &mut refusals);
    refusals.or(document)
}

/// Reports the parts of the document that the generator ignores.
pub fn notes(document: &Document, log: &mut Log) {
    for slip in &document.slips {
        log.change(Stage::Load, slip.as_str());
    }
    marks::foreign(document, log);
}

/// Refuses the defects of a document that has been read.
pub fn check(document: &mut Document, options: &Options, refusals: &mut Refusals) {
    let Some(version) = version(document, refusals) else {
        return;
    };
    for pointer in ["/openapi", "/info/version"] {
        // YAML reads unquoted `3.0` and `1.0` as numbers.
        if let Some(value @ Value::Number(_)) = document.root.pointer_mut(pointer) {
            *value = Value::String(value.to_string());
        }
    }
    select::leave_out(document, options);
    if version == "3.0" || version.starts_with("3.0.") {
        document.slips = shape::mend(document);
        operations::name(document);
        shape::check(document, refusals);
    } else {
        let reason = format!("OpenAPI {version} is not supported, only OpenAPI 3.0");
        refusals.push(document.refuse("/openapi", reason));
    }
    references::check(document, refusals);
    operations::check(document, options, refusals);
    marks::check(document, refusals);
    enum_docs::check(document, refusals);
}

/// The document's OpenAPI version. A missing version is refused.
fn version(document: &Document, refusals: &mut Refusals) -> Option<String> {
    let reason = match document.root.get("openapi") {
        Some(Value::String(version)) => return Some(version.clone()),
        Some(Value::Number(version)) => return Some(version.to_string()),
        Some(_) => "this is not OpenAPI: `openapi` is not a version",
        None if !document.root.is_object() => "this is not OpenAPI: it is not an object",
        None if document.root.get("swagger").is_some() => {
            "this is Swagger 2, not OpenAPI: convert it to OpenAPI 3.0"
        }
        None => "this is not OpenAPI: it has no key `openapi`",
    };
    let pointer = if document.root.get("openapi").is_some() {
        "/openapi"
    } else {
        ""
    };
    refusals.push(document.refuse(pointer, reason));
    None
}
