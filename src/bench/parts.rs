//! Where an epoch's time goes.

use std::time::Duration;

use serde::Serialize;

use super::subject::Epoch;
use crate::network::stopwatch::Activity;

/// Where the time of an epoch goes, in milliseconds of the wall clock. Of what threads do side by side it is the mean of them; that
/// they wait for one another is in `left_ms`, but for waiting within the update and the roundings, which is in theirs. Compare within
/// the parts: these epochs are others than the rows', without the peak's instructions in between.
#[derive(Clone, Debug, Serialize)]
pub struct Parts {
    /// The engine.
    pub engine: &'static str,
    /// The type of its numbers.
    pub dtype: &'static str,
    /// Its threads.
    pub threads: usize,
    /// Scaling or packing pixels; nothing where they were packed for good.
    pub stage_ms: f64,
    /// Forward.
    pub forward_ms: f64,
    /// Losses.
    pub loss_ms: f64,
    /// Backward, with narrow layers' gradients that are taken chunk by chunk.
    pub backward_ms: f64,
    /// Gradients over the whole batch, and the update.
    pub update_ms: f64,
    /// Rounding the first layer's weights.
    pub round_weights_ms: f64,
    /// Rounding the first layer's deltas.
    pub round_deltas_ms: f64,
    /// What is left: waiting and joining.
    pub left_ms: f64,
    /// All of it.
    pub total_ms: f64,
}

impl Parts {
    /// Of the epoch in the middle, by its time; so the parts are of one epoch and add up.
    pub(super) fn of(
        engine: &'static str,
        dtype: &'static str,
        threads: usize,
        mut epochs: Vec<Epoch>,
    ) -> Self {
        epochs.sort_unstable_by(|one, other| one.seconds.total_cmp(&other.seconds));
        let Epoch { seconds, spent, .. } = epochs[epochs.len() / 2];
        let ms = |activity: Activity| spent[activity as usize].as_secs_f64() * 1e3;
        let total_ms = seconds * 1e3;
        Self {
            engine,
            dtype,
            threads,
            stage_ms: ms(Activity::TakeIn),
            forward_ms: ms(Activity::Forward),
            loss_ms: ms(Activity::Loss),
            backward_ms: ms(Activity::Backward),
            update_ms: ms(Activity::Update),
            round_weights_ms: ms(Activity::QuantizeWeights),
            round_deltas_ms: ms(Activity::QuantizeDeltas),
            left_ms: total_ms - spent.iter().sum::<Duration>().as_secs_f64() * 1e3,
            total_ms,
        }
    }
}
