//! The two floating-point types that a network can be trained in.

use ndarray::{ArrayViewMut2, NdFloat};

use crate::exponential::exp_f32;

/// Which floating-point type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dtype {
    /// 32 bits.
    F32,
    /// 64 bits.
    F64,
}

impl Dtype {
    /// `f32` or `f64`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F64 => "f64",
        }
    }

    /// Bytes of a number.
    #[must_use]
    pub fn bytes(self) -> usize {
        match self {
            Self::F32 => size_of::<f32>(),
            Self::F64 => size_of::<f64>(),
        }
    }
}

/// `f32` or `f64`, and nothing else: what the engines, the losses and the optimizers compute in.
pub trait Scalar: NdFloat + Default + std::iter::Sum + sealed::Sealed {
    /// Which of the two.
    const DTYPE: Dtype;

    /// The nearest number of this type.
    fn of(value: f64) -> Self;

    /// The same number in 64 bits.
    fn wide(self) -> f64;

    /// A pixel's number.
    fn of_pixel(pixel: u8) -> Self;

    /// The exponential, after the argument was moved into the range whose exponential is a normal number; NaN stays NaN.
    fn exp_clamped(self) -> Self;

    /// The same view, if it is one of `f32`.
    fn view_as_f32(view: ArrayViewMut2<'_, Self>) -> Option<ArrayViewMut2<'_, f32>>;

    /// The same numbers, if they are `f32`.
    fn slice_as_f32(numbers: &[Self]) -> Option<&[f32]>;

    /// Appends the number's bytes, little end first.
    fn put_bytes(self, bytes: &mut Vec<u8>);

    /// The numbers that `bytes` hold, little end first; what is left over is ignored.
    fn from_bytes(bytes: &[u8]) -> Vec<Self>;
}

impl Scalar for f32 {
    const DTYPE: Dtype = Dtype::F32;

    fn of(value: f64) -> Self {
        value as Self
    }

    fn wide(self) -> f64 {
        self.into()
    }

    #[inline(always)]
    fn of_pixel(pixel: u8) -> Self {
        pixel.into()
    }

    #[inline(always)]
    fn exp_clamped(self) -> Self {
        exp_f32(self)
    }

    fn view_as_f32(view: ArrayViewMut2<'_, Self>) -> Option<ArrayViewMut2<'_, f32>> {
        Some(view)
    }

    fn slice_as_f32(numbers: &[Self]) -> Option<&[f32]> {
        Some(numbers)
    }

    fn put_bytes(self, bytes: &mut Vec<u8>) {
        bytes.extend(self.to_le_bytes());
    }

    fn from_bytes(bytes: &[u8]) -> Vec<Self> {
        bytes
            .as_chunks()
            .0
            .iter()
            .map(|&bytes| Self::from_le_bytes(bytes))
            .collect()
    }
}

impl Scalar for f64 {
    const DTYPE: Dtype = Dtype::F64;

    fn of(value: f64) -> Self {
        value
    }

    fn wide(self) -> f64 {
        self
    }

    #[inline(always)]
    fn of_pixel(pixel: u8) -> Self {
        pixel.into()
    }

    #[inline(always)]
    fn exp_clamped(self) -> Self {
        // The 64-bit engine is the reference: the system's exponential. Comparisons that are false for NaN.
        let x = if self < -708.0 { -708.0 } else { self };
        let x: Self = if x > 709.0 { 709.0 } else { x };
        x.exp()
    }

    fn view_as_f32(_view: ArrayViewMut2<'_, Self>) -> Option<ArrayViewMut2<'_, f32>> {
        None
    }

    fn slice_as_f32(_numbers: &[Self]) -> Option<&[f32]> {
        None
    }

    fn put_bytes(self, bytes: &mut Vec<u8>) {
        bytes.extend(self.to_le_bytes());
    }

    fn from_bytes(bytes: &[u8]) -> Vec<Self> {
        bytes
            .as_chunks()
            .0
            .iter()
            .map(|&bytes| Self::from_le_bytes(bytes))
            .collect()
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}
