//! The settings of a training run: from preset, configuration file, environment and flags to [`TrainOptions`].
//!
//! Each source is a TOML table, and a later one covers an earlier one key by key. So a flag, a key of the
//! configuration file and a field of [`TrainOptions`] are the same thing under the same name, and a new setting is
//! added in two places: there and in [`Flags`].

use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use gingham::error::{Error, Result};
use gingham::quote;
use gingham::train::{Preset, Size, Start, TrainOptions};
use serde::Serialize;
use toml::Table;

use super::config::Config;
use super::{DATA_VARIABLE, base, optimisation, output, start, stopping};

/// Every setting as a flag. Without one, the configuration file's value holds, then the preset's.
#[derive(Debug, clap::Args, Serialize)]
pub struct Flags {
    /// Where settings that are not given come from: 'article' is the tutorial's network, 'plain' a small and 'wide' a larger one
    /// in today's form, 'fast' and 'best' larger ones by today's recipes [default: article; plain where --activation, --output, --reduction mean, --label-smoothing, --norm batch or an optimizer of Adam's is given]
    #[arg(long, value_name = "NAME", value_parser = Preset::ALL.map(Preset::name), help_heading = "Data and settings")]
    preset: Option<String>,
    /// The folder of the data set [default: $GINGHAM_DATA, else data/fashion-mnist]
    #[arg(long, value_name = "DIR", help_heading = "Data and settings")]
    data: Option<PathBuf>,
    /// Share of the training file that is held out
    #[arg(long, value_name = "SHARE", help_heading = "Data and settings")]
    holdout: Option<f64>,
    /// Whether each class has the same share among the images that are held out
    #[arg(long, value_name = "on|off", value_parser = on_or_off(), num_args = 0..=1, default_missing_value = "on",
          help_heading = "Data and settings")]
    stratify: Option<bool>,
    /// Cut the training file into so many parts and hold one of them out, in the place of a share: the one of --fold, or without it each in turn,
    /// in a run of its own (cross-validation)
    #[arg(long, value_name = "K", help_heading = "Data and settings")]
    folds: Option<u32>,
    /// Which of the --folds is held out, counted from 1
    #[arg(long, value_name = "N", help_heading = "Data and settings")]
    fold: Option<u32>,
    /// Hold out the training files of this folder, a validation set of one's own, and train on all images of --data
    #[arg(long, value_name = "DIR", help_heading = "Data and settings")]
    validation: Option<PathBuf>,
    /// Whether pixels are standardised: each by its own mean and deviation, or all by those of all pixels, as images need that are mirrored or
    /// moved [with --flip or --shift: global]
    #[arg(long, value_name = "HOW", value_parser = ["none", "standard", "global"], help_heading = "Data and settings")]
    scale: Option<String>,
    /// By whose figures the held-out images are standardised
    #[arg(long, value_name = "WHOSE", value_parser = ["own", "train"], help_heading = "Data and settings")]
    heldout_scale: Option<String>,
    /// Whether images are mirrored left to right for training, each with probability 1/2
    #[arg(long, value_name = "on|off", value_parser = on_or_off(), num_args = 0..=1, default_missing_value = "on",
          help_heading = "Data and settings")]
    flip: Option<bool>,
    /// Move images for training by up to so many pixels in each direction, at random; what comes from outside is black
    #[arg(long, value_name = "PIXELS", help_heading = "Data and settings")]
    shift: Option<u32>,
    /// The probability with which a rectangle of an image, 2 % to 20 % of it, is set to black for training
    #[arg(long, value_name = "SHARE", help_heading = "Data and settings")]
    erase: Option<f64>,
    /// Seed of the weights, the split, the shuffling and the augmentation
    #[arg(long, value_name = "N", help_heading = "Data and settings")]
    seed: Option<u32>,
    /// Seed of the split alone [default: the seed]
    #[arg(long, value_name = "N", help_heading = "Data and settings")]
    split_seed: Option<u32>,
    /// Seed of the shuffling and the augmentation alone: runs that have it and --split-seed in common see the same mini-batches [default: the seed]
    #[arg(long, value_name = "N", help_heading = "Data and settings")]
    order_seed: Option<u32>,

    #[command(flatten)]
    #[serde(flatten)]
    shape: Shape,
    /// What hidden layers do to their weighted sums
    #[arg(long, value_name = "NAME", value_parser = ["sigmoid", "relu", "tanh"], help_heading = "Model")]
    activation: Option<String>,
    /// What the output layer does, with its cross-entropy
    #[arg(long, value_name = "NAME", value_parser = ["sigmoid", "softmax"], help_heading = "Model")]
    output: Option<String>,
    /// What probabilities are: the outputs over their sum, or the softmax of the outputs
    #[arg(long, value_name = "NAME", value_parser = ["output", "softmax"], help_heading = "Model")]
    probability: Option<String>,
    /// Whether layers have biases
    #[arg(long, value_name = "on|off", value_parser = on_or_off(), help_heading = "Model")]
    bias: Option<bool>,
    /// Where weights begin: uniform in [-1, 1), Xavier's range, or He's
    #[arg(long, value_name = "NAME", value_parser = ["uniform", "xavier", "he"], help_heading = "Model")]
    init: Option<String>,
    /// Start from the weights and the scaling of this model (a file, or the folder of a run) instead of fresh ones; the network is then
    /// the model's
    #[arg(long, value_name = "MODEL", help_heading = "Model")]
    from: Option<PathBuf>,

    #[command(flatten)]
    #[serde(flatten)]
    optimisation: optimisation::Descent,
    #[command(flatten)]
    #[serde(flatten)]
    stopping: stopping::Stopping,

    /// How products are computed; 'auto': in f32, where the CPU has AVX2 or AVX-512 VNNI, 'fixed'; else 'blas'
    #[arg(long, value_name = "NAME", value_parser = ["auto", "naive", "blas", "simd", "fixed"], help_heading = "Runtime and output")]
    engine: Option<String>,
    /// The type of the numbers
    #[arg(long, value_name = "TYPE", value_parser = ["f32", "f64"], help_heading = "Runtime and output")]
    dtype: Option<String>,
    /// Epochs from one evaluation to the next; 0: at the end only [default: every epoch up to 30 and with --early-stopping, else a dozen times]
    #[arg(long, value_name = "N", help_heading = "Runtime and output")]
    eval_every: Option<u32>,
    /// Memory that packed pixels may take, such as 500M or 2G [default: a quarter of the machine's]
    #[arg(long, value_name = "SIZE", help_heading = "Runtime and output")]
    memory: Option<Size>,
}

/// What a step's time depends on most: the flags that `train` and `bench` share.
#[derive(Debug, clap::Args, Serialize)]
pub struct Shape {
    /// Units of each hidden layer, or 'none'
    #[arg(long, value_name = "N,N,..", help_heading = "Model")]
    hidden: Option<Widths>,
    /// Mini-batches an epoch
    #[arg(
        long,
        value_name = "N",
        conflicts_with = "batch_size",
        help_heading = "Optimisation"
    )]
    batches: Option<u32>,
    /// Images a mini-batch
    #[arg(long, value_name = "N", help_heading = "Optimisation")]
    batch_size: Option<u32>,
    /// Whether every epoch takes the images in an order of its own
    #[arg(long, value_name = "on|off", value_parser = on_or_off(), num_args = 0..=1, default_missing_value = "on",
          help_heading = "Optimisation")]
    shuffle: Option<bool>,
}

impl Shape {
    /// The settings of `preset` with these over them; validated.
    pub fn over(&self, preset: Preset) -> Result<TrainOptions> {
        let mut settings = table(&TrainOptions::of(preset));
        cover(&mut settings, table(self));
        let options = options(&settings)?;
        options.validate()?;
        Ok(options)
    }
}

fn on_or_off() -> impl TypedValueParser<Value = bool> {
    PossibleValuesParser::new(["on", "off"]).map(|value| value == "on")
}

/// Widths of hidden layers, as `512,256`, or `none`.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
struct Widths(Vec<u32>);

impl FromStr for Widths {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "none" {
            return Ok(Self(Vec::new()));
        }
        let width = |part: &str| {
            part.trim()
                .parse()
                .map_err(|_| format!("expected numbers or 'none', found '{}'", quote::name(part)))
        };
        text.split(',')
            .map(width)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

/// The settings of a run, and what the user should know about where they come from.
pub struct Resolved {
    pub options: TrainOptions,
    /// The network that the run starts from; none where it starts from fresh weights.
    pub start: Option<Start>,
    /// That a preset was taken which nobody named, or that settings of the file hold over the preset that was named; that the file of
    /// the network to start from has no digest.
    pub notes: Vec<String>,
}

/// Where settings come from, beside the flags and the environment.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sources<'a> {
    /// A file of settings, or a run's folder.
    pub config: Option<&'a Path>,
    /// Whether that is the folder of a run that goes on: its data are its own, wherever the environment points, as long as they are
    /// there.
    pub goes_on: bool,
    /// The folder of a run that may go on under the flags' settings: its copy of the model to start from stands for one that has gone.
    pub run: Option<&'a Path>,
    /// What the plan of a sweep gives one of its runs; nothing else gives these settings.
    pub assigned: Option<&'a Table>,
}

impl Flags {
    /// All settings, from the preset, the model to start from, `config`, the environment and the flags, in this order; validated.
    pub fn resolve(&self, sources: &Sources<'_>, threads: Option<usize>) -> Result<Resolved> {
        let environment = std::env::var_os(DATA_VARIABLE)
            .filter(|folder| !folder.is_empty())
            .map(PathBuf::from);
        let paths = [
            ("data", &self.data),
            ("from", &self.from),
            ("validation", &self.validation),
        ];
        for (setting, path) in paths {
            path.as_deref()
                .map(|path| text(setting, path))
                .transpose()?;
        }
        let mut flags = table(self);
        if let Some(threads) = threads {
            let threads = toml::Value::try_from(threads).expect("a small number");
            flags.insert("threads".to_owned(), threads);
        }
        if let Some(assigned) = sources.assigned {
            base::check_assigned(assigned, &flags)?;
            cover(&mut flags, assigned.clone());
        }
        let file = sources.config.map(Config::read).transpose()?;
        let mut given = file
            .as_ref()
            .map_or_else(Table::new, |file| file.settings.table.clone());
        cover(&mut given, flags.clone());
        let found = start::find(&flags, file.as_ref(), sources.run)?;
        let (preset, note) = match (base::preset(&given), &found) {
            (Some(preset), _) => {
                let note = file.as_ref().map(|file| base::beside(file, &flags));
                (preset, note.transpose()?.flatten())
            }
            (None, Some(found)) => found.base(&given),
            (None, None) => base::base(&given),
        };
        let mut settings = base::with_companions(&given, TrainOptions::of(preset));
        if let Some(found) = &found {
            settings = found.start.applied_to(settings);
            let scale = toml::Value::try_from(settings.scale).expect("a name");
            given.entry("scale").or_insert(scale);
        }
        let mut settings = table(&settings);
        let keeps_data = sources.goes_on && file.as_ref().is_some_and(Config::has_data);
        if let Some(file) = file {
            give_way(&mut settings, &file.settings.table);
            cover(&mut settings, file.settings.table.clone());
            // Checked before flags cover its values, so that what is wrong with the file is said of the file.
            options(&settings)?
                .validate()
                .map_err(|error| match &error {
                    Error::Setting { setting, reason } => file.refuse(setting, reason),
                    _ => error,
                })?;
        }
        base::check(preset, &given)?;
        if let Some(folder) = environment.filter(|_| !keeps_data) {
            settings.insert("data".to_owned(), text("data", &folder)?.into());
        }
        give_way(&mut settings, &flags);
        cover(&mut settings, flags);
        let mut options = options(&settings)?;
        options.validate()?;
        let (found, of_file) = found.map_or((None, None), |found| {
            options.from = Some(found.path);
            options.from_sha256 = Some(found.start.sha256().to_owned());
            (Some(found.start), found.note)
        });
        Ok(Resolved {
            options,
            start: found,
            notes: note.into_iter().chain(of_file).collect(),
        })
    }
}

/// The settings of a table that has all of them.
fn options(settings: &Table) -> Result<TrainOptions> {
    let told = |error: toml::de::Error| Error::Setting {
        setting: "settings",
        reason: error.message().to_owned(),
    };
    settings.clone().try_into().map_err(told)
}

/// What follows the options in the help: an example, and what each preset sets.
pub fn presets_and_example() -> String {
    let presets = Preset::ALL.map(|preset| table(&TrainOptions::of(preset)));
    let mut keys: Vec<&String> = presets.iter().flat_map(Table::keys).collect();
    keys.retain(|&key| !matches!(key.as_str(), "data" | "preset"));
    keys.sort_unstable();
    keys.dedup();
    let value =
        |preset: &Table, key: &str| preset.get(key).map_or("-".to_owned(), ToString::to_string);
    let row = |key: &&String| {
        [
            vec![(*key).clone()],
            presets.iter().map(|preset| value(preset, key)).collect(),
        ]
        .concat()
    };
    let heads = std::iter::once("setting").chain(Preset::ALL.map(Preset::name));
    let heads = heads.map(str::to_owned).collect();
    let rows: Vec<Vec<String>> = std::iter::once(heads).chain(keys.iter().map(row)).collect();
    format!(
        "What the presets set, as the configuration file spells it:\n\n{}\n\n\
         Example:\n  gingham train --epochs 30 --hidden 100 --seed 7 --out runs/first\n  \
         gingham train --config runs/first/config.toml --epochs 300",
        output::table(&rows)
    )
}

fn table(settings: &impl Serialize) -> Table {
    Table::try_from(settings).expect("settings are a table of plain values")
}

/// A file's or folder's name as text: a configuration file can hold no other.
fn text(setting: &'static str, path: &Path) -> Result<String> {
    path.to_str()
        .map(str::to_owned)
        .ok_or_else(|| Error::Setting {
            setting,
            reason: format!("expected a name in UTF-8, found {}", quote::path(path)),
        })
}

/// Puts `above` over `below`. The two ways to cut an epoch exclude each other, so one removes the other.
fn cover(below: &mut Table, above: Table) {
    for (key, other) in [("batches", "batch_size"), ("batch_size", "batches")] {
        if above.contains_key(key) && !above.contains_key(other) {
            below.remove(other);
        }
    }
    below.extend(above);
}

/// The ways to hold images out, of which one holds, each with its settings.
const WAYS: [&[&str]; 3] = [
    &["holdout"],
    &["folds", "fold"],
    &[
        "validation",
        "validation_images_sha256",
        "validation_labels_sha256",
    ],
];

/// Takes the other ways to hold images out away from `below` where `above` names one. What `above` itself says stays as it is.
fn give_way(below: &mut Table, above: &Table) {
    let named = |way: &&&[&str]| above.contains_key(way[0]);
    if WAYS.iter().any(|way| named(&way)) {
        for name in WAYS.iter().filter(|way| !named(way)).copied().flatten() {
            match below.get_mut(*name) {
                Some(share) if *name == "holdout" => *share = 0.0.into(),
                _ => drop(below.remove(*name)),
            }
        }
    }
}
