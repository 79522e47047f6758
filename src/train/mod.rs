//! Training: epoch, mini-batch, forward, backward, update, evaluation, record.
//!
//! [`train`] takes a [`Plan`] and shows these in order; the loop is the function `run`. Reading order from here: [`Plan`] (what
//! was decided, made of [`TrainOptions`]), [`Trainer`] (a run in progress) with its [`State`] and its [`Order`], [`step`] (the
//! two phases of a step), [`update`] (the second one), [`optimizer`], [`objective`]. Nothing here reads a clock or prints: who
//! wants to see a run working hands in an [`Observer`].

mod config;
mod door;
pub mod objective;
mod observer;
pub mod optimizer;
mod options;
mod order;
mod plan;
mod presets;
mod room;
mod size;
mod state;
pub mod step;
mod trainer;
pub mod update;

pub use config::Config;
pub use objective::{L1Form, Objective, Reduction, Regularizer};
pub use observer::{EpochEnd, NoObserver, Observer};
pub use options::TrainOptions;
pub use order::{LabelledSource, Order};
pub use plan::{Arithmetic, Plan, TrainingData};
pub use presets::Preset;
pub use size::Size;
pub use state::{Accuracies, EpochFigures, State};
pub use trainer::Trainer;

use crate::error::Result;
use crate::evaluate::Predictor;
use crate::input::{Input, Staged};
use crate::model::{AnyModel, Model};

/// What a run leaves.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The trained network with what it needs to predict.
    pub model: AnyModel,
    /// The error of the last epoch: the mean of its mini-batches' errors, each before its update.
    pub error: f64,
    /// The evaluation after the last epoch, by the forward pass of the steps: where that multiplies integers, a few answers may
    /// differ from those of a [`Predictor`], which `test_accuracy` comes from.
    pub accuracies: Accuracies,
    /// The accuracy on the official test samples, in 0..=1, scaled by the means and deviations of the training samples; none where
    /// there are no test samples.
    pub test_accuracy: Option<f64>,
    /// The number of samples that it was trained on.
    pub training_samples: usize,
    /// The figures of every epoch, in their order.
    pub history: Vec<EpochFigures>,
}

/// Trains a network as `plan` says, on the threads of its machine. [`Trainer`] shows how to take the steps by hand.
///
/// # Errors
/// [`Error::Diverged`](crate::error::Error::Diverged) when the error or a parameter is not finite any more, and what
/// `observer` returns.
pub fn train(plan: &Plan<'_>, observer: &mut dyn Observer) -> Result<Outcome> {
    plan.machine().run(|| match plan.arithmetic() {
        Arithmetic::F32 => run(Trainer::<Staged<f32>>::staged(plan), plan, observer),
        Arithmetic::F64 => run(Trainer::<Staged<f64>>::staged(plan), plan, observer),
        Arithmetic::Integers(images) => run(Trainer::packed(plan, images), plan, observer),
    })
}

/// The loop.
fn run<D: Input>(
    mut trainer: Trainer<'_, D>,
    plan: &Plan<'_>,
    observer: &mut dyn Observer,
) -> Result<Outcome>
where
    AnyModel: From<Model<D::Number>>,
{
    let (mut last_error, mut last_evaluation) = (f64::NAN, None);
    observer.prepared();
    while let Some(epoch) = trainer.begin_epoch() {
        for batch in 0..trainer.batches() {
            let loss = trainer.forward_and_backward(batch);
            trainer.gradient_and_update(batch, loss)?;
        }
        last_error = trainer.end_epoch();
        observer.trained(epoch, last_error)?;
        let accuracies = plan
            .settings()
            .evaluates_after(epoch)
            .then(|| trainer.evaluate());
        last_evaluation = accuracies;
        let model = || AnyModel::from(trainer.model());
        if observer
            .ended(&EpochEnd::new(epoch, last_error, accuracies, &model))?
            .is_break()
        {
            break;
        }
    }
    let accuracies = last_evaluation.unwrap_or_else(|| trainer.evaluate());
    let (model, history) = trainer.finish()?;
    let model = AnyModel::from(model);
    let test_accuracy = match plan.data().test {
        Some(test) => {
            Predictor::new(plan.machine(), &model).score(test, &test.samples.indices())?
        }
        None => None,
    };
    Ok(Outcome {
        model,
        error: last_error,
        accuracies,
        test_accuracy,
        training_samples: plan.training_samples(),
        history,
    })
}
