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
pub mod metrics;
mod portion;
mod predictor;

pub use asked::Outputs;
pub(crate) use class_names::has_names;
pub use metrics::{ClassFigures, Evaluation, argmax};
pub(crate) use portion::changed_images;
pub use portion::{Answers, Part, Portion, heldout_standardizer};
pub use predictor::Predictor;

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
    let classes = pass.mlp.layout.classes();
    let (mut right, mut images) = (0_usize, 0_usize);
    for batch in batches {
        images += batch.indices.len();
        let Batch { labels, .. } = batch;
        memory.for_each_output_of(pass, &batch, |indices, z| {
            right += z
                .chunks_exact(classes)
                .zip(indices)
                .filter(|(z, index)| argmax(z) == usize::from(labels[**index as usize]))
                .count();
        });
    }
    (images > 0).then(|| right as f64 / images as f64)
}
