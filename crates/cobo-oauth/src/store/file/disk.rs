//! The calls that what is written outlasts a crash of the machine by. No test crashes one: tests look
//! at which calls were made, in which order.

use std::fs::{self, File};
use std::io;
use std::path::Path;

#[cfg(test)]
pub(super) use record::{Call, calls};

/// Makes what is in a file durable.
pub(super) fn flush(file: &File, path: &Path) -> io::Result<()> {
    file.sync_all()?;
    #[cfg(test)]
    record::note(Call::Flush(path.into()));
    #[cfg(not(test))]
    let _ = path;
    Ok(())
}

/// Gives a file the name of another, in its place.
pub(super) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)?;
    #[cfg(test)]
    record::note(Call::Rename(from.into(), to.into()));
    Ok(())
}

/// Makes the names of the files in a directory durable. Only Unix opens directories as files.
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

    /// A call that has succeeded.
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

    /// What this thread has called since it was asked last.
    pub(in super::super) fn calls() -> Vec<Call> {
        CALLS.take()
    }
}
