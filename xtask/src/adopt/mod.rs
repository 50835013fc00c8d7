//! `xtask adopt`: makes `openapi/waas2.yaml` of a release of Cobo's document. The facts are the
//! release's, the texts are ours.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::Value;

use crate::console::{Outcome, Reporter, refused};
use crate::decisions::Decisions;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::document::{Document, at, entries, items, text};
use crate::output::replace;
use crate::stage::load::yaml;
use crate::workspace::Workspace;
use crate::yaml_writer;
use words::Words;

mod facts;
mod inventory;
mod join;
mod screen;
mod unreferenced;
mod words;

/// The document that is written.
const DOCUMENT: &str = "openapi/waas2.yaml";
/// The document whose operations are left out, since it already has them.
const OAUTH: &str = "openapi/oauth.yaml";
const WORDS: &str = "openapi/words";
const DECISIONS: &str = "openapi/decisions/waas2.yaml";

/// Make openapi/waas2.yaml of a release of Cobo's document: its facts, and our texts from
/// openapi/words.
///
/// Exits with 0 when the document is written or complete, 1 when texts are missing or have no place
/// any more, or the document is stale (with --check), and 2 when an input is refused.
#[derive(Debug, Clone, Default, Args)]
pub struct Request {
    /// The release, an OpenAPI 3.0 document
    #[arg(value_name = "RELEASE", required_unless_present = "check")]
    pub release: Option<PathBuf>,

    /// Write nothing: check that openapi/waas2.yaml has all its texts, and no text is left over
    #[arg(long, conflicts_with = "release")]
    pub check: bool,

    /// List everything instead of a screen
    #[arg(long)]
    pub verbose: bool,
}

/// Runs the command.
pub fn run(request: &Request, console: &mut dyn Reporter) -> Outcome {
    let outcome = workspace().and_then(|root| match &request.release {
        Some(release) => adopt(&root, release, request.verbose, console),
        None => check(&root, request.verbose, console),
    });
    outcome.unwrap_or_else(|problems| refused(&problems, console))
}

fn workspace() -> Result<PathBuf, Diagnostics> {
    let reason = "this is not a checkout of the project: run the command in one";
    Workspace::here()
        .map(|workspace| workspace.root)
        .ok_or_else(|| Diagnostic::of_file(".", reason).into())
}

fn adopt(
    root: &Path,
    release: &Path,
    verbose: bool,
    console: &mut dyn Reporter,
) -> Result<Outcome, Diagnostics> {
    let source = release.display().to_string();
    let (_, facts) = read(release, &source)?;
    let decisions = Decisions::read(&root.join(DECISIONS), DECISIONS)?;
    let name = release.file_name().unwrap_or_default().to_string_lossy();
    let header = header(&name);
    let old = root
        .join(DOCUMENT)
        .is_file()
        .then(|| read(&root.join(DOCUMENT), DOCUMENT))
        .transpose()?;
    let joined = join(root, facts, &decisions, true, &source)?;
    let written = format!("{header}{}", yaml_writer::write(&joined.root));
    let is_new = old.as_ref().is_none_or(|(text, _)| *text != written);
    if is_new {
        replace(&root.join(DOCUMENT), &written).map_err(|error| {
            Diagnostic::of_file(DOCUMENT, format!("cannot be written: {error}"))
        })?;
    }
    let old = old.map(|(_, value)| value);
    let state = if is_new { "wrote" } else { "unchanged:" };
    console.line(&format_args!("{state} {DOCUMENT}: {}", joined.counts()));
    screen::changes(old.as_ref(), &joined.root, verbose, console);
    screen::words(&joined.words, &joined.missing, verbose, console);
    Ok(Outcome::Done)
}

/// Fails while a place has no text, a text has no place, or the document does not have the texts of
/// the word files.
fn check(root: &Path, verbose: bool, console: &mut dyn Reporter) -> Result<Outcome, Diagnostics> {
    let (old, facts) = read(&root.join(DOCUMENT), DOCUMENT)?;
    let decisions = Decisions::read(&root.join(DECISIONS), DECISIONS)?;
    let joined = join(root, facts, &decisions, false, DOCUMENT)?;
    let header: String = old
        .split_inclusive('\n')
        .take_while(|line| line.starts_with('#'))
        .collect();
    let written = format!("{header}{}", yaml_writer::write(&joined.root));
    console.line(&format_args!("{DOCUMENT}: {}", joined.counts()));
    screen::words(&joined.words, &joined.missing, verbose, console);
    let is_stale = written != old;
    if is_stale {
        console.line(&format_args!(
            "stale: {DOCUMENT} differs from its release with {WORDS} and {DECISIONS}: run `cargo xtask \
             adopt` with the release"
        ));
    }
    let is_done = !is_stale && joined.missing.is_empty() && joined.words.unused().next().is_none();
    Ok(if is_done {
        Outcome::Done
    } else {
        Outcome::Stale
    })
}

fn header(release: &str) -> String {
    format!(
        "# Written by `cargo xtask adopt {}`; do not edit. The facts are the release's, the texts\n\
         # those of {WORDS}, the marks those of {DECISIONS}.\n",
        release.replace(['\n', '\r'], " ")
    )
}

/// A document with our texts.
struct Joined {
    root: Value,
    words: Words,
    /// The number of texts that were set.
    set: usize,
    missing: Vec<join::Missing>,
    left_out: usize,
}

impl Joined {
    fn counts(&self) -> String {
        let document = Document::from_value(DOCUMENT, self.root.clone());
        format!(
            "{} operations, {} schemas, {} texts at {} places, {} operations left out",
            document.operations().count(),
            document.components("schemas").count(),
            self.words.len(),
            self.set,
            self.left_out
        )
    }
}

/// `is_release`: the document still has the operations that are left out.
fn join(
    root: &Path,
    mut facts: Value,
    decisions: &Decisions,
    is_release: bool,
    source: &str,
) -> Result<Joined, Diagnostics> {
    let (_, ours) = read(&root.join(OAUTH), OAUTH)?;
    let mut words = Words::read(&root.join(WORDS), WORDS)?;
    let mut problems = Diagnostics::default();
    facts::keep(&mut facts);
    let left_out = unreferenced::leave_out(&mut facts, &|path, method, id| {
        ours.pointer(&at(&at("/paths", path), method)).is_some()
            || decisions.left_out.contains_key(id)
    });
    for id in decisions.left_out.keys() {
        if is_release && !left_out.contains(id) {
            let reason = format!("`{source}` has no operation `{id}`: delete this decision");
            problems.push(Diagnostic::of_file(&decisions.source, reason));
        }
    }
    for pointer in decisions.set_marks(&mut facts) {
        let reason = format!("`{source}` has no object here: correct or delete this decision");
        problems.push(Diagnostic {
            pointer: Some(pointer),
            ..Diagnostic::of_file(&decisions.source, reason)
        });
    }
    share(&mut facts, &ours);
    let (set, missing) = join::run(&mut facts, &mut words);
    problems.or(Joined {
        root: facts,
        words,
        set,
        missing,
        left_out: left_out.len(),
    })
}

/// Takes the texts of servers and security schemes from our other document.
fn share(facts: &mut Value, ours: &Value) {
    let servers = facts.get_mut("servers").and_then(Value::as_array_mut);
    for server in servers.into_iter().flatten() {
        let url = text(server, "url");
        let same = items(ours.get("servers")).find(|server| text(server, "url") == url);
        describe(server, same);
    }
    let schemes = facts
        .pointer_mut("/components/securitySchemes")
        .and_then(Value::as_object_mut);
    for (name, scheme) in schemes.into_iter().flatten() {
        let mut known = entries(ours.pointer("/components/securitySchemes"));
        let same = known.find_map(|(known, scheme)| (known == name).then_some(scheme));
        describe(scheme, same);
    }
}

fn describe(value: &mut Value, same: Option<&Value>) {
    if let Some(map) = value.as_object_mut()
        && let Some(description) = same.and_then(|same| text(same, "description"))
    {
        facts::set(map, "description", description);
    }
}

/// Reads a document: its text and its value.
fn read(path: &Path, source: &str) -> Result<(String, Value), Diagnostics> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Diagnostic::of_file(source, format!("cannot be read: {error}")))?;
    let yaml = yaml::read(&text).map_err(|(line, reason)| Diagnostic {
        line,
        ..Diagnostic::of_file(source, reason)
    })?;
    let mut problems = Diagnostics::default();
    for (pointer, line) in yaml.duplicates {
        problems.push(Diagnostic {
            line: Some(line),
            pointer: Some(pointer),
            ..Diagnostic::of_file(source, "this key is duplicated in its object")
        });
    }
    if !yaml.root.get("paths").is_some_and(Value::is_object) {
        let reason = "not an OpenAPI document: it has no `paths`";
        problems.push(Diagnostic::of_file(source, reason));
    }
    problems.or((text, yaml.root))
}
