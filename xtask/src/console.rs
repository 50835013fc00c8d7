//! The outcome and the messages of a command.

use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

use crate::diagnostic::Diagnostics;

/// The outcome of a run, which sets the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Done,
    Stale,
    Refused,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        Self::from(match outcome {
            Outcome::Done => 0,
            Outcome::Stale => 1,
            Outcome::Refused => 2,
        })
    }
}

/// Receives the messages of a run.
pub trait Reporter {
    /// Writes a line about work done or a difference found, to stdout.
    fn line(&mut self, line: &dyn Display);
    /// Writes a line about a problem or failure, to stderr.
    fn problem(&mut self, line: &dyn Display);
}

/// Reports why a command cannot run.
pub(crate) fn refused(problems: &Diagnostics, reporter: &mut dyn Reporter) -> Outcome {
    for problem in problems.iter() {
        reporter.problem(problem);
    }
    Outcome::Refused
}

/// The terminal.
pub struct Console;

// Write errors are ignored: a closed reader (`| head`) must not change the outcome of the run.
impl Reporter for Console {
    fn line(&mut self, line: &dyn Display) {
        let _ = writeln!(std::io::stdout().lock(), "{line}");
    }

    fn problem(&mut self, line: &dyn Display) {
        let _ = writeln!(std::io::stderr().lock(), "{line}");
    }
}
