//! The command line.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};

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
    Conformance(Conformance),
    Diff(Diff),
    Adopt(Adopt),
    Release(Release),
}

/// Check that the crates can be published: changelog, versions, manifests, packages, and that the packed
/// crates compile without this checkout. Publishes nothing; RELEASING.md names all steps.
///
/// Exits with 0 when every check passes, 1 when one fails, and 2 when a check cannot run.
#[derive(Debug, Args)]
struct Release {
    /// List the steps of a release that are missing (repository, date in the changelog, tag, clean checkout)
    /// instead of failing because of them
    #[arg(long)]
    dry_run: bool,
}

/// Make openapi/waas2.yaml of a release of Cobo's document: its facts, and our texts from
/// openapi/words.
///
/// Exits with 0 when the document is written or complete, 1 when texts are missing or have no place
/// any more, or the document is stale (with --check), and 2 when an input is refused.
#[derive(Debug, Args)]
struct Adopt {
    /// The release, an OpenAPI 3.0 document
    #[arg(value_name = "RELEASE", required_unless_present = "check")]
    release: Option<PathBuf>,

    /// Write nothing: check that openapi/waas2.yaml has all its texts, and no text is left over
    #[arg(long, conflicts_with = "release")]
    check: bool,

    /// List everything instead of a screen
    #[arg(long)]
    verbose: bool,
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

/// Write a program that calls every operation of a document through the crate that `regen` made of it,
/// against a sandbox that checks each request, and that takes every model through JSON and back.
///
/// Run it with the document as its argument. Exits with 2 when the document or the arguments are refused.
#[derive(Debug, Args)]
struct Conformance {
    /// The OpenAPI 3.0 document
    #[arg(long, value_name = "FILE")]
    spec: PathBuf,

    /// The folder of the crate that was generated from it
    #[arg(long, value_name = "DIR")]
    client: PathBuf,

    /// The folder of the program
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// What the crate was generated with
    #[arg(long, value_name = "FILE")]
    decisions: Option<PathBuf>,
}

/// Compare two documents in terms of what callers of the generated crate see: operations, parameters, types and their
/// names, fields, enum values, what is required. It ignores order, prose, and how a
/// schema is inlined or referenced. In place of a document, the `surface.json` of a generated crate can be given.
///
/// Exits with 0, with 1 if a change is not compatible (with --fail-on breaking), and with 2 if a document or the
/// arguments are refused.
#[derive(Debug, Args)]
struct Diff {
    /// The OpenAPI 3.0 document that code was written against
    old: PathBuf,

    /// The one that comes after it
    new: PathBuf,

    /// How to write the changes
    #[arg(long, value_enum, default_value_t = diff::Format::Text)]
    format: diff::Format,

    /// What a person decided about both documents, as `regen` takes it
    #[arg(long, value_name = "FILE")]
    decisions: Option<PathBuf>,

    /// What makes the run fail: breaking changes, and changes of behaviour
    #[arg(long, value_enum, value_name = "CLASS")]
    fail_on: Option<FailOn>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    Breaking,
}

impl From<Diff> for diff::Request {
    fn from(arguments: Diff) -> Self {
        Self {
            old: arguments.old,
            new: arguments.new,
            format: arguments.format,
            decisions: arguments.decisions,
            fail_on_breaking: arguments.fail_on == Some(FailOn::Breaking),
        }
    }
}

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Regen(arguments) => regen::run(&arguments.into(), &mut Console),
        Command::Conformance(arguments) => {
            let output = conformance::run(&arguments.into());
            regen::write(output, &mut Console)
        }
        Command::Diff(arguments) => diff::run(&arguments.into(), &mut Console),
        Command::Adopt(arguments) => {
            let request = adopt::Request {
                release: arguments.release,
                verbose: arguments.verbose,
            };
            adopt::run(&request, &mut Console)
        }
        Command::Release(Release { dry_run }) => {
            release::run(release::Request { dry_run }, &mut Console)
        }
    };
    outcome.into()
}

impl From<Conformance> for conformance::Request {
    fn from(arguments: Conformance) -> Self {
        let Conformance {
            spec,
            client,
            out,
            decisions,
        } = arguments;
        Self {
            spec,
            client,
            decisions,
            out,
            skip: Vec::new(),
        }
    }
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
