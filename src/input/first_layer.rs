//! What both sides of the door offer: the trait [`Input`], and the values that pass through it.

use std::ops::Range;

use ndarray::{ArrayView2, ArrayViewMut2};

use crate::cut::BlockLimits;
use crate::data::{Augmented, Standardizer};
use crate::engine::Units;
use crate::kernels::Level;
use crate::model::Layer;
use crate::scalar::Scalar;

/// Layers of up to so many units have their gradient taken chunk by chunk, while the chunk's inputs are in the cache.
///
/// A narrow layer has many inputs for each weight, so the chunks' shares of its gradient are small. In a wide layer the shares
/// would cost more than they save; there the inputs are kept, and phase 2 computes each block of the gradient at once.
/// Measured: `benches/record/2026-11-23-step.md`.
pub const NARROW_UNITS: usize = 128;

/// What the memory of an input is made for.
#[derive(Clone, Copy, Debug)]
pub struct InputSizes<'a> {
    /// The first layer.
    pub layer: &'a Layer,
    /// Whether it is the output layer too.
    pub is_output: bool,
    /// Images of the largest mini-batch.
    pub batch: usize,
    /// Whether there will be gradients.
    pub trains: bool,
    /// The instructions that kernels may use.
    pub level: Level,
}

/// The first layer's parameters, and what scales the pixels that they are multiplied with.
#[derive(Debug)]
pub struct FirstLayer<'a, D: Input> {
    /// The weight matrix, `(units, pixels)`.
    pub weight: ArrayView2<'a, D::Number>,
    /// The biases, if the network has them.
    pub bias: Option<&'a [D::Number]>,
    /// The scale of the pixels.
    pub scale: &'a D::Scale,
}

impl<D: Input> Clone for FirstLayer<'_, D> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<D: Input> Copy for FirstLayer<'_, D> {}

/// A mini-batch: pixels and labels, which come from one value so that they cannot disagree.
#[derive(Debug)]
pub struct Batch<'a, D: Input> {
    /// Where the pixels come from.
    pub source: &'a D::Source,
    /// The class of each sample of the source.
    pub labels: &'a [u8],
    /// The samples of the mini-batch, by their index in the source.
    pub indices: &'a [u32],
    /// The same samples in the form in which they are kept for all epochs, if they are.
    pub kept: Option<&'a D::Kept>,
    /// How its images are changed before they are taken in. What is kept is not changed, and features cannot be.
    pub augmented: Option<Augmented>,
    /// Whether they will go back too.
    pub trains: bool,
}

impl<D: Input> Clone for Batch<'_, D> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<D: Input> Copy for Batch<'_, D> {}

impl<'a, D: Input> Batch<'a, D> {
    /// The pixels of chunk number `number`: those of the samples from `range.start` to below `range.end` of the mini-batch.
    ///
    /// # Panics
    /// If the range is beyond the mini-batch.
    #[must_use]
    pub fn chunk(&self, number: usize, range: Range<usize>) -> Pixels<'a, D> {
        Pixels {
            source: self.source,
            indices: &self.indices[range.clone()],
            kept: self.kept,
            augmented: self.augmented,
            trains: self.trains,
            chunk: number,
            first: range.start,
        }
    }

    /// The labels of the samples from `range.start` to below `range.end` of the mini-batch.
    ///
    /// # Panics
    /// If the range is beyond the mini-batch; the iterator panics where an index is beyond the labels.
    pub fn labels(&self, range: Range<usize>) -> impl Iterator<Item = u8> + Clone + use<'a, D> {
        let labels = self.labels;
        self.indices[range]
            .iter()
            .map(move |&index| labels[index as usize])
    }
}

/// The pixels of one chunk of a mini-batch.
#[derive(Debug)]
pub struct Pixels<'a, D: Input> {
    /// Where they come from.
    pub source: &'a D::Source,
    /// The chunk's samples, by their index in the source.
    pub indices: &'a [u32],
    /// The mini-batch in the form in which it is kept for all epochs, if it is.
    pub kept: Option<&'a D::Kept>,
    /// How images are changed before they are taken in.
    pub augmented: Option<Augmented>,
    /// Whether the gradient will need them.
    pub trains: bool,
    /// The chunk's number within the mini-batch.
    pub chunk: usize,
    /// The number of its first sample within the mini-batch.
    pub first: usize,
}

/// The memory in which a chunk is worked on.
#[derive(Debug)]
pub struct Room<'a, D: Input> {
    /// Of the thread that works on it.
    pub lane: &'a mut D::Lane,
    /// Of the chunk's pixels.
    pub chunk: &'a mut D::Chunk,
}

/// Where the first layer's weighted sums of a chunk go, in one network.
#[derive(Debug)]
pub struct Sums<'a, D: Input> {
    /// The sums of each unit for each image that there is room for.
    pub z: &'a mut Units<D::Number>,
    /// What the chunk has of its own.
    pub own: &'a mut D::Own,
}

/// A block of the first layer's weight matrix.
#[derive(Clone, Debug)]
pub struct BlockRange {
    /// Its rows: units.
    pub rows: Range<usize>,
    /// Its columns: pixels.
    pub columns: Range<usize>,
}

/// What a step has left for the gradient of the first layer.
#[derive(Debug)]
pub struct Taken<'a, D: Input> {
    /// The scale of the pixels.
    pub scale: &'a D::Scale,
    /// The mini-batch in its kept form, if it is kept.
    pub kept: Option<&'a D::Kept>,
    /// The pixels that its chunks left behind, those of this mini-batch only.
    pub chunks: &'a [D::Chunk],
}

impl<D: Input> Clone for Taken<'_, D> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<D: Input> Copy for Taken<'_, D> {}

/// The first layer, from pixels. The module's text says in which order a step calls what.
///
/// All memory is allocated when the value, its lanes and its chunks are made; no method called by a step allocates.
pub trait Input: Sized + Send + Sync + 'static {
    /// The type of the network's numbers.
    type Number: Scalar;
    /// Where pixels come from.
    type Source: ?Sized + Sync + std::fmt::Debug + 'static;
    /// A standardizer in the form in which this side applies it.
    type Scale: Send + Sync + std::fmt::Debug + 'static;
    /// What one thread needs while it takes in chunks.
    type Lane: Send + Sync + std::fmt::Debug + 'static;
    /// The pixels that a chunk leaves behind for the gradient; networks that see the same mini-batches share them.
    type Chunk: Send + Sync + std::fmt::Debug + 'static;
    /// What a chunk needs or leaves behind in one network, beside its pixels.
    type Own: Send + Sync + std::fmt::Debug + 'static;
    /// A mini-batch in the form in which it is kept, where every epoch has the same.
    type Kept: Send + Sync + std::fmt::Debug + 'static;
    /// What is known of all images for the sake of their order.
    type Arranger: Send + std::fmt::Debug + 'static;

    /// Whether what layers compute is stored unit after unit, but for the output layer.
    const TRANSPOSED: bool;

    /// Whether an image's weighted sums have the same bits whatever images they are computed with.
    const ALONE: bool;

    /// Whether [`Self::begin`] and [`Self::finish_deltas`] have work to do, which is then worth timing.
    const PREPARES: bool;

    /// Images of a chunk, in mini-batches of at most `batch` images.
    #[must_use]
    fn chunk_images(batch: usize) -> usize;

    /// The form of `standardizer` for samples of so many rows and columns.
    fn scale(standardizer: &Standardizer, shape: (usize, usize)) -> Self::Scale;

    /// Looks at all images, for [`Self::arrange`].
    fn arranger(source: &Self::Source) -> Self::Arranger;

    /// Arranges the images within each of `batches` so that they are quicker to multiply. Which images a mini-batch has stays
    /// as it is.
    fn arrange(
        arranger: &mut Self::Arranger,
        order: &mut [u32],
        batches: impl Iterator<Item = Range<usize>>,
    );

    /// The mini-batch of the samples at `indices` in the form in which it is kept.
    fn keep(&self, scale: &Self::Scale, source: &Self::Source, indices: &[u32]) -> Self::Kept;

    /// The memory of one thread.
    fn lane(&self) -> Self::Lane;

    /// The memory of the pixels of a chunk of up to `images` images.
    fn chunk(&self, images: usize) -> Self::Chunk;

    /// What a chunk has of its own in this network.
    fn own(&self) -> Self::Own;

    /// Whether the gradient reads the pixels of all chunks again after phase 1. Networks that share pixels take their lanes and chunks
    /// from one that does, where there is one.
    fn keeps_pixels(&self) -> bool;

    /// Begins a step, or an evaluation.
    fn begin(&mut self, layer: FirstLayer<'_, Self>);

    /// Takes in a chunk's pixels, into the lane or, if the gradient needs them later, into the chunk.
    fn take_in(&self, scale: &Self::Scale, pixels: &Pixels<'_, Self>, room: &mut Room<'_, Self>);

    /// Computes the first layer's weighted sums, biases included, of the chunk that was taken in last. Overwrites `sums.z`.
    fn forward(
        &self,
        layer: FirstLayer<'_, Self>,
        pixels: &Pixels<'_, Self>,
        room: &Room<'_, Self>,
        sums: Sums<'_, Self>,
    );

    /// Computes what the chunk adds to the gradient while its pixels are at hand, if this side does that chunk by chunk. `delta` is
    /// `(images, units)`.
    fn backward(
        &self,
        delta: ArrayView2<'_, Self::Number>,
        room: &Room<'_, Self>,
        own: &mut Self::Own,
    );

    /// The deltas of all `chunks` chunks are there: `delta` gives those of a chunk and how many of its images count.
    fn finish_deltas<'a>(
        &mut self,
        chunks: usize,
        delta: impl Fn(usize) -> ChunkDelta<'a, Self> + Sync,
    );

    /// How small the blocks are into which the weight matrix is cut, for a mini-batch of `images` images.
    fn block_limits(&self, images: usize) -> BlockLimits;

    /// The sum over the mini-batch of the gradients of a block of the weight matrix. Overwrites `d_w`, which has the block's
    /// shape and contiguous rows.
    fn gradient<'a>(
        &self,
        taken: Taken<'_, Self>,
        delta: &(impl Fn(usize) -> ChunkDelta<'a, Self> + Sync),
        block: &BlockRange,
        d_w: ArrayViewMut2<'_, Self::Number>,
    );

    /// The sum over the mini-batch of the gradients of the biases. Overwrites `d_bias`.
    fn bias_gradient<'a>(
        &self,
        chunks: usize,
        delta: &(impl Fn(usize) -> ChunkDelta<'a, Self> + Sync),
        d_bias: &mut [Self::Number],
    );
}

/// The first layer's deltas of one chunk.
#[derive(Debug)]
pub struct ChunkDelta<'a, D: Input> {
    /// The deltas of each unit for each image that there is room for.
    pub units: &'a Units<D::Number>,
    /// What the chunk has of its own in this network.
    pub own: &'a D::Own,
    /// Images of the chunk.
    pub images: usize,
}

impl<'a, D: Input> ChunkDelta<'a, D> {
    /// The chunk's deltas, `(images, units)`.
    #[must_use]
    pub fn view(&self) -> ArrayView2<'a, D::Number> {
        self.units.view(self.images)
    }
}
