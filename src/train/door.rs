//! The choice of the door by which pixels enter: the only place where training names its sides.

use super::group::Group;
use super::plan::Plan;
use super::step::{Setup, Stepper};
use super::trainer::Trainer;
use crate::data::{Images, Standardizer};
use crate::engine::{EngineKind, Simd};
use crate::input::packed::Products;
use crate::input::{Packed, Staged, StagedScale};
use crate::scalar::Scalar;

impl<'a, T: Scalar> Group<'a, Staged<T>> {
    /// Runs before their first step, everything in floating point of type `T`.
    pub(super) fn staged(plans: Vec<&'a Plan<'a>>) -> Self {
        let engine = plans[0].settings().engine;
        let data = plans[0].data();
        let sources = [data.train, data.heldout()].map(|labelled| labelled.samples.source());
        Self::new(plans, sources, |setups, standardizer| {
            staged(setups, engine, standardizer)
        })
    }
}

impl<'a, P: Products> Group<'a, Packed<P>> {
    /// Runs before their first step, with their first layers straight from `images` by the products `P`.
    pub(super) fn packed(plans: Vec<&'a Plan<'a>>, images: &'a Images) -> Self {
        let validation = plans[0].data().validation;
        let heldout = validation.and_then(|validation| validation.samples.images());
        let sources = [images, heldout.unwrap_or(images)];
        Self::new(plans, sources, |setups, standardizer| {
            packed(setups, images.shape(), standardizer)
        })
    }
}

impl<'a, T: Scalar> Trainer<'a, Staged<T>> {
    /// A run before its first step, everything in floating point of type `T`, whatever [`Plan::arithmetic`] says. Call this, and
    /// all methods of the trainer, within [`run`](crate::machine::Machine::run) or `install` of the plan's machine.
    #[must_use]
    pub fn staged(plan: &'a Plan<'a>) -> Self {
        Group::staged(vec![plan]).into()
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
        Group::packed(vec![plan], images).into()
    }
}

impl<T: Scalar> Stepper<Staged<T>> {
    /// A stepper of one network in floating point, whose products `engine` computes.
    #[must_use]
    pub fn staged(setup: Setup<T>, engine: EngineKind, standardizer: &Standardizer) -> Self {
        staged(vec![setup], engine, standardizer)
    }
}

impl<P: Products> Stepper<Packed<P>> {
    /// A stepper of one network, its first layer by the products `P`, for images of so many rows and columns.
    #[must_use]
    pub fn packed(setup: Setup<f32>, shape: (usize, usize), standardizer: &Standardizer) -> Self {
        packed(vec![setup], shape, standardizer)
    }
}

fn staged<T: Scalar>(
    setups: Vec<Setup<T>>,
    engine: EngineKind,
    standardizer: &Standardizer,
) -> Stepper<Staged<T>> {
    let engine = engine.of_staged();
    let scale = StagedScale::new(standardizer);
    Stepper::new(setups, engine, scale, |sizes| Staged::new(engine, sizes))
}

fn packed<P: Products>(
    setups: Vec<Setup<f32>>,
    shape: (usize, usize),
    standardizer: &Standardizer,
) -> Stepper<Packed<P>> {
    let scale = P::scale(standardizer, shape);
    let engine = Simd::at(setups[0].level);
    Stepper::new(setups, engine, scale, |sizes| Packed::new(sizes, shape))
}
