//! The first layer's weights as its forward product has them.

use ndarray::ArrayViewMut2;
use rayon::prelude::*;

use super::PixelGroups;
use super::groups::{most_numbers, most_segments};
use crate::kernels::integer::{Magnitudes, Product, QUAD, QuantizedRows};
use crate::kernels::pack::Panels;
use crate::kernels::{Level, Tiles};

/// Rows of weights that one task rounds.
const ROWS_PER_TASK: usize = 5;

/// The first layer's weights, rounded: anew for every step.
#[derive(Debug)]
pub struct QuantizedWeights {
    rows: QuantizedRows,
    /// Unit after unit, a scale for each segment.
    scales: Vec<f32>,
    /// By unit: its bias, without the means' share.
    start: Vec<f32>,
    /// Of each task, a row over the deviations, sorted into groups.
    scratch: Vec<f32>,
}

impl QuantizedWeights {
    /// Memory for `units` units and images of `pixels` pixels.
    #[must_use]
    pub fn new(level: Level, units: usize, pixels: usize) -> Self {
        let tasks = units.div_ceil(ROWS_PER_TASK);
        Self {
            rows: QuantizedRows::zeros(level, units, most_numbers(pixels)),
            scales: vec![0.0; units * most_segments(pixels)],
            start: vec![0.0; units],
            scratch: vec![0.0; tasks * most_numbers(pixels)],
        }
    }

    /// Rounds the weights `w`, row-major `(units, pixels)`.
    pub fn quantize(&mut self, groups: &PixelGroups, w: &[f32], bias: Option<&[f32]>) {
        let level = self.rows.level();
        let pixels = groups.pixels();
        let count = groups.segments.len();
        self.rows
            .par_rows_mut(ROWS_PER_TASK)
            .zip(self.scales.par_chunks_mut(ROWS_PER_TASK * count))
            .zip(self.start.par_chunks_mut(ROWS_PER_TASK))
            .zip(self.scratch.par_chunks_exact_mut(most_numbers(pixels)))
            .zip(w.par_chunks(ROWS_PER_TASK * pixels))
            .enumerate()
            .for_each(|(task, ((((rows, scales), starts), scratch), w))| {
                let rows = rows
                    .zip(scales.chunks_exact_mut(count))
                    .zip(starts)
                    .zip(w.chunks_exact(pixels));
                for (number, (((mut row, scales), start), w)) in rows.enumerate() {
                    groups.scaled(level, w, scratch);
                    let mut share = 0.0;
                    let segments = groups.segments.iter().zip(&groups.of_row);
                    for ((quads, places), scale) in segments.zip(scales) {
                        let values = &scratch[places.clone()];
                        let means = &groups.sorted_mean[places.clone()];
                        *scale = Magnitudes::of(level, values).scale();
                        // Zeros that fill a group up go where the next one will be.
                        let at = quads.start * QUAD;
                        let sum = row.quantize_and_dot(at, values, *scale, means);
                        share += f64::from(*scale) * f64::from(sum);
                    }
                    let bias = bias.map_or(0.0, |bias| bias[task * ROWS_PER_TASK + number]);
                    *start = (f64::from(bias) - share) as f32;
                }
            });
    }

    /// Weighted sums of a chunk's images into `z`, `(units, images)`.
    pub fn forward(&self, panels: &Panels, z: ArrayViewMut2<'_, f32>) {
        let product = Product {
            factors: &self.rows,
            scales: &self.scales,
            pieces: std::slice::from_ref(panels),
            segments_of_sum: 1,
            starts: Some(&self.start),
        };
        product.compute(0, Tiles::of_row(z.ncols()), 0, z);
    }
}
