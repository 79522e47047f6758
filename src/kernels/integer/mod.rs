//! Products of 16-bit numbers with pixels, summed exactly.
//!
//! A row of numbers is rounded to 16 bits, with one scale for what goes into one sum ([`QuantizedRows`]); pixels stay the bytes that
//! they are, packed so that sixteen sums run side by side ([`super::pack`]). The sums are integers, so neither their order, nor
//! what is left out because it is zero, nor the instructions that add them up can be seen in a result: every level gives the
//! same bits.
//!
//! Why it cannot overflow: the magnitudes of a row's numbers that go into one sum add up to no more than [`MOST_SUM`], so no sum
//! of products with pixels, whole or in part, leaves 32 bits. Instructions that take 8-bit factors get the number as
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
use super::pack::{Kept, Panels};
use super::{Level, Placement, Tiles};

/// Sums that run side by side: one for each image or pixel of a panel.
pub const COLUMNS: usize = 16;
/// Factors that are multiplied and added at once.
pub const QUAD: usize = 4;
/// Bytes of a panel that belong to one quad.
pub(super) const QUAD_BYTES: usize = COLUMNS * QUAD;
/// The largest magnitude of a rounded number: `127 · 256 + 127`, so that both halves fit into 8 bits.
pub const MOST: i16 = 32_639;
/// The largest sum of magnitudes of a segment's rounded numbers: times 255 it fits into 32 bits.
pub const MOST_SUM: u32 = i32::MAX as u32 / 255;
/// Numbers that go into one sum: rounding to nearest adds up to half a unit for each, which this many leave room for.
pub const MOST_OF_SUM: usize = 1024;
/// Rows that are worth cutting at: those of the highest level's tile.
pub const ROWS_OF_MICRO_TILE: usize = 10;

/// Rows of numbers rounded to 16 bits, in the form that a level's products want. Rows are padded with zeros to whole quads.
#[derive(Clone, Debug)]
pub struct QuantizedRows {
    level: Level,
    rows: usize,
    quads: usize,
    /// Row after row, two bytes a number. Where products take 16 bits: the numbers, low byte first. Where they take 8: all high
    /// halves of the row, then all low ones.
    bytes: Vec<u8>,
}

impl QuantizedRows {
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

    /// Row number `row`, to be filled.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn row_mut(&mut self, row: usize) -> QuantizedRow<'_> {
        let length = row_bytes(self.quads);
        QuantizedRow {
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
    ) -> impl IndexedParallelIterator<Item = impl Iterator<Item = QuantizedRow<'_>>> {
        let (level, length) = (self.level, row_bytes(self.quads));
        self.bytes.par_chunks_mut(rows * length).map(move |rows| {
            rows.chunks_exact_mut(length)
                .map(move |bytes| QuantizedRow { level, bytes })
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

/// One row of [`QuantizedRows`].
#[derive(Debug)]
pub struct QuantizedRow<'a> {
    level: Level,
    bytes: &'a mut [u8],
}

/// What decides a scale: of some values, the largest magnitude and the sum of magnitudes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Magnitudes {
    largest: f32,
    sum: f32,
    count: usize,
}

impl Magnitudes {
    /// Of `values`.
    #[must_use]
    pub fn of(level: Level, values: &[f32]) -> Self {
        let (largest, sum) = super::magnitudes(level, values);
        Self {
            largest,
            sum,
            count: values.len(),
        }
    }

    /// Of both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            largest: self.largest.max(other.largest),
            sum: self.sum + other.sum,
            count: self.count + other.count,
        }
    }

    /// The smallest scale that keeps every number within [`MOST`] and the sum of their magnitudes within [`MOST_SUM`]: a value is
    /// about its number times this. 0 where all values are, NaN where one is not finite.
    ///
    /// # Panics
    /// If there are more than [`MOST_OF_SUM`].
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

impl QuantizedRow<'_> {
    /// Rounds `values` over `scale`, which must be that of their [`Magnitudes`], perhaps with others', to the nearest integers, ties
    /// to even; the first goes to place `at`. What lies between the last one and the next whole quad becomes zero. Returns the
    /// numbers' sum.
    ///
    /// # Panics
    /// If they leave the row.
    pub fn quantize(&mut self, at: usize, values: &[f32], scale: f32) -> i32 {
        let (level, end) = (self.level, at + values.len());
        let padding = end..end.next_multiple_of(QUAD);
        let inverse = inverse(scale);
        if level.has_vnni() {
            let (high, low) = self.bytes.split_at_mut(self.bytes.len() / 2);
            high[padding.clone()].fill(0);
            low[padding].fill(0);
            let (high, low) = (&mut high[at..end], &mut low[at..end]);
            super::quantize_halves(level, values, inverse, high, low)
        } else {
            let (words, _) = self.bytes.as_chunks_mut();
            words[padding].fill([0; 2]);
            super::quantize_words(level, values, inverse, &mut words[at..end])
        }
    }

    /// As [`Self::quantize`]; returns the sum of the numbers times `by`, which are as many.
    ///
    /// # Panics
    /// If they leave the row.
    pub fn quantize_and_dot(&mut self, at: usize, values: &[f32], scale: f32, by: &[f32]) -> f32 {
        let (level, range) = (self.level, at..at + values.len());
        let padding = range.end..range.end.next_multiple_of(QUAD);
        let inverse = inverse(scale);
        if level.has_vnni() {
            let (high, low) = self.bytes.split_at_mut(self.bytes.len() / 2);
            high[padding.clone()].fill(0);
            low[padding].fill(0);
            super::dot_halves(
                level,
                values,
                inverse,
                by,
                &mut high[range.clone()],
                &mut low[range],
            )
        } else {
            let (words, _) = self.bytes.as_chunks_mut();
            words[padding].fill([0; 2]);
            super::dot_words(level, values, inverse, by, &mut words[range])
        }
    }
}

/// What values are multiplied with to be rounded: those so small that it would overflow count as zero.
fn inverse(scale: f32) -> f32 {
    if scale > 2.0 * f32::MIN_POSITIVE {
        1.0 / scale
    } else {
        0.0
    }
}

/// QuantizedRows rows times packed pixels.
#[derive(Clone, Copy, Debug)]
pub struct Product<'a> {
    /// The rows' numbers.
    pub factors: &'a QuantizedRows,
    /// Row after row, a scale for each sum that [`Self::segments_of_sum`] makes.
    pub scales: &'a [f32],
    /// The pixels. The quads of each of these have their factors behind those of the one before, whole room after whole room.
    pub pieces: &'a [Panels],
    /// Segments, in the order of pieces, that go into one integer sum.
    pub segments_of_sum: usize,
    /// What each row's sums begin with, if not with 0.
    pub starts: Option<&'a [f32]>,
}

impl Product<'_> {
    /// `out[r][c] = start + sum over sums of scale · sum over k of number[r][k] · pixel[k][c]` for the rows from `first_row` on, as
    /// many as `out` has. Its columns lie as `tiles` says, of which it has some from column `first_column` on, which must be
    /// at a cut, and to the next one or the last. Sums of products are exact; each is rounded to `f32` once, then scaled, then
    /// added, one after the other. Overwrites `out`.
    ///
    /// # Panics
    /// If rows, panels, scales or starts are missing, columns are not cut so, or a row of `out` is not contiguous.
    pub fn compute(
        &self,
        first_row: usize,
        tiles: Tiles,
        first_column: usize,
        mut out: ArrayViewMut2<'_, f32>,
    ) {
        let (rows, columns) = out.dim();
        if rows == 0 || columns == 0 {
            return;
        }
        let last_row = first_row + rows;
        let last_column = first_column + columns;
        let (room, segments) = self
            .pieces
            .first()
            .map_or((0, 1), |piece| (piece.quads(), piece.segments()));
        let sums = (segments * self.pieces.len()).div_ceil(self.segments_of_sum);
        let Self {
            factors, scales, ..
        } = *self;
        assert!(last_row <= factors.rows, "rows of the factors");
        assert!(
            scales.len() >= last_row * sums,
            "a scale for each row and sum"
        );
        assert!(
            self.starts.is_none_or(|starts| starts.len() >= last_row),
            "a start for each row"
        );
        let last_panel = if last_column.is_multiple_of(tiles.strip_pixels()) {
            tiles.first_tile(last_column)
        } else {
            tiles.count()
        };
        let panels_of_out = tiles.first_tile(first_column)..last_panel;
        assert!(
            first_column.is_multiple_of(tiles.strip_pixels())
                && (last_panel < tiles.count() || last_column == tiles.pixels()),
            "columns between cuts"
        );
        for piece in self.pieces {
            assert!(
                (piece.quads(), piece.segments()) == (room, segments)
                    && piece.count() >= last_panel,
                "pieces of one form, with all panels"
            );
        }
        assert!(
            room * self.pieces.len() <= factors.quads,
            "a factor for each quad"
        );
        assert!(
            out.stride_of(Axis(1)) == 1 || columns == 1,
            "contiguous rows"
        );
        let job = Job {
            product: *self,
            factors,
            first_row,
            tiles,
            first_column,
            panels_of_out,
            sums,
        };
        match factors.level.set() {
            Set::Portable => portable::product(&job, &mut out),
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

/// A product with its sizes checked: every row from `first_row` on that the output has exists in factors, scales and starts, every
/// kept quad of a piece is a factor's, and the spots of `panels_of_out` lie in the output.
struct Job<'a> {
    product: Product<'a>,
    factors: &'a QuantizedRows,
    first_row: usize,
    tiles: Tiles,
    first_column: usize,
    panels_of_out: Range<usize>,
    /// Scales of a row.
    sums: usize,
}

/// A segment of a panel of a piece.
struct Part<'a> {
    kept: Kept<'a>,
    /// The factors' quad that its quad 0 goes with.
    first_quad: usize,
    /// The sum that ends with it, if one does.
    ends_sum: Option<usize>,
    /// What the next panel has in its place, kept or not.
    next: Kept<'a>,
}

impl Job<'_> {
    /// What the sums of row `row` (of the output) begin with.
    fn start(&self, row: usize) -> f32 {
        self.product
            .starts
            .map_or(0.0, |starts| starts[self.first_row + row])
    }

    /// The bytes of row `row` (of the output).
    fn row(&self, row: usize) -> &[u8] {
        let length = row_bytes(self.factors.quads);
        &self.factors.bytes[(self.first_row + row) * length..][..length]
    }

    fn scale(&self, row: usize, sum: usize) -> f32 {
        self.product.scales[(self.first_row + row) * self.sums + sum]
    }

    /// Calls `part` for all that is added up for a panel.
    #[inline(always)]
    fn for_each_part<'b>(&'b self, panel: usize, mut part: impl FnMut(Part<'b>)) {
        let Product {
            pieces,
            segments_of_sum,
            ..
        } = self.product;
        // Counted, not divided: a division takes as long as a quad.
        let (mut sum, mut of_sum, mut first_quad) = (0, 0, 0);
        let mut left = pieces.len() * pieces.first().map_or(0, Panels::segments);
        for piece in pieces {
            let next = piece.room(panel + 1);
            for segment in 0..piece.segments() {
                of_sum += 1;
                left -= 1;
                let ends = of_sum == segments_of_sum || left == 0;
                part(Part {
                    kept: piece.segment(panel, segment),
                    first_quad,
                    ends_sum: ends.then_some(sum),
                    next,
                });
                if ends {
                    (sum, of_sum) = (sum + 1, 0);
                }
            }
            first_quad += piece.quads();
        }
    }

    /// Where a panel's columns lie in a row of the output.
    fn placement(&self, panel: usize) -> Placement {
        let spot = self.tiles.placement(panel);
        Placement {
            at: spot.at - self.first_column,
            ..spot
        }
    }

    /// Calls `tile` for every panel and up to `most` rows at a time, with the first one and their number. The smaller operand
    /// is gone through again and again while it is in the cache, the larger one once.
    #[inline(always)]
    fn for_each_tile(&self, rows: usize, most: usize, mut tile: impl FnMut(usize, usize, usize)) {
        let panels = self.panels_of_out.clone();
        let quads = self.factors.quads;
        let firsts = (0..rows).step_by(most);
        if row_bytes(quads) * rows > QUAD_BYTES * quads * panels.len() {
            for first in firsts {
                for panel in panels.clone() {
                    tile(panel, first, (rows - first).min(most));
                }
            }
        } else {
            for panel in panels {
                for first in firsts.clone() {
                    tile(panel, first, (rows - first).min(most));
                }
            }
        }
    }

    /// Stores a panel's sums of row `row` (of the output).
    #[inline(always)]
    fn store(
        &self,
        out: &mut ArrayViewMut2<'_, f32>,
        row: usize,
        spot: Placement,
        totals: &[f32; COLUMNS],
    ) {
        let row = out.index_axis_mut(Axis(0), row);
        let row = row.into_slice().expect("contiguous rows");
        let runs = totals.as_chunks::<QUAD>().0;
        for (number, (totals, length)) in runs.iter().zip(spot.lengths).enumerate() {
            row.iter_mut()
                .skip(spot.at + number * spot.stride)
                .zip(&totals[..length])
                .for_each(|(out, total)| *out = *total);
        }
    }
}
