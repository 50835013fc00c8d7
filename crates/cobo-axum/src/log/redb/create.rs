//! Opens or creates the file of a log.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

use ::redb::backends::FileBackend;

/// Opens or creates a file.
pub(super) fn backend(path: &Path) -> io::Result<FileBackend> {
    let file = open(path, flush_folder)?;
    FileBackend::new(file).map_err(io::Error::other)
}

/// Opens or creates a file, and then flushes its folder. Without this, a new file may be missing after a
/// crash of the machine, although its content was flushed.
fn open(path: &Path, flush_folder: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    private(&mut options);
    let file = options.open(path)?;
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    flush_folder(folder.unwrap_or(Path::new(".")))?;
    Ok(file)
}

/// Only the owner may read and write a new file: it has the bodies of events.
#[cfg(unix)]
fn private(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt as _;

    options.mode(0o600);
}

/// On other systems, the permissions of the folder apply.
#[cfg(not(unix))]
fn private(_: &mut OpenOptions) {}

/// Flushes the entries of a folder.
#[cfg(unix)]
fn flush_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Other systems have no such call.
#[cfg(not(unix))]
fn flush_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folder_is_flushed_after_the_file_is_created() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.redb");
        let mut flushed = None;
        open(&path, |folder| {
            flushed = Some((folder.to_owned(), path.exists()));
            Ok(())
        })
        .unwrap();
        assert_eq!(flushed, Some((folder.path().to_owned(), true)));
    }

    #[test]
    fn file_is_refused_while_its_folder_cannot_be_flushed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.redb");
        let fails = |_: &Path| Err(io::Error::other("the disk is gone"));
        // Also the second time: the file is there, but its entry in the folder may not be on the disk.
        for _ in 0..2 {
            let error = open(&path, fails).unwrap_err();
            assert_eq!(error.to_string(), "the disk is gone");
        }
    }

    #[test]
    fn folder_of_a_bare_file_name_is_the_current_one() {
        let mut flushed = None;
        open(Path::new("Cargo.toml"), |folder| {
            flushed = Some(folder.to_owned());
            Ok(())
        })
        .unwrap();
        assert_eq!(flushed.as_deref(), Some(Path::new(".")));
    }

    /// The call itself reaches the system: it fails for a folder that does not exist.
    #[cfg(unix)]
    #[test]
    fn flushing_a_folder_opens_it() {
        let folder = tempfile::tempdir().unwrap();
        flush_folder(folder.path()).unwrap();
        flush_folder(&folder.path().join("missing")).unwrap_err();
    }
}
