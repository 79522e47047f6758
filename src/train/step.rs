//! One step of training, in two phases.
//!
//! 1. **By images.** Each task takes a chunk of the mini-batch's images through the network and back; what it computes
//!    (activations, deltas, loss, its share in narrow layers' gradients) stays in its chunk ([`crate::network`]).
//! 2. **By parameters.** Each task takes a block of a weight matrix: its gradient over the whole mini-batch, chunk after
//!    chunk in order, the regulariser, the update ([`super::update`]).
//!
//! A step allocates nothing.

use std::borrow::Cow;

use rayon::prelude::*;

use super::objective::{Norms, Objective};
use super::optimizer::Optimizer;
use super::options::TrainOptions;
use super::recipe::Recipe;
use super::state::State;
use super::update::{self, Buffers, Decay, Rule};
use crate::engine::Engine;
use crate::input::{Batch, Input, InputSizes};
use crate::kernels::Level;
use crate::model::Mlp;
use crate::network::stopwatch::Activity;
use crate::network::{Dropout, Gradients, Lesson, Loss, Memory, MemoryUse, Pass};
use crate::scalar::Scalar;

/// What takes the steps: networks in training that see the same mini-batches, with all the memory that their steps need. Most often it
/// is one network.
#[derive(Debug)]
pub struct Stepper<D: Input> {
    /// How the products of all layers but the first are computed.
    pub engine: &'static dyn Engine<D::Number>,
    /// What scales the pixels.
    pub scale: D::Scale,
    /// The memory of a mini-batch; evaluation between epochs borrows it.
    pub memory: Memory<D>,
    /// The networks, of which there is one at least.
    pub networks: Vec<Learner<D::Number>>,
}

/// A network in training.
#[derive(Debug)]
pub struct Learner<T: Scalar> {
    /// How parameters move.
    pub optimizer: Box<dyn Optimizer<T>>,
    /// How far they move.
    pub learning_rate: T,
    /// What is descended on.
    pub objective: Objective,
    /// What is added to that.
    pub recipe: Recipe,
    /// What the losses of each class's images are multiplied by; empty: 1.
    class_weights: Vec<f64>,
    /// What the steps change.
    pub state: State<T>,
    gradient: Vec<T>,
    /// What the step under way leaves out.
    dropout: Option<Dropout>,
    /// The norms of the weights before the last update.
    norms: Norms,
}

/// What a [`Stepper`] begins with, whatever its input.
#[derive(Debug)]
pub struct Setup<T: Scalar> {
    /// The network before the first step.
    pub mlp: Mlp<T>,
    /// How parameters move.
    pub optimizer: Box<dyn Optimizer<T>>,
    /// How far they move.
    pub learning_rate: f64,
    /// What is descended on.
    pub objective: Objective,
    /// What is added to that.
    pub recipe: Recipe,
    /// What the losses of each class's images are multiplied by; empty: 1.
    pub class_weights: Vec<f64>,
    /// Images of the largest mini-batch.
    pub batch: usize,
    /// The instructions that kernels may use.
    pub level: Level,
}

impl<T: Scalar> Learner<T> {
    fn new(setup: Setup<T>) -> Self {
        let Setup {
            mlp,
            optimizer,
            learning_rate,
            objective,
            recipe,
            class_weights,
            ..
        } = setup;
        Self {
            learning_rate: T::of(learning_rate),
            objective,
            recipe,
            class_weights,
            gradient: vec![T::default(); mlp.parameters.len()],
            state: State::new(mlp, &*optimizer),
            optimizer,
            dropout: None,
            norms: Norms::default(),
        }
    }

    /// The gradient, laid out as the parameters are. After [`Stepper::take_gradient`] it is that of the mini-batch's loss alone, with
    /// the factor of the objective's [`Reduction`](super::Reduction); [`Stepper::update`], [`Stepper::gradient_and_update`] and
    /// [`Stepper::step`] leave it with the regulariser's gradient added. Before the first step it is 0.
    #[must_use]
    pub fn gradient(&self) -> &[T] {
        &self.gradient
    }

    /// The same buffer, to be changed between [`Stepper::take_gradient`] and [`Stepper::update`]: to clip it, or to add the gradients
    /// of other machines.
    pub fn gradient_mut(&mut self) -> &mut [T] {
        &mut self.gradient
    }

    /// The norms of the weights before the last update.
    #[must_use]
    pub fn norms(&self) -> Norms {
        self.norms
    }

    /// The network as a task reads it, its loss, and what is left out of it.
    fn lesson<'a, D: Input<Number = T>>(
        &'a self,
        engine: &'static dyn Engine<T>,
        scale: &'a D::Scale,
    ) -> Lesson<'a, D> {
        let mlp = &self.state.mlp;
        let loss = Loss {
            output: mlp.output,
            form: self.objective.error,
            classes: mlp.layout.classes(),
            label_smoothing: self.recipe.label_smoothing,
            class_weights: &self.class_weights,
        };
        Lesson {
            pass: Pass { engine, mlp, scale },
            loss,
            dropout: self.dropout,
        }
    }

    /// The network that answers: [`State::answering`].
    #[must_use]
    pub fn answering(&self) -> Cow<'_, Mlp<T>> {
        self.state.answering(&*self.optimizer)
    }

    /// Keeps that network where the run may end early and the epoch that ended last is the best so far.
    pub(super) fn keep_best(&mut self, settings: &TrainOptions) {
        self.state.keep_best(settings, &*self.optimizer);
    }

    /// Moves the running figures of layers that are normalised towards what the mini-batch in `memory` found out: a mean of all at first,
    /// which forgets the oldest later.
    fn follow<D: Input<Number = T>>(&mut self, memory: &Memory<D>, number: usize) {
        let State {
            mlp, figures, step, ..
        } = &mut self.state;
        if !figures.is_empty() {
            let weight = self.recipe.figure_weight.max(1.0 / (*step as f64 + 1.0));
            memory.follow(number, mlp, weight, figures);
        }
    }

    /// Phase 2 with the `gradients` of a mini-batch of `images` images.
    fn phase_2(&mut self, gradients: &dyn Gradients<T>, images: usize, level: Level, verbs: Verbs) {
        let recipe = &self.recipe;
        let State {
            mlp, slots, step, ..
        } = &mut self.state;
        if let Some(schedule) = &recipe.schedule {
            self.learning_rate = T::of(schedule.rate(*step));
        }
        let rate = self.learning_rate;
        let mut rule = Rule {
            optimizer: &*self.optimizer,
            pace: self.optimizer.pace(rate, *step + 1),
            keep: T::of(1.0 - rate.wide() * recipe.weight_decay),
            factor: T::of(self.objective.image_factor(images)),
            decay: Decay::of(&self.objective),
            level,
        };
        let layout = &mlp.layout;
        let mut buffers = Buffers {
            parameters: &mut mlp.parameters,
            gradient: &mut self.gradient,
            slots,
        };
        self.norms = match (verbs, recipe.clip_norm) {
            (Verbs::Both, None) => update::gradient_and_update(gradients, layout, &rule, buffers),
            (Verbs::Both, Some(most)) => {
                let norms = update::gradient(gradients, layout, &rule, buffers.reborrow());
                let length = norms.squares.sqrt();
                // A length that is not a number must reach the parameters.
                rule.factor = T::of(if length <= most { 1.0 } else { most / length });
                update::update(gradients, layout, &rule, buffers)
            }
            (Verbs::Update, _) => {
                rule.factor = T::one(); // the first verb has put it in
                update::update(gradients, layout, &rule, buffers)
            }
            (Verbs::Gradient, _) => {
                update::gradient(gradients, layout, &rule, buffers);
                Norms::default()
            }
        };
        *step += u64::from(verbs != Verbs::Gradient);
    }
}

impl<D: Input> Stepper<D> {
    /// A stepper before its first step, with memory for the threads of the pool that this is called in, for networks that begin as
    /// `setups` say: all with mini-batches of the same size and on the same level.
    pub(super) fn new(
        setups: Vec<Setup<D::Number>>,
        engine: &'static dyn Engine<D::Number>,
        scale: D::Scale,
        door: impl Fn(&InputSizes<'_>) -> D,
    ) -> Self {
        let Setup { batch, level, .. } = setups[0];
        let input = |setup: &Setup<D::Number>| {
            let layers = setup.mlp.layout.layers();
            door(&InputSizes {
                layer: &layers[0],
                is_output: layers.len() == 1,
                batch,
                trains: true,
                level,
            })
        };
        let inputs = setups.iter().map(input).collect();
        let layouts: Vec<_> = setups.iter().map(|setup| &setup.mlp.layout).collect();
        let purpose = MemoryUse::Training;
        Self {
            engine,
            scale,
            memory: Memory::side_by_side(inputs, &layouts, batch, purpose, level),
            networks: setups.into_iter().map(Learner::new).collect(),
        }
    }

    /// One step of every network. [`Self::error`] has each mini-batch's error before its update.
    ///
    /// # Panics
    /// If there are more images than the memory is for, or one that the source has not, or a label that is none of the
    /// network's classes. A mini-batch without images must not be handed in.
    pub fn step(&mut self, batch: &Batch<'_, D>) {
        self.forward_and_backward(batch);
        self.gradient_and_update(batch);
    }

    /// Phase 1.
    ///
    /// # Panics
    /// As [`Self::step`].
    pub fn forward_and_backward(&mut self, batch: &Batch<'_, D>) {
        for Learner {
            recipe,
            state,
            dropout,
            ..
        } in &mut self.networks
        {
            let share = recipe.dropout;
            *dropout = (share > 0.0).then(|| Dropout::new(share, recipe.seed, state.step));
        }
        let (engine, scale, networks) = (self.engine, &self.scale, &self.networks);
        let lesson = |network: usize| networks[network].lesson(engine, scale);
        self.memory.forward_and_backward(scale, lesson, batch);
    }

    /// Phase 2, both verbs, after phase 1 of the same `batch`. Between them the recipe may shorten the gradient.
    pub fn gradient_and_update(&mut self, batch: &Batch<'_, D>) {
        self.phase_2(batch, Verbs::Both);
    }

    /// The first verb of phase 2: each [`Learner::gradient`] becomes the gradient of the loss of `batch`, which must be the mini-batch
    /// that phase 1 took last. No parameter moves.
    pub fn take_gradient(&mut self, batch: &Batch<'_, D>) {
        self.phase_2(batch, Verbs::Gradient);
    }

    /// The second verb of phase 2: adds the regulariser's gradient to each [`Learner::gradient`] and moves the parameters by the sum.
    /// It follows [`Self::take_gradient`] of the same `batch`; called twice, it would add the regulariser's gradient twice.
    pub fn update(&mut self, batch: &Batch<'_, D>) {
        self.phase_2(batch, Verbs::Update);
    }

    /// The error of the mini-batch that took the last step, before its update, in network number `network`.
    #[must_use]
    pub fn error(&self, network: usize, batch: &Batch<'_, D>) -> f64 {
        let learner = &self.networks[network];
        let classes = learner.state.mlp.layout.classes();
        let loss = self.memory.loss(network);
        learner
            .objective
            .error(batch.indices.len(), classes, loss, learner.norms)
    }

    /// Takes network number `network` out, and gives the memory of its steps back; those behind it move up.
    pub(super) fn remove(&mut self, network: usize) -> Learner<D::Number> {
        self.memory.remove(network);
        self.networks.remove(network)
    }

    fn phase_2(&mut self, batch: &Batch<'_, D>, verbs: Verbs) {
        let Self {
            engine,
            scale,
            memory,
            networks,
        } = self;
        memory.watch_mut().start();
        let (memory_now, level) = (&*memory, memory.level());
        networks
            .par_iter_mut()
            .enumerate()
            .for_each(|(number, network)| {
                let gradients = memory_now.gradients(number, scale, *engine, batch);
                if verbs != Verbs::Gradient {
                    network.follow(memory_now, number);
                }
                network.phase_2(&gradients, batch.indices.len(), level, verbs);
            });
        memory.watch_mut().lap(Activity::Update);
    }
}

/// Which of phase 2's verbs are wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verbs {
    Gradient,
    Update,
    Both,
}
