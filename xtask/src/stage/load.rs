//! Reads a document and refuses defects that no later stage could handle.
//!
//! All problems are reported in one run, with their locations, so that a new release of a document
//! is fixed once. Later stages handle what is merely difficult for progenitor. They rely on the
//! shapes that are checked here.

use std::path::Path;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{Options, Stage, select};
use crate::decisions::{CORRECT, or_leaving_out, setting};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::document::{Document, reference, text};
use crate::report::Log;

pub(crate) mod enum_docs;
mod final_states;
mod idempotency_keys;
mod marks;
mod operations;
mod references;
mod shape;
pub(crate) mod yaml;

/// Reads the file at `path`. Messages call it `source`.
pub fn run(path: &Path, source: &str, options: &Options) -> Result<Document, Diagnostics> {
    read(&bytes(path, source)?, source, options)
}

fn bytes(path: &Path, source: &str) -> Result<Vec<u8>, Diagnostic> {
    std::fs::read(path).map_err(|error| {
        let reason = match error.kind() {
            std::io::ErrorKind::NotFound => "the file does not exist".to_owned(),
            _ => format!("the file cannot be read: {error}"),
        };
        Diagnostic::of_file(source, reason)
    })
}

/// Reads a document from the bytes of its file.
pub fn read(bytes: &[u8], source: &str, options: &Options) -> Result<Document, Diagnostics> {
    let (document, problems) = parse(bytes, source, options)?;
    problems.or(document)
}

/// Reads the file at `path`, and returns the document together with its errors.
pub fn examine(
    path: &Path,
    source: &str,
    options: &Options,
) -> Result<(Document, Diagnostics), Diagnostics> {
    parse(&bytes(path, source)?, source, options)
}

fn parse(
    bytes: &[u8],
    source: &str,
    options: &Options,
) -> Result<(Document, Diagnostics), Diagnostics> {
    let text = std::str::from_utf8(bytes)
        .map_err(|_| Diagnostic::of_file(source, "not valid YAML: the text is not UTF-8"))?;
    let yaml = yaml::read(text).map_err(|(line, reason)| Diagnostic {
        line,
        ..Diagnostic::of_file(source, reason)
    })?;
    let mut document = Document {
        source: source.to_owned(),
        sha256: hex::encode(Sha256::digest(bytes)),
        root: yaml.root,
        lines: yaml.lines,
        ..Document::default()
    };
    let mut problems = Diagnostics::default();
    for (pointer, line) in yaml.duplicates {
        let problem = document
            .error(&pointer, "this key is duplicated in its object")
            .mended_by("delete one of both");
        problems.push(Diagnostic {
            line: Some(line),
            ..problem
        });
    }
    check(&mut document, options, &mut problems);
    let problems = mend(&document, problems);
    Ok((document, problems))
}

/// Adds to each error of an operation how it is left out, and to other errors how a value is set.
fn mend(document: &Document, problems: Diagnostics) -> Diagnostics {
    let operations: Vec<(String, String)> = document
        .operations()
        .filter_map(|place| Some((place.pointer(), text(place.operation, "operationId")?)))
        .collect();
    let id = |pointer: &str| {
        let (_, id) = operations.iter().find(|(operation, _)| {
            let rest = pointer.strip_prefix(operation.as_str());
            // A duplicate id would leave out both operations.
            rest.is_some_and(|rest| {
                rest != "/operationId" && (rest.is_empty() || rest.starts_with('/'))
            })
        })?;
        Some(id.clone())
    };
    let mut mended = Diagnostics::default();
    for problem in problems {
        let pointer = problem.pointer.clone();
        let pointer = pointer.as_deref();
        let mend = match (pointer.and_then(id), problem.mend.as_deref(), pointer) {
            (Some(id), mend, _) => or_leaving_out(mend.unwrap_or(CORRECT), &id),
            (None, None, Some(pointer)) => setting_at(document, pointer),
            _ => {
                mended.push(problem);
                continue;
            }
        };
        mended.push(problem.mended_by(mend));
    }
    mended
}

/// How a decision sets the value at the pointer.
fn setting_at(document: &Document, pointer: &str) -> String {
    let is_object = |pointer: &str| document.root.pointer(pointer).is_some_and(Value::is_object);
    let (mut holder, mut key) = (pointer, "KEY");
    if document.root.pointer(holder).and_then(reference).is_some() {
        key = "$ref";
    }
    while !is_object(holder)
        && let Some((outer, last)) = holder.rsplit_once('/')
    {
        (holder, key) = (outer, last);
    }
    let key = key.replace("~1", "/").replace("~0", "~");
    setting(holder, &format!("{{{}: VALUE}}", Value::from(key)))
}

/// Reports the parts of the document that the generator ignores.
pub fn notes(document: &Document, log: &mut Log) {
    for defect in &document.ignored_defects {
        log.change(Stage::Load, defect.as_str());
    }
    for warning in document.warnings.iter() {
        log.warn(warning.clone());
    }
    marks::foreign(document, log);
}

/// Refuses the defects of a document that has been read.
pub fn check(document: &mut Document, options: &Options, problems: &mut Diagnostics) {
    let Some(version) = version(document, problems) else {
        return;
    };
    for pointer in ["/openapi", "/info/version"] {
        // YAML reads unquoted `3.0` and `1.0` as numbers.
        if let Some(value @ Value::Number(_)) = document.root.pointer_mut(pointer) {
            *value = Value::String(value.to_string());
        }
    }
    select::leave_out(document, options);
    let unknown = options.decisions.set_marks(&mut document.root);
    document.original = document.root.clone();
    if version == "3.0" || version.starts_with("3.0.") {
        document.ignored_defects = shape::mend(document);
        operations::name(document);
        shape::check(document, problems);
    } else {
        let reason = format!("OpenAPI {version} is not supported, only OpenAPI 3.0");
        let problem = document.error("/openapi", reason);
        problems.push(problem.mended_by("convert the document to OpenAPI 3.0"));
    }
    for pointer in unknown {
        let message = "the document has no object here: this decision does nothing";
        let problem = Diagnostic::of_file(&options.decisions.source, message).as_warning();
        document.warnings.push(Diagnostic {
            pointer: Some(pointer),
            ..problem.mended_by("correct the pointer of the decision, or delete the decision")
        });
    }
    references::check(document, problems);
    operations::check(document, options, problems);
    marks::check(document, problems);
    enum_docs::check(document, problems);
    select::check(document, options, problems);
}

/// The document's OpenAPI version. A missing version is refused.
fn version(document: &Document, problems: &mut Diagnostics) -> Option<String> {
    let reason = match document.root.get("openapi") {
        Some(Value::String(version)) => return Some(version.clone()),
        Some(Value::Number(version)) => return Some(version.to_string()),
        Some(_) => "this is not OpenAPI: `openapi` is not a version",
        None if !document.root.is_object() => "this is not OpenAPI: it is not an object",
        None if document.root.get("swagger").is_some() => "this is Swagger 2, not OpenAPI",
        None => "this is not OpenAPI: it has no key `openapi`",
    };
    let pointer = if document.root.get("openapi").is_some() {
        "/openapi"
    } else {
        ""
    };
    let problem = document.error(pointer, reason);
    problems.push(problem.mended_by("give an OpenAPI 3.0 document"));
    None
}
