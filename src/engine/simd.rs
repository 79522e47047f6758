//! Products of our own, in `f32`: the same bits on every CPU.

use std::sync::OnceLock;

use ndarray::{ArrayView2, ArrayViewMut2};

use super::products::Engine;
use crate::kernels::{Level, float};

/// The products of [`crate::kernels::float`]. They take matrices that lie as they like; activations and deltas are best stored unit after
/// unit.
#[derive(Clone, Copy, Debug)]
pub struct Simd {
    level: Level,
}

impl Simd {
    /// The engine that computes with the instructions of `level`.
    #[must_use]
    pub fn at(level: Level) -> &'static Self {
        static LEVELS: [OnceLock<Simd>; Level::COUNT] = [const { OnceLock::new() }; Level::COUNT];
        LEVELS[level.number()].get_or_init(|| Self { level })
    }
}

impl Engine<f32> for Simd {
    fn forward(&self, x: ArrayView2<'_, f32>, w: ArrayView2<'_, f32>, z: ArrayViewMut2<'_, f32>) {
        float::multiply(self.level, x, w.reversed_axes(), z, false);
    }

    fn backward(
        &self,
        d_z: ArrayView2<'_, f32>,
        w: ArrayView2<'_, f32>,
        d_x: ArrayViewMut2<'_, f32>,
    ) {
        float::multiply(self.level, d_z, w, d_x, false);
    }

    fn gradient(
        &self,
        d_z: ArrayView2<'_, f32>,
        x: ArrayView2<'_, f32>,
        d_w: ArrayViewMut2<'_, f32>,
        accumulate: bool,
    ) {
        float::multiply(self.level, d_z.reversed_axes(), x, d_w, accumulate);
    }

    fn gradient_of_chunks<'f>(
        &self,
        chunks: usize,
        factors: &dyn Fn(usize) -> [ArrayView2<'f, f32>; 2],
        d_w: ArrayViewMut2<'_, f32>,
    ) {
        let operands = |chunk| {
            let [d_z, x] = factors(chunk);
            [d_z.reversed_axes(), x]
        };
        float::multiply_and_add_up(self.level, chunks, &operands, d_w);
    }
}
