//! What a run is going to do: its settings, checked and resolved against a data set and a machine.
//!
//! [`TrainOptions`] say what was asked for and may be nonsense; a [`Plan`] says what will be done and is not. Everything that is
//! decided for a run is decided here, once: precision, engine, the door by which pixels enter, layout, mini-batches, what is
//! kept in memory, when to evaluate. A sweep is a list of plans.

use super::augmentation::check_augmentation;
use super::heldout::check_validation;
use super::notes::{data_note, engine_note};
use super::objective::Objective;
use super::options::TrainOptions;
use super::room::Job;
use super::start::Start;
use super::training_data::TrainingData;
use crate::data::batches::Batches;
use crate::data::{Images, Samples, Split, names_sha256};
use crate::engine::EngineKind;
use crate::error::{Error, Result};
use crate::input::Door;
use crate::kernels::Level;
use crate::machine::Machine;
use crate::model::{Digests, Layout, ModelInfo};
use crate::network::MemoryUse;
use crate::network::footprint::Footprint;
use crate::scalar::Dtype;

/// Memory that is assumed where the system does not tell how much there is.
const MEMORY_WHERE_UNKNOWN: u64 = 4 << 30;

/// In which type a run computes, and how its pixels enter: [`Door`] names the two ways.
#[derive(Clone, Copy, Debug)]
pub enum Arithmetic<'a> {
    /// Everything in `f32`.
    F32,
    /// Everything in `f64`.
    F64,
    /// Everything in `f32`, the first layer straight from these images.
    Panels(&'a Images),
    /// The first layer in integers, straight from these images, the rest in `f32`.
    Integers(&'a Images),
}

/// A run that can be made.
#[derive(Clone, Debug)]
pub struct Plan<'a> {
    machine: &'a Machine,
    data: TrainingData<'a>,
    settings: TrainOptions,
    layout: Layout,
    arithmetic: Arithmetic<'a>,
    engine_note: Option<&'static str>,
    data_note: Option<String>,
    keeps_batches: bool,
    bytes_beside: u64,
    bytes_alone: u64,
    start: Option<&'a Start>,
}

impl<'a> Plan<'a> {
    /// Checks `options` and resolves them against a data set and a machine. A caller that makes a folder for its run makes the plan
    /// first, so that a setting which is refused leaves no folder behind.
    ///
    /// # Errors
    /// [`Error::Setting`] for the first setting that cannot be meant or does not fit the data, [`Error::Memory`] for a run that the
    /// machine has no memory for.
    pub fn new<'d: 'a>(
        options: &TrainOptions,
        data: impl Into<TrainingData<'d>>,
        machine: &'a Machine,
    ) -> Result<Self> {
        options.validate()?;
        if options.from.is_some() || options.from_sha256.is_some() {
            let reason = "expected the model itself, as Plan::starting_from takes it, found its name or digest alone";
            return refuse("from", reason.to_owned());
        }
        let data: TrainingData<'a> = data.into();
        let samples = data.train.samples;
        if samples.count() == 0 {
            return Err(Error::Array {
                array: "samples",
                expected: "at least one".to_owned(),
                found: "none".to_owned(),
            });
        }
        check_fit(options, &data)?;
        let training = options.training_samples(samples.count())?;
        let batch = options.mini_batches().largest(training);
        options.check_norm(batch)?;
        let (engine, arithmetic) = resolve(options, samples, machine.level())?;
        let door = arithmetic.door();
        let allowed = allowed_bytes(options, machine);
        let batch_bytes = door.kept_bytes(batch, samples.shape());
        if door.packs() && options.memory.is_some() && batch_bytes > allowed {
            let reason = format!(
                "expected at least {batch_bytes} bytes, for a batch of {batch} images, found {allowed}"
            );
            return refuse("memory", reason);
        }
        check_batches(options, training)?;
        let layout = options.layout(samples.per_sample(), data.classes.len())?;
        let all_bytes = batch_bytes.saturating_mul(options.mini_batches().count(training) as u64);
        let keeps_batches = !options.shuffle
            && options.augmentation().is_off()
            && matches!(samples, Samples::Images(_))
            && all_bytes <= door.most_kept_bytes(allowed);
        let job = Job {
            steps: Footprint {
                layout: &layout,
                dtype: options.dtype,
                door,
                shape: samples.shape(),
                batch,
                purpose: MemoryUse::Training,
                threads: machine.threads(),
            },
            slots: options.slots() as u64 + u64::from(options.early_stopping.is_some()),
            samples: samples.count() + data.validation.map_or(0, |own| own.samples.count()),
            kept_bytes: if keeps_batches { all_bytes } else { 0 },
        };
        job.check(machine)?;
        let (bytes_beside, bytes_alone) = (job.beside(), job.alone());
        let settings = TrainOptions {
            engine,
            eval_every: Some(options.evaluation_interval()),
            images_sha256: images_sha256(samples),
            labels_sha256: Some(data.labels_sha256.to_owned()),
            test_images_sha256: data.test.and_then(|test| images_sha256(test.samples)),
            test_labels_sha256: data.test_labels_sha256.map(str::to_owned),
            validation_images_sha256: data.validation.and_then(|own| images_sha256(own.samples)),
            validation_labels_sha256: data.validation_labels_sha256.map(str::to_owned),
            classes_sha256: Some(names_sha256(&data.classes)),
            ..options.clone()
        };
        Ok(Self {
            machine,
            engine_note: engine_note(options, samples, machine, engine),
            data_note: data_note(options, &settings),
            settings,
            data,
            layout,
            arithmetic,
            keeps_batches,
            bytes_beside,
            bytes_alone,
            start: None,
        })
    }

    /// The same for a run that starts from the parameters and the scaling of `start` in the place of fresh ones. The optimizer remembers nothing
    /// at its beginning. [`Start::applied_to`] gives settings the network's own.
    ///
    /// # Errors
    /// Those of [`Self::new`], and [`Error::Setting`] for settings of another network, for data of another number of pixels or classes
    /// and for a digest among the options that is not that of `start`.
    pub fn starting_from<'d: 'a>(
        start: &'a Start,
        options: &TrainOptions,
        data: impl Into<TrainingData<'d>>,
        machine: &'a Machine,
    ) -> Result<Self> {
        let data: TrainingData<'a> = data.into();
        let pixels = data.train.samples.per_sample();
        start.check(options, pixels, data.classes.len())?;
        let unnamed = TrainOptions {
            from: None,
            from_sha256: None,
            ..options.clone()
        };
        let mut plan = Self::new(&unnamed, data, machine)?;
        plan.start = Some(start);
        plan.settings.from.clone_from(&options.from);
        plan.settings.from_sha256 = Some(start.sha256().to_owned());
        Ok(plan)
    }

    /// The network that it starts from; none where it starts from fresh weights.
    #[must_use]
    pub fn start(&self) -> Option<&'a Start> {
        self.start
    }

    /// What a user may not expect of a start from that network: other class names, another type.
    #[must_use]
    pub fn start_notes(&self) -> Vec<String> {
        let notes = |start: &Start| start.notes(self.settings.dtype, &self.data.classes);
        self.start.map_or_else(Vec::new, notes)
    }

    /// The machine that it runs on.
    #[must_use]
    pub fn machine(&self) -> &'a Machine {
        self.machine
    }

    /// What it is trained on.
    #[must_use]
    pub fn data(&self) -> &TrainingData<'a> {
        &self.data
    }

    /// Every setting as the run will use it: `engine` is not `auto`, and `eval_every` is given. Handed in as options again, they
    /// make a plan of the same run.
    #[must_use]
    pub fn settings(&self) -> &TrainOptions {
        &self.settings
    }

    /// The layout of the network.
    #[must_use]
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The type of the numbers, and the side of the door.
    #[must_use]
    pub fn arithmetic(&self) -> Arithmetic<'a> {
        self.arithmetic
    }

    /// Why the engine is not the fixed one though `auto` was asked for, or why one of our own is slow; none where neither is so.
    #[must_use]
    pub fn engine_note(&self) -> Option<&'static str> {
        self.engine_note
    }

    /// What differs where the options name the digests of other data than they are planned with; none where nothing does.
    #[must_use]
    pub fn data_note(&self) -> Option<&str> {
        self.data_note.as_deref()
    }

    /// Whether mini-batches are kept in memory in the form in which they are taken in.
    #[must_use]
    pub fn keeps_batches(&self) -> bool {
        self.keeps_batches
    }

    /// The most bytes that its run takes beside runs that see the same mini-batches.
    #[must_use]
    pub fn bytes_beside(&self) -> u64 {
        self.bytes_beside
    }

    /// The most bytes that its run takes where no other run shares its mini-batches.
    #[must_use]
    pub fn bytes_alone(&self) -> u64 {
        self.bytes_alone
    }

    /// How an epoch is cut into mini-batches.
    #[must_use]
    pub fn mini_batches(&self) -> Batches {
        self.settings.mini_batches()
    }

    /// The number of samples that an epoch takes.
    #[must_use]
    pub fn training_samples(&self) -> usize {
        let samples = self.data.train.samples.count();
        samples - self.settings.split_rule().held_out(samples)
    }

    /// Which samples train and which are held out. The latter are samples of the validation set, where there is one, and else of the
    /// training file.
    #[must_use]
    pub fn split(&self) -> Split {
        let data = &self.data;
        let mut split = self.settings.split_rule().split(data.train.labels);
        if let Some(validation) = data.validation {
            split.heldout = validation.samples.indices();
        }
        split
    }

    /// Whether anything is held out.
    #[must_use]
    pub fn holds_out(&self) -> bool {
        let samples = self.data.train.samples.count();
        self.data.validation.is_some() || self.settings.split_rule().held_out(samples) > 0
    }

    /// What tells the validation set from others; none where there is none.
    fn validation(&self) -> Option<Digests> {
        let settings = &self.settings;
        Some(Digests {
            labels_sha256: settings.validation_labels_sha256.clone()?,
            images_sha256: settings
                .validation_images_sha256
                .clone()
                .unwrap_or_default(),
        })
    }

    /// What the steps descend on.
    #[must_use]
    pub fn objective(&self) -> Objective {
        self.settings.objective()
    }

    /// What the model file says of its making.
    #[must_use]
    pub fn model_info(&self) -> ModelInfo {
        let (rows, columns) = self.data.train.samples.shape();
        let settings = &self.settings;
        ModelInfo {
            format: ModelInfo::FORMAT,
            rows,
            columns,
            classes: self.data.classes.clone(),
            activation: settings.activation,
            output: settings.output,
            probability: settings.probability,
            scale: settings.scale,
            heldout_scale: settings.heldout_scale,
            holdout: settings.holdout,
            stratify: settings.stratify,
            fold: settings.held_out_fold(),
            validation: self.validation(),
            seed: settings.seed_of_split(),
            labels_sha256: self.data.labels_sha256.to_owned(),
            images_sha256: settings.images_sha256.clone().unwrap_or_default(),
        }
    }
}

impl Arithmetic<'_> {
    /// The side of the door.
    #[must_use]
    pub fn door(self) -> Door {
        match self {
            Self::F32 | Self::F64 => Door::Staged,
            Self::Panels(_) => Door::PackedFloat,
            Self::Integers(_) => Door::Packed,
        }
    }
}

/// What the engine that was asked for comes to with these samples, on a CPU of this level.
fn resolve<'a>(
    options: &TrainOptions,
    samples: Samples<'a>,
    level: Level,
) -> Result<(EngineKind, Arithmetic<'a>)> {
    let engine = match (options.engine, samples) {
        (EngineKind::Auto, Samples::Features(_)) => EngineKind::Blas,
        (engine, _) => engine.resolve(options.dtype, level),
    };
    let arithmetic = match (engine, options.dtype, samples) {
        (EngineKind::Fixed, Dtype::F32, Samples::Images(images)) => Arithmetic::Integers(images),
        (EngineKind::Simd, Dtype::F32, Samples::Images(images)) => Arithmetic::Panels(images),
        (engine, _, Samples::Features(_)) if engine.packs() => {
            let name = engine.name();
            let reason = format!("expected images of bytes with the engine {name}, found features");
            return refuse("engine", reason);
        }
        (_, Dtype::F32, _) => Arithmetic::F32,
        (_, Dtype::F64, _) => Arithmetic::F64,
    };
    Ok((engine, arithmetic))
}

/// Bytes that packed pixels may take.
fn allowed_bytes(options: &TrainOptions, machine: &Machine) -> u64 {
    let quarter = || machine.memory_bytes().unwrap_or(MEMORY_WHERE_UNKNOWN) / 4;
    options.memory.map_or_else(quarter, |size| size.0)
}

/// The digest of images; features have none.
fn images_sha256(samples: Samples<'_>) -> Option<String> {
    samples.images().map(|images| images.sha256().to_owned())
}

/// Refuses settings that do not fit the data: a validation set of another kind, a best network by what is not held out, and images changed that are none.
fn check_fit(options: &TrainOptions, data: &TrainingData<'_>) -> Result<()> {
    check_validation(options, data)?;
    let samples = data.train.samples;
    let held_out = options.split_rule().held_out(samples.count());
    options.check_metric(data.validation.is_some() || held_out > 0)?;
    options.class_weight.check_classes(data.classes.len())?;
    check_augmentation(options, samples)
}

fn check_batches(options: &TrainOptions, training: usize) -> Result<()> {
    match options.batches {
        Some(batches) if batches > training => refuse(
            "batches",
            format!(
                "expected at most {training}, one for each training image, found {batches}: give --batches {training} or fewer, or --batch-size"
            ),
        ),
        _ => Ok(()),
    }
}

fn refuse<T>(setting: &'static str, reason: String) -> Result<T> {
    Err(Error::Setting { setting, reason })
}
