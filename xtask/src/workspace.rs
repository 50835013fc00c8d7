//! Finds the workspace at run time, so that a built binary works in every checkout.

use std::path::{Path, PathBuf};

/// A checkout of this project.
#[derive(Debug, Clone)]
pub struct Workspace {
    pub root: PathBuf,
}

impl Workspace {
    /// The workspace that contains `start`.
    fn above(start: &Path) -> Option<Self> {
        start
            .ancestors()
            .find(|folder| is_workspace(folder))
            .map(|root| Self {
                root: root.to_owned(),
            })
    }

    /// The workspace of the current directory.
    pub fn here() -> Option<Self> {
        Self::above(&std::env::current_dir().ok()?)
    }

    /// The workspace of the current directory, or else the one that this program was built in.
    pub fn find() -> Option<Self> {
        Self::here().or_else(|| Self::above(&std::env::current_exe().ok()?))
    }

    pub fn auth(&self) -> PathBuf {
        self.root.join("crates/cobo-auth")
    }
}

/// Whether the folder is this workspace. A stand-alone crate inside the checkout also has a
/// `[workspace]`, but no documents.
fn is_workspace(folder: &Path) -> bool {
    folder.join("openapi").is_dir()
        && std::fs::read_to_string(folder.join("Cargo.toml"))
            .is_ok_and(|manifest| manifest.lines().any(|line| line.trim() == "[workspace]"))
}
