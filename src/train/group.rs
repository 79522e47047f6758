//! Runs in progress that see the same mini-batches: their plans, their states, and one order of samples.

use std::borrow::Cow;

use super::checkpoint::{self, Checkpoint};
use super::divergence::{self, Place};
use super::history::Elapsed;
use super::last_step::spelled;
use super::observer::{EpochEnd, Snapshot, StepEnd};
use super::order::{LabelledSource, Order};
use super::plan::Plan;
use super::recipe::Norm;
use super::running::Finished;
use super::setup::{setup, standardizers};
use super::state::{Accuracies, EpochFigures, LastStep, State};
use super::step::{Setup, Stepper};
use crate::data::Standardizer;
use crate::error::{Error, Result};
use crate::evaluate::{Found, accuracies, accuracies_and_losses};
use crate::input::Input;
use crate::model::{AnyModel, Mlp, Model};
use crate::network::Pass;
use crate::scalar::Scalar;

/// Runs in progress, side by side. Each takes the steps, and gets the bits, of a run of its own; what they share is the order of the
/// samples and the taking-in of the pixels. All are in the same place of the same epoch. A run is named by its number; when one is taken
/// out, those behind it move up.
#[derive(Debug)]
pub(super) struct Group<'a, D: Input> {
    plans: Vec<&'a Plan<'a>>,
    standardizer: Standardizer,
    heldout_scale: D::Scale,
    /// Where the held-out samples are.
    heldout: LabelledSource<'a, D>,
    order: Order<'a, D>,
    stepper: Stepper<D>,
}

impl<'a, D: Input> Group<'a, D> {
    /// Runs before their first step, whose pixels come from the first source, and those of held-out samples from the second one.
    ///
    /// # Panics
    /// If there is none, or they do not see the same mini-batches.
    pub(super) fn new(
        plans: Vec<&'a Plan<'a>>,
        [source, heldout_source]: [&'a D::Source; 2],
        stepper: impl FnOnce(Vec<Setup<D::Number>>, &Standardizer) -> Stepper<D>,
    ) -> Self {
        let plan = plans[0];
        let alike = plans.iter().all(|other| plan.sight() == other.sight());
        assert!(alike, "runs that see the same mini-batches");
        let settings = plan.settings();
        let samples = plan.data().train.samples;
        let data = LabelledSource {
            source,
            labels: plan.data().train.labels,
        };
        let split = plan.split();
        let (standardizer, heldout) = standardizers(plan, &split);
        let (batches, shuffle) = (plan.mini_batches(), settings.seed_of_order());
        // Images that are normalised with one another must be no more alike than chance has it.
        let chance_chunks = settings.norm == Norm::Batch;
        let mut order = Order::new(data, split, batches, shuffle, chance_chunks)
            .augmented(settings.seeded_augmentation());
        let setups = plans.iter().map(|plan| setup(plan, &order)).collect();
        let mut stepper = stepper(setups, &standardizer);
        if plan.keeps_batches() {
            order.keep(stepper.memory.input(), &stepper.scale);
        }
        if plan.start().is_some() && chance_chunks {
            order.begin_epoch(0);
            stepper.find_norms(&order);
        }
        Self {
            plans,
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

    /// Lets a run go on from a checkpoint of a run under the same plan.
    pub(super) fn restore(&mut self, run: usize, checkpoint: &Checkpoint) -> Result<()> {
        let batches = self.batches();
        let state = &mut self.stepper.networks[run].state;
        *state = checkpoint.state(state, batches)?;
        Ok(())
    }

    /// The bytes of a [`Checkpoint`] from which a run can go on; `elapsed` is kept in it.
    pub(super) fn checkpoint(&self, run: usize, elapsed: &Elapsed) -> Result<Vec<u8>> {
        self.check_data()?;
        self.check_parameters(run)?;
        Ok(checkpoint::bytes(self.state(run), self.plans[run], elapsed))
    }

    /// Refuses samples whose file has changed.
    pub(super) fn check_data(&self) -> Result<()> {
        self.plans[0].data().check()
    }

    /// What a run does.
    pub(super) fn plan(&self, run: usize) -> &'a Plan<'a> {
        self.plans[run]
    }

    /// All that the future of a run depends on, beside its plan and its data.
    pub(super) fn state(&self, run: usize) -> &State<D::Number> {
        &self.stepper.networks[run].state
    }

    /// Whether a run has taken all its epochs, or has found nothing better for as long as its plan has patience.
    pub(super) fn is_over(&self, run: usize) -> bool {
        self.state(run).is_over(self.plans[run].settings())
    }

    /// Begins the next epoch, or goes on in one, and returns its number, counted from 0.
    pub(super) fn begin_epoch(&mut self) -> usize {
        let epoch = self.state(0).epoch;
        self.order.begin_epoch(epoch);
        epoch
    }

    /// The number of mini-batches in an epoch.
    pub(super) fn batches(&self) -> usize {
        self.order.count()
    }

    /// The numbers of the epoch's mini-batches that are still to be taken.
    pub(super) fn remaining(&self) -> std::ops::Range<usize> {
        self.state(0).batch..self.batches()
    }

    /// Phase 1 of a step on mini-batch number `number`.
    pub(super) fn forward_and_backward(&mut self, number: usize) {
        self.stepper.forward_and_backward(&self.order.batch(number));
    }

    /// Phase 2 of that step, both verbs.
    pub(super) fn gradient_and_update(&mut self, number: usize) {
        self.stepper.gradient_and_update(&self.order.batch(number));
    }

    /// The first verb of phase 2 alone.
    pub(super) fn take_gradient(&mut self, number: usize) {
        self.stepper.take_gradient(&self.order.batch(number));
    }

    /// The second verb of phase 2 alone.
    pub(super) fn update(&mut self, number: usize) {
        self.stepper.update(&self.order.batch(number));
    }

    /// The sum of the losses of the images that a run went forward with last.
    pub(super) fn loss(&self, run: usize) -> f64 {
        self.stepper.memory.loss(run)
    }

    /// Counts the step that was taken on mini-batch number `number`, with its error.
    pub(super) fn count_step(&mut self, run: usize, number: usize) -> Result<()> {
        let error = self.stepper.error(run, &self.order.batch(number));
        if !error.is_finite() {
            let state = self.state(run);
            let at = Place {
                epoch: state.epoch,
                batch: state.batch,
                step: state.step - 1,
            };
            return Err(self.diverged(run, "error", error, at));
        }
        let learner = &mut self.stepper.networks[run];
        learner.state.last_step = (number + 1 == self.order.count()).then(|| LastStep::of(learner));
        learner.state.error_sum += error;
        learner.state.batch = number + 1;
        Ok(())
    }

    /// Ends an epoch of a run, after its last mini-batch, and returns the mean of its mini-batches' errors.
    pub(super) fn end_epoch(&mut self, run: usize) -> f64 {
        let state = &mut self.stepper.networks[run].state;
        let last_step = state.last_step.take();
        let error = state.error_sum / self.order.count() as f64;
        state.history.push(EpochFigures {
            epoch: state.epoch,
            error,
            accuracies: None,
            learning_rate: last_step.map(|step| spelled(D::Number::DTYPE, step.learning_rate)),
            gradient_norm: last_step.and_then(|step| step.gradient_norm),
        });
        (state.epoch, state.batch, state.error_sum) = (state.epoch + 1, 0, 0.0);
        error
    }

    /// The accuracies of the networks of the runs that are `due`, as they are, noted for the epoch that ended last. Of the others they
    /// are none.
    pub(super) fn evaluate(&mut self, due: impl Fn(usize) -> bool + Sync) -> Vec<Accuracies> {
        let Stepper {
            engine,
            scale,
            memory,
            networks,
        } = &mut self.stepper;
        let (engine, runs) = (*engine, networks.len());
        let order = &self.order;
        let most = memory.capacity();
        let cut = |indices| order.batches_of(indices, most);
        let mut found = vec![Accuracies::default(); runs];
        {
            let answering = networks.iter().enumerate();
            let answering: Vec<_> = answering
                .map(|(run, network)| due(run).then(|| network.answering()))
                .collect();
            let passes = |scale| {
                let answering = &answering;
                move |run: usize| {
                    let mlp = answering[run].as_deref()?;
                    Some(Pass { engine, mlp, scale })
                }
            };
            let (train, heldout) = (passes(&*scale), passes(&self.heldout_scale));
            let mut note = |run: usize, share| found[run].train = share;
            // What is kept need not be taken in once more.
            if D::ALONE && !order.kept().is_empty() {
                let batches = (0..order.count()).map(|number| order.batch(number));
                accuracies(memory, scale, train, batches, &mut note);
            } else {
                let batches = cut(&order.split().train);
                accuracies(memory, scale, train, batches, &mut note);
            }
            // The training samples get no loss: their groups, and so its last bits, would depend on what there is memory to keep.
            let note = |run: usize, Found { accuracy, loss }| {
                (found[run].heldout, found[run].heldout_loss) = (accuracy, loss);
            };
            let batches = self.heldout.batches_of(&order.split().heldout, most);
            accuracies_and_losses(memory, &self.heldout_scale, heldout, batches, note);
        }
        for (run, (network, found)) in networks.iter_mut().zip(&found).enumerate() {
            if let Some(last) = network.state.history.last_mut().filter(|_| due(run)) {
                last.accuracies = Some(*found);
                network.keep_best(self.plans[run].settings());
            }
        }
        found
    }

    /// What takes the steps.
    pub(super) fn stepper_mut(&mut self) -> &mut Stepper<D> {
        &mut self.stepper
    }

    /// The order of the samples.
    pub(super) fn order(&self) -> &Order<'a, D> {
        &self.order
    }

    /// The network of a run as it is, with what it needs to predict.
    pub(super) fn model(&self, run: usize) -> Model<D::Number> {
        self.model_of(run, self.stepper.networks[run].answering().into_owned())
    }

    fn model_of(&self, run: usize, mlp: Mlp<D::Number>) -> Model<D::Number> {
        Model {
            others: Vec::new(),
            mlp,
            standardizer: self.standardizer.clone(),
            info: self.plans[run].model_info(),
        }
    }

    /// Takes a run out, and returns what it leaves.
    ///
    /// # Errors
    /// [`Error::Diverged`] for a parameter that is not finite; the run is out too.
    pub(super) fn finish(&mut self, run: usize) -> Result<Finished<D::Number>> {
        let checked = self.check_parameters(run);
        let mut learner = self.stepper.remove(run);
        let stops_early = self.plans[run].settings().stopping().is_some();
        let best = learner.state.best.take().filter(|_| stops_early);
        let restored = best.as_ref().map(|best| best.epoch);
        let own = match best {
            Some(best) => Some(best.network(&learner.state.mlp)),
            None => match learner.answering() {
                Cow::Owned(network) => Some(network),
                Cow::Borrowed(_) => None,
            },
        };
        let state = learner.state;
        let model = self.model_of(run, own.unwrap_or(state.mlp));
        self.plans.remove(run);
        checked.map(|()| (model, state.history, restored))
    }

    /// Takes a run out.
    pub(super) fn remove(&mut self, run: usize) {
        self.stepper.remove(run);
        self.plans.remove(run);
    }

    /// Refuses parameters that are not finite.
    fn check_parameters(&self, run: usize) -> Result<()> {
        let mut parameters = self.state(run).mlp.parameters.iter();
        match parameters.find(|parameter| !parameter.wide().is_finite()) {
            Some(wrong) => {
                let last = Place::before(self.state(run), self.order.count());
                Err(self.diverged(run, "parameters", wrong.wide(), last))
            }
            None => Ok(()),
        }
    }

    fn diverged(&self, run: usize, what: &'static str, value: f64, at: Place) -> Error {
        let learning_rate = self.plans[run].settings().learning_rate;
        divergence::error(what, value, at, &self.state(run).mlp, learning_rate)
    }

    /// A run as observers see it.
    pub(super) fn member(&self, run: usize) -> Member<'_, 'a, D> {
        Member { group: self, run }
    }
}

/// One run of a group, as observers see it.
#[derive(Debug)]
pub(super) struct Member<'g, 'a, D: Input> {
    group: &'g Group<'a, D>,
    run: usize,
}

impl<D: Input> Member<'_, '_, D>
where
    AnyModel: From<Model<D::Number>>,
{
    pub(super) fn step_end(&self) -> StepEnd<'_> {
        let state = self.group.state(self.run);
        StepEnd {
            epoch: state.epoch,
            batch: state.batch,
            step: state.step,
            run: self,
        }
    }

    /// Of the epoch that ended last.
    pub(super) fn epoch_end(&self) -> EpochEnd<'_> {
        let state = self.group.state(self.run);
        let last = state.history.last().expect("an epoch is over");
        EpochEnd {
            epoch: last.epoch,
            step: state.step,
            is_last: self.group.is_over(self.run),
            error: last.error,
            accuracies: last.accuracies,
            learning_rate: last.learning_rate,
            gradient_norm: last.gradient_norm,
            training_samples: self.group.plan(self.run).training_samples(),
            run: self,
        }
    }
}

impl<D: Input> Snapshot for Member<'_, '_, D>
where
    AnyModel: From<Model<D::Number>>,
{
    fn network(&self) -> AnyModel {
        self.group.model(self.run).into()
    }

    fn checkpoint(&self, elapsed: &Elapsed) -> Result<Vec<u8>> {
        self.group.checkpoint(self.run, elapsed)
    }
}
