//! A mini-batch on its way through the network and back: memory, forward pass, loss, backward pass, gradients.
//!
//! Nothing here knows where pixels come from (the first layer is behind [`crate::input::Input`]), what an optimizer does with a
//! gradient, or when to stop. Reading order: [`memory`] (what a mini-batch leaves behind, cut into chunks), [`pass`] (a chunk's
//! way forward and back), [`loss`] (between the two), [`gradient`] (what phase 2 of a step asks for). [`footprint`] says beforehand
//! how much memory all of it takes.

mod dropout;
pub mod footprint;
pub mod gradient;
pub mod loss;
pub mod memory;
mod norm;
mod norms;
pub mod pass;
pub mod stopwatch;

pub use dropout::Dropout;
pub use gradient::{BatchGradients, Gradients};
pub use loss::{ErrorForm, Loss};
pub use memory::{Chunk, Memory, MemoryUse};
pub use norm::{folded, keep_answers};
pub use pass::{Lesson, Pass};
