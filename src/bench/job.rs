//! What is timed on which machine, and the refusal of what cannot be timed.

use super::options::BenchOptions;
use super::rows::operations_per_image;
use super::scaling::uses_threads;
use super::subject::EPOCHS;
use crate::data::{Dataset, Images, held_out};
use crate::engine::EngineKind;
use crate::error::{Error, Result};
use crate::machine::Machine;
use crate::scalar::Dtype;
use crate::train::{Plan, TrainOptions};

/// Operations of an epoch's products below which it is refused: at the peak of a core they take some 0.1 ms, of which reading the clock,
/// waking threads and a single interrupt are no small part.
const LEAST_OPERATIONS: usize = 10_000_000;

/// Refuses what cannot be timed.
///
/// # Errors
/// [`Error::Setting`].
pub(super) fn check(options: &BenchOptions, dataset: &Dataset) -> Result<()> {
    let BenchOptions {
        subjects,
        epochs,
        job,
        ..
    } = options;
    if *epochs == 0 {
        return refuse("epochs", "expected at least 1, found 0".to_owned());
    }
    if subjects.is_empty() {
        let reason = "expected an engine and a type that it computes in, found none";
        return refuse("engine", reason.to_owned());
    }
    job.validate()?;
    let images = &dataset.train.images;
    let layout = job
        .layout(images.pixels_per_image(), dataset.classes.len())
        .map_err(|error| of_images(error, images))?;
    let training = images.count() - held_out(images.count() as u32, job.holdout);
    let operations = training.saturating_mul(operations_per_image(&layout, true));
    if operations >= LEAST_OPERATIONS {
        return Ok(());
    }
    let millions = |operations: usize| operations as f64 / 1e6;
    let plural = if training == 1 { "" } else { "s" };
    refuse(
        "data",
        format!(
            "expected an epoch of at least {:.0} million operations, since a shorter one cannot be timed, \
             found {:.2} million, from {training} training image{plural}: give more images or a wider network (--hidden)",
            millions(LEAST_OPERATIONS),
            millions(operations)
        ),
    )
}

/// The same refusal, with the size of the images: a network that is given by a preset can be too large for no other reason.
fn of_images(error: Error, images: &Images) -> Error {
    let (rows, columns) = images.shape();
    match error {
        Error::Setting { setting, reason } => Error::Setting {
            setting,
            reason: format!("{reason}, for images of {rows} x {columns} pixels"),
        },
        error => error,
    }
}

/// The plans of each engine in each type, on every machine that it can use.
///
/// # Errors
/// Those of [`Plan::new`], and [`Error::Memory`] where there is no room for the operands of the products beside a training.
pub(super) fn plans<'a>(
    options: &BenchOptions,
    dataset: &'a Dataset,
    machines: &'a [Machine],
) -> Result<Vec<Vec<Plan<'a>>>> {
    let plans = |&(engine, dtype): &(EngineKind, Dtype)| {
        let settings = TrainOptions {
            engine,
            dtype,
            epochs: EPOCHS,
            ..options.job.clone()
        };
        let usable = if uses_threads(engine) {
            machines.len()
        } else {
            1
        };
        machines[..usable]
            .iter()
            .map(|machine| Plan::new(&settings, dataset, machine))
            .collect()
    };
    let plans: Vec<Vec<Plan<'a>>> = options.subjects.iter().map(plans).collect::<Result<_>>()?;
    check_memory(&plans, machines.last().expect("one at least"))?;
    Ok(plans)
}

/// Operands of the products are kept throughout, while others train.
fn check_memory(plans: &[Vec<Plan<'_>>], machine: &Machine) -> Result<()> {
    let plans = || plans.iter().filter_map(|plans| plans.first());
    let kept: u64 = plans()
        .filter(|plan| uses_threads(plan.settings().engine))
        .map(operand_bytes)
        .fold(0, u64::saturating_add);
    // Parameters, gradient and velocity.
    let training =
        plans().map(|plan| 3 * (plan.layout().parameters() * plan.settings().dtype.bytes()) as u64);
    let needed = kept.saturating_add(training.max().unwrap_or(0));
    machine.check_memory(needed, || {
        (
            format!("the operands of all engines' products ({} MB) beside a training", kept >> 20),
            "fewer --hidden units, smaller mini-batches (--batch-size) or fewer engines (--engine, --dtype)",
        )
    })
}

/// Bytes of a mini-batch's pixels, weights and their gradient, weighted sums and deltas of the first layer. Packed pixels and rounded
/// weights take less than numbers do.
fn operand_bytes(plan: &Plan<'_>) -> u64 {
    let layer = &plan.layout().layers()[0];
    let batch = plan.mini_batches().largest(plan.training_samples()) as u64;
    let (inputs, outputs) = (layer.inputs as u64, layer.outputs as u64);
    let pixels = batch.saturating_mul(inputs);
    let weights = 2 * inputs * outputs;
    let units = (2 * batch).saturating_mul(outputs);
    pixels
        .saturating_add(weights)
        .saturating_add(units)
        .saturating_mul(plan.settings().dtype.bytes() as u64)
}

fn refuse<T>(setting: &'static str, reason: String) -> Result<T> {
    Err(Error::Setting { setting, reason })
}
