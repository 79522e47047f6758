//! One step of training, in two phases.
//!
//! 1. **By images.** Each task takes a chunk of the mini-batch's images through the network and back; what it computes
//!    (activations, deltas, loss, its share in narrow layers' gradients) stays in its chunk ([`crate::network`]).
//! 2. **By parameters.** Each task takes a block of a weight matrix: its gradient over the whole mini-batch, chunk after
//!    chunk in order, the regulariser, the update ([`super::update`]).
//!
//! A step allocates nothing.

use super::objective::{Norms, Objective};
use super::optimizer::Optimizer;
use super::state::State;
use super::update::{self, Buffers, Decay, Rule};
use crate::engine::Engine;
use crate::input::{Batch, Input, InputSizes};
use crate::kernels::Level;
use crate::model::Mlp;
use crate::network::stopwatch::Activity;
use crate::network::{Loss, Memory, MemoryUse, Pass};
use crate::scalar::Scalar;

/// What takes the steps: a network in training with all the memory that its steps need.
#[derive(Debug)]
pub struct Stepper<D: Input> {
    /// How the products of all layers but the first are computed.
    pub engine: &'static dyn Engine<D::Number>,
    /// How parameters move.
    pub optimizer: Box<dyn Optimizer<D::Number>>,
    /// How far they move.
    pub learning_rate: D::Number,
    /// What is descended on.
    pub objective: Objective,
    /// What scales the pixels.
    pub scale: D::Scale,
    /// The memory of a mini-batch; evaluation between epochs borrows it.
    pub memory: Memory<D>,
    /// What the steps change.
    pub state: State<D::Number>,
    gradient: Vec<D::Number>,
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
    /// Images of the largest mini-batch.
    pub batch: usize,
    /// The instructions that kernels may use.
    pub level: Level,
}

impl<D: Input> Stepper<D> {
    /// A stepper before its first step, with memory for the threads of the pool that this is called in.
    pub(super) fn new(
        setup: Setup<D::Number>,
        engine: &'static dyn Engine<D::Number>,
        scale: D::Scale,
        door: impl FnOnce(&InputSizes<'_>) -> D,
    ) -> Self {
        let Setup {
            mlp,
            optimizer,
            learning_rate,
            objective,
            batch,
            level,
        } = setup;
        let layers = mlp.layout.layers();
        let input = door(&InputSizes {
            layer: &layers[0],
            is_output: layers.len() == 1,
            batch,
            trains: true,
            level,
        });
        Self {
            engine,
            learning_rate: D::Number::of(learning_rate),
            objective,
            scale,
            memory: Memory::new(input, &mlp.layout, batch, MemoryUse::Training, level),
            gradient: vec![D::Number::default(); mlp.parameters.len()],
            state: State::new(mlp, &*optimizer),
            optimizer,
        }
    }

    /// The gradient, laid out as the parameters are. After [`Self::take_gradient`] it is that of the mini-batch's loss alone, with
    /// the factor of the objective's [`Reduction`](super::Reduction); [`Self::update`], [`Self::gradient_and_update`] and
    /// [`Self::step`] leave it with the regulariser's gradient added. Before the first step it is 0.
    #[must_use]
    pub fn gradient(&self) -> &[D::Number] {
        &self.gradient
    }

    /// The same buffer, to be changed between [`Self::take_gradient`] and [`Self::update`]: to clip it, or to add the gradients
    /// of other machines.
    pub fn gradient_mut(&mut self) -> &mut [D::Number] {
        &mut self.gradient
    }

    /// One step. Returns the mini-batch's error before its update.
    ///
    /// # Panics
    /// If there are more images than the memory is for, or one that the source has not, or a label that is none of the
    /// network's classes. A mini-batch without images must not be handed in.
    pub fn step(&mut self, batch: &Batch<'_, D>) -> f64 {
        let loss = self.forward_and_backward(batch);
        let norms = self.gradient_and_update(batch);
        self.error(batch, loss, norms)
    }

    /// Phase 1. Returns the sum of the images' losses.
    ///
    /// # Panics
    /// As [`Self::step`].
    pub fn forward_and_backward(&mut self, batch: &Batch<'_, D>) -> f64 {
        let mlp = &self.state.mlp;
        let loss = Loss {
            output: mlp.output,
            form: self.objective.error,
            classes: mlp.layout.classes(),
        };
        let pass = Pass {
            engine: self.engine,
            mlp,
            scale: &self.scale,
        };
        self.memory.forward_and_backward(&pass, &loss, batch)
    }

    /// Phase 2, both verbs, after phase 1 of the same `batch`. Returns the norms of the weights before the update.
    pub fn gradient_and_update(&mut self, batch: &Batch<'_, D>) -> Norms {
        self.phase_2(batch, Verbs::Both)
    }

    /// The first verb of phase 2: [`Self::gradient`] becomes the gradient of the loss of `batch`, which must be the mini-batch that
    /// phase 1 took last. No parameter moves.
    pub fn take_gradient(&mut self, batch: &Batch<'_, D>) {
        self.phase_2(batch, Verbs::Gradient);
    }

    /// The second verb of phase 2: adds the regulariser's gradient to [`Self::gradient`] and moves the parameters by the sum. It
    /// follows [`Self::take_gradient`] of the same `batch`; called twice, it would add the regulariser's gradient twice. Returns
    /// the norms of the weights before the update.
    pub fn update(&mut self, batch: &Batch<'_, D>) -> Norms {
        self.phase_2(batch, Verbs::Update)
    }

    /// The error of a mini-batch, from what the two phases returned.
    #[must_use]
    pub fn error(&self, batch: &Batch<'_, D>, loss: f64, norms: Norms) -> f64 {
        let classes = self.state.mlp.layout.classes();
        self.objective
            .error(batch.indices.len(), classes, loss, norms)
    }

    fn phase_2(&mut self, batch: &Batch<'_, D>, verbs: Verbs) -> Norms {
        let State {
            mlp, slots, step, ..
        } = &mut self.state;
        self.memory.watch_mut().start();
        let image_factor = self.objective.image_factor(batch.indices.len());
        let rule = Rule {
            optimizer: &*self.optimizer,
            learning_rate: self.learning_rate,
            image_factor: D::Number::of(image_factor),
            decay: Decay::of(&self.objective),
            level: self.memory.level(),
        };
        let gradients = self.memory.gradients(&self.scale, self.engine, batch);
        let layout = &mlp.layout;
        let buffers = Buffers {
            parameters: &mut mlp.parameters,
            gradient: &mut self.gradient,
            slots,
        };
        let norms = match verbs {
            Verbs::Both => update::gradient_and_update(&gradients, layout, &rule, buffers),
            Verbs::Update => update::update(&gradients, layout, &rule, buffers),
            Verbs::Gradient => {
                update::gradient(&gradients, layout, rule.image_factor, buffers);
                Norms::default()
            }
        };
        *step += u64::from(verbs != Verbs::Gradient);
        self.memory.watch_mut().lap(Activity::Update);
        norms
    }
}

/// Which of phase 2's verbs are wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verbs {
    Gradient,
    Update,
    Both,
}
