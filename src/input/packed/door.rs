//! The door for pixels that stay bytes: [`Input`] by integer products.

use std::ops::Range;

use ndarray::{ArrayView2, ArrayViewMut2};
use rayon::prelude::*;

use super::batch::{PackedBatch, Packing, images_as_columns, pack, pixels_as_columns, scratch};
use super::deltas::{ChunkDeltas, Gradient, QuantizedDeltas};
use super::groups::PixelGroups;
use super::outlines::Outlines;
use super::panels::Lines;
use super::weights::QuantizedWeights;
use crate::cut::{self, BlockLimits};
use crate::data::{Images, Standardizer};
use crate::engine::Units;
use crate::input::first_layer::{
    BlockRange, ChunkDelta, FirstLayer, Input, InputSizes, Pixels, Room, Taken,
};
use crate::kernels::integer::ROWS_OF_MICRO_TILE;
use crate::kernels::{Level, Panels, Tiles};

/// The door for bytes: weights and deltas are quantized anew for every step, the pixels are packed.
#[derive(Debug)]
pub struct Packed {
    weights: QuantizedWeights,
    deltas: QuantizedDeltas,
    /// Each chunk's deltas, unit after unit, where the first layer is the output layer; elsewhere they are stored so already.
    transposed: Vec<Units<f32>>,
    tiles: Tiles,
    units: usize,
    is_output: bool,
    /// Images of a chunk that is full.
    chunk_images: usize,
    /// Images of the largest chunk.
    largest_chunk: usize,
    level: Level,
}

/// The memory of one thread.
#[derive(Debug)]
pub struct PackedLane {
    scratch: Lines,
    /// A chunk's pixels, images as columns.
    forward: Panels,
    /// Where the first layer is the output layer: a chunk's weighted sums, unit after unit.
    transposed: Option<Units<f32>>,
}

impl Packed {
    /// The door for such a layer, and for images of so many rows and columns.
    ///
    /// # Panics
    /// If the images have other pixels than the layer has inputs.
    #[must_use]
    pub fn new(sizes: &InputSizes<'_>, (rows, columns): (usize, usize)) -> Self {
        let InputSizes {
            layer,
            is_output,
            batch,
            trains,
            level,
        } = *sizes;
        let tiles = Tiles::of_image(rows, columns);
        assert_eq!(tiles.pixels(), layer.inputs, "pixels of an image");
        let chunk_images = cut::chunk_images(batch);
        let units = layer.outputs;
        let transposed = (0..batch)
            .step_by(chunk_images)
            .filter(|_| is_output && trains)
            .map(|start| Units::new(chunk_images.min(batch - start), units, true))
            .collect();
        let trained_units = if trains { units } else { 0 };
        Self {
            weights: QuantizedWeights::new(level, units, tiles.pixels()),
            deltas: QuantizedDeltas::new(level, trained_units, batch, chunk_images),
            transposed,
            tiles,
            units,
            is_output,
            chunk_images,
            largest_chunk: chunk_images.min(batch),
            level,
        }
    }
}

impl Input for Packed {
    type Number = f32;
    type Source = Images;
    type Scale = PixelGroups;
    type Lane = PackedLane;
    /// The chunk's pixels, pixels as columns.
    type Chunk = Panels;
    type Kept = PackedBatch;
    type Arranger = Outlines;

    const TRANSPOSED: bool = true;
    const PREPARES: bool = true;

    fn scale(standardizer: &Standardizer, shape: (usize, usize)) -> PixelGroups {
        PixelGroups::new(standardizer, shape)
    }

    fn arranger(images: &Images) -> Outlines {
        Outlines::new(images)
    }

    fn arrange(
        outlines: &mut Outlines,
        order: &mut [u32],
        batches: impl Iterator<Item = Range<usize>>,
    ) {
        outlines.arrange(order, batches);
    }

    fn keep(&self, groups: &PixelGroups, images: &Images, indices: &[u32]) -> PackedBatch {
        let packing = Packing {
            level: self.level,
            groups,
            images,
        };
        PackedBatch::of(&packing, indices, self.chunk_images)
    }

    fn lane(&self) -> PackedLane {
        let pixels = self.tiles.pixels();
        PackedLane {
            scratch: scratch(pixels),
            forward: images_as_columns(self.largest_chunk, pixels),
            transposed: self
                .is_output
                .then(|| Units::new(self.largest_chunk, self.units, true)),
        }
    }

    fn chunk(&self, _images: usize) -> Panels {
        // The product takes chunks of one form only, so the last one, which may be smaller, gets room for a full one too.
        pixels_as_columns(self.largest_chunk, self.tiles)
    }

    fn begin(&mut self, layer: FirstLayer<'_, Self>) {
        let weight = layer.weight.to_slice().expect("a row-major matrix");
        self.weights.quantize(layer.scale, weight, layer.bias);
    }

    fn take_in(&self, groups: &PixelGroups, pixels: &Pixels<'_, Self>, room: &mut Room<'_, Self>) {
        if pixels.kept.is_none() {
            let packing = Packing {
                level: self.level,
                groups,
                images: pixels.source,
            };
            let PackedLane {
                scratch, forward, ..
            } = &mut *room.lane;
            pack(&packing, pixels.indices, scratch, forward, room.chunk);
        }
    }

    fn forward(
        &self,
        _layer: FirstLayer<'_, Self>,
        pixels: &Pixels<'_, Self>,
        room: &mut Room<'_, Self>,
        z: &mut Units<f32>,
    ) {
        let images = pixels.indices.len();
        let PackedLane {
            forward,
            transposed,
            ..
        } = &mut *room.lane;
        let forward = match pixels.kept {
            Some(kept) => &kept.forward[pixels.chunk],
            None => forward,
        };
        match transposed {
            None => {
                let z = z.view_mut(images).reversed_axes();
                self.weights.forward(forward, z);
            }
            Some(transposed) => {
                let units = transposed.view_mut(images).reversed_axes();
                self.weights.forward(forward, units);
                z.view_mut(images).assign(&transposed.view(images));
            }
        }
    }

    fn backward(&self, _delta: ArrayView2<'_, f32>, _room: &mut Room<'_, Self>) {
        // The deltas of many chunks are quantized with one scale, so they must all be there before any is quantized.
    }

    fn finish_deltas<'a>(
        &mut self,
        chunks: usize,
        delta: impl Fn(usize) -> ChunkDelta<'a, f32> + Sync,
    ) {
        let Self {
            deltas, transposed, ..
        } = self;
        if transposed.is_empty() {
            deltas.quantize(chunks, |chunk| {
                let ChunkDelta { units, images } = delta(chunk);
                chunk_deltas(units, images)
            });
            return;
        }
        let all = transposed[..chunks].par_iter_mut().enumerate();
        all.for_each(|(chunk, units)| {
            let delta = delta(chunk);
            units.view_mut(delta.images).assign(&delta.view());
        });
        deltas.quantize(chunks, |chunk| {
            chunk_deltas(&transposed[chunk], delta(chunk).images)
        });
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

    fn gradient<'a>(
        &self,
        taken: Taken<'_, Self>,
        _delta: &(impl Fn(usize) -> ChunkDelta<'a, f32> + Sync),
        block: &BlockRange,
        d_w: ArrayViewMut2<'_, f32>,
    ) {
        let Taken {
            scale,
            kept,
            chunks,
            ..
        } = taken;
        let gradient = Gradient {
            deltas: &self.deltas,
            pixels: kept.map_or(chunks, |kept| &kept.gradient[..chunks.len()]),
            groups: scale,
        };
        gradient.block(block.rows.start, block.columns.start, d_w);
    }

    fn bias_gradient<'a>(
        &self,
        _chunks: usize,
        _delta: &(impl Fn(usize) -> ChunkDelta<'a, f32> + Sync),
        d_bias: &mut [f32],
    ) {
        // The weights' gradient is made of quantized deltas, so the biases' is the sum of the quantized ones too.
        for (unit, d_bias) in d_bias.iter_mut().enumerate() {
            *d_bias = self.deltas.sum(unit);
        }
    }
}

/// The deltas of a chunk's images, stored unit after unit, as they are quantized.
fn chunk_deltas(units: &Units<f32>, images: usize) -> ChunkDeltas<'_> {
    let (numbers, stride) = units.transposed_rows();
    ChunkDeltas::new(numbers, stride, images)
}
