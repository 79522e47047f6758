//! From a plan to what a run begins with.

use super::order::Order;
use super::plan::Plan;
use super::step::Setup;
use crate::data::{Split, Standardizer};
use crate::evaluate::heldout_standardizer;
use crate::input::Input;
use crate::model::Mlp;
use crate::scalar::Scalar;

/// What the network of a run begins with that sees the samples in this order.
pub(super) fn setup<T: Scalar>(plan: &Plan<'_>, order: &Order<'_, impl Input>) -> Setup<T> {
    let settings = plan.settings();
    let layout = plan.layout();
    let labels = plan.data().train.labels;
    let training = order.split().train.iter();
    let labels = training.map(|&index| labels[index as usize]);
    let level = plan.machine().level();
    Setup {
        mlp: Mlp {
            layout: layout.clone(),
            parameters: plan.start().map_or_else(
                || settings.init.parameters(layout, settings.seed),
                |start| start.parameters(layout),
            ),
            activation: settings.activation,
            output: settings.output,
        },
        optimizer: settings.optimizer(level),
        learning_rate: settings.learning_rate,
        objective: plan.objective(),
        recipe: settings.recipe((settings.epochs as u64).saturating_mul(order.count() as u64)),
        class_weights: settings.class_weight.of_classes(labels, layout.classes()),
        batch: order.largest_batch(),
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
