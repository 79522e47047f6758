//! Who watches a run.

use std::ops::ControlFlow;

use super::history::Elapsed;
use super::state::{Accuracies, EpochFigures};
use crate::error::Result;
use crate::model::AnyModel;

/// Watches a run. Every method may do nothing; an error ends the run as failed, [`ControlFlow::Break`] ends it as done.
pub trait Observer: Send {
    /// The pixels' means and deviations are known, all memory is there, and the first epoch is about to begin.
    fn prepared(&mut self) {}

    /// A step is done. This is called in every step and must be quick.
    ///
    /// # Errors
    /// Whatever the observer returns: it ends the run, and the caller of it gets this error.
    fn stepped(&mut self, _step: &StepEnd<'_>) -> Result<()> {
        Ok(())
    }

    /// The last step of epoch number `epoch`, counted from 0, is done; `error` is the mean of its mini-batches' errors.
    ///
    /// # Errors
    /// Whatever the observer returns: it ends the run, and the caller of it gets this error.
    fn trained(&mut self, _epoch: usize, _error: f64) -> Result<()> {
        Ok(())
    }

    /// Whether the epoch whose last step is done is the run's last one, whatever the plan says. It is evaluated then, as the last one is. This
    /// is asked after [`Self::trained`].
    fn ends_here(&mut self) -> bool {
        false
    }

    /// The epoch is over: evaluated, or not because that was not asked for. `Break` stops the run here, and its outcome is
    /// that of a run that was asked for as many epochs.
    ///
    /// # Errors
    /// Whatever the observer returns: it ends the run, and the caller of it gets this error.
    fn ended(&mut self, _end: &EpochEnd<'_>) -> Result<ControlFlow<()>> {
        Ok(ControlFlow::Continue(()))
    }

    /// The run is over, and `model` is the trained network; what is left is to ask it about the test samples.
    ///
    /// # Errors
    /// Whatever the observer returns: the caller of the run gets this error.
    fn finished(&mut self, _model: &AnyModel) -> Result<()> {
        Ok(())
    }
}

impl<O: Observer + ?Sized> Observer for &mut O {
    fn prepared(&mut self) {
        (**self).prepared();
    }

    fn stepped(&mut self, step: &StepEnd<'_>) -> Result<()> {
        (**self).stepped(step)
    }

    fn trained(&mut self, epoch: usize, error: f64) -> Result<()> {
        (**self).trained(epoch, error)
    }

    fn ends_here(&mut self) -> bool {
        (**self).ends_here()
    }

    fn ended(&mut self, end: &EpochEnd<'_>) -> Result<ControlFlow<()>> {
        (**self).ended(end)
    }

    fn finished(&mut self, model: &AnyModel) -> Result<()> {
        (**self).finished(model)
    }
}

/// Watches nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoObserver;

impl Observer for NoObserver {}

/// A run between two steps, whatever its type of numbers.
pub(super) trait Snapshot {
    /// A copy of the network as it is.
    fn network(&self) -> AnyModel;

    /// The bytes of a checkpoint.
    fn checkpoint(&self, elapsed: &Elapsed) -> Result<Vec<u8>>;
}

/// What an observer sees after a step.
pub struct StepEnd<'a> {
    /// The epoch that is under way, counted from 0.
    pub epoch: usize,
    /// The number of its mini-batches that are done.
    pub batch: usize,
    /// The number of steps that the run has taken.
    pub step: u64,
    pub(super) run: &'a dyn Snapshot,
}

impl StepEnd<'_> {
    /// A copy of the network as it is, ready to predict or to be saved.
    #[must_use]
    pub fn model(&self) -> AnyModel {
        self.run.network()
    }

    /// The bytes of a [`Checkpoint`](super::Checkpoint) from which the run can go on; `elapsed` is kept in it.
    ///
    /// # Errors
    /// [`Error::Diverged`](crate::error::Error::Diverged) for a parameter that is not finite: no run can go on from there.
    pub fn checkpoint(&self, elapsed: &Elapsed) -> Result<Vec<u8>> {
        self.run.checkpoint(elapsed)
    }
}

/// What an observer sees at the end of an epoch.
pub struct EpochEnd<'a> {
    /// The epoch, counted from 0.
    pub epoch: usize,
    /// The number of steps that the run has taken.
    pub step: u64,
    /// Whether it is the last one that the plan asks for.
    pub is_last: bool,
    /// The mean of its mini-batches' errors, each before its update.
    pub error: f64,
    /// What was evaluated after it; none if nothing was.
    pub accuracies: Option<Accuracies>,
    /// The learning rate of its last step.
    pub learning_rate: Option<f64>,
    /// The Euclidean norm of the gradient of its last mini-batch's objective; none where it is not finite.
    pub gradient_norm: Option<f64>,
    /// The samples that it trained on.
    pub training_samples: usize,
    pub(super) run: &'a dyn Snapshot,
}

impl EpochEnd<'_> {
    /// The epoch's figures.
    #[must_use]
    pub fn figures(&self) -> EpochFigures {
        EpochFigures {
            epoch: self.epoch,
            error: self.error,
            accuracies: self.accuracies,
            learning_rate: self.learning_rate,
            gradient_norm: self.gradient_norm,
        }
    }

    /// A copy of the network as it is, ready to predict or to be saved.
    #[must_use]
    pub fn model(&self) -> AnyModel {
        self.run.network()
    }

    /// The bytes of a [`Checkpoint`](super::Checkpoint) from which the run can go on; `elapsed` is kept in it.
    ///
    /// # Errors
    /// [`Error::Diverged`](crate::error::Error::Diverged) for a parameter that is not finite: no run can go on from there.
    pub fn checkpoint(&self, elapsed: &Elapsed) -> Result<Vec<u8>> {
        self.run.checkpoint(elapsed)
    }
}
