//! Random numbers that are the same on every machine and in every version.
//!
//! There are two generators, for two promises. [`RandomState`] repeats NumPy's legacy streams, so that the article's split and
//! weights come out bit for bit. [`Stream`] serves everything that NumPy never drew (shuffles, synthetic images): a
//! ChaCha8 keyed by a seed, a purpose and an index, so that image 1,000,000 or epoch 200 can be drawn without drawing
//! what comes before it, by any thread. Both make their numbers from raw 32- and 64-bit words by formulas written
//! here: the distributions of `rand` may change between its versions, these may not. [`hash`] makes of a word of a stream the decisions of
//! a step by the million.

mod hash;
mod numpy;
mod stream;

pub use hash::hash;
pub use numpy::RandomState;
pub use stream::{Purpose, Stream};
