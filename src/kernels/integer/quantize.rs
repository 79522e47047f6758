//! Values made 16-bit numbers, in the form that a level's products want.

use super::choice::with_kernel;
use super::kernel::MicroKernel;
use super::rows::{Form, Rows};
use crate::kernels::level::Level;
use crate::kernels::portable::Halves;
use crate::kernels::shape::QUAD;
use crate::kernels::{dot_halves, dot_words, quantize_halves, quantize_words};

fn form(level: Level) -> Form {
    with_kernel!(level, Kernel => Kernel::FORM)
}

/// The number at `index` of row `row`.
///
/// # Panics
/// If there is none.
#[must_use]
pub fn number(rows: Rows<'_>, row: usize, index: usize) -> i16 {
    let bytes = rows.bytes(row, 1);
    match form(rows.level()) {
        Form::Words => i16::from_le_bytes([bytes[2 * index], bytes[2 * index + 1]]),
        Form::Halves => {
            let (high, low) = bytes.split_at(bytes.len() / 2);
            (i16::from(high[index] as i8) << 8).wrapping_add(i16::from(low[index] as i8))
        }
    }
}

/// One row of quantized numbers, to be filled.
#[derive(Debug)]
pub struct RowMut<'a> {
    level: Level,
    bytes: &'a mut [u8],
}

impl<'a> RowMut<'a> {
    /// The row in `bytes`, in the form that `level` wants.
    #[must_use]
    pub fn new(level: Level, bytes: &'a mut [u8]) -> Self {
        Self { level, bytes }
    }

    /// Quantizes `values`: divides them by `scale`, which must be that of their [`Magnitudes`](super::Magnitudes), perhaps together
    /// with those of others, and rounds to the nearest integers, ties to even. The first number goes to index `at`. What lies
    /// between the last one and the next whole quad becomes zero. Returns the sum of the numbers.
    ///
    /// # Panics
    /// If the numbers leave the row.
    pub fn quantize(&mut self, at: usize, values: &[f32], scale: f32) -> i32 {
        let inverse = inverse(scale);
        let end = at + values.len();
        match form(self.level) {
            Form::Words => quantize_words(self.level, values, inverse, self.words(at, end)),
            Form::Halves => quantize_halves(self.level, values, inverse, self.halves(at, end)),
        }
    }

    /// As [`Self::quantize`]; returns the sum of the numbers times `by`, which are as many.
    ///
    /// # Panics
    /// If the numbers leave the row.
    pub fn quantize_and_dot(&mut self, at: usize, values: &[f32], scale: f32, by: &[f32]) -> f32 {
        let inverse = inverse(scale);
        let end = at + values.len();
        match form(self.level) {
            Form::Words => dot_words(self.level, values, inverse, by, self.words(at, end)),
            Form::Halves => dot_halves(self.level, values, inverse, by, self.halves(at, end)),
        }
    }

    /// The words from `at` to `end`, after those that fill up the last quad were made zero.
    fn words(&mut self, at: usize, end: usize) -> &mut [[u8; 2]] {
        let (words, _) = self.bytes.as_chunks_mut();
        words[end..end.next_multiple_of(QUAD)].fill([0; 2]);
        &mut words[at..end]
    }

    /// The halves from `at` to `end`, after those that fill up the last quad were made zero.
    fn halves(&mut self, at: usize, end: usize) -> Halves<'_> {
        let padding = end..end.next_multiple_of(QUAD);
        let (high, low) = self.bytes.split_at_mut(self.bytes.len() / 2);
        high[padding.clone()].fill(0);
        low[padding].fill(0);
        Halves {
            high: &mut high[at..end],
            low: &mut low[at..end],
        }
    }
}

/// What values are multiplied with to be divided by `scale`: 0 for a scale so small that its inverse would overflow.
fn inverse(scale: f32) -> f32 {
    if scale > 2.0 * f32::MIN_POSITIVE {
        1.0 / scale
    } else {
        0.0
    }
}
