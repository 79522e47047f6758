//! What a run is told, unchecked: every setting, what it is by default, and which values cannot be meant.
//!
//! Settings that make sense with a data set and a machine are a [`Plan`](super::Plan), a type of its own.
//!
//! This file is long because every setting has its description, its default and its limits here.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::class_weight::ClassWeight;
use super::metric::Metric;
use super::objective::{L1Form, Objective, Reduction, Regularizer};
use super::optimizer::OptimizerKind;
use super::presets::Preset;
use super::recipe::Norm;
use super::schedule::ScheduleForm;
use super::size::Size;
use super::span::Span;
use crate::data::batches::Batches;
use crate::engine::EngineKind;
use crate::error::{Error, Result};
use crate::machine;
use crate::model::{Activation, HeldoutScale, Init, Layout, Output, Probability, Scale};
use crate::network::ErrorForm;
use crate::scalar::Dtype;

/// Every setting of a training run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainOptions {
    /// The preset that the settings which were not given come from. It changes nothing by itself.
    pub preset: Preset,
    /// The folder of the data set.
    pub data: PathBuf,
    /// Units of each hidden layer.
    pub hidden: Vec<usize>,
    /// What hidden layers do to their weighted sums.
    pub activation: Activation,
    /// What the output layer does.
    pub output: Output,
    /// How probabilities are made of outputs.
    pub probability: Probability,
    /// Whether layers have biases.
    pub bias: bool,
    /// How the initial weights are drawn, where the run starts from no other network.
    pub init: Init,
    /// The model file that the run starts from: [`Plan::starting_from`](super::Plan::starting_from) takes what is in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<PathBuf>,
    /// SHA-256 of that file, as a run's `config.toml` records it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_sha256: Option<String>,
    /// Passes over the training images.
    pub epochs: usize,
    /// Mini-batches an epoch; either this or `batch_size`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batches: Option<usize>,
    /// Images a mini-batch; either this or `batches`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_size: Option<usize>,
    /// Whether every epoch takes the images in an order of its own.
    pub shuffle: bool,
    /// Whether images are mirrored left to right for training, each with probability one half ([`Augmentation::flip`](crate::data::Augmentation::flip)).
    #[serde(default, skip_serializing_if = "is_default")]
    pub flip: bool,
    /// The most pixels by which an image is moved for training, in each direction ([`Augmentation::shift`](crate::data::Augmentation::shift)).
    #[serde(default, skip_serializing_if = "is_default")]
    pub shift: u32,
    /// The probability with which a rectangle of an image is erased for training, in `0..=1` ([`Augmentation::erase`](crate::data::Augmentation::erase)).
    #[serde(default, skip_serializing_if = "is_default")]
    pub erase: f64,
    /// The learning rate: the factor of the gradient, or of the velocity, in the update.
    pub learning_rate: f64,
    /// How parameters move.
    #[serde(default, skip_serializing_if = "is_default")]
    pub optimizer: OptimizerKind,
    /// The share of the last step's velocity that `sgd` and `nesterov` keep, in `0..1`; 0 is plain gradient descent.
    pub momentum: f64,
    /// The share of the first moment that `adam` and `adamw` keep, in `0..1`; where it is not given, 0.9.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beta1: Option<f64>,
    /// The share of the second moment that they keep, in `0..1`; where it is not given, 0.999.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beta2: Option<f64>,
    /// What they add to the root of the second moment; where it is not given, 1e-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epsilon: Option<f64>,
    /// The share of each weight, times the learning rate, that a step takes away beside the gradient.
    #[serde(default, skip_serializing_if = "is_default")]
    pub weight_decay: f64,
    /// How the learning rate goes over the run.
    #[serde(default, skip_serializing_if = "is_default")]
    pub schedule: ScheduleForm,
    /// The share of the steps during which the learning rate rises, in `0..1`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub warmup: f64,
    /// The learning rate that the run comes down to, where its schedule is `cosine` or `linear`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub final_rate: f64,
    /// The greatest length of a mini-batch's gradient; where it is not given, any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clip_norm: Option<f64>,
    /// The share of the target that is spread evenly over all classes, in `0..1`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub label_smoothing: f64,
    /// What the losses of each class's images are multiplied by.
    #[serde(default, skip_serializing_if = "is_default")]
    pub class_weight: ClassWeight,
    /// The share of each hidden layer's units that a step leaves out, in `0..1`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub dropout: f64,
    /// What hidden layers' weighted sums are normalised by.
    #[serde(default, skip_serializing_if = "is_default")]
    pub norm: Norm,
    /// The share that is kept of a mean of the parameters over the steps, with which the network answers, in `0..1`; 0: there is none.
    #[serde(default, skip_serializing_if = "is_default")]
    pub ema: f64,
    /// Factor of the sum of the weights' magnitudes in the objective.
    pub l1: f64,
    /// Which gradient the term of `l1` has.
    pub l1_form: L1Form,
    /// Factor of half the sum of the weights' squares in the objective.
    pub l2: f64,
    /// Whether losses are added up or averaged over a batch.
    pub reduction: Reduction,
    /// Which figure is reported as the error.
    pub error: ErrorForm,
    /// Whether pixels are standardised.
    pub scale: Scale,
    /// The images whose means and deviations standardise the held-out images.
    pub heldout_scale: HeldoutScale,
    /// Share of the training file that is held out, in `0..1`; 0 where a fold or a validation set is held out.
    pub holdout: f64,
    /// Whether each class has the same share among the held-out images. Where all of a validation set or nothing is held out, nothing
    /// depends on it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub stratify: bool,
    /// The number of parts that a cross-validation cuts the training file into; where it is given, one of them is held out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folds: Option<u32>,
    /// Which of these parts is held out, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fold: Option<u32>,
    /// The folder of a validation set, which is held out in the place of a part of the training file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation: Option<PathBuf>,
    /// Seed of the initial weights, and of the split and the shuffling where these have no seed of their own.
    pub seed: u32,
    /// Seed of the split; where it is not given, `seed` is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split_seed: Option<u32>,
    /// Seed of the shuffling and of the augmentation; where it is not given, `seed` is. Without both nothing depends on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_seed: Option<u32>,
    /// How products are computed.
    pub engine: EngineKind,
    /// The floating-point type of the parameters.
    pub dtype: Dtype,
    /// Epochs from one evaluation to the next; 0: only at the end. Where it is not given: every epoch in runs of up to 30 and in those that may
    /// end early, else about a dozen times. The last epoch always is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eval_every: Option<usize>,
    /// The figure by which the best network is told; where it is not given, the accuracy on the held-out images.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metric: Option<Metric>,
    /// Evaluations without a better figure after which the run ends, with the network of its best epoch; where it is not given, the run takes
    /// all its epochs. See [`Stopping`](super::Stopping).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub early_stopping: Option<usize>,
    /// By how much a figure must be better for that, from 0; where it is not given, 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_delta: Option<f64>,
    /// The time after which a run ends, with the epoch that it is in; whoever watches the run has the clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_time: Option<Span>,
    /// Bytes that packed pixels may take, as `2G` or `500M`; where they would take more, each batch is packed anew in every epoch.
    /// Where it is not given: a quarter of the machine's memory. No result depends on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<Size>,
    /// Threads; 0: one for each core. No result depends on it.
    pub threads: usize,
    /// SHA-256 of the training images (the decoded file), as a run's `config.toml` records it. Where other images are found, the run
    /// says so ([`Plan::data_note`](super::Plan::data_note)).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub images_sha256: Option<String>,
    /// The same of the training labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels_sha256: Option<String>,
    /// The same of the official test images, where there are some: a run with test images always ends with their accuracy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_images_sha256: Option<String>,
    /// The same of the official test labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_labels_sha256: Option<String>,
    /// The same of the images of the validation set, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation_images_sha256: Option<String>,
    /// The same of its labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation_labels_sha256: Option<String>,
    /// SHA-256 of the class names, each with a line's end behind it; of the numbers where classes have no names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub classes_sha256: Option<String>,
}

impl Default for TrainOptions {
    fn default() -> Self {
        Self::of(Preset::Article)
    }
}

/// Units of one layer beyond which a setting is taken for a slip.
const MOST_UNITS: usize = 1 << 20;
/// Hidden layers beyond which a setting is taken for a slip.
const MOST_LAYERS: usize = 64;
/// Parameters beyond which a setting is taken for a slip: 8 GiB in f32.
const MOST_PARAMETERS: usize = 1 << 31;
/// Epochs beyond which a setting is taken for a slip.
const MOST_EPOCHS: usize = 100_000_000;
/// Runs of up to so many epochs are evaluated after each one, unless told otherwise.
const EVALUATED_THROUGHOUT: usize = 30;
/// Longer runs are evaluated about so many times: a dozen evaluations add 3 % to the time of 300 epochs of the article's job.
const EVALUATIONS: usize = 12;

impl TrainOptions {
    /// The settings of a preset.
    #[must_use]
    pub fn of(preset: Preset) -> Self {
        let article = Self::article();
        let hidden = match preset {
            Preset::Article => return article,
            Preset::Plain => vec![100],
            Preset::Wide | Preset::Fast => vec![512, 256],
            Preset::Best => vec![1024, 512],
        };
        let usual = Self {
            preset,
            hidden,
            activation: Activation::Relu,
            output: Output::Softmax,
            probability: Probability::Output,
            bias: true,
            init: Init::He,
            epochs: 20,
            batches: None,
            batch_size: Some(128),
            shuffle: true,
            learning_rate: 0.02,
            momentum: 0.9,
            l1_form: L1Form::Sign,
            l2: 0.0005,
            reduction: Reduction::Mean,
            error: ErrorForm::Objective,
            heldout_scale: HeldoutScale::Train,
            ..article
        };
        // Chosen by held-out figures: docs/recipes.md.
        let falling = || Self {
            epochs: 8,
            batch_size: Some(256),
            learning_rate: 0.1,
            optimizer: OptimizerKind::Nesterov,
            schedule: ScheduleForm::Cosine,
            warmup: 0.05,
            scale: Scale::Global,
            holdout: 0.1,
            ..usual.clone()
        };
        match preset {
            Preset::Article | Preset::Plain | Preset::Wide => usual,
            Preset::Fast => Self {
                norm: Norm::Batch,
                ..falling()
            },
            Preset::Best => Self {
                epochs: 60,
                learning_rate: 0.005,
                optimizer: OptimizerKind::AdamW,
                momentum: 0.0,
                weight_decay: 0.05,
                l2: 0.0,
                flip: true,
                norm: Norm::Batch,
                dropout: 0.3,
                label_smoothing: 0.1,
                ..falling()
            },
        }
    }

    /// The settings of the article.
    fn article() -> Self {
        Self {
            preset: Preset::Article,
            data: PathBuf::from("data/fashion-mnist"),
            hidden: vec![50],
            activation: Activation::Sigmoid,
            output: Output::Sigmoid,
            probability: Probability::Softmax,
            bias: false,
            init: Init::Uniform,
            from: None,
            from_sha256: None,
            epochs: 300,
            batches: Some(25),
            batch_size: None,
            shuffle: false,
            flip: false,
            shift: 0,
            erase: 0.0,
            learning_rate: 0.001,
            optimizer: OptimizerKind::Sgd,
            momentum: 0.0,
            beta1: None,
            beta2: None,
            epsilon: None,
            weight_decay: 0.0,
            schedule: ScheduleForm::Constant,
            warmup: 0.0,
            final_rate: 0.0,
            clip_norm: None,
            label_smoothing: 0.0,
            class_weight: ClassWeight::default(),
            dropout: 0.0,
            norm: Norm::None,
            ema: 0.0,
            l1: 0.0,
            l1_form: L1Form::Linear,
            l2: 0.5,
            reduction: Reduction::Sum,
            error: ErrorForm::Article,
            scale: Scale::Standard,
            heldout_scale: HeldoutScale::Own,
            holdout: 0.2,
            stratify: false,
            folds: None,
            fold: None,
            validation: None,
            seed: 42,
            split_seed: None,
            order_seed: None,
            engine: EngineKind::Auto,
            dtype: Dtype::F32,
            eval_every: None,
            metric: None,
            early_stopping: None,
            min_delta: None,
            max_time: None,
            memory: None,
            threads: 0,
            images_sha256: None,
            labels_sha256: None,
            test_images_sha256: None,
            test_labels_sha256: None,
            validation_images_sha256: None,
            validation_labels_sha256: None,
            classes_sha256: None,
        }
    }

    /// How an epoch is cut into mini-batches.
    ///
    /// # Panics
    /// If neither or both of `batches` and `batch_size` are given, which [`Self::validate`] refuses.
    #[must_use]
    pub fn mini_batches(&self) -> Batches {
        match (self.batches, self.batch_size) {
            (Some(count), None) => Batches::Count(count),
            (None, Some(size)) => Batches::Size(size),
            _ => panic!("validated options give one of the two"),
        }
    }

    /// Epochs from one evaluation to the next, 0 for the end only.
    #[must_use]
    pub fn evaluation_interval(&self) -> usize {
        self.eval_every.unwrap_or({
            if self.epochs <= EVALUATED_THROUGHOUT || self.early_stopping.is_some() {
                1
            } else {
                self.epochs.div_ceil(EVALUATIONS)
            }
        })
    }

    /// Whether the network is evaluated after epoch number `epoch`, counted from 0.
    #[must_use]
    pub fn evaluates_after(&self, epoch: usize) -> bool {
        let interval = self.evaluation_interval();
        epoch + 1 == self.epochs || (interval != 0 && (epoch + 1).is_multiple_of(interval))
    }

    /// What the steps descend on.
    #[must_use]
    pub fn objective(&self) -> Objective {
        Objective {
            reduction: self.reduction,
            regularizer: Regularizer {
                l1: self.l1,
                l1_form: self.l1_form,
                l2: self.l2,
            },
            error: self.error,
        }
    }

    /// The layout of the network for images of `pixels` pixels and `classes` classes.
    ///
    /// # Errors
    /// [`Error::Setting`] where the network would have more parameters than anybody can mean.
    pub fn layout(&self, pixels: usize, classes: usize) -> Result<Layout> {
        let widths: Vec<usize> = [pixels]
            .into_iter()
            .chain(self.hidden.iter().copied())
            .chain([classes])
            .collect();
        let parameters = widths.windows(2).try_fold(0_usize, |sum, pair| {
            pair[0]
                .checked_add(1)?
                .checked_mul(pair[1])?
                .checked_add(sum)
                .filter(|&sum| sum <= MOST_PARAMETERS)
        });
        if parameters.is_some() {
            let layout = Layout::new(&widths, self.bias);
            return Ok(match self.norm {
                Norm::None => layout,
                Norm::Batch => layout.normalized(),
            });
        }
        refuse(
            "hidden",
            format!(
                "expected at most {MOST_PARAMETERS} parameters, found more in widths {widths:?}"
            ),
        )
    }

    /// Refuses settings that cannot be meant.
    ///
    /// # Errors
    /// [`Error::Setting`] for the first one.
    pub fn validate(&self) -> Result<()> {
        if self.hidden.len() > MOST_LAYERS {
            return refuse(
                "hidden",
                format!(
                    "expected at most {MOST_LAYERS} layers, found {}",
                    self.hidden.len()
                ),
            );
        }
        for &units in &self.hidden {
            whole("hidden", units, MOST_UNITS)?;
        }
        machine::check_threads(self.threads)?;
        whole("epochs", self.epochs, MOST_EPOCHS)?;
        if self.engine.packs() && self.dtype == Dtype::F64 {
            let name = self.engine.name();
            return refuse(
                "engine",
                format!("expected dtype f32 with the engine {name}, found f64"),
            );
        }
        match (self.batches, self.batch_size) {
            (Some(batches), None) => whole("batches", batches, u32::MAX as usize)?,
            (None, Some(size)) => whole("batch_size", size, u32::MAX as usize)?,
            (Some(_), Some(_)) => {
                return refuse(
                    "batches",
                    "expected this or batch_size, found both".to_owned(),
                );
            }
            (None, None) => {
                return refuse(
                    "batches",
                    "expected this or batch_size, found neither".to_owned(),
                );
            }
        }
        number(
            "learning_rate",
            self.learning_rate,
            "a number above 0, at most 1e6",
            |x| x > 0.0 && x <= 1e6,
        )?;
        number(
            "momentum",
            self.momentum,
            "a number from 0 to below 1",
            |x| (0.0..1.0).contains(&x),
        )?;
        self.check_type()?;
        number("l1", self.l1, "a number from 0 to 1e6", |x| {
            (0.0..=1e6).contains(&x)
        })?;
        number("l2", self.l2, "a number from 0 to 1e6", |x| {
            (0.0..=1e6).contains(&x)
        })?;
        number("erase", self.erase, "a probability from 0 to 1", |x| {
            (0.0..=1.0).contains(&x)
        })?;
        number("holdout", self.holdout, "a share from 0 to below 1", |x| {
            (0.0..1.0).contains(&x)
        })?;
        self.check_stopping()?;
        self.check_recipe()?;
        self.check_hold_out()
    }
}

impl TrainOptions {
    /// Refuses numbers that the type which is computed in takes for others, from which a run would learn nothing.
    fn check_type(&self) -> Result<()> {
        let as_computed = |number: f64| match self.dtype {
            Dtype::F32 => f64::from(number as f32),
            Dtype::F64 => number,
        };
        let (rate, momentum) = (as_computed(self.learning_rate), as_computed(self.momentum));
        if rate == 0.0 {
            let found = self.learning_rate;
            let reason = format!(
                "expected a number that is not 0 in f32, found {found:e}: give a larger one, or --dtype f64"
            );
            return refuse("learning_rate", reason);
        }
        if momentum >= 1.0 {
            let found = self.momentum;
            let reason = format!(
                "expected a number that is below 1 in f32, found {found:?}: give a smaller one, or --dtype f64"
            );
            return refuse("momentum", reason);
        }
        Ok(())
    }
}

fn is_default<S: Default + PartialEq>(setting: &S) -> bool {
    *setting == S::default()
}

fn refuse<T>(setting: &'static str, reason: String) -> Result<T> {
    Err(Error::Setting { setting, reason })
}

fn whole(setting: &'static str, found: usize, most: usize) -> Result<()> {
    if (1..=most).contains(&found) {
        return Ok(());
    }
    refuse(
        setting,
        format!("expected a number from 1 to {most}, found {found}"),
    )
}

fn number(
    setting: &'static str,
    found: f64,
    expected: &str,
    fits: impl Fn(f64) -> bool,
) -> Result<()> {
    if fits(found) {
        return Ok(());
    }
    refuse(setting, format!("expected {expected}, found {found:?}"))
}
