//! A finished run in one object: what `train --json` prints and `summary.json` holds.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::files::{BEST, MODEL};
use super::machine;
use super::record::Best;
use crate::engine::blas;
use crate::train::{Outcome, Plan, Preset, TrainOptions};

/// Where the time of a run went, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Times {
    /// The pixels' means and deviations and the other preparations.
    pub prepare_s: f64,
    /// The epochs.
    pub train_s: f64,
    /// The evaluations.
    pub evaluation_s: f64,
    /// All of it, from the start of the process to the end of the run.
    pub total_s: f64,
}

/// What ended a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndedBy {
    /// Its epochs were over.
    Epochs,
    /// Its plan's [`early_stopping`](TrainOptions::early_stopping).
    EarlyStopping,
    /// The [patience](super::Keeping::patience) of whoever kept it.
    Patience,
    /// Its plan's [`max_time`](TrainOptions::max_time).
    MaxTime,
    /// Whoever watched it.
    Observer,
}

impl EndedBy {
    /// In words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Epochs => "its epochs are over",
            Self::EarlyStopping => {
                "nothing better was found for as long as there is patience (early stopping)"
            }
            Self::Patience => "nothing better was found for as long as there is patience",
            Self::MaxTime => "its time is over (max time)",
            Self::Observer => "it was told to",
        }
    }
}

/// A finished run, as its `summary.json` has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Where settings that were not given came from.
    pub preset: Preset,
    /// Seed of the initial weights, and of the split and the shuffling where `settings` has no other for these.
    pub seed: u32,
    /// Passes over the training images.
    pub epochs: usize,
    /// The engine, never `auto`.
    pub engine: Cow<'static, str>,
    /// Why `auto` is not the fixed engine, or why that one is slow; none where neither is so.
    #[serde(default)] // runs of older versions have none
    pub engine_note: Option<Cow<'static, str>>,
    /// What differs where the settings were written for other data; none where nothing does.
    #[serde(default)] // runs of older versions have none
    pub data_note: Option<String>,
    /// The instructions that kernels used: `portable`, `avx2` or `avx512`.
    #[serde(default)] // runs of older versions have none
    pub level: Cow<'static, str>,
    /// The type of its numbers.
    pub dtype: Cow<'static, str>,
    /// Threads that did the work.
    pub threads: usize,
    /// The CPU's name, where the system tells.
    #[serde(default)] // runs of older versions have none
    pub cpu: Option<String>,
    /// The error of the last epoch, or of the one whose network was restored.
    pub final_error: f64,
    /// Accuracy on the training images, in 0..=1.
    pub train_accuracy: Option<f64>,
    /// Accuracy on the held-out images.
    pub heldout_accuracy: Option<f64>,
    /// Mean loss of the held-out images: the output's cross-entropy, without the regulariser.
    #[serde(default)] // runs of older versions have none
    pub heldout_loss: Option<f64>,
    /// Accuracy on the official test images, scaled by the training figures.
    pub test_accuracy: Option<f64>,
    /// Seconds in epochs; of runs that were trained side by side, the run's share of theirs, as in the three below.
    pub train_seconds: f64,
    /// Seconds from the start of the process to this summary.
    pub total_seconds: f64,
    /// Seconds for the pixels' means and deviations and the other preparations.
    pub prepare_seconds: f64,
    /// Seconds in evaluations.
    pub evaluation_seconds: f64,
    /// Training images a second of the epochs.
    pub images_per_second: f64,
    /// The most memory that the process had in use, mapped files included.
    pub peak_rss_bytes: Option<u64>,
    /// The run's folder.
    pub run_dir: PathBuf,
    /// The model file.
    pub model: PathBuf,
    /// What ended the run.
    #[serde(default)] // runs of older versions have none
    pub ended_by: Option<EndedBy>,
    /// The epoch whose network `model` is, counted from 0, where the run might end early; `final_error` and the accuracies are its own.
    #[serde(default)] // runs of older versions have none
    pub restored_epoch: Option<usize>,
    /// The best epoch by the run's metric, which is the held-out accuracy unless it is told otherwise; counted from 0, where its network is
    /// kept.
    #[serde(default)] // runs of older versions have none
    pub best_epoch: Option<usize>,
    /// Its held-out accuracy, in 0..=1.
    #[serde(default)] // runs of older versions have none
    pub best_heldout_accuracy: Option<f64>,
    /// Its mean loss of the held-out images.
    #[serde(default)] // runs of older versions have none
    pub best_heldout_loss: Option<f64>,
    /// The model file of that epoch.
    #[serde(default)] // runs of older versions have none
    pub best_model: Option<PathBuf>,
    /// The library that products went through.
    pub blas: blas::Library,
    /// The version of this program.
    pub version: Cow<'static, str>,
    /// The commit that it was built from.
    pub commit: Cow<'static, str>,
    /// SHA-256 of the training labels.
    pub labels_sha256: String,
    /// Every setting by its name in `config.toml`. A table and not [`TrainOptions`](crate::train::TrainOptions), so that runs of
    /// older and newer versions, which have other settings, are read.
    #[serde(default)] // runs of older versions have none
    pub settings: serde_json::Map<String, serde_json::Value>,
}

impl Summary {
    /// The summary of a run that did what `plan` says. The run's files stand in `run_dir`.
    #[must_use]
    pub fn new(plan: &Plan<'_>, outcome: &Outcome, times: Times, run_dir: PathBuf) -> Self {
        let settings = plan.settings();
        let epochs = outcome.history.len();
        let images = outcome.training_samples as f64 * epochs as f64;
        let stopping = settings.stopping();
        let ended_by = match stopping {
            _ if epochs >= settings.epochs => EndedBy::Epochs,
            Some(stopping) if stopping.is_over(outcome.history.iter().copied()) => {
                EndedBy::EarlyStopping
            }
            _ => EndedBy::Observer,
        };
        Self {
            preset: settings.preset,
            seed: settings.seed,
            epochs,
            engine: settings.engine.name().into(),
            engine_note: plan.engine_note().map(Into::into),
            data_note: plan.data_note().map(Into::into),
            level: plan.machine().level().name().into(),
            dtype: settings.dtype.name().into(),
            threads: plan.machine().threads(),
            cpu: machine::cpu(),
            final_error: outcome.error,
            train_accuracy: outcome.accuracies.train,
            heldout_accuracy: outcome.accuracies.heldout,
            heldout_loss: outcome.accuracies.heldout_loss,
            test_accuracy: outcome.test_accuracy,
            train_seconds: times.train_s,
            total_seconds: times.total_s,
            prepare_seconds: times.prepare_s,
            evaluation_seconds: times.evaluation_s,
            images_per_second: images / times.train_s,
            peak_rss_bytes: machine::peak_rss_bytes(),
            model: run_dir.join(MODEL),
            run_dir,
            ended_by: Some(ended_by),
            restored_epoch: outcome.restored,
            best_epoch: None,
            best_heldout_accuracy: None,
            best_heldout_loss: None,
            best_model: None,
            blas: blas::library(),
            version: env!("CARGO_PKG_VERSION").into(),
            commit: machine::commit().into(),
            labels_sha256: plan.data().labels_sha256.to_owned(),
            settings: by_name(settings),
        }
    }
    /// The same with the epoch whose network is kept as the best.
    #[must_use]
    pub fn with_best(self, best: Option<Best>) -> Self {
        Self {
            best_epoch: best.map(|best| best.epoch),
            best_heldout_accuracy: best.and_then(|best| best.heldout_accuracy),
            best_heldout_loss: best.and_then(|best| best.heldout_loss),
            best_model: best.map(|_| self.run_dir.join(BEST)),
            ..self
        }
    }
    /// The same of a run that something beside its plan may have ended; what the plan ends as well, the plan ended.
    #[must_use]
    pub fn ended_by(self, ended_by: Option<EndedBy>) -> Self {
        let by_plan = self.ended_by.filter(|by| *by != EndedBy::Observer);
        let ended_by = by_plan.or(ended_by).or(self.ended_by);
        Self { ended_by, ..self }
    }
    /// The same of a run that keeps the best network and not the last one.
    #[must_use]
    pub fn of_best_alone(self) -> Self {
        Self {
            model: self.best_model.clone().unwrap_or_default(),
            ..self
        }
    }
    /// The same of a run whose folder is called `run_dir` now.
    #[must_use]
    pub fn moved_to(self, run_dir: &Path) -> Self {
        let here = |file: &Path| run_dir.join(file.file_name().unwrap_or(MODEL.as_ref()));
        Self {
            model: here(&self.model),
            best_model: self.best_model.as_deref().map(here),
            run_dir: run_dir.to_owned(),
            ..self
        }
    }
}

/// Every setting by its name in `config.toml`.
#[must_use]
pub fn by_name(settings: &TrainOptions) -> serde_json::Map<String, serde_json::Value> {
    match serde_json::to_value(settings) {
        Ok(serde_json::Value::Object(settings)) => settings,
        _ => serde_json::Map::new(), // never: settings are plain values by name
    }
}
