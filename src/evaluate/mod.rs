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
mod scores;

pub use asked::Outputs;
pub(crate) use class_names::has_names;
pub use metrics::{ClassFigures, Evaluation, ScoreFigures, argmax};
pub(crate) use portion::changed_images;
pub use portion::{Answers, Part, Portion, heldout_standardizer};
pub use predictor::{Predictor, Tta};
pub use scores::Scores;

use crate::input::{Batch, Input};
use crate::network::{ErrorForm, Loss, Memory, Pass};

/// How a network did on some labelled samples.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Found {
    /// The share of them whose class it gets right, in 0..=1; none for no samples.
    pub accuracy: Option<f64>,
    /// The mean over them of the output's cross-entropy, by the natural logarithm and without the regulariser; none for no samples, where it
    /// is not finite, and where it was not asked for.
    pub loss: Option<f64>,
}

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
    let mut count = Count::new(memory.networks());
    for batch in batches {
        count.images += batch.indices.len();
        memory.for_each_output_of(scale, &pass, &batch, |network, indices, z| {
            count.right(network, indices, z, &batch);
        });
    }
    for network in 0..count.right.len() {
        if pass(network).is_some() {
            found(network, count.found(network).accuracy);
        }
    }
}

/// The same with the losses.
///
/// # Panics
/// As [`accuracy`], and if the memory is not for training.
pub fn accuracies_and_losses<'a, 'p, D: Input>(
    memory: &mut Memory<D>,
    scale: &D::Scale,
    pass: impl Fn(usize) -> Option<Pass<'p, D>> + Sync,
    batches: impl Iterator<Item = Batch<'a, D>>,
    mut found: impl FnMut(usize, Found),
) {
    let mut count = Count::new(memory.networks());
    let loss = |pass: &Pass<'p, D>| Loss {
        output: pass.mlp.output,
        form: ErrorForm::Objective,
        classes: pass.mlp.layout.classes(),
        label_smoothing: 0.0,
        class_weights: &[],
    };
    for batch in batches {
        count.images += batch.indices.len();
        memory.for_each_loss_of(scale, (&pass, loss), &batch, |network, indices, z, loss| {
            count.right(network, indices, z, &batch);
            count.loss[network] += loss;
        });
    }
    for network in 0..count.right.len() {
        if pass(network).is_some() {
            let loss = count.loss[network] / count.images as f64;
            found(
                network,
                Found {
                    loss: Some(loss).filter(|loss| loss.is_finite()),
                    ..count.found(network)
                },
            );
        }
    }
}

/// What is counted of networks side by side.
struct Count {
    images: usize,
    /// By network: the images whose class it gets right.
    right: Vec<usize>,
    /// By network: the sum of the losses.
    loss: Vec<f64>,
}

impl Count {
    fn new(networks: usize) -> Self {
        Self {
            images: 0,
            right: vec![0; networks],
            loss: vec![0.0; networks],
        }
    }

    /// Counts a group of a mini-batch's images, whose weighted sums in a network are `z`.
    fn right<D: Input>(
        &mut self,
        network: usize,
        indices: &[u32],
        z: &[D::Number],
        batch: &Batch<'_, D>,
    ) {
        let classes = z.len() / indices.len();
        self.right[network] += z
            .chunks_exact(classes)
            .zip(indices)
            .filter(|(z, index)| argmax(z) == usize::from(batch.labels[**index as usize]))
            .count();
    }

    fn found(&self, network: usize) -> Found {
        let right = self.right[network] as f64;
        Found {
            accuracy: (self.images > 0).then(|| right / self.images as f64),
            loss: None,
        }
    }
}
