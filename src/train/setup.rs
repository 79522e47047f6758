//! From a plan to what a run begins with.

use super::plan::Plan;
use super::start::Start;
use super::step::Setup;
use crate::data::{Split, Standardizer};
use crate::evaluate::heldout_standardizer;
use crate::model::Mlp;
use crate::scalar::Scalar;

/// What the network of a run begins with, for mini-batches of up to `batch` images, `count` of them an epoch.
pub(super) fn setup<T: Scalar>(plan: &Plan<'_>, batch: usize, count: usize) -> Setup<T> {
    let settings = plan.settings();
    let layout = plan.layout();
    let level = plan.machine().level();
    Setup {
        mlp: Mlp {
            layout: layout.clone(),
            parameters: plan.start().map_or_else(
                || settings.init.parameters(layout, settings.seed),
                Start::parameters,
            ),
            activation: settings.activation,
            output: settings.output,
        },
        optimizer: settings.optimizer(level),
        learning_rate: settings.learning_rate,
        objective: plan.objective(),
        recipe: settings.recipe((settings.epochs as u64).saturating_mul(count as u64)),
        batch,
        level,
    }
}

/// What standardises the training samples, and what the held-out ones.
pub(super) fn standardizers(plan: &Plan<'_>, split: &Split) -> (Standardizer, Standardizer) {
    let (settings, samples) = (plan.settings(), plan.data().train.samples);
    let scale = settings.scale;
    let standardizer = match plan.start() {
        Some(start) => start.standardizer().clone(),
        None => scale.standardizer(samples, &split.train),
    };
    let own = || scale.standardizer(plan.data().heldout().samples, &split.heldout);
    let heldout = heldout_standardizer(scale, settings.heldout_scale, &standardizer, own);
    (standardizer, heldout)
}
