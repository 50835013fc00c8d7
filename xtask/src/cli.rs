//! The command line.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::console::Console;
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
    Regen(regen::Request),
    Conformance(conformance::Request),
    Diff(diff::Request),
    Adopt(adopt::Request),
    Release(release::Request),
}

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Regen(request) => regen::run(&request, &mut Console),
        Command::Conformance(request) => regen::write(conformance::run(&request), &mut Console),
        Command::Diff(request) => diff::run(&request, &mut Console),
        Command::Adopt(request) => adopt::run(&request, &mut Console),
        Command::Release(request) => release::run(request, &mut Console),
    };
    outcome.into()
}
