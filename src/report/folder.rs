//! The folder of a run.
//!
//! | file | what | when |
//! |---|---|---|
//! | `config.toml` | every setting, resolved; `train --config` repeats the run with it | at the start |
//! | `metrics.csv` | a line an epoch; an accuracy that was not asked for is empty | as epochs end |
//! | `metrics.jsonl` | the same as JSON, a line an epoch; such an accuracy is `null` | as epochs end |
//! | `events.out.tfevents.gingham` | the same for TensorBoard; only with [`RunFolder::log_events`] | as epochs end |
//! | `model.safetensors` | the trained network | at the end |
//! | `summary.json` | the run in one object; its presence says that the run is whole | last |
//! | `report.html` | the run as a page, with `train --report` or by `report` | after it |

use std::borrow::Cow;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::events::{EVENTS_FILE, EventLog};
use super::record::EpochRecord;
use crate::durable;
use crate::engine::blas;
use crate::error::{Error, Result};
use crate::model::Model;
use crate::scalar::Scalar;
use crate::train::{Accuracies, Observer, Preset};

/// A run's folder while the run writes it.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    csv: File,
    jsonl: File,
    events: Option<EventLog>,
}

/// A finished run, as its `summary.json` has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Where settings that were not given came from.
    pub preset: Preset,
    /// Seed of the split, the weights and the shuffling.
    pub seed: u32,
    /// Passes over the training images.
    pub epochs: usize,
    /// The engine, never `auto`.
    pub engine: Cow<'static, str>,
    /// Why `auto` is not the fixed engine, or why that one is slow; none where neither is so.
    #[serde(default)] // runs of older versions have none
    pub engine_note: Option<Cow<'static, str>>,
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
    /// The last epoch's error.
    pub final_error: f64,
    /// Accuracy on the training images, in 0..=1.
    pub train_accuracy: Option<f64>,
    /// Accuracy on the held-out images.
    pub heldout_accuracy: Option<f64>,
    /// Accuracy on the official test images, scaled by the training figures.
    pub test_accuracy: Option<f64>,
    /// Seconds in epochs.
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
    /// The library that products went through.
    pub blas: blas::Library,
    /// The version of this program.
    pub version: Cow<'static, str>,
    /// The commit that it was built from.
    pub commit: Cow<'static, str>,
    /// SHA-256 of the training labels.
    pub labels_sha256: String,
}

impl RunFolder {
    /// Makes a run's folder with its `config.toml`. Missing parent folders are made too.
    ///
    /// # Errors
    /// [`Error::Setting`] for a name that is no UTF-8, which the run's own files could not hold, [`Error::Exists`] where
    /// something stands at `path`, [`Error::Write`].
    pub fn create(path: &Path, config: &str) -> Result<Self> {
        let failed = |source| Error::Write {
            path: path.to_owned(),
            source,
        };
        if path.to_str().is_none() {
            return Err(Error::Setting {
                setting: "out",
                reason: format!("expected a name in UTF-8, found {}", path.display()),
            });
        }
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(failed)?;
        }
        std::fs::create_dir(path).map_err(|source| match source.kind() {
            std::io::ErrorKind::AlreadyExists => Error::Exists {
                path: path.to_owned(),
            },
            _ => failed(source),
        })?;
        durable::write_new(&path.join("config.toml"), config.as_bytes())?;
        let open = |name: &str| {
            let path = path.join(name);
            File::create_new(&path).map_err(|source| Error::Write { path, source })
        };
        let mut folder = Self {
            path: path.to_owned(),
            csv: open("metrics.csv")?,
            jsonl: open("metrics.jsonl")?,
            events: None,
        };
        folder.write_lines("epoch,error,train_accuracy,heldout_accuracy,seconds\n", "")?;
        Ok(folder)
    }

    /// Makes the first folder `FOLDER/NAME-0001`, `FOLDER/NAME-0002`, .. that is not there yet.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn create_next(folder: &Path, name: &str, config: &str) -> Result<Self> {
        for number in 1_u32.. {
            match Self::create(&folder.join(format!("{name}-{number:04}")), config) {
                Err(Error::Exists { .. }) => {}
                other => return other,
            }
        }
        Err(Error::Exists {
            path: folder.join(name),
        })
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the model will be.
    #[must_use]
    pub fn model_path(&self) -> PathBuf {
        self.path.join("model.safetensors")
    }

    /// From now on also writes an event file for TensorBoard. `images_per_epoch` is needed for its images a second.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn log_events(&mut self, images_per_epoch: usize) -> Result<()> {
        self.events = Some(EventLog::create(
            self.path.join(EVENTS_FILE),
            images_per_epoch,
        )?);
        Ok(())
    }

    /// Appends an epoch to the metrics files.
    fn append(&mut self, record: &EpochRecord) -> Result<()> {
        let field = |accuracy: Option<f64>| {
            accuracy.map_or_else(String::new, |accuracy| accuracy.to_string())
        };
        let EpochRecord {
            epoch,
            error,
            train_accuracy,
            heldout_accuracy,
            seconds,
        } = record;
        let (train, heldout) = (field(*train_accuracy), field(*heldout_accuracy));
        let json = serde_json::to_string(record).expect("plain numbers");
        if let Some(events) = &mut self.events {
            events.append(record)?;
        }
        self.write_lines(
            &format!("{epoch},{error},{train},{heldout},{seconds:.6}\n"),
            &(json + "\n"),
        )
    }

    fn write_lines(&mut self, csv: &str, json: &str) -> Result<()> {
        for (name, file, text) in [
            ("metrics.csv", &mut self.csv, csv),
            ("metrics.jsonl", &mut self.jsonl, json),
        ] {
            file.write_all(text.as_bytes())
                .map_err(|source| Error::Write {
                    path: self.path.join(name),
                    source,
                })?;
        }
        Ok(())
    }

    /// Writes the model.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn write_model<T: Scalar>(&self, model: &Model<T>) -> Result<()> {
        model.save(&self.model_path())
    }

    /// Syncs the metrics and writes the summary: the run is whole.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn finish(self, summary: &Summary) -> Result<()> {
        for (name, file) in [("metrics.csv", &self.csv), ("metrics.jsonl", &self.jsonl)] {
            file.sync_all().map_err(|source| Error::Write {
                path: self.path.join(name),
                source,
            })?;
        }
        if let Some(events) = &self.events {
            events.sync()?;
        }
        let text = serde_json::to_string_pretty(summary).expect("plain fields");
        durable::write_new(&self.path.join("summary.json"), (text + "\n").as_bytes())
    }
}

/// The observer of a recorded run. It measures the time of its stages, writes its folder, and passes each record to `show`.
pub struct Recorder<'a> {
    folder: &'a mut RunFolder,
    show: &'a mut (dyn FnMut(&EpochRecord) + Send),
    last: Instant,
    /// Seconds for preparations.
    pub prepare_s: f64,
    /// Seconds in epochs.
    pub train_s: f64,
    /// Seconds in evaluations.
    pub evaluation_s: f64,
}

impl<'a> Recorder<'a> {
    /// A recorder whose clock starts now.
    pub fn new(folder: &'a mut RunFolder, show: &'a mut (dyn FnMut(&EpochRecord) + Send)) -> Self {
        Self {
            folder,
            show,
            last: Instant::now(),
            prepare_s: 0.0,
            train_s: 0.0,
            evaluation_s: 0.0,
        }
    }

    /// The seconds since the last call.
    fn lap(&mut self) -> f64 {
        let now = Instant::now();
        let lap = now.duration_since(self.last).as_secs_f64();
        self.last = now;
        lap
    }
}

impl Observer for Recorder<'_> {
    fn prepared(&mut self) {
        self.prepare_s += self.lap();
    }

    fn trained(&mut self, _epoch: usize, _error: f64) -> Result<()> {
        self.train_s += self.lap();
        Ok(())
    }

    fn ended(&mut self, epoch: usize, error: f64, accuracies: Option<Accuracies>) -> Result<()> {
        let record = EpochRecord {
            epoch,
            error,
            train_accuracy: accuracies.and_then(|accuracies| accuracies.train),
            heldout_accuracy: accuracies.and_then(|accuracies| accuracies.heldout),
            seconds: self.train_s,
        };
        self.evaluation_s += self.lap();
        self.folder.append(&record)?;
        (self.show)(&record);
        self.last = Instant::now();
        Ok(())
    }
}
