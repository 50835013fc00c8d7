//! `xtask regen`: generates files from a document.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::api::{Api, limits};
use crate::cli::{Outcome, Say};
use crate::decisions::Decisions;
use crate::diff::{self, Surface};
use crate::output::{Output, replace};
use crate::print::CrateNames;
use crate::print::code::{self, Code};
use crate::print::reference;
use crate::refusal::{Refusal, Refusals};
use crate::report::Report;
use crate::silence;
use crate::stage::{Options, Stage, cross_check, emit, load, transform};
use crate::standalone::{self, file_name};
use crate::workspace::Workspace;

/// A target of this workspace: a document, the folder of its code, and the folder of its reference
/// pages. Both folders contain generated files only.
struct Target {
    document: &'static str,
    /// The crate's name as its examples write it.
    library: &'static str,
    /// The name of its client.
    client: &'static str,
    generated: &'static str,
    reference: &'static str,
}

const TARGETS: [Target; 1] = [Target {
    document: "openapi/oauth.yaml",
    library: "cobo_oauth",
    client: "OAuthClient",
    generated: "crates/cobo-oauth/src/generated",
    reference: "docs/reference",
}];

/// The arguments of the command.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Generate a stand-alone crate instead of this workspace's code.
    pub standalone: Option<Standalone>,
    pub check: bool,
    pub report: Option<PathBuf>,
}

#[derive(Debug, Clone, Default)]
pub struct Standalone {
    pub spec: PathBuf,
    pub out: PathBuf,
    pub crate_name: Option<String>,
    pub tags: Vec<String>,
    pub decisions: Option<PathBuf>,
    pub strict: bool,
    /// See [`Options::skip`].
    #[doc(hidden)]
    pub skip: Vec<Stage>,
}

/// Runs the command.
pub fn run(request: &Request, console: &mut dyn Say) -> Outcome {
    let mut report = Report::default();
    let result = match &request.standalone {
        Some(standalone) => of_its_own(standalone, &mut report),
        None => of_workspace(&mut report),
    };
    let mut refusals = Refusals::default();
    let result = result.map_err(|found| refusals.extend(found));
    // Checked before anything is written: if the report cannot be written, nothing is.
    if let Some(path) = &request.report
        && let Err(error) = replace(path, &report.render(&refusals))
    {
        let reason = format!("the report cannot be written: {error}");
        refusals.push(Refusal::of_file(path.display().to_string(), reason));
    }
    let outcome = match result {
        Ok(output) if refusals.is_empty() => {
            compare(&output, console);
            finish(&output, request.check, &mut refusals, console)
        }
        _ => Outcome::Refused,
    };
    for refusal in refusals.iter() {
        console.refuse(refusal);
    }
    outcome
}

/// Writes the output of another command.
pub fn write(output: Result<Output, Refusals>, console: &mut dyn Say) -> Outcome {
    let mut refusals = Refusals::default();
    let outcome = match output {
        Ok(output) => finish(&output, false, &mut refusals, console),
        Err(found) => {
            refusals.extend(found);
            Outcome::Refused
        }
    };
    for refusal in refusals.iter() {
        console.refuse(refusal);
    }
    outcome
}

fn finish(output: &Output, check: bool, refusals: &mut Refusals, console: &mut dyn Say) -> Outcome {
    let result = if check {
        output.differences().map(|differences| {
            for difference in &differences {
                console.say(difference);
            }
            if differences.is_empty() {
                Outcome::Done
            } else {
                Outcome::Stale
            }
        })
    } else {
        output.write().map(|written| {
            for path in &written.wrote {
                console.say(&format_args!("wrote {path}"));
            }
            for path in &written.removed {
                console.say(&format_args!("removed {path}"));
            }
            console.say(&format_args!("unchanged: {} files", written.unchanged));
            Outcome::Done
        })
    };
    result.unwrap_or_else(|error| {
        refusals.push(Refusal::of_file("the generated files", error.to_string()));
        Outcome::Refused
    })
}

fn of_workspace(report: &mut Report) -> Result<Output, Refusals> {
    let here = std::env::current_dir().ok();
    let workspace = here
        .and_then(|folder| Workspace::above(&folder))
        .ok_or_else(|| {
            Refusal::of_file(
                ".",
                "this is not a checkout of the project (no Cargo.toml with [workspace] beside a \
             folder `openapi` here or above): run it in one, or give --spec and --out",
            )
        })?;
    let mut files = BTreeMap::new();
    let mut folders = Vec::new();
    let mut refusals = Refusals::default();
    for target in &TARGETS {
        let path = workspace.root.join(target.document);
        let header = Header {
            command: "cargo xtask regen".to_owned(),
            source: target.document.to_owned(),
            names: CrateNames {
                library: target.library.to_owned(),
                client: target.client.to_owned(),
            },
        };
        match generated(&path, target.document, &Options::default(), header, report) {
            Ok(generated) => {
                let code = generated.code.files.into_iter();
                let code = code.map(|file| (file.path, file.text)).collect();
                files.extend(within(target.generated, code));
                files.extend(within(target.generated, generated.notes));
                files.extend(within(target.reference, generated.pages));
            }
            Err(found) => refusals.extend(found),
        }
        for folder in [target.generated, target.reference] {
            if !folders.contains(&folder) {
                folders.push(folder);
            }
        }
    }
    let files = refusals.or(files)?;
    Output::folders(&workspace.root, &folders, files)
        .map_err(|error| Refusal::of_file(".", format!("it cannot be listed: {error}")).into())
}

fn of_its_own(request: &Standalone, report: &mut Report) -> Result<Output, Refusals> {
    let mut refusals = Refusals::default();
    let name = standalone::name(request.crate_name.as_deref(), &request.spec)
        .map_err(|reason| refusals.push(Refusal::of_file("--crate-name", reason)));
    let auth =
        standalone::auth_path().map_err(|reason| refusals.push(Refusal::of_file(".", reason)));
    let source = request.spec.display().to_string();
    let decisions = match &request.decisions {
        Some(path) => Decisions::read(path)?,
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
        names: CrateNames::of_crate(name.as_deref().unwrap_or_default()),
    };
    let generated = generated(&request.spec, &source, &options, header, report)
        .map_err(|found| refusals.extend(found));
    let (Ok(name), Ok(auth), Ok(generated)) = (name, auth, generated) else {
        return Err(refusals);
    };
    let mut files = emit::standalone(&name, &auth, &generated.api, generated.code);
    files.extend(within("src/generated", generated.notes));
    files.extend(within("docs/reference", generated.pages));
    let out = request.out.display().to_string();
    Output::standalone(&request.out, files).map_err(|reason| Refusal::of_file(out, reason).into())
}

/// The origin that generated files state. It contains no local path, so the files are identical on
/// every machine.
struct Header {
    command: String,
    source: String,
    names: CrateNames,
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
) -> Result<Generated, Refusals> {
    let mut document = load::run(path, source, options)?;
    let log = &mut report.log;
    load::notes(&document, log);
    // A panic here is a defect of the generator. It is reported as a refusal, without a stack
    // trace.
    let gave_up = |reason| Refusals::from(Refusal::of_file(source, reason));
    silence::panics(|| transform(&mut document, options, log)).map_err(gave_up)??;
    let names = header.names;
    let header = emit::Header {
        command: header.command,
        source: header.source,
        sha256: document.sha256.clone(),
    };
    let api = silence::panics(|| Api::of(&document, log)).map_err(gave_up)?;
    limits::check(&document, &api)?;
    cross_check::run(&document, &api, log)?;
    let written = silence::panics(|| {
        let code = code::print(&api, &names, &header.line())?;
        let notes = emit::notes(&api, Surface::of(&api).write(), &header);
        let pages = reference::pages(&api, &names, Some(&header));
        Ok::<_, Refusals>(Generated {
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

/// Reports how the document differs from the one used by the previous run.
fn compare(output: &Output, console: &mut dyn Say) {
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
            console.say(&format_args!(
                "the API: {}",
                diff::text(&changes).trim_end()
            ));
        }
    }
}

fn within(folder: &str, files: BTreeMap<String, String>) -> BTreeMap<String, String> {
    files
        .into_iter()
        .map(|(name, content)| (format!("{folder}/{name}"), content))
        .collect()
}
