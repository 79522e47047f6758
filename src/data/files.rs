//! The files of a data set: how they are opened, unpacked and checked.

use std::io::{BufRead, BufReader, Error as IoError, ErrorKind, Read};
use std::path::Path;

use sha2::{Digest, Sha256};

use super::gzip::{MAGIC, Members};
use super::mmap::{self, Bytes};
use crate::error::{Error, Result};
use crate::formats::idx::{self, Content, Header};

/// Whether the name of a file says that it is packed.
pub(super) fn is_packed(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("gz"))
}

/// The SHA-256 digest of `bytes`, in hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    sha256_of_parts(&[bytes])
}

/// The digest of these parts, one behind the other.
fn sha256_of_parts(parts: &[&[u8]]) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part);
    }
    digest
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// The digest of the IDX file that holds these labels, whether or not there is one: the same labels have the same digest,
/// from a file as from memory.
pub(super) fn labels_sha256(labels: &[u8]) -> String {
    sha256_of_parts(&[&idx_header(&[labels.len()]), labels])
}

/// The digest of the IDX file that holds these images, of `shape` (images, rows, columns), whether or not there is one.
pub(super) fn images_sha256(shape: [usize; 3], pixels: &[u8]) -> String {
    sha256_of_parts(&[&idx_header(&shape), pixels])
}

/// The header of an IDX file of bytes. Numbers that it cannot hold are cut off, which no file has.
fn idx_header(dimensions: &[usize]) -> Vec<u8> {
    let numbers = dimensions
        .iter()
        .flat_map(|&dimension| (dimension as u32).to_be_bytes());
    [0, 0, 8, dimensions.len() as u8]
        .into_iter()
        .chain(numbers)
        .collect()
}

/// Refuses more or fewer labels than samples.
pub(super) fn check_count(labels: &[u8], samples: usize, what: &str) -> Result<()> {
    if labels.len() == samples {
        return Ok(());
    }
    Err(Error::Array {
        array: "labels",
        expected: format!("{samples}, one for each {what}"),
        found: labels.len().to_string(),
    })
}

/// Opens one IDX file and checks it whole.
pub(super) fn open(path: &Path, content: Content) -> Result<(Bytes, Header)> {
    let bytes = if is_packed(path) {
        Bytes::Owned(promised(unpacking(path)?, path, content)?)
    } else {
        mmap::bytes(path)?
    };
    checked(bytes, path, content)
}

/// What the header of an IDX file promises, without the rest, which may be much.
pub(super) fn header(path: &Path, content: Content) -> Result<Header> {
    if is_packed(path) {
        return Ok(start(&mut unpacking(path)?, path, content)?.1);
    }
    let bytes = beginning(&mut mmap::open(path)?, path, content)?;
    header_of(&bytes, path, content)
}

fn header_of(bytes: &[u8], path: &Path, content: Content) -> Result<Header> {
    idx::header(bytes, content).map_err(|source| Error::Idx {
        path: path.to_owned(),
        source,
    })
}

/// The bytes of a stream that are a header's, or fewer where there are no more.
fn beginning(stream: &mut impl Read, path: &Path, content: Content) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    stream
        .by_ref()
        .take(content.header_size() as u64)
        .read_to_end(&mut bytes)
        .map_err(|source| Error::Read {
            path: path.to_owned(),
            source,
        })?;
    Ok(bytes)
}

/// What a file called `.gz` unpacks to.
fn unpacking(path: &Path) -> Result<impl Read> {
    unpacked(BufReader::new(mmap::open(path)?)).map_err(|source| Error::Read {
        path: path.to_owned(),
        source,
    })
}

/// Reads one IDX file, packed or not, from a stream, and checks it whole. `name` is what messages call it.
pub(super) fn read(stream: impl Read, name: &Path, content: Content) -> Result<(Bytes, Header)> {
    let mut stream = BufReader::new(stream);
    let start = stream.fill_buf().map_err(|source| Error::Read {
        path: name.to_owned(),
        source,
    })?;
    let bytes = if start.starts_with(&MAGIC) {
        promised(Members::new(stream), name, content)?
    } else {
        promised(stream, name, content)?
    };
    checked(Bytes::Owned(bytes), name, content)
}

fn checked(bytes: Bytes, path: &Path, content: Content) -> Result<(Bytes, Header)> {
    let header = idx::whole(&bytes, content).map_err(|source| Error::Idx {
        path: path.to_owned(),
        source,
    })?;
    Ok((bytes, header))
}

/// What a file that is called `.gz` unpacks to; anything else under such a name is refused.
pub(super) fn unpacked<R: BufRead>(mut file: R) -> std::io::Result<Members<R>> {
    check_packed(&mut file)?;
    Ok(Members::new(file))
}

/// Refuses a file that is called `.gz` and holds something else.
fn check_packed(file: &mut impl BufRead) -> std::io::Result<()> {
    let start = file.fill_buf()?;
    let what = match start {
        [] => "found an empty file".to_owned(),
        start if start.starts_with(&MAGIC) => return Ok(()),
        [0, 0, 8, ..] => "found an IDX file that is not packed: name it without .gz".to_owned(),
        [one, other, ..] => format!(
            "found {:02x?} first{}",
            [one, other],
            idx::hint(&[*one, *other])
        ),
        [_] => "found a single byte".to_owned(),
    };
    Err(IoError::new(
        ErrorKind::InvalidData,
        format!("expected gzip data, as its name ends in .gz; {what}"),
    ))
}

/// Reads an IDX file from a stream: its header first, then no more than one byte beyond what the header promises, so that
/// neither a bomb nor a lie makes us hold more than the file itself accounts for.
fn promised(mut stream: impl Read, path: &Path, content: Content) -> Result<Vec<u8>> {
    let (mut bytes, header) = start(&mut stream, path, content)?;
    let rest = (header.file_size - bytes.len()) as u64 + 1;
    stream
        .take(rest)
        .read_to_end(&mut bytes)
        .map_err(|source| Error::Read {
            path: path.to_owned(),
            source,
        })?;
    bytes.shrink_to_fit();
    Ok(bytes)
}

/// Reads the header of an IDX file from a stream: its bytes, and what they say.
fn start(stream: &mut impl Read, path: &Path, content: Content) -> Result<(Vec<u8>, Header)> {
    let bytes = beginning(stream, path, content)?;
    if bytes.starts_with(&MAGIC) {
        let reason = "expected an IDX file in it, found gzip data again: it was packed twice, so unpack it once, by gunzip";
        return Err(Error::Read {
            path: path.to_owned(),
            source: IoError::new(ErrorKind::InvalidData, reason),
        });
    }
    let header = header_of(&bytes, path, content)?;
    Ok((bytes, header))
}
