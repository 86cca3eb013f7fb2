//! Writing a file: it is either the old one or the complete new one.

use std::io::{self, Write};
use std::path::Path;

/// Writes `bytes` to `path` by way of a temporary file beside it. Missing folders are made.
///
/// # Errors
/// If the folder or the file cannot be written; an old file is then as it was.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::Builder::new().permissions_like_a_new_file().tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Whether files can be written to `folder`; if it is not there, to the innermost folder around it that is.
///
/// # Errors
/// If they cannot. Nothing is left behind in any case.
pub fn check_folder(folder: &Path) -> io::Result<()> {
    let around = folder.ancestors().find(|path| path.exists()).unwrap_or(Path::new("."));
    // The error of the system names the temporary file, which is nothing to the user.
    tempfile::tempfile_in(around).map(drop).map_err(|error| error.kind().into())
}

/// Temporary files are private by default; a result is to be as readable as any other new file.
trait LikeANewFile {
    fn permissions_like_a_new_file(&mut self) -> &mut Self;
}

impl LikeANewFile for tempfile::Builder<'_, '_> {
    #[cfg(unix)]
    fn permissions_like_a_new_file(&mut self) -> &mut Self {
        use std::os::unix::fs::PermissionsExt;
        self.permissions(std::fs::Permissions::from_mode(0o666))
    }

    #[cfg(not(unix))]
    fn permissions_like_a_new_file(&mut self) -> &mut Self {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_not_there_can_be_written_to_if_it_can_be_made() {
        let folder = tempfile::tempdir().unwrap();
        assert!(check_folder(&folder.path().join("new").join("newer")).is_ok());
        std::fs::write(folder.path().join("file"), "").unwrap();
        assert!(check_folder(&folder.path().join("file").join("newer")).is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_is_replaced_as_a_whole_and_its_folder_made() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new").join("result.json");
        write(&path, b"old").unwrap();
        write(&path, b"new").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }
}
