//! Reads key files and checks their permissions.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use zeroize::Zeroizing;

use crate::keys::error::KeyError;

/// The maximum number of bytes that are read. Any key is shorter.
const LARGEST: usize = 16 * 1024;

/// Whether the permissions of a key file are checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Checked,
    Unchecked,
}

/// Reads the content of a key file.
pub(super) fn read(path: &Path, access: Access) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let failed = |kind| KeyError::File {
        path: path.display().to_string(),
        kind,
    };
    // Checked before opening: opening a pipe would wait for a writer.
    let metadata = std::fs::metadata(path).map_err(|error| failed(error.kind()))?;
    if !metadata.is_file() {
        return Err(failed(io::ErrorKind::InvalidInput));
    }
    let file = File::open(path).map_err(|error| failed(error.kind()))?;
    if access == Access::Checked {
        // Checks the open file, so that it is the same file that is read.
        match excess(&file).map_err(|error| failed(error.kind()))? {
            None => {}
            Some(Excess::Writable) => {
                return Err(KeyError::Writable {
                    path: path.display().to_string(),
                });
            }
            Some(Excess::Readable) => {
                return Err(KeyError::Readable {
                    path: path.display().to_string(),
                });
            }
        }
    }
    let mut content = Zeroizing::new(Vec::with_capacity(LARGEST));
    file.take(LARGEST as u64)
        .read_to_end(&mut content)
        .map_err(|error| failed(error.kind()))?;
    Ok(content)
}

/// A permission that other users should not have.
enum Excess {
    #[cfg_attr(not(unix), expect(dead_code, reason = "there are no such permissions"))]
    Readable,
    #[cfg_attr(not(unix), expect(dead_code, reason = "there are no such permissions"))]
    Writable,
}

#[cfg(unix)]
fn excess(file: &File) -> io::Result<Option<Excess>> {
    use std::os::unix::fs::MetadataExt as _;

    let metadata = file.metadata()?;
    if metadata.mode() & 0o022 != 0 {
        return Ok(Some(Excess::Writable));
    }
    let readable = metadata.mode() & 0o004 != 0;
    let ours = metadata.uid() == rustix::process::geteuid().as_raw();
    // Another user's file and a file on a mount for secrets are accepted: this program's user did
    // not choose their permissions.
    let careless = readable && ours && !is_mounted_for_secrets(file)?;
    Ok(careless.then_some(Excess::Readable))
}

/// Whether a file is on a read-only mount or on a tmpfs, as secrets in containers are.
#[cfg(unix)]
fn is_mounted_for_secrets(file: &File) -> io::Result<bool> {
    let flags = rustix::fs::fstatvfs(file)?.f_flag;
    Ok(flags.contains(rustix::fs::StatVfsMountFlags::RDONLY) || is_tmpfs(file)?)
}

#[cfg(target_os = "linux")]
fn is_tmpfs(file: &File) -> io::Result<bool> {
    const TMPFS: rustix::fs::FsWord = 0x0102_1994;
    Ok(rustix::fs::fstatfs(file)?.f_type == TMPFS)
}

#[cfg(all(unix, not(target_os = "linux")))]
#[expect(clippy::unnecessary_wraps, reason = "the signature is that of Linux")]
fn is_tmpfs(_: &File) -> io::Result<bool> {
    Ok(false)
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the signature is that of Unix")]
fn excess(_: &File) -> io::Result<Option<Excess>> {
    Ok(None)
}
