//! Training: epoch, mini-batch, forward, backward, update, evaluation, record.
//!
//! [`train`] takes a [`Plan`] and shows these in order; the loop is the function `run`. Reading order from here: [`Plan`] (what
//! was decided, made of [`TrainOptions`]), [`Trainer`] (a run in progress) with its [`State`] and its [`Order`], [`step`] (the
//! two phases of a step), [`update`] (the second one), [`optimizer`], [`objective`]. Nothing here reads a clock or prints: who
//! wants to see a run working hands in an [`Observer`].

mod checkpoint;
mod config;
mod divergence;
mod door;
mod heldout;
mod notes;
pub mod objective;
mod observer;
pub mod optimizer;
mod options;
mod order;
mod plan;
mod presets;
mod room;
mod seeds;
mod size;
mod start;
mod state;
pub mod step;
mod trainer;
mod training_data;
pub mod update;

pub use checkpoint::{Checkpoint, CheckpointInfo, Elapsed, differences};
pub use config::Config;
pub use objective::{L1Form, Objective, Reduction, Regularizer};
pub use observer::{EpochEnd, NoObserver, Observer, StepEnd};
pub use options::TrainOptions;
pub use order::{LabelledSource, Order};
pub use plan::{Arithmetic, Plan};
pub use presets::Preset;
pub use size::Size;
pub use start::Start;
pub use state::{Accuracies, EpochFigures, State};
pub use trainer::Trainer;
pub use training_data::TrainingData;

use crate::error::Result;
use crate::evaluate::Predictor;
use crate::input::packed::{Float, Quantized};
use crate::input::{Input, Packed, Staged};
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
    go_on(plan, None, observer)
}

/// The same from `checkpoint` on, where there is one. Where [`Checkpoint::differences`] finds nothing, the outcome has the bits of
/// a run that was never stopped.
///
/// # Errors
/// Those of [`train`], and [`Error::Checkpoint`](crate::error::Error::Checkpoint) for a checkpoint of another network.
pub fn go_on(
    plan: &Plan<'_>,
    checkpoint: Option<&Checkpoint>,
    observer: &mut dyn Observer,
) -> Result<Outcome> {
    plan.machine().run(|| match plan.arithmetic() {
        Arithmetic::F32 => run(Trainer::<Staged<f32>>::staged(plan), checkpoint, observer),
        Arithmetic::F64 => run(Trainer::<Staged<f64>>::staged(plan), checkpoint, observer),
        Arithmetic::Panels(images) => {
            let trainer = Trainer::<Packed<Float>>::packed(plan, images);
            run(trainer, checkpoint, observer)
        }
        Arithmetic::Integers(images) => {
            let trainer = Trainer::<Packed<Quantized>>::packed(plan, images);
            run(trainer, checkpoint, observer)
        }
    })
}

/// The loop.
fn run<D: Input>(
    mut trainer: Trainer<'_, D>,
    checkpoint: Option<&Checkpoint>,
    observer: &mut dyn Observer,
) -> Result<Outcome>
where
    AnyModel: From<Model<D::Number>>,
{
    let plan = trainer.plan();
    if let Some(checkpoint) = checkpoint {
        trainer.restore(checkpoint)?;
    }
    observer.prepared();
    while let Some(epoch) = trainer.begin_epoch() {
        for batch in trainer.remaining() {
            let loss = trainer.forward_and_backward(batch);
            trainer.gradient_and_update(batch, loss)?;
            observer.stepped(&trainer.step_end())?;
        }
        let error = trainer.end_epoch();
        observer.trained(epoch, error)?;
        if plan.settings().evaluates_after(epoch) {
            trainer.evaluate();
        }
        plan.data().check()?;
        if observer.ended(&trainer.epoch_end())?.is_break() {
            break;
        }
    }
    let evaluated = trainer.history().last().and_then(|last| last.accuracies);
    let accuracies = evaluated.unwrap_or_else(|| trainer.evaluate());
    let (model, history) = trainer.finish()?;
    let model = AnyModel::from(model);
    observer.finished(&model)?;
    let test_accuracy = match plan.data().test {
        Some(test) => {
            Predictor::new(plan.machine(), &model).score(test, &test.samples.indices())?
        }
        None => None,
    };
    Ok(Outcome {
        model,
        error: history.last().map_or(f64::NAN, |last| last.error),
        accuracies,
        test_accuracy,
        training_samples: plan.training_samples(),
        history,
    })
}
