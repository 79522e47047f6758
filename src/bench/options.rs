//! What the bench is asked for.

use crate::engine::EngineKind;
use crate::scalar::Dtype;
use crate::train::TrainOptions;

/// What to time.
#[derive(Clone, Debug, PartialEq)]
pub struct BenchOptions {
    /// Engines, each in each of its types.
    pub subjects: Vec<(EngineKind, Dtype)>,
    /// Rounds; in each, every subject trains one epoch.
    pub epochs: usize,
    /// Threads of the engines that can use them (0: one for each core); such an engine is timed with one thread too.
    pub threads: usize,
    /// Whether such an engine is timed with 2, 4, 8, .. threads as well, as far as that is fewer.
    pub scaling: bool,
    /// The network, the mini-batches and all else that is trained. Its engine, type, threads and epochs are not looked at.
    pub job: TrainOptions,
}
