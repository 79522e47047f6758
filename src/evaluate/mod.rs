//! What a network answers, and what the answers are worth.
//!
//! [`Predictor`] is the one way to ask a finished model: `predict`, `probabilities`, `score`, `evaluation` and, for many images,
//! [`Predictor::for_each`]. [`accuracy`] asks a network between the epochs of its training, in the memory of its steps.
//! [`Portion`] is a part of a data set as a model was trained with it, [`metrics`] has confusion matrix, precision, recall and
//! F1, [`mod@calibration`] says whether probabilities mean what they say.

mod alike;
mod asked;
pub mod calibration;
mod class_names;
mod mean;
pub mod metrics;
mod portion;
mod predictor;

pub use asked::Outputs;
pub(crate) use class_names::has_names;
pub use metrics::{ClassFigures, Evaluation, argmax};
pub(crate) use portion::changed_images;
pub use portion::{Answers, Part, Portion, heldout_standardizer};
pub use predictor::{Predictor, Tta};

use crate::input::{Batch, Input};
use crate::network::{Memory, Pass};

/// The share of the samples of some mini-batches whose class the network gets right, in 0..=1; none for no samples.
///
/// # Panics
/// If an index is beyond the samples or the labels, or a mini-batch is larger than the memory.
pub fn accuracy<'a, D: Input>(
    memory: &mut Memory<D>,
    pass: &Pass<'_, D>,
    batches: impl Iterator<Item = Batch<'a, D>>,
) -> Option<f64> {
    let mut share = None;
    accuracies(
        memory,
        pass.scale,
        |_| Some(*pass),
        batches,
        |_, found| {
            share = found;
        },
    );
    share
}

/// The same for networks side by side: `found` gets the number and the share of each that `pass` has a pass for.
///
/// # Panics
/// As [`accuracy`].
pub fn accuracies<'a, 'p, D: Input>(
    memory: &mut Memory<D>,
    scale: &D::Scale,
    pass: impl Fn(usize) -> Option<Pass<'p, D>> + Sync,
    batches: impl Iterator<Item = Batch<'a, D>>,
    mut found: impl FnMut(usize, Option<f64>),
) {
    let networks = memory.networks();
    let (mut right, mut images) = (vec![0_usize; networks], 0_usize);
    for batch in batches {
        images += batch.indices.len();
        let Batch { labels, .. } = batch;
        memory.for_each_output_of(scale, &pass, &batch, |network, indices, z| {
            let classes = z.len() / indices.len();
            right[network] += z
                .chunks_exact(classes)
                .zip(indices)
                .filter(|(z, index)| argmax(z) == usize::from(labels[**index as usize]))
                .count();
        });
    }
    for (network, right) in right.into_iter().enumerate() {
        if pass(network).is_some() {
            found(network, (images > 0).then(|| right as f64 / images as f64));
        }
    }
}
