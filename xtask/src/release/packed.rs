//! The packed crates: their files, and whether they build without this checkout.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::manifest::Manifests;
use super::problem::Problem;
use super::run::{cargo, output, read};

/// The limit of crates.io, in bytes.
const MAX_BYTES: u64 = 10 * 1024 * 1024;

const LICENCES: [&str; 2] = ["LICENSE-APACHE", "LICENSE-MIT"];

/// Written by cargo.
const OF_CARGO: [&str; 4] = [
    ".cargo_vcs_info.json",
    "Cargo.lock",
    "Cargo.toml",
    "Cargo.toml.orig",
];

/// A packed crate, and the folder that it was unpacked to.
pub(super) struct Package {
    pub name: String,
    pub bytes: u64,
    /// Paths below `folder`.
    pub files: Vec<String>,
    folder: PathBuf,
}

/// Packs all crates that are published, and unpacks them to `target/packed`.
pub(super) fn pack(root: &Path, manifests: &Manifests) -> Result<Vec<Package>, String> {
    let ordered = manifests.in_order();
    let mut command = cargo(root);
    command.args(["package", "--quiet", "--no-verify", "--allow-dirty"]);
    for package in &ordered {
        command.args(["--package", &package.name]);
    }
    output(&mut command)?;

    let unpacked = folder(manifests);
    let failed = |error| format!("cannot write {}: {error}", unpacked.display());
    if unpacked.exists() {
        fs::remove_dir_all(&unpacked).map_err(failed)?;
    }
    fs::create_dir_all(&unpacked).map_err(failed)?;
    ordered
        .into_iter()
        .map(|package| {
            let stem = format!("{}-{}", package.name, package.version);
            let packages = manifests.target_directory.join("package");
            unpack(&package.name, &stem, &packages, &unpacked)
        })
        .collect()
}

fn folder(manifests: &Manifests) -> PathBuf {
    manifests.target_directory.join("packed")
}

fn unpack(name: &str, stem: &str, packages: &Path, unpacked: &Path) -> Result<Package, String> {
    let file = packages.join(format!("{stem}.crate"));
    let bytes = fs::metadata(&file)
        .map_err(|error| format!("cannot read {}: {error}", file.display()))?
        .len();
    // `-m` gives the files the current time. In the package, all have the same time of the past, so that
    // cargo would not compile a changed file again.
    let listed = output(
        Command::new("tar")
            .args(["--extract", "--gzip", "--verbose", "-m", "--file"])
            .arg(&file)
            .arg("--directory")
            .arg(unpacked),
    )?;
    let prefix = format!("{stem}/");
    Ok(Package {
        name: name.to_owned(),
        bytes,
        files: listed
            .lines()
            .filter_map(|path| path.strip_prefix(&prefix))
            .map(str::to_owned)
            .collect(),
        folder: unpacked.join(stem),
    })
}

impl Package {
    pub(super) fn problems(&self, root: &Path) -> Result<Vec<Problem>, String> {
        let mut problems = Vec::new();
        let mut fault = |text| problems.push(Problem::Fault(format!("{}: {text}", self.name)));
        if self.bytes > MAX_BYTES {
            fault(format!(
                "the package has {} bytes, crates.io accepts {MAX_BYTES}",
                self.bytes
            ));
        }
        for needless in self.files.iter().filter(|file| !is_needed(file)) {
            fault(format!(
                "the package contains `{needless}`: correct `include` in Cargo.toml"
            ));
        }
        for licence in LICENCES {
            if !self.files.iter().any(|file| file == licence) {
                fault(format!("the package has no `{licence}`"));
            } else if read(&self.folder.join(licence))? != read(&root.join(licence))? {
                fault(format!(
                    "`{licence}` differs from the file of the workspace"
                ));
            }
        }
        Ok(problems)
    }
}

fn is_needed(file: &str) -> bool {
    let is_source = file.starts_with("src/") && file.ends_with(".rs");
    // The sandbox answers from this document.
    let is_document = file == "src/generated/waas2.json";
    let is_text = file == "README.md" || LICENCES.contains(&file);
    is_source || is_document || is_text || OF_CARGO.contains(&file)
}

/// Checks the unpacked crates, with all features, in a workspace where they depend on each other and on
/// the locked versions of everything else. Dependencies that this checkout has compiled are not compiled
/// again.
pub(super) fn build(
    root: &Path,
    manifests: &Manifests,
    packages: &[Package],
) -> Result<Option<Problem>, String> {
    let folder = folder(manifests);
    let mut manifest = "[workspace]\nresolver = \"3\"\nmembers = [\"*\"]\n\n".to_owned();
    // The profile decides whether compiled dependencies can be used.
    let workspace = read(&root.join("Cargo.toml"))?;
    if let Some((_, profiles)) = workspace.split_once("\n[profile.") {
        manifest.push_str(&format!("[profile.{profiles}\n"));
    }
    manifest.push_str("[patch.crates-io]\n");
    for package in packages {
        // The folder is on this machine, next to the manifest, and its name has no special characters.
        let stem = package.folder.file_name().unwrap_or_default();
        let line = format!("{} = {{ path = {stem:?} }}\n", package.name);
        manifest.push_str(&line);
    }
    let failed = |error| format!("cannot write {}: {error}", folder.display());
    fs::write(folder.join("Cargo.toml"), manifest).map_err(failed)?;
    let lock = root.join("Cargo.lock");
    if lock.exists() {
        fs::copy(lock, folder.join("Cargo.lock")).map_err(failed)?;
    }
    let checked = output(
        cargo(&folder)
            .env("CARGO_TARGET_DIR", &manifests.target_directory)
            .args(["check", "--quiet", "--workspace", "--all-features"]),
    );
    Ok(checked.err().map(|reason| {
        Problem::Fault(format!(
            "the packed crates do not build without this checkout: {reason}"
        ))
    }))
}
