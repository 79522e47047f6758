//! A folder by its handle: it is found again when it is renamed, and another one under its name is not taken for it.

#[cfg(unix)]
use std::fs::{File, TryLockError};
use std::io::Result;
#[cfg(unix)]
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

/// A folder that one process writes. It holds the folder's lock, which the system lets go with the process, however that ends.
#[derive(Debug)]
pub(super) struct Place {
    path: PathBuf,
    #[cfg(unix)]
    folder: File,
}

impl Place {
    /// The folder at `path`, locked.
    ///
    /// # Errors
    /// [`ErrorKind::WouldBlock`] where another process holds the lock, and those of the system.
    #[cfg(unix)]
    pub(super) fn lock(path: &Path) -> Result<Self> {
        let folder = File::open(path)?;
        match folder.try_lock() {
            // Where a file system has no locks, a run is worth more than the check.
            Ok(()) | Err(TryLockError::Error(_)) => {}
            Err(TryLockError::WouldBlock) => return Err(ErrorKind::WouldBlock.into()),
        }
        Ok(Self {
            path: path.to_owned(),
            folder,
        })
    }

    /// The folder at `path`. Elsewhere a folder cannot be opened, and so not locked.
    #[cfg(not(unix))]
    pub(super) fn lock(path: &Path) -> Result<Self> {
        Ok(Self {
            path: path.to_owned(),
        })
    }

    /// The name under which it was opened.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The name that it has now.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] where it was removed, or renamed on a system that does not tell the new name.
    #[cfg(unix)]
    pub(super) fn now(&self) -> Result<PathBuf> {
        use std::os::fd::AsRawFd;
        use std::os::unix::fs::MetadataExt;

        let identity = |metadata: std::fs::Metadata| (metadata.dev(), metadata.ino());
        let own = identity(self.folder.metadata()?);
        let handle = PathBuf::from(format!("/proc/self/fd/{}", self.folder.as_raw_fd()));
        [Ok(self.path.clone()), std::fs::read_link(handle)]
            .into_iter()
            .flatten()
            .find(|path| path.metadata().is_ok_and(|found| identity(found) == own))
            .ok_or_else(|| Error::new(ErrorKind::NotFound, "the folder was removed or moved away"))
    }

    /// The name that it has now.
    #[cfg(not(unix))]
    pub(super) fn now(&self) -> Result<PathBuf> {
        Ok(self.path.clone())
    }
}
