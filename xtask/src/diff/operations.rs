//! Compares the operations of two surfaces.

use std::collections::BTreeMap;

use super::change::{Change, Changes, Class, Kind, Place};
use super::renames::Renames;
use super::surface::{Body, Operation, Parameter, Surface};

pub(super) fn changes(old: &Surface, new: &Surface, renames: &Renames) -> Vec<Change> {
    let (before, after) = (&old.operations, &new.operations);
    let mut found = Vec::new();
    for (id, operation) in before.iter().filter(|(id, _)| !after.contains_key(*id)) {
        // The same request under another id was renamed.
        let mut others = after.iter().filter(|(id, _)| !before.contains_key(*id));
        if !others.any(|(_, new)| operation.endpoint() == new.endpoint()) {
            let mut changes = Changes::of(Place::Operation(id.clone()), Vec::new());
            let endpoint = Some(operation.endpoint());
            changes.add(Class::Breaking, Kind::Removed, "", endpoint, None);
            found.extend(changes.found);
        }
    }
    for (id, new) in after {
        let mut changes = Changes::of(Place::Operation(id.clone()), Vec::new());
        let renamed = || {
            let mut others = before.iter().filter(|(id, _)| !after.contains_key(*id));
            others.find(|(_, old)| old.endpoint() == new.endpoint())
        };
        match before.get_key_value(id).or_else(renamed) {
            Some((old_id, old)) => {
                let breaking = Class::Breaking;
                changes.differ(breaking, Kind::Renamed, "", old_id, id);
                // Another id has another method and another type.
                if old_id == id {
                    let (before, after) = (&old.rust, &new.rust);
                    changes.differ(breaking, Kind::Renamed, "method", before, after);
                    let (before, after) = (&old.request, &new.request);
                    changes.differ(breaking, Kind::Renamed, "request type", before, after);
                }
                compare(old, new, renames, &mut changes);
            }
            None => {
                let endpoint = Some(new.endpoint());
                changes.add(Class::Compatible, Kind::Added, "", None, endpoint);
            }
        }
        found.extend(changes.found);
    }
    found
}

impl Operation {
    /// `GET /wallets/{wallet_id}`.
    fn endpoint(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

fn compare(old: &Operation, new: &Operation, renames: &Renames, changes: &mut Changes) {
    let breaking = Class::Breaking;
    changes.differ(breaking, Kind::Moved, "", &old.endpoint(), &new.endpoint());
    changes.deprecated("", (old.deprecated, new.deprecated));
    if old.tag != new.tag {
        changes.add(
            breaking,
            Kind::TagChanged,
            "",
            old.tag.clone(),
            new.tag.clone(),
        );
    }
    let repeats = |operation: &Operation| match operation.repeatable {
        true => "repeatable",
        false => "not repeatable",
    };
    let (before, after) = (repeats(old), repeats(new));
    changes.differ(Class::Behaviour, Kind::RepeatableChanged, "", before, after);
    let key = |operation: &Operation| match &operation.idempotency_key {
        Some((property, lookup)) => format!("{property}, found by {lookup}"),
        None => "none".to_owned(),
    };
    let kind = Kind::IdempotencyKeyChanged;
    changes.differ(Class::Behaviour, kind, "", &key(old), &key(new));
    let carries = |operation: &Operation| match operation.without_credential {
        true => "without the client's credential",
        false => "with the client's credential",
    };
    let (before, after) = (carries(old), carries(new));
    changes.differ(Class::Behaviour, Kind::CredentialChanged, "", before, after);
    let scopes = |operation: &Operation| match operation.scopes.as_slice() {
        [] => "none".to_owned(),
        scopes => scopes.join(", "),
    };
    let (before, after) = (scopes(old), scopes(new));
    changes.differ(Class::Behaviour, Kind::ScopesChanged, "", &before, &after);
    parameters(&old.parameters, &new.parameters, renames, changes);
    body(old.body.as_ref(), new.body.as_ref(), renames, changes);
    let success = old.success.as_ref().map(|ty| renames.ty(ty));
    match (&success, &new.success) {
        (None, Some(_)) => {
            changes.add(breaking, Kind::Added, "response", None, new.success.clone());
        }
        (Some(_), None) => {
            changes.add(
                breaking,
                Kind::Removed,
                "response",
                old.success.clone(),
                None,
            );
        }
        (Some(old), Some(new)) => {
            changes.differ(breaking, Kind::TypeChanged, "response", old, new);
        }
        (None, None) => {}
    }
    if old.pages != new.pages {
        let more = old.pages.is_none() || new.pages.as_deref() == Some("pages and items");
        let class = Class::of(!more);
        let (before, after) = (old.pages.clone(), new.pages.clone());
        changes.add(class, Kind::PagesChanged, "", before, after);
    }
}

fn parameters(
    old: &BTreeMap<String, Parameter>,
    new: &BTreeMap<String, Parameter>,
    renames: &Renames,
    changes: &mut Changes,
) {
    for (path, parameter) in old.iter().filter(|(path, _)| !new.contains_key(*path)) {
        let ty = Some(parameter.ty.clone());
        changes.add(Class::Breaking, Kind::Removed, path, ty, None);
    }
    for (path, parameter) in new {
        let Some(before) = old.get(path) else {
            let ty = Some(parameter.ty.clone());
            let class = Class::of(parameter.required);
            changes.add(class, Kind::Added, path, None, ty);
            continue;
        };
        let (old, new) = (&before.rust, &parameter.rust);
        changes.differ(Class::Breaking, Kind::Renamed, path, old, new);
        let old = renames.ty(&before.ty);
        changes.differ(
            Class::Breaking,
            Kind::TypeChanged,
            path,
            &old,
            &parameter.ty,
        );
        required(path, (before.required, parameter.required), changes);
        changes.deprecated(path, (before.deprecated, parameter.deprecated));
    }
}

fn required(path: &str, flags: (bool, bool), changes: &mut Changes) {
    let set = (Class::Breaking, Kind::Required);
    changes.flag(path, flags, set, (Class::Compatible, Kind::Optional));
}

fn body(old: Option<&Body>, new: Option<&Body>, renames: &Renames, changes: &mut Changes) {
    let path = "request";
    match (old, new) {
        (None, None) => {}
        (None, Some(new)) => {
            let ty = Some(new.ty.clone());
            changes.add(Class::of(new.required), Kind::Added, path, None, ty);
        }
        (Some(old), None) => {
            let ty = Some(old.ty.clone());
            changes.add(Class::Breaking, Kind::Removed, path, ty, None);
        }
        (Some(old), Some(new)) => {
            let breaking = Class::Breaking;
            changes.differ(breaking, Kind::Renamed, path, &old.rust, &new.rust);
            let ty = renames.ty(&old.ty);
            changes.differ(breaking, Kind::TypeChanged, path, &ty, &new.ty);
            let (before, after) = (&old.media_type, &new.media_type);
            changes.differ(breaking, Kind::MediaTypeChanged, path, before, after);
            required(path, (old.required, new.required), changes);
        }
    }
}
