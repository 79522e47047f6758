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

use std::time::Instant;

use serde::Serialize;

use crate::data::{Dataset, Standardizer, split};
use crate::engine::fixed::Outlines;
use crate::engine::stopwatch::Clock;
use crate::engine::workspace::PixelScale;
use crate::engine::{EngineKind, blas};
use crate::error::Result;
use crate::kernels::{Level, peak};
use crate::model::{Layout, Mlp};
use crate::parallel::Threads;
use crate::scalar::{Dtype, Scalar};
use crate::train::optimizer::Sgd;
use crate::train::step::Trainer;
use crate::train::{self, TrainOptions};

pub use parts::Parts;
pub use rows::Row;

use parts::Epoch;
use products::{IntegerProducts, Products};
use rows::{median, rows};

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

/// Something that can run an epoch over and over.
struct Subject<'a> {
    kind: EngineKind,
    /// Whether it is but the first layer's two products, as this engine computes them.
    products: bool,
    dtype: Dtype,
    threads: usize,
    /// Runs in rounds whose number it divides: slow ones less often.
    every: usize,
    /// Runs an epoch, its parts timed by that clock.
    epoch: Box<dyn FnMut(Option<Clock>) -> Epoch + 'a>,
    seconds: Vec<f64>,
    /// Of products in integers, the last epoch's [`parts::kept`].
    kept: Option<[f64; 2]>,
}

/// Rounds between two epochs of the naive engine, which takes as long as forty of the others.
const NAIVE_EVERY: usize = 5;
/// Rounds at most in which the parts of a step are timed.
const TIMED: usize = 5;

/// Times the article's job on `dataset`.
///
/// # Errors
/// [`crate::error::Error::Threads`] and [`crate::error::Error::Setting`] for the thread count.
#[expect(clippy::too_many_lines)]
pub fn run(
    dataset: &Dataset,
    options: &BenchOptions,
    progress: &mut dyn FnMut(&str),
) -> Result<Report> {
    let settings = TrainOptions::default();
    let split = split(
        dataset.train.labels.len() as u32,
        settings.holdout,
        settings.seed,
    );
    let standardizer = Standardizer::fit(&dataset.train.images, &split.train);
    let job = Job {
        dataset,
        settings: &settings,
        standardizer: &standardizer,
        order: &split.train,
    };
    let cut = settings.cut();
    let batch = cut.largest(split.train.len());

    let many = Threads::new(options.threads, EngineKind::Blas)?;
    let one = Threads::new(1, EngineKind::Blas)?;
    let pools: Vec<&Threads> = if many.count() > 1 {
        vec![&one, &many]
    } else {
        vec![&one]
    };
    progress("measuring the peak");
    let mut peaks = vec![peak_gflops_per_core()];
    let mut integer_peaks = vec![integer_peak_gops_per_core()];

    let mut subjects = Vec::new();
    for &(kind, dtype) in &options.subjects {
        let pools = if kind == EngineKind::Naive {
            &pools[..1]
        } else {
            &pools[..]
        };
        for pool in pools {
            subjects.push(match dtype {
                Dtype::F32 => job.subject::<f32>(kind, pool),
                Dtype::F64 => job.subject::<f64>(kind, pool),
            });
            if kind != EngineKind::Naive {
                progress(&format!(
                    "preparing the products: {} {}, {} threads",
                    kind.name(),
                    dtype.name(),
                    pool.count()
                ));
                subjects.push(match (kind, dtype) {
                    (EngineKind::Fixed, _) => job.integer_products(pool, batch),
                    (_, Dtype::F32) => job.products::<f32>(pool, batch),
                    (_, Dtype::F64) => job.products::<f64>(pool, batch),
                });
            }
        }
    }
    for round in 0..options.epochs {
        progress(&format!("round {} of {}", round + 1, options.epochs));
        for subject in subjects
            .iter_mut()
            .filter(|subject| round % subject.every == 0)
        {
            let epoch = (subject.epoch)(None);
            subject.seconds.push(epoch.seconds);
            subject.kept = epoch.kept;
        }
        peaks.push(peak_gflops_per_core());
        integer_peaks.push(integer_peak_gops_per_core());
    }
    progress("timing the parts of a step");
    let parts = parts(&mut subjects, options.epochs.min(TIMED));
    let peak = median(&mut peaks);
    let integer_peak = median(&mut integer_peaks);
    let images = split.train.len();
    let layout = job.layout(dataset);
    Ok(Report {
        images,
        batch,
        rounds: options.epochs,
        level: Level::detect().name(),
        blas: blas::library(),
        peak_gflops_per_core: peak,
        integer_peak_gops_per_core: integer_peak,
        rows: rows(subjects, &layout, images, peak, integer_peak),
        parts,
    })
}

/// Where the time goes of each subject that trains, from so many rounds apart from the others: they pay for reading the clock.
fn parts(subjects: &mut [Subject<'_>], rounds: usize) -> Vec<Parts> {
    let mut trained: Vec<_> = subjects
        .iter_mut()
        .filter(|subject| !subject.products)
        .map(|subject| (subject, Vec::new()))
        .collect();
    for round in 0..rounds {
        for (subject, epochs) in &mut trained {
            if round % subject.every == 0 {
                epochs.push((subject.epoch)(Some(Instant::now)));
            }
        }
    }
    trained
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
        .collect()
}

/// The article's job on one data set.
struct Job<'a> {
    dataset: &'a Dataset,
    settings: &'a TrainOptions,
    standardizer: &'a Standardizer,
    order: &'a [u32],
}

impl<'a> Job<'a> {
    fn layout(&self, dataset: &Dataset) -> Layout {
        let (pixels, classes) = (
            dataset.train.images.pixels_per_image(),
            dataset.classes.len(),
        );
        self.settings
            .layout(pixels, classes)
            .expect("the article's network is small")
    }

    /// An engine that trains epoch after epoch.
    fn subject<T: Scalar>(&self, kind: EngineKind, threads: &'a Threads) -> Subject<'a> {
        let Job {
            dataset,
            settings,
            order,
            ..
        } = *self;
        let layout = self.layout(dataset);
        let parameters = settings.init.parameters(&layout, settings.seed);
        let mut mlp = Mlp {
            layout,
            parameters,
            activation: settings.activation,
            output: settings.output,
        };
        let scale = PixelScale::<T>::new(self.standardizer, dataset.train.images.shape(), kind);
        let cut = settings.cut();
        let objective = train::objective(settings);
        let optimizer = Sgd {
            learning_rate: T::of(settings.learning_rate),
            momentum: T::zero(),
            level: Level::detect(),
        };
        let batch = cut.largest(order.len());
        let pixels = dataset.train.images.pixels_per_image();
        let mut order = order.to_vec();
        if kind == EngineKind::Fixed {
            train::arrange(
                Some(&mut Outlines::new(&dataset.train.images)),
                cut,
                &mut order,
            );
        }
        let ordered = dataset.train.gathered(&order);
        let places: Vec<u32> = (0..order.len() as u32).collect();
        let epoch = move |clock: Option<Clock>| {
            let (engine, data) = (kind.engine(), &ordered);
            let start = mlp.clone();
            threads.run(|| {
                let mut trainer =
                    Trainer::new(engine, &optimizer, objective, data, &scale, start, batch);
                let batch = |batch| &places[cut.range(order.len(), batch)];
                let batches = 0..cut.count(order.len());
                trainer.keep_packed(batches.clone().map(batch));
                let epoch = |trainer: &mut Trainer<'_, T>| {
                    let clock = Instant::now();
                    for number in batches.clone() {
                        trainer.step_on(number, batch(number));
                    }
                    clock.elapsed().as_secs_f64()
                };
                // The first one finds memory as the other subjects left it; a run has hundreds that do not.
                epoch(&mut trainer);
                trainer.workspace.time(clock);
                let seconds = epoch(&mut trainer);
                mlp.clone_from(&trainer.mlp);
                Epoch {
                    seconds,
                    spent: trainer.workspace.spent(),
                    kept: parts::kept(trainer.packed(), order.len(), pixels),
                }
            })
        };
        Subject {
            kind,
            products: false,
            dtype: T::DTYPE,
            threads: threads.count(),
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

    /// The two products of the first layer alone, through BLAS at their best chunking.
    fn products<T: Scalar>(&self, threads: &'a Threads, batch: usize) -> Subject<'a> {
        let layout = self.layout(self.dataset);
        let layer = &layout.layers()[0];
        let mut products = threads.run(|| Products::<T>::best(layer.outputs, layer.inputs, batch));
        let run = move || products.run();
        self.repeated(EngineKind::Blas, T::DTYPE, threads, None, run)
    }

    /// The two products of the first layer alone, in integers.
    fn integer_products(&self, threads: &'a Threads, batch: usize) -> Subject<'a> {
        let layout = self.layout(self.dataset);
        let images = &self.dataset.train.images;
        let units = layout.layers()[0].outputs;
        let mut places = self.order[..batch].to_vec();
        Outlines::new(images).arrange(&mut places, std::iter::once(0..batch));
        let mut products =
            threads.run(|| IntegerProducts::new(self.standardizer, images, &places, units));
        let kept = products.kept();
        let run = move || products.run();
        self.repeated(EngineKind::Fixed, Dtype::F32, threads, kept, run)
    }

    /// A batch's products, as many times as an epoch has batches.
    #[expect(clippy::too_many_arguments)]
    fn repeated(
        &self,
        kind: EngineKind,
        dtype: Dtype,
        threads: &'a Threads,
        kept: Option<[f64; 2]>,
        mut products: impl FnMut() + Send + 'a,
    ) -> Subject<'a> {
        let batches = self.settings.cut().count(self.order.len());
        Subject {
            kind,
            products: true,
            dtype,
            threads: threads.count(),
            every: 1,
            epoch: Box::new(move |_| {
                let seconds = threads.run(|| {
                    let clock = Instant::now();
                    (0..batches).for_each(|_| products());
                    clock.elapsed().as_secs_f64()
                });
                Epoch {
                    seconds,
                    kept,
                    ..Epoch::default()
                }
            }),
            seconds: Vec::new(),
            kept: None,
        }
    }
}

/// The integer peak of this core, over some 20 ms.
fn integer_peak_gops_per_core() -> f64 {
    const ROUNDS: u32 = 4_000_000;
    let start = Instant::now();
    let (operations, sum) =
        peak::integer_multiply_adds(Level::detect(), std::hint::black_box(ROUNDS));
    std::hint::black_box(sum); // as below
    let seconds = start.elapsed().as_secs_f64();
    operations as f64 / seconds / 1e9
}

/// The `f32` peak of this core, over some 20 ms.
fn peak_gflops_per_core() -> f64 {
    const ROUNDS: u32 = 8_000_000;
    let start = Instant::now();
    let (operations, sum) = peak::f32_multiply_adds(Level::detect(), std::hint::black_box(ROUNDS));
    std::hint::black_box(sum); // before the clock is read again: the loop may not move behind it
    let seconds = start.elapsed().as_secs_f64();
    operations as f64 / seconds / 1e9
}
