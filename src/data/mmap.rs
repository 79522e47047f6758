//! A file's bytes, without reading them: the only place where a file is mapped.
//!
//! What we assume: nobody shortens a mapped file while we use it (reading past its new end would end the process with
//! SIGBUS, as in every program that maps files), and where somebody rewrites it in place we may see old and new bytes
//! mixed. Both are wrong data, never memory unsafety on our side: bytes are only ever copied out or added up, never
//! used as a size or an index after they were checked, but for labels, which [`super::dataset`] copies first.

#![allow(unsafe_code)]

use std::fs::File;
use std::io::{Error as IoError, ErrorKind, Read};
use std::ops::Deref;
use std::path::Path;

use super::stream::stream;
use crate::error::{Error, Result};

/// Files below this size are read: a page of heap is cheaper than a mapping.
const MAPPED_FROM_BYTES: u64 = 64 * 1024;

/// A stream that says more than this never ends, as far as we can tell. No model of our own presets is larger.
const MOST_BYTES_OF_A_STREAM: u64 = 1 << 30;

/// The bytes of a file, mapped or in memory.
#[derive(Debug)]
pub(crate) enum Bytes {
    Mapped(memmap2::Mmap),
    Owned(Vec<u8>),
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Mapped(map) => map,
            Self::Owned(bytes) => bytes,
        }
    }
}

/// Opens a regular file. Whatever else stands at `path` is refused before it is opened, since opening a FIFO would
/// wait for its writer.
///
/// # Errors
/// [`Error::Read`] and [`Error::NotAFile`].
pub(crate) fn open(path: &Path) -> Result<File> {
    let read = |source| Error::Read {
        path: path.to_owned(),
        source,
    };
    let kind = std::fs::metadata(path).map_err(read)?.file_type();
    if kind.is_file() {
        return File::open(path).map_err(read);
    }
    let found = if kind.is_dir() {
        "a directory"
    } else {
        "a pipe, socket or device"
    };
    Err(Error::NotAFile {
        path: path.to_owned(),
        found,
    })
}

/// The bytes of the regular file at `path`: mapped where it is large and the system lets us, read otherwise. Those of a
/// [stream](stream()) are read.
///
/// # Errors
/// [`Error::Read`] and [`Error::NotAFile`].
pub(crate) fn bytes(path: &Path) -> Result<Bytes> {
    let read = |source| Error::Read {
        path: path.to_owned(),
        source,
    };
    if let Some(stream) = stream(path) {
        let mut bytes = Vec::new();
        let most = MOST_BYTES_OF_A_STREAM;
        stream?
            .take(most + 1)
            .read_to_end(&mut bytes)
            .map_err(read)?;
        if bytes.len() as u64 > most {
            let reason = format!(
                "expected at most {} MiB from a stream, found more",
                most >> 20
            );
            return Err(read(IoError::new(ErrorKind::InvalidData, reason)));
        }
        return Ok(Bytes::Owned(bytes));
    }
    let mut file = open(path)?;
    if file.metadata().map_err(read)?.len() >= MAPPED_FROM_BYTES {
        // SAFETY: the map is read-only and private to `Bytes`, which hands out shared slices that do not outlive it; the
        // module's text says what a change of the file under us can and cannot do.
        if let Ok(map) = unsafe { memmap2::Mmap::map(&file) } {
            return Ok(Bytes::Mapped(map));
        }
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(read)?;
    Ok(Bytes::Owned(bytes))
}
