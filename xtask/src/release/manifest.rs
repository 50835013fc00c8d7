//! The manifests of the crates that are published, as `cargo metadata` reports them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use super::problem::Problem;
use super::run::{cargo, output};

/// All packages of the workspace.
#[derive(Debug, Deserialize)]
pub(super) struct Manifests {
    packages: Vec<Package>,
    pub target_directory: PathBuf,
}

/// A package of the workspace.
#[derive(Debug, Deserialize)]
pub(super) struct Package {
    pub name: String,
    pub version: String,
    description: Option<String>,
    license: Option<String>,
    repository: Option<String>,
    rust_version: Option<String>,
    readme: Option<String>,
    keywords: Vec<String>,
    categories: Vec<String>,
    dependencies: Vec<Dependency>,
    metadata: Value,
    /// The registries that it may be published to; `None` means any.
    publish: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
struct Dependency {
    name: String,
    req: String,
    kind: Option<String>,
    path: Option<PathBuf>,
}

impl Manifests {
    pub(super) fn load(root: &Path) -> Result<Self, String> {
        let text = output(cargo(root).args(["metadata", "--no-deps", "--format-version", "1"]))?;
        serde_json::from_str(&text)
            .map_err(|error| format!("cannot read cargo's metadata: {error}"))
    }

    /// The packages without `publish = false`, by name.
    fn published(&self) -> impl Iterator<Item = &Package> {
        self.packages
            .iter()
            .filter(|package| package.publish.as_ref().is_none_or(|list| !list.is_empty()))
    }

    /// The packages that are published, each after those that it depends on.
    pub(super) fn in_order(&self) -> Vec<&Package> {
        let mut rest: BTreeMap<_, _> = self.published().map(|one| (&*one.name, one)).collect();
        let mut ordered = Vec::new();
        while let Some(name) = rest
            .values()
            .find(|package| {
                let mut needed = package.dependencies.iter().filter(|one| !one.is_dev());
                needed.all(|needed| !rest.contains_key(&*needed.name))
            })
            .map(|package| &*package.name)
        {
            ordered.extend(rest.remove(name));
        }
        ordered
    }

    /// The version of the release.
    pub(super) fn version(&self) -> Result<&str, String> {
        let first = self.published().next();
        let first = first.ok_or("no package of the workspace may be published")?;
        Ok(&first.version)
    }

    pub(super) fn problems(&self) -> Vec<Problem> {
        let Ok(version) = self.version() else {
            return Vec::new();
        };
        let mut problems = Vec::new();
        for package in self.published() {
            let name = &package.name;
            if package.version != version {
                problems.push(Problem::Fault(format!(
                    "{name} has version {}, another crate has {version}: all crates have the same one",
                    package.version
                )));
            }
            problems.extend(package.missing().map(Problem::Fault));
            let local = package.dependencies.iter().filter(|one| one.path.is_some());
            problems.extend(
                local
                    .filter_map(|dependency| self.dependency_problem(dependency, version))
                    .map(|problem| Problem::Fault(format!("{name}: {problem}"))),
            );
        }
        let without: Vec<_> = self
            .published()
            .filter(|package| package.repository.as_ref().is_none_or(String::is_empty))
            .map(|package| &*package.name)
            .collect();
        if !without.is_empty() {
            problems.push(Problem::StepMissing(format!(
                "set `workspace.package.repository` in Cargo.toml: without a repository: {}",
                without.join(", ")
            )));
        }
        problems
    }

    fn dependency_problem(&self, dependency: &Dependency, version: &str) -> Option<String> {
        let Dependency { name, req, .. } = dependency;
        if dependency.is_dev() {
            return (req != "*").then(|| {
                format!(
                    "the test dependency `{name}` has a version, so `{name}` must be published first: \
                     name its path only"
                )
            });
        }
        if !self.published().any(|package| package.name == *name) {
            return Some(format!("the dependency `{name}` is not published"));
        }
        let expected = format!("^{version}");
        (*req != expected).then(|| {
            format!("the dependency `{name}` has the requirement `{req}` instead of `{expected}`")
        })
    }
}

impl Package {
    /// What crates.io or docs.rs needs, and the manifest does not have.
    fn missing(&self) -> impl Iterator<Item = String> {
        let has_text = |field: &Option<String>| field.as_ref().is_some_and(|text| !text.is_empty());
        let all_features = self.metadata.pointer("/docs/rs/all-features");
        [
            ("description", has_text(&self.description)),
            ("license", has_text(&self.license)),
            ("rust-version", has_text(&self.rust_version)),
            ("readme", has_text(&self.readme)),
            ("keywords", !self.keywords.is_empty()),
            ("categories", !self.categories.is_empty()),
            (
                "package.metadata.docs.rs.all-features",
                all_features == Some(&Value::Bool(true)),
            ),
        ]
        .into_iter()
        .filter(|(_, is_there)| !is_there)
        .map(|(key, _)| format!("{}: the manifest has no `{key}`", self.name))
    }
}

impl Dependency {
    fn is_dev(&self) -> bool {
        self.kind.as_deref() == Some("dev")
    }
}
