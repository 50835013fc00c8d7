//! The store's directory, and the files of an organization in it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::buffer::WipedBuffer;
use super::encoding::Encoding;
use super::failure::failed;
use super::record::Stored;
use super::{disk, permissions};
use crate::store::name::stem;
use crate::store::{Owner, StoreError};

/// The largest file that is read or written, in bytes. Two tokens and an owner take a few
/// kilobytes.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// A directory that only its owner can access.
#[derive(Debug)]
pub(super) struct Directory {
    path: PathBuf,
    /// The device and inode of the directory that was opened.
    #[cfg(unix)]
    identity: (u64, u64),
}

impl Directory {
    /// Opens a directory, and creates it if it does not exist.
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let cannot = failed("cannot open the directory", path);
        let path = std::path::absolute(path).map_err(&cannot)?;
        let parents = directories_to_flush(&path);
        create(&path).map_err(&cannot)?;
        // Resolves symbolic links once, so that changing a link later does not redirect a running
        // program.
        let path = fs::canonicalize(&path).map_err(&cannot)?;
        let metadata = fs::metadata(&path).map_err(&cannot)?;
        if !metadata.is_dir() {
            return Err(cannot(ErrorKind::NotADirectory.into()));
        }
        permissions::check(&path, &metadata)?;
        disk::flush_entries(&path).map_err(&cannot)?;
        for directory in parents {
            // Errors are ignored: a mount point above the directory may not be readable for this
            // process.
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

    /// Checks that the path still leads to the directory that was opened, and that only its owner can
    /// access it. A user with write access to the parent directory can rename it and put another one in its
    /// files.
    fn check(&self) -> Result<(), StoreError> {
        let metadata = fs::metadata(&self.path);
        let metadata = metadata.map_err(failed("cannot open the directory", &self.path));
        let metadata = metadata.map_err(StoreError::not_applied)?;
        #[cfg(unix)]
        if identity(&metadata) != self.identity {
            let what = format!(
                "the directory {} was replaced by another one after the store was opened; check who \
                 can write to its parent directory, and restart the program",
                self.path.display()
            );
            return Err(StoreError::unavailable(what).not_applied());
        }
        // Permissions may change while the program runs.
        permissions::check(&self.path, &metadata).map_err(StoreError::not_applied)
    }
}

#[cfg(unix)]
fn identity(metadata: &fs::Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino())
}

/// The directories whose entries must be flushed when this one is created: its missing ancestors
/// and the first existing one. The parent is always included, in case the process that created this
/// directory died before flushing it.
fn directories_to_flush(path: &Path) -> Vec<PathBuf> {
    let missing = path.ancestors().take_while(|path| !path.exists()).count();
    let above = path.ancestors().skip(1).take(missing.max(1));
    above.map(Path::to_owned).collect()
}

/// Creates a directory and its missing ancestors, accessible to the owner only, regardless of the
/// umask and of permission bits inherited from the parent.
fn create(path: &Path) -> io::Result<()> {
    let missing: Vec<_> = path.ancestors().take_while(|path| !path.exists()).collect();
    #[cfg_attr(not(unix), allow(unused_mut))]
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    for directory in missing.into_iter().rev() {
        match builder.create(directory) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => continue, // by another process
            created => created?,
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

/// The location of an organization's files.
#[derive(Clone)]
pub(super) struct OrgFiles {
    org_id: String,
    directory: Arc<Directory>,
    stem: String,
}

impl OrgFiles {
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

    /// The stored state, if any. Needs no lock, because files are replaced atomically.
    pub(super) fn read(&self, encoding: &Encoding) -> Result<Option<Stored>, StoreError> {
        self.check()?;
        let path = self.path("json");
        let bytes = match read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed("cannot read", &path)(error)),
        };
        let stored = decode(bytes.as_ref(), encoding).and_then(|(org_id, stored)| {
            let ours = org_id == self.org_id;
            ours.then_some(stored)
                .ok_or_else(|| "belongs to another organization".to_owned())
        });
        stored.map(Some).map_err(|what| unrecognised(&path, &what))
    }

    /// Replaces the stored state, atomically and durably. The caller must hold the lock.
    pub(super) fn write(&self, stored: &Stored, encoding: &Encoding) -> Result<(), StoreError> {
        let bytes = encoding.encode(stored, &self.org_id)?;
        let length = bytes.as_slice().len();
        if u64::try_from(length).is_ok_and(|length| length > MAX_FILE_BYTES) {
            return Err(StoreError::too_large(format!(
                "its file would have {length} bytes, and at most {MAX_FILE_BYTES} are read"
            )));
        }
        let (temporary, path) = (self.path("tmp"), self.path("json"));
        let failed = failed("cannot write", &path);
        replace(&temporary, &path, bytes.as_slice())
            .map_err(|error| failed(error).not_applied())?;
        disk::flush_entries(self.directory.path()).map_err(failed)
    }

    /// Removes the temporary file of a writer that was killed. The caller must hold the lock.
    pub(super) fn remove_temporary(&self) -> Result<(), StoreError> {
        let path = self.path("tmp");
        remove(&path).map_err(failed("cannot remove", &path))
    }

    pub(super) fn path(&self, ending: &str) -> PathBuf {
        self.directory.path.join(format!("{}.{ending}", self.stem))
    }
}

/// The organizations in a directory that have a pair which this app may use. Skips files that
/// cannot be read, with a warning in the log.
pub(super) fn list(
    directory: &Directory,
    encoding: &Encoding,
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
        match listed(&path, encoding) {
            Ok((org_id, Stored::Pair(pair)))
                if owner.check(&org_id, pair.owner.as_ref()).is_ok() =>
            {
                organizations.push(org_id);
            }
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(%error, "skipped a file of the token store that cannot be read")
            }
        }
    }
    Ok(organizations)
}

/// Reads a file's organization and state. The file's name must match the organization.
fn listed(path: &Path, encoding: &Encoding) -> Result<(String, Stored), StoreError> {
    let bytes = read(path).map_err(failed("cannot read", path))?;
    let (org_id, stored) =
        decode(bytes.as_ref(), encoding).map_err(|what| unrecognised(path, &what))?;
    if path.file_stem() != Some(stem(&org_id).as_ref()) {
        return Err(unrecognised(path, "belongs to another organization"));
    }
    Ok((org_id, stored))
}

fn decode(bytes: Option<&WipedBuffer>, encoding: &Encoding) -> Result<(String, Stored), String> {
    match bytes {
        Some(bytes) => encoding.decode(bytes.as_slice()),
        None => Err(format!("is larger than {MAX_FILE_BYTES} bytes")),
    }
}

fn unrecognised(path: &Path, what: &str) -> StoreError {
    StoreError::unrecognised(format!("{} {what}", path.display()))
}

/// The content of a file; `None` if it is too large to be one of the store's files.
fn read(path: &Path) -> io::Result<Option<WipedBuffer>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    if length > MAX_FILE_BYTES {
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
    // Created anew: the temporary file of a killed writer may have other permissions.
    remove(temporary)?;
    let written = private().write(true).create_new(true).open(temporary);
    let written = written.and_then(|mut file| {
        file.write_all(bytes)?;
        disk::flush(&file, temporary)
    });
    let replaced = written.and_then(|()| disk::rename(temporary, path));
    if replaced.is_err() {
        let _ = fs::remove_file(temporary); // it may contain a token
    }
    replaced
}

/// Removes a file if it exists.
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
    fn entries_of_all_created_directories_are_flushed() {
        let temporary = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(temporary.path()).unwrap();
        let deep = root.join("a/b/c");
        assert_eq!(Directory::open(&deep).unwrap().path(), deep);
        let named = [&*deep, &root.join("a/b"), &root.join("a"), &root];
        assert_eq!(calls(), named.map(|path| Call::FlushEntries(path.into())));

        Directory::open(&deep).unwrap();
        let named = [&*deep, &root.join("a/b")];
        assert_eq!(calls(), named.map(|path| Call::FlushEntries(path.into())));
    }

    #[test]
    fn write_flushes_the_file_renames_it_and_flushes_the_directory() {
        let temporary = tempfile::tempdir().unwrap();
        let directory = Directory::open(&temporary.path().join("tokens")).unwrap();
        let directory = Arc::new(directory);
        let files = OrgFiles::new(&directory, "one");
        calls();
        files.write(&Stored::Removed(7), &Encoding::Plain).unwrap();
        let (written, named) = (files.path("tmp"), files.path("json"));
        let expected = [
            Call::Flush(written.clone()),
            Call::Rename(written, named),
            Call::FlushEntries(directory.path().into()),
        ];
        assert_eq!(calls(), expected);
    }
}
