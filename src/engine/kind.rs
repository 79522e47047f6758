//! The choice between the engines.

use serde::{Deserialize, Serialize};

use super::gemm::Blas;
use super::naive::Naive;
use super::products::Engine;
use crate::kernels::Level;
use crate::scalar::{Dtype, Scalar};

/// Which engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EngineKind {
    /// The fastest that this build and machine offer.
    Auto,
    /// Plain loops on one thread: the baseline to beat, and the oracle.
    Naive,
    /// Products through BLAS (or, in a build without one, ndarray's own).
    Blas,
    /// Products of our own in `f32`, the first layer's straight from the pixels.
    Simd,
    /// The first layer's products in integers, straight from the pixels; further layers as `Simd`. In `f32` only.
    Fixed,
}

impl EngineKind {
    /// What `Auto` stands for on a CPU of this level, in this type, for images of bytes: integers where it has instructions for them.
    /// Measured for layers of 10 to 512 units and mini-batches of 32 to 1,920: `benches/record/2026-11-26-levels.md`.
    #[must_use]
    pub fn resolve(self, dtype: Dtype, level: Level) -> Self {
        match self {
            Self::Auto if dtype == Dtype::F64 || level == Level::PORTABLE => Self::Blas,
            Self::Auto => Self::Fixed,
            other => other,
        }
    }

    /// The name by which it is asked for.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Naive => "naive",
            Self::Blas => "blas",
            Self::Simd => "simd",
            Self::Fixed => "fixed",
        }
    }

    /// Whether it takes images of bytes only, in `f32` only, for it multiplies packed pixels.
    #[must_use]
    pub fn packs(self) -> bool {
        matches!(self, Self::Simd | Self::Fixed)
    }

    /// What computes the products of staged numbers. Engines that pack pixels stage none, and compute further layers by
    /// [`Simd`](super::Simd).
    #[must_use]
    pub fn of_staged<T: Scalar>(self) -> &'static dyn Engine<T> {
        match self {
            Self::Naive => &Naive,
            Self::Auto | Self::Blas | Self::Simd | Self::Fixed => &Blas,
        }
    }
}
