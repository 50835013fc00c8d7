//! Checks that the crates can be published: changelog, versions, manifests, packages, and that the packages
//! build without this checkout. Publishing itself is a person's step, described in `RELEASING.md`.

mod changelog;
mod manifest;
mod packed;
mod problem;
mod run;

use std::path::Path;
use std::process::Command;

use clap::Args;

use crate::console::{Outcome, Reporter};
use crate::workspace::Workspace;
use manifest::Manifests;
use problem::Problem;
use run::{output, read};

/// Check that the crates can be published: changelog, versions, manifests, packages, and that the packed
/// crates compile without this checkout. Publishes nothing; RELEASING.md names all steps.
///
/// Exits with 0 when every check passes, 1 when one fails, and 2 when a check cannot run.
#[derive(Debug, Clone, Copy, Args)]
pub struct Request {
    /// List the steps of a release that are missing (repository, date in the changelog, tag, clean checkout)
    /// instead of failing because of them
    #[arg(long)]
    pub dry_run: bool,
}

/// Runs all checks and reports all problems.
pub fn run(request: Request, reporter: &mut dyn Reporter) -> Outcome {
    let Some(workspace) = Workspace::find() else {
        reporter.problem(&"error: this is not a checkout of the project");
        return Outcome::Refused;
    };
    match checked(&workspace.root, reporter) {
        Ok(problems) => concluded(&problems, request, reporter),
        Err(reason) => {
            reporter.problem(&format!("error: {reason}"));
            Outcome::Refused
        }
    }
}

/// Returns the problems, or why a check could not run.
fn checked(root: &Path, reporter: &mut dyn Reporter) -> Result<Vec<Problem>, String> {
    let manifests = Manifests::load(root)?;
    let version = manifests.version()?.to_owned();
    let mut problems = manifests.problems();
    problems.extend(changelog::problems(
        &read(&root.join("CHANGELOG.md"))?,
        &version,
    ));
    problems.extend(repository_problems(root, &version)?);
    reporter.line(&format!(
        "changelog, versions and manifests of {version} checked"
    ));

    // Cargo cannot pack crates whose versions do not match.
    if has_fault(&problems) {
        return Ok(problems);
    }
    let packages = packed::pack(root, &manifests)?;
    let names: Vec<_> = packages.iter().map(|package| &*package.name).collect();
    reporter.line(&format!("order: {}", names.join(", ")));
    for package in &packages {
        problems.extend(package.problems(root)?);
        reporter.line(&format!(
            "{} packed: {} files, {} bytes",
            package.name,
            package.files.len(),
            package.bytes
        ));
    }
    if !has_fault(&problems) {
        problems.extend(packed::build(root, &manifests, &packages)?);
        reporter.line(&"the packed crates checked by the compiler, with all features");
    }
    Ok(problems)
}

fn has_fault(problems: &[Problem]) -> bool {
    let is_fault = |problem: &Problem| matches!(problem, Problem::Fault(_));
    problems.iter().any(is_fault)
}

fn concluded(problems: &[Problem], request: Request, reporter: &mut dyn Reporter) -> Outcome {
    for problem in problems {
        reporter.problem(problem);
    }
    if has_fault(problems) || !(request.dry_run || problems.is_empty()) {
        return Outcome::Stale;
    }
    reporter.line(match request.dry_run {
        true => &"the crates can be published, after the steps above if any",
        false => &"ready: publish with `cargo publish --workspace`",
    });
    Outcome::Done
}

/// What is published must be a commit with the release's tag.
fn repository_problems(root: &Path, version: &str) -> Result<Vec<Problem>, String> {
    let mut problems = Vec::new();
    let changed = output(Command::new("git").current_dir(root).args([
        "status",
        "--porcelain",
        "--untracked-files=all",
    ]))?;
    if !changed.is_empty() {
        problems.push(Problem::StepMissing("commit all changes".to_owned()));
    }
    let tag = format!("v{version}");
    let tags = output(
        Command::new("git")
            .current_dir(root)
            .args(["tag", "--points-at", "HEAD"]),
    )?;
    if !tags.lines().any(|line| line == tag) {
        problems.push(Problem::StepMissing(format!(
            "tag the commit as `{tag}` (`git tag {tag}`)"
        )));
    }
    Ok(problems)
}
