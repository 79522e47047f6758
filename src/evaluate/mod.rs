//! What a network answers, and what the answers are worth.
//!
//! [`Predictor`] is the one way to ask a finished model: `predict`, `probabilities`, `score`, `evaluation` and, for many images,
//! [`Predictor::for_each`]. [`accuracy`] asks a network between the epochs of its training, in the memory of its steps.
//! [`Portion`] is a part of a data set as a model was trained with it, [`metrics`] has confusion matrix, precision, recall and
//! F1, [`mod@calibration`] says whether probabilities mean what they say.

mod alike;
pub mod calibration;
mod class_names;
pub mod metrics;
mod portion;
mod predictor;

pub(crate) use class_names::has_names;
pub use metrics::{ClassFigures, Evaluation, argmax};
pub(crate) use portion::changed_images;
pub use portion::{Answers, Part, Portion, heldout_standardizer};
pub use predictor::{Outputs, Predictor};

use crate::input::Input;
use crate::network::{Memory, Pass};

/// The share of the samples at `indices` whose class the network gets right, in 0..=1; none for no samples.
///
/// # Panics
/// If an index is beyond the samples or the labels.
pub fn accuracy<D: Input>(
    memory: &mut Memory<D>,
    pass: &Pass<'_, D>,
    source: &D::Source,
    labels: &[u8],
    indices: &[u32],
) -> Option<f64> {
    let classes = pass.mlp.layout.classes();
    let mut right = 0_usize;
    memory.for_each_output(pass, source, indices, |indices, z| {
        right += z
            .chunks_exact(classes)
            .zip(indices)
            .filter(|(z, index)| argmax(z) == usize::from(labels[**index as usize]))
            .count();
    });
    (!indices.is_empty()).then(|| right as f64 / indices.len() as f64)
}
