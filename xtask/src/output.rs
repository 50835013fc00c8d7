//! The files of a run: compared with what is on disk, then written or listed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io;
use std::path::{Component, Path, PathBuf};

use similar::TextDiff;

/// The file in a stand-alone crate that lists what was generated.
pub const MANIFEST: &str = ".cobo-generated";

/// How many lines of a diff are shown.
const DIFF_LINES: usize = 24;

/// Files to be, by their paths below `root` with `/` between the parts.
#[derive(Debug)]
pub struct Output {
    root: PathBuf,
    files: BTreeMap<String, String>,
    /// Generated files that are there now and may have no place any more.
    present: BTreeSet<String>,
}

/// One file that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    pub path: String,
    pub kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    Missing,
    /// With a diff from what is there to what should be.
    Stale(String),
    Orphaned,
}

/// `stale: path`, and the diff below it.
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Missing => write!(f, "missing: {}", self.path),
            Kind::Orphaned => write!(f, "orphaned: {}", self.path),
            Kind::Stale(diff) => write!(f, "stale: {}\n{}", self.path, diff.trim_end()),
        }
    }
}

/// What was done, file by file.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Written {
    pub wrote: Vec<String>,
    pub removed: Vec<String>,
    pub unchanged: usize,
}

impl Output {
    /// Files in folders of `root` that hold nothing else: every other file there is an orphan.
    pub fn folders(
        root: &Path,
        folders: &[&str],
        files: BTreeMap<String, String>,
    ) -> io::Result<Self> {
        let mut present = BTreeSet::new();
        for folder in folders {
            list(&root.join(folder), folder, &mut present)?;
        }
        Ok(Self {
            root: root.to_owned(),
            files,
            present,
        })
    }

    /// Files of a folder that may hold more: only what an earlier run listed is an orphan. The
    /// error is a reason not to write there.
    pub fn standalone(root: &Path, mut files: BTreeMap<String, String>) -> Result<Self, String> {
        let manifest = root.join(MANIFEST);
        let present = match std::fs::read_to_string(&manifest) {
            Ok(text) => text
                .lines()
                .filter(|line| !line.starts_with('#') && is_inside(line))
                .filter(|line| root.join(line).is_file())
                .map(str::to_owned)
                .collect(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                vacant(root)?;
                BTreeSet::new()
            }
            Err(error) => return Err(format!("{MANIFEST} in it cannot be read: {error}")),
        };
        let mut listed: Vec<&str> = files.keys().map(String::as_str).collect();
        listed.push(MANIFEST);
        listed.sort_unstable();
        let text = format!(
            "# The files that `xtask regen` wrote here; it replaces and removes no others.\n{}\n",
            listed.join("\n")
        );
        files.insert(MANIFEST.to_owned(), text);
        Ok(Self {
            root: root.to_owned(),
            files,
            present,
        })
    }

    /// The files to be, by path.
    pub fn files(&self) -> impl Iterator<Item = (&String, &String)> {
        self.files.iter()
    }

    /// What is at a path now, if it is a text.
    pub fn present(&self, path: &str) -> Option<String> {
        std::fs::read_to_string(self.root.join(path)).ok()
    }

    /// Every difference, by path.
    pub fn differences(&self) -> io::Result<Vec<Difference>> {
        let mut found = Vec::new();
        for (path, content) in &self.files {
            let kind = match std::fs::read(self.root.join(path)) {
                Ok(bytes) if bytes == content.as_bytes() => continue,
                Ok(bytes) => Kind::Stale(diff(path, &String::from_utf8_lossy(&bytes), content)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Kind::Missing,
                // A file where a folder has to be, or the other way round.
                Err(error) => Kind::Stale(format!("it cannot be read: {error}")),
            };
            found.push(Difference {
                path: path.clone(),
                kind,
            });
        }
        for path in self
            .present
            .iter()
            .filter(|path| !self.files.contains_key(*path))
        {
            found.push(Difference {
                path: path.clone(),
                kind: Kind::Orphaned,
            });
        }
        found.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(found)
    }

    /// Makes the files on disk what they should be, touching only those that are not.
    pub fn write(&self) -> io::Result<Written> {
        let differences = self.differences()?;
        let mut written = Written::default();
        for Difference { path, kind } in differences {
            let target = self.root.join(&path);
            if kind == Kind::Orphaned {
                std::fs::remove_file(&target).map_err(|error| named(&path, &error))?;
                written.removed.push(path);
            } else {
                replace(&target, &self.files[&path]).map_err(|error| named(&path, &error))?;
                written.wrote.push(path);
            }
        }
        written.unchanged = self.files.len() - written.wrote.len();
        Ok(written)
    }
}

fn named(path: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{path}: {error}"))
}

/// Puts a file in place in one step: whoever reads meanwhile sees the old or the new one.
pub fn replace(target: &Path, content: &str) -> io::Result<()> {
    let folder = target.parent().unwrap_or(Path::new(""));
    if !folder.as_os_str().is_empty() {
        std::fs::create_dir_all(folder)?;
    }
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let temporary = folder.join(format!(".{name}.{}.tmp", std::process::id()));
    let renamed =
        std::fs::write(&temporary, content).and_then(|()| std::fs::rename(&temporary, target));
    if renamed.is_err() {
        let _ = std::fs::remove_file(&temporary);
    }
    renamed
}

/// Adds the paths of the files below `folder`.
fn list(folder: &Path, prefix: &str, found: &mut BTreeSet<String>) -> io::Result<()> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        let path = format!("{prefix}/{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            list(&entry.path(), &path, found)?;
        } else {
            found.insert(path);
        }
    }
    Ok(())
}

/// A folder in which there is nothing of anyone's to lose.
fn vacant(root: &Path) -> Result<(), String> {
    match std::fs::read_dir(root).map(Iterator::count) {
        Ok(0) => Ok(()),
        Ok(_) => Err(format!(
            "the folder is not empty and was not generated (it has no {MANIFEST}): name a new one"
        )),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(format!("it cannot be a folder to generate into: {error}")),
    }
}

/// The manifest is a file that anyone may have edited: it must not lead out of its folder.
fn is_inside(path: &str) -> bool {
    !path.is_empty()
        && Path::new(path)
            .components()
            .all(|part| matches!(part, Component::Normal(_)))
}

fn diff(path: &str, old: &str, new: &str) -> String {
    let diff = TextDiff::from_lines(old, new);
    let text = diff
        .unified_diff()
        .context_radius(1)
        .header(&format!("{path} (on disk)"), &format!("{path} (generated)"))
        .to_string();
    let mut lines: Vec<&str> = text.lines().collect();
    let left = lines.len().saturating_sub(DIFF_LINES);
    lines.truncate(DIFF_LINES);
    let mut short = lines.join("\n");
    if left > 0 {
        short.push_str(&format!("\n… and {left} more lines"));
    }
    short
}
