//! Errors of files and directories.

use std::io;
use std::path::Path;

use crate::store::StoreError;

/// Converts an I/O error on this path to a store error.
pub(super) fn failed(what: &str, path: &Path) -> impl Fn(io::Error) -> StoreError + use<> {
    let what = format!("{what} {}", path.display());
    move |error| StoreError::unavailable(format!("{what}: {error}")).caused_by(error)
}
