//! Random measures: a stream of numbers, and the few ways in which drawing asks it.

use crate::rng::Stream;

/// Where the random measures come from.
pub(super) struct Hand(pub(super) Stream);

impl Hand {
    /// Anything in a range, all alike.
    pub(super) fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.0.unit() as f32
    }

    /// Most likely `middle`, never farther from it than `reach`.
    pub(super) fn near(&mut self, middle: f32, reach: f32) -> f32 {
        middle + reach * (self.0.unit() + self.0.unit() - 1.0) as f32
    }

    /// True this often.
    pub(super) fn chance(&mut self, often: f64) -> bool {
        self.0.unit() < often
    }
}
