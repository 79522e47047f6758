//! The door for pixels that stay bytes: [`Input`] by products with packed pixels.

use std::ops::Range;

use ndarray::{ArrayView2, ArrayViewMut2};
use rayon::prelude::*;

use super::batch::{
    PackedBatch, Packing, Scratch, images_as_columns, pack, pixels_as_columns, scratch,
};
use super::deltas::ChunkDeltas;
use super::outlines::Outlines;
use super::products::{ProductSizes, Products};
use super::quantized::Quantized;
use crate::cut::{self, BlockLimits};
use crate::data::{Images, Standardizer};
use crate::engine::Units;
use crate::input::first_layer::{
    BlockRange, ChunkDelta, FirstLayer, Input, InputSizes, Pixels, Room, Sums, Taken,
};
use crate::kernels::{Level, Panels, Tiles};

/// The door for bytes: the pixels are packed, and `P` multiplies them.
#[derive(Debug)]
pub struct Packed<P = Quantized> {
    products: P,
    /// Each chunk's deltas, unit after unit, where the first layer is the output layer; elsewhere they are stored so already.
    transposed: Vec<Units<f32>>,
    tiles: Tiles,
    units: usize,
    is_output: bool,
    trains: bool,
    /// Images of a chunk that is full.
    chunk_images: usize,
    /// Images of the largest chunk.
    largest_chunk: usize,
    level: Level,
}

/// The memory of one thread.
#[derive(Debug)]
pub struct PackedLane {
    scratch: Scratch,
    /// A chunk's pixels, images as columns.
    forward: Panels,
}

impl<P: Products> Packed<P> {
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
        let chunk_images = Self::chunk_images(batch);
        let units = layer.outputs;
        let transposed = (0..batch)
            .step_by(chunk_images)
            .filter(|_| is_output && trains)
            .map(|start| Units::new(chunk_images.min(batch - start), units, true))
            .collect();
        let products = P::new(&ProductSizes {
            level,
            units,
            tiles,
            batch,
            chunk_images,
            trains,
        });
        Self {
            products,
            transposed,
            tiles,
            units,
            is_output,
            trains,
            chunk_images,
            largest_chunk: chunk_images.min(batch),
            level,
        }
    }
}

impl<P: Products> Input for Packed<P> {
    type Number = f32;
    type Source = Images;
    type Scale = P::Scale;
    type Lane = PackedLane;
    /// The chunk's pixels, pixels as columns.
    type Chunk = Panels;
    /// Where the first layer is the output layer: the chunk's weighted sums, unit after unit.
    type Own = Option<Units<f32>>;
    type Kept = PackedBatch;
    type Arranger = Outlines;

    const TRANSPOSED: bool = true;
    const ALONE: bool = true;
    const PREPARES: bool = true;

    fn chunk_images(batch: usize) -> usize {
        cut::packed_chunk_images(batch)
    }

    fn scale(standardizer: &Standardizer, shape: (usize, usize)) -> P::Scale {
        P::scale(standardizer, shape)
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

    fn keep(&self, scale: &P::Scale, images: &Images, indices: &[u32]) -> PackedBatch {
        let packing = Packing {
            level: self.level,
            groups: scale.as_ref(),
            images,
            augmented: None,
        };
        PackedBatch::of(&packing, indices, self.chunk_images)
    }

    fn lane(&self) -> PackedLane {
        let pixels = self.tiles.pixels();
        PackedLane {
            scratch: scratch(pixels, self.trains),
            forward: images_as_columns(self.largest_chunk, pixels),
        }
    }

    fn chunk(&self, _images: usize) -> Panels {
        // The product takes chunks of one form only, so the last one, which may be smaller, gets room for a full one too.
        let images = if self.trains { self.largest_chunk } else { 0 };
        pixels_as_columns(images, self.tiles)
    }

    fn own(&self) -> Option<Units<f32>> {
        self.is_output
            .then(|| Units::new(self.largest_chunk, self.units, true))
    }

    fn keeps_pixels(&self) -> bool {
        self.trains
    }

    fn begin(&mut self, layer: FirstLayer<'_, Self>) {
        self.products.begin(layer.scale, layer.weight, layer.bias);
    }

    fn take_in(&self, scale: &P::Scale, pixels: &Pixels<'_, Self>, room: &mut Room<'_, Self>) {
        if pixels.kept.is_none() {
            let packing = Packing {
                level: self.level,
                groups: scale.as_ref(),
                images: pixels.source,
                augmented: pixels.augmented,
            };
            let PackedLane { scratch, forward } = &mut *room.lane;
            let gradient = pixels.trains.then_some(&mut *room.chunk);
            pack(&packing, pixels.indices, scratch, forward, gradient);
        }
    }

    fn forward(
        &self,
        layer: FirstLayer<'_, Self>,
        pixels: &Pixels<'_, Self>,
        room: &Room<'_, Self>,
        Sums { z, own }: Sums<'_, Self>,
    ) {
        let images = pixels.indices.len();
        let forward = match pixels.kept {
            Some(kept) => &kept.forward[pixels.chunk],
            None => &room.lane.forward,
        };
        let multiply = |z: ArrayViewMut2<'_, f32>| {
            self.products
                .forward(layer.scale, layer.weight, forward, z.reversed_axes());
        };
        match own {
            None => multiply(z.view_mut(images)),
            Some(transposed) => {
                multiply(transposed.view_mut(images));
                z.view_mut(images).assign(&transposed.view(images));
            }
        }
    }

    fn backward(
        &self,
        _delta: ArrayView2<'_, f32>,
        _room: &Room<'_, Self>,
        _own: &mut Option<Units<f32>>,
    ) {
        // The products take the deltas of all chunks at once.
    }

    fn finish_deltas<'a>(
        &mut self,
        chunks: usize,
        delta: impl Fn(usize) -> ChunkDelta<'a, Self> + Sync,
    ) {
        let Self {
            products,
            transposed,
            ..
        } = self;
        if transposed.is_empty() {
            products.take_deltas(chunks, |chunk| {
                let ChunkDelta { units, images, .. } = delta(chunk);
                chunk_deltas(units, images)
            });
            return;
        }
        let all = transposed[..chunks].par_iter_mut().enumerate();
        all.for_each(|(chunk, units)| {
            let delta = delta(chunk);
            units.view_mut(delta.images).assign(&delta.view());
        });
        products.take_deltas(chunks, |chunk| {
            chunk_deltas(&transposed[chunk], delta(chunk).images)
        });
    }

    fn block_limits(&self, images: usize) -> BlockLimits {
        self.products.block_limits(images)
    }

    fn gradient<'a>(
        &self,
        taken: Taken<'_, Self>,
        _delta: &(impl Fn(usize) -> ChunkDelta<'a, Self> + Sync),
        block: &BlockRange,
        d_w: ArrayViewMut2<'_, f32>,
    ) {
        let Taken {
            scale,
            kept,
            chunks,
            ..
        } = taken;
        let pixels = kept.map_or(chunks, |kept| &kept.gradient[..chunks.len()]);
        let begin = [block.rows.start, block.columns.start];
        self.products.gradient(scale, pixels, begin, d_w);
    }

    fn bias_gradient<'a>(
        &self,
        _chunks: usize,
        _delta: &(impl Fn(usize) -> ChunkDelta<'a, Self> + Sync),
        d_bias: &mut [f32],
    ) {
        for (unit, d_bias) in d_bias.iter_mut().enumerate() {
            *d_bias = self.products.sum_of_deltas(unit);
        }
    }
}

/// The deltas of a chunk's images, stored unit after unit, as the products take them.
fn chunk_deltas(units: &Units<f32>, images: usize) -> ChunkDeltas<'_> {
    let (numbers, stride) = units.transposed_rows();
    ChunkDeltas::new(numbers, stride, images)
}
