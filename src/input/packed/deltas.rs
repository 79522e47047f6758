//! The first layer's deltas as its gradient's product takes them, and that product.

use ndarray::ArrayViewMut2;
use rayon::prelude::*;

use super::groups::PixelGroups;
use super::rows::QuantizedRows;
use crate::kernels::integer::{MOST_OF_SUM, Magnitudes, Product, Window};
use crate::kernels::{Level, Panels, QUAD};

/// Units whose deltas one task quantizes.
const UNITS_PER_TASK: usize = 8;

/// The first layer's deltas, quantized anew for every step.
#[derive(Debug)]
pub struct QuantizedDeltas {
    /// A row for each unit: chunk after chunk, the deltas of its images.
    rows: QuantizedRows,
    /// Unit after unit, a scale for each few chunks.
    scales: Vec<f32>,
    /// By unit: the sum of its deltas, as quantized.
    sums: Vec<f32>,
    /// Numbers of a row that a chunk has.
    chunk: usize,
    /// Chunks whose images go into one sum.
    chunks_of_sum: usize,
}

/// The deltas of a chunk's images: unit after unit, `stride` numbers for each, of which the first `images` count.
#[derive(Clone, Copy, Debug)]
pub struct ChunkDeltas<'a> {
    numbers: &'a [f32],
    stride: usize,
    images: usize,
}

impl<'a> ChunkDeltas<'a> {
    /// The deltas in `numbers`, of `images` images.
    #[must_use]
    pub fn new(numbers: &'a [f32], stride: usize, images: usize) -> Self {
        Self {
            numbers,
            stride,
            images,
        }
    }

    pub(super) fn of_unit(self, unit: usize) -> &'a [f32] {
        &self.numbers[unit * self.stride..][..self.images]
    }
}

impl QuantizedDeltas {
    /// Memory for `units` units and batches of up to `batch` images in chunks of `images`.
    #[must_use]
    pub fn new(level: Level, units: usize, batch: usize, images: usize) -> Self {
        let chunk = images.min(batch).next_multiple_of(QUAD);
        let chunks = batch.div_ceil(images);
        let chunks_of_sum = (MOST_OF_SUM / chunk.max(1)).max(1);
        Self {
            rows: QuantizedRows::zeros(level, units, chunks * chunk),
            scales: vec![0.0; units * chunks.div_ceil(chunks_of_sum)],
            sums: vec![0.0; units],
            chunk,
            chunks_of_sum,
        }
    }

    /// Quantizes the deltas of the first `chunks` chunks, of which `deltas` has those of each.
    pub fn quantize<'a>(
        &mut self,
        chunks: usize,
        deltas: impl Fn(usize) -> ChunkDeltas<'a> + Sync,
    ) {
        let level = self.rows.level();
        let sums_of_unit = chunks.div_ceil(self.chunks_of_sum);
        let (chunk, chunks_of_sum) = (self.chunk, self.chunks_of_sum);
        self.rows
            .par_rows_mut(UNITS_PER_TASK)
            .zip(self.scales.par_chunks_mut(UNITS_PER_TASK * sums_of_unit))
            .zip(self.sums.par_chunks_mut(UNITS_PER_TASK))
            .enumerate()
            .for_each(|(task, ((rows, scales), sums))| {
                let rows = rows.zip(scales.chunks_exact_mut(sums_of_unit)).zip(sums);
                for (unit, ((mut row, scales), sum)) in (task * UNITS_PER_TASK..).zip(rows) {
                    let values = |chunk| deltas(chunk).of_unit(unit);
                    let mut total = 0.0;
                    for (number, scale) in scales.iter_mut().enumerate() {
                        let first = number * chunks_of_sum;
                        let of_sum = first..chunks.min(first + chunks_of_sum);
                        *scale = of_sum
                            .clone()
                            .map(|chunk| Magnitudes::of(level, values(chunk)))
                            .fold(Magnitudes::default(), Magnitudes::and)
                            .scale();
                        let sum: i32 = of_sum
                            .map(|number| row.quantize(number * chunk, values(number), *scale))
                            .sum();
                        total += f64::from(*scale) * f64::from(sum);
                    }
                    *sum = total as f32;
                }
            });
    }
}

impl QuantizedDeltas {
    /// The sum over the batch of a unit's deltas, as quantized: the gradient of its bias.
    #[must_use]
    pub fn sum(&self, unit: usize) -> f32 {
        self.sums[unit]
    }
}

/// The first layer's gradient of one batch.
#[derive(Clone, Copy, Debug)]
pub struct Gradient<'a> {
    /// The batch's deltas.
    pub deltas: &'a QuantizedDeltas,
    /// The pixels of as many chunks as the deltas were quantized of, with pixels as columns.
    pub pixels: &'a [Panels],
    /// The means and deviations of the pixels.
    pub groups: &'a PixelGroups,
}

impl Gradient<'_> {
    /// Computes the block of the gradient whose first row is unit `first_unit` and whose first column is pixel `first_pixel`.
    /// Overwrites `d_w`.
    ///
    /// # Panics
    /// If the block's columns do not begin and end where a strip of tiles does.
    pub fn block(&self, first_unit: usize, first_pixel: usize, mut d_w: ArrayViewMut2<'_, f32>) {
        let Self {
            deltas,
            pixels,
            groups,
        } = *self;
        let product = Product {
            factors: deltas.rows.view(),
            scales: &deltas.scales,
            chunks: pixels,
            segments_of_sum: deltas.chunks_of_sum,
            starts: None,
        };
        let window = Window {
            first_row: first_unit,
            tiles: groups.tiles(),
            first_column: first_pixel,
        };
        product.compute(window, d_w.view_mut());
        let level = deltas.rows.level();
        for (unit, mut d_w) in (first_unit..).zip(d_w.rows_mut()) {
            let d_w = d_w.as_slice_mut().expect("contiguous rows");
            groups.centre(level, deltas.sums[unit], first_pixel, d_w);
        }
    }
}
