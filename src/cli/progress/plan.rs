//! The size of a run, from which the bar and the lines tell how far it is.

/// What is known of a run before it starts.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// The epochs that it will have.
    pub epochs: usize,
    /// The number of epochs from one evaluation to the next; 0 means that only the last one is evaluated.
    pub evaluated_every: usize,
    /// The training images of an epoch.
    pub images: usize,
}
