//! Where a step's time goes, when somebody asks: the bench does, training does not.

use std::time::{Duration, Instant};

/// What tells the time. Only who asks has one; nothing here reads a clock of its own.
pub type Clock = fn() -> Instant;

/// Of what a step consists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Rounding the first layer's weights, where its products are in integers.
    QuantizeWeights,
    /// Taking pixels in: scaling or packing them.
    Stage,
    /// Products, biases and activations on the way through the network.
    Forward,
    /// Losses and the output's deltas.
    Loss,
    /// The way back, and narrow layers' parts of the gradient.
    Backward,
    /// Rounding the first layer's deltas, where its products are in integers.
    QuantizeDeltas,
    /// Gradients over the whole batch, regulariser, update.
    Update,
}

impl Part {
    /// How many there are.
    pub const COUNT: usize = Self::Update as usize + 1;
}

/// Adds up the time that one thread spends on each part. Without a clock it costs a branch a part.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stopwatch {
    running: Option<(Clock, Instant)>,
    /// By [`Part`].
    pub(super) spent: [Duration; Part::COUNT],
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

    /// What was before belongs to no part.
    #[inline]
    pub fn start(&mut self) {
        if let Some((clock, last)) = &mut self.running {
            *last = clock();
        }
    }

    /// What was since the last call of this or [`Self::start`] belongs to `part`.
    #[inline]
    pub fn lap(&mut self, part: Part) {
        if let Some((clock, last)) = &mut self.running {
            let now = clock();
            self.spent[part as usize] += now.saturating_duration_since(*last);
            *last = now;
        }
    }
}
