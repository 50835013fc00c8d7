//! The system calls that make written data survive a crash of the machine. Tests do not crash a
//! machine: they check which calls were made, and in which order.

use std::fs::{self, File};
use std::io;
use std::path::Path;

#[cfg(test)]
pub(super) use record::{Call, calls};

/// Flushes the content of a file to the disk.
pub(super) fn flush(file: &File, path: &Path) -> io::Result<()> {
    file.sync_all()?;
    #[cfg(test)]
    record::note(Call::Flush(path.into()));
    #[cfg(not(test))]
    let _ = path;
    Ok(())
}

/// Renames a file, and replaces the file that has the new name.
pub(super) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)?;
    #[cfg(test)]
    record::note(Call::Rename(from.into(), to.into()));
    Ok(())
}

/// Flushes the names of the files in a directory to the disk. Does nothing except on Unix: other
/// systems do not open directories as files.
pub(super) fn flush_entries(directory: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(directory)?.sync_all()?;
    #[cfg(test)]
    record::note(Call::FlushEntries(directory.into()));
    #[cfg(not(any(unix, test)))]
    let _ = directory;
    Ok(())
}

#[cfg(test)]
mod record {
    use std::cell::RefCell;
    use std::path::PathBuf;

    /// A call that succeeded.
    #[derive(Debug, PartialEq, Eq)]
    pub(in super::super) enum Call {
        Flush(PathBuf),
        Rename(PathBuf, PathBuf),
        FlushEntries(PathBuf),
    }

    thread_local! {
        static CALLS: RefCell<Vec<Call>> = const { RefCell::new(Vec::new()) };
    }

    pub(super) fn note(call: Call) {
        CALLS.with_borrow_mut(|calls| calls.push(call));
    }

    /// Returns and clears the calls that this thread has made.
    pub(in super::super) fn calls() -> Vec<Call> {
        CALLS.take()
    }
}
