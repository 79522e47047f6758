//! Kernels in plain Rust: the bodies of all levels. [`crate::kernels`] says what each computes.

mod activations;
mod drops;
mod forces;
mod norms;
mod pixels;
mod quantization;
mod sums;
mod vectors;

pub use activations::{exp, sigmoid, sigmoid_backward};
pub use drops::{LeftOut, drop_of_image, drop_of_unit};
pub use forces::{attract, repel};
pub use norms::{
    Normal, add_deviations, add_products, denormalize, denormalize_unit, moments, normalize,
    normalize_unit, product_sums,
};
pub use pixels::{scatter, standardize};
pub use quantization::{Halves, dot_halves, dot_words, quantize_halves, quantize_words};
pub use sums::{dot, magnitudes, norms, sum};
pub use vectors::{
    Descent, Moments, adapt, add, add_squares, centre, combine, descend, descend_ahead, multiply,
};
