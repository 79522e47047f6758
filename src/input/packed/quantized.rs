//! Products in integers: weights and deltas are quantized to 16 bits, anew for every step.

use ndarray::{ArrayView2, ArrayViewMut2};

use super::deltas::{ChunkDeltas, Gradient, QuantizedDeltas};
use super::groups::PixelGroups;
use super::products::{ProductSizes, Products};
use super::weights::QuantizedWeights;
use crate::cut::BlockLimits;
use crate::data::Standardizer;
use crate::kernels::integer::ROWS_OF_MICRO_TILE;
use crate::kernels::{Panels, Tiles};

/// The products in integers.
#[derive(Debug)]
pub struct Quantized {
    weights: QuantizedWeights,
    deltas: QuantizedDeltas,
    tiles: Tiles,
}

impl AsRef<Self> for PixelGroups {
    fn as_ref(&self) -> &Self {
        self
    }
}

impl Products for Quantized {
    type Scale = PixelGroups;

    fn new(sizes: &ProductSizes) -> Self {
        let ProductSizes {
            level,
            units,
            tiles,
            batch,
            chunk_images,
            trains,
        } = *sizes;
        let trained_units = if trains { units } else { 0 };
        Self {
            weights: QuantizedWeights::new(level, units, tiles.pixels()),
            deltas: QuantizedDeltas::new(level, trained_units, batch, chunk_images),
            tiles,
        }
    }

    fn scale(standardizer: &Standardizer, shape: (usize, usize)) -> PixelGroups {
        PixelGroups::new(standardizer, shape)
    }

    fn begin(&mut self, groups: &PixelGroups, weight: ArrayView2<'_, f32>, bias: Option<&[f32]>) {
        let weight = weight.to_slice().expect("a row-major matrix");
        self.weights.quantize(groups, weight, bias);
    }

    fn forward(
        &self,
        _groups: &PixelGroups,
        _weight: ArrayView2<'_, f32>,
        panels: &Panels,
        z: ArrayViewMut2<'_, f32>,
    ) {
        self.weights.forward(panels, z);
    }

    fn take_deltas<'a>(&mut self, chunks: usize, deltas: impl Fn(usize) -> ChunkDeltas<'a> + Sync) {
        self.deltas.quantize(chunks, deltas);
    }

    /// Where packed images stay in the cache of a core, blocks are of whole rows, which are read and written as streams; else
    /// they have few columns.
    fn block_limits(&self, images: usize) -> BlockLimits {
        const CACHED_BYTES: usize = 512 * 1024;
        let cached = images.saturating_mul(self.tiles.pixels()) <= CACHED_BYTES;
        BlockLimits {
            most_rows: 32,
            most_columns: if cached { usize::MAX } else { 128 },
            row_step: ROWS_OF_MICRO_TILE,
            column_step: self.tiles.strip_pixels(),
        }
    }

    fn gradient(
        &self,
        groups: &PixelGroups,
        chunks: &[Panels],
        [first_unit, first_pixel]: [usize; 2],
        d_w: ArrayViewMut2<'_, f32>,
    ) {
        let gradient = Gradient {
            deltas: &self.deltas,
            pixels: chunks,
            groups,
        };
        gradient.block(first_unit, first_pixel, d_w);
    }

    /// The weights' gradient is made of quantized deltas, so the biases' is the sum of the quantized ones too.
    fn sum_of_deltas(&self, unit: usize) -> f32 {
        self.deltas.sum(unit)
    }
}
