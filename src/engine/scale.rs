//! How pixels are taken in.

use super::EngineKind;
use crate::data::Standardizer;
use crate::input::packed::PixelGroups;
use crate::scalar::{Dtype, Scalar};

/// What refuses the first layer in integers in `f64`.
pub(super) const ONLY_F32: &str = "the first layer in integers has its other numbers in f32";

/// A [`Standardizer`] in the form in which pixels are taken in.
#[derive(Clone, Debug)]
pub struct PixelScale<T> {
    /// `x = factor · u + offset`: staged so, before a product in `T`.
    pub(crate) factor: Vec<T>,
    pub(crate) offset: Vec<T>,
    /// For products in integers, which take the pixels as they are.
    pub(crate) groups: Option<PixelGroups>,
}

impl<T: Scalar> PixelScale<T> {
    /// For images of so many rows and columns. For products in `T`: `factor = 1 / deviation`, `offset = -mean / deviation`. For
    /// [`EngineKind::Fixed`]: groups of pixels.
    ///
    /// # Panics
    /// If that engine is to work in another type than `f32`, or the standardizer has other pixels than the images.
    #[must_use]
    pub fn new(standardizer: &Standardizer, shape: (usize, usize), engine: EngineKind) -> Self {
        let fixed = engine == EngineKind::Fixed;
        assert!(!fixed || T::DTYPE == Dtype::F32, "{ONLY_F32}");
        let Standardizer { mean, deviation } = standardizer;
        Self {
            groups: fixed.then(|| PixelGroups::new(standardizer, shape)),
            factor: deviation
                .iter()
                .map(|deviation| T::of(1.0 / deviation))
                .collect(),
            offset: mean
                .iter()
                .zip(deviation)
                .map(|(mean, deviation)| T::of(-mean / deviation))
                .collect(),
        }
    }
}
