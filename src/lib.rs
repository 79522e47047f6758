//! gingham trains fully connected image classifiers on IDX data sets, such as Fashion-MNIST, as fast as a CPU can.
//!
//! Pixels stay bytes in a memory-mapped file. The first layer multiplies them as integers or staged as floating-point numbers,
//! further layers go through OpenBLAS, and all cores work on a mini-batch without the result ever depending on how many there
//! are.
//!
//! On arrays in memory, [`Classifier`] is all that is needed:
//!
//! ```
//! use gingham::Classifier;
//! use ndarray::{Array1, Array3};
//!
//! let images = Array3::from_shape_fn((60, 4, 4), |(image, row, _)| 80 * (row == image % 3) as u8);
//! let labels = Array1::from_shape_fn(60, |image| (image % 3) as u8);
//! let mut classifier = Classifier::new().epochs(3).batch_size(10);
//! classifier.fit(&images, &labels)?;
//! assert_eq!(classifier.score(&images, &labels)?, 1.0);
//! # Ok::<(), gingham::error::Error>(())
//! ```
//!
//! On files, and with every setting, a run is planned and then made:
//!
//! ```no_run
//! use gingham::data::Dataset;
//! use gingham::machine::Machine;
//! use gingham::train::{NoObserver, Plan, TrainOptions, train};
//!
//! let machine = Machine::new(0)?;
//! let dataset = Dataset::open("data/fashion-mnist".as_ref())?;
//! let options = TrainOptions { epochs: 30, hidden: vec![100], ..TrainOptions::default() };
//! let outcome = train(&Plan::new(&options, &dataset, &machine)?, &mut NoObserver)?;
//! println!("{:?}", outcome.accuracies.heldout);
//! outcome.model.save("model.safetensors".as_ref())?;
//! # Ok::<(), gingham::error::Error>(())
//! ```
//!
//! # Reading order
//! From the command line to the arithmetic: `main` → `cli` → [`mod@train`] (the loop, then [`train::step`]) → [`network`] (forward,
//! loss, backward) → [`input`] (the first layer, from pixels) and [`engine`] (the products of the others) → [`kernels`].
//!
//! What these stand on: [`machine`] (threads, instruction level, memory), [`data`] (files, arrays, split, standardisation),
//! [`model`] (parameters, activations, the file), [`cut`] (how work is cut into tasks), [`rng`], [`error`]. What stands on
//! them: [`classifier`] (the front door), [`evaluate`] (asking a model), [`report`] (the run's folder, and the page that is made
//! of it, drawn by [`figures`]), [`sweep`] (many runs, from the text of a plan), [`explore`] (a data set's figures, its images as
//! text, its map), [`export`] (other programs' formats), and [`mod@bench`]. Imports run downwards in this order and no two files
//! import each other; a test holds to that.

// This crate holds nothing but the BLAS that the linker is to take, and must be named for that.
#[cfg(feature = "blas")]
use blas_src as _;

pub mod bench;
pub mod classifier;
pub mod cut;
pub mod data;
pub mod durable;
pub mod engine;
pub mod error;
pub mod evaluate;
pub mod explore;
mod exponential;
pub mod export;
pub mod figures;
mod formats;
pub mod input;
pub mod kernels;
pub mod machine;
pub mod model;
pub mod network;
pub mod quote;
pub mod report;
pub mod rng;
pub mod scalar;
pub mod sweep;
pub mod train;
pub mod xor;

pub use classifier::Classifier;
