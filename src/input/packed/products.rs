//! What multiplies packed pixels: the two sides of [`Packed`](super::Packed).

use ndarray::{ArrayView2, ArrayViewMut2};

use super::deltas::ChunkDeltas;
use super::groups::PixelGroups;
use crate::cut::BlockLimits;
use crate::data::Standardizer;
use crate::kernels::{Level, Panels, Tiles};

/// What the memory of the products is made for.
#[derive(Clone, Copy, Debug)]
pub struct ProductSizes {
    /// The instructions that kernels may use.
    pub level: Level,
    /// Units of the layer.
    pub units: usize,
    /// How an image is divided into tiles.
    pub tiles: Tiles,
    /// Images of the largest mini-batch.
    pub batch: usize,
    /// Images of each chunk but the last.
    pub chunk_images: usize,
    /// Whether there will be gradients.
    pub trains: bool,
}

/// The products of the first layer with packed pixels. No method called by a step allocates.
pub trait Products: std::fmt::Debug + Send + Sync + 'static {
    /// A standardizer in the form in which these products apply it.
    type Scale: AsRef<PixelGroups> + Send + Sync + std::fmt::Debug + 'static;

    /// Memory for the products of such sizes.
    fn new(sizes: &ProductSizes) -> Self;

    /// The form of `standardizer` for images of so many rows and columns.
    fn scale(standardizer: &Standardizer, shape: (usize, usize)) -> Self::Scale;

    /// The weights, `(units, pixels)` in contiguous rows, and the biases are as this step has them.
    fn begin(&mut self, scale: &Self::Scale, weight: ArrayView2<'_, f32>, bias: Option<&[f32]>);

    /// The weighted sums of a chunk whose images are the columns of `panels`. Overwrites `z`, `(units, images)`. The scale and the
    /// weights are those with which the step began.
    fn forward(
        &self,
        scale: &Self::Scale,
        weight: ArrayView2<'_, f32>,
        panels: &Panels,
        z: ArrayViewMut2<'_, f32>,
    );

    /// Takes the deltas of the first `chunks` chunks, of which `deltas` has those of each.
    fn take_deltas<'a>(&mut self, chunks: usize, deltas: impl Fn(usize) -> ChunkDeltas<'a> + Sync);

    /// How small the blocks are into which the weight matrix is cut, for a mini-batch of `images` images.
    fn block_limits(&self, images: usize) -> BlockLimits;

    /// The gradient of the block that begins at that unit and that pixel, from the deltas that were taken last and `chunks`, whose
    /// columns are pixels. Overwrites `d_w`, whose rows are contiguous.
    fn gradient(
        &self,
        scale: &Self::Scale,
        chunks: &[Panels],
        begin: [usize; 2],
        d_w: ArrayViewMut2<'_, f32>,
    );

    /// The gradient of a unit's bias: the sum of the deltas that were taken last.
    fn sum_of_deltas(&self, unit: usize) -> f32;
}
