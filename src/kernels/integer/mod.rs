//! Products of 16-bit numbers with pixels, summed exactly.
//!
//! A row of numbers is rounded to 16 bits with one scale ([`Rounded`]); pixels stay the bytes that they are, packed so that
//! sixteen sums run side by side ([`super::pack`]). The sums are integers, so neither their order nor the instructions
//! that add them up can be seen in a result: every level gives the same bits.
//!
//! Why it cannot overflow: within a segment the magnitudes of a rounded row add up to no more than [`MOST_SUM`], so no sum of
//! products with pixels, whole or in part, leaves 32 bits. Instructions that take 8-bit factors get the number as
//! `256 high + low`; the halves' sums are put together modulo 2³², and the whole fits.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod portable;

use std::ops::Range;

use ndarray::{ArrayViewMut2, Axis};
use rayon::prelude::*;

use super::level::Set;
use super::{Level, pack};

/// Sums that run side by side: one for each image or pixel of a panel.
pub const LANES: usize = 16;
/// Factors that are multiplied and added at once.
pub const QUAD: usize = 4;
/// Bytes of a panel that belong to one quad.
pub(super) const QUAD_BYTES: usize = LANES * QUAD;
/// The largest magnitude of a rounded number: `127 · 256 + 127`, so that both halves fit into 8 bits.
pub const MOST: i16 = 32_639;
/// The largest sum of magnitudes of a segment's rounded numbers: times 255 it fits into 32 bits.
pub const MOST_SUM: u32 = i32::MAX as u32 / 255;
/// Numbers of a segment: rounding to nearest adds up to half a unit for each, which this many leave room for.
pub const MOST_OF_SEGMENT: usize = 1024;

/// Rows of numbers rounded to 16 bits, in the form that a level's products want. Rows are padded with zeros to whole quads.
#[derive(Clone, Debug)]
pub struct Rounded {
    level: Level,
    rows: usize,
    quads: usize,
    /// Row after row, two bytes a number. Where products take 16 bits: the numbers, low byte first. Where they take 8: all high
    /// halves of the row, then all low ones.
    bytes: Vec<u8>,
}

impl Rounded {
    /// Memory for `rows` rows of `numbers` numbers, all zero.
    #[must_use]
    pub fn zeros(level: Level, rows: usize, numbers: usize) -> Self {
        let quads = numbers.div_ceil(QUAD);
        Self {
            level,
            rows,
            quads,
            bytes: vec![0; rows * row_bytes(quads)],
        }
    }

    /// The level that it is for.
    #[must_use]
    pub fn level(&self) -> Level {
        self.level
    }

    /// How many rows there are.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Quads of a row.
    #[must_use]
    pub fn quads(&self) -> usize {
        self.quads
    }

    /// Row number `row`, to be filled.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn row_mut(&mut self, row: usize) -> RoundedRow<'_> {
        let length = row_bytes(self.quads);
        RoundedRow {
            level: self.level,
            bytes: &mut self.bytes[row * length..][..length],
        }
    }

    /// All rows, `rows` at a time, to be filled by as many threads.
    ///
    /// # Panics
    /// If a row has no numbers, or `rows` is 0.
    pub fn par_rows_mut(
        &mut self,
        rows: usize,
    ) -> impl IndexedParallelIterator<Item = impl Iterator<Item = RoundedRow<'_>>> {
        let (level, length) = (self.level, row_bytes(self.quads));
        self.bytes.par_chunks_mut(rows * length).map(move |rows| {
            rows.chunks_exact_mut(length)
                .map(move |bytes| RoundedRow { level, bytes })
        })
    }

    /// The number at `place` of row `row`.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn number(&self, row: usize, place: usize) -> i16 {
        let length = row_bytes(self.quads);
        number(self.level, &self.bytes[row * length..][..length], place)
    }
}

/// Bytes of a row of so many quads.
fn row_bytes(quads: usize) -> usize {
    2 * QUAD * quads
}

fn number(level: Level, row: &[u8], place: usize) -> i16 {
    if level.has_vnni() {
        let (high, low) = row.split_at(row.len() / 2);
        (i16::from(high[place] as i8) << 8).wrapping_add(i16::from(low[place] as i8))
    } else {
        i16::from_le_bytes([row[2 * place], row[2 * place + 1]])
    }
}

/// One row of [`Rounded`].
#[derive(Debug)]
pub struct RoundedRow<'a> {
    level: Level,
    bytes: &'a mut [u8],
}

/// What rounding a segment gave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rounding {
    /// A value is about its number times this; 0 where all values are, NaN where one is not finite.
    pub scale: f32,
    /// The numbers' sum.
    pub sum: i32,
}

impl RoundedRow<'_> {
    /// Rounds a segment, beginning at place `at`: `values` over a scale, to the nearest integer, ties to even. What lies between
    /// the last one and the next whole quad becomes zero. The scale is the smallest that keeps every number within
    /// [`MOST`] and their magnitudes' sum within [`MOST_SUM`].
    ///
    /// # Panics
    /// If the segment is longer than [`MOST_OF_SEGMENT`] or leaves the row.
    pub fn round(&mut self, at: usize, values: &[f32]) -> Rounding {
        assert!(values.len() <= MOST_OF_SEGMENT, "numbers of a segment");
        let (level, end) = (self.level, at + values.len());
        let padding = end..end.next_multiple_of(QUAD);
        let (largest, sum) = super::magnitudes(level, values);
        let room = (MOST_SUM as usize - values.len()) as f32;
        // A hair more than the quotient, for the roundings on the way.
        let scale = (largest / f32::from(MOST)).max(sum / room) * (1.0 + 8.0 * f32::EPSILON);
        let scale = if sum.is_finite() { scale } else { f32::NAN };
        // Values so small that the quotient's inverse overflows count as zero.
        let inverse = if scale > 2.0 * f32::MIN_POSITIVE {
            1.0 / scale
        } else {
            0.0
        };
        let sum = if level.has_vnni() {
            let (high, low) = self.bytes.split_at_mut(self.bytes.len() / 2);
            high[padding.clone()].fill(0);
            low[padding].fill(0);
            super::round_halves(
                level,
                values,
                inverse,
                &mut high[at..end],
                &mut low[at..end],
            )
        } else {
            let (words, _) = self.bytes.as_chunks_mut();
            words[padding].fill([0; 2]);
            super::round_words(level, values, inverse, &mut words[at..end])
        };
        Rounding { scale, sum }
    }

    /// The sum of the numbers at `places` times `by[place]`.
    #[must_use]
    pub fn dot(&self, places: Range<usize>, by: &[f32]) -> f64 {
        let by = &by[places.clone()];
        if self.level.has_vnni() {
            let (high, low) = self.bytes.split_at(self.bytes.len() / 2);
            super::dot_halves(self.level, &high[places.clone()], &low[places], by)
        } else {
            super::dot_words(self.level, &self.bytes.as_chunks().0[places], by)
        }
    }
}

/// What the sums are added to.
#[derive(Clone, Copy, Debug)]
pub enum Start<'a> {
    /// A number for each row.
    Rows(&'a [f32]),
    /// Nothing.
    Zero,
    /// What is there.
    Add,
}

/// Rounded rows times packed pixels.
#[derive(Clone, Copy, Debug)]
pub struct Product<'a> {
    /// The rows' numbers.
    pub factors: &'a Rounded,
    /// Row after row, the scale of each segment.
    pub scales: &'a [f32],
    /// The quads of each segment; together all of a row's.
    pub segments: &'a [Range<usize>],
    /// The pixels: panel after panel, in each [`LANES`] columns, quad after quad; column after column of a quad, its bytes.
    pub panels: &'a [u8],
}

impl Product<'_> {
    /// `out[r][c] = start + sum over segments of scale · sum over k of number[r][k] · pixel[k][c]` for the rows from `first_row`
    /// on, as many as `out` has, and the panels from `first_panel` on that its columns fill. Sums of products are exact; each is
    /// rounded to `f32` once, then scaled, then added, segment after segment.
    ///
    /// # Panics
    /// If rows, panels, scales or start values are missing, or a row of `out` is not contiguous.
    pub fn compute(
        &self,
        first_row: usize,
        first_panel: usize,
        start: Start<'_>,
        mut out: ArrayViewMut2<'_, f32>,
    ) {
        let Self {
            factors,
            scales,
            segments,
            panels,
        } = *self;
        let (rows, columns) = out.dim();
        if rows == 0 || columns == 0 {
            return;
        }
        let panel_bytes = pack::panel_bytes(factors.quads);
        let last_row = first_row + rows;
        assert!(last_row <= factors.rows, "rows of the factors");
        assert!(
            scales.len() >= last_row * segments.len(),
            "a scale for each row and segment"
        );
        if let Start::Rows(values) = start {
            assert!(values.len() >= last_row, "a start for each row");
        }
        assert!(
            segments
                .iter()
                .all(|segment| segment.start <= segment.end && segment.end <= factors.quads),
            "segments within a row"
        );
        let panels = &panels[first_panel * panel_bytes..];
        let panels = &panels[..columns.div_ceil(LANES) * panel_bytes];
        assert!(
            out.stride_of(Axis(1)) == 1 || columns == 1,
            "contiguous rows"
        );
        let job = Job {
            factors,
            scales,
            segments,
            panels,
            first_row,
            start,
        };
        match factors.level.set() {
            Set::Portable => portable::product(&job, out),
            // SAFETY: a level of this set exists only where the CPU was found to have its instructions; shapes were checked
            // above.
            #[cfg(target_arch = "x86_64")]
            Set::Avx2 => unsafe { avx2::product(&job, &mut out) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Set::Avx512 => unsafe { avx512::product(&job, &mut out) },
        }
    }
}

/// A product with its sizes checked: `panels` are those of the output's columns, and every row from `first_row` on that the
/// output has exists in factors, scales and start.
struct Job<'a> {
    factors: &'a Rounded,
    scales: &'a [f32],
    segments: &'a [Range<usize>],
    panels: &'a [u8],
    first_row: usize,
    start: Start<'a>,
}

impl Job<'_> {
    /// What the sums of row `row` (of the output) begin with, where that is a number of the row's.
    fn start(&self, row: usize) -> Option<f32> {
        match self.start {
            Start::Rows(values) => Some(values[self.first_row + row]),
            Start::Zero => Some(0.0),
            Start::Add => None,
        }
    }

    /// The bytes of row `row` (of the output).
    fn row(&self, row: usize) -> &[u8] {
        let length = row_bytes(self.factors.quads);
        &self.factors.bytes[(self.first_row + row) * length..][..length]
    }

    fn scale(&self, row: usize, segment: usize) -> f32 {
        self.scales[(self.first_row + row) * self.segments.len() + segment]
    }
}
