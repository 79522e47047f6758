//! A job of training, timed: the engines side by side in one run, beside what the machine allows.
//!
//! Everything is measured in rounds, and in each round every subject runs once: a machine that is shared and changes its
//! clock is then unfair to all alike. What is reported is the median of the rounds and how far they lie apart, and where that or a
//! share of a peak makes figures doubtful, a warning says so. The yardsticks are two: the
//! multiply-adds that the cores do when nothing else is asked of them (the module `peaks`), in `f32` and in integers, and the two
//! products of the first layer alone, staged beforehand, at the best chunking (the module `products`). Where the rest of a step's
//! time goes is measured afterwards, in epochs of their own (the module `parts`).

mod job;
mod kept;
mod operands;
mod options;
mod parts;
mod peaks;
mod products;
mod rows;
mod scaling;
mod spread;
mod subject;
mod warnings;

use std::time::Instant;

use serde::Serialize;

use crate::data::Dataset;
use crate::engine::{EngineKind, blas};
use crate::error::Result;
use crate::train::Plan;

pub use options::BenchOptions;
pub use parts::Parts;
pub use rows::Row;

use operands::Operands;
use peaks::Peaks;
use rows::{Job, rows};
use subject::Subject;

/// All figures of one run of the bench.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The preset that the settings which were not given come from.
    pub preset: &'static str,
    /// Pixels, the units of each hidden layer, and classes.
    pub network: Vec<usize>,
    /// Training images.
    pub images: usize,
    /// Images of a mini-batch; of the largest, where they differ.
    pub batch: usize,
    /// Mini-batches of an epoch.
    pub batches: usize,
    /// Whether every epoch takes the images in an order of its own.
    pub shuffle: bool,
    /// Rounds.
    pub rounds: usize,
    /// The instructions that kernels used.
    pub level: &'static str,
    /// The library that products went through.
    pub blas: blas::Library,
    /// Measured `f32` peak of one core, in 10⁹ floating-point operations a second.
    pub peak_gflops_per_core: f64,
    /// Measured peak of one core in the instructions that integer products are made of, in 10⁹ operations a second.
    pub integer_peak_gops_per_core: f64,
    /// A row a subject.
    pub rows: Vec<Row>,
    /// Where the time goes, of each subject that trains.
    pub parts: Vec<Parts>,
    /// Why figures are doubtful: shares above 100 % of a measured peak, rounds that lie far apart.
    pub warnings: Vec<String>,
}

/// Rounds at most in which the parts of a step are timed.
const TIMED: usize = 5;

/// Times a job on `dataset`.
///
/// # Errors
/// [`Error::Setting`](crate::error::Error::Setting) for what cannot be meant and for a job too small to be timed,
/// [`Error::Threads`](crate::error::Error::Threads) and [`Error::Memory`](crate::error::Error::Memory) for what the machine has not,
/// and [`Error::Diverged`](crate::error::Error::Diverged) where the job's two epochs on this data set leave the finite numbers.
pub fn run(
    dataset: &Dataset,
    options: &BenchOptions,
    progress: &mut dyn FnMut(&str),
) -> Result<Report> {
    job::check(options, dataset)?;
    let machines = scaling::machines(options)?;
    let level = machines[0].level();
    let plans = job::plans(options, dataset, &machines)?;
    let plan = plans[0][0].clone();
    let is_blas = |plan: &Plan<'_>| plan.settings().engine == EngineKind::Blas;
    let times_blas = plans.iter().flatten().any(is_blas);
    progress("measuring the peak");
    let mut peaks = Peaks::default();
    peaks.measure(level);
    let mut subjects = subjects(plans, progress);
    for round in 0..options.epochs {
        progress(&format!("round {} of {}", round + 1, options.epochs));
        for subject in subjects
            .iter_mut()
            .filter(|subject| round % subject.every == 0)
        {
            let epoch = (subject.epoch)(None)?;
            subject.seconds.push(epoch.seconds);
            subject.kept = epoch.kept;
        }
        peaks.measure(level);
    }
    progress("timing the parts of a step");
    let parts = parts(&mut subjects, options.epochs.min(TIMED))?;
    let images = plan.training_samples();
    let batches = plan.mini_batches();
    let job = Job {
        layout: plan.layout(),
        images,
        peak: peaks.floating_point(),
        integer_peak: peaks.integer(),
        level,
    };
    let rows = rows(&subjects, &job);
    let mut warnings = warnings::warnings(&rows);
    let blas = blas::library();
    if times_blas {
        warnings.extend(blas.complaint(level).map(str::to_owned));
    }
    Ok(Report {
        preset: options.job.preset.name(),
        network: plan.layout().widths(),
        images,
        batch: batches.largest(images),
        batches: batches.count(images),
        shuffle: options.job.shuffle,
        rounds: options.epochs,
        level: level.name(),
        blas,
        peak_gflops_per_core: job.peak,
        integer_peak_gops_per_core: job.integer_peak,
        warnings,
        rows,
        parts,
    })
}

/// Of each plan the training and, where its engine has products of its own, these alone. Engines in one type share their operands,
/// however many threads they have.
fn subjects<'a>(plans: Vec<Vec<Plan<'a>>>, progress: &mut dyn FnMut(&str)) -> Vec<Subject<'a>> {
    let mut subjects = Vec::new();
    for plans in plans {
        let settings = plans[0].settings();
        let operands = scaling::uses_threads(settings.engine).then(|| {
            let (engine, dtype) = (settings.engine.name(), settings.dtype.name());
            progress(&format!("preparing the products: {engine} {dtype}"));
            Operands::of(&plans[0])
        });
        for plan in plans {
            let products = operands.as_ref().map(|operands| operands.subject(&plan));
            subjects.push(Subject::training(plan));
            subjects.extend(products);
        }
    }
    subjects
}

/// Where the time goes of each subject that trains, from so many rounds apart from the others: they pay for reading the clock.
fn parts(subjects: &mut [Subject<'_>], rounds: usize) -> Result<Vec<Parts>> {
    let mut trained: Vec<_> = subjects
        .iter_mut()
        .filter(|subject| !subject.products)
        .map(|subject| (subject, Vec::new()))
        .collect();
    for round in 0..rounds {
        for (subject, epochs) in &mut trained {
            if round % subject.every == 0 {
                epochs.push((subject.epoch)(Some(Instant::now))?);
            }
        }
    }
    let parts = trained
        .into_iter()
        .map(|(subject, epochs)| {
            let Subject {
                kind,
                dtype,
                threads,
                ..
            } = *subject;
            Parts::of(kind.name(), dtype.name(), threads, epochs)
        })
        .collect();
    Ok(parts)
}
