//! What is timed.

use std::time::Duration;

use crate::engine::EngineKind;
use crate::error::Result;
use crate::network::stopwatch::{Activity, Clock};
use crate::scalar::Dtype;

/// An epoch, timed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Epoch {
    pub(super) seconds: f64,
    /// What each part took, where a clock was handed in.
    pub(super) spent: [Duration; Activity::COUNT],
    /// Where products are in integers, the shares of the pixels that are multiplied.
    pub(super) kept: Option<[f64; 2]>,
}

/// Something that can run an epoch over and over.
pub(super) struct Subject<'a> {
    /// Its engine.
    pub(super) kind: EngineKind,
    /// Whether it is but the first layer's two products, as this engine computes them.
    pub(super) products: bool,
    pub(super) dtype: Dtype,
    pub(super) threads: usize,
    /// Runs in rounds whose number it divides: slow ones less often.
    pub(super) every: usize,
    /// Runs an epoch, its parts timed by that clock.
    pub(super) epoch: Box<dyn FnMut(Option<Clock>) -> Result<Epoch> + 'a>,
    pub(super) seconds: Vec<f64>,
    /// Of products in integers, the last epoch's [`parts::kept`].
    pub(super) kept: Option<[f64; 2]>,
}
