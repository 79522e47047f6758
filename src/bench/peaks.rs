//! What one core can do when nothing else is asked of it.

use std::time::Instant;

use super::spread::median;
use crate::kernels::{Level, peak};

/// The peaks of one core, measured again and again, each over some 20 ms.
#[derive(Default)]
pub(super) struct Peaks {
    /// In 10⁹ floating-point operations a second.
    floating_point: Vec<f64>,
    /// In 10⁹ integer operations a second.
    integer: Vec<f64>,
}

impl Peaks {
    /// Measures both once more.
    pub(super) fn measure(&mut self, level: Level) {
        const ROUNDS: u32 = 8_000_000;
        const INTEGER_ROUNDS: u32 = 4_000_000;
        self.floating_point.push(timed(|| {
            peak::f32_multiply_adds(level, std::hint::black_box(ROUNDS))
        }));
        self.integer.push(timed(|| {
            peak::integer_multiply_adds(level, std::hint::black_box(INTEGER_ROUNDS))
        }));
    }

    /// The median in `f32`, in 10⁹ operations a second.
    pub(super) fn floating_point(&self) -> f64 {
        median(&self.floating_point)
    }

    /// The median in integers, in 10⁹ operations a second.
    pub(super) fn integer(&self) -> f64 {
        median(&self.integer)
    }
}

/// In 10⁹ operations a second, what `work` does; it returns how many they are, and a sum that keeps them from being left out.
fn timed<S>(work: impl FnOnce() -> (u64, S)) -> f64 {
    let start = Instant::now();
    let (operations, sum) = work();
    std::hint::black_box(sum); // before the clock is read again: the loop may not move behind it
    operations as f64 / start.elapsed().as_secs_f64() / 1e9
}
