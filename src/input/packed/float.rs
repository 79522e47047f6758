//! Products in `f32`: pixels are widened in the first cache, weights and deltas are taken as they are.
//!
//! With a pixel's mean `m` and deviation `s`, the standardised pixel is `u / s - m / s`. Its second part is the same for all images, so
//! it is taken out of the products and added to what they begin with, and what is left of a black pixel is 0:
//!
//! - forward: `z_h = Σ w_hf (u_f / s_f) + (b_h - Σ w_hf m_f / s_f)`
//! - gradient: `dW_hf = Σ d_h (u_f / s_f) - (m_f / s_f) Σ d_h` over the images.
//!
//! Both parts are large where the deviation is small beside the mean, and their difference then has few digits left. Where some pixel is
//! like that (a white margin), pixels are standardised one by one instead, and black ones count: [`MOST_RATIO`].

use ndarray::{ArrayView2, ArrayViewMut2};
use rayon::prelude::*;

use super::deltas::ChunkDeltas;
use super::groups::PixelGroups;
use super::products::{ProductSizes, Products};
use crate::cut::BlockLimits;
use crate::data::Standardizer;
use crate::engine::Matrix;
use crate::kernels::float::{Bytes, Deltas, Weights};
use crate::kernels::{self, Level, Panels, QUAD, Tiles};

/// The largest mean over deviation of a pixel with which the parts are taken apart: four of 24 bits may be lost.
const MOST_RATIO: f64 = 16.0;
/// Units that one task begins, or whose deltas it takes.
const UNITS_PER_TASK: usize = 8;

/// What standardises pixels.
#[derive(Clone, Debug)]
pub struct FloatScale {
    groups: PixelGroups,
    /// By pixel, filled up to whole quads: one over its deviation.
    factor: Vec<f32>,
    /// By pixel, filled up: what is added to the product with the factor.
    offset: Vec<f32>,
    /// By pixel: its mean over its deviation, where that is taken out of the products.
    taken_out: Option<Vec<f32>>,
}

impl FloatScale {
    /// The form of `standardizer` for images of so many rows and columns.
    #[must_use]
    pub fn new(standardizer: &Standardizer, shape: (usize, usize)) -> Self {
        let Standardizer { mean, deviation } = standardizer;
        let ratios = || {
            mean.iter()
                .zip(deviation)
                .map(|(mean, deviation)| mean / deviation)
        };
        let takes_out = ratios().all(|ratio| ratio.abs() <= MOST_RATIO);
        let filled = |numbers: &mut dyn Iterator<Item = f64>| {
            let mut numbers: Vec<f32> = numbers.map(|number| number as f32).collect();
            numbers.resize(mean.len().next_multiple_of(QUAD), 0.0);
            numbers
        };
        Self {
            groups: PixelGroups::single(standardizer, shape),
            factor: filled(&mut deviation.iter().map(|deviation| 1.0 / deviation)),
            offset: filled(&mut ratios().map(|ratio| if takes_out { 0.0 } else { -ratio })),
            taken_out: takes_out.then(|| ratios().map(|ratio| ratio as f32).collect()),
        }
    }

    fn bytes(&self) -> Bytes<'_> {
        Bytes {
            factor: &self.factor,
            offset: &self.offset,
            fills: self.taken_out.is_none(),
        }
    }
}

impl AsRef<PixelGroups> for FloatScale {
    fn as_ref(&self) -> &PixelGroups {
        &self.groups
    }
}

/// The products in `f32`.
#[derive(Debug)]
pub struct Float {
    level: Level,
    tiles: Tiles,
    /// By unit: what its weighted sums begin with.
    starts: Vec<f32>,
    /// A row for each unit: chunk after chunk, the deltas of as many images as there is room for.
    deltas: Matrix<f32>,
    /// By unit: the sum of its deltas.
    sums: Vec<f32>,
    /// Deltas of a row that a chunk has.
    chunk: usize,
}

impl Products for Float {
    type Scale = FloatScale;

    fn new(sizes: &ProductSizes) -> Self {
        let ProductSizes {
            level,
            units,
            tiles,
            batch,
            chunk_images,
            trains,
        } = *sizes;
        let chunk = chunk_images.min(batch).next_multiple_of(QUAD);
        let trained_units = if trains { units } else { 0 };
        Self {
            level,
            tiles,
            starts: vec![0.0; units],
            deltas: Matrix::zeros(trained_units, batch.div_ceil(chunk_images) * chunk),
            sums: vec![0.0; trained_units],
            chunk,
        }
    }

    fn scale(standardizer: &Standardizer, shape: (usize, usize)) -> FloatScale {
        FloatScale::new(standardizer, shape)
    }

    fn begin(&mut self, scale: &FloatScale, weight: ArrayView2<'_, f32>, bias: Option<&[f32]>) {
        let level = self.level;
        let starts = self.starts.par_chunks_mut(UNITS_PER_TASK).enumerate();
        starts.for_each(|(task, starts)| {
            for (unit, start) in (task * UNITS_PER_TASK..).zip(starts) {
                let row = weight.row(unit);
                let row = row.to_slice().expect("contiguous rows");
                let taken_out = scale.taken_out.as_ref();
                let taken_out = taken_out.map_or(0.0, |means| kernels::dot(level, row, means));
                *start = bias.map_or(0.0, |bias| bias[unit]) - taken_out;
            }
        });
    }

    fn forward(
        &self,
        scale: &FloatScale,
        weight: ArrayView2<'_, f32>,
        panels: &Panels,
        z: ArrayViewMut2<'_, f32>,
    ) {
        let product = Weights {
            weights: weight,
            starts: &self.starts,
            bytes: scale.bytes(),
        };
        product.forward(self.level, panels, z);
    }

    fn take_deltas<'a>(&mut self, chunks: usize, deltas: impl Fn(usize) -> ChunkDeltas<'a> + Sync) {
        let Self {
            level,
            deltas: rows,
            sums,
            chunk,
            ..
        } = self;
        let columns = rows.columns();
        let all = rows.rows();
        rows.flat_mut(all)
            .par_chunks_mut(UNITS_PER_TASK * columns.max(1))
            .zip(sums.par_chunks_mut(UNITS_PER_TASK))
            .enumerate()
            .for_each(|(task, (rows, sums))| {
                let rows = rows.chunks_exact_mut(columns).zip(sums);
                for (unit, (row, sum)) in (task * UNITS_PER_TASK..).zip(rows) {
                    for (number, row) in row.chunks_exact_mut(*chunk).take(chunks).enumerate() {
                        let deltas = deltas(number).of_unit(unit);
                        let (row, rest) = row.split_at_mut(deltas.len());
                        row.copy_from_slice(deltas);
                        rest.fill(0.0);
                    }
                    *sum = kernels::sum(*level, &row[..chunks * *chunk]);
                }
            });
    }

    fn block_limits(&self, _images: usize) -> BlockLimits {
        /// Units of a layer that is cut into smaller blocks, so that there are enough of them.
        const FEW_UNITS: usize = 64;
        BlockLimits {
            most_rows: if self.sums.len() <= FEW_UNITS {
                32
            } else {
                128
            },
            most_columns: 128,
            row_step: 12,
            column_step: self.tiles.strip_pixels(),
        }
    }

    fn gradient(
        &self,
        scale: &FloatScale,
        chunks: &[Panels],
        begin: [usize; 2],
        mut d_w: ArrayViewMut2<'_, f32>,
    ) {
        let product = Deltas {
            deltas: self.deltas.view(self.deltas.rows()),
            bytes: scale.bytes(),
            tiles: self.tiles,
        };
        product.gradient(self.level, chunks, begin, d_w.view_mut());
        let [first_unit, first_pixel] = begin;
        if let Some(means) = &scale.taken_out {
            let means = &means[first_pixel..first_pixel + d_w.ncols()];
            for (&sum, mut d_w) in self.sums[first_unit..].iter().zip(d_w.rows_mut()) {
                let d_w = d_w.as_slice_mut().expect("contiguous rows");
                kernels::combine(self.level, -sum, means, 1.0, d_w);
            }
        }
    }

    fn sum_of_deltas(&self, unit: usize) -> f32 {
        self.sums[unit]
    }
}
