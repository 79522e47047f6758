//! What the bar and the lines must know of a run.

/// What is known of a run before it starts.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Epochs that it will have.
    pub epochs: usize,
    /// Epochs from one evaluation to the next; 0: at the end only.
    pub evaluated_every: usize,
    /// Images of an epoch.
    pub images: usize,
}
