//! The first layer's products straight from the pixels, in integers or in `f32`.
//!
//! In a small network nearly all arithmetic is the first layer's two products, and their pixels are bytes already. So weights and
//! deltas are quantized to 16 bits and the products are sums of integers ([`crate::kernels::integer`]). That is several times as
//! fast as a CPU is in `f32`, and gives the same bits whatever the instructions. Master weights, updates and all further layers
//! stay `f32`.
//!
//! With pixel `u`, its mean `m` and its deviation `s`:
//! - forward: `z_h = Σ (w_hf / s_f) u_f - Σ (w_hf / s_f) m_f`. The quotients are quantized with one scale for each unit and *group
//!   of pixels of similar deviation*: deviations run from 0.1 to 104 in Fashion-MNIST, and one scale for all would leave the
//!   weights of bright pixels a few bits. What the means contribute is computed from the quantized weights, so that errors cancel.
//! - gradient: `dW_hf = (Σ d_h u_f - m_f Σ d_h) / s_f` over the images. Deltas are quantized with one scale for each unit and
//!   thousand images, and both sums take the quantized ones.
//!
//! Half of the pixels are 0, and quads of sixteen columns that are all 0 are not multiplied at all. How many those are is a matter
//! of order, which no sum shows: the gradient takes pixels by tiles ([`crate::kernels::Tiles`]), and the images of a batch are
//! arranged by outline ([`Outlines`]). Of Fashion-MNIST a quarter of the arithmetic goes.
//!
//! # Words
//! | word | meaning |
//! |---|---|
//! | chunk | the images of a batch that one task takes |
//! | column | one of sixteen images (forward) or pixels (gradient) that lie side by side in a panel |
//! | quad | four neighbours along a sum: pixels (forward) or images (gradient), whose products one instruction adds |
//! | line | a quad of sixteen columns: 64 bytes |
//! | panel | the lines of sixteen columns, quad after quad |
//! | kept | a quad that is not zero in all sixteen columns; a panel has the others neither stored nor multiplied |
//! | group | pixels of similar deviation, whose weights share a scale |
//! | segment | quads whose scale is the same: a group or a part of one (forward), a chunk (gradient); an integer sum has one segment (forward) or several (gradient) |
//! | scale | what a quantized number is multiplied by to be about its value |
//! | row | a unit's quantized weights, or its quantized deltas |
//! | run | four pixels in a row of the image |
//! | tile | four runs below one another, whose sixteen pixels are the columns of a panel of the gradient |
//! | strip | the tiles that lie side by side, at whose ends a block of the gradient may end |
//! | micro-tile | the rows of a panel's product that are computed at once, with their sums in registers |
//! | outline | which of an image's 8 x 8 cells are black |
//!
//! # Reading order
//! [`PixelGroups`] (which pixels share a scale), [`PackedBatch`] and [`pack`] (how pixels are packed, in the memory of `panels.rs`),
//! [`QuantizedWeights`] (the forward product), [`QuantizedDeltas`] and [`Gradient`] (the gradient's product, both from the memory of
//! `rows.rs`), [`Float`] (the same two products in `f32`: no groups, nothing quantized), [`Outlines`] (the order of images that leaves the
//! most out), [`Packed`] (the door; [`Products`] is what it needs of the two). The products themselves come last, because these files say
//! what they are for.

mod batch;
mod deltas;
mod door;
mod float;
mod groups;
mod outlines;
mod panels;
mod products;
mod quantized;
mod rows;
mod weights;

pub use batch::{
    PackedBatch, Packing, Scratch, batch_bytes, images_as_columns, pack, pixels_as_columns,
    scratch, step_bytes,
};
pub use deltas::{ChunkDeltas, Gradient, QuantizedDeltas};
pub use door::{Packed, PackedLane};
pub use float::{Float, FloatScale};
pub use groups::PixelGroups;
pub use outlines::Outlines;
pub use panels::{Lines, panels};
pub use products::{ProductSizes, Products};
pub use quantized::Quantized;
pub use rows::QuantizedRows;
pub use weights::QuantizedWeights;
