//! A run in progress: a plan, a state, and an order of samples.

use super::checkpoint::{self, Checkpoint, Elapsed};
use super::divergence::{self, Place};
use super::objective::Norms;
use super::observer::{EpochEnd, Snapshot, StepEnd};
use super::optimizer::Sgd;
use super::order::{LabelledSource, Order};
use super::plan::Plan;
use super::start::Start;
use super::state::{Accuracies, EpochFigures, State};
use super::step::{Setup, Stepper};
use crate::data::{Split, Standardizer};
use crate::error::{Error, Result};
use crate::evaluate::{accuracy, heldout_standardizer};
use crate::input::Input;
use crate::model::{AnyModel, Mlp, Model, Scale};
use crate::network::Pass;
use crate::scalar::Scalar;

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
///                 let loss = trainer.forward_and_backward(number);
///                 trainer.gradient_and_update(number, loss)?;
///             }
///             println!("{epoch}: {} {:?}", trainer.end_epoch(), trainer.evaluate());
///         }
///         trainer.finish()?.0.save("model.safetensors".as_ref())
///     })
/// }
/// ```
#[derive(Debug)]
pub struct Trainer<'a, D: Input> {
    plan: &'a Plan<'a>,
    standardizer: Standardizer,
    heldout_scale: D::Scale,
    /// Where the held-out samples are.
    heldout: LabelledSource<'a, D>,
    order: Order<'a, D>,
    stepper: Stepper<D>,
}

impl<'a, D: Input> Trainer<'a, D> {
    /// A run before its first step, whose pixels come from the first source, and those of held-out samples from the second one.
    pub(super) fn new(
        plan: &'a Plan<'a>,
        [source, heldout_source]: [&'a D::Source; 2],
        stepper: impl FnOnce(Setup<D::Number>, &Standardizer) -> Stepper<D>,
    ) -> Self {
        let settings = plan.settings();
        let samples = plan.data().train.samples;
        let data = LabelledSource {
            source,
            labels: plan.data().train.labels,
        };
        let split = plan.split();
        let (standardizer, heldout) = standardizers(plan, &split);
        let mut order = Order::new(data, split, plan.mini_batches(), settings.seed_of_order());
        let layout = plan.layout();
        let level = plan.machine().level();
        let setup = Setup {
            mlp: Mlp {
                layout: layout.clone(),
                parameters: plan.start().map_or_else(
                    || settings.init.parameters(layout, settings.seed),
                    Start::parameters,
                ),
                activation: settings.activation,
                output: settings.output,
            },
            optimizer: Box::new(Sgd {
                momentum: D::Number::of(settings.momentum),
                level,
            }),
            learning_rate: settings.learning_rate,
            objective: plan.objective(),
            batch: order.largest_batch(),
            level,
        };
        let stepper = stepper(setup, &standardizer);
        if plan.keeps_batches() {
            order.keep(stepper.memory.input(), &stepper.scale);
        }
        Self {
            plan,
            standardizer,
            heldout_scale: D::scale(&heldout, samples.shape()),
            heldout: LabelledSource {
                source: heldout_source,
                labels: plan.data().heldout().labels,
            },
            order,
            stepper,
        }
    }

    /// Goes on from a checkpoint of a run under the same plan.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] for one of another network, type or number of mini-batches.
    pub fn restore(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        let batches = self.batches();
        let state = &mut self.stepper.state;
        *state = checkpoint.state(state, batches)?;
        Ok(())
    }

    /// The bytes of a [`Checkpoint`] from which the run can go on; `elapsed` is kept in it.
    ///
    /// # Errors
    /// [`Error::Diverged`] for a parameter that is not finite: no run can go on from there.
    pub fn checkpoint(&self, elapsed: &Elapsed) -> Result<Vec<u8>> {
        self.plan.data().check()?;
        self.check_parameters()?;
        Ok(checkpoint::bytes(self.state(), self.plan, elapsed))
    }

    /// All that the future of the run depends on, beside its plan and its data.
    #[must_use]
    pub fn state(&self) -> &State<D::Number> {
        &self.stepper.state
    }

    /// Begins the next epoch, or goes on in one, and returns its number, counted from 0; none where all are over.
    pub fn begin_epoch(&mut self) -> Option<usize> {
        let epoch = self.stepper.state.epoch;
        (epoch < self.plan.settings().epochs).then(|| {
            self.order.begin_epoch(epoch);
            epoch
        })
    }

    /// The number of mini-batches in an epoch.
    #[must_use]
    pub fn batches(&self) -> usize {
        self.order.count()
    }

    /// The numbers of the epoch's mini-batches that are still to be taken.
    #[must_use]
    pub fn remaining(&self) -> std::ops::Range<usize> {
        self.stepper.state.batch..self.batches()
    }

    /// Phase 1 of a step on mini-batch number `number`: forward, loss, backward. Returns the sum of the images' losses. An epoch
    /// takes the numbers of [`Self::remaining`], each once and in this order.
    ///
    /// # Panics
    /// If there is no such mini-batch.
    pub fn forward_and_backward(&mut self, number: usize) -> f64 {
        self.stepper.forward_and_backward(&self.order.batch(number))
    }

    /// Phase 2 of that step: gradient and update, block by block. `loss` is what phase 1 returned; the error that follows from it
    /// is added to the epoch's.
    ///
    /// # Errors
    /// [`Error::Diverged`] for an error that is not finite; the parameters have moved by then.
    ///
    /// # Panics
    /// If there is no such mini-batch.
    pub fn gradient_and_update(&mut self, number: usize, loss: f64) -> Result<()> {
        let norms = self.stepper.gradient_and_update(&self.order.batch(number));
        self.count_step(number, loss, norms)
    }

    /// The first verb of phase 2 alone: the gradient of the loss of mini-batch number `number`, the one that went forward and
    /// back last. It may be changed until [`Self::update`].
    pub fn take_gradient(&mut self, number: usize) -> &mut [D::Number] {
        self.stepper.take_gradient(&self.order.batch(number));
        self.stepper.gradient_mut()
    }

    /// The second verb of phase 2 alone. Then the mini-batch is counted with its error.
    ///
    /// # Errors
    /// [`Error::Diverged`] for an error that is not finite.
    pub fn update(&mut self, number: usize, loss: f64) -> Result<()> {
        let norms = self.stepper.update(&self.order.batch(number));
        self.count_step(number, loss, norms)
    }

    fn count_step(&mut self, number: usize, loss: f64, norms: Norms) -> Result<()> {
        let error = self.stepper.error(&self.order.batch(number), loss, norms);
        if !error.is_finite() {
            let state = self.state();
            let at = Place {
                epoch: state.epoch,
                batch: state.batch,
                step: state.step - 1,
            };
            return Err(self.diverged("error", error, at));
        }
        let state = &mut self.stepper.state;
        state.error_sum += error;
        state.batch = number + 1;
        Ok(())
    }

    /// Ends the epoch, after its last mini-batch, and returns the mean of its mini-batches' errors.
    pub fn end_epoch(&mut self) -> f64 {
        let error = self.stepper.state.error_sum / self.order.count() as f64;
        let state = &mut self.stepper.state;
        state.history.push(EpochFigures {
            epoch: state.epoch,
            error,
            accuracies: None,
        });
        (state.epoch, state.batch, state.error_sum) = (state.epoch + 1, 0, 0.0);
        error
    }

    /// The accuracies of the network as it is, noted for the epoch that ended last. They come from the forward pass of the steps:
    /// where that multiplies integers, a few answers may differ from those of a [`Predictor`](crate::evaluate::Predictor).
    pub fn evaluate(&mut self) -> Accuracies {
        let Stepper {
            engine,
            scale,
            memory,
            state,
            ..
        } = &mut self.stepper;
        let pass = |scale| Pass {
            engine: *engine,
            mlp: &state.mlp,
            scale,
        };
        let order = &self.order;
        let most = memory.capacity();
        let cut = |indices| order.batches_of(indices, most);
        let (train, heldout) = (pass(&*scale), pass(&self.heldout_scale));
        let accuracies = Accuracies {
            // What is kept need not be taken in once more.
            train: if D::ALONE && !order.kept().is_empty() {
                accuracy(
                    memory,
                    &train,
                    (0..order.count()).map(|number| order.batch(number)),
                )
            } else {
                accuracy(memory, &train, cut(&order.split().train))
            },
            heldout: accuracy(
                memory,
                &heldout,
                self.heldout.batches_of(&order.split().heldout, most),
            ),
        };
        if let Some(last) = state.history.last_mut() {
            last.accuracies = Some(accuracies);
        }
        accuracies
    }

    /// What it does.
    #[must_use]
    pub fn plan(&self) -> &'a Plan<'a> {
        self.plan
    }

    /// The epochs that are over.
    #[must_use]
    pub fn history(&self) -> &[EpochFigures] {
        &self.stepper.state.history
    }

    /// What takes the steps, to change its learning rate or to read its times.
    #[must_use]
    pub fn stepper_mut(&mut self) -> &mut Stepper<D> {
        &mut self.stepper
    }

    /// The order of the samples.
    #[must_use]
    pub fn order(&self) -> &Order<'a, D> {
        &self.order
    }

    /// The network as it is, with what it needs to predict.
    #[must_use]
    pub fn model(&self) -> Model<D::Number> {
        Model {
            mlp: self.stepper.state.mlp.clone(),
            standardizer: self.standardizer.clone(),
            info: self.plan.model_info(),
        }
    }

    /// Ends the run, and returns the trained network and the figures of each epoch.
    ///
    /// # Errors
    /// [`Error::Diverged`] for a parameter that is not finite.
    pub fn finish(self) -> Result<(Model<D::Number>, Vec<EpochFigures>)> {
        self.check_parameters()?;
        let state = self.stepper.state;
        let model = Model {
            mlp: state.mlp,
            standardizer: self.standardizer,
            info: self.plan.model_info(),
        };
        Ok((model, state.history))
    }

    /// Refuses parameters that are not finite.
    fn check_parameters(&self) -> Result<()> {
        let mut parameters = self.state().mlp.parameters.iter();
        match parameters.find(|parameter| !parameter.wide().is_finite()) {
            Some(wrong) => {
                let last = Place::before(self.state(), self.order.count());
                Err(self.diverged("parameters", wrong.wide(), last))
            }
            None => Ok(()),
        }
    }

    fn diverged(&self, what: &'static str, value: f64, at: Place) -> Error {
        let learning_rate = self.plan.settings().learning_rate;
        divergence::error(what, value, at, &self.state().mlp, learning_rate)
    }
}

/// What observers see.
impl<D: Input> Trainer<'_, D>
where
    AnyModel: From<Model<D::Number>>,
{
    pub(super) fn step_end(&self) -> StepEnd<'_> {
        let state = self.state();
        StepEnd {
            epoch: state.epoch,
            batch: state.batch,
            step: state.step,
            run: self,
        }
    }

    /// Of the epoch that ended last.
    pub(super) fn epoch_end(&self) -> EpochEnd<'_> {
        let state = self.state();
        let last = state.history.last().expect("an epoch is over");
        EpochEnd {
            epoch: last.epoch,
            step: state.step,
            is_last: state.epoch >= self.plan.settings().epochs,
            error: last.error,
            accuracies: last.accuracies,
            run: self,
        }
    }
}

impl<D: Input> Snapshot for Trainer<'_, D>
where
    AnyModel: From<Model<D::Number>>,
{
    fn network(&self) -> AnyModel {
        self.model().into()
    }

    fn checkpoint(&self, elapsed: &Elapsed) -> Result<Vec<u8>> {
        Trainer::checkpoint(self, elapsed)
    }
}

/// What standardises the training samples, and what the held-out ones.
fn standardizers(plan: &Plan<'_>, split: &Split) -> (Standardizer, Standardizer) {
    let (settings, samples) = (plan.settings(), plan.data().train.samples);
    let standardizer = match (plan.start(), settings.scale) {
        (Some(start), _) => start.standardizer().clone(),
        (None, Scale::None) => Standardizer::identity(samples.per_sample()),
        (None, Scale::Standard) => Standardizer::fit(samples, &split.train),
    };
    let own = || Standardizer::fit(plan.data().heldout().samples, &split.heldout);
    let heldout = heldout_standardizer(settings.scale, settings.heldout_scale, &standardizer, own);
    (standardizer, heldout)
}
