//! The article's job, timed: the engines side by side in one run, beside what the machine allows.
//!
//! Everything is measured in rounds, and in each round every subject runs once: a machine that is shared and changes its
//! clock is then unfair to all alike. What is reported is the median of the rounds. The yardsticks are two: the
//! multiply-adds that the cores do when nothing else is asked of them ([`peak`]), in `f32` and in integers, and the two
//! products of the first layer alone, staged beforehand, at the best chunking (the module `products`). Where the rest of a step's
//! time goes is measured afterwards, in epochs of their own (the module `parts`).

mod parts;
mod products;
mod rows;
mod subject;

use std::time::Instant;

use serde::Serialize;

use crate::data::{Dataset, Images, Standardizer, held_out};
use crate::engine::{EngineKind, blas};
use crate::error::{Error, Result};
use crate::input::packed::{Float, Outlines};
use crate::input::{Input, Packed, Staged};
use crate::kernels::{Level, peak};
use crate::machine::Machine;
use crate::model::Layer;
use crate::network::stopwatch::Clock;
use crate::scalar::{Dtype, Scalar};
use crate::train::{Arithmetic, Plan, TrainOptions, Trainer};

pub use parts::Parts;
pub use rows::Row;

use products::{IntegerProducts, Products};
use rows::{Job, median, rows};
use subject::{Epoch, Subject};

/// What to time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BenchOptions {
    /// Engines, each in each of its types.
    pub subjects: Vec<(EngineKind, Dtype)>,
    /// Rounds; in each, every subject trains one epoch.
    pub epochs: usize,
    /// Threads of the engines that can use them (0: one for each core); such an engine is timed with one thread too.
    pub threads: usize,
}

/// All figures of one run of the bench.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Training images.
    pub images: usize,
    /// Images of a mini-batch.
    pub batch: usize,
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
}

/// Rounds between two epochs of the naive engine, which takes as long as forty of the others.
const NAIVE_EVERY: usize = 5;
/// Rounds at most in which the parts of a step are timed.
const TIMED: usize = 5;

/// Times the article's job on `dataset`.
///
/// # Errors
/// [`crate::error::Error::Threads`] and [`crate::error::Error::Setting`] for the thread count, and
/// [`crate::error::Error::Diverged`] where the job's two epochs on this data set leave the finite numbers.
pub fn run(
    dataset: &Dataset,
    options: &BenchOptions,
    progress: &mut dyn FnMut(&str),
) -> Result<Report> {
    let many = Machine::new(options.threads)?;
    let one = Machine::new(1)?;
    let level = many.level();
    progress("measuring the peak");
    let mut peaks = Peaks::default();
    peaks.measure(level);
    let mut subjects = Vec::new();
    for &(kind, dtype) in &options.subjects {
        let machines = if kind == EngineKind::Naive || many.threads() == 1 {
            vec![&one]
        } else {
            vec![&one, &many]
        };
        for machine in machines {
            let settings = TrainOptions {
                engine: kind,
                dtype,
                ..job_on(dataset)
            };
            let plan = plan(&settings, dataset, machine)?;
            if kind != EngineKind::Naive {
                progress(&format!(
                    "preparing the products: {} {}, {} threads",
                    kind.name(),
                    dtype.name(),
                    machine.threads()
                ));
            }
            let products = (kind != EngineKind::Naive).then(|| products_alone(&plan));
            subjects.push(training(plan));
            subjects.extend(products);
        }
    }
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
    let plan = plan(&job_on(dataset), dataset, &one)?;
    let images = plan.training_samples();
    let job = Job {
        layout: plan.layout(),
        images,
        peak: median(&mut peaks.floating_point),
        integer_peak: median(&mut peaks.integer),
        level,
    };
    Ok(Report {
        images,
        batch: plan.mini_batches().largest(images),
        rounds: options.epochs,
        level: level.name(),
        blas: blas::library(),
        peak_gflops_per_core: job.peak,
        integer_peak_gops_per_core: job.integer_peak,
        rows: rows(subjects, &job),
        parts,
    })
}

/// The article's job, with fewer mini-batches where there are fewer images than these, and with nothing held out where that would be
/// all of them.
fn job_on(dataset: &Dataset) -> TrainOptions {
    let article = TrainOptions::default();
    let images = dataset.train.images.count();
    let training = images - held_out(images as u32, article.holdout);
    TrainOptions {
        batches: article.batches.map(|batches| batches.min(training.max(1))),
        holdout: if training == 0 { 0.0 } else { article.holdout },
        ..article
    }
}

/// The plan of the job, whose one setting that depends on the images is not the user's: where its network would be too large, they are.
fn plan<'a>(
    settings: &TrainOptions,
    dataset: &'a Dataset,
    machine: &'a Machine,
) -> Result<Plan<'a>> {
    let images = &dataset.train.images;
    Plan::new(settings, dataset, machine).map_err(|error| match error {
        Error::Setting {
            setting: "hidden", ..
        } => Error::Mismatch {
            path: images.path().to_owned(),
            expected: "images that are small enough for the article's network".to_owned(),
            found: format!("{} x {} pixels", images.rows(), images.columns()),
        },
        error => error,
    })
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

/// A subject that trains epoch after epoch.
fn training(plan: Plan<'_>) -> Subject<'_> {
    let settings = plan.settings();
    let (kind, dtype, threads) = (settings.engine, settings.dtype, plan.machine().threads());
    let epoch = move |clock: Option<Clock>| {
        plan.machine().run(|| match plan.arithmetic() {
            Arithmetic::F32 => epoch(&mut Trainer::<Staged<f32>>::staged(&plan), clock),
            Arithmetic::F64 => epoch(&mut Trainer::<Staged<f64>>::staged(&plan), clock),
            Arithmetic::Panels(images) => {
                let mut trainer = Trainer::<Packed<Float>>::packed(&plan, images);
                let epoch = epoch(&mut trainer, clock)?;
                let (count, pixels) = (plan.training_samples(), images.pixels_per_image());
                Ok(Epoch {
                    kept: parts::kept(trainer.order().kept(), count, pixels),
                    ..epoch
                })
            }
            Arithmetic::Integers(images) => {
                let mut trainer = Trainer::<Packed>::packed(&plan, images);
                let epoch = epoch(&mut trainer, clock)?;
                let (count, pixels) = (plan.training_samples(), images.pixels_per_image());
                Ok(Epoch {
                    kept: parts::kept(trainer.order().kept(), count, pixels),
                    ..epoch
                })
            }
        })
    };
    Subject {
        kind,
        products: false,
        dtype,
        threads,
        every: if kind == EngineKind::Naive {
            NAIVE_EVERY
        } else {
            1
        },
        epoch: Box::new(epoch),
        seconds: Vec::new(),
        kept: None,
    }
}

/// The second of two epochs: the first one finds memory as the other subjects left it, and a run has hundreds that do not.
fn epoch<D: Input>(trainer: &mut Trainer<'_, D>, clock: Option<Clock>) -> Result<Epoch> {
    let mut seconds = 0.0;
    for time in [None, clock] {
        trainer.stepper_mut().memory.time(time);
        let start = Instant::now();
        for batch in 0..trainer.batches() {
            let loss = trainer.forward_and_backward(batch);
            trainer.gradient_and_update(batch, loss)?;
        }
        seconds = start.elapsed().as_secs_f64();
    }
    Ok(Epoch {
        seconds,
        spent: trainer.stepper_mut().memory.spent(),
        kept: None,
    })
}

/// The two products of the first layer alone, as the plan's engine computes them: a mini-batch's, as many times as an epoch has
/// mini-batches.
fn products_alone<'a>(plan: &Plan<'a>) -> Subject<'a> {
    let (machine, samples) = (plan.machine(), plan.training_samples());
    let batches = plan.mini_batches();
    let layer = &plan.layout().layers()[0];
    let batch = batches.largest(samples);
    let (run, kept): (Box<dyn FnMut() + Send + 'a>, _) = match plan.arithmetic() {
        Arithmetic::F32 => (staged_products::<f32>(machine, layer, batch), None),
        Arithmetic::F64 => (staged_products::<f64>(machine, layer, batch), None),
        Arithmetic::Panels(images) | Arithmetic::Integers(images) => {
            integer_products(plan, images, batch)
        }
    };
    let mut run = run;
    let count = batches.count(samples);
    Subject {
        kind: plan.settings().engine,
        products: true,
        dtype: plan.settings().dtype,
        threads: machine.threads(),
        every: 1,
        epoch: Box::new(move |_| {
            let seconds = machine.run(|| {
                let start = Instant::now();
                (0..count).for_each(|_| run());
                start.elapsed().as_secs_f64()
            });
            Ok(Epoch {
                seconds,
                kept,
                ..Epoch::default()
            })
        }),
        seconds: Vec::new(),
        kept: None,
    }
}

/// Both products through BLAS at their best chunking.
fn staged_products<T: Scalar>(
    machine: &Machine,
    layer: &Layer,
    batch: usize,
) -> Box<dyn FnMut() + Send> {
    let mut products = machine.run(|| Products::<T>::best(layer.outputs, layer.inputs, batch));
    Box::new(move || products.run())
}

/// Both products in integers, and the shares of the pixels that they multiply.
fn integer_products<'a>(
    plan: &Plan<'a>,
    images: &'a Images,
    batch: usize,
) -> (Box<dyn FnMut() + Send + 'a>, Option<[f64; 2]>) {
    let settings = plan.settings();
    let split = crate::data::split(images.count() as u32, settings.holdout, settings.seed);
    let standardizer = Standardizer::fit(images, &split.train);
    let mut indices = split.train[..batch].to_vec();
    Outlines::new(images).arrange(&mut indices, std::iter::once(0..batch));
    let mut products = plan
        .machine()
        .run(|| IntegerProducts::new(plan, &standardizer, images, &indices));
    let kept = products.kept();
    (Box::new(move || products.run()), kept)
}

/// The peaks of one core, measured again and again, each over some 20 ms.
#[derive(Default)]
struct Peaks {
    /// In 10⁹ floating-point operations a second.
    floating_point: Vec<f64>,
    /// In 10⁹ integer operations a second.
    integer: Vec<f64>,
}

impl Peaks {
    fn measure(&mut self, level: Level) {
        const ROUNDS: u32 = 8_000_000;
        const INTEGER_ROUNDS: u32 = 4_000_000;
        self.floating_point.push(timed(|| {
            peak::f32_multiply_adds(level, std::hint::black_box(ROUNDS))
        }));
        self.integer.push(timed(|| {
            peak::integer_multiply_adds(level, std::hint::black_box(INTEGER_ROUNDS))
        }));
    }
}

/// In 10⁹ operations a second, what `work` does; it returns how many they are, and a sum that keeps them from being left out.
fn timed<S>(work: impl FnOnce() -> (u64, S)) -> f64 {
    let start = Instant::now();
    let (operations, sum) = work();
    std::hint::black_box(sum); // before the clock is read again: the loop may not move behind it
    operations as f64 / start.elapsed().as_secs_f64() / 1e9
}
