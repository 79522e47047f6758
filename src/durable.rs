//! Files that are whole or not there at all: they are written under another name, synced, and renamed.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use crate::error::{Error, Result};

/// Writes a new file. It appears under its name only when all its bytes are on the disk.
///
/// # Errors
/// [`Error::Exists`] where something stands at `path`, [`Error::Write`] for everything else. No part of a file is left then.
pub fn write_new(path: &Path, bytes: &[u8]) -> Result<()> {
    if path.symlink_metadata().is_ok() {
        return Err(Error::Exists {
            path: path.to_owned(),
        });
    }
    let failed = |source| Error::Write {
        path: path.to_owned(),
        source,
    };
    let name = path
        .file_name()
        .ok_or_else(|| failed(std::io::ErrorKind::InvalidFilename.into()))?;
    let partial = path.with_file_name(format!(
        ".{}.partial-{}",
        name.to_string_lossy(),
        std::process::id()
    ));
    let written = File::create_new(&partial)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| std::fs::rename(&partial, path));
    written.map_err(|source| {
        let _ = std::fs::remove_file(&partial); // the first failure is the one to report
        failed(source)
    })
}

/// Writes a file in the place of the one at `path`, if there is one. The old file stays until the new one is whole.
///
/// # Errors
/// [`Error::Write`]. No part of a new file is left then.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let partial = path.with_file_name(format!(".gingham-{}.partial", std::process::id()));
    let written = File::create_new(&partial)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| std::fs::rename(&partial, path));
    written.map_err(|source| {
        let _ = std::fs::remove_file(&partial); // the first failure is the one to report
        Error::Write {
            path: path.to_owned(),
            source,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_file_is_whole_and_an_old_one_untouched() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        write_new(&path, b"first").unwrap();
        assert!(matches!(
            write_new(&path, b"second"),
            Err(Error::Exists { .. })
        ));
        assert_eq!(std::fs::read(&path).unwrap(), b"first");
        assert_eq!(
            std::fs::read_dir(folder.path()).unwrap().count(),
            1,
            "no sibling is left"
        );
        let missing = folder.path().join("nowhere").join("file");
        assert!(matches!(write_new(&missing, b""), Err(Error::Write { .. })));
    }
}
