//! The folder of a run while the run writes it; [`super::files`] names what is in it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::events::{EVENTS_FILE, EventLog};
use super::files::{BEST, CHECKPOINT, CONFIG, MODEL, START, SUMMARY};
use super::metrics::Metrics;
use super::place::Place;
use super::record::EpochRecord;
use super::run;
use super::summary::Summary;
use super::writer::{self, Writer};
use crate::durable;
use crate::error::{Error, Result};
use crate::model::AnyModel;
use crate::quote;
use crate::train::{Checkpoint, Start, TrainOptions};

/// Names that are tried in a folder for a model that its own folder cannot take.
const MOST_RESCUED: usize = 9;

/// A run's folder while the run writes it.
#[derive(Debug)]
pub struct RunFolder {
    place: Arc<Place>,
    metrics: Metrics,
    events: Option<EventLog>,
    writer: Writer,
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
        let folder = locked(path).and_then(|place| {
            durable::write_new(&path.join(CONFIG), config.as_bytes())?;
            Self::open(place, Vec::new())
        });
        // Without a run in it, it is nothing but in the way. Another process may have taken it before we locked it: then it stays.
        if !matches!(
            folder,
            Ok(_) | Err(Error::InUse { .. } | Error::Exists { .. })
        ) {
            let _ = std::fs::remove_dir_all(path);
        }
        folder
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

    /// Claims the folder of a run that was begun before, for this process alone.
    ///
    /// # Errors
    /// [`Error::InUse`] where another process writes it, [`Error::Write`].
    pub fn claim(path: &Path) -> Result<Claim> {
        Ok(Claim {
            place: locked(path)?,
        })
    }

    fn open(place: Place, records: Vec<EpochRecord>) -> Result<Self> {
        let place = Arc::new(place);
        Ok(Self {
            metrics: Metrics::new(&place, records)?,
            events: None,
            writer: Writer::new(Arc::clone(&place)),
            place,
        })
    }

    /// The folder, by the name under which it was made or opened.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.place.path()
    }

    /// The folder, by the name that it has now; the older one where it has none any more.
    #[must_use]
    pub fn path_now(&self) -> PathBuf {
        self.place.now().unwrap_or_else(|_| self.path().to_owned())
    }

    /// Removes the network of a moment at which the run was stopped.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn remove_model(&self) -> Result<()> {
        let path = self.path_now().join(MODEL);
        match std::fs::remove_file(&path) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                Err(Error::Write { path, source })
            }
            _ => Ok(()),
        }
    }

    /// Keeps a copy of the network that the run starts from, with which the run can be repeated though the file itself has gone.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn keep_start(&self, start: &Start) -> Result<()> {
        let is_there =
            std::fs::read(self.path().join(START)).is_ok_and(|bytes| bytes == start.bytes());
        if is_there {
            return Ok(());
        }
        writer::write(&self.place, START, start.bytes())
    }

    /// The epochs so far.
    #[must_use]
    pub fn records(&self) -> &[EpochRecord] {
        self.metrics.records()
    }

    /// Whether it has an event file for TensorBoard.
    #[must_use]
    pub fn has_events(&self) -> bool {
        self.path().join(EVENTS_FILE).exists()
    }

    /// From now on also writes an event file for TensorBoard, with the epochs so far. `images_per_epoch` is needed for its images a
    /// second.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn log_events(&mut self, images_per_epoch: usize) -> Result<()> {
        let mut events = EventLog::create(self.path().join(EVENTS_FILE), images_per_epoch)?;
        for record in self.metrics.records() {
            events.append(record)?;
        }
        self.events = Some(events);
        Ok(())
    }

    /// Appends an epoch to the metrics files.
    pub(super) fn append(&mut self, record: &EpochRecord) -> Result<()> {
        let appended = self.metrics.append(&self.place, record);
        if let Some(events) = &mut self.events {
            events.append(record)?;
        }
        appended
    }

    /// What writes its larger files.
    pub(super) fn writer(&self) -> &Writer {
        &self.writer
    }

    /// Waits until the metrics are on the disk.
    pub(super) fn sync(&mut self) -> Result<()> {
        self.metrics.sync(&self.place)?;
        self.events.as_ref().map_or(Ok(()), EventLog::sync)
    }

    /// Writes the model. Where the folder cannot take it, it is written beside the folder, else into the folder for temporary files.
    ///
    /// # Errors
    /// [`Error::Elsewhere`] then, and [`Error::Write`] where there is no room for it at all.
    pub fn write_model(&self, model: &AnyModel) -> Result<()> {
        let bytes = model.bytes();
        let Err(error) = writer::write(&self.place, MODEL, &bytes) else {
            return Ok(());
        };
        let Error::Write { path, source } = error else {
            return Err(error);
        };
        let run = self.path().file_name().unwrap_or("run".as_ref());
        // An earlier run of this name may have had to do the same.
        let names = |folder: PathBuf| {
            let run = run.display().to_string();
            (1..=MOST_RESCUED).map(move |number| match number {
                1 => folder.join(format!("{run}-{MODEL}")),
                _ => folder.join(format!("{run}-{number}-{MODEL}")),
            })
        };
        let beside = self.path().parent().map(Path::to_owned);
        let mut others = beside
            .into_iter()
            .chain([std::env::temp_dir()])
            .flat_map(names);
        let written = |path: &PathBuf| durable::write_new(path, &bytes).is_ok();
        match others.find(written) {
            Some(elsewhere) => Err(Error::Elsewhere {
                path,
                elsewhere,
                source,
            }),
            None => Err(Error::Write { path, source }),
        }
    }

    /// Waits until everything is on the disk: the run may go on from there in another process.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn settle(&mut self) -> Result<()> {
        match self.writer.flush().into_iter().next() {
            Some(error) => Err(error),
            None => self.sync(),
        }
    }

    /// Waits until everything else is on the disk and writes the summary: the run is whole.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn finish(&mut self, summary: &Summary) -> Result<()> {
        self.settle()?;
        let text = serde_json::to_string_pretty(summary).expect("plain fields");
        writer::write(&self.place, SUMMARY, (text + "\n").as_bytes())
    }
}

/// The folder of a run that was begun before. No other process writes it while this is there.
#[derive(Debug)]
pub struct Claim {
    place: Place,
}

impl Claim {
    /// The checkpoint in it; none where the run was stopped before its first one.
    ///
    /// # Errors
    /// Those of [`Checkpoint::open`].
    pub fn checkpoint(&self) -> Result<Option<Checkpoint>> {
        let path = self.place.path().join(CHECKPOINT);
        match path.symlink_metadata() {
            Ok(_) => Checkpoint::open(&path).map(Some),
            Err(_) => Ok(None),
        }
    }

    /// Its settings; none where the run was stopped before they were written.
    ///
    /// # Errors
    /// [`Error::Read`], and [`Error::Config`] where they are not a run's.
    pub fn settings(&self) -> Result<Option<TrainOptions>> {
        Ok(run::settings_in(self.place.path())?.map(|(options, _)| options))
    }

    /// The summary of a run that is whole, under the names that its files have now; none where the run has not ended, or where its
    /// network is not there as it was written.
    ///
    /// # Errors
    /// [`Error::Read`], and [`Error::Mismatch`] where it is not a run's.
    pub fn summary(&self) -> Result<Option<Summary>> {
        let folder = self.place.path();
        let summary = run::summary_in(folder)?.map(|summary| summary.moved_to(folder));
        Ok(summary.filter(|summary| AnyModel::open(&summary.model).is_ok()))
    }

    /// Goes on from `checkpoint`, or anew where there is none. The metrics become those of the checkpoint, so that no line is missing and
    /// none stands there twice; `config` replaces the settings, where that is given.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn go_on(self, checkpoint: Option<&Checkpoint>, config: Option<&str>) -> Result<RunFolder> {
        let path = self.place.path().to_owned();
        let failed = |name: &str| {
            let path = path.join(name);
            move |source| Error::Write { path, source }
        };
        durable::remove_partial(&path);
        // What an earlier end has left is not this one's.
        for name in [SUMMARY, MODEL, BEST] {
            let is_stale = name == SUMMARY || checkpoint.is_none();
            if is_stale && path.join(name).symlink_metadata().is_ok() {
                std::fs::remove_file(path.join(name)).map_err(failed(name))?;
            }
        }
        if let Some(config) = config {
            durable::write_over(&path.join(CONFIG), config.as_bytes())?;
        }
        RunFolder::open(self.place, checkpoint.map_or_else(Vec::new, records))
    }
}

/// The epochs before a checkpoint.
fn records(checkpoint: &Checkpoint) -> Vec<EpochRecord> {
    let seconds = &checkpoint.elapsed().epochs_s;
    let images = checkpoint.info().training_samples;
    let mut records: Vec<EpochRecord> = Vec::new();
    for (figures, &seconds) in checkpoint.history().iter().zip(seconds) {
        let record = EpochRecord::new(figures, seconds, images, records.last());
        records.push(record);
    }
    records
}

fn locked(path: &Path) -> Result<Place> {
    Place::lock(path).map_err(|source| match source.kind() {
        std::io::ErrorKind::WouldBlock => Error::InUse {
            path: path.to_owned(),
        },
        _ => Error::Write {
            path: path.to_owned(),
            source,
        },
    })
}
