//! Files that are whole or not there at all: they are written under a name of their own, synced, and renamed.
//!
//! A rename that replaces nothing is one step of the system's (`RENAME_NOREPLACE`, else a hard link), so of several processes
//! that write the same new name one succeeds and the others are told that it exists.

use std::io::Write;
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile, TempDir};

use crate::error::{Error, Result};

/// How the name of a file begins that is being written.
const PREFIX: &str = ".gingham-";
/// How it ends.
const SUFFIX: &str = ".partial";

/// Writes a new file. It appears under its name only when all its bytes are on the disk.
///
/// # Errors
/// [`Error::Exists`] where something stands at `path`, [`Error::Write`] for everything else. No part of a file is left then.
pub fn write_new(path: &Path, bytes: &[u8]) -> Result<()> {
    if path.symlink_metadata().is_ok() {
        return Err(exists(path));
    }
    let whole = written(path, bytes)?;
    match whole.persist_noclobber(path) {
        Ok(_) => sync_folder_of(path),
        Err(failed) if failed.error.kind() == std::io::ErrorKind::AlreadyExists => {
            Err(exists(path))
        }
        Err(failed) => Err(cannot_write(path, failed.error)),
    }
}

/// Writes a file in the place of the one that stands at `path`, if there is one: readers see the old one or the new one, whole. The
/// new one has the old one's permissions.
///
/// # Errors
/// [`Error::Write`]. The old file stays then.
pub fn write_over(path: &Path, bytes: &[u8]) -> Result<()> {
    let whole = written(path, bytes)?;
    if let Ok(old) = path.metadata() {
        whole
            .as_file()
            .set_permissions(old.permissions())
            .map_err(|source| cannot_write(path, source))?;
    }
    whole
        .persist(path)
        .map_err(|failed| cannot_write(path, failed.error))?;
    sync_folder_of(path)
}

/// A folder that is filled under a name of its own. It is removed if it is dropped before [`Self::keep`].
#[derive(Debug)]
pub struct NewFolder {
    filled: TempDir,
    out: PathBuf,
}

impl NewFolder {
    /// An empty folder beside `out`, which will be its name.
    ///
    /// # Errors
    /// [`Error::Exists`] where something stands at `out`, and [`Error::Write`].
    pub fn new(out: &Path) -> Result<Self> {
        if out.symlink_metadata().is_ok() {
            return Err(exists(out));
        }
        let mut beside = builder();
        #[cfg(unix)] // as any new folder; by itself it would be for its owner only
        beside.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o777));
        Ok(Self {
            filled: beside
                .tempdir_in(folder_of(out))
                .map_err(|error| cannot_write(out, of_system(error)))?,
            out: out.to_owned(),
        })
    }

    /// Where its files are to be written.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.filled.path()
    }

    /// Syncs it and gives it its name. Where somebody has made a folder or a file of that name in the meantime, that is kept.
    ///
    /// # Errors
    /// [`Error::Exists`] and [`Error::Write`].
    pub fn keep(self) -> Result<()> {
        let failed = |source| cannot_write(&self.out, source);
        sync_folder(self.path()).map_err(failed)?;
        // The name is claimed by an empty folder of our own, which the rename replaces.
        std::fs::create_dir(&self.out).map_err(|source| match source.kind() {
            std::io::ErrorKind::AlreadyExists => exists(&self.out),
            _ => failed(source),
        })?;
        if let Err(source) = std::fs::rename(self.path(), &self.out) {
            let _ = std::fs::remove_dir(&self.out); // the first failure is the one to report
            return Err(failed(source));
        }
        let _ = self.filled.keep(); // under its new name, from here on
        sync_folder(folder_of(&self.out)).map_err(|source| cannot_write(&self.out, source))
    }
}

/// Whether `folder` holds nothing, or nothing but files that were being written.
#[must_use]
pub fn is_without_files(folder: &Path) -> bool {
    std::fs::read_dir(folder).is_ok_and(|entries| {
        let mut entries = entries.flatten();
        entries.all(|entry| is_partial(&entry.file_name()))
    })
}

fn is_partial(name: &std::ffi::OsStr) -> bool {
    let name = name.to_string_lossy();
    name.starts_with(PREFIX) && name.ends_with(SUFFIX)
}

/// Removes the files that killed processes left half-written in `folder`, which no other process may be writing. What cannot be removed
/// stays: it takes room and nothing else.
pub fn remove_partial(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if is_partial(&entry.file_name()) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// A synced file beside `path`, with a short name: that of `path` may be as long as the system takes.
fn written(path: &Path, bytes: &[u8]) -> Result<NamedTempFile> {
    let failed = |source| cannot_write(path, source);
    if path.file_name().is_none() {
        return Err(failed(std::io::ErrorKind::InvalidFilename.into()));
    }
    let mut beside = builder();
    #[cfg(unix)] // as any new file; by itself it would be for its owner only
    beside.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = beside
        .tempfile_in(folder_of(path))
        .map_err(|error| failed(of_system(error)))?;
    let inner = file.as_file_mut(); // whose errors do not name it
    inner
        .write_all(bytes)
        .and_then(|()| inner.sync_all())
        .map_err(failed)?;
    Ok(file)
}

/// The system's own error, by its number: tempfile adds the name of its file, which nobody has asked for, behind that.
fn of_system(error: std::io::Error) -> std::io::Error {
    let text = error.to_string();
    let number = text
        .split_once("(os error ")
        .and_then(|(_, rest)| rest.split_once(')'))
        .and_then(|(number, _)| number.parse().ok());
    number.map_or(error, std::io::Error::from_raw_os_error)
}

fn builder() -> Builder<'static, 'static> {
    let mut builder = Builder::new();
    builder.prefix(PREFIX).suffix(SUFFIX);
    builder
}

/// Syncs the folder of a file, which holds its name.
fn sync_folder_of(path: &Path) -> Result<()> {
    sync_folder(folder_of(path)).map_err(|source| cannot_write(path, source))
}

fn sync_folder(folder: &Path) -> std::io::Result<()> {
    if cfg!(unix) {
        return std::fs::File::open(folder)?.sync_all(); // elsewhere a folder cannot be opened
    }
    Ok(())
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

fn exists(path: &Path) -> Error {
    Error::Exists {
        path: path.to_owned(),
    }
}

fn cannot_write(path: &Path, source: std::io::Error) -> Error {
    Error::Write {
        path: path.to_owned(),
        source,
    }
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
    #[test]
    fn of_many_writers_of_one_name_one_succeeds() {
        let folder = tempfile::tempdir().unwrap();
        for round in 0..50 {
            let path = folder.path().join(round.to_string());
            let outcomes: Vec<Result<()>> = std::thread::scope(|scope| {
                let writers: Vec<_> = (0..6_u8)
                    .map(|number| {
                        scope.spawn({
                            let path = &path;
                            move || write_new(path, &[number; 1000])
                        })
                    })
                    .collect();
                writers
                    .into_iter()
                    .map(|writer| writer.join().unwrap())
                    .collect()
            });
            let succeeded = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
            assert_eq!(succeeded, 1, "{outcomes:?}");
            assert!(
                outcomes
                    .iter()
                    .all(|outcome| matches!(outcome, Ok(()) | Err(Error::Exists { .. })))
            );
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 50);
    }

    #[test]
    fn a_file_in_the_place_of_another_has_the_usual_rights_and_the_longest_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("n".repeat(255));
        write_over(&path, b"first").unwrap();
        write_over(&path, b"second").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"second");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        let plain = folder.path().join("plain");
        std::fs::write(&plain, b"").unwrap();
        let rights = |path: &Path| path.metadata().unwrap().permissions();
        assert_eq!(rights(&path), rights(&plain));
    }
}
