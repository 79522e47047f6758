//! Training: epoch, mini-batch, forward, backward, update, evaluation, record.
//!
//! [`train`] takes a [`Plan`] and shows these in order; the loop is the function `run`, for one run or for several that are trained
//! [side by side](side_by_side). Reading order from here: [`Plan`] (what was decided, made of [`TrainOptions`]), `Group` (runs in
//! progress; [`Trainer`] is one of them by hand) with its [`State`]s and its [`Order`], `Watched` (how runs begin and end), [`step`] (the
//! two phases of a step), [`update`] (the second one), [`optimizer`], [`objective`]. Nothing here reads a clock or prints: who
//! wants to see a run working hands in an [`Observer`].

mod arrays;
mod augmentation;
mod blocks;
mod checkpoint;
mod class_weight;
mod config;
mod divergence;
mod door;
mod first_norms;
mod group;
mod heldout;
mod history;
mod ingredients;
mod last_step;
mod metric;
mod notes;
pub mod objective;
mod observer;
pub mod optimizer;
mod options;
mod order;
mod plan;
mod presets;
pub mod recipe;
mod room;
mod running;
pub mod schedule;
mod seeds;
mod setup;
mod sight;
mod size;
mod span;
mod start;
mod state;
pub mod step;
mod stopping;
mod trainer;
mod training_data;
pub mod update;
mod watched;

pub use checkpoint::{Checkpoint, CheckpointInfo, differences};
pub use class_weight::{ClassWeight, WeightRule};
pub use config::Config;
pub use history::Elapsed;
pub use metric::Metric;
pub use objective::{L1Form, Objective, Reduction, Regularizer};
pub use observer::{EpochEnd, NoObserver, Observer, StepEnd};
pub use optimizer::OptimizerKind;
pub use options::TrainOptions;
pub use order::{LabelledSource, Order};
pub use plan::{Arithmetic, Plan};
pub use presets::Preset;
pub use recipe::{Norm, Recipe};
pub use running::{End, Ended, Outcome, Running};
pub use schedule::ScheduleForm;
pub use sight::Sight;
pub use size::Size;
pub use span::Span;
pub use start::Start;
pub use state::{Accuracies, EpochFigures, Kept, LastStep, State};
pub use stopping::Stopping;
pub use trainer::Trainer;
pub use training_data::TrainingData;

use std::ops::ControlFlow;

use group::Group;
use watched::Watched;

use crate::error::Result;
use crate::input::packed::{Float, Quantized};
use crate::input::{Input, Packed, Staged};
use crate::model::{AnyModel, Model};

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
    let mut outcome = None;
    let run = Running {
        plan,
        checkpoint,
        observer,
    };
    side_by_side(vec![run], &mut |ends| {
        outcome = ends.into_iter().next().map(|end| end.outcome);
    });
    outcome.expect("a run ends")
}

/// Trains runs that see the same mini-batches, side by side: each gets the bits that [`go_on`] gives it. `ended` gets the end of each;
/// an error ends a run and no other.
///
/// # Panics
/// If there is no run, if some plan does not [see the mini-batches](Plan::sight) of the first, or if the runs do not go on at the same
/// place of an epoch.
pub fn side_by_side<O: Observer>(runs: Vec<Running<'_, O>>, ended: &mut Ended<'_, O>) {
    let plans: Vec<&Plan<'_>> = runs.iter().map(|run| run.plan).collect();
    let plan = plans[0];
    plan.machine().run(move || match plan.arithmetic() {
        Arithmetic::F32 => run(Group::<Staged<f32>>::staged(plans), runs, ended),
        Arithmetic::F64 => run(Group::<Staged<f64>>::staged(plans), runs, ended),
        Arithmetic::Panels(images) => {
            let group = Group::<Packed<Float>>::packed(plans, images);
            run(group, runs, ended);
        }
        Arithmetic::Integers(images) => {
            let group = Group::<Packed<Quantized>>::packed(plans, images);
            run(group, runs, ended);
        }
    });
}

/// The loop.
fn run<D: Input, O: Observer>(
    group: Group<'_, D>,
    runs: Vec<Running<'_, O>>,
    ended: &mut Ended<'_, O>,
) where
    AnyModel: From<Model<D::Number>>,
{
    let mut all = Watched::new(group, runs, ended);
    all.begin();
    while let Some(epoch) = all.begin_epoch() {
        for batch in all.group().remaining() {
            all.group().forward_and_backward(batch);
            all.group().gradient_and_update(batch);
            all.each(|group, run, observer| {
                group.count_step(run, batch)?;
                observer.stepped(&group.member(run).step_end())?;
                Ok(ControlFlow::Continue(()))
            });
            if all.are_over() {
                return;
            }
        }
        all.each(|group, run, observer| {
            let error = group.end_epoch(run);
            observer.trained(epoch, error)?;
            Ok(if observer.ends_here() {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            })
        });
        all.evaluate(epoch);
        all.each(|group, run, observer| {
            group.check_data()?;
            observer.ended(&group.member(run).epoch_end())
        });
    }
}
