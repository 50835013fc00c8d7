//! `xtask diff`: compares two documents as callers of the generated crates see them.
//!
//! Both documents become an [`Api`], and each `Api` a [`Surface`]: operations and models by name,
//! with types as in Rust. Callers do not see order, prose, unchecked bounds and defaults, nor how a
//! schema is inlined, referenced or combined with `allOf`, so these are not reported. Each change
//! is shown once: of a model, with the operations that it reaches.

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::api::Api;
use crate::catch_panic::catch_panic;
use crate::console::{Outcome, Reporter};
use crate::decisions::Decisions;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::report::Log;
use crate::stage::transforms::transform;
use crate::stage::{Options, load};

mod change;
mod models;
mod operations;
mod reach;
mod renames;
mod render;
mod surface;

pub use change::{Change, Class, Kind, Place};
pub use render::{json, markdown, text};
pub use surface::{Shape, Surface};

/// The arguments of the command.
#[derive(Debug, Clone)]
pub struct Request {
    pub old: PathBuf,
    pub new: PathBuf,
    pub format: Format,
    pub decisions: Option<PathBuf>,
    /// Whether changes that are not compatible make the run fail.
    pub fail_on_breaking: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A heading for each operation and model, and a line for each change
    Text,
    /// The section of a changelog
    Markdown,
    /// An array of `{kind, operation, model, path, before, after, class, operations, contents}`
    Json,
}

/// Compares two documents and prints the changes. Fails on breaking changes if requested.
pub fn run(request: &Request, console: &mut dyn Reporter) -> Outcome {
    let (changes, version) = match read(request) {
        Ok(found) => found,
        Err(problems) => {
            for problem in problems.iter() {
                console.problem(problem);
            }
            return Outcome::Refused;
        }
    };
    let rendered = match request.format {
        Format::Text => text(&changes),
        Format::Markdown => markdown(&changes, &version),
        Format::Json => json(&changes),
    };
    console.line(&rendered.trim_end());
    let breaks = changes
        .iter()
        .any(|change| change.class != Class::Compatible);
    if request.fail_on_breaking && breaks {
        Outcome::Stale
    } else {
        Outcome::Done
    }
}

/// The changes, and the version of the new document.
fn read(request: &Request) -> Result<(Vec<Change>, String), Diagnostics> {
    let decisions = match &request.decisions {
        Some(path) => Decisions::read(path, &path.display().to_string())?,
        None => Decisions::default(),
    };
    let options = Options {
        decisions,
        ..Options::default()
    };
    let mut problems = Diagnostics::default();
    let mut one = |path: &Path| {
        surface(path, &options)
            .map_err(|found| problems.extend(found))
            .ok()
    };
    let (old, new) = (one(&request.old), one(&request.new));
    match (old, new) {
        (Some(old), Some(new)) => {
            let changes = catch_panic(|| changes(&old, &new))
                .map_err(|reason| Diagnostics::from(Diagnostic::of_file("diff", reason)))?;
            Ok((changes, new.version))
        }
        _ => Err(problems),
    }
}

/// Reads a document, or the surface that `regen` stored beside the generated code.
fn surface(path: &Path, options: &Options) -> Result<Surface, Diagnostics> {
    // `load` reports a file that cannot be read.
    let stored = std::fs::read_to_string(path).ok();
    if let Some(surface) = stored.as_deref().and_then(Surface::read) {
        return Ok(surface);
    }
    let source = path.display().to_string();
    let mut document = load::run(path, &source, options)?;
    let mut log = Log::default();
    let gave_up = |reason| Diagnostics::from(Diagnostic::of_file(source.as_str(), reason));
    catch_panic(|| {
        transform(&mut document, options, &mut log)?;
        Ok(Surface::of(&Api::of(&document, &mut log)))
    })
    .map_err(gave_up)?
}

/// All differences: operations first, then models, each sorted by name and path.
pub fn changes(old: &Surface, new: &Surface) -> Vec<Change> {
    let renames = renames::Renames::of(old, new);
    let mut changes = operations::changes(old, new, &renames);
    changes.extend(models::changes(old, new, &renames));
    changes.sort();
    changes
}
