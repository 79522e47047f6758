//! The training loop: epoch, batch, step, evaluation, record.
//!
//! [`train`] shows these in order. What a step computes is in [`step`], what it descends on in [`loss`], how a parameter moves in
//! [`optimizer`]. The loop asks of engines only how they keep the pixels, reads no clock and prints nothing: who wants to
//! see it working hands in an [`Observer`].

pub mod calibration;
pub mod evaluation;
pub mod loss;
pub mod metrics;
pub mod optimizer;
mod options;
pub mod step;

pub use options::{L1Form, Preset, Reduction, Size, TrainOptions};

use crate::data::batches::Batches;
use crate::data::{Dataset, Labelled, Split, Standardizer, held_out, split};
use crate::engine::workspace::{self, PixelScale, Workspace};
use crate::engine::{Engine, EngineKind};
use crate::error::{Error, Result};
use crate::input::packed::{Outlines, PackedBatch};
use crate::kernels::{Level, Tiles};
use crate::model::{HeldoutScale, Layout, Mlp, Model, ModelInfo, Scale};
use crate::parallel;
use crate::rng::{Purpose, Stream};
use crate::scalar::Scalar;

use metrics::Evaluator;
use optimizer::Sgd;
use step::{Objective, Regularizer, Trainer};

/// The accuracies of one evaluation, in 0..=1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Accuracies {
    /// On the training images; none if there are none.
    pub train: Option<f64>,
    /// On the held-out images; none if none are held out.
    pub heldout: Option<f64>,
}

/// Watches a run. Every method may do nothing; an error stops the run.
pub trait Observer: Send {
    /// The data's figures are known, and the first epoch is about to begin.
    fn prepared(&mut self) {}

    /// An epoch's last step is done.
    ///
    /// # Errors
    /// Whatever the observer's work met.
    fn trained(&mut self, _epoch: usize, _error: f64) -> Result<()> {
        Ok(())
    }

    /// The epoch is over: evaluated, or not because that was not asked for.
    ///
    /// # Errors
    /// Whatever the observer's work met.
    fn ended(&mut self, epoch: usize, error: f64, accuracies: Option<Accuracies>) -> Result<()>;
}

/// What a run leaves.
#[derive(Clone, Debug)]
pub struct Outcome<T> {
    /// The trained network with what it needs to predict.
    pub model: Model<T>,
    /// The last epoch's error.
    pub error: f64,
    /// The last evaluation.
    pub accuracies: Accuracies,
    /// Accuracy on the official test images, scaled by the training figures; none where there are none.
    pub test_accuracy: Option<f64>,
    /// Images that it was trained on.
    pub training_images: usize,
}

/// Trains a network. Call it within [`crate::parallel::Threads::run`].
///
/// # Errors
/// [`Error::Setting`] for settings that cannot be meant or do not fit the data, [`Error::Diverged`] when the error or a
/// parameter is not finite any more, and what `observer` returns.
pub fn train<T: Scalar>(
    dataset: &Dataset,
    options: &TrainOptions,
    observer: &mut dyn Observer,
) -> Result<Outcome<T>> {
    let kind = options.engine.resolve(T::DTYPE);
    let engine: &dyn Engine<T> = kind.engine();
    let layout = check(dataset, options)?;
    let data = &dataset.train;
    let Split {
        train: mut order,
        heldout,
    } = split(data.labels.len() as u32, options.holdout, options.seed);
    let cut = options.cut();
    let parameters = options.init.parameters(&layout, options.seed);
    let mlp = Mlp {
        layout,
        parameters,
        activation: options.activation,
        output: options.output,
    };

    let scales = Scales::<T>::new(dataset, options, &order, &heldout);
    let in_order = in_order(data, &order, options, kind);
    let (data_in_order, in_split_order) = match &in_order {
        Some(copy) => {
            order = (0..order.len() as u32).collect();
            (copy, order.clone())
        }
        None => (data, order.clone()),
    };
    let optimizer = Sgd {
        learning_rate: T::of(options.learning_rate),
        momentum: T::of(options.momentum),
        level: Level::detect(),
    };
    let objective = objective(options);
    let batch = cut.largest(order.len());
    let mut trainer = Trainer::new(
        engine,
        &optimizer,
        objective,
        data_in_order,
        &scales.train,
        mlp,
        batch,
    );
    let mut accuracies = Accuracies {
        train: None,
        heldout: None,
    };
    let mut error = f64::NAN;

    let mut outlines = (kind == EngineKind::Fixed).then(|| Outlines::new(&data.images));
    arrange(outlines.as_mut(), cut, &mut order);
    if packs_for_good(options, kind, data.images.shape(), order.len()) {
        let batches = 0..cut.count(order.len());
        trainer.keep_packed(batches.map(|batch| &order[cut.range(order.len(), batch)]));
    }
    observer.prepared();
    for epoch in 0..options.epochs {
        if options.shuffle {
            order.copy_from_slice(&in_split_order);
            Stream::new(options.seed, Purpose::Shuffle, epoch as u64).shuffle(&mut order);
            arrange(outlines.as_mut(), cut, &mut order);
        }
        let batches = cut.count(order.len());
        let mut sum = 0.0;
        for batch in 0..batches {
            let error = trainer.step_on(batch, &order[cut.range(order.len(), batch)]);
            check_finite("error", error, epoch, batch, trainer.steps() - 1, options)?;
            sum += error;
        }
        error = sum / batches as f64;
        observer.trained(epoch, error)?;
        let evaluation = options.evaluates_after(epoch).then(|| {
            let Trainer { mlp, workspace, .. } = &mut trainer;
            let mut on = |data, places: &[u32], scale| {
                Evaluator {
                    engine,
                    mlp,
                    scale,
                    workspace,
                }
                .accuracy(data, places)
            };
            Accuracies {
                train: on(data_in_order, &in_split_order, &scales.train),
                heldout: on(data, &heldout, &scales.heldout),
            }
        });
        accuracies = evaluation.unwrap_or(accuracies);
        observer.ended(epoch, error, evaluation)?;
    }
    let Trainer { mlp, .. } = trainer;
    if let Some(&wrong) = mlp
        .parameters
        .iter()
        .find(|parameter| !parameter.is_finite())
    {
        let last = cut.count(order.len()) - 1;
        let steps = (options.epochs * (last + 1)) as u64;
        check_finite(
            "parameters",
            wrong.wide(),
            options.epochs - 1,
            last,
            steps - 1,
            options,
        )?;
    }
    let test_accuracy = dataset.test.as_ref().and_then(|test| {
        let places: Vec<u32> = (0..test.labels.len() as u32).collect();
        let scale = PixelScale::new(
            &scales.standardizer,
            test.images.shape(),
            EngineKind::ANSWERS,
        );
        Evaluator {
            engine: EngineKind::ANSWERS.engine(),
            mlp: &mlp,
            scale: &scale,
            workspace: &mut evaluation_workspace(&mlp, &scale),
        }
        .accuracy(test, &places)
    });
    let model = Model {
        mlp,
        standardizer: scales.standardizer,
        info: info(dataset, options),
    };
    Ok(Outcome {
        model,
        error,
        accuracies,
        test_accuracy,
        training_images: order.len(),
    })
}

/// What the settings say the steps descend on.
#[must_use]
pub fn objective(options: &TrainOptions) -> Objective {
    let TrainOptions {
        l1,
        l1_form,
        l2,
        reduction,
        error,
        ..
    } = *options;
    Objective {
        reduction,
        regularizer: Regularizer { l1, l1_form, l2 },
        error,
    }
}

/// A copy of the training images, still as bytes, in the order in which every epoch takes them; none where epochs differ, where
/// pixels are packed instead, or the copy would be large. The split's order is a random walk through the file: with the copy an epoch of the article's
/// job takes 2 to 3 % less (`benches/record/2026-11-23-step.md`).
fn in_order(
    data: &Labelled,
    order: &[u32],
    options: &TrainOptions,
    kind: EngineKind,
) -> Option<Labelled> {
    /// Largest copy that is made: memory must not grow with files that are larger than it.
    const MOST_BYTES: usize = 256 << 20;
    let bytes = data.images.pixels_per_image() * order.len();
    let wanted = kind != EngineKind::Fixed && !options.shuffle;
    (wanted && bytes <= MOST_BYTES).then(|| data.gathered(order))
}

/// Arranges the images of every batch by outline, where the engine gains from that; which images a batch has stays as it is.
pub(crate) fn arrange(outlines: Option<&mut Outlines>, cut: Batches, order: &mut [u32]) {
    if let Some(outlines) = outlines {
        let images = order.len();
        let batches = (0..cut.count(images)).map(|batch| cut.range(images, batch));
        outlines.arrange(order, batches);
    }
}

/// Whether the training images, in one order for all epochs, are packed once for all: where that takes no more memory than was
/// allowed.
fn packs_for_good(
    options: &TrainOptions,
    kind: EngineKind,
    shape: (usize, usize),
    images: usize,
) -> bool {
    let tiles = Tiles::of_image(shape.0, shape.1);
    let batch = options.cut().largest(images);
    let of_a_batch = PackedBatch::bytes(batch, parallel::images_per_task(batch), tiles);
    let bytes = of_a_batch.saturating_mul(options.cut().count(images));
    kind == EngineKind::Fixed && !options.shuffle && bytes as u64 <= options.memory_bytes()
}

/// Refuses settings that cannot be meant or do not fit the data. Returns the layout of the network that they ask for.
///
/// [`train`] begins with this; who makes a folder for a run does it before.
///
/// # Errors
/// [`Error::Setting`] for the first one.
pub fn check(dataset: &Dataset, options: &TrainOptions) -> Result<Layout> {
    options.validate()?;
    let refuse = |setting, reason| Err(Error::Setting { setting, reason });
    let images = dataset.train.labels.len();
    let training = images - held_out(images as u32, options.holdout);
    if training == 0 {
        let reason = format!(
            "expected a share that leaves an image to train on, found {}: all {images} are held out",
            options.holdout
        );
        return refuse("holdout", reason);
    }
    let kind = options.engine.resolve(options.dtype);
    if kind == EngineKind::Fixed && options.memory.is_some() {
        let batch = options.cut().largest(training);
        let (rows, columns) = dataset.train.images.shape();
        let task = parallel::images_per_task(batch);
        let bytes = PackedBatch::bytes(batch, task, Tiles::of_image(rows, columns));
        if bytes as u64 > options.memory_bytes() {
            let reason = format!(
                "expected at least {bytes} bytes, for a batch of {batch} images, found {}",
                options.memory_bytes()
            );
            return refuse("memory", reason);
        }
    }
    match options.batches {
        Some(batches) if batches > training => {
            let reason = format!(
                "expected at most {training}, one for each training image, found {batches}"
            );
            refuse("batches", reason)
        }
        _ => options.layout(
            dataset.train.images.pixels_per_image(),
            dataset.classes.len(),
        ),
    }
}

/// Stops the run at a value that is not finite.
fn check_finite(
    what: &'static str,
    value: f64,
    epoch: usize,
    batch: usize,
    step: u64,
    options: &TrainOptions,
) -> Result<()> {
    if value.is_finite() {
        return Ok(());
    }
    Err(Error::Diverged {
        what,
        value,
        epoch,
        batch,
        step,
        learning_rate: options.learning_rate,
    })
}

/// What scales which images.
struct Scales<T> {
    standardizer: Standardizer,
    train: PixelScale<T>,
    heldout: PixelScale<T>,
}

impl<T: Scalar> Scales<T> {
    fn new(dataset: &Dataset, options: &TrainOptions, training: &[u32], heldout: &[u32]) -> Self {
        let images = &dataset.train.images;
        let kind = options.engine.resolve(T::DTYPE);
        let standardizer = match options.scale {
            Scale::None => Standardizer::identity(images.pixels_per_image()),
            Scale::Standard => Standardizer::fit(images, training),
        };
        let train = PixelScale::new(&standardizer, images.shape(), kind);
        let heldout = heldout_scale(
            options.scale,
            options.heldout_scale,
            &standardizer,
            dataset,
            heldout,
        );
        Self {
            standardizer,
            train,
            heldout: PixelScale::new(&heldout, images.shape(), kind),
        }
    }
}

/// What standardises the held-out images at `places`, given the training images' `standardizer`.
#[must_use]
pub fn heldout_scale(
    scale: Scale,
    heldout_scale: HeldoutScale,
    standardizer: &Standardizer,
    dataset: &Dataset,
    places: &[u32],
) -> Standardizer {
    match (scale, heldout_scale) {
        (Scale::Standard, HeldoutScale::Own) => Standardizer::fit(&dataset.train.images, places),
        _ => standardizer.clone(),
    }
}

/// What the model file says of its making.
fn info(dataset: &Dataset, options: &TrainOptions) -> ModelInfo {
    ModelInfo {
        format: ModelInfo::FORMAT,
        rows: dataset.train.images.rows(),
        columns: dataset.train.images.columns(),
        classes: dataset.classes.clone(),
        activation: options.activation,
        output: options.output,
        probability: options.probability,
        scale: options.scale,
        heldout_scale: options.heldout_scale,
        holdout: options.holdout,
        seed: options.seed,
        labels_sha256: dataset.train.labels_sha256.clone(),
    }
}

/// A workspace for evaluation alone: as many images at a time as a large batch has.
#[must_use]
pub fn evaluation_workspace<T: Scalar>(mlp: &Mlp<T>, scale: &PixelScale<T>) -> Workspace<T> {
    const IMAGES: usize = 1920;
    Workspace::new(&mlp.layout, IMAGES, workspace::Purpose::Evaluation, scale)
}
