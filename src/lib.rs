//! gingham trains fully connected image classifiers on IDX data sets, such as Fashion-MNIST, as fast as a CPU can.
//!
//! Pixels stay bytes in a memory-mapped file. The first layer multiplies them as integers or staged as floating-point numbers,
//! further layers go through OpenBLAS, and all cores work on a batch without the result ever depending on how many there are.
//!
//! ```no_run
//! use gingham::data::Dataset;
//! use gingham::engine::EngineKind;
//! use gingham::error::Result;
//! use gingham::parallel::Threads;
//! use gingham::train::{Accuracies, Observer, TrainOptions, train};
//!
//! struct Printer;
//!
//! impl Observer for Printer {
//!     fn ended(&mut self, epoch: usize, error: f64, accuracies: Option<Accuracies>) -> Result<()> {
//!         println!("{epoch} {error} {:?}", accuracies.and_then(|accuracies| accuracies.heldout));
//!         Ok(())
//!     }
//! }
//!
//! fn main() -> Result<()> {
//!     let dataset = Dataset::open("data/fashion-mnist".as_ref())?;
//!     let options = TrainOptions { epochs: 30, hidden: vec![100], ..TrainOptions::default() };
//!     let threads = Threads::new(0, EngineKind::Blas)?;
//!     let outcome = threads.run(|| train::<f32>(&dataset, &options, &mut Printer))?;
//!     outcome.model.save("model.safetensors".as_ref())
//! }
//! ```
//!
//! # Reading order
//! From the command line to the arithmetic: `main` → `cli` → [`train`] (the loop, then [`train::step`]) → [`engine`] →
//! [`kernels`]. What these stand on: [`data`] (readers, split, standardisation), [`model`] (parameters, activations, the
//! file), [`rng`], [`parallel`] (threads and how work is cut), [`error`]. What stands on them: [`report`] (the run's folder,
//! and the page that is made of it, drawn by [`figures`]), [`explore`] (a data set's figures, its images as text,
//! its map), [`export`] (other people's formats), and [`mod@bench`].

// This crate holds nothing but the BLAS that the linker is to take, and must be named for that.
#[cfg(feature = "blas")]
use blas_src as _;

pub mod bench;
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
pub mod report;
pub mod rng;
pub mod scalar;
pub mod train;
pub mod xor;
