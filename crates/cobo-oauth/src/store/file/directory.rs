//! The directory, and an organization's files in it.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::buffer::WipedBuffer;
use super::record::{self, Coding, Kept};
use super::{disk, rights};
use crate::store::name::stem;
use crate::store::{Owner, StoreError};

/// The largest file that is read, and so the largest that is written. Two tokens and a name take a few
/// kilobytes.
const LARGEST: u64 = 1024 * 1024;

/// A directory that only its owner may use.
#[derive(Debug)]
pub(super) struct Directory {
    path: PathBuf,
    /// Which directory was opened: its device and its number there.
    #[cfg(unix)]
    identity: (u64, u64),
}

impl Directory {
    /// Opens a directory, and makes it where it is not there.
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let cannot = failed("cannot open the directory", path);
        let path = std::path::absolute(path).map_err(&cannot)?;
        let changed = above(&path);
        make(&path).map_err(&cannot)?;
        // Without links, so that one that is changed does not lead a running program elsewhere.
        let path = fs::canonicalize(&path).map_err(&cannot)?;
        let metadata = fs::metadata(&path).map_err(&cannot)?;
        if !metadata.is_dir() {
            return Err(cannot(ErrorKind::NotADirectory.into()));
        }
        rights::check(&path, &metadata)?;
        disk::flush_entries(&path).map_err(&cannot)?;
        for directory in changed {
            // One that a disk is mounted in may be closed to us.
            let _ = disk::flush_entries(&directory);
        }
        Ok(Self {
            #[cfg(unix)]
            identity: identity(&metadata),
            path,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it is still the directory that was opened, and only its owner may use it. Whoever may write the directory above can
    /// rename it, and put one of their own in its place.
    fn check(&self) -> Result<(), StoreError> {
        let metadata = fs::metadata(&self.path);
        let metadata = metadata.map_err(failed("cannot open the directory", &self.path));
        let metadata = metadata.map_err(StoreError::not_applied)?;
        #[cfg(unix)]
        if identity(&metadata) != self.identity {
            let what = format!(
                "another directory is now at {}, where the store was opened; check who may write \
                 the directory above it, and restart the program",
                self.path.display()
            );
            return Err(StoreError::unavailable(what).not_applied());
        }
        // Rights may change while the program runs.
        rights::check(&self.path, &metadata).map_err(StoreError::not_applied)
    }
}

#[cfg(unix)]
fn identity(metadata: &Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino())
}

/// The directories that get a new entry when this one is made: those above it that are not there
/// either, and the first that is. That one in any case, should whoever made this one have died.
fn above(path: &Path) -> Vec<PathBuf> {
    let missing = path.ancestors().take_while(|path| !path.exists()).count();
    let above = path.ancestors().skip(1).take(missing.max(1));
    above.map(Path::to_owned).collect()
}

/// Makes a directory, and those above it, that only the owner may use, whatever the umask is and
/// whatever bits the directory above passes on.
fn make(path: &Path) -> io::Result<()> {
    let missing: Vec<_> = path.ancestors().take_while(|path| !path.exists()).collect();
    #[cfg_attr(not(unix), allow(unused_mut))]
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    for directory in missing.into_iter().rev() {
        match builder.create(directory) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => continue, // by another process
            made => made?,
        }
        #[cfg(unix)]
        fs::set_permissions(
            directory,
            std::os::unix::fs::PermissionsExt::from_mode(0o700),
        )?;
    }
    Ok(())
}

/// Options for files that only their owner may read and write.
pub(super) fn private() -> OpenOptions {
    #[cfg_attr(not(unix), allow(unused_mut))]
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// What an error of the file system is to the caller.
pub(super) fn failed(what: &str, path: &Path) -> impl Fn(io::Error) -> StoreError + use<> {
    let what = format!("{what} {}", path.display());
    move |error| StoreError::unavailable(format!("{what}: {error}")).caused_by(error)
}

/// Where the files of an organization are.
#[derive(Clone)]
pub(super) struct Place {
    org_id: String,
    directory: Arc<Directory>,
    stem: String,
}

impl Place {
    pub(super) fn new(directory: &Arc<Directory>, org_id: &str) -> Self {
        Self {
            org_id: org_id.to_owned(),
            directory: directory.clone(),
            stem: stem(org_id),
        }
    }

    pub(super) fn org_id(&self) -> &str {
        &self.org_id
    }

    pub(super) fn check(&self) -> Result<(), StoreError> {
        self.directory.check()
    }

    /// What is kept, if anything. Needs no lock: a file is complete from its first moment on.
    pub(super) fn read(&self, coding: &Coding) -> Result<Option<Kept>, StoreError> {
        self.check()?;
        let path = self.path("json");
        let bytes = match read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed("cannot read", &path)(error)),
        };
        let kept = decode(bytes.as_ref(), coding).and_then(|(org_id, kept)| {
            let ours = org_id == self.org_id;
            ours.then_some(kept)
                .ok_or_else(|| "belongs to another organization".to_owned())
        });
        kept.map(Some).map_err(|what| unrecognised(&path, &what))
    }

    /// Puts this in the place of what is there, at once and durably. Needs the lock.
    pub(super) fn write(&self, kept: &Kept, coding: &Coding) -> Result<(), StoreError> {
        let bytes = record::encode(kept, &self.org_id, coding)?;
        let length = bytes.as_slice().len();
        if u64::try_from(length).is_ok_and(|length| length > LARGEST) {
            return Err(StoreError::too_large(format!(
                "its file would have {length} bytes, and at most {LARGEST} are read"
            )));
        }
        let (temporary, path) = (self.path("tmp"), self.path("json"));
        let failed = failed("cannot write", &path);
        replace(&temporary, &path, bytes.as_slice())
            .map_err(|error| failed(error).not_applied())?;
        disk::flush_entries(self.directory.path()).map_err(failed)
    }

    /// Removes what a killed writer left. Needs the lock.
    pub(super) fn clean(&self) -> Result<(), StoreError> {
        let path = self.path("tmp");
        remove(&path).map_err(failed("cannot remove", &path))
    }

    pub(super) fn path(&self, ending: &str) -> PathBuf {
        self.directory.path.join(format!("{}.{ending}", self.stem))
    }
}

/// The organizations in a directory that have a pair which this app may use. A file that cannot be
/// read is left out, with a warning.
pub(super) fn list(
    directory: &Directory,
    coding: &Coding,
    owner: &Owner,
) -> Result<Vec<String>, StoreError> {
    directory.check()?;
    let failed = failed("cannot list", directory.path());
    let mut organizations = Vec::new();
    for entry in fs::read_dir(directory.path()).map_err(&failed)? {
        let path = entry.map_err(&failed)?.path();
        if path.extension() != Some("json".as_ref()) {
            continue;
        }
        match listed(&path, coding) {
            Ok((org_id, Kept::Pair(pair))) if owner.check(&org_id, pair.owner.as_ref()).is_ok() => {
                organizations.push(org_id);
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "a file of the token store is not listed"),
        }
    }
    Ok(organizations)
}

/// What is in a file, and of which organization, whose name the file must have.
fn listed(path: &Path, coding: &Coding) -> Result<(String, Kept), StoreError> {
    let bytes = read(path).map_err(failed("cannot read", path))?;
    let (org_id, kept) =
        decode(bytes.as_ref(), coding).map_err(|what| unrecognised(path, &what))?;
    if path.file_stem() != Some(stem(&org_id).as_ref()) {
        return Err(unrecognised(path, "belongs to another organization"));
    }
    Ok((org_id, kept))
}

fn decode(bytes: Option<&WipedBuffer>, coding: &Coding) -> Result<(String, Kept), String> {
    match bytes {
        Some(bytes) => record::decode(bytes.as_slice(), coding),
        None => Err(format!("is larger than {LARGEST} bytes")),
    }
}

fn unrecognised(path: &Path, what: &str) -> StoreError {
    StoreError::unrecognised(format!("{} {what}", path.display()))
}

/// A file's bytes; `None` for one that is too large to be ours.
fn read(path: &Path) -> io::Result<Option<WipedBuffer>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    if length > LARGEST {
        return Ok(None);
    }
    let mut bytes = WipedBuffer::with_capacity(usize::try_from(length).unwrap_or(0));
    let mut chunk = zeroize::Zeroizing::new([0; 4096]);
    loop {
        match file.read(&mut *chunk) {
            Ok(0) => return Ok(Some(bytes)),
            Ok(read) => bytes.push(chunk.get(..read).unwrap_or_default()),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn replace(temporary: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    // Made anew: what is left of a killed writer may have other rights.
    remove(temporary)?;
    let written = private().write(true).create_new(true).open(temporary);
    let written = written.and_then(|mut file| {
        file.write_all(bytes)?;
        disk::flush(&file, temporary)
    });
    let replaced = written.and_then(|()| disk::rename(temporary, path));
    if replaced.is_err() {
        let _ = fs::remove_file(temporary); // a token is in it
    }
    replaced
}

/// Removes a file, if it is there.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::disk::{Call, calls};
    use super::*;

    #[test]
    fn every_directory_that_is_made_is_flushed_where_it_is_named() {
        let temporary = tempfile::tempdir().unwrap();
        let there = fs::canonicalize(temporary.path()).unwrap();
        let deep = there.join("a/b/c");
        assert_eq!(Directory::open(&deep).unwrap().path(), deep);
        let named = [&*deep, &there.join("a/b"), &there.join("a"), &there];
        assert_eq!(calls(), named.map(|path| Call::FlushEntries(path.into())));

        Directory::open(&deep).unwrap();
        let named = [&*deep, &there.join("a/b")];
        assert_eq!(calls(), named.map(|path| Call::FlushEntries(path.into())));
    }

    #[test]
    fn a_pair_is_flushed_before_it_has_its_name_and_the_name_after_that() {
        let temporary = tempfile::tempdir().unwrap();
        let directory = Directory::open(&temporary.path().join("tokens")).unwrap();
        let directory = Arc::new(directory);
        let place = Place::new(&directory, "one");
        calls();
        place.write(&Kept::Removed(7), &Coding::Plain).unwrap();
        let (written, named) = (place.path("tmp"), place.path("json"));
        let expected = [
            Call::Flush(written.clone()),
            Call::Rename(written, named),
            Call::FlushEntries(directory.path().into()),
        ];
        assert_eq!(calls(), expected);
    }
}
