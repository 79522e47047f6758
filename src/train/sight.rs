//! Which runs see the same mini-batches.

use super::plan::Plan;
use super::recipe::Norm;
use super::start::Start;
use crate::data::Augmentation;
use crate::engine::EngineKind;
use crate::model::{HeldoutScale, Scale};
use crate::scalar::Dtype;

/// What a run sees of its data, and in which arithmetic. Runs on one data set and one machine that see the same can be trained
/// [side by side](super::side_by_side): they differ in nothing but what is a network's own, its widths and weights, how far and towards
/// what it learns, for how many epochs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sight {
    /// The split's seed, and whether classes have their shares in it.
    split: (u32, bool),
    /// The bits of the share that is held out, and the fold.
    held_out: (u64, Option<u32>, Option<u32>),
    /// The seed of the order; none where every epoch has the same.
    order: Option<u32>,
    /// Mirroring, the most pixels of a shift, the bits of the probability of erasing, and the seed of these; none where images stay as
    /// they are.
    augmentation: Option<(bool, u32, u64, u32)>,
    batches: (Option<usize>, Option<usize>),
    scales: (Scale, HeldoutScale),
    /// The digest of the network whose scaling is taken over.
    start: Option<String>,
    arithmetic: (EngineKind, Dtype),
    /// Where layers are normalised, chunks may be smaller.
    norm: Norm,
}

impl Plan<'_> {
    /// What its run sees of the data.
    #[must_use]
    pub fn sight(&self) -> Sight {
        let settings = self.settings();
        Sight {
            split: (settings.seed_of_split(), settings.stratify),
            held_out: (settings.holdout.to_bits(), settings.folds, settings.fold),
            order: settings.seed_of_order(),
            augmentation: settings.seeded_augmentation().map(|(changes, seed)| {
                let Augmentation { flip, shift, erase } = changes;
                (flip, shift, erase.to_bits(), seed)
            }),
            batches: (settings.batches, settings.batch_size),
            scales: (settings.scale, settings.heldout_scale),
            start: self.start().map(Start::sha256).map(str::to_owned),
            arithmetic: (settings.engine, settings.dtype),
            norm: settings.norm,
        }
    }
}
