//! Temporary folders that an interruption does not leave behind.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tempfile::TempDir;

use crate::cli::Failure;

/// Those that there are.
static FOLDERS: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// A temporary folder, which is gone when it is dropped.
pub(super) struct TemporaryFolder(TempDir);

impl TemporaryFolder {
    /// A new folder.
    pub fn new() -> Result<TemporaryFolder, Failure> {
        let mut folders = folders();
        let folder = tempfile::tempdir()
            .map_err(|error| Failure::Inside(format!("cannot make a temporary folder: {error}")))?;
        folders.push(folder.path().to_owned());
        Ok(TemporaryFolder(folder))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        folders().retain(|path| path != self.path());
    }
}

/// Removes all temporary folders, for a program that ends at once.
pub(super) fn remove_all() {
    for path in folders().drain(..) {
        // There is nobody left to be told that it could not be removed.
        let _ = std::fs::remove_dir_all(path);
    }
}

fn folders() -> MutexGuard<'static, Vec<PathBuf>> {
    FOLDERS.lock().unwrap_or_else(PoisonError::into_inner)
}
