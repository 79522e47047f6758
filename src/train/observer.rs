//! Who watches a run.

use std::ops::ControlFlow;

use super::state::Accuracies;
use crate::error::Result;
use crate::model::AnyModel;

/// Watches a run. Every method may do nothing; an error ends the run as failed, [`ControlFlow::Break`] ends it as done.
pub trait Observer: Send {
    /// The pixels' means and deviations are known, all memory is there, and the first epoch is about to begin.
    fn prepared(&mut self) {}

    /// The last step of epoch number `epoch`, counted from 0, is done; `error` is the mean of its mini-batches' errors.
    ///
    /// # Errors
    /// Whatever the observer returns: it ends the run, and the caller of it gets this error.
    fn trained(&mut self, _epoch: usize, _error: f64) -> Result<()> {
        Ok(())
    }

    /// The epoch is over: evaluated, or not because that was not asked for. `Break` stops the run here, and its outcome is
    /// that of a run that was asked for as many epochs.
    ///
    /// # Errors
    /// Whatever the observer returns: it ends the run, and the caller of it gets this error.
    fn ended(&mut self, _end: &EpochEnd<'_>) -> Result<ControlFlow<()>> {
        Ok(ControlFlow::Continue(()))
    }
}

/// Watches nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoObserver;

impl Observer for NoObserver {}

/// What an observer sees at the end of an epoch.
pub struct EpochEnd<'a> {
    /// The epoch, counted from 0.
    pub epoch: usize,
    /// The mean of its mini-batches' errors, each before its update.
    pub error: f64,
    /// What was evaluated after it; none if nothing was.
    pub accuracies: Option<Accuracies>,
    model: &'a dyn Fn() -> AnyModel,
}

impl<'a> EpochEnd<'a> {
    pub(super) fn new(
        epoch: usize,
        error: f64,
        accuracies: Option<Accuracies>,
        model: &'a dyn Fn() -> AnyModel,
    ) -> Self {
        Self {
            epoch,
            error,
            accuracies,
            model,
        }
    }

    /// A copy of the network as it is, ready to predict or to be saved.
    #[must_use]
    pub fn model(&self) -> AnyModel {
        (self.model)()
    }
}
