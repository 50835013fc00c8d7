//! Who may use the directory: its owner. What Kubernetes does to volumes of a group is repaired.

use std::fs::Metadata;
use std::path::Path;

use crate::store::StoreError;

/// Whether only its owner, this program's user, may use the directory.
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

    use super::super::directory::failed;
    use super::{Metadata, Path, StoreError};

    /// What Kubernetes gives the group of a volume (`fsGroup`) on every directory in it.
    const OF_A_GROUP: u32 = 0o2070;

    fn mode(metadata: &Metadata) -> u32 {
        metadata.permissions().mode() & 0o7777
    }

    fn us() -> u32 {
        rustix::process::geteuid().as_raw()
    }

    /// Whether only its owner, this program's user, may use the directory. Rights that Kubernetes
    /// gave to the group of its volume are taken away.
    pub(in super::super) fn check(path: &Path, metadata: &Metadata) -> Result<(), StoreError> {
        let (owner, us) = (metadata.uid(), us());
        if owner != us {
            return Err(StoreError::unavailable(format!(
                "the directory {} belongs to another user ({owner}, this program runs as {us}), who \
                 may use it; change its owner with `chown`, or use a directory below it, which the \
                 store makes",
                path.display()
            )));
        }
        let mode = mode(metadata);
        if mode & 0o077 == 0 {
            return Ok(());
        }
        if is_of_a_volume(path, metadata) {
            return repair(path);
        }
        let hint = match mode & OF_A_GROUP == OF_A_GROUP && mode & 0o007 == 0 {
            true => ", and set `fsGroupChangePolicy: OnRootMismatch` if Kubernetes gave them",
            false => "",
        };
        Err(StoreError::unavailable(format!(
            "other users may use the directory {} (mode {mode:04o}); take their rights away with \
             `chmod 700`{hint}",
            path.display()
        )))
    }

    /// Whether a group has the rights that it has on the directory above as well, as Kubernetes gives
    /// them.
    fn is_of_a_volume(path: &Path, metadata: &Metadata) -> bool {
        let of_a_group = |metadata: &Metadata| mode(metadata) & OF_A_GROUP == OF_A_GROUP;
        let above = path
            .parent()
            .and_then(|above| fs::symlink_metadata(above).ok());
        let alike = |above: Metadata| above.gid() == metadata.gid() && of_a_group(&above);
        mode(metadata) & 0o007 == 0 && of_a_group(metadata) && above.is_some_and(alike)
    }

    fn repair(path: &Path) -> Result<(), StoreError> {
        let cannot = failed("cannot take a group's rights away from the directory", path);
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let directory = open(path, flags, Mode::empty()).map_err(io::Error::from);
        let directory = File::from(directory.map_err(&cannot)?);
        let before = directory.metadata().map_err(&cannot)?;
        if before.uid() != us() {
            return Err(cannot(io::ErrorKind::PermissionDenied.into()));
        }
        if mode(&before) & 0o077 == 0 {
            return Ok(()); // by another thread, or process
        }
        // First, so that nobody puts files there meanwhile.
        let set = |mode| directory.set_permissions(Permissions::from_mode(mode));
        set(0o700).map_err(&cannot)?;
        if let Err(error) = repair_files(path, &directory) {
            // It is refused, the next time as well.
            let _ = set(mode(&before));
            return Err(error);
        }
        tracing::warn!(
            directory = %path.display(),
            "a group had access to the directory of the token store, and it was taken away; members \
             of the group could have read tokens meanwhile; set `fsGroupChangePolicy: \
             OnRootMismatch`, so that Kubernetes does not give it again"
        );
        Ok(())
    }

    fn repair_files(path: &Path, directory: &File) -> Result<(), StoreError> {
        let cannot = failed("cannot take a group's rights away from files in", path);
        let from = |error: rustix::io::Errno| cannot(error.into());
        for entry in Dir::read_from(directory).map_err(from)? {
            let entry = entry.map_err(from)?;
            let name = entry.file_name();
            let ending = Path::new(OsStr::from_bytes(name.to_bytes())).extension();
            let ending = ending.and_then(OsStr::to_str);
            if !matches!(ending, Some("json" | "tmp" | "lock" | "lease")) {
                continue;
            }
            match repair_file(directory, name) {
                Ok(true) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {} // removed meanwhile
                _ if ending != Some("json") => {}
                Ok(false) | Err(_) => {
                    return Err(StoreError::unrecognised(format!(
                        "{}, to which a group had access, is not a file of this program's user, or \
                         has another name as well; find out who put it there, and remove it",
                        path.join(OsStr::from_bytes(name.to_bytes())).display()
                    )));
                }
            }
        }
        Ok(())
    }

    /// Closes a file to the group. `false` if others may have made it, or reach it by another name.
    fn repair_file(directory: &File, name: &CStr) -> io::Result<bool> {
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
