//! The choice of the door by which pixels enter: the only place where training names its sides.

use super::plan::Plan;
use super::step::{Setup, Stepper};
use super::trainer::Trainer;
use crate::data::{Images, Standardizer};
use crate::engine::{Blas, EngineKind};
use crate::input::{Input, Packed, Staged, StagedScale};
use crate::scalar::Scalar;

impl<'a, T: Scalar> Trainer<'a, Staged<T>> {
    /// A run before its first step, everything in floating point of type `T`, whatever [`Plan::arithmetic`] says. Call this, and
    /// all methods of the trainer, within [`run`](crate::machine::Machine::run) or `install` of the plan's machine.
    #[must_use]
    pub fn staged(plan: &'a Plan<'a>) -> Self {
        let engine = plan.settings().engine;
        let source = plan.data().train.samples.source();
        Self::new(plan, source, |setup, standardizer| {
            Stepper::staged(setup, engine, standardizer)
        })
    }
}

impl<'a> Trainer<'a, Packed> {
    /// A run before its first step, with its first layer in integers straight from `images`, which must be the plan's:
    /// [`Plan::arithmetic`] has them. As for [`Trainer::staged`], call it on the threads of the plan's machine.
    ///
    /// # Panics
    /// If the images have another number of pixels than the plan's samples.
    #[must_use]
    pub fn packed(plan: &'a Plan<'a>, images: &'a Images) -> Self {
        Self::new(plan, images, |setup, standardizer| {
            Stepper::packed(setup, images.shape(), standardizer)
        })
    }
}

impl<T: Scalar> Stepper<Staged<T>> {
    /// A stepper in floating point, whose products `engine` computes.
    #[must_use]
    pub fn staged(setup: Setup<T>, engine: EngineKind, standardizer: &Standardizer) -> Self {
        let engine = engine.further_layers();
        let scale = StagedScale::new(standardizer);
        Self::new(setup, engine, scale, |sizes| Staged::new(engine, sizes))
    }
}

impl Stepper<Packed> {
    /// A stepper with its first layer in integers, for images of so many rows and columns.
    #[must_use]
    pub fn packed(setup: Setup<f32>, shape: (usize, usize), standardizer: &Standardizer) -> Self {
        let scale = Packed::scale(standardizer, shape);
        Self::new(setup, &Blas, scale, |sizes| Packed::new(sizes, shape))
    }
}
