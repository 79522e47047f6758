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

use std::fs::File;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::events::{EVENTS_FILE, EventLog};
use super::record::EpochRecord;
use super::summary::{Summary, Times};
use crate::durable;
use crate::error::{Error, Result};
use crate::model::AnyModel;
use crate::quote;
use crate::train::{EpochEnd, Observer};

/// A run's folder while the run writes it.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    csv: File,
    jsonl: File,
    events: Option<EventLog>,
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
                reason: format!("expected a name in UTF-8, found {}", quote::path(path)),
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
        let folder = Self::begin(path, config);
        if folder.is_err() {
            let _ = std::fs::remove_dir_all(path); // it is ours, and without a run in it nothing but in the way
        }
        folder
    }

    /// Makes the first files of a run in its new folder.
    fn begin(path: &Path, config: &str) -> Result<Self> {
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
    pub fn write_model(&self, model: &AnyModel) -> Result<()> {
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

/// The observer of a recorded run. It measures the time of its stages, writes its folder, and passes each record to `show`, with
/// the times so far.
pub struct Recorder<'a> {
    folder: &'a mut RunFolder,
    show: &'a mut (dyn FnMut(&EpochRecord, &Times) + Send),
    last: Instant,
    times: Times,
}

impl<'a> Recorder<'a> {
    /// A recorder whose clock starts now.
    pub fn new(
        folder: &'a mut RunFolder,
        show: &'a mut (dyn FnMut(&EpochRecord, &Times) + Send),
    ) -> Self {
        Self {
            folder,
            show,
            last: Instant::now(),
            times: Times::default(),
        }
    }

    /// The time that was spent so far.
    #[must_use]
    pub fn times(&self) -> Times {
        self.times
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
        self.times.prepare_s += self.lap();
    }

    fn trained(&mut self, _epoch: usize, _error: f64) -> Result<()> {
        self.times.train_s += self.lap();
        Ok(())
    }

    fn ended(&mut self, end: &EpochEnd<'_>) -> Result<ControlFlow<()>> {
        let accuracies = end.accuracies.unwrap_or_default();
        let record = EpochRecord {
            epoch: end.epoch,
            error: end.error,
            train_accuracy: accuracies.train,
            heldout_accuracy: accuracies.heldout,
            seconds: self.times.train_s,
        };
        self.times.evaluation_s += self.lap();
        self.folder.append(&record)?;
        (self.show)(&record, &self.times);
        self.last = Instant::now();
        Ok(ControlFlow::Continue(()))
    }
}
