//! What is generated into this workspace.

use std::collections::BTreeMap;
use std::path::Path;

use super::generate::{Header, generated, within};
use super::sandbox_copy;
use crate::decisions::Decisions;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::output::Output;
use crate::print::CrateNames;
use crate::report::Report;
use crate::stage::{Options, emit, load};
use crate::workspace::Workspace;

/// A target of this workspace: a document, the folder of its code, and the folder of its reference
/// pages. Both folders contain generated files only.
struct Target {
    document: &'static str,
    /// The crate's name as its examples write it.
    library: &'static str,
    /// The name of its client.
    client: &'static str,
    generated: &'static str,
    reference: Option<&'static str>,
    /// The crate's manifest, if the crate has a feature for each tag: the region between two marks
    /// is generated.
    manifest: Option<&'static str>,
    /// The decisions about the document's conflicts. An adopted document already has the others.
    decisions: Option<&'static str>,
    /// The folder and the name of the copy that the sandbox has inside.
    sandbox_copy: Option<[&'static str; 2]>,
}

const TARGETS: [Target; 2] = [
    Target {
        document: "openapi/oauth.yaml",
        library: "cobo_oauth",
        client: "OAuthClient",
        generated: "crates/cobo-oauth/src/generated",
        reference: Some("docs/reference"),
        manifest: None,
        decisions: None,
        sandbox_copy: None,
    },
    Target {
        document: "openapi/waas2.yaml",
        library: "cobo_waas2",
        client: "Waas2Client",
        generated: "crates/cobo-waas2/src/generated",
        reference: Some("docs/reference/waas2"),
        manifest: Some("crates/cobo-waas2/Cargo.toml"),
        decisions: Some("openapi/decisions/waas2.yaml"),
        sandbox_copy: Some(["crates/cobo-sandbox/src/generated", "waas2.json"]),
    },
];

/// The name of the client in a package of this workspace; `None` for other packages.
pub(crate) fn client_of(package: &str) -> Option<&'static str> {
    let library = package.replace('-', "_");
    TARGETS
        .iter()
        .find(|target| target.library == library)
        .map(|target| target.client)
}

/// The lines around the features in the manifest of a crate of this workspace.
const FEATURES: [&str; 2] = ["# features: begin\n", "# features: end\n"];

/// Generates the code of this workspace.
pub(super) fn run(report: &mut Report) -> Result<Output, Diagnostics> {
    let workspace = Workspace::here().ok_or_else(|| {
        Diagnostic::of_file(
            ".",
            "this is not a checkout of the project (no Cargo.toml with [workspace] beside a \
             folder `openapi` here or above): run it in one, or give --spec and --out",
        )
    })?;
    let mut files = BTreeMap::new();
    let mut folders = Vec::new();
    let mut problems = Diagnostics::default();
    for target in &TARGETS {
        let path = workspace.root.join(target.document);
        let header = Header {
            command: "cargo xtask regen".to_owned(),
            source: target.document.to_owned(),
            names: Some(CrateNames {
                library: target.library.to_owned(),
                client: target.client.to_owned(),
            }),
        };
        let decisions = target
            .decisions
            .map(|path| Decisions::read(&workspace.root.join(path), path))
            .transpose();
        let result = decisions.and_then(|decisions| {
            let options = Options {
                decisions: decisions.unwrap_or_default().of_conflicts(),
                ..Options::default()
            };
            generated(&path, target.document, &options, header, report)
        });
        match result {
            Ok(generated) => {
                if let Some(path) = target.manifest {
                    let features = emit::features(&generated.code.features);
                    match with_features(&workspace.root.join(path), &features) {
                        Ok(text) => {
                            files.insert(path.to_owned(), text);
                        }
                        Err(reason) => problems.push(Diagnostic::of_file(path, reason)),
                    }
                }
                let code = generated.code.files.into_iter();
                let code = code.map(|file| (file.path, file.text)).collect();
                files.extend(within(target.generated, code));
                files.extend(within(target.generated, generated.notes));
                if let Some(folder) = target.reference {
                    files.extend(within(folder, generated.pages));
                }
                if let Some([folder, name]) = target.sandbox_copy {
                    match copy(&path) {
                        Ok(text) => {
                            files.insert(format!("{folder}/{name}"), text);
                        }
                        Err(reason) => problems.push(Diagnostic::of_file(target.document, reason)),
                    }
                }
            }
            Err(found) => problems.extend(found),
        }
        let copies = target.sandbox_copy.map(|[folder, _]| folder);
        for folder in [Some(target.generated), target.reference, copies]
            .into_iter()
            .flatten()
        {
            if !folders.contains(&folder) {
                folders.push(folder);
            }
        }
    }
    let files = problems.or(files)?;
    Output::folders(&workspace.root, &folders, files)
        .map_err(|error| Diagnostic::of_file(".", format!("it cannot be listed: {error}")).into())
}

/// The sandbox's copy of a document.
fn copy(document: &Path) -> Result<String, String> {
    let text = std::fs::read_to_string(document).map_err(|error| error.to_string())?;
    let yaml = load::yaml::read(&text).map_err(|(_, reason)| reason)?;
    Ok(sandbox_copy::write(&yaml.root))
}

/// The manifest with these features between the two marks.
fn with_features(path: &Path, features: &str) -> Result<String, String> {
    let [begin, end] = FEATURES;
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    let parts = text.split_once(begin).and_then(|(before, rest)| {
        let (_, after) = rest.split_once(end)?;
        Some((before, after))
    });
    let (before, after) = parts.ok_or_else(|| {
        format!(
            "the lines `{}` and `{}`, between which the features are written, are missing",
            begin.trim_end(),
            end.trim_end()
        )
    })?;
    Ok(format!(
        "{before}{begin}{}\n{end}{after}",
        features.trim_end()
    ))
}
