//! The first layer's weights as its forward product has them.

use ndarray::ArrayViewMut2;
use rayon::prelude::*;

use super::PixelGroups;
use super::pixels::{most_segments, quads_of_image};
use crate::kernels::integer::{Magnitudes, Product, QUAD, Rounded};
use crate::kernels::pack::{self, Panels, SLACK};
use crate::kernels::{self, Level, Tiles};

/// Rows of weights that one task rounds.
const ROWS_PER_TASK: usize = 5;

/// The first layer's weights, rounded: anew for every step.
#[derive(Debug)]
pub struct RoundedWeights {
    rounded: Rounded,
    /// Unit after unit, a scale for each segment.
    scales: Vec<f32>,
    /// By unit: its bias, without the means' share.
    start: Vec<f32>,
    /// Of each task, a row as the network has it, one in tiled order, one sorted into groups.
    scratch: Vec<f32>,
}

impl RoundedWeights {
    /// Memory for `units` units and images cut into `tiles`.
    #[must_use]
    pub fn new(level: Level, units: usize, tiles: Tiles) -> Self {
        let pixels = tiles.pixels();
        let tasks = units.div_ceil(ROWS_PER_TASK);
        Self {
            rounded: Rounded::zeros(level, units, quads_of_image(pixels) * QUAD),
            scales: vec![0.0; units * most_segments(pixels)],
            start: vec![0.0; units],
            scratch: vec![0.0; tasks * Self::scratch_of(tiles)],
        }
    }

    fn scratch_of(tiles: Tiles) -> usize {
        let pixels = tiles.pixels();
        pixels + tiles.places() + SLACK + quads_of_image(pixels) * QUAD + SLACK
    }

    /// Rounds the weights `w`, row-major `(units, pixels)`.
    pub fn round(&mut self, groups: &PixelGroups, w: &[f32], bias: Option<&[f32]>) {
        let level = self.rounded.level();
        let tiles = groups.tiles;
        let pixels = groups.pixels();
        let count = groups.segments.len();
        self.rounded
            .par_rows_mut(ROWS_PER_TASK)
            .zip(self.scales.par_chunks_mut(ROWS_PER_TASK * count))
            .zip(self.start.par_chunks_mut(ROWS_PER_TASK))
            .zip(self.scratch.par_chunks_exact_mut(Self::scratch_of(tiles)))
            .zip(w.par_chunks(ROWS_PER_TASK * pixels))
            .enumerate()
            .for_each(|(task, ((((rows, scales), starts), scratch), w))| {
                let (natural, scratch) = scratch.split_at_mut(pixels);
                let (tiled, sorted) = scratch.split_at_mut(tiles.places() + SLACK);
                let rows = rows
                    .zip(scales.chunks_exact_mut(count))
                    .zip(starts)
                    .zip(w.chunks_exact(pixels));
                for (number, (((mut row, scales), start), w)) in rows.enumerate() {
                    kernels::multiply(level, w, &groups.factor, natural);
                    tiles.sort(natural, tiled);
                    pack::sort(&groups.runs, tiled, sorted);
                    let mut share = 0.0;
                    for (places, scale) in groups.places.iter().zip(scales) {
                        let values = &sorted[places.clone()];
                        *scale = Magnitudes::of(level, values).scale();
                        row.round(places.start, values, *scale);
                        share += f64::from(*scale) * row.dot(places.clone(), &groups.sorted_mean);
                    }
                    let bias = bias.map_or(0.0, |bias| bias[task * ROWS_PER_TASK + number]);
                    *start = (f64::from(bias) - share) as f32;
                }
            });
    }

    /// Weighted sums of a chunk's images into `z`, `(units, images)`.
    pub fn forward(&self, panels: &Panels, z: ArrayViewMut2<'_, f32>) {
        let product = Product {
            factors: &self.rounded,
            scales: &self.scales,
            pieces: std::slice::from_ref(panels),
            segments_of_sum: 1,
            starts: Some(&self.start),
        };
        product.compute(0, Tiles::of_row(z.ncols()), 0, z);
    }
}
