//! The choice of the door by which pixels enter: the only place where training names its sides.

use super::plan::Plan;
use super::step::{Setup, Stepper};
use super::trainer::Trainer;
use crate::data::{Images, Standardizer};
use crate::engine::{EngineKind, Simd};
use crate::input::packed::Products;
use crate::input::{Packed, Staged, StagedScale};
use crate::scalar::Scalar;

impl<'a, T: Scalar> Trainer<'a, Staged<T>> {
    /// A run before its first step, everything in floating point of type `T`, whatever [`Plan::arithmetic`] says. Call this, and
    /// all methods of the trainer, within [`run`](crate::machine::Machine::run) or `install` of the plan's machine.
    #[must_use]
    pub fn staged(plan: &'a Plan<'a>) -> Self {
        let engine = plan.settings().engine;
        let source = plan.data().train.samples.source();
        let heldout = plan.data().heldout().samples.source();
        Self::new(plan, [source, heldout], |setup, standardizer| {
            Stepper::staged(setup, engine, standardizer)
        })
    }
}

impl<'a, P: Products> Trainer<'a, Packed<P>> {
    /// A run before its first step, with its first layer straight from `images` by the products `P`, which must be the plan's:
    /// [`Plan::arithmetic`] has them. As for [`Trainer::staged`], call it on the threads of the plan's machine.
    ///
    /// # Panics
    /// If the images have another number of pixels than the plan's samples.
    #[must_use]
    pub fn packed(plan: &'a Plan<'a>, images: &'a Images) -> Self {
        let validation = plan.data().validation;
        let heldout = validation.and_then(|validation| validation.samples.images());
        Self::new(
            plan,
            [images, heldout.unwrap_or(images)],
            |setup, standardizer| Stepper::packed(setup, images.shape(), standardizer),
        )
    }
}

impl<T: Scalar> Stepper<Staged<T>> {
    /// A stepper in floating point, whose products `engine` computes.
    #[must_use]
    pub fn staged(setup: Setup<T>, engine: EngineKind, standardizer: &Standardizer) -> Self {
        let engine = engine.of_staged();
        let scale = StagedScale::new(standardizer);
        Self::new(setup, engine, scale, |sizes| Staged::new(engine, sizes))
    }
}

impl<P: Products> Stepper<Packed<P>> {
    /// A stepper with its first layer by the products `P`, for images of so many rows and columns.
    #[must_use]
    pub fn packed(setup: Setup<f32>, shape: (usize, usize), standardizer: &Standardizer) -> Self {
        let scale = P::scale(standardizer, shape);
        let engine = Simd::at(setup.level);
        Self::new(setup, engine, scale, |sizes| Packed::new(sizes, shape))
    }
}
