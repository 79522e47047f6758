//! The choice between the engines.

use serde::{Deserialize, Serialize};

use super::gemm::Blas;
use super::naive::Naive;
use super::products::Engine;
use crate::kernels::Level;
use crate::scalar::{Dtype, Scalar};

/// Which engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

/// What the choice between engines depends on.
#[derive(Clone, Copy, Debug)]
pub struct StepSizes {
    /// Units of the first layer.
    pub units: usize,
    /// Images of the largest mini-batch.
    pub batch: usize,
}

impl StepSizes {
    /// Whether a step goes mostly through weights, of which there are many for few images.
    #[must_use]
    pub fn is_mostly_weights(self) -> bool {
        const MANY_UNITS: usize = 256;
        const FEW_IMAGES: usize = 32;
        self.units >= MANY_UNITS && self.batch <= FEW_IMAGES
    }
}

impl EngineKind {
    /// What `Auto` stands for on a CPU of this level, in this type, for images of bytes: integers where it has instructions for them,
    /// unless the first layer is wide and the mini-batches are small. There most of a step goes through weights instead of images, and
    /// quantizing them costs more than it saves. Measured: `benches/record/2026-11-26-simd.md`.
    #[must_use]
    pub fn resolve(self, dtype: Dtype, level: Level, sizes: StepSizes) -> Self {
        match self {
            Self::Auto if dtype == Dtype::F64 || level == Level::PORTABLE => Self::Blas,
            Self::Auto if sizes.is_mostly_weights() => Self::Simd,
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
