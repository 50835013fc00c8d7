//! Compares the operations of two documents.

use std::collections::BTreeMap;

use serde_json::Value;

use super::change::{Change, Changes, Direction, Kind};
use super::node::{Node, operation_id};
use super::schemas::{Known, Walk};
use crate::document::{Document, Place, entries, flag, items, text};

/// An operation and its location in the document.
#[derive(Clone, Copy)]
pub(super) struct Operation<'a> {
    document: &'a Document,
    place: Place<'a>,
}

pub(super) fn operations(document: &Document) -> BTreeMap<String, Operation<'_>> {
    document
        .operations()
        .map(|place| {
            let id = operation_id(place.operation, place.method, place.path);
            (id, Operation { document, place })
        })
        .collect()
}

pub(super) fn changes(old: &Document, new: &Document) -> Vec<Change> {
    let (before, after) = (operations(old), operations(new));
    let mut found = Vec::new();
    let mut known = Known::default();
    for (id, old) in before.iter().filter(|(id, _)| !after.contains_key(*id)) {
        // The same request under another id was renamed.
        let renamed = after
            .iter()
            .any(|(other, new)| !before.contains_key(other) && old.endpoint() == new.endpoint());
        if !renamed {
            let mut changes = Changes::of(Some(id));
            let how = (Direction::Request, false);
            changes.note(Kind::OperationRemoved, "", how, Some(old.endpoint()), None);
            found.extend(changes.found);
        }
    }
    for (id, new) in &after {
        let mut changes = Changes::of(Some(id));
        let how = (Direction::Request, false);
        let same = before.get(id);
        let renamed = before
            .iter()
            .find(|(other, old)| !after.contains_key(*other) && old.endpoint() == new.endpoint());
        let old = match (same, renamed) {
            (Some(old), _) => old,
            (None, Some((other, old))) => {
                let (before, after) = (Some(other.clone()), Some(id.clone()));
                changes.note(Kind::OperationRenamed, "", how, before, after);
                old
            }
            (None, None) => {
                changes.note(Kind::OperationAdded, "", how, None, Some(new.endpoint()));
                found.extend(changes.found);
                continue;
            }
        };
        old.itself(new, &mut changes);
        old.parameters(new, &mut changes);
        found.extend(changes.found);
        for direction in [Direction::Request, Direction::Response] {
            let mut walk = Walk::new(Some(id), direction, known);
            match direction {
                Direction::Request => {
                    old.parameter_schemas(new, &mut walk);
                    old.body(new, &mut walk);
                }
                Direction::Response => old.response(new, &mut walk),
            }
            let (changes, rest) = walk.into_parts();
            known = rest;
            found.extend(changes.found);
        }
    }
    found
}

impl<'a> Operation<'a> {
    /// `GET /wallets/{}`: without the names of path parameters, because these are not sent.
    fn endpoint(&self) -> String {
        format!(
            "{} {}",
            self.place.method.to_ascii_uppercase(),
            self.place.path
        )
    }

    fn itself(&self, new: &Self, changes: &mut Changes) {
        let how = (Direction::Request, false);
        if self.endpoint() != new.endpoint() {
            let (before, after) = (Some(self.endpoint()), Some(new.endpoint()));
            changes.note(Kind::OperationMoved, "", how, before, after);
        }
        let deprecated = |operation: &Self| flag(operation.place.operation, "deprecated");
        match (deprecated(self), deprecated(new)) {
            (false, true) => changes.note(Kind::OperationDeprecated, "", how, None, None),
            (true, false) => changes.note(Kind::OperationUndeprecated, "", how, None, None),
            _ => {}
        }
        let tag = |operation: &Self| {
            let tags = operation.place.operation.get("tags");
            items(tags).find_map(Value::as_str).map(str::to_owned)
        };
        if tag(self) != tag(new) {
            changes.note(Kind::TagChanged, "", how, tag(self), tag(new));
        }
    }

    /// The parameters keyed by location and name, `query.limit`. The operation's own parameters
    /// override those of its path.
    fn all_parameters(&self) -> BTreeMap<String, &'a Value> {
        let shared = self
            .document
            .root
            .get("paths")
            .and_then(|paths| paths.get(self.place.path))
            .and_then(|item| item.get("parameters"));
        let own = self.place.operation.get("parameters");
        items(shared)
            .chain(items(own))
            .filter_map(|parameter| self.document.resolve(parameter))
            .filter_map(|parameter| {
                let (place, name) = (text(parameter, "in")?, text(parameter, "name")?);
                Some((format!("{place}.{name}"), parameter))
            })
            .collect()
    }

    fn parameters(&self, new: &Self, changes: &mut Changes) {
        let (before, after) = (self.all_parameters(), new.all_parameters());
        let required = |parameter: &Value| {
            flag(parameter, "required") || text(parameter, "in").as_deref() == Some("path")
        };
        let kind = |operation: &Self, parameter: &'a Value| {
            let node = Node::of(operation.document, parameter.get("schema")?);
            Some(node.kind().name().to_owned())
        };
        for (path, parameter) in &before {
            if !after.contains_key(path) {
                let how = (Direction::Request, false);
                changes.note(
                    Kind::ParameterRemoved,
                    path,
                    how,
                    kind(self, parameter),
                    None,
                );
            }
        }
        for (path, parameter) in &after {
            let how = (Direction::Request, required(parameter));
            let Some(old) = before.get(path) else {
                changes.note(Kind::ParameterAdded, path, how, None, kind(new, parameter));
                continue;
            };
            match (required(old), required(parameter)) {
                (false, true) => changes.note(Kind::ParameterRequired, path, how, None, None),
                (true, false) => changes.note(Kind::ParameterOptional, path, how, None, None),
                _ => {}
            }
            match (flag(old, "deprecated"), flag(parameter, "deprecated")) {
                (false, true) => changes.note(Kind::ParameterDeprecated, path, how, None, None),
                (true, false) => changes.note(Kind::ParameterUndeprecated, path, how, None, None),
                _ => {}
            }
        }
    }

    fn parameter_schemas(&self, new: &Self, walk: &mut Walk) {
        let before = self.all_parameters();
        for (path, parameter) in new.all_parameters() {
            let schemas = before
                .get(&path)
                .and_then(|old| Some((old.get("schema")?, parameter.get("schema")?)));
            if let Some((old, schema)) = schemas {
                let (old, new) = (Node::of(self.document, old), Node::of(new.document, schema));
                walk.compare(&old, &new, &path);
            }
        }
    }

    /// The media type and schema of a request or response.
    fn content(&self, holder: Option<&'a Value>) -> Option<(&'a str, Option<&'a Value>)> {
        let content = entries(self.document.resolve(holder?)?.get("content"));
        let mut content: Vec<_> = content.collect();
        // Prefer JSON, as the generator does.
        content.sort_by_key(|(name, _)| !name.contains("json"));
        let (name, media) = content.first()?;
        Some((name, media.get("schema")))
    }

    fn body(&self, new: &Self, walk: &mut Walk) {
        let of = |operation: &Self| operation.place.operation.get("requestBody");
        let required = |operation: &Self| {
            let body = of(operation).and_then(|body| operation.document.resolve(body));
            body.is_some_and(|body| flag(body, "required"))
        };
        let how = (Direction::Request, required(new));
        let note = |walk: &mut Walk, kind| walk.changes.note(kind, "request", how, None, None);
        match (self.content(of(self)), new.content(of(new))) {
            (None, None) => {}
            (None, Some(_)) => note(walk, Kind::BodyAdded),
            (Some(_), None) => note(walk, Kind::BodyRemoved),
            (Some(before), Some(after)) => {
                match (required(self), required(new)) {
                    (false, true) => note(walk, Kind::BodyRequired),
                    (true, false) => note(walk, Kind::BodyOptional),
                    _ => {}
                }
                self.media(new, before, after, "request", walk);
            }
        }
    }

    fn success(&self) -> Option<(&'a str, Option<&'a Value>)> {
        let responses = entries(self.place.operation.get("responses"));
        let mut found = responses.filter(|(status, _)| status.starts_with('2'));
        let content = self.content(Some(found.next()?.1))?;
        // Without a schema there is nothing to decode.
        Some(content).filter(|(_, schema)| schema.is_some())
    }

    fn response(&self, new: &Self, walk: &mut Walk) {
        match (self.success(), new.success()) {
            (None, None) => {}
            (None, Some(_)) => walk.note(Kind::ResponseAdded, "response", None, None),
            (Some(_), None) => walk.note(Kind::ResponseRemoved, "response", None, None),
            (Some(before), Some(after)) => self.media(new, before, after, "response", walk),
        }
    }

    fn media(
        &self,
        new: &Self,
        before: (&str, Option<&'a Value>),
        after: (&str, Option<&'a Value>),
        path: &str,
        walk: &mut Walk,
    ) {
        if before.0 != after.0 {
            let (before, after) = (Some(before.0.to_owned()), Some(after.0.to_owned()));
            walk.note(Kind::MediaTypeChanged, path, before, after);
        }
        if let (Some(before), Some(after)) = (before.1, after.1) {
            let (old, new) = (
                Node::of(self.document, before),
                Node::of(new.document, after),
            );
            walk.compare(&old, &new, path);
        }
    }
}
