//! The transforms of a document, in their order.

use super::{
    Options, Stage, deduplicate, drop_undeclared, enums, error_responses, hoist, merge_all_of,
    name, nullable, secrets, select, unions,
};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::document::Document;
use crate::report::Log;

/// A stage that transforms the document as JSON.
pub type Transform = fn(&mut Document, &Options, &mut Log) -> Result<(), Diagnostics>;

/// The transforms between `load` and `api`, in order.
pub const TRANSFORMS: [(Stage, Transform); 12] = [
    (Stage::Deduplicate, deduplicate::run),
    (Stage::Select, select::run),
    (Stage::Name, name::run),
    (Stage::Hoist, hoist::run),
    (Stage::MergeAllOf, merge_all_of::run),
    // Runs again, because merging creates enums and unions. It also lifts objects, which are merged now.
    (Stage::Hoist, hoist::merged),
    (Stage::DropUndeclared, drop_undeclared::run),
    (Stage::Nullable, nullable::run),
    (Stage::Secrets, secrets::run),
    (Stage::ErrorResponses, error_responses::run),
    (Stage::Unions, unions::run),
    (Stage::Enums, enums::run),
];

/// Runs every transform. Reports the errors of all of them: each leaves a document that the next one
/// can read.
pub fn transform(
    document: &mut Document,
    options: &Options,
    log: &mut Log,
) -> Result<(), Diagnostics> {
    let mut problems = Diagnostics::default();
    for (stage, run) in TRANSFORMS {
        if options.skip.contains(&stage) {
            continue;
        }
        if let Err(found) = run(document, options, log) {
            problems.extend(found);
        }
    }
    problems.extend(unused_decisions(document, options));
    problems.or(())
}

/// Refuses each decision about a conflict that the document does not have.
fn unused_decisions(document: &Document, options: &Options) -> Vec<Diagnostic> {
    let conflicts = options.decisions.conflicts.keys();
    let unused = conflicts.filter(|pointer| !document.decided.contains(*pointer));
    let refuse = |pointer: &String| {
        let reason = format!("there is nothing to decide at {pointer}");
        let problem = Diagnostic::of_file(&options.decisions.source, reason);
        problem.mended_by(
            "delete the decision, or correct its pointer; a schema without a type takes only \
             `use: raw`",
        )
    };
    unused.map(refuse).collect()
}
