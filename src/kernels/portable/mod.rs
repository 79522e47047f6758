//! Kernels in plain Rust: the bodies of all levels. [`crate::kernels`] says what each computes.

mod activations;
mod forces;
mod pixels;
mod quantization;
mod sums;
mod vectors;

pub use activations::{exp, sigmoid, sigmoid_backward};
pub use forces::{attract, repel};
pub use pixels::{scatter, standardize};
pub use quantization::{Halves, dot_halves, dot_words, quantize_halves, quantize_words};
pub use sums::{dot, magnitudes, norms, sum};
pub use vectors::{Descent, add, add_squares, centre, combine, descend, multiply};
