//! The first layer, from pixels: the one door through which they enter a network.
//!
//! In a small network nearly all arithmetic is the first layer's, so how it takes in its pixels decides how fast a step is.
//! There are two ways, and one interface to both, [`Input`]:
//!
//! - [`Staged`] scales a chunk's pixels into a floating-point buffer of the chunk's size, and multiplies through an
//!   [`Engine`](crate::engine::Engine). It takes `f32` and `f64`, images and features.
//! - [`Packed`] keeps the pixels as the bytes that they are and multiplies them by one of two [`packed::Products`]: as integers with
//!   quantized weights and deltas, or widened to `f32` a few at a time. It takes `f32` and images only; its types admit nothing else.
//!
//! The forward pass, the backward pass and the update ([`crate::network`], [`crate::train`]) are written against [`Input`] and
//! know neither side. [`Door`] names the side; [`crate::train`] chooses it once, before the first step.
//!
//! # The order of calls in a step
//! 1. [`begin`](Input::begin): the weights of the first layer are as this step has them.
//! 2. For each chunk, in parallel: [`take_in`](Input::take_in) its pixels, [`forward`](Input::forward) to the weighted sums
//!    of the first layer; later, when its deltas are there, [`backward`](Input::backward).
//! 3. [`finish_deltas`](Input::finish_deltas): the deltas of all chunks are there.
//! 4. For each block of the weight matrix, in parallel: its [`gradient`](Input::gradient), and the biases'
//!    ([`bias_gradient`](Input::bias_gradient)).

mod first_layer;
pub mod packed;
mod staged;

pub use first_layer::{
    Batch, BlockRange, ChunkDelta, FirstLayer, Input, InputSizes, NARROW_UNITS, Pixels, Room, Sums,
    Taken,
};
pub use packed::Packed;
pub use staged::{Staged, StagedScale};

use crate::cut;

/// [`Staged`] keeps a copy of the images, in the order in which every epoch takes them, if it is not larger than this: a file may
/// be larger than the memory.
const MOST_COPIED_BYTES: u64 = 256 << 20;

/// Which side of the door pixels come in by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// As floating-point numbers: [`Staged`].
    Staged,
    /// As bytes, multiplied as integers: [`Packed`] with [`packed::Quantized`].
    Packed,
    /// As bytes, multiplied in `f32`: [`Packed`] with [`packed::Float`].
    PackedFloat,
}

/// What the pixels of a step are taken in for.
#[derive(Clone, Copy, Debug)]
pub struct PixelSizes {
    /// Rows and columns of an image.
    pub shape: (usize, usize),
    /// Images of the mini-batch.
    pub batch: usize,
    /// Images that are taken in at one time.
    pub in_lanes: usize,
    /// Units of the first layer.
    pub units: usize,
    /// Bytes of a number.
    pub number_bytes: usize,
    /// Whether there will be gradients.
    pub trains: bool,
    /// Whether the second phase reads all of them again.
    pub is_read_again: bool,
}

/// A product that cannot overflow: of three sizes, none of which is above the largest number of images or parameters.
pub(crate) fn product(sizes: &[usize]) -> u128 {
    sizes.iter().fold(1, |product: u128, &size| {
        product.saturating_mul(size as u128)
    })
}

impl Door {
    /// Images of a chunk, in mini-batches of at most `batch` images.
    #[must_use]
    pub fn chunk_images(self, batch: usize) -> usize {
        match self {
            Self::Staged => cut::chunk_images(batch),
            Self::Packed | Self::PackedFloat => cut::packed_chunk_images(batch),
        }
    }

    /// Bytes of a mini-batch of `batch` images of `shape`, in the form in which it would be kept for all epochs.
    #[must_use]
    pub fn kept_bytes(self, batch: usize, shape: (usize, usize)) -> u64 {
        match self {
            Self::Staged => (batch as u64).saturating_mul((shape.0 * shape.1) as u64),
            Self::Packed | Self::PackedFloat => packed::batch_bytes(batch, shape) as u64,
        }
    }

    /// The most bytes of all kept mini-batches together; of packed pixels that is `allowed`, of others a constant.
    #[must_use]
    pub fn most_kept_bytes(self, allowed: u64) -> u64 {
        match self {
            Self::Staged => MOST_COPIED_BYTES,
            Self::Packed | Self::PackedFloat => allowed,
        }
    }

    /// Whether the first layer's share in a narrow layer's gradient stays in the memory of each chunk, as that of the other layers
    /// does.
    #[must_use]
    pub fn keeps_shares(self) -> bool {
        self == Self::Staged
    }

    /// Bytes of the pixels of a step, in the form in which the first layer takes them, and of what goes with them there.
    #[must_use]
    pub fn step_bytes(self, step: &PixelSizes) -> u128 {
        let PixelSizes { shape, batch, .. } = *step;
        let pixels = shape.0 * shape.1;
        let of_images = |images: usize| product(&[step.number_bytes, images, pixels]);
        match self {
            Self::Staged if step.is_read_again => of_images(batch),
            Self::Staged => of_images(step.in_lanes),
            Self::Packed | Self::PackedFloat => {
                let deltas = if step.trains { batch } else { 0 };
                let operands = match self {
                    Self::Packed => product(&[2, step.units, pixels + deltas]),
                    _ => product(&[step.number_bytes, step.units, deltas]),
                };
                let panels = packed::step_bytes(batch, step.in_lanes, shape, step.trains);
                panels as u128 + operands
            }
        }
    }

    /// Whether it needs room for a packed mini-batch at least.
    #[must_use]
    pub fn packs(self) -> bool {
        self != Self::Staged
    }
}
