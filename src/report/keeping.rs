//! What is kept of a run while it is trained, and how often.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

/// How often a checkpoint is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Every {
    /// Not before the end.
    Never,
    /// After so many epochs.
    Epochs(usize),
    /// After so much time, also in the middle of an epoch.
    Time(Duration),
}

impl Default for Every {
    /// Five minutes.
    fn default() -> Self {
        Self::Time(Duration::from_secs(300))
    }
}

/// Whose parameters are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keep {
    /// The network after the last epoch, as `model.safetensors`.
    Last,
    /// The network after the best epoch by the run's [metric](crate::train::TrainOptions::metric), as `best.safetensors`.
    Best,
    /// Both.
    #[default]
    Both,
}

/// What a run does when something of it cannot be saved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnSaveError {
    /// It stops.
    Stop,
    /// It says so and goes on; what is still missing at the end makes it fail then.
    #[default]
    Warn,
}

/// How a run is kept while it runs.
#[derive(Clone, Debug, Default)]
pub struct Keeping {
    /// How often a checkpoint is written.
    pub every: Every,
    /// Whose parameters are kept.
    pub keep: Keep,
    /// The run ends when so many evaluations have found nothing better by its metric; none: when its plan says.
    pub patience: Option<usize>,
    /// What happens when something cannot be saved.
    pub on_error: OnSaveError,
    /// The signal that asks the run to stop after its step; 0 while none does.
    pub signal: Arc<AtomicUsize>,
}
