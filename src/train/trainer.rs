//! A run in progress, to be taken step by step.

use super::checkpoint::Checkpoint;
use super::group::Group;
use super::history::Elapsed;
use super::order::Order;
use super::plan::Plan;
use super::state::{Accuracies, EpochFigures, State};
use super::step::Stepper;
use crate::error::Result;
use crate::input::Input;
use crate::model::Model;

/// A run in progress.
///
/// [`train`](super::train()) is the usual way to make a run. By hand it is this loop; `Trainer::packed` is for a plan whose
/// arithmetic is in integers:
///
/// ```no_run
/// use gingham::error::Result;
/// use gingham::input::Staged;
/// use gingham::train::{Plan, Trainer};
///
/// fn by_hand(plan: &Plan<'_>) -> Result<()> {
///     plan.machine().run(|| {
///         let mut trainer = Trainer::<Staged<f32>>::staged(plan);
///         while let Some(epoch) = trainer.begin_epoch() {
///             for number in trainer.remaining() {
///                 trainer.forward_and_backward(number);
///                 trainer.gradient_and_update(number)?;
///             }
///             println!("{epoch}: {} {:?}", trainer.end_epoch(), trainer.evaluate());
///         }
///         trainer.finish()?.0.save("model.safetensors".as_ref())
///     })
/// }
/// ```
#[derive(Debug)]
pub struct Trainer<'a, D: Input> {
    group: Group<'a, D>,
}

impl<'a, D: Input> From<Group<'a, D>> for Trainer<'a, D> {
    fn from(group: Group<'a, D>) -> Self {
        Self { group }
    }
}

impl<'a, D: Input> Trainer<'a, D> {
    /// Goes on from a checkpoint of a run under the same plan.
    ///
    /// # Errors
    /// [`Error::Checkpoint`](crate::error::Error::Checkpoint) for one of another network, type or number of mini-batches.
    pub fn restore(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        self.group.restore(0, checkpoint)
    }

    /// The bytes of a [`Checkpoint`] from which the run can go on; `elapsed` is kept in it.
    ///
    /// # Errors
    /// [`Error::Diverged`](crate::error::Error::Diverged) for a parameter that is not finite: no run can go on from there.
    pub fn checkpoint(&self, elapsed: &Elapsed) -> Result<Vec<u8>> {
        self.group.checkpoint(0, elapsed)
    }

    /// All that the future of the run depends on, beside its plan and its data.
    #[must_use]
    pub fn state(&self) -> &State<D::Number> {
        self.group.state(0)
    }

    /// Begins the next epoch, or goes on in one, and returns its number, counted from 0; none where all are over.
    pub fn begin_epoch(&mut self) -> Option<usize> {
        (!self.group.is_over(0)).then(|| self.group.begin_epoch())
    }

    /// The number of mini-batches in an epoch.
    #[must_use]
    pub fn batches(&self) -> usize {
        self.group.batches()
    }

    /// The numbers of the epoch's mini-batches that are still to be taken.
    #[must_use]
    pub fn remaining(&self) -> std::ops::Range<usize> {
        self.group.remaining()
    }

    /// Phase 1 of a step on mini-batch number `number`: forward, loss, backward. Returns the sum of the images' losses. An epoch
    /// takes the numbers of [`Self::remaining`], each once and in this order.
    ///
    /// # Panics
    /// If there is no such mini-batch.
    pub fn forward_and_backward(&mut self, number: usize) -> f64 {
        self.group.forward_and_backward(number);
        self.group.loss(0)
    }

    /// Phase 2 of that step: gradient and update, block by block. The mini-batch's error is added to the epoch's.
    ///
    /// # Errors
    /// [`Error::Diverged`](crate::error::Error::Diverged) for an error that is not finite; the parameters have moved by then.
    ///
    /// # Panics
    /// If there is no such mini-batch.
    pub fn gradient_and_update(&mut self, number: usize) -> Result<()> {
        self.group.gradient_and_update(number);
        self.group.count_step(0, number)
    }

    /// The first verb of phase 2 alone: the gradient of the loss of mini-batch number `number`, the one that went forward and
    /// back last. It may be changed until [`Self::update`].
    pub fn take_gradient(&mut self, number: usize) -> &mut [D::Number] {
        self.group.take_gradient(number);
        self.group.stepper_mut().networks[0].gradient_mut()
    }

    /// The second verb of phase 2 alone. Then the mini-batch is counted with its error.
    ///
    /// # Errors
    /// [`Error::Diverged`](crate::error::Error::Diverged) for an error that is not finite.
    pub fn update(&mut self, number: usize) -> Result<()> {
        self.group.update(number);
        self.group.count_step(0, number)
    }

    /// Ends the epoch, after its last mini-batch, and returns the mean of its mini-batches' errors.
    pub fn end_epoch(&mut self) -> f64 {
        self.group.end_epoch(0)
    }

    /// The accuracies of the network as it is, noted for the epoch that ended last. They come from the forward pass of the steps:
    /// where that multiplies integers, a few answers may differ from those of a [`Predictor`](crate::evaluate::Predictor).
    pub fn evaluate(&mut self) -> Accuracies {
        self.group.evaluate(|_| true)[0]
    }

    /// What it does.
    #[must_use]
    pub fn plan(&self) -> &'a Plan<'a> {
        self.group.plan(0)
    }

    /// The epochs that are over.
    #[must_use]
    pub fn history(&self) -> &[EpochFigures] {
        &self.state().history
    }

    /// What takes the steps, to change its learning rate or to read its times.
    #[must_use]
    pub fn stepper_mut(&mut self) -> &mut Stepper<D> {
        self.group.stepper_mut()
    }

    /// The order of the samples.
    #[must_use]
    pub fn order(&self) -> &Order<'a, D> {
        self.group.order()
    }

    /// The network as it is, with what it needs to predict.
    #[must_use]
    pub fn model(&self) -> Model<D::Number> {
        self.group.model(0)
    }

    /// Ends the run, and returns the trained network and the figures of each epoch. Where the plan lets a run end early, it is the best
    /// network.
    ///
    /// # Errors
    /// [`Error::Diverged`](crate::error::Error::Diverged) for a parameter that is not finite.
    pub fn finish(mut self) -> Result<(Model<D::Number>, Vec<EpochFigures>)> {
        let (model, history, _) = self.group.finish(0)?;
        Ok((model, history))
    }
}
