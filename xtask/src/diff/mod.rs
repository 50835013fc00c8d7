//! `xtask diff`: compares two documents as callers of the generated crates see them.
//!
//! Both documents become an [`Api`], and each `Api` a [`Surface`]: operations and models by name,
//! with types as in Rust. Callers do not see order, prose, unchecked bounds and defaults, nor how a
//! schema is inlined, referenced or combined with `allOf`, so these are not reported. Each change
//! is shown once: of a model, with the operations that it reaches.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::api::Api;
use crate::catch_panic::catch_panic;
use crate::console::{Outcome, Reporter, refused};
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

/// Compare two documents in terms of what callers of the generated crate see: operations, parameters, types and their
/// names, fields, enum values, what is required. It ignores order, prose, and how a
/// schema is inlined or referenced. In place of a document, the `surface.json` of a generated crate can be given.
///
/// Exits with 0, with 1 if a change is not compatible (with --fail-on breaking), and with 2 if a document or the
/// arguments are refused.
#[derive(Debug, Clone, Args)]
pub struct Request {
    /// The OpenAPI 3.0 document that code was written against
    pub old: PathBuf,

    /// The one that comes after it
    pub new: PathBuf,

    /// How to write the changes
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,

    /// What a person decided about both documents, as `regen` takes it
    #[arg(long, value_name = "FILE")]
    pub decisions: Option<PathBuf>,

    /// What makes the run fail: breaking changes, and changes of behaviour
    #[arg(long, value_enum, value_name = "CLASS")]
    pub fail_on: Option<FailOn>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    Breaking,
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
        Err(problems) => return refused(&problems, console),
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
    if request.fail_on == Some(FailOn::Breaking) && breaks {
        Outcome::Stale
    } else {
        Outcome::Done
    }
}

/// The changes, and the version of the new document.
fn read(request: &Request) -> Result<(Vec<Change>, String), Diagnostics> {
    let decisions = Decisions::given(request.decisions.as_deref())?;
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
