//! Which seed drives what: one seed drives all, unless the split or the order of the images has a seed of its own.
//!
//! Runs with one seed of the split, one of the order and different seeds of the weights see the same mini-batches.

use super::options::TrainOptions;

impl TrainOptions {
    /// The seed of the split.
    #[must_use]
    pub fn seed_of_split(&self) -> u32 {
        self.split_seed.unwrap_or(self.seed)
    }

    /// The seed of the shuffling; none where every epoch takes the images in the order of the split.
    #[must_use]
    pub fn seed_of_order(&self) -> Option<u32> {
        self.shuffle.then(|| self.seed_of_epochs())
    }

    /// The seed of all that is drawn anew for every epoch.
    pub(super) fn seed_of_epochs(&self) -> u32 {
        self.order_seed.unwrap_or(self.seed)
    }
}
