//! How the products of a layer are computed, and the choice between the ways.
//!
//! An [`Engine`] supplies the three matrix products of a layer and knows nothing of mini-batches, losses or optimizers. What
//! calls it decides how the work is cut; every call computes one whole product on one thread. [`Naive`] is plain loops, [`Blas`]
//! goes through the library that [`blas`] finds, [`Simd`] has products of
//! our own. [`Matrix`] and [`Units`] are the memory that they work in, [`Share`] is what a
//! chunk of images adds to a gradient.

pub mod blas;
mod gemm;
mod kind;
mod library;
mod matrix;
mod naive;
mod products;
mod share;
mod simd;

pub use gemm::Blas;
pub use kind::EngineKind;
pub use matrix::{Matrix, Units};
pub use naive::Naive;
pub use products::Engine;
pub use share::{Share, sum_of_rows};
pub use simd::Simd;
