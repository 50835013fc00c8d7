//! `xtask regen`: generates files from a document.

use std::path::PathBuf;

use clap::Args;

use crate::console::{Outcome, Reporter};
use crate::decisions::Decisions;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::diff::{self, Surface};
use crate::output::{Difference, Output, by_folder, replace};
use crate::print::CrateNames;
use crate::report::Report;
use crate::stage::{Options, emit};
use crate::standalone::{self, Dependency, Standalone, file_name};
use generate::{Header, generated, within};

mod generate;
mod sandbox_copy;
pub(crate) mod targets;

/// The maximum number of changes of the API, and of differences, to list in a screen.
const LINES: usize = 12;

/// Generate this workspace's code and reference pages, or a stand-alone crate from any document.
///
/// Exits with 0 when everything is written or nothing is stale, 1 when something is stale (with
/// --check), and 2 when the document or the arguments are refused.
#[derive(Debug, Clone, Default, Args)]
pub struct Request {
    #[command(flatten)]
    pub standalone: Option<Standalone>,

    /// Write nothing: report stale, missing and orphaned files
    #[arg(long)]
    pub check: bool,

    /// List every file, difference and change of the API instead of a screen
    #[arg(long)]
    pub verbose: bool,

    /// Write what was done, as JSON
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
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
    console
        .line(&"run the command without --check to write these files: they are not edited by hand");
    Outcome::Stale
}

fn of_its_own(request: &Standalone, report: &mut Report) -> Result<Output, Diagnostics> {
    let mut problems = Diagnostics::default();
    let name = (request.name.as_deref().map_or(Ok(()), standalone::check))
        .map(|()| request.name.clone())
        .map_err(|reason| problems.push(Diagnostic::of_file("--name", reason)));
    let dependency = Dependency::of(request.auth_dependency.as_deref(), &request.out)
        .map_err(|reason| problems.push(Diagnostic::of_file("--auth-dependency", reason)));
    let source = request.spec.display().to_string();
    let decisions = Decisions::given(request.decisions.as_deref())?;
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
