//! How rows of quantized numbers lie in memory.

use crate::kernels::level::Level;
use crate::kernels::shape::QUAD;

/// The form that an instruction set's products want a row's 16-bit numbers in. Rows are padded with zeros to whole quads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// The numbers themselves, low byte first: for products that take 16 bits.
    Words,
    /// All high halves of the row, then all low halves: for products that take 8 bits. The number is `256 high + low`, and both
    /// halves have a sign.
    #[cfg_attr(not(target_arch = "x86_64"), expect(dead_code))]
    Halves,
}

/// Bytes of a row of so many quads.
///
/// # Panics
/// If they cannot be counted.
#[must_use]
pub fn row_bytes(quads: usize) -> usize {
    quads.checked_mul(2 * QUAD).expect("bytes of a row")
}

/// Rows of quantized numbers, all of one length, one behind the other.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    level: Level,
    quads: usize,
    bytes: &'a [u8],
}

impl<'a> Rows<'a> {
    /// Rows of `quads` quads, in the form that `level` wants.
    ///
    /// # Panics
    /// If the bytes are not whole rows.
    #[must_use]
    pub fn new(level: Level, quads: usize, bytes: &'a [u8]) -> Self {
        assert!(
            bytes.len().is_multiple_of(row_bytes(quads)),
            "whole rows of numbers"
        );
        Self {
            level,
            quads,
            bytes,
        }
    }

    /// The level whose form the numbers have.
    #[must_use]
    pub fn level(self) -> Level {
        self.level
    }

    /// Quads of a row.
    #[must_use]
    pub fn quads(self) -> usize {
        self.quads
    }

    /// How many rows there are: as many as anyone asks for, where a row has no bytes.
    #[must_use]
    pub fn count(self) -> usize {
        self.bytes
            .len()
            .checked_div(row_bytes(self.quads))
            .unwrap_or(usize::MAX)
    }

    /// The bytes of `count` rows from row `first` on.
    #[inline]
    pub(super) fn bytes(self, first: usize, count: usize) -> &'a [u8] {
        let length = 2 * QUAD * self.quads;
        &self.bytes[first * length..][..count * length]
    }
}
