//! What a person has to decide about a union, and the decision to write.

use serde_json::{Map, Value};

use super::variants::{ResolvedUnion, Untyped};
use crate::decisions::{keys, or_raw, or_setting, setting};
use crate::diagnostic::Diagnostic;
use crate::document::{Document, at, entries};

/// What is generated where the mapping and a variant name different tags.
pub(super) const BOTH_READ: &str = "both are read as this variant";

/// The problems of a union that has a type, each with what is generated until a person decides.
/// `place` is the pointer of the union in the file.
pub(super) fn of_union(
    document: &Document,
    pointer: &str,
    place: &str,
    resolved: &ResolvedUnion,
) -> Vec<(Diagnostic, &'static str)> {
    let discriminator = at(place, "discriminator");
    let mapping = corrected(document, &at(pointer, "discriminator"), resolved);
    let mapping = mapping.unwrap_or_else(|| {
        let mend = "correct the mapping, or the values that the variants allow";
        or_raw(mend, place)
    });
    // The entry has the whole mapping, and a place may have only one entry.
    let again =
        "the decision of the first problem of this discriminator corrects this, too".to_owned();
    let mut mends = std::iter::once(mapping).chain(std::iter::repeat(again));
    let mut mend = || mends.next().unwrap_or_default();
    let mut problems = Vec::new();
    for contradiction in &resolved.contradictions {
        let problem = document.error(&discriminator, contradiction.reason.as_str());
        problems.push((problem.mended_by(mend()), BOTH_READ));
    }
    for tag in &resolved.lost {
        let message = format!("the mapping maps `{tag}` to no variant");
        let problem = document.error(&discriminator, message);
        let meanwhile = "a value with this tag is read as unknown";
        problems.push((problem.mended_by(mend()), meanwhile));
    }
    for doubt in &resolved.doubts {
        let problem = document.error(place, doubt.message.as_str());
        problems.push((
            problem.mended_by(or_raw(&doubt.mend, place)),
            doubt.meanwhile,
        ));
    }
    problems
}

/// The decision with the mapping that the document means: the values that the variants allow, and
/// placeholders where the document does not tell. `None` if the file has no such mapping.
fn corrected(document: &Document, pointer: &str, resolved: &ResolvedUnion) -> Option<String> {
    let origin = document.origin(pointer)?;
    let mapping = document.original.pointer(&at(&origin, "mapping"))?;
    let mut corrected = Map::new();
    for (tag, target) in entries(Some(mapping)) {
        let mut contradictions = resolved.contradictions.iter();
        let tags = match contradictions.find(|odd| odd.tags.contains(tag)) {
            None => vec![tag.clone()],
            Some(odd) if odd.instead.is_empty() => vec![format!("VALUE of {}", odd.model)],
            Some(odd) => odd.instead.clone(),
        };
        let target = match resolved.lost.contains(tag) {
            true => Value::from("#/components/schemas/VARIANT"),
            false => target.clone(),
        };
        corrected.extend(tags.into_iter().map(|tag| (tag, target.clone())));
    }
    let set = keys(&[("mapping", Value::Object(corrected))]);
    Some(setting(&origin, &set))
}

/// The problem of a union without a type.
pub(super) fn of_untyped(document: &Document, place: &str, untyped: &Untyped) -> Diagnostic {
    let set = untyped.set.as_ref().and_then(|(model, keys)| {
        let origin = document.origin(&at("/components/schemas", model))?;
        Some(or_setting(&untyped.mend, &origin, keys))
    });
    let mend = set.unwrap_or_else(|| untyped.mend.clone());
    let message = format!("the union has no type: {}", untyped.reason);
    document
        .error(place, message)
        .mended_by(or_raw(&mend, place))
}
