//! The shape in which integer products take pixels: a few numbers, and the line of bytes that they describe.

/// Columns of a panel, whose sums run side by side: each is one image or one pixel.
pub const COLUMNS: usize = 16;
/// Numbers of a row that are multiplied and added at once.
pub const QUAD: usize = 4;
/// Bytes of a [`Line`].
pub(super) const LINE_BYTES: usize = COLUMNS * QUAD;

/// A quad of sixteen columns, four bytes for each: one cache line, and one register of 512 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(align(64))]
pub struct Line(pub(super) [u8; LINE_BYTES]);

impl Line {
    /// A line of zeros.
    pub const ZERO: Self = Self([0; LINE_BYTES]);
}
