//! Pixels as floating-point numbers: scaled into a buffer of a chunk's size, multiplied through an engine.
//!
//! No floating-point copy of the data set ever exists. A chunk's pixels live in the lane of the thread that works on it, so that
//! they stay in that core's cache, or in the chunk where the gradient of a wide layer needs them once more.

use std::ops::Range;

use ndarray::{ArrayView2, ArrayViewMut2};

use super::first_layer::{
    BlockRange, ChunkDelta, FirstLayer, Input, InputSizes, NARROW_UNITS, Pixels, Room, Sums, Taken,
};
use crate::cut::{self, BlockLimits};
use crate::data::{Augmented, Images, SampleSource, Samples, Standardizer};
use crate::engine::{self, Engine, Matrix, Share};
use crate::kernels::{self, Level};
use crate::scalar::Scalar;

/// Images that are copied before they are scaled. An order of images is a random walk through the file; copies follow one
/// another so closely that the processor waits for all of them at once, which scaling, with its many instructions to an
/// image, would not let it do: 6 ms an epoch of the article's job instead of 17 (`benches/record/2026-11-23-step.md`).
const GATHERED: usize = 16;

/// The door for floating-point numbers.
#[derive(Debug)]
pub struct Staged<T: Scalar> {
    engine: &'static dyn Engine<T>,
    level: Level,
    /// Numbers of a sample.
    pixels: usize,
    units: usize,
    /// Images of the largest chunk.
    chunk_images: usize,
    /// Whether the staged pixels outlive the chunk's task, for the gradient of a wide layer.
    keeps_pixels: bool,
    /// Whether the chunks' shares in the gradient are taken one by one, for a narrow layer.
    takes_shares: bool,
}

impl<T: Scalar> Staged<T> {
    /// The door for such a layer, whose products `engine` computes.
    #[must_use]
    pub fn new(engine: &'static dyn Engine<T>, sizes: &InputSizes<'_>) -> Self {
        let narrow = sizes.layer.outputs <= NARROW_UNITS;
        Self {
            engine,
            level: sizes.level,
            pixels: sizes.layer.inputs,
            units: sizes.layer.outputs,
            chunk_images: Self::chunk_images(sizes.batch).min(sizes.batch),
            keeps_pixels: sizes.trains && !narrow,
            takes_shares: sizes.trains && narrow,
        }
    }
}

/// The scale of pixels that are staged: `x = factor · u + offset`, with `factor = 1 / deviation` and
/// `offset = -mean / deviation`.
#[derive(Clone, Debug)]
pub struct StagedScale<T> {
    pub(crate) factor: Vec<T>,
    pub(crate) offset: Vec<T>,
}

impl<T: Scalar> StagedScale<T> {
    /// The scale that `standardizer` makes.
    #[must_use]
    pub fn new(standardizer: &Standardizer) -> Self {
        let Standardizer { mean, deviation } = standardizer;
        Self {
            factor: deviation
                .iter()
                .map(|deviation| T::of(1.0 / deviation))
                .collect(),
            offset: mean
                .iter()
                .zip(deviation)
                .map(|(mean, deviation)| T::of(-mean / deviation))
                .collect(),
        }
    }
}

/// The memory of one thread.
#[derive(Debug)]
pub struct StagedLane<T> {
    /// A few images, as they are.
    gathered: Vec<u8>,
    /// A chunk's scaled pixels. It has no rows where each chunk keeps its own, for the gradient of a wide layer.
    staged: Matrix<T>,
}

/// Where a chunk's scaled pixels are.
fn staged<'a, T: Scalar>(room: &'a Room<'_, Staged<T>>) -> &'a Matrix<T> {
    room.chunk.as_ref().unwrap_or(&room.lane.staged)
}

/// Copies images, or what is to be in their place, one behind the other.
fn gather(images: &Images, indices: &[u32], augmented: Option<Augmented>, to: &mut [u8]) {
    let shape = images.shape();
    let image = |index: u32| images.image(index as usize);
    let to = to.chunks_exact_mut(images.pixels_per_image());
    match augmented {
        None => {
            for (&index, to) in indices.iter().zip(to) {
                to.copy_from_slice(image(index));
            }
        }
        Some(augmented) => {
            for &index in indices {
                let image = image(index);
                kernels::ask_for(image.as_ptr(), image.len());
            }
            for (&index, to) in indices.iter().zip(to) {
                augmented.change_into(index, shape, image(index), to);
            }
        }
    }
}

impl<T: Scalar> Input for Staged<T> {
    type Number = T;
    type Source = dyn SampleSource;
    type Scale = StagedScale<T>;
    type Lane = StagedLane<T>;
    /// The chunk's scaled pixels, for the gradient of a wide layer.
    type Chunk = Option<Matrix<T>>;
    /// The chunk's share in the gradient of a narrow layer.
    type Own = Option<Matrix<T>>;
    /// The bytes of the mini-batch's images in their order. The split's order is a random walk through the file; with the
    /// copy an epoch of the article's job takes 2 to 3 % less (`benches/record/2026-11-23-step.md`).
    type Kept = Vec<u8>;
    type Arranger = ();

    const TRANSPOSED: bool = false;
    const ALONE: bool = false;
    const PREPARES: bool = false;

    fn chunk_images(batch: usize) -> usize {
        cut::chunk_images(batch)
    }

    fn scale(standardizer: &Standardizer, _shape: (usize, usize)) -> Self::Scale {
        StagedScale::new(standardizer)
    }

    fn arranger(_source: &Self::Source) {}

    fn arrange(
        _arranger: &mut (),
        _order: &mut [u32],
        _batches: impl Iterator<Item = Range<usize>>,
    ) {
        // One order is as good as another.
    }

    fn keep(&self, _scale: &Self::Scale, source: &Self::Source, indices: &[u32]) -> Vec<u8> {
        match source.samples() {
            Samples::Images(images) => indices
                .iter()
                .flat_map(|&index| images.image(index as usize))
                .copied()
                .collect(),
            Samples::Features(_) => Vec::new(), // Features are in memory already.
        }
    }

    fn lane(&self) -> StagedLane<T> {
        let rows = if self.keeps_pixels {
            0
        } else {
            self.chunk_images
        };
        StagedLane {
            gathered: vec![0; GATHERED * self.pixels],
            staged: Matrix::zeros(rows, self.pixels),
        }
    }

    fn chunk(&self, images: usize) -> Option<Matrix<T>> {
        self.keeps_pixels
            .then(|| Matrix::zeros(images, self.pixels))
    }

    fn own(&self) -> Option<Matrix<T>> {
        self.takes_shares
            .then(|| Matrix::zeros(self.units, self.pixels))
    }

    fn keeps_pixels(&self) -> bool {
        self.keeps_pixels
    }

    fn begin(&mut self, _layer: FirstLayer<'_, Self>) {
        // The engine takes the weights as they are.
    }

    fn take_in(&self, scale: &Self::Scale, pixels: &Pixels<'_, Self>, room: &mut Room<'_, Self>) {
        let StagedLane { gathered, staged } = &mut *room.lane;
        let staged = room.chunk.as_mut().unwrap_or(staged);
        let staged = staged.flat_mut(pixels.indices.len());
        let size = self.pixels;
        let put = |images: &[u8], staged: &mut [T]| {
            let rows = images.chunks_exact(size).zip(staged.chunks_exact_mut(size));
            for (image, row) in rows {
                kernels::standardize(self.level, image, &scale.factor, &scale.offset, row);
            }
        };
        match (pixels.source.samples(), pixels.kept) {
            (Samples::Images(_), Some(kept)) => put(&kept[pixels.first * size..], staged),
            (Samples::Images(images), None) => {
                let groups = pixels.indices.chunks(GATHERED);
                for (indices, staged) in groups.zip(staged.chunks_mut(GATHERED * size)) {
                    gather(images, indices, pixels.augmented, gathered);
                    put(gathered, staged);
                }
            }
            (Samples::Features(features), _) => {
                let rows = pixels.indices.iter().zip(staged.chunks_exact_mut(size));
                for (&index, row) in rows {
                    let values = features.sample(index as usize).iter();
                    let scales = scale.factor.iter().zip(&scale.offset);
                    for ((x, &value), (&factor, &offset)) in row.iter_mut().zip(values).zip(scales)
                    {
                        *x = factor * T::of(value.into()) + offset;
                    }
                }
            }
        }
    }

    fn forward(
        &self,
        layer: FirstLayer<'_, Self>,
        pixels: &Pixels<'_, Self>,
        room: &Room<'_, Self>,
        Sums { z, .. }: Sums<'_, Self>,
    ) {
        let images = pixels.indices.len();
        let staged = staged(room).view(images);
        self.engine
            .forward(staged, layer.weight, z.view_mut(images));
        if let Some(bias) = layer.bias {
            z.add_bias(images, bias);
        }
    }

    fn backward(
        &self,
        delta: ArrayView2<'_, T>,
        room: &Room<'_, Self>,
        own: &mut Option<Matrix<T>>,
    ) {
        if let Some(share) = own {
            let staged = staged(room).view(delta.nrows());
            let all = share.view_mut(share.rows());
            self.engine.gradient(delta, staged, all, false);
        }
    }

    fn finish_deltas<'a>(
        &mut self,
        _chunks: usize,
        _delta: impl Fn(usize) -> ChunkDelta<'a, Self> + Sync,
    ) {
        // The engine takes the deltas as they are.
    }

    fn block_limits(&self, _images: usize) -> BlockLimits {
        BlockLimits::FLOATING_POINT
    }

    fn gradient<'a>(
        &self,
        taken: Taken<'_, Self>,
        delta: &(impl Fn(usize) -> ChunkDelta<'a, Self> + Sync),
        block: &BlockRange,
        mut d_w: ArrayViewMut2<'_, T>,
    ) {
        for (number, staged) in taken.chunks.iter().enumerate() {
            let delta = delta(number);
            let share = match (delta.own, staged) {
                (Some(sum), _) => Share::Sum(sum.view(sum.rows())),
                (None, Some(staged)) => Share::Factors {
                    delta: delta.view(),
                    input: staged.view(delta.images),
                },
                (None, None) => unreachable!("an input for training keeps one of the two"),
            };
            let share = share.block(&block.rows, &block.columns);
            share.add_to(d_w.view_mut(), self.engine, self.level, number > 0);
        }
    }

    fn bias_gradient<'a>(
        &self,
        chunks: usize,
        delta: &(impl Fn(usize) -> ChunkDelta<'a, Self> + Sync),
        d_bias: &mut [T],
    ) {
        let deltas = (0..chunks).map(|chunk| delta(chunk).view());
        engine::sum_of_rows(deltas, d_bias);
    }
}
