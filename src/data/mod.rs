//! From files and arrays to the pixels of one image: readers, split, standardisation, mini-batches, synthetic sets.
//!
//! Pixels stay `u8` here for ever; what scales them is a [`Standardizer`], and what applies it to the pixels of a mini-batch is
//! [`crate::input`]. This area knows no model and no floating-point copy of a data set.

pub mod augment;
pub mod batches;
mod classes;
mod dataset;
mod features;
mod files;
mod folder;
mod gzip;
mod images;
mod labelled;
mod mmap;
pub mod png;
mod search;
mod split;
mod standardize;
mod stream;
pub mod synth;

pub use crate::formats::idx::{self, IdxError};
pub use augment::{Augmentation, Augmented};
pub(crate) use classes::names_sha256;
pub use classes::{FASHION_MNIST_CLASSES, class_names};
pub use dataset::Dataset;
pub use features::{Features, LabelledFeatures, LabelledSamples, SampleSource, Samples};
pub(crate) use files::sha256;
pub use folder::DataFolder;
pub use images::Images;
pub use labelled::Labelled;
pub(crate) use mmap::bytes;
pub use split::{Fold, HoldOut, Split, SplitRule, held_out, split};
pub use standardize::Standardizer;
pub use stream::{STDIN, stream};
