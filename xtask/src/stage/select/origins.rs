//! Remembers where the parameters of operations are in the file, since they are written out in their
//! operations.

use std::collections::BTreeMap;

use crate::document::{Document, at, item, items, text};

/// An operation's pointer, and the name and location of one of its parameters.
pub(super) type Place = (String, Option<String>, Option<String>);

/// The pointers of the parameters, which may be shared.
pub(super) fn parameters(document: &Document) -> BTreeMap<Place, String> {
    let mut found = BTreeMap::new();
    for place in document.operations() {
        let operation = place.pointer();
        for holder in [operation.clone(), at("/paths", place.path)] {
            let list = at(&holder, "parameters");
            for (index, parameter) in items(document.root.pointer(&list)).enumerate() {
                if let Some((pointer, value)) = document.follow(parameter, &item(&list, index)) {
                    let key = (operation.clone(), text(value, "name"), text(value, "in"));
                    found.entry(key).or_insert(pointer);
                }
            }
        }
    }
    found
}

/// Records where the parameters of operations come from.
pub(super) fn moved(document: &mut Document, origins: &BTreeMap<Place, String>) {
    let mut moves = Vec::new();
    for place in document.operations() {
        let operation = place.pointer();
        let list = at(&operation, "parameters");
        for (index, value) in items(place.operation.get("parameters")).enumerate() {
            let key = (operation.clone(), text(value, "name"), text(value, "in"));
            let to = item(&list, index);
            if let Some(from) = origins.get(&key).filter(|from| **from != to) {
                moves.push((from.clone(), to));
            }
        }
    }
    for (from, to) in moves {
        document.moved(&from, &to);
    }
}
