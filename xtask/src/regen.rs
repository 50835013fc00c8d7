//! `xtask regen`: generates files from a document.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::api::{Api, unsupported};
use crate::catch_panic::catch_panic;
use crate::cli::{Outcome, Reporter};
use crate::decisions::Decisions;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::diff::{self, Surface};
use crate::document::Document;
use crate::output::{Difference, Output, by_folder, replace};
use crate::print::CrateNames;
use crate::print::code::{self, Code};
use crate::print::reference;
use crate::report::{Log, Report};
use crate::stage::{Options, Stage, cross_check, emit, load, transform, usable};
use crate::standalone::{self, Dependency, file_name};

mod sandbox_copy;
pub(crate) mod targets;

/// The maximum number of changes of the API, and of differences, to list in a screen.
const LINES: usize = 12;

/// The arguments of the command.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Generate a stand-alone crate instead of this workspace's code.
    pub standalone: Option<Standalone>,
    pub check: bool,
    /// List everything instead of a screen.
    pub verbose: bool,
    pub report: Option<PathBuf>,
}

#[derive(Debug, Clone, Default)]
pub struct Standalone {
    pub spec: PathBuf,
    pub out: PathBuf,
    pub name: Option<String>,
    pub auth_dependency: Option<String>,
    pub tags: Vec<String>,
    pub decisions: Option<PathBuf>,
    pub strict: bool,
    /// See [`Options::skip`].
    #[doc(hidden)]
    pub skip: Vec<Stage>,
}

/// Runs the command.
pub fn run(request: &Request, console: &mut dyn Reporter) -> Outcome {
    let mut report = Report::default();
    let result = match &request.standalone {
        Some(standalone) => of_its_own(standalone, &mut report),
        None => targets::run(&mut report),
    };
    let mut problems = Diagnostics::default();
    let result = result.map_err(|found| problems.extend(found));
    // Checked before anything is written: if the report cannot be written, nothing is.
    if let Some(path) = &request.report
        && let Err(error) = replace(path, &report.render(&problems))
    {
        let reason = format!("the report cannot be written: {error}");
        problems.push(Diagnostic::of_file(path.display().to_string(), reason));
    }
    let outcome = match result {
        Ok(output) if problems.is_empty() => {
            compare(&output, request.verbose, console);
            finish(&output, request, &mut problems, console)
        }
        _ => Outcome::Refused,
    };
    problems.sort();
    for problem in report.log.warnings().iter().chain(problems.iter()) {
        console.problem(problem);
    }
    outcome
}

/// Writes the output of another command.
pub fn write(output: Result<Output, Diagnostics>, console: &mut dyn Reporter) -> Outcome {
    let mut problems = Diagnostics::default();
    let outcome = match output {
        Ok(output) => finish(&output, &Request::default(), &mut problems, console),
        Err(found) => {
            problems.extend(found);
            Outcome::Refused
        }
    };
    for problem in problems.iter() {
        console.problem(problem);
    }
    outcome
}

fn finish(
    output: &Output,
    request: &Request,
    problems: &mut Diagnostics,
    console: &mut dyn Reporter,
) -> Outcome {
    let result = output.differences().and_then(|differences| {
        if request.check {
            return Ok(list(&differences, request.verbose, console));
        }
        let written = output.write()?;
        if request.verbose {
            for path in &written.wrote {
                console.line(&format_args!("wrote {path}"));
            }
            for path in &written.removed {
                console.line(&format_args!("removed {path}"));
            }
        } else {
            for line in by_folder(&differences, ["new", "changed", "removed"]) {
                console.line(&line);
            }
        }
        console.line(&format_args!("unchanged: {} files", written.unchanged));
        Ok(Outcome::Done)
    });
    result.unwrap_or_else(|error| {
        problems.push(Diagnostic::of_file(
            "the generated files",
            error.to_string(),
        ));
        Outcome::Refused
    })
}

/// Lists what `--check` found. Many differences are counted by folder.
fn list(differences: &[Difference], verbose: bool, console: &mut dyn Reporter) -> Outcome {
    if differences.is_empty() {
        return Outcome::Done;
    }
    if verbose || differences.len() <= LINES {
        for difference in differences {
            console.line(difference);
        }
    } else {
        for line in by_folder(differences, ["missing", "stale", "orphaned"]) {
            console.line(&line);
        }
        console.line(&"--verbose lists the files and their differences");
    }
    Outcome::Stale
}

fn of_its_own(request: &Standalone, report: &mut Report) -> Result<Output, Diagnostics> {
    let mut problems = Diagnostics::default();
    let name = request.name.as_deref().map(standalone::checked).transpose();
    let name = name.map_err(|reason| problems.push(Diagnostic::of_file("--name", reason)));
    let dependency = Dependency::of(request.auth_dependency.as_deref(), &request.out)
        .map_err(|reason| problems.push(Diagnostic::of_file("--auth-dependency", reason)));
    let source = request.spec.display().to_string();
    let decisions = match &request.decisions {
        Some(path) => Decisions::read(path, &path.display().to_string())?,
        None => Decisions::default(),
    };
    let options = Options {
        tags: request.tags.clone(),
        decisions,
        strict: request.strict,
        skip: request.skip.clone(),
    };
    let header = Header {
        command: standalone::command(request),
        source: file_name(&request.spec),
        names: name
            .as_ref()
            .ok()
            .and_then(|name| Some(CrateNames::of_crate(name.as_deref()?))),
    };
    let generated = generated(&request.spec, &source, &options, header, report)
        .map_err(|found| problems.extend(found));
    let (Ok(name), Ok(dependency), Ok(generated)) = (name, dependency, generated) else {
        return Err(problems);
    };
    let name = name.unwrap_or_else(|| standalone::default_name(&generated.api.title));
    let mut files = emit::standalone(&name, &dependency, &generated.api, generated.code);
    files.extend(within("src/generated", generated.notes));
    files.extend(within("docs/reference", generated.pages));
    let out = request.out.display().to_string();
    Output::standalone(&request.out, files)
        .map_err(|reason| Diagnostic::of_file(out, reason).into())
}

/// The origin that generated files state. It contains no local path, so the files are identical on
/// every machine.
struct Header {
    command: String,
    source: String,
    /// `None`: from the title of the document.
    names: Option<CrateNames>,
}

struct Generated {
    api: Api,
    code: Code,
    /// The files beside the code, keyed by their names in its folder.
    notes: BTreeMap<String, String>,
    /// The reference pages, keyed by their names in their folder.
    pages: BTreeMap<String, String>,
}

/// Runs a document through all stages.
fn generated(
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
    let header = emit::Header {
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

/// Reports how the document differs from the one used by the previous run.
fn compare(output: &Output, verbose: bool, console: &mut dyn Reporter) {
    for (path, new) in output.files() {
        if !path.ends_with(emit::SURFACE) {
            continue;
        }
        // On the first run there is nothing to compare with.
        let old = output.present(path);
        let Some(old) = old.filter(|old| old != new) else {
            continue;
        };
        if let (Some(old), Some(new)) = (Surface::read(&old), Surface::read(new)) {
            let changes = diff::changes(&old, &new);
            let text = diff::text(&changes);
            let lines: Vec<&str> = text.trim_end().lines().collect();
            let shown = if verbose { lines.len() } else { LINES };
            let shown = &lines[..lines.len().min(shown)];
            console.line(&format_args!("the API: {}", shown.join("\n")));
            if lines.len() > shown.len() {
                let left = lines.len() - shown.len();
                console.line(&format_args!(
                    "… and {left} more changes: --verbose lists them"
                ));
            }
        }
    }
}

fn within(folder: &str, files: BTreeMap<String, String>) -> BTreeMap<String, String> {
    files
        .into_iter()
        .map(|(name, content)| (format!("{folder}/{name}"), content))
        .collect()
}
