//! A run between two steps, as a file.
//!
//! A checkpoint is a safetensors file, with a digest of itself ([`crate::model::seal`]):
//!
//! | array | shape | |
//! |---|---|---|
//! | `layers.L.weight`, `layers.L.bias` | as in a model | the parameters, in the run's type |
//! | `slots.layers.L.weight`, `slots.layers.L.bias` | `(slots,` those of the parameters`)` | what the optimizer remembers of each, where it does |
//! | `layers.L.gain` and `slots.layers.L.gain`, `figures.layers.L` | `(outputs)`, `(2, outputs)` | of layers that are normalised; the latter running means and variances |
//! | `best.layers.L.weight`, `best.layers.L.bias` | as in a model | the network that answered best so far, where `early_stopping` is set; no layer of it is normalised |
//! | `history.error`, `.train_accuracy`, `.heldout_accuracy`, `.seconds` | `(epochs that are over)`, f64 | NaN where nothing was evaluated |
//! | `history.heldout_loss`, `.learning_rate`, `.gradient_norm` | the same | NaN where it is not known; older files have none of them |
//!
//! The metadata's one entry, `gingham.checkpoint`, is [`CheckpointInfo`]. The data and the figures that scale it are not in the file: they
//! come from the data set, or from the model that the run started from, whose digests are among the settings.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use safetensors::SafeTensors;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::arrays::{Array, ArrayKind, arrays};
use super::history::{self, Elapsed};
use super::options::TrainOptions;
use super::plan::Plan;
use super::state::{EpochFigures, Kept, LastStep, State};
use crate::data;
use crate::error::{Error, Result};
use crate::model::seal::{self, Seal};
use crate::model::tensors::numbers;
use crate::model::{Layout, Mlp};
use crate::scalar::Scalar;

/// The name of the one metadata entry.
const METADATA: &str = "gingham.checkpoint";
/// The settings on which no bit of a run depends, and the names of the folders of the data and of the validation set and of the model that the
/// run started from, which their digests stand for. The time that a run may take decides how far it comes, and nothing on the way.
const WITHOUT_EFFECT: [&str; 7] = [
    "data",
    "from",
    "max_time",
    "memory",
    "preset",
    "threads",
    "validation",
];

/// What a number is that the settings leave out where it is 0.
static NOUGHT: LazyLock<Value> = LazyLock::new(|| Value::from(0));

/// What a checkpoint says beside its arrays.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckpointInfo {
    /// Version of the format.
    pub format: u32,
    /// The version of the program that wrote it.
    pub version: String,
    /// Every setting by its name in `config.toml`, the digests of the data included.
    pub settings: serde_json::Map<String, Value>,
    /// The number of steps that were taken.
    pub step: u64,
    /// The epoch that is under way, or the next one, counted from 0.
    pub epoch: usize,
    /// The number of the epoch's next mini-batch, counted from 0.
    pub batch: usize,
    /// The sum of the errors of the epoch's mini-batches so far.
    pub error_sum: f64,
    /// Seconds for preparations.
    pub prepare_seconds: f64,
    /// Seconds in epochs.
    pub train_seconds: f64,
    /// Seconds in evaluations.
    pub evaluation_seconds: f64,
    /// The training samples of an epoch.
    #[serde(default)] // files of older versions have none
    pub training_samples: Option<usize>,
    /// What is told of the step that was taken last, where the epoch under way has no other left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_step: Option<LastStep>,
    /// The best epoch, counted from 0, where its parameters are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub best_epoch: Option<usize>,
}

impl CheckpointInfo {
    /// The version that is written; readers refuse any other.
    pub const FORMAT: u32 = 1;
}

/// A checkpoint that was read. Its digest was right.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    path: PathBuf,
    bytes: Vec<u8>,
    info: CheckpointInfo,
    history: Vec<EpochFigures>,
    elapsed: Elapsed,
}

impl Checkpoint {
    /// Reads a checkpoint.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::NotAFile`], and [`Error::Checkpoint`] for everything that is wrong with its bytes.
    pub fn open(path: &Path) -> Result<Self> {
        let bytes = data::bytes(path)?.to_vec();
        match parse(&bytes) {
            Ok((info, history, epochs_s)) => Ok(Self {
                path: path.to_owned(),
                elapsed: Elapsed {
                    prepare_s: info.prepare_seconds,
                    train_s: info.train_seconds,
                    evaluation_s: info.evaluation_seconds,
                    epochs_s,
                },
                bytes,
                info,
                history,
            }),
            Err(reason) => Err(refused(path, reason)),
        }
    }

    /// Where it was read.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it says beside its arrays.
    #[must_use]
    pub fn info(&self) -> &CheckpointInfo {
        &self.info
    }

    /// The epochs that were over.
    #[must_use]
    pub fn history(&self) -> &[EpochFigures] {
        &self.history
    }

    /// The time that the run had taken.
    #[must_use]
    pub fn elapsed(&self) -> &Elapsed {
        &self.elapsed
    }

    /// What of `plan` is not as it was when the checkpoint was written: the version, settings, digests of the data. A run that
    /// goes on under a plan without differences ends with the bits of one that was never stopped.
    #[must_use]
    pub fn differences(&self, plan: &Plan<'_>) -> Vec<String> {
        let (then, now) = (&self.info.version, env!("CARGO_PKG_VERSION"));
        let version = (then != now).then(|| format!("version {now} where it was {then}"));
        let settings = compared(&self.info.settings, &by_name(plan.settings()));
        version.into_iter().chain(settings).collect()
    }

    /// The state of a run of a network as `fresh` is, whose optimizer remembers as much, in epochs of `batches` mini-batches.
    pub(super) fn state<T: Scalar>(&self, fresh: &State<T>, batches: usize) -> Result<State<T>> {
        self.read(fresh, batches)
            .map_err(|reason| refused(&self.path, reason))
    }

    fn read<T: Scalar>(&self, fresh: &State<T>, batches: usize) -> Result<State<T>, String> {
        let info = &self.info;
        let steps = (info.epoch as u64)
            .checked_mul(batches as u64)
            .and_then(|steps| steps.checked_add(info.batch as u64));
        if info.batch > batches || steps != Some(info.step) {
            return Err(format!(
                "expected a place in epochs of {batches} mini-batches, found epoch {}, mini-batch {}, step {}",
                info.epoch, info.batch, info.step
            ));
        }
        let tensors = SafeTensors::deserialize(&self.bytes).map_err(|error| error.to_string())?;
        let layout = &fresh.mlp.layout;
        let mut parameters = Vec::with_capacity(fresh.mlp.parameters.len());
        let mut slots = Vec::with_capacity(fresh.slots.len());
        let mut figures = Vec::with_capacity(fresh.figures.len());
        for array in arrays(layout, slots_of(fresh)) {
            let read = numbers::<T>(&tensors, &array.name, &array.shape)?;
            match array.kind {
                ArrayKind::Slots => slots.extend(read),
                ArrayKind::Parameters => parameters.extend(read),
                ArrayKind::Figures => figures.extend(read),
            }
        }
        let best = self.best(&tensors, layout)?;
        let of_best = best
            .as_ref()
            .map_or(0, |_| arrays(&layout.without_norms(), 0).len());
        let expected = arrays(layout, slots_of(fresh)).len() + of_best + history::count(&tensors);
        if tensors.len() != expected {
            let found = tensors.len();
            return Err(format!("expected {expected} arrays, found {found}"));
        }
        Ok(State {
            mlp: Mlp {
                parameters,
                ..fresh.mlp.clone()
            },
            slots,
            figures,
            step: info.step,
            epoch: info.epoch,
            batch: info.batch,
            error_sum: info.error_sum,
            last_step: info.last_step,
            history: self.history.clone(),
            best,
        })
    }

    /// The parameters after the best epoch, where they are kept.
    fn best<T: Scalar>(
        &self,
        tensors: &SafeTensors<'_>,
        layout: &Layout,
    ) -> Result<Option<Kept<T>>, String> {
        let Some(epoch) = self.info.best_epoch else {
            return Ok(None);
        };
        if epoch >= self.info.epoch {
            let over = self.info.epoch;
            return Err(format!(
                "expected a best epoch among the {over} that are over, found epoch {epoch}"
            ));
        }
        let mut parameters = Vec::new();
        for array in arrays(&layout.without_norms(), 0) {
            let name = format!("best.{}", array.name);
            parameters.extend(numbers::<T>(tensors, &name, &array.shape)?);
        }
        Ok(Some(Kept { epoch, parameters }))
    }
}

/// What of `plan` is not as these settings had it, by their names in `config.toml`; settings without an effect on any bit, and the
/// name of the data's folder, are left out.
#[must_use]
pub fn differences(then: &TrainOptions, plan: &Plan<'_>) -> Vec<String> {
    compared(&by_name(then), &by_name(plan.settings()))
}

fn compared(
    then: &serde_json::Map<String, Value>,
    now: &serde_json::Map<String, Value>,
) -> Vec<String> {
    let mut names: Vec<&String> = then.keys().chain(now.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let shown = |value: Option<&Value>| value.map_or("nothing".to_owned(), ToString::to_string);
    names
        .into_iter()
        .filter(|name| value(then, name) != value(now, name))
        .filter(|name| !WITHOUT_EFFECT.contains(&name.as_str()))
        .map(|name| match name.strip_suffix("_sha256") {
            Some("from") => "another model to start from (SHA-256)".to_owned(),
            Some(data) => format!("other {} (SHA-256)", data.replace('_', " ")),
            None => {
                let (then, now) = (shown(value(then, name)), shown(value(now, name)));
                format!("{name} {now} where it was {then}")
            }
        })
        .collect()
}

/// A setting's value. The split and the order have the run's seed where they have none of their own; what is not stratified or
/// augmented says nothing about it.
fn value<'a>(settings: &'a serde_json::Map<String, Value>, name: &str) -> Option<&'a Value> {
    let unsaid = || match name {
        "stratify" | "flip" => Some(&Value::Bool(false)),
        "shift" | "erase" => Some(&*NOUGHT),
        _ => settings.get("seed").filter(|_| name.ends_with("_seed")),
    };
    settings.get(name).or_else(unsaid)
}

/// The bytes of the checkpoint of `state`.
pub(super) fn bytes<T: Scalar>(state: &State<T>, plan: &Plan<'_>, elapsed: &Elapsed) -> Vec<u8> {
    let info = CheckpointInfo {
        format: CheckpointInfo::FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        settings: by_name(plan.settings()),
        step: state.step,
        epoch: state.epoch,
        batch: state.batch,
        error_sum: state.error_sum,
        prepare_seconds: elapsed.prepare_s,
        train_seconds: elapsed.train_s,
        evaluation_seconds: elapsed.evaluation_s,
        training_samples: Some(plan.training_samples()),
        last_step: state.last_step,
        best_epoch: state.best.as_ref().map(|best| best.epoch),
    };
    let history = history::numbers(state, elapsed);
    let (mut parameters, mut slots) = (&*state.mlp.parameters, &*state.slots);
    let mut figures = &*state.figures;
    let mut all = Vec::new();
    for Array { name, shape, kind } in arrays(&state.mlp.layout, slots_of(state)) {
        let from = match kind {
            ArrayKind::Slots => &mut slots,
            ArrayKind::Parameters => &mut parameters,
            ArrayKind::Figures => &mut figures,
        };
        let (these, others) = from.split_at(shape.iter().product());
        *from = others;
        all.push((name, seal::Array::new(shape, these)));
    }
    if let Some(best) = &state.best {
        let mut parameters = &*best.parameters;
        for Array { name, shape, .. } in arrays(&state.mlp.layout.without_norms(), 0) {
            let (these, others) = parameters.split_at(shape.iter().product());
            parameters = others;
            all.push((format!("best.{name}"), seal::Array::new(shape, these)));
        }
    }
    for (name, figures) in history::NAMES.iter().zip(&history) {
        let array = seal::Array::new(vec![figures.len()], figures);
        all.push(((*name).to_owned(), array));
    }
    seal::sealed(all, METADATA, &info)
}

/// Numbers that the optimizer remembers of each parameter.
fn slots_of<T>(state: &State<T>) -> usize {
    state.slots.len() / state.mlp.parameters.len()
}

/// Every setting by its name.
fn by_name(settings: &TrainOptions) -> serde_json::Map<String, Value> {
    match serde_json::to_value(settings) {
        Ok(Value::Object(settings)) => settings,
        _ => serde_json::Map::new(), // never: settings are plain values by name
    }
}

/// What the bytes say beside the state: the metadata, the epochs that are over, and their seconds.
fn parse(bytes: &[u8]) -> Result<(CheckpointInfo, Vec<EpochFigures>, Vec<f64>), String> {
    let (tensors, info, seal) = seal::opened::<CheckpointInfo>(bytes, METADATA)?;
    if seal == Seal::None {
        return Err("expected a digest of the file in its metadata, found none".to_owned());
    }
    if info.format != CheckpointInfo::FORMAT {
        let (expected, found) = (CheckpointInfo::FORMAT, info.format);
        return Err(format!("expected format {expected}, found {found}"));
    }
    let (history, seconds) = history::read(&tensors, info.epoch)?;
    Ok((info, history, seconds))
}

fn refused(path: &Path, reason: String) -> Error {
    Error::Checkpoint {
        path: path.to_owned(),
        reason,
    }
}
