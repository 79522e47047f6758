//! The range of quantized numbers, and the scale that keeps some values within it.
//!
//! Why no sum of products can overflow: the magnitudes of a row's numbers that go into one sum add up to no more than [`MOST_SUM`],
//! so no sum of products with pixels, whole or in part, leaves 32 bits.

use crate::kernels;
use crate::kernels::level::Level;

/// The largest magnitude of a quantized number: `127 · 256 + 127`, so that both halves fit into 8 bits.
pub const MOST: i16 = 32_639;
/// The largest sum of the magnitudes of the quantized numbers that go into one sum: times 255 it fits into 32 bits.
pub const MOST_SUM: u32 = i32::MAX as u32 / 255;
/// Numbers that go into one sum. Rounding to the nearest integer adds up to one half to each, for which this many leave room.
pub const MOST_OF_SUM: usize = 1024;

/// What decides a scale: the largest magnitude of some values, and the sum of their magnitudes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Magnitudes {
    largest: f32,
    sum: f32,
    count: usize,
}

impl Magnitudes {
    /// The magnitudes of `values`.
    #[must_use]
    pub fn of(level: Level, values: &[f32]) -> Self {
        let (largest, sum) = kernels::magnitudes(level, values);
        Self {
            largest,
            sum,
            count: values.len(),
        }
    }

    /// The magnitudes of the values of both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            largest: self.largest.max(other.largest),
            sum: self.sum + other.sum,
            count: self.count + other.count,
        }
    }

    /// The smallest scale that keeps every number within [`MOST`] and the sum of their magnitudes within [`MOST_SUM`]; a value is
    /// about its number times this scale. It is 0 where all values are, and NaN where one of them is not finite.
    ///
    /// # Panics
    /// If there are more than [`MOST_OF_SUM`] values.
    #[must_use]
    pub fn scale(self) -> f32 {
        assert!(self.count <= MOST_OF_SUM, "numbers of a sum");
        if !self.sum.is_finite() {
            return f32::NAN;
        }
        let room = (MOST_SUM as usize - self.count) as f32;
        // A hair more than the quotient, for the roundings on the way.
        (self.largest / f32::from(MOST)).max(self.sum / room) * (1.0 + 8.0 * f32::EPSILON)
    }
}
