//! The files of a data set: where they are looked for, how they are opened and decoded.

use std::io::Read;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::mmap::{self, Bytes};
use crate::error::{Error, Result};
use crate::formats::idx::{self, Content, Header};

/// The raw file where it exists, else the `.gz` where that exists, else the raw file (whose absence is then reported).
pub(super) fn find(folder: &Path, prefix: &str, content: Content) -> PathBuf {
    let name = match content {
        Content::Images => format!("{prefix}-images-idx3-ubyte"),
        Content::Labels => format!("{prefix}-labels-idx1-ubyte"),
    };
    let (raw, packed) = (folder.join(&name), folder.join(name + ".gz"));
    if !raw.exists() && packed.exists() {
        packed
    } else {
        raw
    }
}

/// The SHA-256 digest of `bytes`, in hexadecimal.
pub(super) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// The digest of the IDX file that holds these labels, whether or not there is one: the same labels have the same digest,
/// from a file as from memory.
pub(super) fn labels_sha256(labels: &[u8]) -> String {
    let header = [0, 0, 8, 1]
        .into_iter()
        .chain((labels.len() as u32).to_be_bytes());
    let bytes: Vec<u8> = header.chain(labels.iter().copied()).collect();
    sha256(&bytes)
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
    let bytes = if path.extension().is_some_and(|extension| extension == "gz") {
        Bytes::Owned(decode(path, content)?)
    } else {
        mmap::bytes(path)?
    };
    let header = idx::whole(&bytes, content).map_err(|source| Error::Idx {
        path: path.to_owned(),
        source,
    })?;
    Ok((bytes, header))
}

/// Decodes a `.gz` into memory: its header first, then no more than one byte beyond what the header promises, so that
/// neither a bomb nor a lie makes us hold more than the file itself accounts for.
fn decode(path: &Path, content: Content) -> Result<Vec<u8>> {
    let read = |source| Error::Read {
        path: path.to_owned(),
        source,
    };
    let mut decoder = flate2::read::MultiGzDecoder::new(std::io::BufReader::new(mmap::open(path)?));
    let mut bytes = Vec::new();
    decoder
        .by_ref()
        .take(content.header_size() as u64)
        .read_to_end(&mut bytes)
        .map_err(read)?;
    let header = idx::header(&bytes, content).map_err(|source| Error::Idx {
        path: path.to_owned(),
        source,
    })?;
    let rest = (header.file_size - bytes.len()) as u64 + 1;
    decoder.take(rest).read_to_end(&mut bytes).map_err(read)?;
    bytes.shrink_to_fit();
    Ok(bytes)
}

/// The class names in a text file such as `classes.txt`: one a line, by label.
///
/// # Errors
/// [`Error::Read`] and [`Error::NotAFile`], and [`Error::Mismatch`] for no names or more than 256.
pub fn class_names(path: &Path) -> Result<Vec<String>> {
    /// No list of 256 names is longer.
    const MOST_BYTES: u64 = 64 * 1024;
    let refuse = |found: String| {
        Err(Error::Mismatch {
            path: path.to_owned(),
            expected: "1 to 256 class names, one a line".to_owned(),
            found,
        })
    };
    let mut text = String::new();
    mmap::open(path)?
        .take(MOST_BYTES + 1)
        .read_to_string(&mut text)
        .map_err(|source| Error::Read {
            path: path.to_owned(),
            source,
        })?;
    if text.len() as u64 > MOST_BYTES {
        return refuse(format!("more than {} KiB", MOST_BYTES / 1024));
    }
    let names: Vec<String> = text
        .lines()
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect();
    if (1..=256).contains(&names.len()) {
        Ok(names)
    } else {
        refuse(names.len().to_string())
    }
}
