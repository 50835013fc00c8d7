//! The command line.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::console::Console;
use crate::standalone::Standalone;
use crate::{adopt, conformance, diff, regen, release};

/// Generates client crates and reference pages from OpenAPI documents.
#[derive(Debug, Parser)]
#[command(name = "xtask", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Regen(Regen),
    Conformance(conformance::Request),
    Diff(diff::Request),
    Adopt(adopt::Request),
    Release(release::Request),
}

/// Generate this workspace's code and reference pages, or a stand-alone crate from any document.
///
/// Exits with 0 when everything is written or nothing is stale, 1 when something is stale (with
/// --check), and 2 when the document or the arguments are refused.
#[derive(Debug, Args)]
struct Regen {
    /// The OpenAPI 3.0 document to generate a stand-alone crate from
    #[arg(long, value_name = "FILE", requires = "out")]
    spec: Option<PathBuf>,

    /// The folder of the stand-alone crate
    #[arg(long, value_name = "DIR", requires = "spec")]
    out: Option<PathBuf>,

    /// The name of the stand-alone crate; `my-api` has the client `MyApiClient` [default: the title of
    /// the document in kebab case]
    #[arg(long, value_name = "NAME", requires = "spec")]
    name: Option<String>,

    /// How the crate of its own depends on `cobo-auth` and `cobo-model`: a version, or the URL of a
    /// git repository, with `#` and a revision [default: the version and relative path of this
    /// checkout]
    #[arg(long, value_name = "VERSION|URL", requires = "spec")]
    auth_dependency: Option<String>,

    /// Keep only operations with this tag, and what they need
    #[arg(long = "tag", value_name = "TAG", requires = "spec")]
    tags: Vec<String>,

    /// What a person decided about the document: conflicts, operations to leave out, and keys to set
    #[arg(long, value_name = "FILE", requires = "spec")]
    decisions: Option<PathBuf>,

    /// Refuse what a person has not decided: conflicts, values without a type, ambiguous unions
    #[arg(long, requires = "spec")]
    strict: bool,

    /// Write nothing: report stale, missing and orphaned files
    #[arg(long)]
    check: bool,

    /// List every file, difference and change of the API instead of a screen
    #[arg(long)]
    verbose: bool,

    /// Write what was done, as JSON
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Regen(arguments) => regen::run(&arguments.into(), &mut Console),
        Command::Conformance(request) => regen::write(conformance::run(&request), &mut Console),
        Command::Diff(request) => diff::run(&request, &mut Console),
        Command::Adopt(request) => adopt::run(&request, &mut Console),
        Command::Release(request) => release::run(request, &mut Console),
    };
    outcome.into()
}

impl From<Regen> for regen::Request {
    fn from(arguments: Regen) -> Self {
        let standalone = match (arguments.spec, arguments.out) {
            (Some(spec), Some(out)) => Some(Standalone {
                spec,
                out,
                name: arguments.name,
                auth_dependency: arguments.auth_dependency,
                tags: arguments.tags,
                decisions: arguments.decisions,
                strict: arguments.strict,
                skip: Vec::new(),
            }),
            // Clap requires both arguments or neither.
            _ => None,
        };
        Self {
            standalone,
            check: arguments.check,
            verbose: arguments.verbose,
            report: arguments.report,
        }
    }
}
