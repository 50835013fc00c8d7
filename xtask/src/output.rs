//! The output files of a run: compares them with the disk, then writes or lists them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io;
use std::path::{Component, Path, PathBuf};

use similar::TextDiff;

/// The file that lists the generated files of a stand-alone crate.
pub const MANIFEST: &str = ".cobo-generated";

/// The maximum number of diff lines to show.
const DIFF_LINES: usize = 24;

/// The files to write, keyed by their path below `root`, with `/` as separator.
#[derive(Debug)]
pub struct Output {
    root: PathBuf,
    files: BTreeMap<String, String>,
    /// Existing generated files that may be obsolete.
    present: BTreeSet<String>,
}

/// A file on disk that differs from the output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    pub path: String,
    pub kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    Missing,
    /// Contains a diff from the current content to the new one.
    Stale(String),
    Orphaned,
}

/// Writes `stale: path`, and the diff below it.
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Missing => write!(f, "missing: {}", self.path),
            Kind::Orphaned => write!(f, "orphaned: {}", self.path),
            Kind::Stale(diff) => write!(f, "stale: {}\n{}", self.path, diff.trim_end()),
        }
    }
}

/// Counts the differences of each folder, one line for each. `words` names what is missing, stale and
/// orphaned.
pub fn by_folder(differences: &[Difference], words: [&str; 3]) -> Vec<String> {
    let mut folders: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    for Difference { path, kind } in differences {
        let folder = path.rsplit_once('/').map_or(".", |(folder, _)| folder);
        let index = match kind {
            Kind::Missing => 0,
            Kind::Stale(_) => 1,
            Kind::Orphaned => 2,
        };
        folders.entry(folder).or_default()[index] += 1;
    }
    let line = |(folder, counts): (&str, [usize; 3])| {
        let counts = counts.iter().zip(words).filter(|(count, _)| **count > 0);
        let counts: Vec<String> = counts
            .map(|(count, word)| format!("{count} {word}"))
            .collect();
        format!("{folder}: {}", counts.join(", "))
    };
    folders.into_iter().map(line).collect()
}

/// The changes that were written, file by file.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Written {
    pub wrote: Vec<String>,
    pub removed: Vec<String>,
    pub unchanged: usize,
}

impl Output {
    /// Output into folders that contain only generated files: any other file in them is an orphan.
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

    /// Output into a folder that may contain other files: only files that an earlier run listed can
    /// be orphans. Fails, with the reason, if the folder must not be written to.
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

    /// The files to write, sorted by path.
    pub fn files(&self) -> impl Iterator<Item = (&String, &String)> {
        self.files.iter()
    }

    /// The current content of the file at `path`, if it is readable text.
    pub fn present(&self, path: &str) -> Option<String> {
        std::fs::read_to_string(self.root.join(path)).ok()
    }

    /// Every difference between the output and the disk, sorted by path.
    pub fn differences(&self) -> io::Result<Vec<Difference>> {
        let mut found = Vec::new();
        for (path, content) in &self.files {
            let kind = match std::fs::read(self.root.join(path)) {
                Ok(bytes) if bytes == content.as_bytes() => continue,
                Ok(bytes) => Kind::Stale(diff(path, &String::from_utf8_lossy(&bytes), content)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Kind::Missing,
                // There is a file where a folder is needed, or the reverse.
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

    /// Updates the files on disk. Files that are already correct are not touched.
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

/// Replaces a file atomically: a concurrent reader sees either the old or the new content.
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

/// Adds the paths of all files below `folder` to `found`.
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

/// Checks that the folder is empty or missing, so that nothing can be overwritten.
fn vacant(root: &Path) -> Result<(), String> {
    match std::fs::read_dir(root).map(Iterator::count) {
        Ok(0) => Ok(()),
        Ok(_) => Err(format!(
            "the folder is not empty and was not generated (it has no {MANIFEST}): choose a new folder"
        )),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(format!("cannot read the output folder: {error}")),
    }
}

/// Whether a path stays inside the folder. The manifest may have been edited, so it is not trusted.
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
