//! The IDX format, as a pure function of bytes.
//!
//! ```text
//! offset  size      what
//! 0       2         zero
//! 2       1         element type; 0x08 is u8, the only one read here
//! 3       1         rank: 3 for images (count, rows, columns), 1 for labels (count)
//! 4       4 · rank  dimensions, big-endian u32
//! then              the elements, row-major, nothing after them
//! ```
//!
//! Nothing here opens a file, allocates or trusts a size. [`header`] and [`whole`] check every size against the bytes that are there,
//! and return the first defect that they find. Source of the format: Y. LeCun, C. Cortes, C. Burges, "The
//! MNIST database of handwritten digits", section "File formats".

/// What is wrong with the bytes of an IDX file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdxError {
    /// No bytes at all.
    #[error("expected an IDX file, found an empty one")]
    Empty,
    /// Fewer bytes than a header has.
    #[error("expected a header of {expected} bytes, found {found}")]
    ShortHeader {
        /// Size of the header.
        expected: usize,
        /// Size of the file.
        found: usize,
    },
    /// The first two bytes are not zero.
    #[error(
        "expected an IDX file (two zero bytes first), found {found:02x?}{}",
        hint(found)
    )]
    Magic {
        /// The first two bytes.
        found: [u8; 2],
    },
    /// The elements are not bytes.
    #[error("expected elements of type 0x08 (u8), found type {found:#04x}")]
    Type {
        /// The type byte.
        found: u8,
    },
    /// The file holds something of another rank: labels where images were expected, or the reverse.
    #[error("expected {expected} (rank {}), found rank {found}{}", expected.rank(), rank_hint(*found))]
    Rank {
        /// What was expected.
        expected: Content,
        /// The rank byte.
        found: u8,
    },
    /// A dimension is zero.
    #[error("expected at least one {what}, found none")]
    Zero {
        /// Which dimension.
        what: &'static str,
    },
    /// The product of the dimensions is no size that a file can have.
    #[error(
        "expected dimensions of a file that can exist, found {found:?}: their product overflows"
    )]
    Overflow {
        /// The dimensions.
        found: [u32; 3],
    },
    /// Fewer or more bytes than the header promises.
    #[error("expected {expected} bytes, as its header says, found {found} ({})", difference(*expected, *found))]
    Size {
        /// Size by the header.
        expected: usize,
        /// Size of the file.
        found: usize,
    },
}

/// What a file that begins with these two bytes is instead of what was expected, for a message; empty where it is not known.
#[must_use]
pub fn hint(found: &[u8; 2]) -> &'static str {
    match found {
        [0x1f, 0x8b] => " (gzip: such a file's name must end in .gz)",
        b"PK" => " (a zip archive: unpack it first)",
        [0xfd, b'7'] => " (xz: unpack it first)",
        b"BZ" => " (bzip2: unpack it first)",
        [0x28, 0xb5] => " (zstd: unpack it first)",
        [b'<', _] => " (HTML or XML: perhaps a page of the server in place of the file)",
        b"ve" => " (text: perhaps a pointer of Git LFS in place of the file)",
        [0x89, b'P'] => " (a PNG picture)",
        [0xff, 0xd8] => " (a JPEG picture)",
        b"GI" => " (a GIF picture)",
        [0x93, b'N'] => " (an array of NumPy)",
        _ => "",
    }
}

fn rank_hint(found: u8) -> &'static str {
    match found {
        1 => ": these are labels; are the two files swapped?",
        3 => ": these are images; are the two files swapped?",
        _ => "",
    }
}

fn difference(expected: usize, found: usize) -> String {
    if found < expected {
        format!("{} short", expected - found)
    } else {
        format!("{} too many", found - expected)
    }
}

/// The two kinds of IDX file that are read here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// Rank 3: count, rows, columns.
    Images,
    /// Rank 1: count.
    Labels,
}

impl Content {
    const fn rank(self) -> u8 {
        match self {
            Self::Images => 3,
            Self::Labels => 1,
        }
    }

    /// Bytes before the first element.
    pub const fn header_size(self) -> usize {
        4 + 4 * self.rank() as usize
    }
}

impl std::fmt::Display for Content {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Images => "images",
            Self::Labels => "labels",
        })
    }
}

/// A header that has been checked: its dimensions are not zero, and their product is a size that a file can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Images or labels.
    pub content: Content,
    /// How many images or labels the file has.
    pub count: usize,
    /// Rows of an image; 1 for labels.
    pub rows: usize,
    /// Columns of an image; 1 for labels.
    pub columns: usize,
    /// Size of the whole file, header included.
    pub file_size: usize,
}

/// Reads the header at the front of `bytes`, whatever follows it.
///
/// # Errors
/// Every defect that the header alone can show.
pub fn header(bytes: &[u8], content: Content) -> Result<Header, IdxError> {
    let short = IdxError::ShortHeader {
        expected: content.header_size(),
        found: bytes.len(),
    };
    if bytes.is_empty() {
        return Err(IdxError::Empty);
    }
    let (&[zero, zero_too, element, rank], rest) =
        bytes.split_first_chunk().ok_or(short.clone())?;
    if [zero, zero_too] != [0, 0] {
        return Err(IdxError::Magic {
            found: [zero, zero_too],
        });
    }
    if element != 0x08 {
        return Err(IdxError::Type { found: element });
    }
    if rank != content.rank() {
        return Err(IdxError::Rank {
            expected: content,
            found: rank,
        });
    }
    let mut dimensions = [1_u32; 3];
    let mut rest = rest;
    for dimension in &mut dimensions[..usize::from(rank)] {
        let (&bytes, after) = rest.split_first_chunk().ok_or(short.clone())?;
        *dimension = u32::from_be_bytes(bytes);
        rest = after;
    }
    let names = match content {
        Content::Images => ["image", "row", "column"],
        Content::Labels => ["label", "", ""],
    };
    for (dimension, what) in dimensions.iter().zip(names) {
        if *dimension == 0 {
            return Err(IdxError::Zero { what });
        }
    }
    let [count, rows, columns] = dimensions.map(|dimension| dimension as usize);
    let file_size = count
        .checked_mul(rows)
        .and_then(|elements| elements.checked_mul(columns))
        .and_then(|elements| elements.checked_add(content.header_size()))
        .filter(|&size| isize::try_from(size).is_ok())
        .ok_or(IdxError::Overflow { found: dimensions })?;
    Ok(Header {
        content,
        count,
        rows,
        columns,
        file_size,
    })
}

/// The header of a whole file, checked against the file's size. The elements are what follows
/// [`Content::header_size`].
///
/// # Errors
/// Every defect that [`header`] finds, and a file shorter or longer than its header promises.
pub fn whole(bytes: &[u8], content: Content) -> Result<Header, IdxError> {
    let header = header(bytes, content)?;
    if bytes.len() == header.file_size {
        Ok(header)
    } else {
        Err(IdxError::Size {
            expected: header.file_size,
            found: bytes.len(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn images(count: u32, rows: u32, columns: u32, pixels: usize) -> Vec<u8> {
        let mut bytes = vec![0, 0, 8, 3];
        for dimension in [count, rows, columns] {
            bytes.extend(dimension.to_be_bytes());
        }
        bytes.resize(16 + pixels, 7);
        bytes
    }

    #[test]
    fn a_sound_file_is_read() {
        let header = whole(&images(3, 2, 5, 30), Content::Images).unwrap();
        assert_eq!(
            (header.count, header.rows, header.columns, header.file_size),
            (3, 2, 5, 46)
        );
        let header = whole(&[0, 0, 8, 1, 0, 0, 0, 2, 9, 9], Content::Labels).unwrap();
        assert_eq!(
            (header.count, header.rows, header.columns, header.file_size),
            (2, 1, 1, 10)
        );
    }

    #[test]
    fn every_defect_has_its_name() {
        let of = |bytes: &[u8]| whole(bytes, Content::Images).unwrap_err();
        assert_eq!(of(&[]), IdxError::Empty);
        assert_eq!(
            of(&[0, 0, 8]),
            IdxError::ShortHeader {
                expected: 16,
                found: 3
            }
        );
        assert_eq!(
            of(&images(1, 1, 1, 1)[..15]),
            IdxError::ShortHeader {
                expected: 16,
                found: 15
            }
        );
        assert_eq!(
            of(&[0x1f, 0x8b, 8, 3]),
            IdxError::Magic {
                found: [0x1f, 0x8b]
            }
        );
        assert_eq!(of(&[0, 0, 0x0d, 3]), IdxError::Type { found: 0x0d });
        assert_eq!(
            of(&[0, 0, 8, 1, 0, 0, 0, 1, 5]),
            IdxError::Rank {
                expected: Content::Images,
                found: 1
            }
        );
        assert_eq!(of(&images(0, 28, 28, 0)), IdxError::Zero { what: "image" });
        assert_eq!(of(&images(1, 28, 0, 0)), IdxError::Zero { what: "column" });
        let most = u32::MAX;
        assert_eq!(
            of(&images(most, most, most, 0)),
            IdxError::Overflow { found: [most; 3] }
        );
        assert_eq!(
            of(&images(2, 2, 2, 7)),
            IdxError::Size {
                expected: 24,
                found: 23
            }
        );
        assert_eq!(
            of(&images(2, 2, 2, 9)),
            IdxError::Size {
                expected: 24,
                found: 25
            }
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_either_whole_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            for content in [Content::Images, Content::Labels] {
                if let Ok(header) = whole(&bytes, content) {
                    prop_assert_eq!(header.file_size, bytes.len());
                    prop_assert_eq!(
                        header.count * header.rows * header.columns + content.header_size(),
                        bytes.len()
                    );
                }
            }
        }

        #[test]
        fn any_small_shape_is_read(count in 1_u32..5, rows in 1_u32..6, columns in 1_u32..6) {
            let pixels = (count * rows * columns) as usize;
            let header = whole(&images(count, rows, columns, pixels), Content::Images).unwrap();
            prop_assert_eq!([header.count, header.rows, header.columns], [count, rows, columns].map(|d| d as usize));
        }
    }
}
