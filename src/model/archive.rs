//! A safetensors file taken apart. What is wrong with its bytes is told by what was expected, what was found, and where.

use std::collections::HashMap;

use safetensors::tensor::{Dtype, Metadata};
use safetensors::{SafeTensorError, SafeTensors};
use serde::Deserialize;

use crate::formats::idx;

/// The bytes before the header: its length.
const LENGTH: usize = 8;

/// The arrays of a file.
///
/// # Errors
/// The first defect, in words.
pub(super) fn arrays(bytes: &[u8]) -> Result<SafeTensors<'_>, String> {
    SafeTensors::deserialize(bytes).map_err(|error| defect(bytes, &error))
}

/// What the header of a file says.
///
/// # Errors
/// The first defect, in words.
pub(super) fn header(bytes: &[u8]) -> Result<Metadata, String> {
    let read = SafeTensors::read_metadata(bytes).map_err(|error| defect(bytes, &error));
    read.map(|(_, header)| header)
}

fn defect(bytes: &[u8], error: &SafeTensorError) -> String {
    let found = bytes.len();
    let length = bytes
        .first_chunk()
        .map(|length| u64::from_le_bytes(*length));
    let length = length.unwrap_or_default();
    match error {
        SafeTensorError::HeaderTooSmall => format!(
            "expected a safetensors file, which begins with {LENGTH} bytes for the length of its header, found {found} bytes"
        ),
        SafeTensorError::HeaderTooLarge => format!(
            "expected a safetensors file, which begins with the length of its header, found {length} there, which is too large{}",
            kind(bytes)
        ),
        SafeTensorError::InvalidHeaderLength => format!(
            "expected a header of {length} bytes, as the first {LENGTH} bytes say, found {}",
            found.saturating_sub(LENGTH)
        ),
        SafeTensorError::InvalidHeader(error) => format!(
            "expected a header in UTF-8, found other bytes at offset {}",
            LENGTH + error.valid_up_to()
        ),
        SafeTensorError::InvalidHeaderDeserialization(error) => format!(
            "expected a header in JSON, with the type, shape and offsets of each array, found something else: {error}"
        ),
        SafeTensorError::InvalidOffset(name) => format!(
            "{name}: expected an array that begins where the one before it ends, found other offsets"
        ),
        other => of_arrays(bytes, length).unwrap_or_else(|| other.to_string()),
    }
}

/// What a file is that does not begin as a safetensors file does; nothing where it is not known.
fn kind(bytes: &[u8]) -> &'static str {
    match bytes {
        [b'P', b'K', ..] => " (a zip archive, as torch.save and numpy.savez write it)",
        [0x80, 2..=5, ..] => " (a pickle)",
        [0x89, b'H', ..] => " (HDF5)",
        [0, 0, 8, 1 | 3, ..] => " (an IDX file)",
        [one, other, ..] => idx::hint(&[*one, *other]),
        _ => "",
    }
}

/// An entry of the header, as far as it is an array's.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry {
    dtype: Option<Dtype>,
    shape: Vec<usize>,
    data_offsets: Option<[usize; 2]>,
}

/// The first array that does not fit its own offsets, or else a file of another size than all arrays need.
fn of_arrays(bytes: &[u8], length: u64) -> Option<String> {
    let end = LENGTH.checked_add(usize::try_from(length).ok()?)?;
    let entries: HashMap<String, Entry> = serde_json::from_slice(bytes.get(LENGTH..end)?).ok()?;
    let mut entries: Vec<(String, Entry)> = entries.into_iter().collect();
    entries.sort_by(|(one, _), (other, _)| one.cmp(other));
    let mut last = 0;
    for (name, entry) in entries {
        let (Some(dtype), Some([from, to])) = (entry.dtype, entry.data_offsets) else {
            continue;
        };
        last = last.max(to);
        let shape = &entry.shape;
        let bits = shape
            .iter()
            .try_fold(dtype.bitsize(), |bits, &size| bits.checked_mul(size));
        match bits {
            None => {
                return Some(format!(
                    "{name}: expected the shape of an array that can exist, found {shape:?}: its size overflows"
                ));
            }
            Some(bits) if to.checked_sub(from) != Some(bits / 8) => {
                return Some(format!(
                    "{name}: expected {} bytes, as its type and shape say, found offsets from {from} to {to}",
                    bits / 8
                ));
            }
            Some(_) => {}
        }
    }
    let (expected, found) = (end.checked_add(last)?, bytes.len());
    (expected != found)
        .then(|| format!("expected {expected} bytes, as its header says, found {found}"))
}
