//! Refuses operations that no client can be generated for.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::super::Options;
use super::super::select::is_selected;
use crate::decisions::leaving_out;
use crate::diagnostic::Diagnostics;
use crate::document::{Document, Place, at, entries, item, items, reference, text};
use crate::media::Media;
use crate::rust_name;

pub(super) fn check(document: &Document, options: &Options, problems: &mut Diagnostics) {
    let mut check = Check {
        document,
        problems,
        operation: None,
    };
    for (path, value) in entries(document.root.get("paths")) {
        if path.starts_with("x-") {
            continue;
        }
        if !path.starts_with('/') {
            let problem = document.error(&at("/paths", path), "a path starts with `/`");
            check
                .problems
                .push(problem.mended_by("correct the path in the document"));
        }
        if reference(value).is_some() {
            // The target of the reference already defines the same operation ids.
            let reason = "a path item cannot be a reference (`$ref`)";
            let problem = document.error(&at("/paths", path), reason);
            check
                .problems
                .push(problem.mended_by("write the path item out here"));
        }
    }
    check.ids();
    check.paths();
    // Operations that are left out may use unsupported features.
    for place in document
        .operations()
        .filter(|place| is_selected(place.operation, options))
    {
        check.operation = text(place.operation, "operationId");
        check.body(place);
        check.successes(place);
        check.parameters(place);
    }
}

/// Names each operation that has no id after its method and path, differently from all others.
pub(super) fn name(document: &mut Document) {
    let mut named = Vec::new();
    let ids = document
        .operations()
        .filter_map(|place| place.operation.get("operationId")?.as_str());
    let mut taken: BTreeSet<String> = ids.map(rust_name::field).collect();
    for place in document.operations() {
        if place.operation.is_object() && place.operation.get("operationId").is_none() {
            let wanted = rust_name::field(&format!("{}-{}", place.method, place.path));
            let mut id = wanted.clone();
            let mut number = 2;
            while !taken.insert(rust_name::field(&id)) {
                id = format!("{wanted}{number}");
                number += 1;
            }
            named.push((place.pointer(), id));
        }
    }
    for (pointer, id) in named {
        document
            .ignored_defects
            .push(format!("{pointer}: it has no operationId: it is {id}"));
        if let Some(Value::Object(operation)) = document.root.pointer_mut(&pointer) {
            operation.insert("operationId".to_owned(), Value::String(id));
        }
    }
}

struct Check<'a> {
    document: &'a Document,
    problems: &'a mut Diagnostics,
    /// The id of the operation that is checked. Its problem may be in a component.
    operation: Option<String>,
}

impl Check<'_> {
    fn refuse(&mut self, pointer: &str, reason: impl Into<String>) {
        let mut problem = self.document.error(pointer, reason);
        if let Some(id) = &self.operation {
            problem = problem.mended_by(leaving_out(id));
        }
        self.problems.push(problem);
    }

    /// Refuses duplicate ids. Ids that differ only in case are duplicates, because both become the
    /// same method name. Missing ids are refused together with other missing keys.
    fn ids(&mut self) {
        let mut seen: BTreeMap<String, (&str, String)> = BTreeMap::new();
        for place in self.document.operations() {
            let Some(id) = place.operation.get("operationId").and_then(Value::as_str) else {
                continue;
            };
            let pointer = at(&place.pointer(), "operationId");
            if !id.chars().any(char::is_alphanumeric) {
                self.refuse(
                    &pointer,
                    format!("the operation id `{id}` has no letter or digit"),
                );
                continue;
            }
            let method = rust_name::field(id);
            let reason = match seen.get(&method) {
                Some((first, holder)) if *first == id => {
                    format!("the operation id `{id}` is taken by {holder}")
                }
                Some((first, holder)) => format!(
                    "the operation ids `{id}` and `{first}` ({holder}) are both `{method}` in Rust"
                ),
                None => {
                    seen.insert(method, (id, place.pointer()));
                    continue;
                }
            };
            self.refuse(&pointer, reason);
        }
    }

    /// Refuses methods and paths that the client could not send unchanged.
    fn paths(&mut self) {
        for place in self.document.operations() {
            self.operation = text(place.operation, "operationId");
            if matches!(place.method, "options" | "trace") {
                let reason = format!("an operation of {} is not supported", place.method);
                self.refuse(&place.pointer(), reason);
            }
            let fixed = place.path.split(['{', '}']).step_by(2).collect::<String>();
            let plain =
                |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~!$&'()*+,;=:@".contains(&byte);
            let dots = place
                .path
                .split('/')
                .any(|segment| matches!(segment, "." | ".."));
            if !fixed.bytes().all(plain) || dots || place.path.contains("//") {
                let reason = "this path would be written in another way before it is signed: it \
                              has a query, an escape, an empty segment, or a dot for one";
                self.refuse(&at("/paths", place.path), reason);
            }
        }
        self.operation = None;
    }

    fn body(&mut self, place: Place<'_>) {
        let Some(body) = place.operation.get("requestBody") else {
            return;
        };
        let pointer = at(&place.pointer(), "requestBody");
        let Some((pointer, body)) = self.document.follow(body, &pointer) else {
            return;
        };
        let content = at(&pointer, "content");
        match Media::of(body) {
            Media::Json(_) => {}
            Media::None => {
                if body.get("content").is_some_and(Value::is_object) {
                    self.refuse(
                        &content,
                        "a request body without a media type cannot be sent",
                    );
                }
            }
            Media::Multipart(name) => {
                let schema = body
                    .pointer(&at(&at("/content", name), "schema"))
                    .and_then(|schema| self.document.resolve(schema));
                let fields = ["properties", "allOf"];
                if !schema.is_some_and(|schema| fields.iter().any(|key| schema.get(*key).is_some()))
                {
                    let reason = "a form has fields: its schema has to be an object's";
                    self.refuse(&at(&content, name), reason);
                }
            }
            Media::Other(name) => self.refuse(
                &at(&content, name),
                format!("a request body of `{name}` is not supported, only application/json"),
            ),
        }
    }

    /// Refuses successes that are not JSON (except of `HEAD`, which has no body), and operations
    /// with several success types, since an operation returns one type. A success
    /// without a body beside them makes that type an `Option`.
    fn successes(&mut self, place: Place<'_>) {
        let pointer = at(&place.pointer(), "responses");
        let mut first: Option<(&str, &Value)> = None;
        if place.method == "head" {
            return;
        }
        let responses = || entries(place.operation.get("responses"));
        let declared = responses().any(|(status, _)| status.starts_with('2'));
        for (status, response) in responses() {
            // Without a declared success, the default response counts as the success.
            if !status.starts_with('2') && (declared || status != "default") {
                continue;
            }
            let pointer = at(&pointer, status);
            let Some((target, response)) = self.document.follow(response, &pointer) else {
                continue;
            };
            let schema = match Media::of(response) {
                Media::None => None,
                Media::Json(name) => response.get("content").and_then(|content| {
                    content
                        .get(name)?
                        .get("schema")
                        .and_then(|schema| self.document.resolve(schema))
                }),
                Media::Multipart(name) | Media::Other(name) => {
                    let reason =
                        format!("a response of `{name}` is not supported, only application/json");
                    self.refuse(&at(&at(&target, "content"), name), reason);
                    continue;
                }
            };
            let Some(schema) = schema else { continue };
            match first {
                None => first = Some((status, schema)),
                Some((_, same)) if same == schema => {}
                Some((other, _)) => {
                    let reason = format!(
                        "the success responses {other} and {status} have different schemas: an \
                         operation returns one type"
                    );
                    self.refuse(&pointer, reason);
                }
            }
        }
    }

    /// Checks the parameters of the path item and of the operation, which overrides the path
    /// item's.
    fn parameters(&mut self, place: Place<'_>) {
        let path_item = at("/paths", place.path);
        // For each name and location: the list that contains the parameter, and its definition.
        let mut seen: BTreeMap<(&str, &str), (&String, &Value)> = BTreeMap::new();
        let inherited = items(
            self.document
                .root
                .pointer(&path_item)
                .and_then(|value| value.get("parameters")),
        );
        let own = items(place.operation.get("parameters"));
        let path_item = at(&path_item, "parameters");
        let operation = at(&place.pointer(), "parameters");
        let all = own
            .enumerate()
            .map(|(index, value)| (value, item(&operation, index), &operation))
            .chain(
                inherited
                    .enumerate()
                    .map(|(index, value)| (value, item(&path_item, index), &path_item)),
            );
        for (value, pointer, holder) in all {
            let Some((target, value)) = self.document.follow(value, &pointer) else {
                continue;
            };
            let get = |key| value.get(key).and_then(Value::as_str);
            let (Some(name), Some(location)) = (get("name"), get("in")) else {
                continue;
            };
            self.parameter(value, &target, location);
            match seen.get(&(name, location)) {
                None => {
                    seen.insert((name, location), (holder, value));
                }
                // An operation overrides the parameters of its path.
                Some((of, same)) if *of != holder || *same == value => {}
                Some(_) => {
                    let reason = format!(
                        "the {location} parameter `{name}` has two different definitions in this list"
                    );
                    self.refuse(&pointer, reason);
                }
            }
        }
        let declared: Vec<&str> = seen
            .keys()
            .filter(|(_, location)| *location == "path")
            .map(|(name, _)| *name)
            .collect();
        self.template(place, &declared);
    }

    fn parameter(&mut self, value: &Value, pointer: &str, location: &str) {
        if !matches!(location, "path" | "query" | "header") {
            let reason = format!("a parameter in `{location}` is not supported");
            return self.refuse(&at(pointer, "in"), reason);
        }
        let usual = if location == "query" {
            "form"
        } else {
            "simple"
        };
        match value.get("style").and_then(Value::as_str) {
            Some(style) if style != usual => {
                let reason = format!("the style `{style}` is not supported in `{location}`");
                self.refuse(&at(pointer, "style"), reason);
            }
            _ => {}
        }
        if value.get("content").is_some() {
            let reason = "a parameter with `content` is not supported, only with `schema`";
            self.refuse(&at(pointer, "content"), reason);
        } else if value.get("schema").is_none() {
            self.refuse(pointer, "a parameter needs `schema`");
        }
    }

    /// Checks that the placeholders of the path and the declared path parameters are the same.
    fn template(&mut self, place: Place<'_>, declared: &[&str]) {
        let Some(places) = template(place.path) else {
            return self.refuse(
                &at("/paths", place.path),
                "the braces of this path do not match",
            );
        };
        for name in &places {
            if !declared.contains(name) {
                let reason = format!(
                    "the path has `{{{name}}}`, but no path parameter (`in: path`) has that name"
                );
                self.refuse(&place.pointer(), reason);
            }
        }
        for name in declared {
            if !places.contains(name) {
                let reason = format!(
                    "the parameter `{name}` is in `path`, but the path has no `{{{name}}}`"
                );
                self.refuse(&place.pointer(), reason);
            }
        }
    }
}

/// The names in a path template; `None` if the template is malformed.
fn template(path: &str) -> Option<Vec<&str>> {
    let mut names = Vec::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}')?;
        if before.contains('}')
            || name.is_empty()
            || name.contains(['{', '/'])
            || names.contains(&name)
        {
            return None;
        }
        names.push(name);
        rest = after;
    }
    (!rest.contains('}')).then_some(names)
}
