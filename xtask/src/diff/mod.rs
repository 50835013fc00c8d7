//! `xtask diff`: compares two documents as a user of the generated crate sees them.
//!
//! Users do not see order, prose, bounds and defaults, nor how a schema is inlined, named,
//! referenced or combined with `allOf`. So documents are not compared as text. Each operation of
//! both documents is walked in both at once, with everything resolved between it and its properties
//! (`node`). Each difference is classified by its effect on code that was written against the old
//! document (`change`).

use std::path::PathBuf;

use clap::ValueEnum;

use crate::cli::{Outcome, Reporter};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::document::Document;
use crate::stage::{Options, load};

mod alike;
mod change;
mod models;
mod node;
mod operations;
mod render;
mod schemas;
mod surface;
mod unions;

pub use change::{Change, Class, Kind};
pub use render::{json, markdown, text};
pub use surface::surface;

/// The arguments of the command.
#[derive(Debug, Clone)]
pub struct Request {
    pub old: PathBuf,
    pub new: PathBuf,
    pub format: Format,
    /// Whether breaking changes make the run fail.
    pub fail_on_breaking: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One line for each change
    Text,
    /// The section of a changelog
    Markdown,
    /// An array of `{kind, operation, path, before, after, class}`
    Json,
}

/// Compares two documents and prints the changes. Fails on breaking changes if requested.
pub fn run(request: &Request, console: &mut dyn Reporter) -> Outcome {
    let (changes, new) = match read(request) {
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
        Format::Markdown => markdown(&changes, &new),
        Format::Json => json(&changes),
    };
    console.line(&rendered.trim_end());
    let breaks = changes.iter().any(|change| change.class == Class::Breaking);
    if request.fail_on_breaking && breaks {
        Outcome::Stale
    } else {
        Outcome::Done
    }
}

fn read(request: &Request) -> Result<(Vec<Change>, Document), Diagnostics> {
    let mut problems = Diagnostics::default();
    let mut one = |path: &PathBuf| {
        load::run(path, &path.display().to_string(), &Options::default())
            .map_err(|found| problems.extend(found))
            .ok()
    };
    let (old, new) = (one(&request.old), one(&request.new));
    match (old, new) {
        (Some(old), Some(new)) => {
            let changes = crate::catch_panic::catch_panic(|| changes(&old, &new))
                .map_err(|reason| Diagnostics::from(Diagnostic::of_file("diff", reason)))?;
            Ok((changes, new))
        }
        _ => Err(problems),
    }
}

/// All differences: operations first, each operation's sorted by path.
pub fn changes(old: &Document, new: &Document) -> Vec<Change> {
    let mut changes = operations::changes(old, new);
    changes.extend(models::changes(old, new));
    changes.sort();
    changes.dedup();
    changes
}
