//! Random measures: a stream of random numbers, and the few distributions that the drawings use.

use crate::rng::Stream;

/// Where the random measures come from.
pub(super) struct Hand(pub(super) Stream);

impl Hand {
    /// A number in a range; all are equally likely.
    pub(super) fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.0.unit() as f32
    }

    /// A number that is most likely `middle`, and never farther from it than `reach`.
    pub(super) fn near(&mut self, middle: f32, reach: f32) -> f32 {
        middle + reach * (self.0.unit() + self.0.unit() - 1.0) as f32
    }

    /// True with this probability.
    pub(super) fn chance(&mut self, often: f64) -> bool {
        self.0.unit() < often
    }
}
