//! Runs a document through all stages.

use std::collections::BTreeMap;
use std::path::Path;

use crate::api::{Api, unsupported};
use crate::catch_panic::catch_panic;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::diff::Surface;
use crate::document::Document;
use crate::print::code::{self, Code};
use crate::print::{self, CrateNames, reference};
use crate::report::{Log, Report};
use crate::stage::transforms::transform;
use crate::stage::{Options, cross_check, emit, load, usable};
use crate::standalone;

/// The origin that generated files state. It contains no local path, so the files are identical on
/// every machine.
pub(super) struct Header {
    pub(super) command: String,
    pub(super) source: String,
    /// `None`: from the title of the document.
    pub(super) names: Option<CrateNames>,
}

pub(super) struct Generated {
    pub(super) api: Api,
    pub(super) code: Code,
    /// The files beside the code, keyed by their names in its folder.
    pub(super) notes: BTreeMap<String, String>,
    /// The reference pages, keyed by their names in their folder.
    pub(super) pages: BTreeMap<String, String>,
}

/// Runs a document through all stages.
pub(super) fn generated(
    path: &Path,
    source: &str,
    options: &Options,
    header: Header,
    report: &mut Report,
) -> Result<Generated, Diagnostics> {
    let log = &mut report.log;
    let mut problems = Diagnostics::default();
    // A panic is a defect of the generator. It is reported as a problem, without a stack trace.
    let read = catch_panic(|| read(path, source, options, log, &mut problems));
    let gave_up = |reason| Diagnostics::from(Diagnostic::of_file(source, reason));
    let read = match read {
        Ok(read) => read.filter(|_| problems.is_empty()),
        // Where something was refused before, the rest is not worth a defect report.
        Err(reason) if problems.is_empty() => return Err(gave_up(reason)),
        Err(_) => None,
    };
    let Some((document, api)) = read else {
        return Err(problems);
    };
    let names = header
        .names
        .unwrap_or_else(|| CrateNames::of_crate(&standalone::default_name(&api.title)));
    let header = print::Header {
        command: header.command,
        source: header.source,
        sha256: document.sha256.clone(),
    };
    let written = catch_panic(|| {
        let code = code::print(&api, &names, &header.line())?;
        let notes = emit::notes(&api, Surface::of(&api).write(), &header);
        let pages = reference::pages(&api, &names, Some(&header));
        Ok::<_, Diagnostics>(Generated {
            api,
            code,
            notes,
            pages,
        })
    });
    let generated = written.map_err(gave_up)??;
    report.found(&generated.api);
    Ok(generated)
}

/// Reads and checks a document, and adds the errors of all stages to `problems`. Returns the
/// normalised document and its model.
fn read(
    path: &Path,
    source: &str,
    options: &Options,
    log: &mut Log,
    problems: &mut Diagnostics,
) -> Option<(Document, Api)> {
    let (document, errors) = match load::examine(path, source, options) {
        Ok(found) => found,
        Err(errors) => {
            problems.extend(errors);
            return None;
        }
    };
    load::notes(&document, log);
    problems.extend(errors.iter().cloned());
    let (mut document, options) = usable::part(document, options, &errors)?;
    let mut check = |result: Result<(), Diagnostics>| {
        if let Err(errors) = result {
            problems.extend(errors);
        }
    };
    check(transform(&mut document, &options, log));
    let api = Api::of(&document, log);
    check(unsupported::check(&document, &api));
    check(cross_check::run(&document, &api, log));
    Some((document, api))
}

/// The files, named below a folder.
pub(super) fn within(folder: &str, files: BTreeMap<String, String>) -> BTreeMap<String, String> {
    files
        .into_iter()
        .map(|(name, content)| (format!("{folder}/{name}"), content))
        .collect()
}
