//! Where a step's time goes, when somebody asks: the bench does, training does not.

use std::time::{Duration, Instant};

/// What tells the time. Only a caller that wants timings hands one in; nothing here reads a clock of its own.
pub type Clock = fn() -> Instant;

/// What the time of a step is spent on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// Beginning the step: quantizing the first layer's weights, where its products are in integers.
    QuantizeWeights,
    /// Taking pixels in: scaling or packing them.
    TakeIn,
    /// Products, biases and activations on the way through the network.
    Forward,
    /// Losses and the output's deltas.
    Loss,
    /// The way back, and the chunks' shares in the gradients of narrow layers.
    Backward,
    /// Quantizing the first layer's deltas, where its products are in integers.
    QuantizeDeltas,
    /// Gradients over the whole batch, regulariser, update.
    Update,
}

impl Activity {
    /// The number of activities.
    pub const COUNT: usize = Self::Update as usize + 1;
}

/// Adds up the time that one thread spends on each activity. Without a clock it costs a branch each time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stopwatch {
    running: Option<(Clock, Instant)>,
    /// The time spent, by [`Activity`].
    pub(super) spent: [Duration; Activity::COUNT],
}

impl Stopwatch {
    /// One on which nothing was spent so far.
    #[must_use]
    pub fn new(clock: Option<Clock>) -> Self {
        Self {
            running: clock.map(|clock| (clock, clock())),
            spent: Default::default(),
        }
    }

    /// Begins to time: what passed before this call belongs to no activity.
    #[inline]
    pub fn start(&mut self) {
        if let Some((clock, last)) = &mut self.running {
            *last = clock();
        }
    }

    /// Adds the time since the last call of this or of [`Self::start`] to `activity`.
    #[inline]
    pub fn lap(&mut self, activity: Activity) {
        if let Some((clock, last)) = &mut self.running {
            let now = clock();
            self.spent[activity as usize] += now.saturating_duration_since(*last);
            *last = now;
        }
    }
}
