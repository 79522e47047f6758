//! The first layer's weights as its forward product takes them.

use ndarray::ArrayViewMut2;
use rayon::prelude::*;

use super::groups::{PixelGroups, most_numbers, most_segments};
use super::rows::QuantizedRows;
use crate::kernels::integer::{Magnitudes, Product, Window};
use crate::kernels::{Level, Panels, QUAD, Tiles};

/// Rows of weights that one task quantizes.
const ROWS_PER_TASK: usize = 5;

/// The first layer's weights, quantized anew for every step.
#[derive(Debug)]
pub struct QuantizedWeights {
    rows: QuantizedRows,
    /// Unit after unit, a scale for each segment.
    scales: Vec<f32>,
    /// By unit: its bias, less what the means contribute to the weighted sum.
    starts: Vec<f32>,
    /// For each task, a row of weights over deviations, sorted into groups.
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
            starts: vec![0.0; units],
            scratch: vec![0.0; tasks * most_numbers(pixels)],
        }
    }

    /// Quantizes the weights `w`, row-major `(units, pixels)`.
    pub fn quantize(&mut self, groups: &PixelGroups, w: &[f32], bias: Option<&[f32]>) {
        let level = self.rows.level();
        let pixels = groups.pixels();
        let count = groups.segments.len();
        self.rows
            .par_rows_mut(ROWS_PER_TASK)
            .zip(self.scales.par_chunks_mut(ROWS_PER_TASK * count))
            .zip(self.starts.par_chunks_mut(ROWS_PER_TASK))
            .zip(self.scratch.par_chunks_exact_mut(most_numbers(pixels)))
            .zip(w.par_chunks(ROWS_PER_TASK * pixels))
            .enumerate()
            .for_each(|(task, ((((rows, scales), starts), scratch), w))| {
                let rows = rows
                    .zip(scales.chunks_exact_mut(count))
                    .zip(starts)
                    .zip(w.chunks_exact(pixels));
                for (number, (((mut row, scales), start), w)) in rows.enumerate() {
                    groups.over_deviations(level, w, scratch);
                    let mut of_means = 0.0;
                    let segments = groups.segments.iter().zip(&groups.of_row);
                    for ((quads, indices), scale) in segments.zip(scales) {
                        let values = &scratch[indices.clone()];
                        let means = &groups.sorted_mean[indices.clone()];
                        *scale = Magnitudes::of(level, values).scale();
                        // The zeros that fill a group up go where the next group will be.
                        let at = quads.start * QUAD;
                        let sum = row.quantize_and_dot(at, values, *scale, means);
                        of_means += f64::from(*scale) * f64::from(sum);
                    }
                    let bias = bias.map_or(0.0, |bias| bias[task * ROWS_PER_TASK + number]);
                    *start = (f64::from(bias) - of_means) as f32;
                }
            });
    }

    /// Computes the weighted sums of a chunk's images. Overwrites `z`, `(units, images)`.
    pub fn forward(&self, panels: &Panels, z: ArrayViewMut2<'_, f32>) {
        let product = Product {
            factors: self.rows.view(),
            scales: &self.scales,
            chunks: std::slice::from_ref(panels),
            segments_of_sum: 1,
            starts: Some(&self.starts),
        };
        let window = Window {
            first_row: 0,
            tiles: Tiles::of_row(z.ncols()),
            first_column: 0,
        };
        product.compute(window, z);
    }
}
