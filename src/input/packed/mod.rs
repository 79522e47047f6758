//! The first layer's products straight from the pixels, in integers.
//!
//! In a small network nearly all arithmetic is the first layer's two products, and their pixels are bytes already. So weights and
//! deltas are rounded to 16 bits and the products are sums of integers ([`crate::kernels::integer`]): several times what a CPU
//! does in `f32`, and the same bits whatever the instructions. Master weights, updates and all further layers stay `f32`.
//!
//! With pixel `u`, its mean `m` and its deviation `s`:
//! - forward: `z_h = Σ (w_hf / s_f) u_f - Σ (w_hf / s_f) m_f`. The quotients are rounded with one scale for each unit and *group of
//!   pixels of similar deviation*: those run from 0.1 to 104 in Fashion-MNIST, and one scale for all would leave the weights of
//!   bright pixels a few bits. The means' share is computed from the rounded weights, so that errors cancel.
//! - gradient: `dW_hf = (Σ d_h u_f - m_f Σ d_h) / s_f` over the images. Deltas are rounded with one scale for each unit and thousand
//!   images, and both sums take the rounded ones.
//!
//! Half of the pixels are 0, and quads of sixteen columns that are all 0 are not multiplied at all. How many those are is a matter
//! of order, which no sum shows: the gradient takes pixels by tiles ([`crate::kernels::Tiles`]), and the images of a batch are
//! arranged by outline ([`Outlines`]). Of Fashion-MNIST a quarter of the arithmetic goes.
//!
//! Reading order: [`PixelGroups`], [`PackedBatch`], [`QuantizedWeights`], [`QuantizedDeltas`], [`Outlines`].

mod batch;
mod deltas;
mod door;
mod groups;
mod outlines;
mod weights;

pub use batch::{PackedBatch, batch_bytes, images_as_columns, pack, pixels_as_columns, scratch};
pub use deltas::{ChunkDeltas, Gradient, QuantizedDeltas};
pub use door::{Packed, PackedLane};
pub use groups::PixelGroups;
pub use outlines::Outlines;
pub use weights::QuantizedWeights;
