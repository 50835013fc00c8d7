//! Checks that only its owner can access the directory. Removes the access that Kubernetes gives to
//! the group of a volume.

use std::fs::Metadata;
use std::path::Path;

use crate::store::StoreError;

/// Does nothing: permissions are checked on Unix only.
#[cfg(not(unix))]
pub(super) fn check(_path: &Path, _metadata: &Metadata) -> Result<(), StoreError> {
    Ok(())
}

#[cfg(unix)]
pub(super) use unix::check;

#[cfg(unix)]
mod unix {
    use std::ffi::{CStr, OsStr};
    use std::fs::{self, File, Permissions};
    use std::io;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    use rustix::fs::{Dir, Mode, OFlags, open, openat};

    use super::super::failure::failed;
    use super::{Metadata, Path, StoreError};

    /// The mode bits that Kubernetes sets for the group of a volume (`fsGroup`) on every directory
    /// in it.
    const GROUP_BITS: u32 = 0o2070;

    fn mode(metadata: &Metadata) -> u32 {
        metadata.permissions().mode() & 0o7777
    }

    fn us() -> u32 {
        rustix::process::geteuid().as_raw()
    }

    /// Checks that the directory belongs to this program's user and that no other user can access it.
    /// Removes access that Kubernetes gave to the group of its volume.
    ///
    /// # Errors
    ///
    /// The directory belongs to another user, or other users can access it.
    pub(in super::super) fn check(path: &Path, metadata: &Metadata) -> Result<(), StoreError> {
        let (owner, us) = (metadata.uid(), us());
        if owner != us {
            return Err(StoreError::unavailable(format!(
                "the directory {} belongs to another user (id {owner}; this program runs as {us}); \
                 change its owner with `chown`, or choose a directory below it, which the store \
                 creates",
                path.display()
            )));
        }
        let mode = mode(metadata);
        if mode & 0o077 == 0 {
            return Ok(());
        }
        if is_group_volume(path, metadata) {
            return remove_group_access(path);
        }
        let hint = match mode & GROUP_BITS == GROUP_BITS && mode & 0o007 == 0 {
            true => "; if Kubernetes set this mode, set `fsGroupChangePolicy: OnRootMismatch`",
            false => "",
        };
        Err(StoreError::unavailable(format!(
            "other users can access the directory {} (mode {mode:04o}); run `chmod 700` on it{hint}",
            path.display()
        )))
    }

    /// Whether only a group has access, and has the same access to the parent directory, as Kubernetes
    /// sets it.
    fn is_group_volume(path: &Path, metadata: &Metadata) -> bool {
        let has_group_bits = |metadata: &Metadata| mode(metadata) & GROUP_BITS == GROUP_BITS;
        let parent = path.parent();
        let parent = parent.and_then(|parent| fs::symlink_metadata(parent).ok());
        let same_group =
            |parent: Metadata| parent.gid() == metadata.gid() && has_group_bits(&parent);
        mode(metadata) & 0o007 == 0 && has_group_bits(metadata) && parent.is_some_and(same_group)
    }

    fn remove_group_access(path: &Path) -> Result<(), StoreError> {
        let cannot = failed("cannot remove a group's access to the directory", path);
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let directory = open(path, flags, Mode::empty()).map_err(io::Error::from);
        let directory = File::from(directory.map_err(&cannot)?);
        let before = directory.metadata().map_err(&cannot)?;
        if before.uid() != us() {
            return Err(cannot(io::ErrorKind::PermissionDenied.into()));
        }
        if mode(&before) & 0o077 == 0 {
            return Ok(()); // another thread or process has done it
        }
        // Before the files, so that no other user adds files meanwhile.
        let set = |mode| directory.set_permissions(Permissions::from_mode(mode));
        set(0o700).map_err(&cannot)?;
        if let Err(error) = remove_group_access_to_files(path, &directory) {
            // Restores the mode, so that the next access is refused as well.
            let _ = set(mode(&before));
            return Err(error);
        }
        tracing::warn!(
            directory = %path.display(),
            "removed a group's access to the directory of the token store; members of the group may \
             have read tokens before; set `fsGroupChangePolicy: OnRootMismatch`, so that Kubernetes \
             does not give access again"
        );
        Ok(())
    }

    fn remove_group_access_to_files(path: &Path, directory: &File) -> Result<(), StoreError> {
        let cannot = failed("cannot remove a group's access to files in", path);
        let from = |error: rustix::io::Errno| cannot(error.into());
        for entry in Dir::read_from(directory).map_err(from)? {
            let entry = entry.map_err(from)?;
            let name = entry.file_name();
            let ending = Path::new(OsStr::from_bytes(name.to_bytes())).extension();
            let ending = ending.and_then(OsStr::to_str);
            if !matches!(ending, Some("json" | "tmp" | "lock" | "lease")) {
                continue;
            }
            match close_file(directory, name) {
                Ok(true) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {} // removed meanwhile
                _ if ending != Some("json") => {}
                Ok(false) | Err(_) => {
                    return Err(StoreError::unrecognised(format!(
                        "a group had access to {}, which belongs to another user, is not a regular \
                         file, or has several names; find out who created it, and remove it",
                        path.join(OsStr::from_bytes(name.to_bytes())).display()
                    )));
                }
            }
        }
        Ok(())
    }

    /// Removes the group's access to a file. Returns `false` if another user may have created it, or
    /// can access it by another name.
    fn close_file(directory: &File, name: &CStr) -> io::Result<bool> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = File::from(openat(directory, name, flags, Mode::empty())?);
        let metadata = file.metadata()?;
        let ours = metadata.is_file() && metadata.uid() == us() && metadata.nlink() <= 1;
        if ours {
            file.set_permissions(Permissions::from_mode(0o600))?;
        }
        Ok(ours)
    }
}
