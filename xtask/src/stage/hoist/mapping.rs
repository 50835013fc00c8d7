//! Repairs discriminator targets, so that all are references: some end in `:`, some are bare names.

use serde_json::{Map, Value};

use crate::document::{Document, at, pointer_of};
use crate::report::Log;
use crate::schema;
use crate::stage::Stage;

pub(super) fn mend(document: &mut Document, log: &mut Log) {
    let known: Vec<String> = document
        .components("schemas")
        .map(|(name, _)| at("#/components/schemas", name))
        .collect();
    schema::each_mut(&mut document.root, &mut |pointer, schema, _| {
        let mapping = schema
            .pointer_mut("/discriminator/mapping")
            .and_then(Value::as_object_mut);
        for (tag, target) in mapping.into_iter().flat_map(Map::iter_mut) {
            let Some(written) = target.as_str() else {
                continue;
            };
            if known.iter().any(|known| known == written) {
                continue;
            }
            if let Some(mended) = mended(written, &known) {
                let place = at(&at(pointer, "discriminator/mapping"), tag);
                let place = place.replace("discriminator~1mapping", "discriminator/mapping");
                log.change(Stage::Hoist, format!("{place}: `{written}` is `{mended}`"));
                *target = Value::String(mended);
            }
        }
    });
}

/// The reference that a malformed target means, if that component exists.
fn mended(written: &str, known: &[String]) -> Option<String> {
    let bare = written.trim().trim_end_matches([':', ';', ',']).trim();
    let reference = if pointer_of(bare).is_some() {
        bare.to_owned()
    } else {
        let name = bare.rsplit('/').next().unwrap_or(bare);
        at("#/components/schemas", name)
    };
    known.contains(&reference).then_some(reference)
}
