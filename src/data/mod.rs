//! From files to the pixels of one image: readers, split, standardisation, mini-batches, synthetic sets.
//!
//! Pixels stay `u8` here for ever; what scales them is [`Standardizer`], and what stages a scaled batch is the engine.
//! This area knows no model and no floating-point copy of a data set.

pub mod batches;
mod dataset;
mod mmap;
pub mod png;
mod split;
mod standardize;
pub mod synth;

pub use crate::formats::idx::{self, IdxError};
pub use dataset::{Dataset, FASHION_MNIST_CLASSES, Images, Labelled, class_names};
pub(crate) use mmap::bytes;
pub use split::{Split, held_out, split};
pub use standardize::Standardizer;
