//! Keeps the requested operations, and resolves the objects that they share.
//!
//! Parameters, bodies, responses and headers may be references. They are resolved here once, so
//! that later stages only meet references to schemas. With `--tag`, everything that no kept
//! operation uses is dropped, so a part of a document makes a smaller crate. Without it nothing
//! is dropped, because schemas that no operation uses (webhook payloads) are needed too.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{Options, Stage};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::document::{Document, METHODS, at, entries, items, text};
use crate::media::{self, Media};
use crate::report::Log;

mod origins;
mod prune;
mod targets;

pub fn run(document: &mut Document, options: &Options, log: &mut Log) -> Result<(), Diagnostics> {
    for id in &document.left_out {
        let reason = options.decisions.left_out.get(id);
        let reason = reason.map(String::as_str).unwrap_or_default();
        log.change(Stage::Select, format!("left out {id}: {reason}"));
    }
    targets::name(document, log);
    let origins = origins::parameters(document);
    let mut paths = Map::new();
    for (path, value) in entries(document.root.get("paths")) {
        if path.starts_with("x-") {
            continue;
        }
        let methods = methods(document, path, value, options, log);
        if !methods.is_empty() {
            paths.insert(path.clone(), Value::Object(methods));
        }
    }
    let Some(root) = document.root.as_object_mut() else {
        return Ok(());
    };
    root.insert("paths".to_owned(), Value::Object(paths));
    if let Some(components) = root.get_mut("components").and_then(Value::as_object_mut) {
        for kind in [
            "parameters",
            "requestBodies",
            "responses",
            "headers",
            "examples",
        ] {
            components.shift_remove(kind);
        }
    }
    origins::moved(document, &origins);
    if !options.tags.is_empty() {
        prune::run(document, options, log);
    }
    Ok(())
}

/// Whether `--tag` selects an operation.
pub fn is_selected(operation: &Value, options: &Options) -> bool {
    options.tags.is_empty()
        || tags(operation).any(|tag| options.tags.iter().any(|kept| kept == tag))
}

fn tags(operation: &Value) -> impl Iterator<Item = &str> {
    items(operation.get("tags")).filter_map(Value::as_str)
}

/// Refuses options about tags and operations that the document does not have.
pub(super) fn check(document: &Document, options: &Options, problems: &mut Diagnostics) {
    unknown_tags(document, options, problems);
    unknown_operations(document, options, problems);
}

fn unknown_tags(document: &Document, options: &Options, problems: &mut Diagnostics) {
    let known: BTreeSet<&str> = document
        .operations()
        .flat_map(|place| tags(place.operation))
        .collect();
    for tag in options
        .tags
        .iter()
        .filter(|tag| !known.contains(tag.as_str()))
    {
        let known = known
            .iter()
            .map(|tag| format!("`{tag}`"))
            .collect::<Vec<_>>()
            .join(", ");
        let reason =
            format!("no operation has the tag `{tag}`; the tags of operations are {known}");
        let problem = Diagnostic::of_file(&document.source, reason);
        problems.push(problem.mended_by("correct `--tag`"));
    }
}

/// Refuses decisions about operations that no longer exist, so that they are removed.
fn unknown_operations(document: &Document, options: &Options, problems: &mut Diagnostics) {
    for id in options.decisions.left_out.keys() {
        if !document.left_out.contains(id) {
            let reason =
                format!("the decisions leave out the operation `{id}`, which does not exist");
            let problem = Diagnostic::of_file(&options.decisions.source, reason);
            problems.push(problem.mended_by("delete the decision, or correct the id"));
        }
    }
}

/// Removes the operations that a decision leaves out, so that their defects do not matter.
pub(super) fn leave_out(document: &mut Document, options: &Options) {
    let paths = document
        .root
        .get_mut("paths")
        .and_then(Value::as_object_mut);
    for (_, path) in paths.into_iter().flatten() {
        let Some(path) = path.as_object_mut() else {
            continue;
        };
        path.retain(|method, operation| {
            let id = text(operation, "operationId").unwrap_or_default();
            let left_out =
                METHODS.contains(&method.as_str()) && options.decisions.left_out.contains_key(&id);
            if left_out {
                document.left_out.push(id);
            }
            !left_out
        });
    }
}

fn methods(
    document: &Document,
    path: &str,
    value: &Value,
    options: &Options,
    log: &mut Log,
) -> Map<String, Value> {
    let shared: Vec<Value> = items(value.get("parameters"))
        .filter_map(|parameter| document.resolve(parameter).cloned())
        .collect();
    let mut methods = Map::new();
    for (method, value) in entries(Some(value)) {
        if !METHODS.contains(&method.as_str()) {
            continue;
        }
        let id = text(value, "operationId").unwrap_or_default();
        if !is_selected(value, options) {
            log.change(
                Stage::Select,
                format!("left out {id}: it has none of the requested tags"),
            );
            continue;
        }
        let pointer = at(&at("/paths", path), method);
        let mut inliner = Inliner {
            document,
            log,
            pointer,
        };
        let operation = inliner.operation(value, &shared);
        methods.insert(method.clone(), operation);
    }
    methods
}

struct Inliner<'a> {
    document: &'a Document,
    log: &'a mut Log,
    /// The JSON pointer of the operation.
    pointer: String,
}

impl Inliner<'_> {
    fn change(&mut self, text: &str) {
        self.log
            .change(Stage::Select, format!("{}: {text}", self.pointer));
    }

    fn operation(&mut self, value: &Value, shared: &[Value]) -> Value {
        let mut operation = value.as_object().cloned().unwrap_or_default();
        for (key, what) in [
            ("callbacks", "its callbacks"),
            ("servers", "its own servers"),
        ] {
            if operation.shift_remove(key).is_some() {
                self.change(&format!("left out {what}"));
            }
        }
        let mut parameters: Vec<Value> = Vec::new();
        let identity = |value: &Value| (text(value, "name"), text(value, "in"));
        let own =
            items(value.get("parameters")).filter_map(|parameter| self.document.resolve(parameter));
        // A parameter may be listed twice. The operation's parameters come before the shared ones.
        for parameter in own.chain(shared) {
            if !parameters
                .iter()
                .any(|known| identity(known) == identity(parameter))
            {
                parameters.push(parameter.clone());
            }
        }
        let mut kept: Vec<Value> = parameters
            .into_iter()
            .filter_map(|parameter| self.parameter(parameter))
            .collect();
        if kept.is_empty() {
            operation.shift_remove("parameters");
        } else {
            kept.shrink_to_fit();
            operation.insert("parameters".to_owned(), Value::Array(kept));
        }
        if let Some(body) = value
            .get("requestBody")
            .and_then(|body| self.document.resolve(body))
        {
            let mut body = body.clone();
            self.media(&mut body, "the request body", true);
            operation.insert("requestBody".to_owned(), body);
        }
        let responses = entries(value.get("responses"))
            .filter(|(status, _)| !status.starts_with("x-"))
            .filter_map(|(status, response)| {
                Some((
                    status.clone(),
                    self.response(status, self.document.resolve(response)?),
                ))
            })
            .collect();
        operation.insert("responses".to_owned(), Value::Object(responses));
        Value::Object(operation)
    }

    fn parameter(&mut self, mut parameter: Value) -> Option<Value> {
        let name = text(&parameter, "name").unwrap_or_default();
        let location = text(&parameter, "in").unwrap_or_default();
        // In OpenAPI, the content and security of a request set the first three headers, never a
        // parameter. The client sets the others itself.
        let reserved = [
            "accept",
            "content-type",
            "authorization",
            "biz-api-key",
            "biz-api-nonce",
            "biz-api-signature",
            "content-length",
            "host",
            "transfer-encoding",
            "accept-encoding",
            "connection",
            "content-encoding",
            "cookie",
            "expect",
            "proxy-authorization",
            "te",
            "trailer",
            "upgrade",
        ];
        let header = name.to_ascii_lowercase().replace('_', "-");
        if location == "header" && reserved.contains(&header.as_str()) {
            self.change(&format!(
                "left out the parameter `{name}`: requests set that header"
            ));
            return None;
        }
        let map = parameter.as_object_mut()?;
        if location == "path" && map.get("required") != Some(&Value::Bool(true)) {
            map.insert("required".to_owned(), Value::Bool(true));
            self.change(&format!(
                "made `{name}` required: a path has no optional parts"
            ));
        }
        self.examples(map);
        if let Some(schema) = map.get_mut("schema") {
            let mut untyped = text_of_no_type(schema);
            if let Some(items) = schema.get_mut("items") {
                untyped |= text_of_no_type(items);
            }
            if untyped {
                self.change(&format!("`{name}` has no type: it is read as text"));
            }
        }
        Some(parameter)
    }

    fn response(&mut self, status: &str, response: &Value) -> Value {
        let mut response = response.clone();
        self.media(&mut response, &format!("the response {status}"), false);
        if let Some(map) = response.as_object_mut() {
            map.shift_remove("links");
            if !map.get("description").is_some_and(Value::is_string) {
                map.insert("description".to_owned(), json!(""));
            }
            let headers: Map<String, Value> = entries(map.get("headers"))
                .filter_map(|(name, header)| {
                    Some((name.clone(), self.document.resolve(header)?.clone()))
                })
                .collect();
            if !headers.is_empty() {
                map.insert("headers".to_owned(), Value::Object(headers));
            }
        }
        response
    }

    /// Keeps one media type, under the name that the generated code sends or expects.
    fn media(&mut self, holder: &mut Value, what: &str, is_sent: bool) {
        let (name, kept) = match Media::of(holder) {
            // A server may tell a patch from a document by its media type.
            Media::Json(name) if is_sent => (name.to_owned(), media::of_json(name)),
            Media::Json(name) => (name.to_owned(), "application/json".to_owned()),
            Media::Multipart(name) => (name.to_owned(), "multipart/form-data".to_owned()),
            Media::None | Media::Other(_) => return,
        };
        let Some(content) = holder.get_mut("content").and_then(Value::as_object_mut) else {
            return;
        };
        // The types of a form's parts decide how they are encoded.
        let media = content.get_mut(&name).and_then(Value::as_object_mut);
        if media.is_some_and(|media| media.shift_remove("encoding").is_some()) {
            self.change(&format!("left out the `encoding` of {what}"));
        }
        if content.len() == 1 && name == kept {
            if let Some(media) = content.get_mut(&name).and_then(Value::as_object_mut) {
                self.examples(media);
            }
            return;
        }
        let others: Vec<&str> = content
            .keys()
            .map(String::as_str)
            .filter(|other| *other != name)
            .collect();
        let mut text = format!("{what} is taken as {kept}, not as `{name}`");
        if name == kept {
            text = format!("{what} is taken as {kept}");
        }
        if !others.is_empty() {
            text.push_str(&format!("; left out {}", others.join(", ")));
        }
        let mut media = content.shift_remove(&name).unwrap_or_default();
        if let Some(media) = media.as_object_mut() {
            self.examples(media);
        }
        content.clear();
        content.insert(kept, media);
        self.change(&text);
    }

    fn examples(&self, map: &mut Map<String, Value>) {
        if let Some(examples) = map.get_mut("examples").and_then(Value::as_object_mut) {
            for example in examples.values_mut() {
                if let Some(resolved) = self.document.resolve(example) {
                    *example = resolved.clone();
                }
            }
        }
    }
}

/// Makes a parameter without any type a string, since it is sent as text anyway. Returns whether it
/// changed.
fn text_of_no_type(schema: &mut Value) -> bool {
    let Some(map) = schema.as_object_mut() else {
        return false;
    };
    let says = ["type", "$ref", "enum", "allOf", "oneOf", "anyOf", "not"];
    let shaped = ["properties", "additionalProperties", "items"];
    if says.iter().chain(&shaped).any(|key| map.contains_key(*key)) {
        return false;
    }
    map.insert("type".to_owned(), json!("string"));
    true
}
