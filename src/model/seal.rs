//! The digest by which a file of arrays knows that it is whole and unchanged.
//!
//! The metadata of a safetensors file of ours is one entry of JSON, whose first key is `sha256`: the SHA-256 of the whole file with
//! sixty-four zeros in the digest's own place. So every byte counts, those of the header too. A reader that takes the file
//! apart without it (Python's, say) sees one more key and nothing else.
//!
//! A file without a digest was written before there were digests. Its metadata has the keys of that time alone; one with
//! another key is refused, since a damaged `sha256` is such a key.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use safetensors::SafeTensors;
use safetensors::tensor::{Dtype as TensorDtype, View};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::archive;
use crate::error::list;
use crate::scalar::{Dtype, Scalar};

/// What stands in the digest's place while the file is hashed.
const ROOM: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// What stands before it, as JSON within JSON is spelt. Nothing can stand before that but the names of the two entries.
const BEFORE: &[u8] = br#"{\"sha256\":\""#;
/// The name of the key.
const KEY: &str = "sha256";

/// Whether a file carries a digest of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seal {
    /// It does, and the file is what was written.
    Whole,
    /// It does not: damage would not show.
    None,
}

/// An array of a file that is being written. Its bytes are made when they are written, so that no more than one array is there
/// twice.
pub(crate) struct Array<'a> {
    dtype: TensorDtype,
    shape: Vec<usize>,
    bytes: Box<dyn Fn() -> Vec<u8> + 'a>,
}

impl<'a> Array<'a> {
    /// These numbers, as many as the shape says, row by row.
    pub(crate) fn new<T: Scalar>(shape: Vec<usize>, numbers: &'a [T]) -> Self {
        debug_assert_eq!(numbers.len(), shape.iter().product::<usize>());
        Self {
            dtype: match T::DTYPE {
                Dtype::F32 => TensorDtype::F32,
                Dtype::F64 => TensorDtype::F64,
            },
            shape,
            bytes: Box::new(|| put(numbers)),
        }
    }
}

impl View for Array<'_> {
    fn dtype(&self) -> TensorDtype {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        (self.bytes)().into()
    }

    fn data_len(&self) -> usize {
        self.shape.iter().product::<usize>() * self.dtype.bitsize() / 8
    }
}

/// The bytes of these numbers, little end first.
pub(crate) fn put<T: Scalar>(numbers: &[T]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(size_of_val(numbers));
    for &number in numbers {
        number.put_bytes(&mut bytes);
    }
    bytes
}

/// A file of `arrays` with `info` under `name` in its metadata, and the digest of all of it. Equal arrays and equal `info` make
/// equal bytes.
pub(crate) fn sealed<'a>(
    arrays: impl IntoIterator<Item = (String, Array<'a>)>,
    name: &str,
    info: &impl Serialize,
) -> Vec<u8> {
    #[derive(Serialize)]
    struct Entry<'a, T> {
        sha256: &'static str,
        #[serde(flatten)]
        info: &'a T,
    }
    let entry = Entry { sha256: ROOM, info };
    let entry = serde_json::to_string(&entry).expect("plain fields");
    // There is one entry only, since safetensors keeps metadata in a hash map, whose order changes from run to run.
    let metadata = HashMap::from([(name.to_owned(), entry)]);
    let mut bytes = safetensors::serialize(arrays, Some(metadata)).expect("sound arrays");
    let place = place(&bytes).expect("the digest's key comes first");
    let digest = digest(&bytes, &place);
    bytes[place].copy_from_slice(digest.as_bytes());
    bytes
}

/// The arrays of a file, and what stands under `name` in its metadata. The error is the first defect, in words.
pub(crate) fn opened<'a, T: DeserializeOwned + Serialize>(
    bytes: &'a [u8],
    name: &str,
) -> Result<(SafeTensors<'a>, T, Seal), String> {
    let header = archive::header(bytes)?;
    let tensors = archive::arrays(bytes)?;
    let metadata = header.metadata().as_ref();
    let entry = metadata.and_then(|metadata| metadata.get(name));
    let text = entry.ok_or_else(|| {
        let mut found: Vec<String> = metadata
            .into_iter()
            .flat_map(HashMap::keys)
            .cloned()
            .collect();
        found.sort_unstable();
        let found = if found.is_empty() {
            "nothing".to_owned()
        } else {
            list(&found, 3)
        };
        format!(
            "its metadata: expected an entry '{name}', found {}",
            found.escape_debug()
        )
    })?;
    let told = |error: serde_json::Error| {
        format!("its metadata: expected what gingham writes there, found something else: {error}")
    };
    let mut entry: serde_json::Map<_, _> = serde_json::from_str(text).map_err(told)?;
    let claimed = entry.remove(KEY);
    let keys: Vec<String> = entry.keys().cloned().collect();
    let info: T = serde_json::from_value(entry.into()).map_err(told)?;
    let seal = match claimed {
        Some(claimed) => {
            check(bytes, claimed.as_str().unwrap_or_default())?;
            Seal::Whole
        }
        None => {
            check_keys(&keys, &info)?;
            Seal::None
        }
    };
    Ok((tensors, info, seal))
}

/// Whether the file is what was written; the error says in words what differs.
fn check(bytes: &[u8], claimed: &str) -> Result<(), String> {
    let found = place(bytes).map(|place| digest(bytes, &place));
    if found.as_deref() == Some(claimed) {
        return Ok(());
    }
    let found = found.unwrap_or_else(|| "another order of its metadata".to_owned());
    Err(format!(
        "it was damaged or changed after it was written: expected the SHA-256 {}, found {found}",
        claimed
            .chars()
            .take(ROOM.len())
            .collect::<String>()
            .escape_debug()
    ))
}

/// Refuses keys that no version wrote before there were digests.
fn check_keys(keys: &[String], info: &impl Serialize) -> Result<(), String> {
    let known = serde_json::to_value(info).map_err(|error| error.to_string())?;
    match keys.iter().find(|key| known.get(key.as_str()).is_none()) {
        Some(key) => Err(format!(
            "its metadata: expected the entries of a file without a digest, found the unknown entry {key:?}"
        )),
        None => Ok(()),
    }
}

/// Where the digest stands.
fn place(bytes: &[u8]) -> Option<Range<usize>> {
    let length = u64::from_le_bytes(*bytes.first_chunk()?);
    let header = bytes.get(8..)?;
    let header = &header[..header.len().min(usize::try_from(length).ok()?)];
    let before = header
        .windows(BEFORE.len())
        .position(|window| window == BEFORE)?;
    let start = 8 + before + BEFORE.len();
    bytes.get(start..start + ROOM.len())?;
    Some(start..start + ROOM.len())
}

/// The digest of `bytes` with zeros in `place`, in hexadecimal.
fn digest(bytes: &[u8], place: &Range<usize>) -> String {
    let mut sha256 = Sha256::new();
    sha256.update(&bytes[..place.start]);
    sha256.update(ROOM);
    sha256.update(&bytes[place.end..]);
    let digest = sha256.finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
